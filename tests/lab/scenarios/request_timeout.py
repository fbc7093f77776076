"""Requests that are not answered before the client gives up."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("request-timeout.pcap",)
NODE = """
const http = require('http');
http.createServer((request, response) => {
  setTimeout(() => response.end('ok\\n'), request.url === '/slow' ? 60000 : 10);
}).listen(8080);
"""


def record(lab):
    lab.pair()
    path = lab.scratch / "slow.js"
    path.write_text(NODE)
    lab.programs.start("server", ["node", str(path)], [8080])
    with lab.capture(CAPTURES[0]):
        for _ in range(4):
            curl(lab, "/slow", fails=True)
        curl(lab, "/quick", fails=False)
        time.sleep(0.3)
    describe(lab)


def curl(lab, path, fails):
    with lab.network.inside("client"):
        words = ["curl", "-s", "-o", "/dev/null", "--max-time", "3", f"http://{SERVER}:8080{path}"]
        done = subprocess.run(words, check=False, timeout=20)
    if (done.returncode == 28) != fails:
        raise RuntimeError(f"curl {path} ended with {done.returncode}")


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="the client gives up after 3 s, four times",
        programs=["node", "curl"],
        how="""
            node answers /slow after a minute and everything else at once. `curl --max-time 3` asks four times for
            /slow, then once
            for /quick.""",
        shows="""
            Four requests are acknowledged at once and never answered; each time the client closes 3.0 s after its
            request. The
            fifth is answered.""",
        say=[
            "request-timeout for 10.0.0.2:8080: 4 requests, the client gave up 3.0 s after each: a timeout of the client"  # noqa: E501
        ],
        never=[
            "quiet-request-timeout",
            "stale-reuse, idle-close",
            "that the server closed",
            "the answered one as failed",
        ],
        checks=[
            Check('http.request.uri=="/slow"', 4, "requests"),
            Check("http.response", 1, "one answer"),
            Check("tcp.flags.fin==1 && tcp.dstport==8080", (4, 5), "the client's FINs"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
