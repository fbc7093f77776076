"""A connect timeout that is shorter than the way."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("connect-abandoned.pcap",)
HASTY, PATIENT = (43831, 43832, 43833, 43834), 43841


def record(lab):
    lab.pair(delay_s=0.2)
    lab.programs.echo("server", 7000)
    with lab.capture(CAPTURES[0]):
        for port in HASTY:
            with contextlib.suppress(OSError):
                clients.connect(lab.network, "client", SERVER, 7000, port, timeout=0.25)
                raise RuntimeError("it connected in time")
            time.sleep(0.5)
        sock = clients.connect(lab.network, "client", SERVER, 7000, PATIENT)
        clients.echo(sock, b"ping\n")
        sock.close()
        time.sleep(1)
    lab.note(
        CAPTURES[0],
        title="the client gives up after 0.25 s on a way of 0.4 s",
        programs=["socat"],
        how="""
            A cable with a delay of 0.2 s each way. Four attempts with a connect timeout of 0.25 s, then one
            that waits.""",
        shows="The SYN-ACK comes 0.4 s after the SYN and is answered by a RST, four times. The fifth is established.",
        say=["connect-abandoned for 10.0.0.2:7000: 4 of 5; the SYN-ACK came 0.4 s after the SYN; no SYN was lost"],
        never=["reset-of-syn-ack as a fault of translation", "state-loss-reset", "the fifth as failed"],
        checks=[
            Check("tcp.flags==0x012", (5, 5), "SYN-ACKs"),
            Check("tcp.flags.reset==1 && tcp.dstport==7000", 4, "answered by a RST"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
