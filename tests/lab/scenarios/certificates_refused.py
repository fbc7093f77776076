"""A certificate that has expired, and clients without the certificate that the server asks for."""

from labkit import certificates
from labkit.lab import CLIENT, SERVER
from labkit.note import Check
from scenarios.tls_failures import s_client

CAPTURES = ("certificate-fault.pcap", "certificate-expired.pcap", "client-certificate-fault.pcap")
EXPIRED, MUTUAL = 4451, 4452


def record(lab):
    lab.pair()
    good = lab.certificate
    expired = certificates.expired(lab.scratch)
    lab.programs.s_server("server", EXPIRED, expired)
    lab.programs.s_server("server", MUTUAL, good, "-Verify", "1", "-CAfile", good.authority, "-verify_return_error")
    trust = ["-CAfile", good.authority, "-verify_return_error"]
    with lab.capture(CAPTURES[0]):
        for _ in range(3):
            s_client(lab, EXPIRED, "-tls1_2")
        s_client(lab, EXPIRED, "-tls1_3")
    with lab.capture(CAPTURES[1]):
        for _ in range(3):
            s_client(lab, EXPIRED, "-tls1_2", *trust)
        s_client(lab, EXPIRED, "-tls1_3", *trust)
    with lab.capture(CAPTURES[2]):
        for _ in range(3):
            s_client(lab, MUTUAL, "-tls1_3", *trust)
        for _ in range(3):
            s_client(lab, MUTUAL, "-tls1_2", *trust)
        s_client(lab, MUTUAL, "-tls1_3", *trust, "-cert", good.chain, "-key", good.key)
    describe(lab)


def describe(lab):
    from_server, from_client = f"ip.src=={SERVER}", f"ip.src=={CLIENT}"
    lab.note(
        CAPTURES[0],
        title="the certificate has expired, and the client does not look",
        programs=["openssl"],
        how=f"""
            `openssl s_server` on port {EXPIRED} with a certificate that was valid in January 2024. `openssl
            s_client`, which does
            not check it, speaks three times with TLS 1.2 and once with TLS 1.3.""",
        shows="""
            All four handshakes are completed. In TLS 1.2 the certificate is readable: its notAfter lies before the packets.""",  # noqa: E501
        say=[
            f"certificate-fault for 10.0.0.2:{EXPIRED}: expired, read on the three TLS 1.2 connections; nothing failed"
        ],
        never=["that a handshake failed", "that the TLS 1.3 certificate was read", "certificate-rejected"],
        checks=[
            Check("tls.handshake.type==11", 3, "readable certificates"),
            Check("tls.alert_message.level==2", 0, "no fatal alert"),
        ],
        ladders=[("TLS 1.2", "tcp.stream==0")],
    )
    lab.note(
        CAPTURES[1],
        title="the certificate has expired, and the client refuses it",
        programs=["openssl"],
        how=f"""
            `openssl s_server` on port {EXPIRED} with a certificate that was valid in January 2024. `openssl s_client
            -verify_return_error` tries three times with TLS 1.2 and once with TLS 1.3; it trusts the authority.""",
        shows="""
            In TLS 1.2 the certificate is readable: its notAfter lies before the packets. The client sends a fatal alert
            certificate_expired (45). In TLS 1.3 the certificate is hidden; the alert goes in clear, as OpenSSL sends
            it before
            it changes its keys.""",
        say=[
            f"certificate-rejected for 10.0.0.2:{EXPIRED}: 4 of 4, alert 45 certificate_expired by the client",
            "that the certificate itself says so, on the three TLS 1.2 connections: valid 2024-01-01 to 2024-01-31",
        ],
        never=["that the TLS 1.3 certificate was read", "tls-version-mismatch, sni-mismatch, missing-sni"],
        checks=[
            Check(f"tls.alert_message.desc==45 && {from_client}", 4, "alert 45"),
            Check("tls.handshake.type==11", 3, "readable certificates"),
        ],
        ladders=[("TLS 1.2", "tcp.stream==0"), ("TLS 1.3", "tcp.stream==3")],
    )
    lab.note(
        CAPTURES[2],
        title="the server asks for a certificate that the client does not have",
        programs=["openssl"],
        how=f"""
            `openssl s_server -Verify 1 -verify_return_error` on port {MUTUAL}. `openssl s_client` without a
            certificate, three times with
            TLS 1.3 and three times with TLS 1.2; then with a certificate, which succeeds.""",
        shows="""
            TLS 1.2: the server's CertificateRequest, an empty Certificate by the client, a fatal alert by the
            server. TLS 1.3: all
            that is encrypted; right after the client's last flight the server sends one record of 19 bytes and closes.""",  # noqa: E501
        say=[
            f"client-certificate-fault for 10.0.0.2:{MUTUAL}: three of TLS 1.2 certain, three of TLS 1.3 inferred from sizes"  # noqa: E501
        ],
        never=["certificate-rejected: it is the server that refuses", "the last connection as failed"],
        checks=[
            Check("tls.handshake.type==13", 3, "CertificateRequest in clear: TLS 1.2"),
            Check(f"tls.alert_message.desc in {{40,116}} && {from_server}", 3, "alerts in clear"),
            Check(
                f"tls.record.length==19 && tls.record.opaque_type==23 && {from_server} && tcp.stream < 3",
                (3, 6),
                "encrypted alerts",
            ),
        ],
        ladders=[("TLS 1.3", "tcp.stream==0"), ("TLS 1.2", "tcp.stream==3")],
    )
