"""A device in the path sends a RST in the server's name while the server goes on; captured at both ends."""

import contextlib
import select
import socket
import time

from labkit import clients, tshark
from labkit.network import command, in_background
from labkit.note import Check

CAPTURES = ("rst-by-middlebox.pcap", "rst-by-middlebox-server.pcap")
CLIENT, SERVER = "10.0.1.1", "10.0.2.2"
CUT = (41801, 41802, 41803)
HEALTHY = 41811

# The device's own packets start with TTL 255, as those of many appliances do.
REJECT = """
table ip lab {
  chain forward {
    type filter hook forward priority 0;
    tcp dport 7000 tcp sport 41801-41803 tcp flags & (psh | ack) == (psh | ack) reject with tcp reset
  }
}
"""


def record(lab):
    lab.routed()
    lab.network.sysctl("router", "net.ipv4.ip_default_ttl", 255)
    with lab.network.inside("server"):
        listener = socket.create_server(("", 7000))
    in_background(serve, listener)
    with lab.capture(CAPTURES[0], nanoseconds=True), lab.capture(CAPTURES[1], where="server", nanoseconds=True):
        healthy = in_background(listen, lab, HEALTHY, 0.9)
        for port in CUT:
            cut(lab, port)
            time.sleep(0.15)
        healthy.join(timeout=10)
    describe(lab)


def serve(listener):
    while True:
        in_background(tick, listener.accept()[0])


def tick(sock):
    """Talks by itself, a tick every 5 ms whatever the client says, until the client has closed."""
    with contextlib.suppress(ConnectionError):
        while True:
            readable, _, _ = select.select([sock], [], [], 0.005)
            if readable and not sock.recv(4096):
                break
            sock.sendall(b"tick\n")
    sock.close()


def listen(lab, port, seconds):
    sock = clients.connect(lab.network, "client", SERVER, 7000, port)
    sock.sendall(b"hello\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sock.recv(4096)
        time.sleep(0.02)
    sock.shutdown(socket.SHUT_WR)
    clients.drain(sock)


def cut(lab, port):
    sock = clients.connect(lab.network, "client", SERVER, 7000, port)
    sock.sendall(b"hello\n")
    for _ in range(8):
        sock.recv(4096)
    lab.network.nft("router", REJECT)
    sock.sendall(b"a forbidden word\n")
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(4096):
            pass
    with lab.network.inside("router"):
        command("nft", "delete", "table", "ip", "lab")
    sock.close()


def describe(lab):
    at_client, _at_server = (lab.store(name) for name in CAPTURES)
    after = 0
    for port in CUT:
        rst = tshark.numbers(at_client, f"tcp.dstport=={port} && tcp.flags.reset==1")[0]
        after += len(tshark.numbers(at_client, f"tcp.dstport=={port} && tcp.len>0 && frame.number>{rst}")) > 0
    if after < 2:
        raise AssertionError(f"the server went on after the RST on {after} connections only")
    how = """
        Client 10.0.1.1, a router, server 10.0.2.2. A Python server on port 7000 sends a tick every 5 ms.
        Three connections (ports 41801-41803) run for some ticks; then the client sends a line which a rule on the
        router (nftables `reject with tcp reset`) answers in the server's name; the rule is taken away again. The
        router's own TTL is 255. A fourth connection (41811) runs beside them and is let through.
        Nanosecond time stamps."""
    lab.note(
        CAPTURES[0],
        title="a device in the path resets connections in the server's name",
        programs=["nft"],
        how=how + " Captured at the client.",
        shows="""
            The server's packets come with TTL 63, the RST with TTL 255. The server knows nothing of the RST: its next
            ticks arrive after it, and the client's host answers those with RSTs of its own. The rejected line never
            reached the server (see rst-by-middlebox-server).""",
        say=[
            "injected-reset for 10.0.2.2:7000: 3 of 4 connections; TTL 255 where the server's packets have 63",
            "valid data from the server came after the RST in its name",
        ],
        never=[
            "that the server reset the connections",
            "state-loss-reset, stale-reuse, abortive-close",
            "the client's RSTs (to late data) as the cause",
        ],
        checks=[
            Check(f"ip.src=={SERVER} && tcp.flags.reset==1 && ip.ttl==255", 3, "RSTs in the server's name, TTL 255"),
            Check(f"ip.src=={SERVER} && tcp.flags.reset==1 && ip.ttl!=255", 0, "no RST with the server's TTL"),
            Check(f"ip.src=={SERVER} && tcp.flags.reset==0 && ip.ttl!=63", 0, "all else of the server has TTL 63"),
            Check("tcp.len==17", 3, "the rejected lines"),
            Check("tcp.port==41811 && tcp.flags.reset==1", 0, "the fourth ends without a RST"),
        ],
        ladders=[
            ("one of the three, its end", "tcp.port==41802 && (tcp.len==17 || tcp.flags.reset==1 || ip.ttl==255)")
        ],
    )
    lab.note(
        CAPTURES[1],
        title="the same run as rst-by-middlebox, captured at the server",
        programs=["nft"],
        how=how + " Captured at the server.",
        shows="""
            Neither the rejected lines nor the RSTs with TTL 255 are here: the lines were lost and the RSTs born
            between the two capture points. What the server sees is a RST by the client's host.""",
        say=["with rst-by-middlebox.pcap (correlate): three RSTs seen at the client were never sent by the server"],
        never=["injected-reset from this capture alone: the RSTs here are real ones, TTL 63, by the client's host"],
        checks=[
            Check(
                f"ip.src=={SERVER} && tcp.flags.reset==1 && tcp.dstport in {{41801..41803}}", 0, "no RST by the server"
            ),
            Check("tcp.len==17", 0, "the rejected lines did not arrive"),
            Check("tcp.len==6 && tcp.dstport==7000", 4, "the first lines did"),
            Check(
                f"ip.src=={CLIENT} && tcp.flags.reset==1 && tcp.dstport==7000 && ip.ttl==63",
                (3, 40),
                "the client's RSTs",
            ),
        ],
        ladders=[("one of the three, its end", "tcp.port==41802 && tcp.flags.reset==1")],
    )
