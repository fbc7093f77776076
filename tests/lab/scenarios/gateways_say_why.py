"""Gateways that fail, and say in their answers what failed behind them."""

import subprocess
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("gateways-say-why.pcap",)
CLOSED, CLOSES, HANGS = 9100, 9101, 9102
# Reads a request; then closes without an answer, or keeps silent.
BACKENDS = f"""
import socket, threading, time

def serve(port, keeps_silent):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=answer, args=(accepted, keeps_silent)).start()

def answer(accepted, keeps_silent):
    accepted.recv(4096)
    if keeps_silent:
        time.sleep(20)
    accepted.close()

threading.Thread(target=serve, args=({CLOSES}, False)).start()
serve({HANGS}, True)
"""
HAPROXY = "".join(
    f"""
listen to{port}
  mode http
  bind {SERVER}:{own}
  retries 0
  timeout client 10s
  timeout connect 2s
  timeout server 2s
  server s 127.0.0.1:{port}
"""
    for own, port in ((8100, CLOSED), (8101, CLOSES), (8102, HANGS))
)
SQUID = f"""
http_port {SERVER}:8104
http_access allow all
access_log none
cache_log stdio:/dev/null
pid_filename none
read_timeout 2 seconds
cache deny all
visible_hostname proxy.lab
"""
APACHE = f"""
ServerRoot /etc/apache2
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
User nobody
Group nogroup
ServerName gateway.lab
ErrorLog /dev/null
Listen {SERVER}:8105
ProxyPass / http://127.0.0.1:{CLOSES}/
"""


def record(lab):
    lab.pair()
    lab.programs.start("server", ["python3", "-c", BACKENDS], [CLOSES, HANGS])
    lab.programs.haproxy("server", HAPROXY, [8100, 8101, 8102])
    squid, apache = lab.scratch / "squid.conf", lab.scratch / "apache.conf"
    squid.write_text(SQUID)
    apache.write_text(f"{APACHE}PidFile {lab.scratch}/apache.pid\n")
    varnish = ["-a", f"{SERVER}:8103", "-b", f"127.0.0.1:{CLOSED}", "-n", str(lab.scratch / "varnish"), "-T", "none"]
    lab.programs.start("server", ["varnishd", "-F", "-j", "none", *varnish], [8103])
    lab.programs.start("server", ["squid", "-N", "-n", "lab", "-f", str(squid)], [8104])
    lab.programs.start("server", ["apache2", "-DFOREGROUND", "-f", str(apache)], [8105])
    with lab.capture(CAPTURES[0]):
        for port in (8100, 8101, 8102, 8103, 8105):
            fetch(lab, f"http://{SERVER}:{port}/")
        fetch(lab, f"https://{SERVER}:{CLOSED}/", "--proxy", f"http://{SERVER}:8104")
        fetch(lab, f"http://{SERVER}:8102/", "--proxy", f"http://{SERVER}:8104")
        time.sleep(0.3)
    describe(lab)


def fetch(lab, url, *options):
    with lab.network.inside("client"):
        subprocess.run(["curl", "-sk", "-o", "/dev/null", "--max-time", "8", *options, url], timeout=10, check=False)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="gateways that say why they failed",
        programs=["haproxy", "varnish", "squid", "apache", "curl"],
        how="""
            Gateways in front of a closed port (HAProxy on 8100, Varnish on 8103, Squid on 8104 by CONNECT), of a
            server that closes without an answer (HAProxy on 8101, Apache on 8105), and of one that keeps silent
            (HAProxy on 8102; Squid in front of that).""",
        shows="""
            502, 503 and 504 with a reason: in the page of HAProxy, Varnish and Apache, in Squid's field
            X-Squid-Error. What failed lies behind them and is not in the capture.""",
        say=[
            "server-error-message for 10.0.0.2:8100: none of its servers took the request",
            "server-error-message for 10.0.0.2:8101: no whole answer from behind",
            "server-error-message for 10.0.0.2:8102: no answer in time; Squid passes that on",
            "server-error-message for 10.0.0.2:8103: no answer from behind",
            "server-error-message for 10.0.0.2:8104: CONNECT to 10.0.0.2:9100 refused by what is there",
            "server-error-message for 10.0.0.2:8105: what is behind it was not read to the end",
        ],
        never=["a failure of the clients' connections", "idle-close, request-timeout"],
        checks=[
            Check("http.response.code==503", 3, "HAProxy, Varnish and Squid: nobody there"),
            Check("http.response.code==502", 2, "HAProxy and Apache: no whole answer"),
            Check("http.response.code==504", 2, "HAProxy: silence, and the same through Squid"),
            Check('frame contains "X-Squid-Error: ERR_CONNECT_FAIL 111"', 1, "refused"),
        ],
        ladders=[("HAProxy, a closed port", "tcp.stream==0")],
    )
