"""A TLS handshake that hangs at the certificate: big packets do not arrive at the client, where it is captured."""

import contextlib
import pathlib
import time

from labkit import clients
from labkit.note import Check

from .mtu_blackhole import QUIET_ROUTER, SERVER

CAPTURES = ("mtu-blackhole-at-the-client.pcap",)
PORTS = range(42821, 42824)
PATIENCE_S = 5


def record(lab):
    lab.routed()
    lab.network.nft("router", QUIET_ROUTER)
    lab.network.set_link("router", "eth0", "mtu", "1400")
    # Each captured packet is then one of the wire.
    lab.network.set_link("server", "eth0", "gso_max_segs", "1")
    lab.programs.s_server("server", 443, lab.certificate, "-cert_chain", long_chain(lab))
    with lab.capture(CAPTURES[0]):
        for port in PORTS:
            sock = clients.connect(lab.network, "client", SERVER, 443, port, timeout=PATIENCE_S)
            with contextlib.suppress(TimeoutError):
                clients.tls(sock, name="shop.example")
                raise RuntimeError("the handshake went through")
            sock.close()
        time.sleep(1)
    describe(lab)


def long_chain(lab):
    """As long as that of a public authority: several segments."""
    chain = pathlib.Path(lab.scratch) / "long-chain.pem"
    chain.write_text(pathlib.Path(lab.certificate.authority).read_text() * 5)
    return str(chain)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the TLS handshake hangs at the certificate, captured at the client",
        programs=["openssl", "nft"],
        how=f"""
            A client, a router, a server. The router's device towards the client has an MTU of 1400, the other links
            have 1500; nftables keeps the router's ICMP errors back. Three clients (42821-42823) begin a TLS handshake
            with `openssl s_server`, whose certificates take several segments, and give up after {PATIENCE_S} s.
            Captured at the client.""",
        shows="""
            The ClientHello is acknowledged. Of the server's flight only the short segments arrive; the client's SACK
            says that the bytes before them are missing. The big ones are never seen. When the client has closed,
            the server's ACK arrives.""",
        say=[
            f"mtu-blackhole for {SERVER}:443: 3 of 3, in the direction from the server, by the client's SACK",
        ],
        never=[
            "no-server-hello: that the server was silent",
            "capture-drops: the packets were not lost by the capture",
        ],
        checks=[
            Check("tcp.srcport==443 && tcp.len > 1348", 0, "full-size segments of the server"),
            Check("tcp.srcport==443 && tcp.len > 0", (3, 12), "smaller ones"),
            Check("tcp.dstport==443 && tcp.options.sack_le", (3, 20), "the client says what is missing"),
            Check("tls.handshake.type==1", 3, "ClientHellos"),
        ],
        ladders=[("the first", "tcp.port==42821")],
    )
