"""Plain HTTP sent to ports that speak TLS."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("plaintext-to-tls.pcap",)
NGINX = """
  server {{
    listen 8443 ssl; server_name shop.example;
    ssl_certificate {chain}; ssl_certificate_key {key};
    location / {{ return 200 "ok\\n"; }}
  }}
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.nginx("server", NGINX.format(chain=certificate.chain, key=certificate.key), [8443])
    lab.programs.s_server("server", 8444, certificate)
    with lab.capture(CAPTURES[0]):
        for port in (8443, 8444):
            for _ in range(3):
                curl(lab, f"http://{SERVER}:{port}/")
        for port in (8443, 8444):
            words = ["--resolve", f"shop.example:{port}:{SERVER}", "--cacert", certificate.authority]
            curl(lab, f"https://shop.example:{port}/", *words)
        time.sleep(0.3)
    describe(lab)


def curl(lab, *words):
    with lab.network.inside("client"):
        subprocess.run(["curl", "-s", "-o", "/dev/null", "--max-time", "3", *words], check=False, timeout=20)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="plain HTTP for a TLS port",
        programs=["nginx", "openssl", "curl"],
        how="""
            nginx with TLS on port 8443, `openssl s_server` on 8444. curl asks each three times by `http://`, then
            each once by
            `https://`.""",
        shows="""
            nginx answers in clear: 400, "The plain HTTP request was sent to HTTPS port". `openssl s_server` closes
            without a byte. The last
            connection to each port is TLS.""",
        say=[
            "plaintext-to-tls for 10.0.0.2:8443: 3 connections; for 10.0.0.2:8444: 3 connections, as the same port speaks TLS"  # noqa: E501
        ],
        never=["request-timeout, unannounced-close", "a TLS handshake that failed", "the TLS handshakes as failed"],
        checks=[
            Check("http.request.method==GET", 6, "requests in clear"),
            Check("http.response.code==400 && tcp.srcport==8443", 3, "nginx says what is wrong"),
            Check("tls.handshake.type==1", 2, "two ClientHellos"),
        ],
        ladders=[("nginx", "tcp.stream==0"), ("openssl", "tcp.stream==3")],
    )
