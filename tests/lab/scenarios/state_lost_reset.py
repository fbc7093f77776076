"""Live connections whose state at the server's end is gone: the next segment is answered by a bare RST."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.network import command
from labkit.note import Check

CAPTURES = ("state-lost-reset.pcap",)
LOST = (41701, 41702, 41703, 41704)
HEALTHY = 41711
SILENCE = """
table inet lab {
  chain output { type filter hook output priority 0; tcp sport 7000 tcp flags & (fin | rst) != 0 drop; }
}
"""


def record(lab):
    lab.pair()
    lab.programs.echo("server", 7000)
    lab.programs.echo("server", 7001)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        lost = {port: clients.connect(lab.network, "client", SERVER, 7000, port) for port in LOST}
        healthy = clients.connect(lab.network, "client", SERVER, 7001, HEALTHY)
        for _ in range(5):
            for sock in (*lost.values(), healthy):
                clients.echo(sock, b"ping\n")
            time.sleep(0.4)
        forget(lab)
        for sock in lost.values():
            write_and_be_reset(sock)
            clients.echo(healthy, b"ping\n")
            time.sleep(0.7)
        # A new connection to the same port works: the server itself is well.
        again = clients.connect(lab.network, "client", SERVER, 7000, 41705)
        clients.echo(again, b"ping\n")
        again.close()
        healthy.close()
        time.sleep(0.3)
    describe(lab)


def forget(lab):
    """Destroys the server's sockets of port 7000 while nothing of it can be told to the client."""
    lab.network.nft("server", SILENCE)
    with lab.network.inside("server"):
        command("ss", "-K", "state", "established", "sport = :7000")
        time.sleep(0.3)
        command("nft", "delete", "table", "inet", "lab")


def write_and_be_reset(sock):
    sock.sendall(b"ping\n")
    with contextlib.suppress(ConnectionResetError):
        sock.recv(100)
        raise RuntimeError("the server still knows the connection")
    sock.close()


def describe(lab):
    resets = "tcp.flags.reset==1 && tcp.srcport==7000"
    lab.note(
        CAPTURES[0],
        title="four live connections are unknown to the server's end from one moment on",
        programs=["socat", "nft"],
        how="""
            socat as an echo server on ports 7000 and 7001. Four connections to 7000 (ports 41701-41704) and one to
            7001 (41711) exchange lines every 0.4 s. Then the kernel of the server destroys the four sockets (`ss -K`)
            while nftables keeps its FINs and RSTs in; the rule is taken away again. One after the other, 0.7 s apart,
            the client writes on its four connections; 41711 goes on; at last a new connection to 7000 (41705) works.
            On the wire this is what a lost connection-tracking entry or a silent fail-over looks like.""",
        shows="""
            Four established connections, data both ways, no FIN and no RST before. The next segment of each, 0.7 to 3 s
            after the last answer, is answered by a bare RST: no ACK flag, window 0, seq = that segment's ack. Other
            connections to the same host live, and new ones to the same port succeed.""",
        say=[
            "state-loss-reset for 10.0.0.2:7000: 4 connections reset in mid-flow within about 2.5 s",
            "quiet time before at most a few seconds, so that no idle timeout explains it",
        ],
        never=[
            "stale-reuse or idle-close: no FIN came before",
            "silent-idle-drop, injected-reset (the TTL is the host's)",
            "abortive-close or restart: the RSTs carry no ACK and new connections succeed at once",
            "anything bad of 10.0.0.2:7001",
        ],
        checks=[
            Check(resets, 4, "four RSTs by the server's end"),
            Check(f"{resets} && tcp.flags==0x004 && tcp.window_size_value==0", 4, "all bare, window 0"),
            Check("tcp.flags.reset==1", 4, "and no other RST"),
            Check("tcp.port in {41701..41704} && tcp.flags.fin==1", 0, "no FIN on the four"),
            Check("tcp.srcport in {41701..41704} && tcp.len==5", 24, "5 answered lines and one lost on each"),
            Check("tcp.dstport in {41701..41704} && tcp.len==5", 20, "twenty echoes"),
            Check("tcp.dstport==41705 && tcp.len==5", 1, "the new connection is answered"),
            Check("tcp.dstport==41711 && tcp.len==5", 9, "the connection to 7001 goes on"),
        ],
        ladders=[("one of the four, its end", "tcp.port==41702 && frame.time_relative > 1.5")],
    )
