//! Why a gateway failed, by the words of the programs that are gateways: what failed between it and what is behind it.

/// A cause that gateways name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// As in the facts.
    pub(super) name: &'static str,
    /// Parts of what they say, in lower case.
    words: &'static [&'static str],
    /// What that says.
    pub(super) says: &'static str,
    /// What to do.
    pub(super) remedy: &'static str,
}

/// What a gateway means by its words; `None` where they are not known.
pub(super) fn cause(words: &str) -> Option<&'static Cause> {
    let words = words.to_lowercase();
    CAUSES.iter().find(|cause| cause.words.iter().any(|known| words.contains(known)))
}

/// The first that holds: errors of the system tell more than the name that a program gives to all of them.
static CAUSES: [Cause; 17] = [
    Cause {
        name: "injected",
        words: &["fault filter abort"],
        says: "A rule of the gateway injects this error; nothing failed.",
        remedy: "Look for the rule: Istio VirtualService `fault.abort`, Envoy's fault filter.",
    },
    Cause {
        name: "tls",
        words: &[
            "tls error",
            "tls_error",
            "ssl handshake",
            "tls_protocol_error",
            "tls_certificate_error",
            "tls_alert_received",
            "err_secure_connect_fail",
            "certificate_verify_failed",
            "unable to verify certificate",
            "identity required",
        ],
        says: "TLS with what is behind it failed.",
        remedy: "See that both ends of that leg agree on TLS and on whom to trust: Istio DestinationRule `tls.mode` and PeerAuthentication, \
                 Envoy `transport_socket`, nginx `proxy_ssl_*`, HAProxy `ssl verify` and `sni` of the server. A capture of that leg shows the \
                 alert.",
    },
    Cause {
        name: "name",
        words: &[
            "err_dns_fail",
            "dns_error",
            "dns_timeout",
            "dns lookup failure",
            "dns resolution",
            "name resolution failed",
            "could not resolve",
            "no such host",
        ],
        says: "It could not resolve the name of what is behind it.",
        remedy: "Ask for the name on the gateway's host, with its resolver: `getent hosts NAME`; Squid `dns_nameservers`, nginx `resolver`, the pod's \
                 `/etc/resolv.conf` and network policies for port 53.",
    },
    Cause {
        name: "refused",
        words: &[
            "connect error: 111",
            "connection refused",
            "connection_refused",
            "err_connect_fail 111",
            "os error 111",
        ],
        says: "What is behind it refused the connection: nothing listens at that address and port.",
        remedy: "See that the program behind it runs, and listens at the address and port that the gateway uses: `ss -ltnp` on its host. In \
                 Kubernetes compare `targetPort` with the container's port, and look whether it listens on 127.0.0.1 alone.",
    },
    Cause {
        name: "unreachable",
        words: &[
            "connect error: 113",
            "connect error: 101",
            "no route to host",
            "network is unreachable",
            "destination_ip_unroutable",
            "err_connect_fail 113",
            "err_connect_fail 101",
        ],
        says: "There is no way from it to the address of what is behind it.",
        remedy: "Look at the route and the firewall from the gateway's host: `ip route get ADDRESS`; the address may be that of a pod or host that is \
                 gone: compare it with `kubectl get endpoints`.",
    },
    Cause {
        name: "connect-timeout",
        words: &[
            "connection timeout",
            "connection_timeout",
            "connect timed out",
            "connect timeout",
            "connection timed out",
            "connect error: 110",
            "err_connect_fail 110",
        ],
        says: "It did not get a connection to what is behind it in time.",
        remedy: "Look at that leg: SYNs without an answer there are a firewall, a security group, a host that is gone or an accept queue that is full. \
                 Its limit is `connect_timeout` in Envoy, `connectTimeout` in Istio, `proxy_connect_timeout` in nginx, `timeout connect` in HAProxy.",
    },
    Cause {
        name: "no-server",
        words: &[
            "no healthy upstream",
            "destination_unavailable",
            "service in fail-fast",
            "failure to get a peer",
            "no available server",
        ],
        says: "It knows of no server that it may ask: there is none, none is ready, or its checks have taken all of them out.",
        remedy: "List what it has: `kubectl get endpoints`, `istioctl proxy-config endpoints POD`, HAProxy `show servers state`, Envoy `/clusters`. Then \
                 see what its health checks ask and get, and whether outlier detection or a wrong label or subset leaves none.",
    },
    Cause {
        name: "no-server-took-it",
        words: &["no server is available to handle this request"],
        says: "None of its servers took the request: its checks have taken all of them out, or it could not connect to any.",
        remedy: "Its log says which: HAProxy writes `<NOSRV>` where all are down, and the termination state `SC` or `sC` where it could not connect. Then \
                 look at its checks (`show servers state`), or at that leg.",
    },
    Cause {
        name: "no-way-found",
        words: &["err_cannot_forward"],
        says: "It found nobody to pass the request to: the name did not resolve, or no parent may be used.",
        remedy: "Ask for the name on the proxy's host, with its resolver: `getent hosts NAME`; then see Squid's `cache_peer`, `never_direct` and its \
                 cache.log.",
    },
    Cause {
        name: "overload",
        words: &["reset reason: overflow", "connection_limit_reached", "overload manager", "load shed"],
        says: "Its own limit on connections or requests to what is behind it was reached.",
        remedy: "Raise the limit or shorten the answers: Envoy's circuit breakers (`max_connections`, `max_pending_requests`, `max_requests`, 1024 each \
                 unless set), Istio DestinationRule `connectionPool`.",
    },
    Cause {
        name: "answer-timeout",
        words: &[
            "upstream request timeout",
            "didn't respond in time",
            "err_read_timeout",
            "connection_read_timeout",
            "http_response_timeout",
            "upstream server is timing out",
            "max stream duration",
            "response timeout",
            "timeout specified has expired",
        ],
        says: "It was connected to what is behind it, and got no answer in time.",
        remedy: "Look for what takes that long behind it, and compare with its limit: Envoy `route.timeout` (15 s unless set) and `per_try_timeout`, \
                 Istio VirtualService `timeout`, nginx `proxy_read_timeout` (60 s), HAProxy `timeout server`, Squid `read_timeout`.",
    },
    Cause {
        name: "protocol",
        words: &["protocol error", "http_protocol_error"],
        says: "What is behind it answered what the gateway can not read: mostly another version of HTTP, or none.",
        remedy: "Tell the gateway what the port speaks: in Istio the port's name or `appProtocol` (`http`, `http2`, `grpc`), in Envoy \
                 `typed_extension_protocol_options`; h2c is not spoken by all that speak HTTP/2 over TLS.",
    },
    Cause {
        name: "closed",
        words: &[
            "connection termination",
            "connection_terminated",
            "reset reason: remote reset",
            "http_response_incomplete",
            "invalid response was received from the upstream",
            "err_zero_size_object",
            "connection reset by peer",
            "connection closed before message completed",
            "econnreset",
            "socket hang up",
        ],
        says: "What is behind it ended the connection before its answer was whole.",
        remedy: "One that fails now and then, on connections that were idle, is an upstream that closes idle connections before the gateway does: let the \
                 gateway's idle timeout for upstreams be the shorter one (Envoy and Istio `idleTimeout`, nginx upstream `keepalive_timeout`), or let it \
                 try again (`retry_on: reset-before-request`). One that fails each time is a program that crashes on the request: see its log.",
    },
    Cause {
        name: "no-whole-answer",
        words: &["invalid or incomplete response"],
        says: "What is behind it ended the connection before its answer was whole, or answered what is no HTTP.",
        remedy: "HAProxy's log says which by the termination state: `SH` where the server closed or reset, `PH` where it could not read the answer. One that \
                 fails now and then, on connections that were idle, is a server that closes idle connections before HAProxy does (`timeout \
                 http-keep-alive` of the server, `pool-purge-delay`, `retry-on conn-failure empty-response`).",
    },
    Cause {
        name: "not-read",
        words: &["error reading from remote server"],
        says: "Apache was connected to what is behind it and read no whole answer: that closed or reset the connection, or took longer than \
                 `ProxyTimeout`.",
        remedy: "Compare the wait before the answer with `ProxyTimeout` (as `Timeout`, 60 s, unless set). Where it is short and fails now and then, the \
                 server closes idle connections before Apache does: `ProxyPass ... ttl=` below the server's timeout, or `disablereuse=On`.",
    },
    Cause {
        name: "not-connected",
        words: &["connection failure", "connect_fail", "client error (connect)", "unable to connect", "connecterror"],
        says: "It could not connect to what is behind it.",
        remedy: "Look at that leg from the gateway's host: whether the program runs, listens at that address and port, and is let through.",
    },
    Cause {
        name: "no-answer",
        words: &["backend fetch failed", "upstream connect error or disconnect/reset before headers"],
        says: "It got no answer from what is behind it: not connected, closed, or too late.",
        remedy: "Its log says which: Varnish `varnishlog -g request -q 'FetchError'`, Envoy's response flags in the access log.",
    },
];

