"""A path that takes small packets only, and whose router does not say so."""

import contextlib
import time

from labkit import clients
from labkit.note import Check

CAPTURES = ("mtu-blackhole.pcap",)
SERVER = "10.0.2.2"
BIG, SMALL = (42801, 42802, 42803), 42811
NGINX = """
  server {
    listen 8080;
    location / { return 200 "ok\\n"; }
    location /big { return 200 "%s\\n"; }
  }
"""
QUIET_ROUTER = """
table inet lab {
  chain output { type filter hook output priority 0; icmp type destination-unreachable drop; }
}
"""


def record(lab):
    lab.routed()
    lab.network.nft("router", QUIET_ROUTER)
    lab.network.set_link("router", "eth0", "mtu", "1400")
    # Each captured packet is then one of the wire.
    lab.network.set_link("server", "eth0", "gso_max_segs", "1")
    lab.programs.nginx("server", NGINX % ("x" * 3000), [8080])
    with lab.capture(CAPTURES[0], where="server", expression="tcp or icmp"):
        for port in BIG:
            sock = clients.connect(lab.network, "client", SERVER, 8080, port, timeout=7)
            with contextlib.suppress(TimeoutError):
                clients.exchange(sock, path="/big")
                raise RuntimeError("the big answer arrived")
            sock.close()
        sock = clients.connect(lab.network, "client", SERVER, 8080, SMALL)
        clients.exchange(sock)
        sock.close()
        time.sleep(1)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="big segments do not pass, and no ICMP says so",
        programs=["nginx", "nft"],
        how="""
            A client, a router, a server. The router's device towards the client has an MTU of 1400, the other links
            have
            1500; nftables keeps the router's ICMP errors back. nginx answers /big with 3000 bytes and / with 3. Three
            clients (42801-42803) ask for /big and give up after 7 s, one (42811) asks for / and is served. Captured
            at the
            server, whose segments are one packet each (`gso_max_segs 1`).""",
        shows="""
            The request for /big is acknowledged, the first segment of the answer is 1448 bytes and is sent again and
            again;
            the client acknowledges none of it. What is small passes both ways on the same connections, and the answer
            to / arrives.
            No ICMP error is captured.""",
        say=[
            "mtu-blackhole for 10.0.2.2:8080: 3 of 4, segments of 1448 bytes lost in the direction from the server",
            "no ICMP error came back",
        ],
        never=["state-loss-drop, silent-idle-drop: what is small still passes", "the connection from 42811 as failed"],
        checks=[
            Check("tcp.srcport==8080 && tcp.len==1448", (12, 60), "full-size segments of the server"),
            Check("tcp.srcport==8080 && tcp.len==1448 && tcp.analysis.retransmission", (9, 40), "sent again"),
            Check("icmp", 0, "no ICMP"),
            Check(
                "tcp.dstport==8080 && tcp.port in {42801..42803} && tcp.ack > 1 && tcp.flags.syn==0",
                (0, 12),
                "acknowledged beyond the SYN",
            ),
            Check("tcp.srcport==8080 && tcp.dstport==42811 && tcp.len > 0", 1, "the small answer"),
        ],
        ladders=[("the first", "tcp.port==42801")],
    )
