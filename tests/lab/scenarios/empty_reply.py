"""Requests that get no byte of an answer: a rule that closes on purpose, a handler that fails."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("empty-reply.pcap",)
# The paths that each connection asks for, by the client's port: nginx.
RULE = {44001: ["/"], 44002: ["/"], 44003: ["/wp-login.php"], 44004: ["/wp-login.php"], 44005: ["/", "/wp-login.php"]}
# The same of node.
HANDLER = {44011: ["/"], 44012: ["/orders"], 44013: ["/", "/orders"]}
NO_ANSWER = 5

NGINX = """
  server {
    listen 80;
    location / { return 200 "ok\\n"; }
    location /wp-login.php { return 444; }
  }
"""

NODE = """
const http = require('http');
http.createServer((request, response) => {
  if (request.url !== '/orders') return response.end('ok\\n');
  // What many handlers of errors do.
  setTimeout(() => request.socket.destroy(), 20);
}).listen(3000);
"""


def record(lab):
    lab.pair()
    lab.programs.nginx("server", NGINX, [80])
    lab.programs.start("server", ["node", "-e", NODE], [3000])
    with lab.capture(CAPTURES[0]):
        for server, connections in ((80, RULE), (3000, HANDLER)):
            for port, paths in connections.items():
                ask(lab, server, port, paths)
    lab.note(
        CAPTURES[0],
        title="requests without a byte of an answer",
        how="""
            nginx answers each path but one, for which its configuration says `return 444`; a node server's handler
            destroys the socket for one path after 20 ms. A client asks on a new connection each time, on two of them
            after a request that is answered.""",
        shows="The request, its ACK, FIN from the server: TCP is in order throughout.",
        say=[
            "empty-reply for 10.0.0.2:80: 3 connections, one of them after another request",
            "empty-reply for 10.0.0.2:3000: 2 connections, one of them after another request",
        ],
        never=["unannounced-close", "idle-close", "any finding of TCP"],
        checks=[
            Check("http.request", sum(map(len, (RULE | HANDLER).values())), "requests"),
            Check("tcp.flags.reset==1", 0, "no RST"),
            Check('http.request.uri matches "^/(wp-login.php|orders)$"', NO_ANSWER, "requests without an answer"),
        ],
        ladders=[("a rule that closes", "tcp.stream==2"), ("a handler that fails", "tcp.stream==7")],
    )


def ask(lab, server, port, paths):
    sock = clients.connect(lab.network, "client", SERVER, server, port)
    for path in paths:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: app.example\r\n\r\n".encode())
        time.sleep(0.1)
        sock.recv(65536)
    sock.close()
    time.sleep(0.05)
