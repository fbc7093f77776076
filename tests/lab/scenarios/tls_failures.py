"""TLS handshakes which fail with an alert: versions, an unknown authority, an unknown name."""

import contextlib
import subprocess

from labkit.lab import CLIENT, SERVER
from labkit.note import Check

CAPTURES = ("tls-version.pcap", "tls-unknown-ca.pcap", "tls-alert-unrecognized-name.pcap")
ONLY_13, ONLY_12, BOTH = 4413, 4412, 4443
NAMED = 4444


def record(lab):
    lab.pair()
    certificate = lab.certificate
    lab.programs.s_server("server", ONLY_13, certificate, "-tls1_3")
    lab.programs.s_server("server", ONLY_12, certificate, "-tls1_2")
    lab.programs.s_server("server", BOTH, certificate)
    names = ["-servername", "shop.example", "-servername_fatal", "-cert2", certificate.chain, "-key2", certificate.key]
    lab.programs.s_server("server", NAMED, certificate, *names)
    trust = ["-CAfile", certificate.authority, "-verify_return_error"]
    with lab.capture(CAPTURES[0]):
        for _ in range(3):
            s_client(lab, ONLY_13, "-tls1_2", *trust)
            s_client(lab, ONLY_12, "-tls1_3", *trust)
        s_client(lab, ONLY_13, *trust)
        s_client(lab, ONLY_12, *trust)
    with lab.capture(CAPTURES[1]):
        for _ in range(3):
            s_client(lab, BOTH, "-tls1_2", "-verify_return_error")
            s_client(lab, BOTH, "-tls1_3", "-verify_return_error")
        s_client(lab, BOTH, *trust)
    with lab.capture(CAPTURES[2]):
        for _ in range(3):
            s_client(lab, NAMED, *trust, name="shop.exmaple")
        s_client(lab, NAMED, *trust, name="shop.example")
    describe(lab)


def s_client(lab, port, *options, name="shop.example"):
    """`openssl s_client` which sends one line, reads the answer and ends."""
    words = [
        "openssl",
        "s_client",
        "-connect",
        f"{SERVER}:{port}",
        "-servername",
        name,
        "-quiet",
        "-no_ign_eof",
        *options,
    ]
    with lab.network.inside("client"):
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(b"hello\n")
        process.stdin.flush()
    # One line comes back, or the end of the file when the handshake has failed.
    process.stdout.readline()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(timeout=5)


def describe(lab):
    from_server, from_client = f"ip.src=={SERVER}", f"ip.src=={CLIENT}"
    lab.note(
        CAPTURES[0],
        title="no TLS version in common",
        programs=["openssl"],
        how=f"""
            `openssl s_server -tls1_3` on port {ONLY_13} and `-tls1_2` on port {ONLY_12}. `openssl s_client -tls1_2`
            tries the first three times, `-tls1_3` the second three times; then a client with both versions tries each
            once and succeeds.""",
        shows="""
            On both ports the server answers a hello without a version that it speaks by a fatal alert
            protocol_version (70) and closes. A client which offers both gets through.""",
        say=[
            f"tls-version-mismatch for 10.0.0.2:{ONLY_13}: 3 of 4; offered TLS 1.2 at most; alert 70 by the server",
            f"tls-version-mismatch for 10.0.0.2:{ONLY_12}: 3 of 4; offered TLS 1.3 only; alert 70 by the server",
        ],
        never=[
            "missing-sni (every hello carries shop.example), sni-mismatch, certificate-rejected",
            "the good ones as failed",
        ],
        checks=[
            Check(
                f"tls.alert_message.desc==70 && {from_server} && tcp.srcport=={ONLY_13}", 3, "alert 70 from port 4413"
            ),
            Check(
                f"tls.alert_message.desc==70 && {from_server} && tcp.srcport=={ONLY_12}", 3, "alert 70 from port 4412"
            ),
            Check("tls.alert_message.level==2", 6, "and no other fatal alert"),
            Check("tls.handshake.type==1", 8, "ClientHellos"),
            Check('tls.handshake.extensions_server_name=="shop.example"', 8, "all with SNI"),
            Check("tls.handshake.type==2", 2, "two ServerHellos"),
        ],
        ladders=[("the first failure", "tcp.stream==0"), ("the second", "tcp.stream==1")],
    )
    lab.note(
        CAPTURES[1],
        title="the client does not know the authority",
        programs=["openssl"],
        how=f"""
            `openssl s_server` on port {BOTH} with a certificate of an authority which the client does not trust.
            `openssl s_client -verify_return_error` three times with TLS 1.2 and three times with TLS 1.3, in turn; then
            once with the authority's certificate, which succeeds.""",
        shows="""
            After the server's flight the client sends a fatal alert unknown_ca (48) and closes. In TLS 1.3 too the
            alert goes in clear, because OpenSSL sends it before it changes its keys; the certificate itself is
            hidden there.""",
        say=[
            f"certificate-rejected for 10.0.0.2:{BOTH}: 6 of 7, alert 48 unknown_ca by the client"
            "; three of TLS 1.2, three of TLS 1.3",
            "that in TLS 1.3 the certificate is not visible; in TLS 1.2: CN=shop.example by `lab authority`",
        ],
        never=["that the server ended the connections", "tls-version-mismatch, missing-sni, no-server-hello"],
        checks=[
            Check(f"tls.alert_message.desc==48 && {from_client}", 6, "alert 48 by the client, in clear"),
            Check("tls.alert_message.level==2", 6, "and no other fatal alert"),
            Check("tls.handshake.type==2", 7, "ServerHellos"),
            Check("tls.handshake.type==11", 3, "visible certificates: TLS 1.2 only"),
            Check("tls.handshake.type==2 && tls.handshake.extensions.supported_version==0x0304", 4, "TLS 1.3"),
        ],
        ladders=[("TLS 1.2", "tcp.stream==0"), ("TLS 1.3", "tcp.stream==1")],
    )
    lab.note(
        CAPTURES[2],
        title="the server does not know the name",
        programs=["openssl"],
        how=f"""
            `openssl s_server -servername shop.example -servername_fatal` on port {NAMED}. `openssl s_client` asks
            three times for shop.exmaple (a slip of the pen) and once for shop.example.""",
        shows="""
            A ClientHello for a name which the server does not serve is answered by a fatal alert unrecognized_name
            (112). The right name gets through.""",
        say=[f"sni-mismatch for 10.0.0.2:{NAMED}: 3 of 4; alert 112 unrecognized_name by the server for shop.exmaple"],
        never=["missing-sni", "certificate-rejected, tls-version-mismatch", "the one for shop.example as failed"],
        checks=[
            Check(f"tls.alert_message.desc==112 && tls.alert_message.level==2 && {from_server}", 3, "alert 112"),
            Check('tls.handshake.extensions_server_name=="shop.exmaple"', 3, "hellos with the wrong name"),
            Check('tls.handshake.extensions_server_name=="shop.example"', 1, "one with the right one"),
            Check("tls.handshake.type==2", (1, 4), "ServerHello"),
        ],
        ladders=[("the first failure", "tcp.stream==0")],
    )
