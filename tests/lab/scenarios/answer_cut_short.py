"""Answers that end before they are whole: a length that is too large, a handler that fails while it writes."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("answer-cut-short.pcap",)
# The path of each connection's only request, by the client's port.
WHOLE = {43901: "/whole", 43902: "/whole", 43903: "/no-length"}
CUT = {43911: "/wrong-length", 43912: "/wrong-length", 43913: "/chunks", 43914: "/late"}

SERVED = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = "r\\u00e9sum\\u00e9 " * 50
        self.send_response(200)
        if self.path == "/wrong-length":
            # Bytes are announced, characters are sent.
            self.send_header("Content-Length", str(len(body.encode())))
            body = body.encode("latin-1")
        elif self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
        elif self.path == "/late":
            self.send_header("Content-Length", "1000")
        elif self.path == "/whole":
            self.send_header("Content-Length", str(len(body.encode())))
        if self.path in ("/whole", "/no-length"):
            self.send_header("Connection", "close")
        self.end_headers()
        if self.path == "/chunks":
            self.wfile.write(b"5\\r\\nhello\\r\\n")
        elif self.path == "/late":
            self.wfile.write(b"x" * 400)
            time.sleep(1)
        else:
            self.wfile.write(body if isinstance(body, bytes) else body.encode())
        # What an exception while the body is written comes to.
        self.close_connection = True

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", SERVED], [8080])
    with lab.capture(CAPTURES[0]):
        for port, path in (WHOLE | CUT).items():
            sock = clients.connect(lab.network, "client", SERVER, 8080, port)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: app.example\r\n\r\n".encode())
            clients.drain(sock)
            sock.close()
            time.sleep(0.05)
    lab.note(
        CAPTURES[0],
        title="answers that end before they are whole",
        how="""
            The HTTP server of Python's library; a client makes one request on each connection and reads to the end.
            Two answers are whole, one has no length and ends with the connection. Two announce the length of their text
            in UTF-8 and send it in Latin-1, one ends after its first chunk, one stops for 1 s after 400 of 1,000 bytes
            and closes.""",
        shows="200, a part of the body, FIN from the server: TCP is in order throughout.",
        say=["answer-cut-short for 10.0.0.2:8080: 4 of 7"],
        never=["unannounced-close", "any finding of TCP", "the three whole answers"],
        checks=[
            Check("http.request", len(WHOLE | CUT), "requests"),
            Check("tcp.flags.reset==1", 0, "no RST"),
            Check("tcp.flags.fin==1 && tcp.srcport==8080", len(WHOLE | CUT), "the server closes"),
        ],
        ladders=[("a wrong length", "tcp.stream==3")],
    )
