"""A firewall drops the SYNs to one port; another port of the same host works."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("syn-dropped.pcap",)
DROP = """
table inet lab {
  chain input { type filter hook input priority 0; tcp dport 9000 tcp flags syn drop; }
}
"""


def record(lab):
    lab.pair()
    lab.programs.node("server", 8080)
    lab.programs.echo("server", 9000)
    lab.network.nft("server", DROP)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        good(lab, 41501)
        attempts = [in_background(attempt, lab, port, 9.0) for port in (41511, 41512)]
        time.sleep(4.0)
        good(lab, 41502)
        for story in attempts:
            story.join(timeout=20)
        good(lab, 41503)
        time.sleep(4.0)
        good(lab, 41504)
    describe(lab)


def good(lab, port):
    sock = clients.connect(lab.network, "client", SERVER, 8080, port)
    clients.exchange(sock)
    sock.close()


def attempt(lab, port, patience_s):
    with contextlib.suppress(TimeoutError):
        clients.connect(lab.network, "client", SERVER, 9000, port, timeout=patience_s)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="SYNs to one port vanish",
        programs=["socat", "nft", "node"],
        how="""
            nftables in the server's namespace drops SYNs to port 9000, where socat listens; node answers on port
            8080. A Python client tries port 9000 twice at once (ports 41511 and 41512) for 9 s; before, meanwhile,
            after, and 4 s after that it makes a request to port 8080 (41501-41504). Captured at the client.""",
        shows="""
            Each attempt sends its SYN and repeats it with the same sequence number: after 1, 2, 3, 4 and 5 s (Linux
            since 6.5 retries four times linearly) and after 7 s. No SYN-ACK, no RST, no ICMP. The same host answers
            on port 8080 all the while.""",
        say=["syn-unanswered for 10.0.0.2:9000: 2 of 2 connections, 7 SYNs each", "that the host answers on port 8080"],
        never=[
            "connection-refused, icmp-rejected",
            "that the host is down",
            "accept-queue-overflow: the port never answered",
        ],
        checks=[
            Check("tcp.srcport==41511 && tcp.flags==0x002", 7, "SYN and six retries"),
            Check("tcp.srcport==41512 && tcp.flags==0x002", 7, "SYN and six retries"),
            Check("tcp.srcport==9000", 0, "not one packet from the port"),
            Check("icmp", 0, "no ICMP"),
            Check("tcp.port==8080 && http.response", 4, "four good answers by the same host"),
        ],
        ladders=[("one attempt", "tcp.port==41511")],
    )
