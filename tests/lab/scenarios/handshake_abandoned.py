"""Clients that leave in the middle of the TLS handshake."""

import contextlib
import signal
import ssl
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("handshake-abandoned.pcap",)
SILENT, STOPPED, WELL = 4471, 4472, 4473
PATIENCE_S = 0.7


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.start("server", ["socat", "-u", f"TCP-LISTEN:{SILENT},fork,reuseaddr", "/dev/null"], [SILENT])
    stopped = lab.programs.s_server("server", STOPPED, certificate)
    lab.programs.s_server("server", WELL, certificate)
    with lab.capture(CAPTURES[0]):
        for _ in range(3):
            impatient(lab, SILENT)
        stopped.send_signal(signal.SIGSTOP)
        for _ in range(2):
            impatient(lab, STOPPED)
        stopped.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        for _ in range(3):
            look_at_certificate(lab, WELL)
        impatient(lab, WELL)
        time.sleep(0.3)
    describe(lab)


def impatient(lab, port):
    """A client of Python's ssl that gives the handshake 0.7 s."""
    sock = clients.connect(lab.network, "client", SERVER, port, timeout=PATIENCE_S)
    with contextlib.suppress(OSError), contextlib.closing(clients.tls(sock, name="shop.example")) as secured:
        secured.sendall(b"hello\n")
        secured.recv(100)
    sock.close()


def look_at_certificate(lab, port):
    """What a scanner does: it sends a ClientHello, reads the certificate and leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context.wrap_bio(incoming, outgoing, server_hostname="shop.example")
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    with clients.connect(lab.network, "client", SERVER, port) as sock:
        sock.sendall(outgoing.read())
        flight = b""
        # ServerHelloDone is the flight's last message: four bytes in a record, or behind others.
        while not flight.endswith(b"\x0e\x00\x00\x00"):
            flight += sock.recv(4096)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="clients that leave in the middle of the TLS handshake",
        programs=["socat", "openssl"],
        how=f"""
            A client of Python's ssl gives the handshake {PATIENCE_S} s. socat on port {SILENT} reads and says nothing
            (three times); `openssl s_server` on port {STOPPED} is stopped (SIGSTOP) while two clients come and go, and
            goes on after that. On port {WELL} a client sends a ClientHello of TLS 1.2, reads the certificate and
            leaves, three times, as scanners do; then one asks and is answered.""",
        shows="Eight handshakes that the client leaves with a FIN and without an alert. The ServerHellos of the stopped server come after it; OpenSSL answers the others with an alert.",  # noqa: E501
        say=[
            f"handshake-abandoned for {SERVER}:{SILENT}: 3 of 3, 0.7 s after the hello, before any answer",
            f"handshake-abandoned for {SERVER}:{STOPPED}: 2 of 2, the ServerHello came after the client had left",
            f"handshake-abandoned for {SERVER}:{WELL}: 3 of 4, after the certificate; a warning, maybe a scanner",
        ],
        never=["no-server-hello (silence of 2 s)", "certificate-rejected: nobody said so", "the last one as failed"],
        checks=[
            Check("tls.handshake.type==1", 9, "ClientHellos"),
            Check("tls.handshake.type==2", 6, "ServerHellos"),
            Check("tls.alert_message && ip.src==10.0.0.1", 0, "no alert of a client"),
            Check("tls.alert_message.desc==50", 3, "the server's answer to the end: decode_error"),
        ],
        ladders=[("no answer", "tcp.stream==0"), ("too late", "tcp.stream==3"), ("it only looked", "tcp.stream==5")],
    )
