"""A TLS router (HAProxy) which knows only names: hellos with SNI pass, hellos without are closed."""

import contextlib
import ssl

from labkit import clients
from labkit.note import Check

CAPTURES = ("sni-router-with-and-without.pcap",)
SERVER = "10.0.2.2"
WITH = (41001, 41003, 41005, 41007)
WITHOUT = (41002, 41004, 41006, 41008)

ROUTER = """
frontend names
  bind :443
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_sni -m end .example }
  tcp-request content reject if { req.ssl_hello_type 1 }
  default_backend application
backend application
  server one 127.0.0.1:4433
"""


def record(lab):
    lab.routed()
    lab.programs.s_server("server", 4433, lab.certificate)
    lab.programs.haproxy("server", ROUTER, [443])
    with lab.capture(CAPTURES[0], where="router", interface="any"):
        for port in sorted(WITH + WITHOUT):
            sock = clients.connect(lab.network, "client", SERVER, 443, port)
            name = "shop.example" if port in WITH else None
            with contextlib.suppress(OSError, ssl.SSLError):
                secure = clients.tls(sock, name)
                clients.echo(secure, b"hello\n")
                secure = secure.unwrap()
                secure.close()
            sock.close()
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a TLS router: hellos with SNI succeed, hellos without are closed",
        programs=["haproxy", "openssl"],
        how="""
            Three namespaces: client 10.0.1.1, a router, server 10.0.2.2. On the server HAProxy listens on 443, passes
            hellos with a known name to `openssl s_server` and rejects all others. A Python client opens eight
            connections, with SNI shop.example from the odd ports 41001-41007, without SNI from the even ports
            41002-41008. Captured on the router with `-i any` (SLL2): every packet is there twice, once coming in
            and once going out.""",
        shows="""
            Four handshakes with SNI complete. Four ClientHellos without SNI are acknowledged and get no ServerHello:
            the server closes with a FIN. The client's OpenSSL answers that end of file within its handshake with a
            fatal alert (decode_error, 50), and the server's end answers this with a bare RST: both are echoes of the
            FIN. Apart from the name the hellos are alike. Every second packet is the twin of the one before (same
            bytes, TTL one less, another interface); tshark calls them retransmissions, they are not.""",
        say=[
            "missing-sni for 10.0.2.2:443: 4 of 4 hellos without SNI failed, 4 of 4 with SNI (shop.example) succeeded",
            "the server ended the four connections without a ServerHello, by FIN, before any RST",
            "each packet was seen twice (duplicate-packets); eight connections, not sixteen",
        ],
        never=[
            "the client's alert as the cause, or as a rejected certificate: it comes after the server's FIN",
            "stale-reuse: what was written after the FIN is an alert, no request",
            "retransmissions, packet loss, an injected reset or a TTL that differs (twins have TTL 64 and 63)",
            "sni-mismatch, tls-version-mismatch, certificate-rejected, health-check",
        ],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 16, "eight SYNs, each twice"),
            Check("tls.handshake.type==1", 8, "eight ClientHellos (of each pair of twins tshark reads the first)"),
            Check('tls.handshake.extensions_server_name=="shop.example"', 4, "four with SNI"),
            Check("tls.handshake.type==1 && !tls.handshake.extensions_server_name", 4, "four without SNI"),
            Check("tls.handshake.type==2", 4, "four ServerHellos"),
            Check(f"tls.handshake.type==2 && tcp.dstport in {{{ports(WITHOUT)}}}", 0, "none for a hello without SNI"),
            Check(f"ip.src=={SERVER} && tcp.len>0 && tcp.dstport in {{{ports(WITHOUT)}}}", 0, "not one byte for them"),
            Check(
                f"ip.src=={SERVER} && (tcp.flags.fin==1 || tcp.flags.reset==1) && tcp.dstport in {{{ports(WITHOUT)}}}",
                (8, 16),
                "the server closes each of the four, seen twice",
            ),
            Check(
                "tls.alert_message.desc==50 && ip.src==10.0.1.1", 4, "the client's echo: decode_error, after the FIN"
            ),
            Check("tcp.port in {41001,41003,41005,41007} && tcp.flags.reset==1", 0, "no RST on those with SNI"),
        ],
        ladders=[("without SNI", "tcp.port==41002"), ("with SNI", "tcp.port==41001")],
    )


def ports(some):
    return ",".join(str(port) for port in some)
