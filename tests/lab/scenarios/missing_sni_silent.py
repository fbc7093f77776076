"""A TLS router which neither answers nor closes when the name is missing."""

import contextlib
import ssl

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("missing-sni-silent.pcapng",)
WITH, WITHOUT = (41101, 41102, 41103), (41111, 41112, 41113)

ROUTER = """
frontend names
  bind :443
  tcp-request inspect-delay 30s
  tcp-request content accept if { req.ssl_sni -m end .example }
  tcp-request content reject if WAIT_END
  default_backend application
backend application
  server one 127.0.0.1:4433
"""


def record(lab):
    lab.pair()
    lab.programs.s_server("server", 4433, lab.certificate)
    lab.programs.haproxy("server", ROUTER, [443])
    with lab.capture(CAPTURES[0]):
        waiting = [in_background(call, lab, port, None) for port in WITHOUT]
        for port in WITH:
            call(lab, port, "api.example")
        for story in waiting:
            story.join(timeout=15)
    describe(lab)


def call(lab, port, name):
    sock = clients.connect(lab.network, "client", SERVER, 443, port, timeout=4.0)
    with contextlib.suppress(OSError, ssl.SSLError):
        secure = clients.tls(sock, name)
        clients.echo(secure, b"hello\n")
        secure.unwrap().close()
    sock.close()


def describe(lab):
    silent = "tcp.port in {41111,41112,41113}"
    lab.note(
        CAPTURES[0],
        title="hellos without SNI are acknowledged, and then nothing comes",
        programs=["haproxy", "openssl"],
        how="""
            HAProxy in front of `openssl s_server`; its rules wait up to 30 s for a name (`inspect-delay 30s`, `reject
            if WAIT_END`). A Python client opens three connections with SNI api.example (ports 41101-41103) and three
            without (41111-41113); it gives up after 4 s. Recorded by dumpcap as pcapng.""",
        shows="""
            Three handshakes with SNI complete at once. Three ClientHellos without SNI are acknowledged; the server
            sends not one byte for 4 s; then the client closes.""",
        say=[
            "missing-sni for 10.0.0.2:443: 3 of 3 without SNI got no ServerHello (silent), 3 of 3 with SNI succeeded",
            "that the client ended the three connections, after 4 s of silence",
        ],
        never=["that the server reset or closed them", "slow-handshake alone, health-check, syn-unanswered"],
        checks=[
            Check('tls.handshake.type==1 && tls.handshake.extensions_server_name=="api.example"', 3, "with SNI"),
            Check("tls.handshake.type==1 && !tls.handshake.extensions_server_name", 3, "without SNI"),
            Check("tls.handshake.type==2", 3, "ServerHellos"),
            Check(f"{silent} && ip.src=={SERVER} && tcp.len>0", 0, "the server sends no byte to those without SNI"),
            Check(f"{silent} && ip.src=={SERVER} && tcp.flags==0x010", (3, 9), "but it acknowledges the hello"),
            Check(f"{silent} && ip.src=={CLIENT} && tcp.flags.fin==1 && tcp.time_delta>3.5", 3, "the client gives up"),
        ],
        ladders=[("without SNI", "tcp.port==41111")],
    )
