"""Servers that close in ways which clients do not expect: aborted all at once, and right after an answer."""

import contextlib
import signal
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("abortive-close.pcap", "unannounced-close.pcap")
PORTS = range(43701, 43713)
ABORTING = """
import selectors, signal, socket, struct, sys

listener = socket.create_server(("", 7000))
waiting = selectors.DefaultSelector()
waiting.register(listener, selectors.EVENT_READ)
def stop(*_):
    # A worker that is killed with SO_LINGER 0 on its sockets: the kernel resets them all.
    for key in list(waiting.get_map().values()):
        if key.fileobj is not listener:
            key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
while True:
    for key, _ in waiting.select():
        if key.fileobj is listener:
            waiting.register(listener.accept()[0], selectors.EVENT_READ)
        elif got := key.fileobj.recv(4096):
            key.fileobj.sendall(got)
        else:
            waiting.unregister(key.fileobj)
            key.fileobj.close()
"""
UNANNOUNCED = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0
    def do_GET(self):
        self.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\\n")
        # A worker that ends after so many requests, and does not say so in its last answer.
        self.close_connection = self.asked == 4

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def record(lab):
    lab.pair()
    server = lab.programs.start("server", ["python3", "-c", ABORTING], [7000])
    with lab.capture(CAPTURES[0]):
        socks = [clients.connect(lab.network, "client", SERVER, 7000, port) for port in PORTS]
        for sock in socks:
            clients.echo(sock, b"ping\n")
        time.sleep(1)
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=5)
        for sock in socks:
            with contextlib.suppress(ConnectionResetError):
                sock.recv(100)
            sock.close()
        time.sleep(0.3)
    lab.programs.start("server", ["python3", "-c", UNANNOUNCED], [8080])
    with lab.capture(CAPTURES[1]):
        for port in (43721, 43722, 43723):
            sock = clients.connect(lab.network, "client", SERVER, 8080, port)
            for _ in range(4):
                clients.exchange(sock)
                time.sleep(0.05)
            with contextlib.suppress(OSError):
                # As a pool does that does not look whether the server has closed.
                clients.exchange(sock)
            sock.close()
        time.sleep(0.3)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a server that ends and resets all its connections at once",
        how="""
            A server in Python with twelve connections, each of which has exchanged a line and is quiet.
            SIGTERM: it ends, with SO_LINGER 0 on its sockets.""",
        shows="Twelve RSTs with ACK and a real window within milliseconds, without a FIN before.",
        say=["abortive-close for 10.0.0.2:7000: 12 of 12 within a second, as a process that ends does"],
        never=["state-loss-reset, injected-reset", "idle-close"],
        checks=[Check("tcp.flags.reset==1 && tcp.flags.ack==1 && tcp.srcport==7000", 12, "RSTs by the server")],
        ladders=[("the first", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[1],
        title="the server closes after its fourth answer and has not said so",
        how="""
            The HTTP server of Python's library, with a handler that closes after the fourth answer, as a worker
            does that is recycled; its answer carries no `Connection: close`. The client sends a fifth request
            0.05 s later on each of three connections.""",
        shows="FIN right after the fourth answer; the fifth request is answered by a RST.",
        say=[
            "the requests written into the closed connections: 3 lost",
            "unannounced-close for 10.0.0.2:8080 or request-limit-close after 4",
        ],
        never=["an idle timeout", "state-loss-reset"],
        checks=[
            Check("http.response.code==200", 12, "answers"),
            Check("http.request", 15, "requests"),
            Check("tcp.flags.reset==1 && tcp.srcport==8080", 3, "RSTs for the fifth"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
