"""Address translation that holds on to a backend which is gone."""

import contextlib
import time

from labkit import clients
from labkit.network import command, in_background
from labkit.note import Check

CAPTURES = ("stale-nat-target.pcap",)
SERVICE = "10.0.9.9"
STUCK, FRESH = (43851, 43852, 43853), range(43861, 43869)
TRANSLATION = """
table ip lab {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr 10.0.9.9 tcp dport 7000 dnat to 10.0.2.9
  }
}
"""
# The old backend is gone: what is sent to it vanishes.
GONE = """
table ip lab {
  chain input {
    type filter hook input priority 0;
    ip daddr 10.0.2.9 drop
  }
}
"""


def record(lab):
    lab.routed()
    lab.network.route("client", "10.0.9.0/24", "10.0.1.254")
    lab.programs.echo("server", 7000)
    with lab.network.inside("server"):
        command("ip", "address", "add", "10.0.2.9/24", "dev", "eth0")
    lab.network.nft("server", GONE)
    lab.network.nft("router", TRANSLATION)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        waiting = []
        for port in STUCK:
            waiting.append(in_background(give_up, lab, port))
            time.sleep(0.1)
        time.sleep(0.2)
        # The backend is replaced; what is translated already stays as it is.
        lab.network.nft("router", "insert rule ip lab prerouting ip daddr 10.0.9.9 tcp dport 7000 dnat to 10.0.2.2\n")
        for port in FRESH:
            sock = clients.connect(lab.network, "client", SERVICE, 7000, port)
            clients.echo(sock, b"ping\n")
            sock.close()
            time.sleep(0.3)
        for one in waiting:
            one.join()
        time.sleep(4)
    lab.note(
        CAPTURES[0],
        title="some attempts go on to a backend that is gone",
        programs=["socat", "nft"],
        how="""
            A router translates 10.0.9.9:7000 to a backend that is gone. Three clients try; then the rule is
            changed to a backend that lives, and eight more clients connect, one after the other. Connection
            tracking keeps the first three at the old one.""",
        shows="Three SYNs are repeated without an answer for as long as their clients try; all others open at once.",
        say=["stale-nat-target for 10.0.9.9:7000: 3 of 11 attempts, while others from new ports were answered at once"],
        never=["accept-queue-overflow", "the eight as failed"],
        checks=[
            Check("tcp.flags==0x002 && tcp.srcport in {43851..43853}", (9, 60), "SYNs, again and again"),
            Check("tcp.flags==0x012", 8, "SYN-ACKs for the others"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )


def give_up(lab, port):
    with contextlib.suppress(OSError):
        clients.connect(lab.network, "client", SERVICE, 7000, port, timeout=6)
