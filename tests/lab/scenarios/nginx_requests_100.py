"""nginx closes each connection after exactly 100 requests, in TLS and in clear."""

import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("nginx-requests-100-tls.pcap.zst", "nginx-requests-100-clear.pcap.gz")
LATE = 41404  # this one writes request 101 after the close

NGINX = """
  keepalive_requests 100;
  server {{
    listen 443 ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    location / {{ return 200 "ok\\n"; }}
  }}
  server {{
    listen 80;
    location / {{ return 200 "ok\\n"; }}
  }}
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.nginx("server", NGINX.format(chain=certificate.chain, key=certificate.key), [80, 443])
    with lab.capture(CAPTURES[0]):
        for port in (41301, 41302, 41303):
            sock = clients.connect(lab.network, "client", SERVER, 443, port)
            use_up(clients.tls(sock, "shop.example"))
    with lab.capture(CAPTURES[1]):
        for port in (41401, 41402, 41403, LATE):
            sock = clients.connect(lab.network, "client", SERVER, 80, port)
            use_up(sock, late=port == LATE)
    describe(lab)


def use_up(sock, late=False):
    """Sends requests until the server says that it closes, then closes too."""
    while "connection: close" not in clients.exchange(sock, host="s").lower():
        pass
    if late:
        clients.wait_for_close(sock)
        time.sleep(0.05)
        sock.sendall(clients.request(host="s"))
    clients.drain(sock)


def describe(lab):
    how = """
        nginx with `keepalive_requests 100` and tiny responses; a Python client sends requests one after the other
        until the server closes."""
    lab.note(
        CAPTURES[0],
        title="nginx closes TLS connections after 100 requests",
        programs=["nginx", "openssl"],
        how=how + " Three connections (ports 41301-41303), TLS 1.3. Compressed with zstd.",
        shows="""
            On each connection 100 requests and 100 responses as encrypted records; right after response 100 nginx
            sends close_notify and FIN. The count can only be estimated: each burst of records from the client which
            is answered by a burst of the server is one exchange; the session tickets are no response.""",
        say=[
            "request-limit-close for 10.0.0.2:443: 3 of 3 connections, 100 requests each (estimated from TLS records)",
            "candidates: nginx keepalive_requests 100 and others with 100; remedy: the client's limit below 100",
        ],
        never=["idle-close, stale-reuse, any reset: the client honours the close", "99, 101 or 102 as the count"],
        checks=[
            Check(f"ip.src=={CLIENT} && tls.record.opaque_type==23 && tcp.len==49", 300, "300 requests of one record"),
            Check(f"ip.src=={SERVER} && tcp.flags.fin==1", 3, "three FINs by the server"),
            Check(f"ip.src=={CLIENT} && tcp.flags.fin==1", 3, "three by the client"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("the first connection's end", "tcp.port==41301 && (tcp.flags.fin==1 || tcp.flags.syn==1)")],
    )
    lab.note(
        CAPTURES[1],
        title="nginx closes clear HTTP connections after 100 requests; one client writes request 101",
        programs=["nginx"],
        how=how
        + """
            Four connections (ports 41401-41404), clear HTTP. The client of 41404 ignores `Connection: close` and the
            FIN and writes request 101 some 50 ms later. Compressed with gzip.""",
        shows="""
            100 requests and 100 responses on each connection; response 100 says `Connection: close` and nginx's FIN
            follows at once. On 41404 request 101 is answered by a bare RST, seq = FIN seq + 1.""",
        say=[
            "request-limit-close for 10.0.0.2:80: 4 of 4 connections after exactly 100 requests, announced by "
            "`Connection: close`",
            "stale-reuse: one request (the 101st, port 41404) was written after the close and lost",
        ],
        never=["idle-close, unannounced-close, state-loss-reset", "the connections 41401-41403 as failed"],
        checks=[
            Check("http.request", 401, "4 x 100 requests and one more"),
            Check("http.response", 400, "4 x 100 responses"),
            Check('http.response && http.connection=="close"', 4, "the hundredth response of each announces the end"),
            Check(
                f"ip.src=={SERVER} && tcp.flags.fin==1",
                (4, 8),
                "four FINs by the server (one may be repeated: a tail loss probe)",
            ),
            Check("tcp.flags.reset==1", 1, "one RST"),
            Check(f"tcp.port=={LATE} && tcp.flags==0x004 && tcp.window_size_value==0", 1, "bare, window 0"),
            Check(
                f"tcp.port=={LATE} && ip.src=={CLIENT} && http.request && tcp.ack > 1 && tcp.time_delta>0.04",
                1,
                "the 101st request, after the FIN",
            ),
        ],
        ladders=[("the late writer's end", f"tcp.port=={LATE} && (tcp.flags & 7 || tcp.time_delta > 0.04)")],
    )
