"""The real programs: nginx, HAProxy, node, `openssl s_server`, socat: started, waited for, and ended."""

import subprocess
import time

from .network import command

NODE_SERVER = """
const http = require('http');
http.createServer((request, response) => response.end('ok\\n')).listen(Number(process.argv[2]), '::');
"""

NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  default_type text/plain;
{body}
}}
"""

NO_CONTENT = """
  server {
    listen 80;
    location / { return 204; }
  }
"""

HAPROXY = """
global
  log stderr local0 err
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{body}
"""


class Programs:
    """The programs of one scenario; `close` ends them all."""

    def __init__(self, network, scratch):
        self._network = network
        self._scratch = scratch
        self._running = []

    def nginx(self, where, body, ports):
        path = self._write("nginx.conf", NGINX.format(body=body))
        return self.start(where, ["nginx", "-p", str(self._scratch), "-e", "stderr", "-c", str(path)], ports)

    def no_content(self, where):
        """nginx that answers each request on port 80 with 204."""
        return self.nginx(where, NO_CONTENT, [80])

    def haproxy(self, where, body, ports=()):
        path = self._write("haproxy.cfg", HAPROXY.format(body=body))
        return self.start(where, ["haproxy", "-db", "-f", str(path)], ports)

    def node(self, where, port):
        path = self._write("server.js", NODE_SERVER)
        return self.start(where, ["node", str(path), str(port)], [port])

    def s_server(self, where, port, certificate, *options):
        """`openssl s_server` which answers each line with itself, backwards (`-rev`)."""
        words = ["openssl", "s_server", "-accept", str(port), "-cert", certificate.chain, "-key", certificate.key]
        return self.start(where, [*words, "-rev", "-quiet", *options], [port])

    def echo(self, where, port):
        return self.start(where, ["socat", f"TCP-LISTEN:{port},fork,reuseaddr", "PIPE"], [port])

    def start(self, where, words, ports=()):
        """Starts a program and waits until it listens on `ports`."""
        log = self._scratch / f"{words[0]}-{len(self._running)}.log"
        with self._network.inside(where), open(log, "wb") as file:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._running.append(process)
        for port in ports:
            self._wait_until_listening(where, port, process, log)
        return process

    def close(self):
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=3)
        self._running.clear()

    def _write(self, name, text):
        path = self._scratch / name
        path.write_text(text)
        return path

    def _wait_until_listening(self, where, port, process, log):
        end = time.monotonic() + 10
        while time.monotonic() < end and process.poll() is None:
            with self._network.inside(where):
                if command("ss", "-Hltn", f"sport = :{port}").strip():
                    return
            time.sleep(0.05)
        said = log.read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{process.args[0]} does not listen on {port}: {said[-2000:]}")
