"""A proxy that does not connect for its clients: its rules, a target that is gone, credentials that are missing."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("proxy-refuses.pcap",)
PORTS = {"proxy": 8888, "strict": 8889, "target": 8443}
PROXY = """
Port 8888
Listen 10.0.0.2
ConnectPort 8443
ConnectPort 8444
Timeout 5
"""
# Every client needs a password here.
STRICT = PROXY.replace("8888", "8889") + "BasicAuth user secret\n"


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.s_server("server", PORTS["target"], certificate, "-www")
    for name, settings in (("proxy", PROXY), ("strict", STRICT)):
        path = lab.scratch / f"{name}.conf"
        path.write_text(settings)
        lab.programs.start("server", ["tinyproxy", "-d", "-c", str(path)], [PORTS[name]])
    with lab.capture(CAPTURES[0]):
        for _ in range(2):
            fetch(lab, PORTS["proxy"], "https://10.0.0.2:9443/")  # a port that is not allowed
            fetch(lab, PORTS["proxy"], "https://10.0.0.2:8444/")  # a port on which nobody listens
            fetch(lab, PORTS["strict"], "https://10.0.0.2:8443/")  # no credentials
        fetch(lab, PORTS["proxy"], "https://10.0.0.2:8443/")
        time.sleep(0.3)
    describe(lab)


def fetch(lab, port, url):
    words = ["curl", "-sk", "-o", "/dev/null", "--max-time", "5", "--proxy", f"http://{SERVER}:{port}", url]
    with lab.network.inside("client"):
        subprocess.run(words, timeout=10, check=False)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a proxy that does not connect",
        programs=["curl", "openssl"],
        how="""
            tinyproxy that allows CONNECT to ports 8443 and 8444 (port 8888), and another that wants a password (8889).
            curl asks for a port that is not allowed, for one on which nobody listens, and without a password, twice
            each; then for one that works.""",
        shows="""
            The answers to CONNECT: 403, 500 (tinyproxy's word for a target that refuses), 407, and 200 with TLS in
            the tunnel. Of the failed ones there is no TLS in the capture: they end in clear.""",
        say=[
            "server-error-message for 10.0.0.2:8888: forbidden by 403, and could not connect by 500, two of five each",
            "server-error-message for 10.0.0.2:8889: it wants credentials (407), two of two",
        ],
        never=["the fifth tunnel of 8888 as failed", "idle-close, request-limit-close"],
        checks=[
            Check('frame contains "HTTP/1.1 403 "', 2, "not allowed"),
            Check('frame contains "HTTP/1.1 500 "', 2, "nobody listens"),
            Check('frame contains "HTTP/1.0 407 "', 2, "no credentials"),
            Check('frame contains "HTTP/1.0 200 "', 1, "the tunnel that works"),
        ],
        ladders=[
            ("not allowed", "tcp.stream==0"),
            ("nobody listens", "tcp.stream==1"),
            ("no credentials", "tcp.stream==2"),
        ],
    )
