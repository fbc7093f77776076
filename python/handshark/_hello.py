"""One ClientHello: its row with names to type."""

from __future__ import annotations

from datetime import datetime

from handshark import _html
from handshark._handshark import escaped
from handshark._row import Row


class ClientHello(Row):
    """One TLS ClientHello. Its attributes are the columns of `Capture.hellos`; None means not seen.

    Lists are in wire order without GREASE. `Capture.hellos.about` says what each column means, with its unit.

    >>> import handshark
    >>> capture = handshark.read("testdata/missing-sni-silent.pcapng")
    >>> hello = capture.connection(0).client_hello
    >>> hello.sni_state, hello.server_name, hello.tls_versions_offered
    ('absent', None, ['TLS 1.3', 'TLS 1.2'])
    """

    connection: int
    attempt: int
    packet: int
    at: datetime
    client_address: str
    client_port: int
    server_address: str
    server_port: int
    sni_state: str
    server_name: str | None
    alpn_offered: list[str] | None
    record_version: str
    legacy_version: str
    tls_versions_offered: list[str]
    cipher_suites: list[str] | None
    groups: list[str] | None
    signature_algorithms: list[str] | None
    key_shares: list[str]
    extensions: list[str] | None
    ja3: str | None
    ja4: str | None
    client_hello_bytes: int
    client_hello_segments: int
    ech: bool
    pre_shared_key: bool
    early_data: bool
    session_ticket_bytes: int | None
    sslv2: bool
    malformed: bool
    outcome: str
    tls_stage: str | None
    alert: str | None
    alert_by: str | None

    def __repr__(self) -> str:
        name = escaped(self.server_name) if self.server_name else f"name {self.sni_state}"
        return (
            f"<handshark.ClientHello of connection {self.connection}, packet {self.packet}: {name}, "
            f"{', '.join(self.tls_versions_offered)}, {self.client_hello_bytes} bytes>"
        )

    def _repr_html_(self) -> str:
        return _html.pairs(self._row)
