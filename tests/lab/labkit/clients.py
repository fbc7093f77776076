"""Small clients on plain sockets: they do exactly what the scenario says, also what a good client would not do."""

import socket
import ssl

WAIT_S = 10.0


def connect(network, where, address, port, from_port=0, timeout=WAIT_S):
    """A TCP connection from namespace `where`. The source port is fixed when given, so that notes can name it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with network.inside(where):
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if from_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", from_port))
    try:
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock


def tls(sock, name=None, minimum=None, maximum=None, authority=None):
    """A TLS client on a connected socket; no name, no SNI. Trusts everything unless an authority is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context.wrap_socket(sock, server_hostname=name)


def request(host="shop.example", path="/", close=False):
    """The bytes of a small HTTP/1.1 request."""
    end = "Connection: close\r\n" if close else ""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{end}\r\n".encode()


def exchange(sock, **fields):
    """One request and its whole response; returns the response's head."""
    sock.sendall(request(**fields))
    return read_response(sock)


def read_response(sock):
    got = b""
    while b"\r\n\r\n" not in got:
        piece = sock.recv(4096)
        if not piece:
            raise ConnectionError("closed before the response")
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    left = _body_length(head, body)
    while left is None or left > 0:
        piece = sock.recv(4096)
        if not piece:
            break
        body += piece
        left = _body_length(head, body)
    return head.decode("latin-1")


def echo(sock, text):
    """Sends a line and waits for as many bytes as it has."""
    sock.sendall(text)
    got = b""
    while len(got) < len(text):
        piece = sock.recv(4096)
        if not piece:
            raise ConnectionError("closed before the echo")
        got += piece
    return got


def drain(sock):
    """Reads until the peer has closed, then closes: the polite end."""
    try:
        while sock.recv(4096):
            pass
    except (ConnectionError, ssl.SSLError):
        pass
    sock.close()


def wait_for_close(sock, timeout=WAIT_S):
    """Waits until the peer's FIN is there, and does not read it: the socket stays as a careless client holds it."""
    sock.settimeout(timeout)
    sock.recv(1, socket.MSG_PEEK)


def _body_length(head, body):
    """How much of the body is missing; None when only the end of the connection can tell."""
    lines = [line.lower() for line in head.split(b"\r\n")]
    if lines[0].split()[1] in (b"204", b"304"):
        return 0
    for line in lines[1:]:
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1]) - len(body)
        if line.startswith(b"transfer-encoding:") and b"chunked" in line:
            return 0 if body.endswith(b"0\r\n\r\n") else 1
    return None
