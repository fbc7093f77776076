"""TLS handshakes that the server refuses: nothing in common, no protocol in common, odd names, a fallback."""

from labkit.lab import SERVER
from labkit.note import Check

from .tls_failures import s_client

CAPTURES = ("tls-parameters.pcap", "alpn-mismatch.pcap", "sni-odd.pcap", "tls-fallback.pcap")
GROUPS, PROTOCOLS, NAMED, USUAL = 4451, 4452, 4453, 4454


def record(lab):
    lab.pair()
    certificate = lab.certificate
    names = ["-servername", "shop.example", "-servername_fatal", "-cert2", certificate.chain, "-key2", certificate.key]
    lab.programs.s_server("server", GROUPS, certificate, "-groups", "P-384")
    lab.programs.s_server("server", PROTOCOLS, certificate, "-alpn", "h2")
    lab.programs.s_server("server", NAMED, certificate, *names)
    lab.programs.s_server("server", USUAL, certificate)
    with lab.capture(CAPTURES[0]):
        for _ in range(3):
            s_client(lab, GROUPS, "-groups", "X25519:P-256")
        s_client(lab, GROUPS, "-groups", "X25519:P-384")
    with lab.capture(CAPTURES[1]):
        for _ in range(3):
            s_client(lab, PROTOCOLS, "-alpn", "http/1.1")
        s_client(lab, PROTOCOLS, "-alpn", "h2,http/1.1")
    with lab.capture(CAPTURES[2]):
        for name in (SERVER, "shop.example.", "shop_example:443"):
            for _ in range(2):
                s_client(lab, NAMED, name=name)
        s_client(lab, NAMED)
    with lab.capture(CAPTURES[3]):
        for _ in range(3):
            s_client(lab, USUAL, "-tls1_2", "-fallback_scsv")
        s_client(lab, USUAL)
    describe(lab)


def describe(lab):
    from_server = f"ip.src=={SERVER}"
    lab.note(
        CAPTURES[0],
        title="no group for the key exchange in common",
        programs=["openssl"],
        how=f"""
            `openssl s_server -groups P-384` on port {GROUPS}. `openssl s_client -groups X25519:P-256` tries
            three times, then once `-groups X25519:P-384`, to which the server answers with a HelloRetryRequest.""",
        shows="The server answers the first three with a fatal alert handshake_failure (40). The fourth is established.",  # noqa: E501
        say=[f"tls-parameter-mismatch for {SERVER}:{GROUPS}: 3 of 4, alert 40 by the server"],
        never=["tls-version-mismatch, missing-sni", "the fourth as failed"],
        checks=[
            Check(f"tls.alert_message.desc==40 && {from_server}", 3, "alert 40"),
            Check("tls.handshake.type==2", 2, "HelloRetryRequest and ServerHello of the fourth"),
        ],
        ladders=[("the first failure", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[1],
        title="no application protocol in common",
        programs=["openssl"],
        how=f"""
            `openssl s_server -alpn h2` on port {PROTOCOLS}. `openssl s_client` offers http/1.1 alone three
            times, then h2 as well.""",
        shows="The server answers the first three with a fatal alert no_application_protocol (120).",
        say=[f"alpn-mismatch for {SERVER}:{PROTOCOLS}: 3 of 4; offered http/1.1; alert 120 by the server"],
        never=["tls-parameter-mismatch, missing-sni", "the fourth as failed"],
        checks=[
            Check(f"tls.alert_message.desc==120 && {from_server}", 3, "alert 120"),
            Check("tls.handshake.type==2", 1, "one ServerHello"),
        ],
        ladders=[("the first failure", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[2],
        title="server names that are none",
        programs=["openssl"],
        how=f"""
            `openssl s_server -servername shop.example -servername_fatal` on port {NAMED}. `openssl s_client`
            asks twice each for {SERVER}, for "shop.example." and for "shop_example:443", then once for
            shop.example.""",
        shows="""
            An address, a name with a full stop at its end and one with a port are no host names (RFC 6066
            section 3). This server compares bytes and answers each with a fatal alert unrecognized_name (112).""",
        say=[
            f"sni-ip-literal for {SERVER}:{NAMED}: 2 connections",
            f"sni-malformed for {SERVER}:{NAMED}: 4 connections, with what is wrong in the names",
        ],
        never=["missing-sni", "the last as failed"],
        checks=[
            Check(f"tls.alert_message.desc==112 && tls.alert_message.level==2 && {from_server}", 6, "alert 112"),
            Check('tls.handshake.extensions_server_name=="shop.example."', 2, "hellos with the full stop"),
            Check(f'tls.handshake.extensions_server_name=="{SERVER}"', 2, "hellos with the address"),
        ],
        ladders=[("the first failure", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[3],
        title="a fallback that the server does not take",
        programs=["openssl"],
        how=f"""
            `openssl s_server` on port {USUAL} speaks TLS 1.2 and 1.3. `openssl s_client -tls1_2 -fallback_scsv`
            says three times that it fell back to TLS 1.2 (RFC 7507); then a client without that.""",
        shows="The server answers each fallback with a fatal alert inappropriate_fallback (86).",
        say=[f"tls-alert for {SERVER}:{USUAL}: 3 of 4, inappropriate_fallback (86) by the server"],
        never=["tls-parameter-mismatch, missing-sni", "the last as failed"],
        checks=[Check(f"tls.alert_message.desc==86 && {from_server}", 3, "alert 86")],
        ladders=[("the first failure", "tcp.stream==0")],
    )
