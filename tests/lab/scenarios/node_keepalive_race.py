"""Idle keep-alive connections of node, some of them written on after, or while, node closes them."""

import socket
import time

from labkit import clients, tshark
from labkit.lab import CLIENT, SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("node-keepalive-race.pcap", "node-keepalive-race-flags.pcap")
FLAGS = "tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0"
DELAY_S = 0.020
NODE_CLOSES_S = 6.0  # 5 s announced, and one second that node adds

IN_TIME = {40001: 1.5, 40002: 3.0, 40003: 5.5}  # port: idle seconds before the second request
UNAWARE = {40004: 0.1, 40005: 0.3, 40006: 0.6, 40007: 1.0}  # port: seconds after the FIN's arrival
CROSSED = {40008: 0.012, 40009: 0.018, 40010: 0.024}  # port: seconds before the FIN's arrival
TWICE = 40008  # of the crossed: its client has the FIN acknowledged at once, which draws a second RST
CLIENT_FIRST = {40011: 1.0, 40012: 4.0}  # port: idle seconds before the client closes
POLITE = (40013, 40014)  # the client sees the FIN and closes


def record(lab):
    lab.pair(DELAY_S)
    lab.programs.node("server", 8080)
    with lab.capture(CAPTURES[0]), lab.capture(CAPTURES[1], expression=FLAGS):
        stories = [in_background(reuse_in_time, lab, *item) for item in IN_TIME.items()]
        stories += [in_background(write_after_the_close, lab, *item) for item in UNAWARE.items()]
        stories += [in_background(write_into_the_close, lab, *item) for item in CROSSED.items()]
        stories += [in_background(close_first, lab, *item) for item in CLIENT_FIRST.items()]
        stories += [in_background(close_on_close, lab, port) for port in POLITE]
        for story in stories:
            story.join(timeout=20)
    describe(lab)


def opened(lab, port):
    # The connections start 60 ms apart, so that no two closes fall together.
    time.sleep((port - 40000) * 0.06)
    sock = clients.connect(lab.network, "client", SERVER, 8080, port)
    clients.exchange(sock)
    return sock, time.monotonic()


def reuse_in_time(lab, port, idle_s):
    sock, _ = opened(lab, port)
    time.sleep(idle_s)
    clients.exchange(sock)
    time.sleep(0.2)
    sock.close()


def write_after_the_close(lab, port, later_s):
    sock, _ = opened(lab, port)
    clients.wait_for_close(sock)
    time.sleep(later_s)
    sock.sendall(clients.request())
    expect_reset(sock)


def write_into_the_close(lab, port, before_s):
    sock, answered = opened(lab, port)
    time.sleep(max(0.0, answered + NODE_CLOSES_S - before_s - time.monotonic()))
    sock.sendall(clients.request())
    if port == TWICE:
        sock.recv(1)  # the end of the file
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    expect_reset(sock)


def expect_reset(sock):
    time.sleep(3 * DELAY_S)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        pass
    sock.close()


def close_first(lab, port, idle_s):
    sock, _ = opened(lab, port)
    time.sleep(idle_s)
    sock.close()


def close_on_close(lab, port):
    sock, _ = opened(lab, port)
    clients.wait_for_close(sock)
    sock.close()


