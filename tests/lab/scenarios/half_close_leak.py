"""A client that never closes what the server has closed."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("half-close-leak.pcap",)
LEAKED, TIDY = (43301, 43302, 43303), 43311
NGINX = """
  keepalive_timeout 2s;
  server { listen 8080; location / { return 200 "ok\\n"; } }
"""


def record(lab):
    lab.pair()
    lab.programs.nginx("server", NGINX, [8080])
    with lab.capture(CAPTURES[0]):
        leaked = [clients.connect(lab.network, "client", SERVER, 8080, port) for port in LEAKED]
        tidy = clients.connect(lab.network, "client", SERVER, 8080, TIDY)
        for sock in (*leaked, tidy):
            clients.exchange(sock)
        clients.drain(tidy)
        time.sleep(66)
        last = clients.connect(lab.network, "client", SERVER, 8080, 43312)
        clients.exchange(last)
        clients.drain(last)
    for sock in leaked:
        sock.close()
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="three sockets stay in CLOSE_WAIT",
        programs=["nginx"],
        how="""
            nginx closes an idle connection after 2 s (`keepalive_timeout 2s`). Of four clients that ask once, one
            (43311) closes when the
            server has; the others (43301-43303) hold their sockets, as a program does that has forgotten them. After
            66 s one
            more client asks.""",
        shows="""
            Three connections: the server's FIN after 2 s is acknowledged by the client's kernel, and no FIN of the
            client follows in the next
            66 s. The other two are closed by both sides.""",
        say=["half-close-leak for 10.0.0.2:8080: 3 of 5, kept open by the client for 65 s or more"],
        never=["that the server leaks", "stale-reuse: nobody wrote after the FIN", "the closed ones as leaked"],
        checks=[
            Check("tcp.srcport==8080 && tcp.flags.fin==1", 5, "FINs of the server"),
            Check("tcp.srcport in {43301..43303} && tcp.flags.fin==1", 0, "none of the three clients"),
            Check("tcp.srcport in {43311,43312} && tcp.flags.fin==1", 2, "both of the others"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("one of the three", "tcp.port==43301")],
    )
