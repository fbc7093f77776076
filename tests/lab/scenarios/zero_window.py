"""A client that does not read for some seconds."""

import socket
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("zero-window-stall.pcap",)
SLOW, QUICK = 43001, 43002
BYTES = 60_000


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", SERVER_CODE, str(BYTES)], [8080])
    with lab.capture(CAPTURES[0]):
        quick = read_all(lab, QUICK, 0)
        slow = read_all(lab, SLOW, 6)
        if (quick, slow) != (BYTES, BYTES):
            raise RuntimeError(f"{quick} and {slow} bytes arrived")
    describe(lab)


SERVER_CODE = """
import socket, sys
listener = socket.create_server(("", 8080))
while True:
    sock, _ = listener.accept()
    sock.recv(1000)
    sock.sendall(b"x" * int(sys.argv[1]))
    sock.close()
"""


def read_all(lab, port, pause):
    with lab.network.inside("client"):
        sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", port))
    sock.settimeout(clients.WAIT_S)
    sock.connect((SERVER, 8080))
    sock.sendall(b"all of it, please\n")
    time.sleep(pause)
    got = 0
    while piece := sock.recv(65536):
        got += len(piece)
    sock.close()
    return got


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the client stops reading for six seconds",
        how="""
            A server sends 60,000 bytes for a line. Both clients have a small receive buffer (8 KiB); one (43002)
            reads at once, the other
            (43001) waits for 6 s before it reads.""",
        shows="""
            43001 announces a window of 0 within milliseconds; the server probes it after 0.2, 0.4, 0.8 s and so on,
            each probe is
            acknowledged with a window of 0 again. After 6 s the window opens, and all the bytes arrive.""",
        say=["zero-window-stall for 10.0.0.2:8080: the client did not read for about 6 s on 1 of 2 connections"],
        never=[
            "that the network or the server was slow",
            "keepalive-unanswered: window probes are answered",
            "a stall of 43002",
        ],
        checks=[
            Check(
                "tcp.srcport==43001 && tcp.window_size_value==0 && tcp.flags.reset==0 && tcp.flags.fin==0",
                (4, 12),
                "windows of 0",
            ),
            Check("tcp.dstport==43001 && frame.time_delta > 0.15 && tcp.srcport==8080", (3, 10), "probes"),
            Check("tcp.flags.reset==1", 0, "no RST"),
            Check("tcp.flags.fin==1", 4, "both closed in the end"),
        ],
        ladders=[("the probes", "tcp.port==43001 && frame.time_delta > 0.1")],
    )
