"""A router forgets a connection that was quiet for a minute: then what is written vanishes, or is refused."""

import contextlib
import socket
import time

from labkit import clients
from labkit.note import Check

CAPTURES = ("silent-idle-drop.pcap",)
SERVER = "10.0.2.2"
DROPPED, REFUSED, PROBED, EARLY = (42901, 42902), 42911, 42921, 42931
FIREWALL = """
table inet lab {
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established,related accept
    tcp flags & (syn | ack) == syn accept
    tcp dport 7001 reject with tcp reset
    tcp sport 7001 drop
    meta l4proto tcp drop
  }
}
"""
TIMEOUT_S = 45


def record(lab):
    lab.routed()
    lab.network.nft("router", FIREWALL)
    # What is not known and is no SYN opens no entry; a quiet one is forgotten.
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_tcp_loose", 0)
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_tcp_timeout_established", TIMEOUT_S)
    lab.programs.echo("server", 7000)
    lab.programs.echo("server", 7001)
    with lab.capture(CAPTURES[0], expression="tcp or icmp"):
        socks = {}
        for port in (*DROPPED, PROBED, EARLY):
            socks[port] = clients.connect(lab.network, "client", SERVER, 7000, port)
        socks[REFUSED] = clients.connect(lab.network, "client", SERVER, 7001, REFUSED)
        for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10)):
            socks[PROBED].setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        socks[PROBED].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for sock in socks.values():
            clients.echo(sock, b"ping\n")
        time.sleep(30)
        clients.echo(socks[EARLY], b"ping\n")
        time.sleep(32)
        clients.echo(socks[PROBED], b"ping\n")
        socks[REFUSED].sendall(b"ping\n")
        with contextlib.suppress(ConnectionResetError):
            socks[REFUSED].recv(100)
            raise RuntimeError("the router still knows the connection")
        for port in DROPPED:
            socks[port].sendall(b"ping\n")
            time.sleep(0.5)
        time.sleep(5)
        for sock in (socks[PROBED], socks[EARLY]):
            sock.close()
        time.sleep(0.5)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a router forgets quiet connections after 45 s",
        programs=["socat", "nft"],
        how="""
            A client, a router with connection tracking, a server with socat as an echo on ports 7000 and 7001. The
            router forgets an
            established connection after 45 s (`nf_conntrack_tcp_timeout_established`), takes none up in its middle
            (`nf_conntrack_tcp_loose=0`), and forwards only what it knows. What it does not know it drops; to port
            7001 it answers
            by a RST. Five connections exchange a line. 42931 writes again after 30 s. After 62 s 42921, whose socket
            sends keep-alive
            probes every 20 s, 42911 to port 7001, and 42901 and 42902 write.""",
        shows="""
            42901 and 42902: after 62 s of silence the line is sent again and again without an answer. 42911: it is
            answered by a bare RST;
            its TTL is 64, one hop away, while the server's other packets have 63. 42921 and 42931 go on: their silence
            was shorter, or broken by probes.""",
        say=[
            "silent-idle-drop for 10.0.2.2:7000: 2 of 4, not answered after 62 s of silence; 30 s were survived",
            "silent-idle-drop for 10.0.2.2:7001: answered by a RST after 62 s",
        ],
        never=[
            "idle-close: nobody closed",
            "state-loss-reset, state-loss-drop, abortive-close",
            "anything bad of 42921 and 42931",
        ],
        checks=[
            Check("tcp.srcport in {42901,42902} && tcp.len==5", (10, 16), "the line, again and again"),
            Check("tcp.dstport in {42901,42902} && frame.time_relative > 1", 0, "and no answer"),
            Check(
                "tcp.flags.reset==1 && tcp.dstport==42911 && ip.ttl==64 && tcp.flags==0x004",
                1,
                "a bare RST by the router",
            ),
            Check("tcp.srcport==7001 && ip.ttl==63 && tcp.flags.reset==0", (3, 3), "the server's own packets"),
            Check("tcp.analysis.keep_alive && tcp.srcport==42921", (2, 4), "probes"),
            Check("tcp.dstport==42931 && tcp.len==5", 2, "30 s were survived"),
            Check("tcp.dstport==42921 && tcp.len==5", 2, "62 s with probes too"),
        ],
        ladders=[("dropped", "tcp.port==42901"), ("refused", "tcp.port==42911")],
    )
