"""The first SYN of some connections is lost."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("syn-retried.pcap",)
LATE, AT_ONCE = (43601, 43602, 43603), range(43611, 43619)
RULES = """
table inet lab {
  set met { type inet_service; flags dynamic; timeout 60s; }
  chain input {
    type filter hook input priority 0;
    tcp sport 43601-43603 tcp flags & (syn | ack) == syn tcp sport != @met add @met { tcp sport } drop
  }
}
"""


def record(lab):
    lab.pair()
    lab.network.nft("server", RULES)
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0]):
        for port in (*LATE, *AT_ONCE):
            sock = clients.connect(lab.network, "client", SERVER, 7000, port)
            clients.echo(sock, b"ping\n")
            sock.close()
            time.sleep(0.1)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="three of eleven connections open a second late",
        programs=["socat", "nft"],
        how="""
            socat as an echo. nftables at the server drops the first SYN of each of the ports 43601-43603. Eleven
            connections, one after the
            other, exchange a line and close.""",
        shows="Three connections open only after a second SYN, 1.0 s after the first; the other eight at once. All work.",  # noqa: E501
        say=["syn-retried for 10.0.0.2:7000: 3 of 11, opened about 1 s late"],
        never=["syn-unanswered: all were answered in the end", "accept-queue-overflow: there was no burst"],
        checks=[
            Check("tcp.flags==0x002", 14, "SYNs"),
            Check("tcp.flags==0x002 && tcp.analysis.retransmission", 3, "three of them again"),
            Check("tcp.flags==0x012", 11, "SYN-ACKs"),
        ],
        ladders=[("the first", "tcp.port==43601")],
    )
