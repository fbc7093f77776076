"""Address translation that replies escape: on another way, and when the router has forgotten the connection."""

import contextlib
import time

from labkit import clients
from labkit.network import command
from labkit.note import Check

CAPTURES = ("reset-of-syn-ack.pcap", "untranslated-reply.pcap")
SERVICE, BACKEND = "10.0.9.9", "10.0.2.2"
ASKING, HOLDING = (43891, 43892, 43893), (43896, 43897)
TRANSLATION = """
table ip lab {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr 10.0.9.9 tcp dport 7000 dnat to 10.0.2.2
  }
}
"""
# Says a line when it is asked, and one more later by itself.
PUSHING = """
import socketserver, time

class Pushing(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(4096))
        time.sleep(8)
        self.request.sendall(b"news\\n")
        while self.request.recv(4096):
            pass

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

Server(("", 7000), Pushing).serve_forever()
"""


def record(lab):
    lab.routed()
    lab.network.route("client", "10.0.9.0/24", "10.0.1.254")
    lab.network.nft("router", TRANSLATION)
    # The router forgets what is quiet for 4 s, and takes up what it sees in its middle.
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_tcp_timeout_established", 4)
    lab.programs.start("server", ["python3", "-c", PUSHING], [7000])
    with lab.capture(CAPTURES[1]):
        socks = [clients.connect(lab.network, "client", SERVICE, 7000, port) for port in HOLDING]
        for sock in socks:
            clients.echo(sock, b"ping\n")
        time.sleep(10)
        for sock in socks:
            sock.close()
        time.sleep(0.5)
    # A second way from the server to the client, past the router: two pods on one bridge.
    lab.network.link("client", "server", ["10.0.3.1/24"], ["10.0.3.2/24"], a_device="eth1", b_device="eth1")
    for where in ("client", "server"):
        for device in ("all", "eth0", "eth1"):
            lab.network.sysctl(where, f"net.ipv4.conf.{device}.rp_filter", 0)
    with lab.network.inside("server"):
        command("ip", "route", "replace", "10.0.1.0/24", "via", "10.0.3.1")
    with lab.capture(CAPTURES[0], interface="any", expression="tcp portrange 43891-43893"):
        for port in ASKING:
            with contextlib.suppress(OSError):
                clients.connect(lab.network, "client", SERVICE, 7000, port, timeout=2.5)
                raise RuntimeError("it connected")
        time.sleep(0.5)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the SYN-ACK comes from the backend and not from the service",
        programs=["nft"],
        how=f"""
            A router translates {SERVICE}:7000 to {BACKEND}. The backend has a way of its own back to the client,
            past the router, as pods on one bridge have without br_netfilter. Three clients try to connect for 2.5 s.
            Captured at the client on all interfaces.""",
        shows=f"""
            Each SYN goes to {SERVICE}; its SYN-ACK comes from {BACKEND}, of which the client knows nothing: it
            answers by a RST, and repeats its SYN.""",
        say=[
            f"reset-of-syn-ack for {BACKEND}:7000: SYN-ACKs reached a host that had not asked it",
            f"syn-unanswered for {SERVICE}:7000",
        ],
        never=["connection-refused", "a port scan"],
        checks=[
            Check(f"tcp.flags==0x002 && ip.dst=={SERVICE}", (6, 12), "SYNs to the service"),
            Check(f"tcp.flags==0x012 && ip.src=={BACKEND}", (6, 30), "SYN-ACKs of the backend"),
            Check(f"tcp.flags==0x004 && ip.dst=={BACKEND}", (6, 30), "RSTs of the client"),
        ],
        ladders=[("the first client", "tcp.port==43891")],
    )
    lab.note(
        CAPTURES[1],
        title="a reply that the router did not translate back",
        programs=["nft"],
        how=f"""
            A router translates {SERVICE}:7000 to {BACKEND} and forgets a connection that was quiet for 4 s. Two
            clients exchange a line; 8 s later the server sends one by itself. Captured at the client.""",
        shows=f"""
            The later line comes from {BACKEND}:7000 instead of {SERVICE}:7000; the client's host answers it by a RST
            without ACK, whose number lies in what the client had sent to the service.""",
        say=[f"untranslated-reply: from {BACKEND}:7000 instead of {SERVICE}:7000, 2 connections"],
        never=["state-loss-reset of the service", "injected-reset"],
        checks=[
            Check(f"tcp.len>0 && ip.src=={BACKEND}", (2, 6), "the line under the backend's own address"),
            Check(f"tcp.flags==0x004 && ip.dst=={BACKEND}", (2, 6), "RSTs of the client"),
        ],
        ladders=[("the first", "tcp.port==43896")],
    )
