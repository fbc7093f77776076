"""A worker that ends after so many requests in all, and closes its connections without a word."""

import contextlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("recycled-worker.pcap",)
# Which connection sends its last request after how many: other numbers on each.
REQUESTS = {43881: 2, 43882: 3, 43883: 5, 43884: 7}
CAREFUL = {43885: 2, 43886: 4, 43887: 6}
RECYCLED = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\\n")
        # The worker has done its share and ends after this answer, which does not say so.
        self.close_connection = self.path == "/last"

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", RECYCLED], [8080])
    with lab.capture(CAPTURES[0]):
        for port, requests in (REQUESTS | CAREFUL).items():
            sock = clients.connect(lab.network, "client", SERVER, 8080, port)
            for number in range(1, requests + 1):
                clients.exchange(sock, path="/last" if number == requests else "/")
                time.sleep(0.05)
            with contextlib.suppress(OSError):
                if port in CAREFUL:
                    clients.drain(sock)
                    continue
                # As a pool does that does not look whether the server has closed.
                clients.exchange(sock)
            sock.close()
        time.sleep(0.3)
    answers = sum(REQUESTS.values()) + sum(CAREFUL.values())
    lab.note(
        CAPTURES[0],
        title="a worker is recycled and closes after an answer that did not say so",
        how=f"""
            The HTTP server of Python's library, with a handler whose worker ends: its last answer carries no
            `Connection: close`. Four connections are closed after {", ".join(map(str, REQUESTS.values()))} answers, and
            their clients send one more request 0.05 s later. Three more notice it and close too: after
            {", ".join(map(str, CAREFUL.values()))} answers.""",
        shows="FIN right after an answer, after different numbers of them; a request after it is answered by a RST.",
        say=[
            "unannounced-close for 10.0.0.2:8080: 7 of 7, after 2 to 7 answers; 4 requests lost",
            "stale-reuse for the four",
        ],
        never=["request-limit-close: the numbers differ", "an idle timeout", "state-loss-reset"],
        checks=[
            Check("http.response.code==200", answers, "answers"),
            Check("http.request", answers + len(REQUESTS), "requests"),
            Check("tcp.flags.reset==1 && tcp.srcport==8080", len(REQUESTS), "RSTs for the last"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
