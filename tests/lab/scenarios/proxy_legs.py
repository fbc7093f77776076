"""A proxy whose upstream fails, with both of its legs in one capture."""

import subprocess
import time

from labkit.note import Check

CAPTURES = ("proxy-legs.pcapng",)
PROXY, UPSTREAM = "10.0.1.254", "10.0.2.2"
NGINX = f"""
  proxy_bind {PROXY};
  proxy_connect_timeout 4s;
  proxy_read_timeout 2s;
  server {{ listen {PROXY}:8080; location / {{ proxy_pass http://{UPSTREAM}:9000; }} }}
  server {{ listen {PROXY}:8081; location / {{ proxy_pass http://{UPSTREAM}:9001; }} }}
  server {{ listen {PROXY}:8082; location / {{ proxy_pass http://{UPSTREAM}:9002; }} }}
  server {{ listen {PROXY}:8083; location / {{ proxy_pass http://{UPSTREAM}:9003; }} }}
"""
# The application itself is not ready, and says so.
NOT_READY = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.HTTPServer(("", 9002), Handler).serve_forever()
"""
SLOW = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(5)

http.server.ThreadingHTTPServer(("", 9003), Handler).serve_forever()
"""
DROP = """
table inet lab {
  chain input {
    type filter hook input priority 0;
    tcp dport 9001 drop
  }
}
"""


def record(lab):
    lab.routed()
    lab.network.nft("server", DROP)
    lab.programs.start("server", ["python3", "-c", NOT_READY], [9002])
    lab.programs.start("server", ["python3", "-c", SLOW], [9003])
    lab.programs.nginx("router", NGINX, [8080, 8081, 8082, 8083])
    with lab.capture(CAPTURES[0], where="router", interface="any"):
        for port in (8080, 8080, 8080, 8081, 8082, 8083):
            with lab.network.inside("client"):
                words = ["curl", "-s", "-o", "/dev/null", "--max-time", "15", f"http://{PROXY}:{port}/"]
                subprocess.run(words, timeout=20, check=True)
        time.sleep(0.5)
    lab.note(
        CAPTURES[0],
        title="a proxy whose upstream fails, and both legs are seen",
        programs=["nginx", "curl", "nft"],
        how="""
            nginx as a proxy between a client and a server, captured on it with `-i any`. Its upstreams: a
            closed port (three requests), a port whose packets nftables drops, an application that answers 503
            itself, and one that takes longer than nginx waits (2 s).""",
        shows="""
            nginx answers 502 right after each refusal, 504 when it gives up the port that does not answer, 504
            when the answer takes too long. The 503 of the application is passed on, and no connection failed.""",
        say=[
            "connection-refused for 10.0.2.2:9000: 3 of 3; it began there, nginx answered 502 after it",
            "syn-unanswered for 10.0.2.2:9001: 1 of 1; it began there, nginx answered 504 after it",
            "request-timeout for 10.0.2.2:9003: nginx gave up after 2 s; it began there",
        ],
        never=["a failure of the application that answered 503", "the client's legs as failed"],
        checks=[
            Check("http.response.code==502", 3, "answers after the refusals"),
            Check("http.response.code==504", 2, "answers after silence"),
            Check("http.response.code==503", 2, "the application's, and passed on"),
        ],
        ladders=[("the first request", "tcp.stream in {0,1}")],
    )
