"""TLS servers that answer late, or never."""

import contextlib
import signal
import socket
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.network import in_background
from labkit.note import Check

CAPTURES = ("no-server-hello.pcap", "slow-handshake.pcap")
SILENT, CLOSING, WELL, SLOW = 4461, 4462, 4463, 4464


def record(lab):
    lab.pair()
    certificate = lab.certificate
    # Ports that take bytes and say nothing: a load balancer without a target, a process that hangs.
    lab.programs.start("server", ["socat", "-u", f"TCP-LISTEN:{SILENT},fork,reuseaddr", "/dev/null"], [SILENT])
    closing = ["socat", f"TCP-LISTEN:{CLOSING},fork,reuseaddr", "SYSTEM:sleep 0.2; head -c 100 > /dev/null"]
    lab.programs.start("server", closing, [CLOSING])
    lab.programs.s_server("server", WELL, certificate)
    slow = lab.programs.s_server("server", SLOW, certificate)
    with lab.capture(CAPTURES[0]):
        for port in (SILENT, CLOSING):
            for _ in range(3):
                hello(lab, port, 3.0)
        hello(lab, WELL, 3.0)
        time.sleep(0.3)
    with lab.capture(CAPTURES[1]):
        hello(lab, SLOW, 5.0)
        for _ in range(2):
            slow.send_signal(signal.SIGSTOP)
            resume = later(2.0, lambda: slow.send_signal(signal.SIGCONT))
            hello(lab, SLOW, 5.0)
            resume.join()
        time.sleep(0.3)
    describe(lab)


def hello(lab, port, wait_s):
    sock = clients.connect(lab.network, "client", SERVER, port, timeout=wait_s)
    with contextlib.suppress(OSError), contextlib.closing(clients.tls(sock, name="shop.example")) as secured:
        secured.sendall(b"hello\n")
        secured.recv(100)
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def later(seconds, what):
    def wait():
        time.sleep(seconds)
        what()

    return in_background(wait)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a ClientHello without a ServerHello",
        programs=["socat", "openssl"],
        how=f"""
            socat reads and says nothing on port {SILENT}, and closes after 0.2 s on port {CLOSING}; `openssl
            s_server` on {WELL}. A client of Python's ssl, which gives up after 3 s, asks each of the first two
            three times, the last once.""",
        shows="The ClientHello is acknowledged. On one port silence follows, until the client closes; on the other a FIN.",  # noqa: E501
        say=[
            f"no-server-hello for {SERVER}:{SILENT}: 3 of 3, silence; for {SERVER}:{CLOSING}: 3 of 3, closed with a FIN",  # noqa: E501
        ],
        never=["missing-sni (every hello carries shop.example)", "the one to the third port as failed"],
        checks=[
            Check("tls.handshake.type==1", 7, "ClientHellos"),
            Check("tls.handshake.type==2", 1, "one ServerHello"),
        ],
        ladders=[("silence", "tcp.stream==0"), ("closed", "tcp.stream==3")],
    )
    lab.note(
        CAPTURES[1],
        title="a server that takes two seconds for its ServerHello",
        programs=["openssl"],
        how=f"""
            `openssl s_server` on port {SLOW}. It is stopped (SIGSTOP) before the second and the third client
            come, and goes on 2 s later, as a process without CPU does. The kernel takes the connection and the
            hello meanwhile.""",
        shows="Connecting takes less than a millisecond, the ServerHello comes 2 s after the ClientHello, twice of three times.",  # noqa: E501
        say=[
            f"slow-handshake for {SERVER}:{SLOW}: 2 of 3, about 2 s, round trip of TCP under a millisecond; time spent in the server"  # noqa: E501
        ],
        never=["no-server-hello", "syn-retried, packet loss"],
        checks=[Check("tls.handshake.type==2", 3, "ServerHellos")],
        ladders=[("the first slow one", "tcp.stream==1")],
    )
