"""Requests of which the rest does not come: the server gives up, the server says why, the client leaves."""

import threading
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("unfinished-requests.pcap",)
NGINX_PORT, NODE_PORT = 80, 8080
# nginx reads a body before it passes it on, and closes without a word; node answers 408.
NGINX = """
  client_body_timeout 2s;
  server {
    listen 80;
    client_max_body_size 10m;
    location / { proxy_pass http://127.0.0.1:9; }
    location /small { return 200 "ok\\n"; }
  }
"""
NODE = """
const limits = { connectionsCheckingInterval: 250, requestTimeout: 2000, headersTimeout: 2000 }
const server = require("http").createServer(limits, (request, response) =>
  request.resume().on("end", () => response.end("ok\\n")))
server.listen(8080)
"""
STOPPED, HALF_HEADS, LEFT = (43801, 43802, 43803), (43811, 43812, 43813), (43821, 43822, 43823)
WHOLE = 43831


def record(lab):
    lab.pair()
    lab.programs.nginx("server", NGINX, [NGINX_PORT])
    lab.programs.start("server", ["node", "-e", NODE], [NODE_PORT])
    upload = b"POST /upload HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100000\r\n\r\n" + b"x" * 20_000
    with lab.capture(CAPTURES[0]):
        parts = [(port, NGINX_PORT, upload, None) for port in STOPPED]
        # A head without its empty line.
        parts += [(port, NODE_PORT, b"GET / HTTP/1.1\r\nHost: shop.example\r\n", None) for port in HALF_HEADS]
        parts += [(port, NODE_PORT, upload, 1.5) for port in LEFT]
        threads = [threading.Thread(target=send_part, args=(lab.network, *part)) for part in parts]
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        sock = clients.connect(lab.network, "client", SERVER, NGINX_PORT, WHOLE)
        clients.exchange(sock, path="/small", close=True)
        clients.drain(sock)
        time.sleep(0.3)
    describe(lab)


def send_part(network, from_port, port, part, leaves_after):
    sock = clients.connect(network, "client", SERVER, port, from_port)
    sock.sendall(part)
    if leaves_after is None:
        clients.drain(sock)
    else:
        time.sleep(leaves_after)
        sock.close()


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="requests that do not come whole",
        programs=["nginx", "node"],
        how="""
            nginx with `client_body_timeout 2s` and node with `requestTimeout: 2000`. Three clients (43801-43803)
            announce 100,000 bytes to nginx and send 20,000; three (43811-43813) send a head without its empty line to
            node; three (43821-43823) leave node after 1.5 s with 80,000 bytes to go. A tenth (43831) asks for something
            small.""",
        shows="""
            nginx closes by FIN, without a word, 2 s after the last byte; node answers 408 and closes within its
            interval; where the client leaves, node answers 400 to nobody. Nothing is lost, and no server is slow.""",
        say=[
            "request-timeout for 10.0.0.2:80: three requests did not come whole, 80,000 bytes missing, 2 s",
            "request-timeout for 10.0.0.2:8080: three without the end of their heads, answered 408",
            "request-timeout for 10.0.0.2:8080: the client left in the middle of three, after 1.5 s",
        ],
        never=[
            "that the server is slow or that its answer takes too long",
            "idle-close, request-limit-close",
            "the tenth as failed",
        ],
        checks=[
            Check("http.response.code==408", 3, "answers of node"),
            Check("tcp.srcport==80 && tcp.flags.fin==1", 4, "FINs of nginx"),
            Check("tcp.dstport==8080 && tcp.flags.fin==1", 6, "FINs of clients to node"),
            Check("http.response.code==200", 1, "the tenth"),
        ],
        ladders=[("to nginx", "tcp.stream==0"), ("to node", "tcp.stream==3"), ("left", "tcp.stream==6")],
    )
