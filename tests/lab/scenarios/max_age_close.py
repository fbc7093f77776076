"""A server that ends each connection at the same age, whether it is busy or quiet."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("max-age-close.pcap",)
AGE_S = 31
# Each client is quiet for another time before the end.
LAST_WORD_S = {43871: 29.5, 43872: 22, 43873: 14, 43874: 5}
LIMITED = f"""
import socketserver, threading

class Limited(socketserver.BaseRequestHandler):
    def handle(self):
        # As Envoy's `max_connection_duration` does: by age alone.
        threading.Timer({AGE_S}, self.request.shutdown, (1,)).start()
        while got := self.request.recv(4096):
            self.request.sendall(got)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

Server(("", 7000), Limited).serve_forever()
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", LIMITED], [7000])
    with lab.capture(CAPTURES[0]):
        talking = [in_background(talk, lab, port, until) for port, until in LAST_WORD_S.items()]
        for one in talking:
            one.join()
        time.sleep(0.5)
    lab.note(
        CAPTURES[0],
        title=f"a server ends every connection at an age of {AGE_S} s",
        how=f"""
            A server in Python that answers each line with itself and closes after {AGE_S} s, however busy the
            connection is, as proxies do with a limit on the age. Four clients send a line every 2.5 s and fall
            silent at different times: {", ".join(f"{until} s" for until in LAST_WORD_S.values())}.""",
        shows=f"""
            FIN by the server {AGE_S} s after each SYN. Before it the connections were quiet for 1 to 26 s: it
            was not the silence. No client wrote afterwards.""",
        say=[f"max-age-close for {SERVER}:7000: 4 of 4 at {AGE_S} s; nothing was lost: information"],
        never=["idle-close", "an error or a warning"],
        checks=[
            Check("tcp.flags.fin==1 && tcp.srcport==7000", 4, "FINs by the server"),
            Check(f"tcp.flags.fin==1 && tcp.srcport==7000 && frame.time_relative < {AGE_S}", 0, "none before"),
            Check("tcp.flags.reset==1", 0, "RSTs"),
        ],
        ladders=[("the quietest", "tcp.port==43874")],
    )


def talk(lab, port, until):
    sock = clients.connect(lab.network, "client", SERVER, 7000, port, timeout=AGE_S + 10)
    began = time.monotonic()
    while time.monotonic() - began < until - 2.5:
        clients.echo(sock, b"ping\n")
        time.sleep(2.5)
    time.sleep(max(0, until - (time.monotonic() - began)))
    clients.echo(sock, b"last\n")
    clients.drain(sock)
