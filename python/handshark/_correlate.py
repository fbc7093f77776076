"""The same connections at several capture points: where packets were lost, made or changed."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from handshark import _handshark, _html
from handshark._beside import Beside
from handshark._read import changes, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handshark._types import BinaryFile, Path

MOST_POINTS = 26
"""Points have letters for names."""


@dataclass(frozen=True)
class Sighting:
    """A connection at one point."""

    point: str
    connection: int | None
    """Its number there; None where the point has no such connection."""
    packet: int | None
    """The packet that is meant; None where there is none."""
    last_packet: int | None
    """The last packet of the connection there."""
    bytes: int | None
    """Payload bytes of the side in question that were captured there, where the event is payload."""


@dataclass(frozen=True)
class Observation:
    """What happened at one place to one kind of packet of one service's connections."""

    fate: Literal["lost", "born", "missed"]
    """`born`: made between two points. `missed`: it passed a point whose capture has it not."""
    event: Literal["rst", "syn", "syn-ack", "payload", "fin"]
    by: Literal["client", "server"]
    """In whose name the packets are."""
    between: tuple[str | None, str | None]
    """The points before and behind the place, from the clients to the servers; None is beyond the outermost point."""
    service: str
    """Address and port of the server, as the point nearest to the clients knows it."""
    severity: Literal["info", "warning", "error"]
    connections: int
    of: int
    """Connections to the service that passed this place, or would have."""
    summary: str
    """What happened. Escaped."""
    remedy: str
    """What to look at. Escaped."""
    evidence: tuple[tuple[Sighting, ...], ...]
    """Example connections, each at every point in the order of the way."""
    _json: dict[str, Any] = field(hash=False, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The observation as JSON has it."""
        return copy.deepcopy(self._json)

    def __str__(self) -> str:
        return f"{self.severity}: {self.connections} of {self.of} connections: {self.summary}"


class Correlation(Beside):
    """Several capture points; `handshark.correlate` makes it. It can be pickled and is compared by what it says.

    `str` is the text of `handshark correlate`, `to_dict` its JSON with the schema `handshark.correlation/1`;
    a notebook shows a table.
    """

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was lost, born or missed, the largest harm first."""
        return tuple(_observation(one) for one in self._data["observations"])

    @property
    def points(self) -> list[dict[str, Any]]:
        """The captures in the order of the way from the clients to the servers: name (`A` is the one that was named
        first), files, counts, and what its clock is ahead of the first point's."""
        return copy.deepcopy(self._data["points"])

    @property
    def stretches(self) -> list[dict[str, Any]]:
        """From each point to the next: round trips, routers between, retransmissions, and what was changed."""
        return copy.deepcopy(self._data["stretches"])

    @property
    def not_told(self) -> list[str]:
        """What the captures do not tell. Escaped."""
        return list(self._data["not_told"])

    def _repr_html_(self) -> str:
        return _html.correlation(self._data, str(self))


def correlate(
    *captures: Path | Sequence[Path] | bytes | bytearray | memoryview | BinaryFile,
    limits: Mapping[str, float] | None = None,
) -> Correlation:
    """Lays captures of several points of one way side by side: where packets were lost or made, and what was changed.

    Each capture is what `handshark.read` takes, best named from the client to the server; they are read here, one
    after the other. Connections are recognised by the client's initial sequence number, also behind address
    translation. Clocks of the points need not agree.

    Raises what `handshark.read` raises, and ValueError for less than 2 captures or more than 26.

    >>> import handshark as hs
    >>> both = hs.correlate("testdata/rst-by-middlebox.pcap", "testdata/rst-by-middlebox-server.pcap")
    >>> worst = both.observations[0]
    >>> worst.fate, worst.event, worst.by, worst.between, worst.connections
    ('born', 'rst', 'server', ('A', 'B'), 3)
    """
    if not 2 <= len(captures) <= MOST_POINTS:
        raise ValueError(f"correlate takes 2 to {MOST_POINTS} captures, one for each point, not {len(captures)}")
    data, text = _handshark.correlated([named(capture) for capture in captures], changes(limits))
    return Correlation(json.loads(data), text)


def _observation(data: dict[str, Any]) -> Observation:
    plain = {name: data[name] for name in ("fate", "event", "by", "service", "severity", "connections", "of")}
    return Observation(
        **plain,
        between=(data["place"]["from"], data["place"]["to"]),
        summary=data["summary"],
        remedy=data["remedy"],
        evidence=tuple(tuple(Sighting(**one) for one in proof["sightings"]) for proof in data["evidence"]),
        _json=data,
    )
