"""One run captured at three points, with something lost, refused or changed between each two of them."""

import contextlib
import socket
import time

from labkit import clients
from labkit.note import Check

CAPTURES = ("capture-points-client.pcap", "capture-points-inner.pcap", "capture-points-server.pcap")
SERVICE, SERVER = "10.0.9.9", "10.0.3.2"
GOOD, TRANSLATED, LATE = (43901, 43902), (43911, 43912, 43913), 43914
NO_SYN, NO_ANSWER, RESET, SILENT = 43903, 43904, 43905, 43906

# The outer router: another address for the service and for its clients, smaller segments, and a lost SYN.
OUTER = """
table ip lab {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr 10.0.9.9 tcp dport 7000 dnat to 10.0.3.2
  }
  chain postrouting {
    type nat hook postrouting priority 100;
    tcp sport 43911-43914 masquerade
  }
  chain forward {
    type filter hook forward priority 0;
    tcp flags syn tcp option maxseg size set 1300
    tcp sport 43903 drop
  }
}
"""
# The inner router: a lost SYN-ACK, and a RST in the server's name.
INNER = """
table ip lab {
  chain forward {
    type filter hook forward priority 0;
    tcp sport 7001 tcp dport 43904 tcp flags & (syn | ack) == (syn | ack) drop
    tcp dport 7001 tcp sport 43905 tcp flags & (psh | ack) == (psh | ack) reject with tcp reset
  }
}
"""
# The server's own filter.
DEAF = """
table ip lab {
  chain input {
    type filter hook input priority 0;
    tcp dport 7001 tcp sport 43906 drop
  }
}
"""


def record(lab):
    network = lab.network
    for name in ("client", "outer", "inner", "server"):
        network.namespace(name)
    network.link("client", "outer", ["10.0.1.1/24"], ["10.0.1.254/24"], b_device="eth0")
    network.link("outer", "inner", ["10.0.2.254/24"], ["10.0.2.1/24"], a_device="eth1", b_device="eth0")
    network.link("inner", "server", ["10.0.3.254/24"], ["10.0.3.2/24"], a_device="eth1")
    for destination in ("10.0.3.0/24", "10.0.9.0/24"):
        network.route("client", destination, "10.0.1.254")
    network.route("outer", "10.0.3.0/24", "10.0.2.1")
    network.route("inner", "10.0.1.0/24", "10.0.2.254")
    network.route("server", "10.0.1.0/24", "10.0.3.254")
    network.route("server", "10.0.2.0/24", "10.0.3.254")
    for router in ("outer", "inner"):
        network.sysctl(router, "net.ipv4.ip_forward", 1)
    network.nft("outer", OUTER)
    network.nft("inner", INNER)
    network.nft("server", DEAF)
    lab.programs.echo("server", 7000)
    lab.programs.echo("server", 7001)
    places = zip(CAPTURES, ("client", "inner", "server"), strict=True)
    with contextlib.ExitStack() as captures:
        for name, where in places:
            captures.enter_context(lab.capture(name, where=where))
        story(lab)
    describe(lab)


def story(lab):
    for address, server_port, ports in ((SERVER, 7001, GOOD), (SERVICE, 7000, TRANSLATED)):
        for port in ports:
            clients.echo(sock := clients.connect(lab.network, "client", address, server_port, port), b"ping\n")
            sock.close()
    for port in (NO_SYN, NO_ANSWER, SILENT):
        with contextlib.suppress(OSError):
            clients.connect(lab.network, "client", SERVER, 7001, port, timeout=1.5)
            raise RuntimeError("it connected")
    sock = clients.connect(lab.network, "client", SERVER, 7001, RESET)
    with contextlib.suppress(ConnectionResetError):
        sock.sendall(b"a forbidden word\n")
        sock.recv(4096)
    sock.close()
    time.sleep(4)
    clients.echo(sock := clients.connect(lab.network, "client", SERVICE, 7000, LATE), b"late\n")
    sock.shutdown(socket.SHUT_WR)
    clients.drain(sock)


def describe(lab):
    how = """
        Client 10.0.1.1, two routers, server 10.0.3.2 with echo servers on ports 7000 and 7001. The outer router
        translates 10.0.9.9:7000 to the server and those clients to itself, makes the MSS of every SYN 1300, and drops
        the SYNs of port 43903. The inner one drops the SYN-ACKs to port 43904 and answers payload of port 43905 by a
        RST in the server's name. The server's own filter drops port 43906."""
    titles = ("at the client", "at the inner router, on its outer side", "at the server")
    shows = (
        "Three attempts without an answer, and a RST: from here alone nobody can tell where.",
        "The SYNs of 43903 are not here. Those of 43904 and 43906 are, and no answer to either. The RST to 43905 is.",
        "The SYN-ACKs to 43904 are here, no RST by the server, and the SYNs of 43906, which nobody answers.",
    )
    syns = "tcp.flags==0x002 && tcp.srcport=="
    checks = (
        [Check(f"{syns}{NO_SYN}", (1, 9), "SYNs"), Check("tcp.flags.reset==1 && tcp.srcport==7001", 1, "the RST")],
        [Check(f"{syns}{NO_SYN}", 0, "no SYN"), Check("tcp.flags.reset==1 && tcp.srcport==7001", 1, "the RST")],
        [
            Check("tcp.flags==0x012 && tcp.dstport==43904", (1, 9), "SYN-ACKs"),
            Check("tcp.flags.reset==1 && tcp.srcport==7001", 0, "no RST"),
            Check(f"{syns}{SILENT}", (1, 9), "SYNs"),
            Check("tcp.flags==0x002 && tcp.options.mss_val!=1300", 0, "the MSS was changed"),
        ],
    )
    for name, title, shown, asked in zip(CAPTURES, titles, shows, checks, strict=True):
        lab.note(
            name,
            title=f"three capture points, {title}",
            programs=["nft"],
            how=how + f" Captured {title}.",
            shows=shown,
            say=["with the two others (correlate): where each of them was lost or made, and what was changed"],
            never=["connection-refused, and that the server reset the connection"],
            checks=asked,
            ladders=[("the attempts", f"tcp.port in {{{NO_SYN},{NO_ANSWER},{RESET},{SILENT}}}")],
        )
