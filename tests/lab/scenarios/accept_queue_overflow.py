"""A listener with a short queue, and a burst of connections."""

import socket
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("accept-queue-overflow.pcap",)
BURST = range(43401, 43441)
SERVER_CODE = """
import socket, time
listener = socket.create_server(("", 8080), backlog=8)
while True:
    sock, _ = listener.accept()
    sock.recv(100)
    time.sleep(0.006)
    sock.close()
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", SERVER_CODE], [8080])
    with lab.capture(CAPTURES[0]):
        calm(lab, 8)
        socks = []
        for port in BURST:
            with lab.network.inside("client"):
                sock = socket.socket()
            sock.setblocking(False)
            sock.bind(("", port))
            sock.connect_ex((SERVER, 8080))
            socks.append(sock)
            time.sleep(0.001)
        finish(socks)
        calm(lab, 6)
    describe(lab)


def calm(lab, count):
    for _ in range(count):
        sock = clients.connect(lab.network, "client", SERVER, 8080)
        sock.sendall(b"hello\n")
        clients.drain(sock)
        time.sleep(0.8)


def finish(socks):
    """Each writes a line once it is connected, and leaves when the server has."""
    for sock in socks:
        sock.settimeout(60)
        while True:
            try:
                sock.sendall(b"hello\n")
                break
            except OSError:
                time.sleep(0.01)
    for sock in socks:
        clients.drain(sock)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="forty connections at once for a queue of nine",
        how="""
            A server that accepts one connection after the other, 6 ms each, and whose queue holds nine
            (`listen(8)`). One client at a
            time, then forty within 50 ms or so (43401-43440), then one at a time again.""",
        shows="""
            Before and after the burst each SYN is answered at once. Of the burst a few are; the other SYNs are not
            answered until they are
            sent again, a second later and more. Linux drops a SYN where the accept queue is full.""",
        say=["accept-queue-overflow for 10.0.0.2:8080: the SYNs of the burst, none of the calm times"],
        never=["syn-unanswered: all connect in the end", "syn-retried alone, as loss on the path", "new-flow-drop"],
        checks=[
            Check("tcp.flags==0x002 && tcp.srcport in {43401..43440}", (50, 400), "SYNs of the burst"),
            Check("tcp.flags==0x002 && !(tcp.srcport in {43401..43440})", 14, "SYNs of the calm times"),
            Check(
                "tcp.flags==0x002 && tcp.analysis.retransmission && !(tcp.srcport in {43401..43440})",
                0,
                "none of them again",
            ),
            Check("tcp.flags==0x012", (54, 120), "SYN-ACKs"),
        ],
        ladders=[("one of the burst", "tcp.port==43430")],
    )
