"""A server that refuses an upload without reading it."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("unread-data-reset.pcap",)
REFUSED, TAKEN = (43501, 43502, 43503), 43511
# The server of Python's standard library: a handler that does not read the body is all it takes.
SERVER_CODE = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(200)
    def do_POST(self):
        self.answer(413)
        self.close_connection = True
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", SERVER_CODE], [8080])
    with lab.capture(CAPTURES[0]):
        for port in REFUSED:
            sock = clients.connect(lab.network, "client", SERVER, 8080, port)
            upload(sock, 60_000)
            sock.close()
        sock = clients.connect(lab.network, "client", SERVER, 8080, TAKEN)
        clients.exchange(sock, close=True)
        clients.drain(sock)
        time.sleep(0.3)
    describe(lab)


def upload(sock, length):
    head = f"POST /upload HTTP/1.1\r\nHost: shop.example\r\nContent-Length: {length}\r\n\r\n".encode()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        sock.sendall(head)
        for _ in range(length // 1000):
            sock.sendall(b"x" * 1000)
            time.sleep(0.001)
        while sock.recv(4096):
            pass


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the server answers 413 and closes while the upload is still coming",
        how="""
            The HTTP server of Python's library, with a handler that answers 413 to every POST, does not read its
            body, and closes.
            Three clients upload 60,000 bytes, in pieces of 1000, a millisecond apart; a fourth asks for something small.""",  # noqa: E501
        shows="""
            The server answers 413 as soon as it has read the head, and closes its socket while unread bytes are in
            its buffer: the
            kernel sends a RST instead of a FIN. The client may lose the answer.""",
        say=["unread-data-reset for 10.0.0.2:8080: 3 connections, with the status 413"],
        never=["state-loss-reset, injected-reset", "abortive-close as a restart", "the fourth as failed"],
        checks=[
            Check("http.response.code==413", 3, "three answers"),
            Check("tcp.flags.reset==1 && tcp.srcport==8080", (3, 60), "RSTs by the server"),
            Check("http.response.code==200", 1, "the fourth"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
