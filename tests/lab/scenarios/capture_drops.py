"""A capture whose filter leaves packets out."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("capture-drops.pcap",)
NGINX = """
  server { listen 80; location / { return 200 "BODY\\n"; } }
"""


def record(lab):
    lab.pair()
    lab.programs.nginx("server", NGINX.replace("BODY", "x" * 1000), [80])
    with lab.capture(CAPTURES[0], expression="tcp and less 400"):
        for port in (43871, 43872, 43873):
            sock = clients.connect(lab.network, "client", SERVER, 80, port)
            for _ in range(3):
                clients.exchange(sock)
                time.sleep(0.02)
            sock.close()
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="the capture's filter leaves big packets out",
        programs=["nginx"],
        how="tcpdump with `less 400`; three clients fetch a page of 1000 bytes three times each.",
        shows="The client acknowledges answers that are not in the capture. Nothing was lost on the way.",
        say=["capture-drops: 3 of 3 connections; bytes were acknowledged that no readable packet of the capture holds"],
        never=["retransmissions or loss", "request-timeout, state-loss-drop", "any connection as failed"],
        checks=[
            Check("tcp.srcport==80 && tcp.len > 0", 0, "no answer was captured"),
            Check("http.request", 9, "requests"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
