"""A finding: one cause, told once, however many connections it hit."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from handshark import _html
from handshark._connection import Step, Timeline


@dataclass(frozen=True)
class Service:
    """A server address and port, with the server name where all affected connections share one."""

    address: str
    port: int
    server_name: str | None = None

    def __str__(self) -> str:
        place = f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
        return f"{place} ({self.server_name})" if self.server_name else place


@dataclass(frozen=True)
class ServiceHit:
    """One of several services that one finding is about."""

    service: Service
    affected: int
    """Connections to it that the finding hit."""
    of: int
    """Connections to it that it could have hit."""


@dataclass(frozen=True)
class Evidence:
    """An example connection of a finding, with the packets that prove it."""

    connection: int
    """Its number, for `Capture.connection`."""
    client: str
    server: str
    packets: tuple[int, ...]
    """Numbers of the packets, from 1, as Wireshark shows them."""
    filter: str
    """A Wireshark display filter that shows them."""
    ladder: tuple[Step, ...]
    """The steps of the connection, in order."""

    def _repr_html_(self) -> str:
        return Timeline(self.ladder)._repr_html_()


@dataclass(frozen=True, repr=False)
class Finding:
    """One cause, told once, however many connections it hit. Texts are escaped and safe to print.

    It is a value: compared by what it says, hashable, and picklable. `repr` is the operator's text with the ladder of
    an example, `str` one line.

    >>> import handshark
    >>> findings = handshark.read("testdata/missing-sni-silent.pcapng").findings
    >>> finding = next(finding for finding in findings if finding.code == "missing-sni")
    >>> finding.service.port, finding.affected
    (443, 3)
    >>> finding.evidence[0].filter
    'tcp.stream eq 0'
    """

    code: str
    """What it is, for ever: see `handshark.explain`."""
    severity: Literal["info", "warning", "error"]
    """Harm."""
    confidence: Literal["low", "medium", "high"]
    """Sight: how well the capture shows it."""
    service: Service | None
    """The service that it is about; None for findings on the capture."""
    also_at: tuple[ServiceHit, ...]
    """All services that it is about where they are several, that in `service` among them; empty where it is one."""
    affected: int
    """Connections that it hit."""
    of: int
    """Connections that it could have hit."""
    first: datetime | None
    """The first time it was seen."""
    last: datetime | None
    """The last time it was seen."""
    summary: str
    """What happened, in one to three sentences."""
    facts: dict[str, Any] = field(hash=False)
    """Numbers and names behind the summary; units are in the keys."""
    candidates: tuple[dict[str, Any], ...] = field(hash=False)
    """Known software whose limit fits, most likely first."""
    remedy: tuple[str, ...]
    """What to change, the first thing first."""
    evidence: tuple[Evidence, ...]
    """Example connections with the packets that prove it."""
    not_visible: tuple[str, ...]
    """What the capture could not show of it."""
    _json: dict[str, Any] = field(hash=False, repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """A finding from its JSON, as in `to_dict` or in a report of the command."""
        service = data["service"]
        return cls(
            code=data["code"],
            severity=data["severity"],
            confidence=data["confidence"],
            service=Service(service["address"], service["port"], service["server_name"]) if service else None,
            also_at=tuple(
                ServiceHit(Service(hit["address"], hit["port"], hit["server_name"]), hit["affected"], hit["of"])
                for hit in data["also_at"]
            ),
            affected=data["affected"],
            of=data["of"],
            first=_time(data["first"]),
            last=_time(data["last"]),
            summary=data["summary"],
            facts=copy.deepcopy(data["facts"]),
            candidates=tuple(copy.deepcopy(data["candidates"])),
            remedy=tuple(data["remedy"]),
            evidence=tuple(_evidence(one) for one in data["evidence"]),
            not_visible=tuple(data["not_visible"]),
            _json=data,
        )

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it, with times to the nanosecond."""
        return copy.deepcopy(self._json)

    def __str__(self) -> str:
        place = f" {self.service}" if self.service else ""
        if len(self.also_at) > 1:
            place += f" and {len(self.also_at) - 1} more"
        return f"{self.severity} {self.code}{place} ({self.affected} of {self.of}): {self.summary}"

    def __repr__(self) -> str:
        place = f"  {self.service}" if self.service else ""
        if len(self.also_at) > 1:
            place += f" and {len(self.also_at) - 1} more"
        head = f"{self.severity.upper()} {self.code}{place}  {self.affected} of {self.of} connections"
        lines = [f"{head}  confidence {self.confidence}", *_wrapped("  ", self.summary)]
        for example in self.evidence[:1]:
            lines += ["", f"  Example: connection {example.connection}, {example.client} to {example.server}"]
            lines += [f"  {' >'[step.packet in example.packets]}{step}" for step in example.ladder]
        if self.remedy:
            lines += ["", "  What to change"]
            for number, step in enumerate(self.remedy, 1):
                lines += _wrapped(f"    {number}. ", step)
        if self.not_visible:
            lines += ["", "  What the capture could not show"]
            for text in self.not_visible:
                lines += _wrapped("    - ", text)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return _html.finding(self._json)


class Findings(list[Finding]):
    """The findings of a capture, the largest harm first: a list that a notebook shows as cards.

    >>> import handshark
    >>> findings = handshark.read("testdata/connection-refused.pcap").findings
    >>> [finding.code for finding in findings]
    ['connection-refused', 'connection-refused']
    """

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self)) if self else "no findings"

    def _repr_html_(self) -> str:
        return _html.findings([finding._json for finding in self])


def _wrapped(mark: str, text: str) -> Iterable[str]:
    return textwrap.wrap(text, 100, initial_indent=mark, subsequent_indent=" " * len(mark), break_long_words=False)


def _evidence(data: dict[str, Any]) -> Evidence:
    return Evidence(
        connection=data["connection"],
        client=data["client"],
        server=data["server"],
        packets=tuple(data["packets"]),
        filter=data["filter"],
        ladder=tuple(
            Step(s["packet"], _nanoseconds(s["at"]), s["offset_s"], s["from"], s["what"]) for s in data["ladder"]
        ),
    )


def _time(text: str | None) -> datetime | None:
    """RFC 3339 with nanoseconds, which datetime can not hold: cut to microseconds."""
    return datetime.fromisoformat(text[:26] + "+00:00") if text else None


def _nanoseconds(text: str) -> int:
    whole = datetime.fromisoformat(text[:19] + "+00:00")
    return int(whole.timestamp()) * 1_000_000_000 + int(text[20:29])
