"""A filter that reads server names and closes what it can not read. The client needs `pip install curl_cffi`."""

import contextlib
import importlib
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("encrypted-client-hello.pcap",)
PLAIN, TIMES = (43921, 43922, 43923), 3
# Closes where the hello has the extension encrypted_client_hello (0xfe0d), else passes everything on.
FILTER = """
import socket, socketserver, threading

def pump(a, b):
    while got := a.recv(65536):
        b.sendall(got)
    b.shutdown(socket.SHUT_WR)

class Filter(socketserver.BaseRequestHandler):
    def handle(self):
        hello = b""
        while len(hello) < 5 or len(hello) < 5 + int.from_bytes(hello[3:5], "big"):
            if not (got := self.request.recv(65536)):
                return
            hello += got
        place = 44 + hello[43]
        place += 2 + int.from_bytes(hello[place:place + 2], "big")
        place += 1 + hello[place] + 2
        while place < len(hello):
            if hello[place:place + 2] == b"\\xfe\\x0d":
                return
            place += 4 + int.from_bytes(hello[place + 2:place + 4], "big")
        beyond = socket.create_connection(("127.0.0.1", 4433))
        beyond.sendall(hello)
        threading.Thread(target=pump, args=(beyond, self.request), daemon=True).start()
        pump(self.request, beyond)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

Server(("", 443), Filter).serve_forever()
"""
NGINX = """
  server {
    listen 4433 ssl;
    ssl_certificate %s;
    ssl_certificate_key %s;
    location / { return 200 "ok\\n"; }
  }
"""


def record(lab):
    # Not there for the other scenarios.
    curl = importlib.import_module("curl_cffi")
    requests = importlib.import_module("curl_cffi.requests")
    lab.pair()
    lab.programs.nginx("server", NGINX % (lab.certificate.chain, lab.certificate.key), [4433])
    lab.programs.start("server", ["python3", "-c", FILTER], [443])
    with lab.capture(CAPTURES[0]):
        for port in PLAIN:
            sock = clients.tls(clients.connect(lab.network, "client", SERVER, 443, port), "shop.example")
            clients.exchange(sock, close=True)
            clients.drain(sock)
        for _ in range(TIMES):
            with lab.network.inside("client"), contextlib.suppress(requests.exceptions.RequestException):
                options = {curl.CurlOpt.RESOLVE: [f"shop.example:443:{SERVER}"]}
                session = requests.Session(impersonate="chrome120", verify=False, timeout=5, curl_options=options)
                session.get("https://shop.example/")
                raise RuntimeError("the filter let it through")
            time.sleep(0.2)
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="a filter closes hellos that have an encrypted part",
        programs=["nginx"],
        how="""
            A filter in Python before nginx reads each ClientHello, closes the connection where the extension
            encrypted_client_hello is in it, and passes all others on. Three clients of Python's ssl ask for a page,
            then three of curl_cffi, which sends the hello of Chrome 120 (BoringSSL): the extension is GREASE there, and
            nothing real is hidden.""",
        shows="The hellos without the extension are answered; after those with it the server closes without a byte.",
        say=[
            f"encrypted-client-hello for {SERVER}:443: none of 3 was answered, 3 without it were; whether it is GREASE can not be told"  # noqa: E501
        ],
        never=["a wrong or missing server name", "what the real name is"],
        checks=[
            Check("tls.handshake.type==2", 3, "ServerHellos"),
            Check("tls.handshake.extension.type==65037", 3, "hellos with the extension"),
        ],
        ladders=[("the first with it", "tcp.stream==3")],
    )
