"""A live stream: what is found is told while it is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from handshark._capture import Capture
from handshark._handshark import Follower
from handshark._read import changes, known_codes, reader
from handshark._types import BinaryFile, Path

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_CHUNK = 256 * 1024
_SEVERITIES = ("info", "warning", "error")
# Codes and services of which the first symptom was told: beyond these nothing new is.
_MAX_TOLD = 4_096


@dataclass(frozen=True)
class Symptom:
    """What one finished connection shows, told as soon as it is certain. Findings weigh the symptoms of all
    connections."""

    code: str
    """What it is, for ever: see `handshark.explain`."""
    severity: Literal["info", "warning", "error"]
    """Harm to the connection."""
    confidence: Literal["low", "medium", "high"]
    """Sight: how well the capture shows it."""
    connection: int
    """The connection's number: Wireshark's `tcp.stream`."""
    client: tuple[str, int]
    """Address and port."""
    server: tuple[str, int]
    """Address and port."""
    server_name: str | None
    """The server name (SNI) of the ClientHello, escaped; None where there is none or it was not seen."""
    packets: tuple[int, ...]
    """Numbers of the packets that prove it, from 1."""
    time_ns: int
    """When it happened, in nanoseconds since 1970 in UTC."""

    @property
    def time(self) -> datetime:
        """When it happened, in UTC, cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self.time_ns // 1_000)

    def to_dict(self) -> dict[str, Any]:
        """The symptom, `{name: value}`."""
        return asdict(self)

    def __str__(self) -> str:
        address, port = self.server
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        name = f" ({self.server_name})" if self.server_name else ""
        packets = ", ".join(map(str, self.packets))
        plural = "" if len(self.packets) == 1 else "s"
        return (
            f"{self.time:%H:%M:%S} {self.severity.upper()} {self.code}  {place}{name}  "
            f"connection {self.connection}, packet{plural} {packets}"
        )


class Follow:
    """A live stream being read: an iterator of `Symptom`. `handshark.follow` makes it."""

    def __init__(self, source: Path | BinaryFile, follower: Follower, only: list[str], least: int, every: bool) -> None:
        self._open = ExitStack()
        self._follower = follower
        self._only = frozenset(only)
        self._least = least
        self._known: set[tuple[str, tuple[str, int]]] | None = None if every else set()
        self._capture: Capture | None = None
        self._left = False
        self._symptoms = self._told(source)

    def __iter__(self) -> Iterator[Symptom]:
        return self

    def __next__(self) -> Symptom:
        return next(self._symptoms)

    def finish(self) -> Capture:
        """Ends the reading, wherever it stands, and gives the whole: findings, and what was kept of rows.

        Raises CaptureError where no capture came.
        """
        self._left = True
        if self._capture is None:
            self._end()
        assert self._capture is not None
        return self._capture

    def _told(self, source: Path | BinaryFile) -> Iterator[Symptom]:
        if source == "-":
            stream: Any = sys.stdin.buffer
        elif isinstance(source, (str, os.PathLike)):
            stream = self._open.enter_context(open(source, "rb", buffering=0))  # noqa: SIM115
        else:
            stream = source
        read = reader(stream)
        while self._capture is None and (chunk := read(_CHUNK)):
            yield from self._new(self._follower.push(chunk))
        if self._capture is None:
            yield from self._new(self._end())

    def _end(self) -> list[Any]:
        self._open.close()
        told, analysis = self._follower.finish()
        self._capture = Capture(analysis)
        return told

    def _new(self, told: Iterable[Any]) -> Iterator[Symptom]:
        for one in told:
            if self._left:
                return
            code, severity, confidence, connection, client, server, name, packets, time = one
            symptom = Symptom(code, severity, confidence, connection, client, server, name, tuple(packets), time)
            key = (symptom.code, symptom.server)
            if _SEVERITIES.index(symptom.severity) < self._least or (self._only and symptom.code not in self._only):
                continue
            if self._known is not None:
                if key in self._known or len(self._known) >= _MAX_TOLD:
                    continue
                self._known.add(key)
            yield symptom


def follow(
    source: Path | BinaryFile,
    *,
    limits: Mapping[str, float] | None = None,
    only: str | Iterable[str] | None = None,
    min_severity: Literal["info", "warning", "error"] = "warning",
    every: bool = False,
    keep: bool = True,
) -> Follow:
    """Reads a live stream, as of `tcpdump -U -w -` or `kubectl sniff -o -`, and tells symptoms as they become final.

    `source` is a binary file object (`sys.stdin.buffer`, `Popen.stdout`), a named pipe, or "-". The iterator gives the
    first symptom of each code and service, with `every=True` all of them; of severity `min_severity` and above. A
    connection's symptoms are final some time after its end, or at the end of the stream: 15 seconds where packets are
    captured while they are read, two minutes of capture time where they are not. They are told when bytes come.

    After the last, or after Ctrl-C, `finish()` gives the `Capture` with the findings. Rows and steps of all connections
    are kept for it, 1 to 5 kB each: for streams of days say `keep=False`, which leaves its tables of rows empty.

    >>> import handshark
    >>> stream = open("testdata/connection-refused.pcap", "rb")
    >>> following = handshark.follow(stream)
    >>> for symptom in following:
    ...     print(symptom.code, symptom.server, symptom.packets)
    connection-refused ('10.0.0.2', 9000) (1, 2)
    connection-refused ('fd00::2', 9000) (3, 4)
    >>> following.finish().findings[0].affected
    5

    Raises CaptureError where the bytes are no capture, and whatever reading the stream raises.
    """
    if min_severity not in _SEVERITIES:
        raise ValueError(f"min_severity is one of {', '.join(_SEVERITIES)}, not {min_severity!r}")
    codes = known_codes(only)
    name = os.fsdecode(source) if isinstance(source, (str, os.PathLike)) else str(getattr(source, "name", "stream"))
    follower = Follower("standard input" if name == "-" else name, changes(limits), codes, keep)
    return Follow(source, follower, codes, _SEVERITIES.index(min_severity), every)
