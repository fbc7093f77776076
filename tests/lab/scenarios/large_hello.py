"""A device that reads the first segment of a ClientHello alone."""

import contextlib
import ssl
import time

from labkit import clients
from labkit.note import Check

CAPTURES = ("large-client-hello-dropped.pcap",)
SERVER = "10.0.2.2"
LARGE, SMALL = (43901, 43902, 43903), (43911, 43912, 43913)
# Until the server has answered, segments that do not begin like a TLS record are dropped.
FIRST_SEGMENT_ALONE = """
table inet lab {
  chain forward {
    type filter hook forward priority 0;
    tcp dport 443 tcp doff 8 meta length > 60 @th,256,8 != 0x16 ct reply bytes < 500 drop
  }
}
"""


def record(lab):
    lab.routed()
    # Each captured packet is then one of the wire.
    lab.network.set_link("client", "eth0", "gso_max_segs", "1")
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_acct", 1)
    lab.network.nft("router", FIRST_SEGMENT_ALONE)
    lab.programs.s_server("server", 443, lab.certificate)
    with lab.capture(CAPTURES[0]):
        for port in SMALL:
            handshake(lab, port, ["http/1.1"], 3)
            time.sleep(0.2)
        for port in LARGE:
            with contextlib.suppress(OSError):
                handshake(lab, port, [f"protocol-number-{number:03}" for number in range(90)], 4)
                raise RuntimeError("the large hello was answered")
        time.sleep(0.5)
    lab.note(
        CAPTURES[0],
        title="the second segment of large hellos is dropped",
        programs=["openssl", "nft"],
        how="""
            nftables on the router drops what does not begin like a TLS record until the server has answered, as a
            device does that reads the first segment of a hello alone. Three clients of Python's ssl send a hello of one
            segment, three offer 90 application protocols, so that their hello takes two, as one with a post-quantum key
            share does.""",
        shows="""
            The small hellos are answered. Of the large ones the first segment is acknowledged, the second is sent again
            and again; the clients give up after 4 s.""",
        say=[
            f"large-client-hello-dropped for {SERVER}:443: 3 of 3 large ones; small ones were answered; the second segment is smaller than the first, so it is not the path's MTU"  # noqa: E501
        ],
        never=["mtu-blackhole", "missing-sni as the cause"],
        checks=[
            Check("tls.handshake.type==2", 3, "ServerHellos, for the small ones"),
            Check("tcp.srcport in {43901..43903} && tcp.analysis.retransmission", (9, 30), "the second segment again"),
        ],
        ladders=[("the first large one", "tcp.port==43901")],
    )


def handshake(lab, port, protocols, wait_s):
    sock = clients.connect(lab.network, "client", SERVER, 443, port, timeout=wait_s)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    try:
        with context.wrap_socket(sock, server_hostname="shop.example") as secured:
            clients.echo(secured, b"ping\n")
            secured.unwrap().close()
    finally:
        sock.close()
