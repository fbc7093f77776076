"""Keep-alive probes to a peer that is gone, and to one that is there."""

import contextlib
import socket
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("keepalive-unanswered.pcap",)
GONE, THERE = (43101, 43102), 43111
GONE_RULES = """
table inet lab {
  chain input { type filter hook input priority 0; tcp sport { 43101, 43102 } drop; }
}
"""


def record(lab):
    lab.pair()
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0]):
        socks = [clients.connect(lab.network, "client", SERVER, 7000, port) for port in (*GONE, THERE)]
        for sock in socks:
            for name, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 4)):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            clients.echo(sock, b"ping\n")
        lab.network.nft("server", GONE_RULES)
        for sock in socks[:2]:
            sock.settimeout(15)
            with contextlib.suppress(TimeoutError):
                sock.recv(100)
                raise RuntimeError("the probes were answered")
        time.sleep(0.5)
        clients.echo(socks[2], b"ping\n")
        socks[2].close()
        time.sleep(0.3)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="keep-alive probes of two connections are not answered",
        programs=["socat", "nft"],
        how="""
            socat as an echo. Three connections exchange a line; their sockets send the first keep-alive probe after 2
            s of silence, the
            next ones every 2 s, and give up after four. Then nftables drops at the server what comes from 43101 and
            43102, as if it
            were no more; 43111 is left alone.""",
        shows="""
            43101 and 43102: four probes, 2 s apart, without an answer, then a RST by the client. 43111: its probes
            are acknowledged,
            and it still works at the end.""",
        say=["keepalive-unanswered for 10.0.0.2:7000: 2 of 3 connections, 4 probes each; the client gave up by RST"],
        never=["abortive-close", "silent-idle-drop", "anything bad of 43111: answered probes are a healthy silence"],
        checks=[
            Check("tcp.analysis.keep_alive && tcp.srcport in {43101,43102}", 8, "probes"),
            Check("tcp.dstport in {43101,43102} && frame.time_relative > 1", 0, "no answer"),
            Check("tcp.flags.reset==1 && tcp.srcport in {43101,43102}", 2, "the client gives up"),
            Check("tcp.analysis.keep_alive_ack && tcp.dstport==43111", (2, 7), "answered probes"),
        ],
        ladders=[("one that is gone", "tcp.port==43101")],
    )
