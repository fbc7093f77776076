"""Servers that are killed while they send under TLS, and one that closes without a goodbye when all is sent."""

import os
import pathlib
import signal
import time

from labkit import clients
from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("killed-while-sending.pcap",)
NGINX_PORT, NODE_PORT, SILENT_PORT = 8443, 8444, 8445
KILLED = {43901: NGINX_PORT, 43902: NODE_PORT}
# Answers that come whole: with a close_notify behind them, and without.
GOODBYE, NO_GOODBYE = 43911, 43912
LENGTH = 150_000

NGINX = """
server {{
  listen 8443 ssl;
  ssl_certificate {chain};
  ssl_certificate_key {key};
  root {root};
}}
"""

NODE = """
const fs = require("fs");
const [chain, key, port, length] = process.argv.slice(1);
const options = { cert: fs.readFileSync(chain), key: fs.readFileSync(key) };
require("https").createServer(options, (request, response) => {
  response.end(Buffer.alloc(Number(length), "x"));
}).listen(Number(port));
"""

# What many small servers do: the socket is closed, and nobody has said close_notify.
SILENT = """
import socket, ssl, sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
with socket.create_server(("", int(sys.argv[3]))) as listener:
    while True:
        client, _ = listener.accept()
        with context.wrap_socket(client, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\nConnection: close\\r\\n\\r\\n" + b"x" * 100)
"""


def record(lab):
    lab.pair()
    # Small buffers: most of an answer waits in the program, as most of a download does.
    lab.network.sysctl("server", "net.ipv4.tcp_wmem", "4096 16384 16384")
    lab.network.sysctl("client", "net.ipv4.tcp_rmem", "4096 8192 8192")
    (lab.scratch / "large").write_bytes(b"x" * LENGTH)
    lab.scratch.chmod(0o755)
    certificate = lab.certificate
    words = {"chain": certificate.chain, "key": certificate.key, "root": lab.scratch}
    nginx = lab.programs.nginx("server", NGINX.format(**words), [NGINX_PORT])
    files = [str(certificate.chain), str(certificate.key)]
    node = lab.programs.start("server", ["node", "-e", NODE, *files, str(NODE_PORT), str(LENGTH)], [NODE_PORT])
    lab.programs.start("server", ["python3", "-c", SILENT, *files, str(SILENT_PORT)], [SILENT_PORT])
    with lab.capture(CAPTURES[0]):
        download(lab, GOODBYE, NGINX_PORT)
        download(lab, NO_GOODBYE, SILENT_PORT)
        download(lab, 43901, NGINX_PORT, lambda: kill_worker(nginx))
        download(lab, 43902, NODE_PORT, node.kill)
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="servers killed while they send under TLS",
        programs=["nginx", "node", "python"],
        how=f"""
            A client asks for {LENGTH:,} bytes under TLS, waits for half a second, in which a worker of nginx and
            then node are killed (SIGKILL), and reads what comes. Before that it had one answer of nginx, asked with
            `Connection: close`, and one of a small server in Python that closes its socket without a close_notify;
            both are whole.""",
        shows="""
            FIN from the server in the middle of a TLS record; the client's close_notify is answered by RST. TCP is in
            order throughout.""",
        say=[
            f"answer-cut-short for {SERVER}:{NGINX_PORT}: 1 of 2, an error, and how much of the record is missing",
            f"answer-cut-short for {SERVER}:{NODE_PORT}: 1 of 1, the same",
            f"not assessed for {SERVER}:{SILENT_PORT}: nobody can see whether that answer was whole",
        ],
        never=["stale-reuse", "unread-data-reset", "No failure found", "any finding of TCP"],
        checks=[
            Check(f"ip.src=={SERVER} && tcp.flags.fin==1", 4, "the servers close"),
            Check(f"ip.src=={CLIENT} && tcp.flags.reset==1", 0, "no RST of the client"),
        ],
        ladders=[("without a goodbye", "tcp.stream==1")],
    )


def kill_worker(nginx):
    """What happens to the process that is out of memory; nginx itself goes on."""
    worker = pathlib.Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children").read_text().split()
    os.kill(int(worker[0]), signal.SIGKILL)


def download(lab, port, server_port, meanwhile=None):
    sock = clients.connect(lab.network, "client", SERVER, server_port, port)
    secure = clients.tls(sock, "shop.example")
    secure.sendall(clients.request(path="/large", close=meanwhile is None))
    if meanwhile:
        time.sleep(0.3)
        meanwhile()
        time.sleep(0.2)
    clients.drain(secure)
    secure.close()
    time.sleep(0.1)
