"""HAProxy's TCP checks and a plain connect-and-close probe, with a few real requests between them."""

import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("health-checks.pcapng",)

CHECKER = f"""
frontend nobody-calls
  bind 127.0.0.1:8080
  default_backend application
backend application
  server one {SERVER}:8080 check inter 2s
"""


def record(lab):
    lab.pair()
    lab.programs.node("server", 8080)
    with lab.capture(CAPTURES[0]):
        checker = lab.programs.haproxy("client", CHECKER, [8080])
        probes = in_background(probe, lab)
        for port in (41901, 41902, 41903, 41904):
            time.sleep(2.6)
            sock = clients.connect(lab.network, "client", SERVER, 8080, port)
            clients.exchange(sock)
            sock.close()
        probes.join(timeout=20)
        checker.kill()
        checker.wait(timeout=5)
    describe(lab)


def probe(lab):
    start = time.monotonic() + 0.5
    for i in range(12):
        time.sleep(max(0.0, start + i - time.monotonic()))
        clients.connect(lab.network, "client", SERVER, 8080, 41921 + i).close()


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="health checks between real requests",
        programs=["haproxy", "node"],
        how="""
            node on port 8080. HAProxy in the client's namespace checks it every 2 s by its TCP check; a Python probe
            connects and closes every second (ports 41921-41932); four real requests come between them (ports
            41901-41904). Recorded by dumpcap as pcapng.""",
        shows="""
            HAProxy completes or breaks off the handshake and resets; the probe completes the handshake and closes
            with a FIN. Neither sends a byte. The four requests are answered.""",
        say=["health-check for 10.0.0.2:8080 (information): probes every 1 s and every 2 s, no payload"],
        never=[
            "any error or warning: the RSTs are HAProxy's way to end its check",
            "connection-churn, connect-abandoned, reset-of-syn-ack, abortive-close, connection-refused",
        ],
        checks=[
            Check("http.request", 4, "real requests"),
            Check("http.response", 4, "real responses"),
            Check("tcp.srcport in {41921..41932} && tcp.flags==0x002", 12, "probes"),
            Check("tcp.port in {41921..41932} && tcp.len>0", 0, "which carry nothing"),
            Check(
                f"ip.src=={CLIENT} && tcp.flags.reset==1 && !(tcp.port in {{41901..41932}})", (5, 8), "HAProxy's resets"
            ),
            Check(f"ip.src=={SERVER} && tcp.flags.reset==1", 0, "the server resets nothing"),
        ],
        ladders=[
            ("HAProxy's check", f"tcp.stream==0 && ip.addr=={SERVER}"),
            ("the probe", "tcp.port==41922"),
        ],
    )