def describe(lab):
    full, _flags = (lab.store(name) for name in CAPTURES)
    fins = {}
    for port, seq in tshark.fields(full, f"ip.src=={SERVER} && tcp.flags.fin==1", "tcp.dstport", "tcp.seq_raw"):
        fins.setdefault(int(port), int(seq))
    ports = "{" + ",".join(str(port) for port in (*UNAWARE, *CROSSED)) + "}"
    reset = f"ip.src=={SERVER} && tcp.flags==0x004 && tcp.window_size_value==0"
    checks = [
        Check("tcp.flags.syn==1 && tcp.flags.ack==0", 14, "fourteen connections"),
        Check(
            f"ip.src=={SERVER} && tcp.flags.fin==1 && tcp.dstport in {{40004..40010,40013,40014}}",
            9,
            "node closes nine idle connections, 6.0 s after its last response",
        ),
        Check(
            f"ip.src=={CLIENT} && tcp.flags.fin==1 && tcp.srcport in {{40001..40003,40011,40012}}",
            5,
            "the client closes five first",
        ),
        Check(
            f"{reset} && tcp.dstport in {ports}", (8, 10), "bare RSTs: one for each of seven lost requests, some twice"
        ),
        Check(f"tcp.flags.reset==1 && !({reset} && tcp.dstport in {ports})", 0, "and no other RST"),
    ]
    shape = []
    for port in UNAWARE:
        after = (fins[port] + 1) % 2**32
        shape.append(
            Check(
                f"{reset} && tcp.dstport=={port} && tcp.seq_raw=={after}",
                1,
                f"port {port}: RST seq = FIN seq + 1: written {UNAWARE[port]} s after the FIN had come",
            )
        )
    for port in CROSSED:
        shape.append(
            Check(
                f"{reset} && tcp.dstport=={port} && tcp.seq_raw=={fins[port]}",
                1,
                f"port {port}: RST seq = FIN seq: request and FIN crossed",
            )
        )
    second = (fins[TWICE] + 1) % 2**32
    shape.append(
        Check(
            f"{reset} && tcp.dstport=={TWICE} && tcp.seq_raw=={second}",
            1,
            f"port {TWICE}: a second RST, which answers the bare ACK of the FIN",
        )
    )
    how = """
        A node http server with its defaults (keepAliveTimeout 5000 ms, announced as `Keep-Alive: timeout=5`) and a
        Python client on plain sockets, in two namespaces joined by a cable with 20 ms delay each way; captured at the
        client's end. Fourteen connections from ports 40001 to 40014, each with one request; what follows is told by
        the port: 40001-40003 are used again after 1.5, 3.0 and 5.5 s and closed by the client; 40004-40007 are
        written on 0.1, 0.3, 0.6 and 1.0 s after node's FIN had come (the client does not watch its idle connections);
        40008-40010 are written on 12, 18 and 24 ms before node's FIN comes, while it is on its way, and the client of
        40008 has the FIN acknowledged at once; 40011 and 40012 are closed by the client after 1 and 4 s; on 40013 and
        40014 the client sees the FIN and closes."""
    common = {"how": how, "programs": ["node"]}
    lab.note(
        CAPTURES[0],
        **common,
        title="node closes idle connections, and a client writes on them",
        shows="""
            node announces 5 s and sends its FIN 6.0 s after its last response. Nine connections end so; seven of them
            carry a request which node never reads and answers with a bare RST (no ACK, window 0). On four the request
            was written after the FIN had been acknowledged: RST seq = FIN seq + 1. On three it crossed the FIN on the
            way: RST seq = FIN seq. On 40008 the ACK of the FIN draws a second RST, with seq = FIN seq + 1: of several
            RSTs the first decides. The FIN is the cause, the RST its echo. The other seven connections are healthy.""",
        say=[
            "idle-close for 10.0.0.2:8080: 9 of 14, 6.0 s after the last response; announced 5 s",
            "stale-reuse for 10.0.0.2:8080: 7 requests lost: 3 crossed the FIN, 4 were written after it (0.1 to 1.0 s)",
            "remedy: the client's idle timeout below 5 s, or keepAliveTimeout above the client's",
        ],
        never=[
            "that the second RST on 40008 (seq = FIN seq + 1) shows a write after the close",
            "that the server resets idle connections: it closes them, with a FIN",
            "request-limit-close, state-loss-reset, injected-reset, abortive-close, health-check",
            "anything of the connections from 40001-40003, 40011-40014 as failed",
        ],
        checks=[
            *checks,
            *shape,
            Check(
                f"ip.src=={SERVER} && tcp.flags.fin==1 && tcp.time_delta > 5.9 && tcp.time_delta < 6.1",
                6,
                "idle for 6.0 s: the six closes without a crossing request before them",
            ),
            Check('http.response && http contains "Keep-Alive: timeout=5"', 17, "each response announces 5 s"),
            Check(f"ip.src=={CLIENT} && http.request", 24, "seventeen requests answered, seven lost"),
        ],
        ladders=[
            ("written 0.1 s after the FIN", "tcp.port==40004"),
            ("crossed", "tcp.port==40009"),
            ("crossed, with a second RST", "tcp.port==40008 && tcp.flags.syn==0"),
        ],
    )
    lab.note(
        CAPTURES[1],
        **common,
        title="the same traffic as node-keepalive-race, only SYN, FIN and RST",
        shows="""
            The same run, seen through `tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0`: requests, responses and bare
            ACKs are not there. What remains tells enough: FIN before RST, RST seq against FIN seq, the bytes of each
            side by sequence numbers, and by the FIN's TSecr (the TSval of the last segment that its sender had
            received) when the peer was last heard: idle for 6.0 s.""",
        say=[
            "that the capture holds only SYN, FIN and RST (flags-only-capture), and what it can not show for that",
            "idle-close for 10.0.0.2:8080: 9 of 14; about 6.0 s by TCP timestamps, or as a life if idle is not claimed",
            "stale-reuse: 7, of which 3 crossed and 4 were written after the FIN, told by the RST's sequence number",
        ],
        never=[
            "that segments were lost or not captured by a fault",
            "health-check or connect-and-close: bytes were exchanged, the sequence numbers say so",
            "state-loss-reset, injected-reset, no-server-hello, one-way-capture",
        ],
        checks=[*checks, *shape, Check("tcp.len>0", 0, "no payload packet")],
        ladders=[
            ("written 0.1 s after the FIN", "tcp.port==40004"),
            ("crossed", "tcp.port==40009"),
            ("crossed, with a second RST", "tcp.port==40008 && tcp.flags.syn==0"),
        ],
    )
