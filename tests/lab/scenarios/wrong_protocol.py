"""TLS to ports that speak something else, and a PROXY header to one that does not expect it."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("tls-to-plaintext.pcap", "proxy-protocol.pcap")
NGINX = """
  server {{ listen 80; server_name shop.example; location / {{ return 200 "ok\\n"; }} }}
  server {{
    listen 8443 ssl; listen 9443 ssl proxy_protocol; server_name shop.example;
    ssl_certificate {chain}; ssl_certificate_key {key};
    location / {{ return 200 "ok\\n"; }}
  }}
"""
HAPROXY = f"""
listen unexpected
  bind 127.0.0.1:8443
  server shop {SERVER}:8443 send-proxy
listen expected
  bind 127.0.0.1:9443
  server shop {SERVER}:9443 send-proxy-v2
"""
MAIL = """
import socketserver

class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 mail.example ESMTP\\r\\n")
        if self.request.recv(4096):
            self.request.sendall(b"500 5.5.2 unrecognized command\\r\\n")
        self.request.recv(4096)

socketserver.ThreadingTCPServer(("", 25), Handler).serve_forever()
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.nginx("server", NGINX.format(chain=certificate.chain, key=certificate.key), [80, 8443, 9443])
    lab.programs.start("server", ["python3", "-c", MAIL], [25])
    lab.programs.haproxy("client", HAPROXY, [8443, 9443])
    with lab.capture(CAPTURES[0]):
        for port in (80, 25):
            for _ in range(3):
                curl(lab, certificate, SERVER, port)
        curl(lab, certificate, SERVER, 8443)
        time.sleep(0.3)
    with lab.capture(CAPTURES[1]):
        for port in (8443, 9443):
            for _ in range(3):
                curl(lab, certificate, "127.0.0.1", port)
        curl(lab, certificate, SERVER, 8443)
        time.sleep(0.3)
    describe(lab)


def curl(lab, certificate, address, port):
    words = ["--resolve", f"shop.example:{port}:{address}", "--cacert", certificate.authority]
    words += ["-s", "-o", "/dev/null", "--max-time", "3", f"https://shop.example:{port}/"]
    with lab.network.inside("client"):
        subprocess.run(["curl", *words], check=False, timeout=20)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="TLS to ports that do not speak it",
        programs=["nginx", "curl"],
        how="""
            curl asks by `https://` nginx on port 80, which speaks HTTP in clear, and a mail server on port 25,
            which greets before anybody has said a word: three times each. Then once nginx on 8443, which speaks
            TLS.""",
        shows="""
            nginx takes the ClientHello for a broken request and answers 400 in clear; the other sends its
            greeting. curl gives up ("wrong version number").""",
        say=[
            "tls-to-plaintext for 10.0.0.2:80: 3 of 3, HTTP in clear; for 10.0.0.2:25: 3 of 3, greeted first, SMTP or FTP"  # noqa: E501
        ],
        never=["no-server-hello, tls-version-mismatch", "the one to 8443 as failed"],
        checks=[
            Check("tcp.srcport==80 && tcp.payload[0:4]==48:54:54:50", 3, "answers in clear"),
            Check("tcp.srcport==25 && tcp.len > 0", (3, 9), "greetings and complaints"),
            Check("tls.handshake.type==2", 1, "one ServerHello"),
        ],
        ladders=[("nginx", "tcp.stream==0"), ("the mail server", "tcp.stream==3")],
    )
    lab.note(
        CAPTURES[1],
        title="a PROXY header that the server does not expect",
        programs=["nginx", "haproxy", "curl"],
        how="""
            HAProxy in front of nginx passes TLS on. With `send-proxy` it writes a PROXY header before the
            ClientHello to port 8443, where nginx does not expect one; with `send-proxy-v2` to port 9443, where
            it does (`proxy_protocol`). curl asks three times through each, then once port 8443 without HAProxy.""",
        shows="On port 8443 nginx closes or answers 400 in clear, without a ServerHello; on 9443, and without the header, all is well.",  # noqa: E501
        say=[
            "proxy-protocol-mismatch for 10.0.0.2:8443: 3 connections with the header failed, one without was answered"
        ],
        never=["the connections to 9443 as failed", "missing-sni"],
        checks=[
            Check("tcp.dstport==8443 && tcp.payload[0:6]==50:52:4f:58:59:20", 3, "headers of version 1"),
            Check("tcp.dstport==9443 && tcp.payload[0:4]==0d:0a:0d:0a", 3, "headers of version 2"),
            Check("tls.handshake.type==2 && tcp.srcport==8443", 1, "one ServerHello from 8443"),
        ],
        ladders=[("with the header", "tcp.stream==0")],
    )
