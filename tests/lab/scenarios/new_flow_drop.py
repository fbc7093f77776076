"""A limit of new connections on the way to several servers."""

import contextlib
import time

from labkit import clients
from labkit.network import command, in_background
from labkit.note import Check

CAPTURES = ("new-flow-drop.pcap.gz",)
SERVERS = ("10.0.2.2", "10.0.2.3", "10.0.2.4")
LIMIT = """
table inet lab {
  chain forward {
    type filter hook forward priority 0;
    tcp flags & (syn | ack) == syn limit rate over 40/second burst 10 packets drop
  }
}
"""
CALM, BUSY = 36, 240


def record(lab):
    lab.routed()
    with lab.network.inside("server"):
        for address in SERVERS[1:]:
            command("ip", "address", "add", f"{address}/24", "dev", "eth0")
    lab.network.nft("router", LIMIT)
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0], snaplen=80):
        held = clients.connect(lab.network, "client", SERVERS[0], 7000)
        attempt_all(lab, CALM, 0.15)
        attempt_all(lab, BUSY, 0.0125)
        # What exists goes on.
        clients.echo(held, b"ping\n")
        attempt_all(lab, CALM, 0.15)
        held.close()
        time.sleep(0.5)
    lab.note(
        CAPTURES[0],
        title="a router that lets 40 new connections a second through",
        programs=["socat", "nft"],
        how=f"""
            nftables on the router drops SYNs beyond 40 a second, as a full connection-tracking table or a cloud's limit
            does. A client connects in turn to three addresses: {CALM} times at 6 a second, {BUSY} times at about 70,
            and {CALM} times at 6 again; each waits up to 2.5 s. One connection is open all the while. 80 bytes of each
            packet.""",
        shows="""
            In the calm times every first SYN is answered. In the busy ones a part of them is not, to all three
            addresses; some get through at their second SYN. The open connection goes on.""",
        say=["new-flow-drop: to 3 servers, when many connections are made; none when few are"],
        never=["accept-queue-overflow: not one server", "anything of the connection that was open"],
        checks=[
            Check("tcp.flags==0x002", (CALM + BUSY, 2000), "SYNs"),
            Check("tcp.flags==0x002 && tcp.analysis.retransmission", (20, 1500), "SYNs that were sent again"),
        ],
        ladders=[("the one that is open all the while", "tcp.stream==0")],
    )


def attempt_all(lab, count, pause_s):
    running = []
    for number in range(count):
        running.append(in_background(attempt, lab, SERVERS[number % 3]))
        time.sleep(pause_s)
    for one in running:
        one.join()


def attempt(lab, server):
    with contextlib.suppress(OSError):
        sock = clients.connect(lab.network, "client", server, 7000, timeout=2.5)
        clients.echo(sock, b"ping\n")
        sock.close()
