"""A capture that starts when its connections are long open."""

import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("mid-stream.pcap",)

NGINX = """
  server {{
    listen 80;
    listen 443 ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    location / {{ return 200 "ok\\n"; }}
  }}
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.nginx("server", NGINX.format(chain=certificate.chain, key=certificate.key), [80, 443])
    lab.programs.echo("server", 7000)
    clear = clients.connect(lab.network, "client", SERVER, 80, 44001)
    secure = clients.tls(clients.connect(lab.network, "client", SERVER, 443, 44002), "shop.example")
    lines = clients.connect(lab.network, "client", SERVER, 7000, 44003)
    clients.exchange(clear)
    clients.exchange(secure)
    clients.echo(lines, b"before the capture\n")
    time.sleep(0.5)
    with lab.capture(CAPTURES[0]):
        for _ in range(4):
            clients.exchange(clear)
            clients.exchange(secure)
            clients.echo(lines, b"within the capture\n")
            time.sleep(0.3)
        new = clients.connect(lab.network, "client", SERVER, 80, 44004)
        clients.exchange(new)
        for sock in (new, clear, secure):
            sock.close()
        time.sleep(0.2)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the capture starts in the middle of three connections",
        programs=["nginx", "openssl", "socat"],
        how="""
            nginx (80 and 443) and socat (echo on 7000). Three connections are opened and used before tcpdump starts:
            clear HTTP (port 44001), TLS 1.3 (44002), lines (44003). Then each has four more exchanges; a fourth
            connection (44004) is opened within the capture. HTTP and TLS end by FIN, the lines are still open at
            the end.""",
        shows="Three connections without SYN and without ClientHello, in good health; one whole connection.",
        say=[
            "mid-stream-start: 3 of 4 connections were open before the capture began",
            "client and server told by evidence, with the reason (roles_from)",
        ],
        never=[
            "missing-sni, no-server-hello, plaintext-to-tls or anything else about a hello that came before",
            "any error or warning",
        ],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 1, "one connection opened here"),
            Check("tcp.port in {44001..44003} && tcp.flags.syn==1", 0, "no SYN of the other three"),
            Check("tls.handshake.type==1", 0, "no ClientHello"),
            Check("tcp.port==44001 && http.request", 4, "clear requests"),
            Check("tcp.srcport==44002 && tcp.len>0", (4, 5), "encrypted requests"),
            Check("tcp.srcport==44003 && tcp.len==19", 4, "lines"),
            Check("tcp.port==44003 && tcp.flags.fin==1", 0, "still open"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("TLS from the middle", "tcp.port==44002")],
    )
