"""An answer that takes a minute, over a router that forgets what is quiet for 45 s."""

import contextlib
import time

from labkit import clients
from labkit.note import Check
from scenarios.silent_idle_drop import FIREWALL, SERVER, TIMEOUT_S

CAPTURES = ("quiet-request-timeout.pcap", "quiet-request-timeout-server.pcap")
SLOW, QUICK = 43701, 43711
NODE = """
const http = require('http');
const server = http.createServer((request, response) => {
  setTimeout(() => response.end('ok\\n'), request.url === '/slow' ? 61500 : 10);
});
server.listen(8080);
"""


def record(lab):
    lab.routed()
    lab.network.nft("router", FIREWALL)
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_tcp_loose", 0)
    lab.network.sysctl("router", "net.netfilter.nf_conntrack_tcp_timeout_established", TIMEOUT_S)
    path = lab.scratch / "slow.js"
    path.write_text(NODE)
    lab.programs.start("server", ["node", str(path)], [8080])
    with lab.capture(CAPTURES[0]), lab.capture(CAPTURES[1], where="server"):
        quick = clients.connect(lab.network, "client", SERVER, 8080, QUICK)
        clients.exchange(quick)
        quick.close()
        slow = clients.connect(lab.network, "client", SERVER, 8080, SLOW, timeout=65)
        with contextlib.suppress(TimeoutError):
            clients.exchange(slow, path="/slow")
            raise RuntimeError("the answer arrived")
        slow.close()
        time.sleep(4)
    describe(lab)


def describe(lab):
    how = """
        A client, a router with connection tracking, a server. The router forgets an established connection after 45 s
        and forwards
        only what it knows. node answers /slow after 61.5 s, anything else at once. One client (43711) asks for / and
        is served;
        another (43701) asks for /slow and gives up after 65 s."""
    never = [
        "request-timeout alone: nobody knows whether the client was too impatient",
        "state-loss-drop",
        "anything bad of 43711",
    ]
    lab.note(
        CAPTURES[0],
        title="a slow answer over a router that forgets, seen by the client",
        programs=["node", "nft"],
        how=how,
        shows="""
            The request is acknowledged. Nothing follows for 65 s; then the client closes, and its FIN is sent again
            and again without an
            answer.""",
        say=[
            "quiet-request-timeout for 10.0.2.2:8080: 1 of 2, no answer was captured, and the close was not acknowledged"  # noqa: E501
        ],
        never=never,
        checks=[
            Check('http.request.uri=="/slow"', 1, "the request"),
            Check("tcp.dstport==43701 && frame.time_relative > 1", 0, "nothing comes back"),
            Check("tcp.srcport==43701 && tcp.flags.fin==1", (4, 8), "the FIN, again and again"),
        ],
        ladders=[("the slow one", "tcp.port==43701")],
    )
    lab.note(
        CAPTURES[1],
        title="a slow answer over a router that forgets, seen by the server",
        programs=["node", "nft"],
        how=how,
        shows="The answer leaves the server 61.5 s after the request, and is sent again and again without an ACK.",
        say=["quiet-request-timeout for 10.0.2.2:8080: 1 of 2, nobody took the answer after 61.5 s of silence"],
        never=never,
        checks=[
            Check('http.request.uri=="/slow"', 1, "the request"),
            Check("tcp.srcport==8080 && tcp.dstport==43701 && tcp.len > 0", (4, 12), "the answer, again and again"),
            Check("tcp.srcport==43701 && frame.time_relative > 1", 0, "and nothing from the client"),
        ],
        ladders=[("the slow one", "tcp.port==43701")],
    )
