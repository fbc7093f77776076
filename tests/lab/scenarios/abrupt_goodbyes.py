"""Two short ways out: a proxy that has nobody to send its clients to, clients that leave by RST."""

import contextlib
import socket
import struct
import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("no-live-backend.pcap", "left-by-reset.pcap")
TURNED_AWAY = range(43901, 43905)
LEAVING = range(43911, 43917)

PROXY = """
frontend queue
  mode tcp
  bind :7200
  default_backend workers
backend workers
  mode tcp
  server one 127.0.0.1:9 disabled
"""


def record(lab):
    lab.pair()
    lab.programs.haproxy("server", PROXY, [7200])
    with lab.capture(CAPTURES[0]):
        for port in TURNED_AWAY:
            sock = clients.connect(lab.network, "client", SERVER, 7200, port)
            # What a client does between connect and its first words.
            time.sleep(0.005)
            with contextlib.suppress(OSError):
                sock.sendall(b"next\r\n")
                sock.recv(100)
            sock.close()
            time.sleep(0.2)
    lab.programs.echo("server", 7201)
    with lab.capture(CAPTURES[1]):
        for port in LEAVING:
            sock = clients.connect(lab.network, "client", SERVER, 7201, port)
            clients.echo(sock, b"first question\n")
            clients.echo(sock, b"second question\n")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            time.sleep(0.1)
    describe(lab)


def describe(lab):
    turned_away, leaving = len(TURNED_AWAY), len(LEAVING)
    lab.note(
        CAPTURES[0],
        title="a proxy without a live server behind it",
        programs=["haproxy"],
        how="""
            HAProxy in mode tcp, whose only server is disabled. A client connects four times and sends six bytes 5 ms
            after the handshake.""",
        shows="FIN right after the handshake, without a byte; the client's first words are answered by RST.",
        say=[f"empty-reply for {SERVER}:7200: {turned_away} connections, closed before the client had asked anything"],
        never=["stale-reuse: nothing was reused", "health-check", "No failure found"],
        checks=[
            Check(f"ip.src=={SERVER} && tcp.flags.fin==1", turned_away, "FINs of the proxy"),
            Check(f"ip.src=={CLIENT} && tcp.len==6", turned_away, "the client's words"),
            Check(f"ip.src=={SERVER} && tcp.len>0", 0, "not a byte from the proxy"),
            Check(f"ip.src=={SERVER} && tcp.flags.reset==1", turned_away, "RSTs that answer them"),
        ],
        ladders=[("turned away", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[1],
        title="clients that leave by RST",
        programs=["socat"],
        how="""
            An echo server. A client asks twice on each of six connections, reads both answers whole and closes at once,
            with SO_LINGER 0.""",
        shows="RST from the client right after the last answer, which it acknowledges.",
        say=["no failure: all that was asked was answered and acknowledged"],
        never=["abortive-close: the server aborted nothing", "any error or warning"],
        checks=[
            Check(f"ip.src=={CLIENT} && tcp.flags.reset==1", leaving, "RSTs of the client"),
            Check(f"ip.src=={SERVER} && tcp.len>0", 2 * leaving, "answers"),
            Check("tcp.flags.fin==1", 0, "no FIN"),
        ],
        ladders=[("answered twice, then left", "tcp.stream==0")],
    )
