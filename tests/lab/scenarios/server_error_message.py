"""A server that says in clear why it ends the connection: Redis, with more clients than it takes."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("server-error-message.pcap",)
SERVED = range(44101, 44103)
TURNED_AWAY = range(44103, 44106)
PING = b"*1\r\n$4\r\nPING\r\n"


def record(lab):
    lab.pair()
    options = ["--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--maxclients"]
    lab.programs.start("server", ["redis-server", *options, str(len(SERVED))], [6379])
    with lab.capture(CAPTURES[0]):
        served = [clients.connect(lab.network, "client", SERVER, 6379, port) for port in SERVED]
        for sock in served:
            sock.sendall(PING)
            sock.recv(100)
        for port in TURNED_AWAY:
            sock = clients.connect(lab.network, "client", SERVER, 6379, port)
            with contextlib.suppress(OSError):
                sock.sendall(PING)
                time.sleep(0.05)
                sock.recv(100)
            sock.close()
        for sock in served:
            sock.close()
        time.sleep(0.2)
    lab.note(
        CAPTURES[0],
        title="more clients than Redis takes",
        programs=["redis-server"],
        how=f"""
            redis-server with `maxclients {len(SERVED)}`. Two clients ask PING and stay; three more ask it.""",
        shows="The three are told `-ERR max number of clients reached`, and closed.",
        say=[f"server-error-message for {SERVER}:6379: {len(TURNED_AWAY)} connections, with those words"],
        never=["abortive-close", "stale-reuse", "unread-data-reset", "anything of the two that were served"],
        checks=[
            Check('tcp.payload contains "max number of clients"', len(TURNED_AWAY), "refusals"),
            Check('tcp.payload contains "+PONG"', len(SERVED), "answers"),
        ],
        ladders=[("refused", "tcp.stream==2")],
    )
