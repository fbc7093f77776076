"""SOCKS proxies that do not connect: a wrong password, no way to authenticate, nobody at the target, no such name.

Needs microsocks.
"""

import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("socks-refuses.pcap",)
GUARDED_PORT, OPEN_PORT, TLS_PORT, NOBODY = 2080, 2081, 4443, 4499


def record(lab):
    lab.pair()
    lab.programs.s_server("server", TLS_PORT, lab.certificate, "-www")
    user = ["-u", "app", "-P", "right"]
    lab.programs.start("server", ["microsocks", "-i", SERVER, "-p", str(GUARDED_PORT), *user], [GUARDED_PORT])
    lab.programs.start("server", ["microsocks", "-i", SERVER, "-p", str(OPEN_PORT)], [OPEN_PORT])
    with lab.capture(CAPTURES[0]):
        curl(lab, f"socks5h://app:wrong@{SERVER}:{GUARDED_PORT}", f"{SERVER}:{TLS_PORT}")
        curl(lab, f"socks5h://{SERVER}:{GUARDED_PORT}", f"{SERVER}:{TLS_PORT}")
        curl(lab, f"socks5h://app:right@{SERVER}:{GUARDED_PORT}", f"{SERVER}:{TLS_PORT}")
        for _ in range(2):
            curl(lab, f"socks5h://{SERVER}:{OPEN_PORT}", f"{SERVER}:{NOBODY}")
        curl(lab, f"socks5h://{SERVER}:{OPEN_PORT}", "nowhere.invalid")
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="SOCKS proxies that do not connect",
        programs=["curl"],
        how=f"""
            microsocks with a password on port {GUARDED_PORT} and without on {OPEN_PORT}, and curl for an address of
            https behind it: with a wrong password, with none, with the right one; then twice to a port where nobody
            listens, and to a name that does not exist.""",
        shows="""
            Status 2 in answer to the wrong password, 0xff to the client that offers none, a TLS handshake on the
            third; replies 5, 5 and 1 to the requests.""",
        say=[
            f"server-error-message for {SERVER}:{GUARDED_PORT}: a login that is not taken, twice",
            f"server-error-message for {SERVER}:{OPEN_PORT}: refused, with the target, twice; a failure with the name",
        ],
        never=["tls-to-plaintext", "no-server-hello", "anything of the one that got through"],
        checks=[
            Check("tcp.payload==05:ff", 1, "no acceptable method"),
            Check("tcp.payload[0:3]==05:05:00 && tcp.srcport==2081", 2, "refused"),
            Check("tcp.payload[0:3]==05:01:00 && tcp.srcport==2081", 1, "failure"),
        ],
        ladders=[("login", "tcp.stream==0"), ("refused", "tcp.stream==3")],
    )


def curl(lab, proxy, target):
    words = ["curl", "-sSk", "-m", "4", "-x", proxy, f"https://{target}/"]
    lab.programs.start("client", words).wait(timeout=20)