#[cfg(test)]
mod tests {
    use super::cause;

    #[test]
    fn the_most_telling_word_counts() {
        let envoy = "upstream connect error or disconnect/reset before headers. ";
        for (words, name) in [
            (
                "reset reason: remote connection failure, transport failure reason: delayed connect error: 111",
                "refused",
            ),
            ("retried and the latest reset reason: connection timeout", "connect-timeout"),
            ("reset reason: connection termination", "closed"),
            ("reset reason: overflow", "overload"),
            ("reset reason: connection failure", "not-connected"),
            (
                "reset reason: remote connection failure, transport failure reason: TLS_error:|268435581:SSL routines",
                "tls",
            ),
            ("reset reason: protocol error", "protocol"),
            ("reset reason: local reset", "no-answer"),
        ] {
            assert_eq!(cause(&format!("{envoy}{words}")).map(|cause| cause.name), Some(name), "{words}");
        }
        assert_eq!(cause("upstream request timeout").map(|cause| cause.name), Some("answer-timeout"));
        assert_eq!(cause("ERR_CONNECT_FAIL 111").map(|cause| cause.name), Some("refused"));
        assert_eq!(cause("proxy.example; error=connection_timeout").map(|cause| cause.name), Some("connect-timeout"));
        assert_eq!(cause("Down for maintenance"), None);
    }
}
