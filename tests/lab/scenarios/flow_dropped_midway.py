"""A device stops forwarding one established flow, in both directions; its neighbour lives on."""

import time

from labkit import clients
from labkit.note import Check

CAPTURES = ("flow-dropped-midway.pcap",)
CLIENT, SERVER = "10.0.1.1", "10.0.2.2"
DROP = """
table ip lab {
  chain forward {
    type filter hook forward priority 0;
    tcp sport 41601 drop
    tcp dport 41601 drop
  }
}
"""


def record(lab):
    lab.routed()
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        doomed = clients.connect(lab.network, "client", SERVER, 7000, 41601)
        healthy = clients.connect(lab.network, "client", SERVER, 7000, 41602)
        for _ in range(4):
            clients.echo(doomed, b"are you there?\n")
            clients.echo(healthy, b"and you?\n")
            time.sleep(0.3)
        lab.network.nft("router", DROP)
        doomed.sendall(b"are you still there?\n")
        end = time.monotonic() + 15.0
        while time.monotonic() < end:
            clients.echo(healthy, b"and you?\n")
            time.sleep(0.5)
    describe(lab)


def describe(lab):
    lost = "tcp.srcport==41601 && tcp.len==21"
    lab.note(
        CAPTURES[0],
        title="one established flow is dropped on the way",
        programs=["socat", "nft"],
        how="""
            Client 10.0.1.1, a router, server 10.0.2.2 with socat as an echo server on port 7000. Two connections
            (ports 41601 and 41602) exchange lines for 1.2 s. Then the router drops every packet of 41601, in both
            directions; 41602 goes on for 15 s. Captured at the client; it ends while both connections are open.""",
        shows="""
            From one moment on 41601 gets no acknowledgement: the same 21 bytes are sent again and again with doubling
            gaps. 41602 between the same hosts and ports answers within milliseconds throughout. No RST, no ICMP.""",
        say=[
            "state-loss-drop: the connection from 41601 is unanswered since its first lost segment; at least five "
            "retransmissions; another connection between the same hosts is healthy",
        ],
        never=[
            "mtu-blackhole: the lost segment has 21 bytes",
            "that the server is down",
            "zero-window-stall, idle-close, silent-idle-drop (the quiet time before was 0.3 s)",
        ],
        checks=[
            Check(lost, (6, 9), "the lost segment and its retransmissions"),
            Check(f"{lost} && tcp.analysis.retransmission", (5, 8), "of which retransmissions"),
            Check("tcp.dstport==41601 && tcp.len>0", 4, "four echoes before, none after"),
            Check("tcp.dstport==41602 && tcp.len>0 && frame.time_relative > 2", (20, 30), "its neighbour goes on"),
            Check("tcp.flags.reset==1 || tcp.flags.fin==1 || icmp", 0, "nobody says a word"),
            Check(f"ip.src=={CLIENT} && tcp.flags==0x002", 2, "two connections"),
        ],
        ladders=[("the lost segment", lost)],
    )
