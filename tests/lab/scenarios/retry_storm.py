"""A proxy that tries each request four times."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("retry-storm.pcap",)
REQUESTS = 6
NGINX = f"""
  upstream shop {{
    server {SERVER}:9000 max_fails=0; server {SERVER}:9000 max_fails=0;
    server {SERVER}:9000 max_fails=0; server {SERVER}:9000 max_fails=0;
  }}
  server {{ listen 127.0.0.1:8080; location / {{ proxy_pass http://shop; }} }}
"""


def record(lab):
    lab.pair()
    lab.programs.nginx("client", NGINX, [8080])
    with lab.capture(CAPTURES[0]):
        for _ in range(REQUESTS):
            with lab.network.inside("client"):
                words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8080/"]
                done = subprocess.run(words, text=True, capture_output=True, timeout=20, check=False)
            if done.stdout != "502":
                raise RuntimeError(f"the proxy answered {done.stdout}")
            time.sleep(0.7)
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="each failed request makes four attempts",
        programs=["nginx", "curl"],
        how=f"""
            nginx as a proxy, with the same closed port four times as its upstream, so that it tries four times before
            it gives up.
            curl asks it {REQUESTS} times, 0.7 s apart. Captured between the proxy and the server.""",
        shows=f"{4 * REQUESTS} SYNs, each refused, in {REQUESTS} groups of four within a millisecond or so.",
        say=[
            "connection-refused for 10.0.0.2:9000: 24 of 24",
            "retry-storm for 10.0.0.2:9000: 6 groups of 4 attempts",
        ],
        never=["24 failed requests: there were six"],
        checks=[
            Check("tcp.flags==0x002", 4 * REQUESTS, "SYNs"),
            Check("tcp.flags==0x014 && tcp.srcport==9000", 4 * REQUESTS, "all refused"),
        ],
        ladders=[("the first request", "tcp.stream < 4")],
    )
