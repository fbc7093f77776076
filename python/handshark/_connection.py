"""One connection: its row with names to type, its steps and its hellos."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from handshark import _html
from handshark._handshark import Analysis, escaped
from handshark._hello import ClientHello
from handshark._row import Row

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

    def to_dict(self) -> dict[str, Any]:
        """The step, `{name: value}`."""
        return asdict(self)

    def __str__(self) -> str:
        arrow = "client ----> server" if self.sender == "client" else "client <---- server"
        return f"{self.packet:>8}  {self.offset:>12.6f}  {arrow}  {self.what}"


@dataclass(frozen=True)
class Alert:
    """A fatal TLS alert in clear."""

    name: str
    """Its IANA name: `unrecognized_name`, `protocol_version`."""
    code: int
    """Its number."""
    level: str
    """What the sender called it: warning, fatal."""
    by: str
    """Who sent it: client, server."""
    packet: int
    """The packet that completes it."""

    def to_dict(self) -> dict[str, Any]:
        """The alert, `{name: value}`."""
        return asdict(self)


class Timeline(list[Step]):
    """The steps of a connection in order: opening, hellos, alerts, last payload, end."""

    def __str__(self) -> str:
        return "\n".join([f"{'packet':>8}  {'seconds':>12}", *map(str, self)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html.steps((step.packet, step.offset, step.sender, step.what, False) for step in self)


class Details(Protocol):
    """Where a connection asks for what is not in its row."""

    def steps(self, number: int) -> Timeline: ...

    def hellos(self, number: int) -> tuple[ClientHello, ...]: ...


class Found:
    """The details of a connection that its capture has."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def steps(self, number: int) -> Timeline:
        steps = self._analysis.timeline(number)
        if steps is None:
            kept = self._analysis.MAX_TIMELINES
            raise LookupError(
                f"the steps of connection {number} were not kept, only those of the first {kept}: "
                f"cut it out with `tshark -r CAPTURE -Y 'tcp.stream eq {number}' -w one.pcapng` and read that"
            )
        return Timeline(Step(*step) for step in steps)

    def hellos(self, number: int) -> tuple[ClientHello, ...]:
        return tuple(ClientHello(row) for row in self._analysis.hellos_of(number))


class Kept:
    """The details of one connection that was pickled, away from its capture."""

    def __init__(self, steps: Timeline | str, hellos: tuple[ClientHello, ...]) -> None:
        self._steps = steps
        self._hellos = hellos

    def steps(self, number: int) -> Timeline:
        if isinstance(self._steps, str):
            raise LookupError(self._steps)
        return Timeline(self._steps)

    def hellos(self, number: int) -> tuple[ClientHello, ...]:
        return self._hellos


class Connection(Row):
    """One connection or attempt. Its attributes are the columns of `Capture.connections`; None means not seen.

    It can not be changed, is equal to another with the same values, and can be pickled with its steps and hellos. Times
    are `datetime` in UTC to the microsecond, durations (`..._s`) seconds. `Capture.connections.about` has a sentence on
    each.

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

    def __init__(self, row: dict[str, Any], details: Details) -> None:
        super().__init__(row)
        object.__setattr__(self, "_details", details)

    def timeline(self) -> Timeline:
        """Its steps in order, with packet numbers and times.

        Raises LookupError where steps were not kept: they are of the first 200,000 connections.

        >>> import handshark
        >>> connection = handshark.read("testdata/connection-refused.pcap").connection(0)
        >>> connection.timeline()
          packet       seconds
               1      0.000000  client ----> server  SYN
               2      0.000020  client <---- server  RST (closed-port)
        """
        details: Details = self._details
        return details.steps(self.connection)

    @property
    def client_hellos(self) -> tuple[ClientHello, ...]:
        """Its ClientHellos: none, one, or two after a HelloRetryRequest."""
        details: Details = self._details
        return details.hellos(self.connection)

    @property
    def client_hello(self) -> ClientHello | None:
        """Its first ClientHello; None where none was captured whole."""
        return next(iter(self.client_hellos), None)

    @property
    def fatal_alert(self) -> Alert | None:
        """The first fatal alert in clear; None where there was none, or where it was encrypted.

        >>> import handshark
        >>> capture = handshark.read("testdata/tls-alert-unrecognized-name.pcap")
        >>> alerts = [capture.connection(number).fatal_alert for number in range(len(capture))]
        >>> {(alert.name, alert.code, alert.by) for alert in alerts if alert}
        {('unrecognized_name', 112, 'server')}
        """
        name, code, level = self._row["alert"], self._row["alert_code"], self._row["alert_level"]
        return Alert(name, code, level, self._row["alert_by"], self._row["alert_packet"]) if name else None

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            steps: Timeline | str = self.timeline()
        except LookupError as error:
            steps = str(error.args[0])
        return type(self), (self._row, Kept(steps, self.client_hellos))

    def __repr__(self) -> str:
        name = f" ({escaped(self.server_name)})" if self.server_name else ""
        return (
            f"<handshark.Connection {self.connection}: {self.client_address} port {self.client_port} to "
            f"{self.server_address} port {self.server_port}{name}, {self.outcome}>"
        )

    def _repr_html_(self) -> str:
        try:
            steps = [(step.packet, step.offset, step.sender, step.what, False) for step in self.timeline()]
        except LookupError:
            steps = []
        return _html.connection(self._row, steps)
