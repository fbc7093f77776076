"""TLS handshakes that end after the client's Finished: a relay before `openssl s_server` cuts there, or is silent."""

import contextlib
import socket
import sys
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("handshake-unfinished.pcap",)
CLOSES_PORT, SILENT_PORT, CLOSES_13_PORT = 4441, 4442, 4443
# Hands on the client's first flight and all that the server answers; at the second it closes, or does nothing more.
RELAY = """
import socket, sys, threading, time

port, backend, then = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def answers(server, client):
    while data := server.recv(65536):
        client.sendall(data)

with socket.create_server(("0.0.0.0", port)) as listener:
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", backend))
        server.sendall(client.recv(65536))
        threading.Thread(target=answers, args=(server, client), daemon=True).start()
        client.recv(65536)
        time.sleep(0.05 if then == "closes" else 4)
        client.shutdown(socket.SHUT_RDWR)
        client.close()
        server.shutdown(socket.SHUT_RDWR)
"""


def record(lab):
    lab.pair()
    lab.programs.s_server("server", 5002, lab.certificate, "-tls1_2")
    lab.programs.s_server("server", 5003, lab.certificate, "-tls1_3", "-num_tickets", "0")
    for port, backend, then in (
        (CLOSES_PORT, 5002, "closes"),
        (SILENT_PORT, 5002, "is silent"),
        (CLOSES_13_PORT, 5003, "closes"),
    ):
        lab.programs.start("server", [sys.executable, "-c", RELAY, str(port), str(backend), then], [port])
    with lab.capture(CAPTURES[0]):
        for _ in range(2):
            handshake(lab, CLOSES_PORT)
        handshake(lab, SILENT_PORT, patience_s=2)
        handshake(lab, CLOSES_13_PORT)
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="handshakes that end after the client's Finished",
        programs=["openssl", "python"],
        how=f"""
            A relay before `openssl s_server` hands on the client's first flight and the answer to it. At the second it
            closes after 50 ms (ports {CLOSES_PORT}, TLS 1.2, twice, and {CLOSES_13_PORT}, TLS 1.3), or does nothing
            for 4 s (port {SILENT_PORT}), of which the client waits two.""",
        shows="""
            TLS 1.2: ClientKeyExchange, ChangeCipherSpec and Finished of the client, then a FIN: of the server, or of
            the client after 2 s. TLS 1.3: the same, after both have finished. No alert before the FIN.""",
        say=[
            f"handshake-abandoned for {SERVER}:{CLOSES_PORT}: the server left, twice, an error",
            f"handshake-abandoned for {SERVER}:{SILENT_PORT}: the server was silent for 2 s, an error",
            f"handshake-abandoned for {SERVER}:{CLOSES_13_PORT}: it closed right after the handshake, a warning",
        ],
        never=["`established` for the three of TLS 1.2", "idle-close", "stale-reuse"],
        checks=[
            Check("tcp.payload[0:1]==16 && tcp.payload[5:1]==10", 3, "key exchanges of clients"),
            Check("tcp contains 14:03:03:00:01:01 && tcp.srcport in {4441, 4442}", 0, "ChangeCipherSpec of servers"),
        ],
        ladders=[("left", "tcp.stream==0"), ("silent", "tcp.stream==2"), ("left after", "tcp.stream==3")],
    )


def handshake(lab, port, patience_s=3):
    sock = clients.connect(lab.network, "client", SERVER, port, timeout=patience_s)
    with contextlib.suppress(OSError, socket.timeout), clients.tls(sock, "shop.example") as secure:
        secure.recv(1)
    sock.close()
