"""A client that uses up its ports: what a real kernel does, and what of it is on the wire."""

import errno
import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("ephemeral-port-exhaustion.pcap.gz",)
FIRST, LAST = 40000, 40099
TRIES_FOR_S, PAUSE_S = 75.0, 0.01


def record(lab):
    lab.pair()
    lab.network.sysctl("client", "net.ipv4.ip_local_port_range", f"{FIRST} {LAST}")
    lab.programs.no_content("server")
    made, failed = 0, 0
    with lab.capture(CAPTURES[0], snaplen=96):
        end = time.monotonic() + TRIES_FOR_S
        while time.monotonic() < end:
            try:
                sock = clients.connect(lab.network, "client", SERVER, 80)
                clients.exchange(sock)
                sock.close()
                made += 1
            except OSError as failure:
                if failure.errno != errno.EADDRNOTAVAIL:
                    raise
                failed += 1
            time.sleep(PAUSE_S)
    describe(lab, made, failed)


def describe(lab, made, failed):
    ports = LAST - FIRST + 1
    if made != 2 * ports or failed < 1_000:
        raise RuntimeError(f"{made} connections and {failed} failures are not what was meant to be recorded")
    lab.note(
        CAPTURES[0],
        title="a client without a free port",
        programs=["nginx"],
        how=f"""
            The client may use {ports} ports ({FIRST}-{LAST}, net.ipv4.ip_local_port_range). A Python client makes one
            request on each connection to nginx and closes first, one after the other, for {TRIES_FOR_S:.0f} s, with
            {PAUSE_S * 1000:.0f} ms between. {made} connections could be made; {failed} times connect() failed at once
            (EADDRNOTAVAIL). 96 bytes of each packet, compressed with gzip.""",
        shows=f"""
            {ports} connections within two seconds, each from another port. Then not one packet, though the client goes
            on trying: every port is in TIME_WAIT. 60 s after the first FIN ports become free, and the same ones are
            used again, one after the other; then nothing more.""",
        say=[
            f"ephemeral-port-exhaustion: {CLIENT} used all of ports {FIRST} to {LAST} within a minute, and again",
            "the attempts that failed can not be seen",
        ],
        never=["any error: no packet shows that a connection failed", "syn-unanswered, connection-refused"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", made, "connections"),
            Check("tcp.flags.syn==1 && tcp.flags.ack==0 && frame.time_relative<10", ports, "of them at first"),
            Check("frame.time_relative>10 && frame.time_relative<59", 0, "then no packet, though the client tried"),
            Check(
                f"tcp.flags.syn==1 && (tcp.srcport<{FIRST} || tcp.srcport>{LAST}) && ip.src=={CLIENT}",
                0,
                "no other port",
            ),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("the first", "tcp.stream==0"), ("the last", f"tcp.stream=={made - 1}")],
    )
