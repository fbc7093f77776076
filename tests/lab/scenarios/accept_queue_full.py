"""SYNs that come together, are all answered, and find no place in a short accept queue when their ACKs come."""

import contextlib
import sys
import threading
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("accept-queue-full.pcap",)
PORT, BACKLOG = 7000, 3
CLIENTS = range(45000, 45010)
PATIENCE_S, PAUSE_S = 4, 6
# Listens at once, and begins to accept after a pause, as a process does that is busy.
SERVE = """
import socket, sys, time
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=int(sys.argv[2]))
time.sleep(float(sys.argv[3]))
while True:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(connection.recv(100))
"""


def record(lab):
    # On a way without a delay each ACK comes before the next SYN, and those without a place get no SYN-ACK.
    lab.pair(delay_s=0.05)
    lab.programs.start("server", [sys.executable, "-c", SERVE, str(PORT), str(BACKLOG), str(PAUSE_S)], [PORT])
    with lab.capture(CAPTURES[0]):
        threads = [threading.Thread(target=ask, args=(lab, port)) for port in CLIENTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(2)
    describe(lab)


def ask(lab, port):
    sock = clients.connect(lab.network, "client", SERVER, PORT, port, timeout=PATIENCE_S)
    with contextlib.closing(sock), contextlib.suppress(TimeoutError):
        sock.sendall(b"hello")
        sock.recv(100)


def describe(lab):
    taken = BACKLOG + 1
    left = len(CLIENTS) - taken
    lab.note(
        CAPTURES[0],
        title="an accept queue that is full when the ACKs come",
        programs=[],
        how=f"""
            A server with a backlog of {BACKLOG} that does not accept for {PAUSE_S} s, and {len(CLIENTS)} clients
            that connect at once over a way of 50 ms each way, say five bytes and wait {PATIENCE_S} s.""",
        shows=f"""
            All SYNs are answered. {taken} connections find a place in the queue (a backlog of {BACKLOG} has
            {taken}): what they say is acknowledged by the kernel, and answered when the clients have left. Of the
            other {left} nothing is ever acknowledged: the kernel drops their ACKs and their data.""",
        say=[
            f"accept-queue-overflow for {SERVER}:{PORT}: {left} opened and never acknowledged, {taken} got further",
            f"request-timeout for {SERVER}:{PORT}: {taken} requests without an answer for {PATIENCE_S} s",
        ],
        never=["syn-unanswered", "mtu-blackhole", "failures that no check explains"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==1", len(CLIENTS), "SYN-ACKs"),
            Check(f"tcp.srcport=={PORT} && tcp.flags==0x010 && tcp.ack==6", taken, "acknowledged"),
            Check(f"tcp.analysis.retransmission && tcp.dstport=={PORT} && tcp.len==5", 4 * left, "sent again"),
        ],
        ladders=[("one of ten", "tcp.stream==9")],
    )
