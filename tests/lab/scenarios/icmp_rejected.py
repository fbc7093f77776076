"""Refused by ICMP: a router forbids a port, a host rejects one, and nobody has an address."""

import contextlib

from labkit import clients
from labkit.note import Check

CAPTURES = ("icmp-rejected.pcap",)
SERVER, NOBODY, ROUTER = "10.0.2.2", "10.0.2.77", "10.0.1.254"
FORBID = """
table ip lab {
  chain forward { type filter hook forward priority 0; tcp dport 9001 reject with icmp type admin-prohibited; }
}
"""
REJECT = """
table ip lab {
  chain input { type filter hook input priority 0; tcp dport 9002 reject with icmp type port-unreachable; }
}
"""


def record(lab):
    lab.routed()
    lab.programs.echo("server", 7000)
    lab.network.nft("router", FORBID)
    lab.network.nft("server", REJECT)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        for address, port in ((SERVER, 9001), (SERVER, 9002), (NOBODY, 7000)):
            for _ in range(2):
                refused(lab, address, port)
        sock = clients.connect(lab.network, "client", SERVER, 7000, 41701)
        clients.echo(sock, b"are you there?\n")
        sock.close()
    describe(lab)


def refused(lab, address, port):
    with contextlib.suppress(OSError):
        clients.connect(lab.network, "client", address, port, timeout=5.0)
        raise RuntimeError(f"{address}:{port} is open")


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="SYNs answered by ICMP errors",
        programs=["nft", "socat"],
        how="""
            Client 10.0.1.1, a router, server 10.0.2.2. The router rejects port 9001 with admin-prohibited, the server
            itself rejects port 9002 with port unreachable, and nobody has the address 10.0.2.77. A Python client tries
            each twice, then talks to socat on port 7000. Captured at the client, with ICMP.""",
        shows="""
            No RST and no SYN-ACK: each attempt is answered by an ICMP error that quotes the SYN, at once from the
            router and from the server, after some seconds of unanswered ARP for the address that nobody has.""",
        say=[
            "icmp-rejected for 10.0.2.2:9001: administratively prohibited, by the router",
            "icmp-rejected for 10.0.2.2:9002: port unreachable, by the host itself",
            "icmp-rejected for 10.0.2.77:7000: host unreachable, by the router",
        ],
        never=["syn-unanswered, connection-refused", "anything bad of port 7000 of 10.0.2.2"],
        checks=[
            Check("icmp.type==3 && icmp.code==13 && tcp.dstport==9001", (2, 8), "forbidden by the router"),
            Check("icmp.type==3 && icmp.code==3 && tcp.dstport==9002", (2, 8), "rejected by the host"),
            Check(f"icmp.type==3 && icmp.code==1 && ip.dst=={NOBODY}", (1, 8), "nobody there"),
            Check("tcp.flags.reset==1 && !icmp", 0, "no RST"),
            Check("tcp.srcport==7000 && tcp.len>0 && !icmp", 1, "one good answer"),
        ],
        ladders=[("the first attempts", "tcp.dstport==9001"), ("nobody there", f"ip.dst=={NOBODY}")],
    )
