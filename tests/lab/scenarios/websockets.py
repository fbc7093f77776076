"""WebSockets that end: cut by proxies while they are quiet, closed with a reason, or without one.

Client and server need `pip install websockets`.
"""

import contextlib
import importlib
import signal
import sys
import threading
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("websockets-cut.pcap", "websockets-closed.pcap")
NGINX_PORT, HAPROXY_PORT, DIRECT_PORT, MORTAL_PORT = 80, 81, 8080, 8081
QUIET_S = 3
NGINX = f"""
  server {{
    listen {NGINX_PORT};
    location / {{
      proxy_pass http://127.0.0.1:{DIRECT_PORT};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout {QUIET_S}s;
    }}
  }}
"""
HAPROXY = f"""
frontend front
  mode http
  bind :{HAPROXY_PORT}
  timeout client 30s
  timeout tunnel {QUIET_S}s
  default_backend back
backend back
  mode http
  timeout server 30s
  timeout tunnel {QUIET_S}s
  server one 127.0.0.1:{DIRECT_PORT}
"""
# Says each message again; some words it takes for orders.
ECHO = """
import asyncio, sys
from websockets.asyncio.server import serve

async def handle(socket):
    async for message in socket:
        if message == "forbidden":
            return await socket.close(1008, "token expired")
        if message == "broken":
            raise RuntimeError("on purpose")
        if message == "finished":
            return
        await socket.send(message)

async def main():
    async with serve(handle, "0.0.0.0", int(sys.argv[1]), max_size=1000, ping_interval=None):
        await asyncio.Future()

asyncio.run(main())
"""
BY_NGINX, BY_HAPROXY = range(43901, 43904), range(43911, 43914)
LIVELY, LEAVES = 43921, 43922
FORBIDDEN, BROKEN, TOO_BIG = range(43931, 43934), range(43941, 43943), 43951
FINISHED, HUNG, KILLED = 43961, range(43971, 43973), range(43981, 43984)


def record(lab):
    lab.pair()
    server = [sys.executable, "-c", ECHO]
    lab.programs.start("server", [*server, str(DIRECT_PORT)], [DIRECT_PORT])
    mortal = lab.programs.start("server", [*server, str(MORTAL_PORT)], [MORTAL_PORT])
    lab.programs.nginx("server", NGINX, [NGINX_PORT])
    lab.programs.haproxy("server", HAPROXY, [HAPROXY_PORT])
    with lab.capture(CAPTURES[0]):
        cut(lab)
    with lab.capture(CAPTURES[1]):
        closed(lab, mortal)
    describe_cut(lab)
    describe_closed(lab)


def cut(lab):
    def quiet(from_port, port):
        with opened(lab, from_port, port) as socket:
            say(socket, "hello")
            drain(socket)

    def lively(from_port, port):
        """Pings keep it."""
        with opened(lab, from_port, port, ping_interval=1, ping_timeout=1) as socket:
            say(socket, "hello")
            time.sleep(2 * QUIET_S)
            say(socket, "still here")

    parts = [(quiet, port, NGINX_PORT) for port in BY_NGINX] + [(quiet, port, HAPROXY_PORT) for port in BY_HAPROXY]
    parts += [(lively, LIVELY, NGINX_PORT), (leave_soon, LEAVES, NGINX_PORT)]
    together([(part, (lab, *rest) if part is leave_soon else rest) for part, *rest in parts])


def leave_soon(lab, from_port, port):
    with opened(lab, from_port, port) as socket:
        say(socket, "hello")


def closed(lab, mortal):
    def provoke(from_port, words):
        with opened(lab, from_port, DIRECT_PORT) as socket:
            say(socket, "hello")
            socket.send(words)
            drain(socket)

    parts = [(provoke, (port, "forbidden")) for port in FORBIDDEN] + [(provoke, (port, "broken")) for port in BROKEN]
    parts += [(provoke, (TOO_BIG, "x" * 2000)), (provoke, (FINISHED, "finished"))]
    together(parts)

    def wait_in_vain(from_port):
        with opened(lab, from_port, MORTAL_PORT, ping_interval=1, ping_timeout=2, close_timeout=1) as socket:
            say(socket, "hello")
            drain(socket)

    def outlive(from_port):
        with opened(lab, from_port, MORTAL_PORT) as socket:
            say(socket, "hello")
            drain(socket)

    threads = begin([(wait_in_vain, (port,)) for port in HUNG])
    time.sleep(0.5)
    mortal.send_signal(signal.SIGSTOP)
    end(threads)
    mortal.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    threads = begin([(outlive, (port,)) for port in KILLED])
    time.sleep(0.3)
    mortal.kill()
    end(threads)
    time.sleep(0.3)


