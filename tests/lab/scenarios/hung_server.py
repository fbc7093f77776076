"""A server whose process hangs: the kernel accepts and acknowledges for it, and clients wait in vain."""

import contextlib
import signal
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("hung-server.pcap",)
SERVED = range(44201, 44205)
IN_VAIN = range(44205, 44208)
PING = b"*1\r\n$4\r\nPING\r\n"
PATIENCE_S = 2


def record(lab):
    lab.pair()
    options = ["--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]
    redis = lab.programs.start("server", ["redis-server", *options], [6379])
    with lab.capture(CAPTURES[0]):
        for port in SERVED:
            ask(lab, port)
        redis.send_signal(signal.SIGSTOP)
        for port in IN_VAIN:
            with contextlib.suppress(TimeoutError):
                ask(lab, port)
                raise RuntimeError("an answer came")
        redis.send_signal(signal.SIGCONT)
        time.sleep(0.5)
    describe(lab)


def ask(lab, port):
    with contextlib.closing(clients.connect(lab.network, "client", SERVER, 6379, port, timeout=PATIENCE_S)) as sock:
        sock.sendall(PING)
        sock.recv(100)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a server that hangs",
        programs=["redis-server"],
        how=f"""
            redis-server is asked PING by {len(SERVED)} clients. Then its process is stopped (SIGSTOP), and
            {len(IN_VAIN)} more ask, one after the other, each with a timeout of {PATIENCE_S} s. At the end it goes on
            (SIGCONT).""",
        shows="""
            The first clients get their answer at once. To the others the kernel sends SYN-ACKs and ACKs; no byte
            comes, and they close. When the process goes on its answers are refused.""",
        say=[
            f"request-timeout for {SERVER}:6379: {len(IN_VAIN)} requests, the client gave up after {PATIENCE_S} s",
            "the answers came when nobody waited for them any more",
        ],
        never=["syn-unanswered", "idle-close", "abortive-close as the cause"],
        checks=[
            Check('tcp.srcport==6379 && tcp.payload contains "+PONG"', len(SERVED) + len(IN_VAIN), "answers"),
            Check(
                f"tcp.srcport==6379 && tcp.len > 0 && tcp.dstport in {{{IN_VAIN[0]}..{IN_VAIN[-1]}}}",
                len(IN_VAIN),
                "too late",
            ),
            Check("tcp.flags.reset==1 && tcp.dstport==6379", (len(IN_VAIN), 6), "refused"),
        ],
        ladders=[("in vain", f"tcp.port=={IN_VAIN[0]}")],
    )
