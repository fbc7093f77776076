"""Connections that do not open: given up too soon, a port whose old connection still lives, an ACK that never comes, a dead target."""  # noqa: E501

import contextlib
import socket
import struct
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("time-wait-collision.pcap", "syn-ack-unanswered.pcap")
STUCK, CLEARED, FREE, DEAF = 43801, 43802, 43811, (43821, 43822, 43823)
# A RST of these clients never reaches the server.
SILENCE = """
table inet lab {
  set silenced { type inet_service; elements = { 43801, 43802 } }
  chain output {
    type filter hook output priority 0;
    tcp sport @silenced tcp flags & rst != 0 drop
  }
}
"""
# What the server answers does not reach these clients.
DEAFNESS = """
table inet lab {
  chain input {
    type filter hook input priority 0;
    tcp dport 43821-43823 drop
  }
}
"""


def record(lab):
    lab.pair()
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0]):
        old = [clients.connect(lab.network, "client", SERVER, 7000, port) for port in (STUCK, CLEARED)]
        lab.network.nft("client", SILENCE)
        for sock in old:
            clients.echo(sock, b"ping\n")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        lab.network.nft("client", "delete element inet lab silenced { 43802 }\n")
        time.sleep(1)
        give_up(lab, STUCK)
        for port in (CLEARED, FREE):
            sock = clients.connect(lab.network, "client", SERVER, 7000, port)
            clients.echo(sock, b"ping\n")
            sock.close()
            time.sleep(0.2)
        time.sleep(3)
    lab.network.nft("client", "flush ruleset")
    lab.network.nft("client", DEAFNESS)
    with lab.capture(CAPTURES[1], where="server"):
        waiting = [in_background(give_up, lab, port) for port in DEAF]
        sock = clients.connect(lab.network, "client", SERVER, 7000, FREE + 1)
        clients.echo(sock, b"ping\n")
        sock.close()
        for one in waiting:
            one.join()
        time.sleep(3)
    describe(lab)


def give_up(lab, port):
    with contextlib.suppress(OSError):
        clients.connect(lab.network, "client", SERVER, 7000, port, timeout=5)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a port whose old connection is still open at the server",
        programs=["socat", "nft"],
        how=f"""
            Two clients exchange a line with socat from the ports {STUCK} and {CLEARED} and are gone: nftables
            drops the RST with which their kernel says so, as if the node had crashed. A second later both
            connect again from the same ports. The RSTs of the first are dropped still, as some firewalls do;
            those of the second get through. A third uses a port of its own.""",
        shows="""
            The server holds the old connections and answers a new SYN with an ACK for the old one (RFC 5961).
            The client resets that. Where the RST is lost, each further SYN has the same answer, and the attempt
            fails; where it arrives, the next SYN, which Linux sends at once, opens the connection.""",
        say=[f"time-wait-collision for {SERVER}:7000: 1 of 3 new attempts, failed"],
        never=["accept-queue-overflow, stale-nat-target, syn-unanswered", "the other two new ones as failed or slow"],
        checks=[
            Check(
                f"tcp.flags==0x002 && tcp.srcport=={STUCK}",
                (4, 9),
                "SYN of the old connection, and several of the new one",
            ),
            Check(f"tcp.flags==0x004 && tcp.srcport=={CLEARED}", 1, "the RST that cleared the old connection"),
        ],
        ladders=[("the one that fails", f"tcp.port=={STUCK} && frame.time_relative > 0.9")],
    )
    lab.note(
        CAPTURES[1],
        title="SYN-ACKs that do not reach the client",
        programs=["socat", "nft"],
        how="""
            nftables drops what comes back to three of four clients, as a firewall does on a way back that it
            did not see open. Captured at the server.""",
        shows="The server answers each SYN, and each repeated SYN, with a SYN-ACK; no ACK comes.",
        say=[
            f"syn-ack-unanswered for {SERVER}:7000: 3 of 4; the clients asked again, so the answers are lost on the way back"  # noqa: E501
        ],
        never=["syn-unanswered", "a SYN flood", "the fourth as failed"],
        checks=[
            Check("tcp.flags==0x012 && tcp.dstport in {43821..43823}", (6, 60), "SYN-ACKs, again and again"),
            Check("tcp.flags==0x010 && tcp.srcport in {43821..43823}", 0, "no ACK"),
        ],
        ladders=[("the first", "tcp.port==43821")],
    )