def opened(lab, from_port, port, ping_interval=None, **more):
    client = importlib.import_module("websockets.sync.client")
    sock = clients.connect(lab.network, "client", SERVER, port, from_port)
    return client.connect(f"ws://chat.example:{port}/", sock=sock, ping_interval=ping_interval, **more)


def say(socket, words):
    socket.send(words)
    if socket.recv() != words:
        raise RuntimeError("another answer came")


def drain(socket):
    closed = importlib.import_module("websockets.exceptions").ConnectionClosed
    with contextlib.suppress(closed):
        while True:
            socket.recv()


def begin(parts):
    threads = [threading.Thread(target=part, args=arguments) for part, arguments in parts]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    return threads


def end(threads):
    for thread in threads:
        thread.join()


def together(parts):
    end(begin(parts))


def describe_cut(lab):
    lab.note(
        CAPTURES[0],
        title="WebSockets that proxies cut while they are quiet",
        programs=["nginx", "haproxy"],
        how=f"""
            A server of the Python library `websockets` behind nginx (`proxy_read_timeout {QUIET_S}s`, port
            {NGINX_PORT}) and behind HAProxy (`timeout tunnel {QUIET_S}s`, port {HAPROXY_PORT}). Three clients at
            each (43901-43903, 43911-43913) say a word, get it back, and are quiet. One more at nginx (43921) pings
            each second and leaves after {2 * QUIET_S} s; another (43922) leaves at once.""",
        shows=f"""
            {QUIET_S} s after the last word the proxies send a FIN: no Close frame comes before it (RFC 6455 section
            7.1.1). With pings nothing is cut. Who leaves says so by a Close frame, and gets one.""",
        say=[
            f"idle-close for {SERVER}:{NGINX_PORT}: 3 WebSockets after {QUIET_S} s, without a Close frame",
            f"idle-close for {SERVER}:{HAPROXY_PORT}: the same",
        ],
        never=["the two that the client ended as cut", "answer-cut-short, unannounced-close"],
        checks=[
            Check(f"tcp.srcport=={NGINX_PORT} && tcp.flags.fin==1", 5, "FINs of nginx"),
            Check(f"tcp.srcport=={HAPROXY_PORT} && tcp.flags.fin==1", 3, "FINs of HAProxy"),
            Check("websocket.opcode==8 && tcp.srcport==80", 2, "Close frames by way of nginx"),
            Check("http.response.code==101", 8, "upgrades"),
        ],
        ladders=[("by nginx", "tcp.stream==0"), ("by HAProxy", "tcp.stream==3"), ("pings", "tcp.stream==6")],
    )


def describe_closed(lab):
    lab.note(
        CAPTURES[1],
        title="WebSockets that end with a reason, or without one",
        programs=[],
        how=f"""
            Two servers of the Python library `websockets`, ports {DIRECT_PORT} and {MORTAL_PORT}, that say each
            message again. On the first: three clients (43931-43933) say what the server closes for (1008), two
            (43941, 43942) what its handler fails at, one (43951) sends 2,000 bytes where 1,000 are allowed, one
            (43961) ends in order. The second is stopped (SIGSTOP) while two clients (43971, 43972) ping each second
            and wait 2 s for a PONG; then it goes on, gets three more (43981-43983), and is killed (SIGKILL).""",
        shows="""
            The server's Close frames have the codes 1008, 1011, 1009 and 1000. The two that pinged in vain close
            with 1011 and "keepalive ping timeout". The killed server's kernel sends FINs, without a Close frame.""",
        say=[
            f"server-error-message for {SERVER}:{DIRECT_PORT}: three with 1008, two with 1011, one with 1009",
            f"server-error-message for {SERVER}:{MORTAL_PORT}: two that the client closed, its PING unanswered",
            f"unannounced-close for {SERVER}:{MORTAL_PORT}: three without a Close frame",
        ],
        never=["the one that ended in order as failed", "idle-close"],
        checks=[
            Check("websocket.payload.close.status_code==1008 && tcp.srcport==8080", 3, "policy"),
            Check("websocket.payload.close.status_code==1009 && tcp.srcport==8080", 1, "too big"),
            Check("websocket.payload.close.status_code==1011 && tcp.srcport==8080", 2, "failed"),
            Check("websocket.payload.close.status_code==1011 && tcp.dstport==8081", 2, "no PONG"),
        ],
        ladders=[("forbidden", "tcp.stream==0"), ("in vain", "tcp.stream==7"), ("killed", "tcp.stream==9")],
    )
