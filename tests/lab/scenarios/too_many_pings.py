"""A gRPC-like server that ends a connection whose client pings too often."""

import subprocess

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("too-many-pings.pcap",)
SERVER_CODE = """
const http2 = require('http2');
const server = http2.createServer();
server.on('session', session => {
  let pings = 0;
  session.on('ping', () => {
    // What gRPC's servers do at the third that comes too early: GOAWAY, ENHANCE_YOUR_CALM.
    if (++pings === 3) { session.goaway(11, 0, Buffer.from('too_many_pings')); session.close(); }
  });
});
server.on('stream', stream => { stream.respond({':status': 200}); stream.end('ok\\n'); });
server.listen(50051);
"""
CLIENT_CODE = f"""
const http2 = require('http2');
const pings = Number(process.argv[1]);
const session = http2.connect('http://{SERVER}:50051');
session.on('error', () => {{}});
session.request({{':path': '/'}}).resume();
let sent = 0;
const timer = setInterval(() => {{
  if (session.destroyed || sent++ === pings) {{ clearInterval(timer); session.close(); return; }}
  session.ping(() => {{}});
}}, 300);
session.on('close', () => clearInterval(timer));
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["node", "-e", SERVER_CODE], [50051])
    with lab.capture(CAPTURES[0]):
        for pings in (10, 10, 10, 1):
            with lab.network.inside("client"):
                subprocess.run(["node", "-e", CLIENT_CODE, str(pings)], timeout=20, check=True)
    lab.note(
        CAPTURES[0],
        title="a client whose HTTP/2 pings are too many for the server",
        programs=["node"],
        how="""
            node as an HTTP/2 server in clear, which does at the third ping what gRPC's servers do: GOAWAY with
            ENHANCE_YOUR_CALM (11) and "too_many_pings". Three clients ping every 0.3 s, a fourth once.""",
        shows="GOAWAY with error 11 after three pings, on three connections. The fourth ends by itself.",
        say=["too-many-pings for 10.0.0.2:50051: 3 of 4; a ping every 0.3 s"],
        never=["idle-close, request-limit-close", "the fourth as failed"],
        checks=[
            Check('tcp contains "too_many_pings"', 3, "GOAWAY, ENHANCE_YOUR_CALM"),
        ],
        ladders=[("the first", "tcp.stream==0")],
    )
