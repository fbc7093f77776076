"""A closed port, over IPv4 and IPv6, beside an open one."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER, SERVER6
from labkit.note import Check

CAPTURES = ("connection-refused.pcap",)


def record(lab):
    lab.pair()
    lab.programs.node("server", 8080)
    with lab.capture(CAPTURES[0]):
        for i in range(5):
            for address in (SERVER, SERVER6) if i < 4 else (SERVER,):
                with contextlib.suppress(ConnectionRefusedError):
                    clients.connect(lab.network, "client", address, 9000)
                    raise RuntimeError("port 9000 is open")
            time.sleep(0.2)
        for address in (SERVER, SERVER6):
            sock = clients.connect(lab.network, "client", address, 8080)
            clients.exchange(sock)
            sock.close()
    describe(lab)


def describe(lab):
    refusal = "tcp.flags==0x014 && tcp.seq_raw==0 && tcp.window_size_value==0"
    lab.note(
        CAPTURES[0],
        title="a closed port answers RST",
        programs=["node"],
        how="""
            Nothing listens on port 9000 of the server; a Python client tries five times over IPv4 and four times over
            IPv6, 0.2 s apart. Then one good request each over IPv4 and IPv6 to node on port 8080.""",
        shows="""
            Nine SYNs, each answered at once by RST+ACK with seq 0, ack = ISN + 1 and window 0: the host is up and
            nobody listens. The two connections to port 8080 are healthy, so the host and the path are good.""",
        say=[
            "connection-refused for 10.0.0.2:9000: 5 of 5",
            "connection-refused for [fd00::2]:9000: 4 of 4",
            "the RST has the TTL (hop limit) of the host's other packets, where that is said",
        ],
        never=["syn-unanswered, injected-reset, abortive-close", "anything bad of port 8080"],
        checks=[
            Check("tcp.dstport==9000 && tcp.flags.syn==1 && ip", 5, "SYNs over IPv4"),
            Check("tcp.dstport==9000 && tcp.flags.syn==1 && ipv6", 4, "SYNs over IPv6"),
            Check(f"tcp.srcport==9000 && ip && {refusal}", 5, "refused over IPv4"),
            Check(f"tcp.srcport==9000 && ipv6 && {refusal}", 4, "refused over IPv6"),
            Check("tcp.flags.reset==1", 9, "no other RST"),
            Check("tcp.port==8080 && http.response", 2, "two good answers on port 8080"),
        ],
        ladders=[("the first attempt", "tcp.stream==0")],
    )
