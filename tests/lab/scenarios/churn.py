"""A client without keep-alive: about forty new connections each second, one request on each."""

import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("churn.pcap.gz",)
COUNT, PERIOD_S = 400, 0.025


def record(lab):
    lab.pair()
    lab.programs.no_content("server")
    with lab.capture(CAPTURES[0]):
        start = time.monotonic()
        for i in range(COUNT):
            time.sleep(max(0.0, start + i * PERIOD_S - time.monotonic()))
            sock = clients.connect(lab.network, "client", SERVER, 80, 43001 + i)
            clients.exchange(sock)
            sock.close()
    describe(lab)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="one connection per request, forty each second",
        programs=["nginx"],
        how=f"""
            nginx on port 80; a Python client makes {COUNT} requests, each on a new connection (ports 43001-43400), one
            every 25 ms, and closes first. Compressed with gzip.""",
        shows="400 short and healthy connections: handshake, one request, one response (204), FIN both ways.",
        say=["connection-churn from 10.0.0.1 to 10.0.0.2:80: 400 connections in 10 s, one request on each; about 40/s"],
        never=["any error: nothing fails", "health-check: they carry requests", "ephemeral-port-exhaustion"],
        checks=[
            Check("tcp.flags.syn==1 && tcp.flags.ack==0", COUNT, "connections"),
            Check("http.request", COUNT, "requests"),
            Check("http.response.code==204", COUNT, "responses"),
            Check(f"ip.src=={CLIENT} && tcp.flags.fin==1", COUNT, "the client closes"),
            Check("tcp.flags.reset==1", 0, "no RST"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
