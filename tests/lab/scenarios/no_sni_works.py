"""A server which needs no SNI: twelve hellos without one, twelve handshakes."""

import ssl

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("no-sni-works.pcap",)


def record(lab):
    lab.pair()
    lab.programs.s_server("server", 8443, lab.certificate)
    with lab.capture(CAPTURES[0]):
        for i in range(12):
            sock = clients.connect(lab.network, "client", SERVER, 8443, 41201 + i)
            newest = ssl.TLSVersion.TLSv1_2 if i % 2 else ssl.TLSVersion.TLSv1_3
            secure = clients.tls(sock, maximum=newest)
            clients.echo(secure, b"hello\n")
            secure.unwrap().close()
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="no SNI, and every handshake completes",
        programs=["openssl"],
        how="""
            `openssl s_server` with one certificate; a Python client without SNI, twelve times (ports 41201-41212),
            in turn with TLS 1.3 and with TLS 1.2 at most. One line there and back, close_notify both ways.""",
        shows="Twelve ClientHellos without SNI, twelve ServerHellos, twelve exchanges, twelve normal ends.",
        say=["no SNI, but the handshake completed: 12 of 12 (information at most)"],
        never=["any error or warning; missing-sni as a failure"],
        checks=[
            Check("tls.handshake.type==1", 12, "ClientHellos"),
            Check("tls.handshake.extensions_server_name", 0, "none has SNI"),
            Check("tls.handshake.type==2", 12, "ServerHellos"),
            Check("tls.handshake.type==2 && tls.handshake.extensions.supported_version==0x0304", 6, "six TLS 1.3"),
            Check("tls.handshake.type==11", 6, "six TLS 1.2 with a visible certificate"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("TLS 1.3", "tcp.port==41201"), ("TLS 1.2", "tcp.port==41202")],
    )
