"""A healthy mix. Nothing fails here, and nothing may be said to."""

import contextlib
import ssl
import subprocess
import time

from labkit import clients
from labkit.lab import SERVER, SERVER6
from labkit.note import Check

CAPTURES = ("all-well.pcap", "one-way.pcap", "one-way-server.pcap", "snaplen-96.pcap", "cut-short.pcap")

NGINX = """
  server {{
    listen 80;
    listen [::]:80;
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name shop.example api.example;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ return 200 "all is well\\n"; }}
  }}
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.nginx("server", NGINX.format(chain=certificate.chain, key=certificate.key), [80, 443])
    lab.programs.node("server", 8080)
    with (
        lab.capture(CAPTURES[0], expression="tcp or icmp"),
        lab.capture(CAPTURES[1], expression=f"tcp and (dst host {SERVER} or dst host {SERVER6})"),
        lab.capture(CAPTURES[2], expression=f"tcp and (src host {SERVER} or src host {SERVER6})"),
        lab.capture(CAPTURES[3], snaplen=96),
        lab.capture(CAPTURES[4]) as cut_short,
    ):
        talk(lab)
    describe(lab, cut_short)


def talk(lab):
    for address, port, source in ((SERVER, 80, 42001), (SERVER6, 80, 42002), (SERVER, 8080, 42003)):
        sock = clients.connect(lab.network, "client", address, port, source)
        for _ in range(4):
            clients.exchange(sock)
            time.sleep(0.15)
        sock.close()
    sock = clients.connect(lab.network, "client", SERVER, 80, 42004)
    clients.exchange(sock, close=True)
    clients.drain(sock)
    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    for i, (address, newest) in enumerate((a, v) for a in (SERVER, SERVER6) for v in versions):
        sock = clients.connect(lab.network, "client", address, 443, 42011 + i)
        secure = clients.tls(sock, "shop.example", maximum=newest, authority=lab.certificate.authority)
        for _ in range(3):
            clients.exchange(secure)
            time.sleep(0.1)
        # nginx answers close_notify by a FIN alone, which Python reports as an unexpected end.
        with contextlib.suppress(ssl.SSLEOFError):
            secure.unwrap()
        secure.close()
    for version in ("--tls-max 1.2 --tlsv1.2", "--tlsv1.3"):
        with lab.network.inside("client"):
            words = ["curl", "-sS", "--cacert", lab.certificate.authority, *version.split(), "--max-time", "5"]
            words += ["--resolve", f"api.example:443:{SERVER}", "--http1.1", "https://api.example/"]
            subprocess.run([*words, "https://api.example/again"], check=True, timeout=10, stdout=subprocess.DEVNULL)


def describe(lab, cut_short):
    how = """
        nginx (clear on port 80, TLS 1.2 and 1.3 on 443) and node (8080); Python clients on IPv4 and IPv6 (ports
        42001-42004 clear, 42011-42014 TLS) and curl twice, with two requests on one connection each. The client
        closes first, except once where it asked for `Connection: close` (42004)."""
    used = ["nginx", "node", "curl", "openssl"]
    hello = "tls.handshake.type==1"
    lab.note(
        CAPTURES[0],
        title="a healthy mix",
        programs=used,
        how=how,
        shows="Ten connections which open, carry requests and responses and end by FIN both ways.",
        say=[],
        never=["any error, any warning", "a finding for the FINs: nobody was waiting for anything"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 10, "connections"),
            Check("tcp.flags.syn==1 && tcp.flags.ack==1", 10, "all answered"),
            Check("tcp.flags.reset==1", 0, "no RST"),
            Check("icmp", 0, "no ICMP"),
            Check("tcp.flags.fin==1", (20, 24), "a FIN from both sides of each"),
            Check("http.response", 13, "clear responses"),
            Check("tls.handshake.extensions_server_name", 6, "hellos, all with SNI"),
            Check("tls.handshake.type==2", 6, "ServerHellos"),
            Check("tls.alert_message.level==2", 0, "no fatal alert"),
        ],
        ladders=[("TLS 1.3, its end", "tcp.port==42012 && (tcp.flags.fin==1 || tcp.flags.syn==1)")],
    )
    lab.note(
        CAPTURES[1],
        title="all-well, only the packets to the server",
        programs=used,
        how=how + " Only what goes to the server was captured (`dst host`).",
        shows="""
            SYNs, requests, ClientHellos, ACKs and FINs of the client; not one packet of the server. The client's ACKs
            say that the server answered everything.""",
        say=["one-way-capture: only the packets of the clients are here; what the server did is not visible"],
        never=["syn-unanswered, no-server-hello, missing-sni, half-close-leak, state-loss-drop or any other failure"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 10, "connections"),
            Check("tcp.srcport in {80,443,8080}", 0, "nothing of the servers"),
            Check(hello, 6, "ClientHellos"),
            Check("http.request", 13, "clear requests"),
        ],
    )
    lab.note(
        CAPTURES[2],
        title="all-well, only the packets from the server",
        programs=used,
        how=how + " Only what comes from the server was captured (`src host`).",
        shows="SYN-ACKs, responses, ServerHellos and FINs of the server; not one packet of the client.",
        say=["one-way-capture: only the packets of the servers are here", "SNI not visible"],
        never=["missing-sni, unsolicited SYN-ACKs as an attack, syn-ack-unanswered or any other failure"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==1", 10, "connections"),
            Check("tcp.dstport in {80,443,8080}", 0, "nothing of the clients"),
            Check("tls.handshake.type==2", 6, "ServerHellos"),
            Check(hello, 0, "no ClientHello"),
        ],
    )
    lab.note(
        CAPTURES[3],
        title="all-well, with `tcpdump -s 96`",
        programs=used,
        how=how + " Captured with a snap length of 96 bytes.",
        shows="""
            Every packet's headers and at most 30 bytes of payload. Each ClientHello is cut long before its
            extensions: whether it carries SNI is not to be seen. All is well as in all-well.pcap.""",
        say=["snaplen-truncated: 96 bytes; SNI, ALPN, certificates can not be told", "sni_state not-visible"],
        never=["missing-sni", "malformed TLS, no-server-hello, lost segments", "any error or warning on a connection"],
        checks=[
            Check("frame.cap_len > 96", 0, "nothing longer than 96 bytes was kept"),
            Check("frame.cap_len < frame.len", (30, 200), "packets cut"),
            Check(
                "tcp.len > 150 && tcp.seq==1 && tcp.dstport==443 && frame.cap_len==96",
                6,
                "the ClientHellos are among them",
            ),
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 10, "connections"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
    )
    whole, after = cut_short.count(), 31
    lab.note(
        CAPTURES[4],
        title="all-well, the file cut off within its last record",
        programs=used,
        how=how + f" The last {after} bytes of the file were left off, as `head -c` or a full disk would.",
        shows=f"{whole - 1} whole packets and a piece of one more. The connections are those of all-well.pcap.",
        say=[
            "that the file ends within a record (capture-cut-short or so), as a warning about the file",
            "exit code 0",
        ],
        never=["any error or warning about a connection", "a refusal to read the file"],
        checks=[
            Check("frame", whole - 1, "whole packets"),
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", 10, "connections"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        cut=after,
    )
