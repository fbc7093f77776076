"""One connection: its row with names to type, and its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from handshark import _html
from handshark._handshark import escaped

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Step:
    """One step of a connection."""

    packet: int
    """The packet, from 1, as Wireshark shows it."""
    time_ns: int
    """Its time, in nanoseconds since 1970 in UTC."""
    offset: float
    """Seconds since the connection's first packet."""
    sender: str
    """Who sent it: client, server."""
    what: str
    """What it was, in the words of the field; escaped."""

    @property
    def time(self) -> datetime:
        """Its time in UTC, cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self.time_ns // 1_000)

    def __str__(self) -> str:
        return f"{self.packet:>8}  {self.offset:>12.6f}  {self.sender}  {self.what}"


class Timeline(list[Step]):
    """The steps of a connection in order: opening, hellos, alerts, last payload, end."""

    def __str__(self) -> str:
        return "\n".join([f"{'packet':>8}  {'seconds':>12}  from    what", *map(str, self)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html.steps((step.packet, f"{step.offset:.6f}", step.sender, step.what) for step in self)


class Connection:
    """One connection or attempt. Its attributes are the columns of `Capture.connections`; None means not seen.

    >>> import handshark
    >>> connection = handshark.read("testdata/connection-refused.pcap").connection(0)
    >>> connection.outcome, connection.reset_by, connection.tls_version
    ('refused', 'server', None)
    """

    connection: int
    client_address: str
    client_port: int
    server_address: str
    server_port: int
    roles_from: str
    seen_at: list[str]
    vlan: int | None
    tunnel: str | None
    community_id: str
    first_packet: int
    last_packet: int
    start: datetime
    end: datetime
    duration_s: float
    syn_count: int
    syn_retries: int
    connect_s: float | None
    outcome: str
    conn_state: str
    history: str
    events: str
    completeness: int
    syn_packet: int | None
    syn_at: datetime | None
    syn_ack_packet: int | None
    syn_ack_at: datetime | None
    client_fin_packet: int | None
    client_fin_at: datetime | None
    server_fin_packet: int | None
    server_fin_at: datetime | None
    reset_packet: int | None
    reset_at: datetime | None
    client_hello_packet: int | None
    client_hello_at: datetime | None
    server_hello_packet: int | None
    server_hello_at: datetime | None
    client_packets: int
    server_packets: int
    client_payload_bytes: int
    server_payload_bytes: int
    client_stream_bytes: int | None
    server_stream_bytes: int | None
    client_retransmitted: int
    server_retransmitted: int
    client_out_of_order: int
    server_out_of_order: int
    client_zero_windows: int
    server_zero_windows: int
    client_keep_alives: int
    server_keep_alives: int
    rtt_s: float | None
    mss: int | None
    twins: int
    closed_by: str | None
    close_kind: str
    reset_by: str | None
    reset_kind: str | None
    idle_before_close_s: float | None
    idle_source: str | None
    written_after_close: str | None
    exchanges: int
    requests: int | None
    protocol: str
    tls_stage: str | None
    sni_state: str | None
    server_name: str | None
    alpn_offered: list[str] | None
    alpn: str | None
    tls_versions_offered: list[str] | None
    tls_version: str | None
    cipher: str | None
    group: str | None
    ja3: str | None
    ja3s: str | None
    ja4: str | None
    client_hello_bytes: int | None
    client_hello_segments: int | None
    hello_retry: bool | None
    resumed: bool | None
    ech: bool | None
    certificate_state: str | None
    certificate_packet: int | None
    certificate_subject: str | None
    certificate_issuer: str | None
    certificate_names: list[str] | None
    certificate_not_before: datetime | None
    certificate_not_after: datetime | None
    client_certificate: str | None
    alert_level: str | None
    alert: str | None
    alert_code: int | None
    alert_by: str | None
    alert_packet: int | None
    handshake_s: float | None
    symptoms: list[str]

    def __init__(self, row: dict[str, Any], timeline: Callable[[int], Timeline]) -> None:
        self._row = row
        self._steps = timeline

    def __getattr__(self, name: str) -> Any:
        row: dict[str, Any] = self.__dict__.get("_row", {})
        if name in row:
            return row[name]
        raise AttributeError(f"a connection has no {name!r}; Capture.connections.columns has all names")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._row]

    def timeline(self) -> Timeline:
        """Its steps in order, with packet numbers and times.

        >>> import handshark
        >>> connection = handshark.read("testdata/connection-refused.pcap").connection(0)
        >>> connection.timeline()[0].packet
        1
        """
        return self._steps(self.connection)

    def to_dict(self) -> dict[str, Any]:
        """The row, `{column: value}`, as it was on the wire: not escaped."""
        return dict(self._row)

    def __eq__(self, other: object) -> bool:
        return self._row == other._row if isinstance(other, Connection) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.connection, self.first_packet))

    def __repr__(self) -> str:
        name = f" ({escaped(self.server_name)})" if self.server_name else ""
        return (
            f"<handshark.Connection {self.connection}: {self.client_address} port {self.client_port} to "
            f"{self.server_address} port {self.server_port}{name}, {self.outcome}>"
        )

    def _repr_html_(self) -> str:
        return _html.pairs(self._row)
