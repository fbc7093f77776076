"""What differs between two captures: where it works and where it fails, or before and after a change."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from handshark import _handshark, _html
from handshark._beside import Beside
from handshark._capture import Capture
from handshark._finding import Service


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    count: int
    of: int

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


@dataclass(frozen=True)
class Proof:
    """Packets of one connection that prove a finding."""

    connection: int
    packets: tuple[int, ...]
    """Numbers of the packets, from 1, as Wireshark shows them."""
    filter: str
    """A Wireshark display filter that shows them."""


@dataclass(frozen=True)
class FindingChange:
    """A finding that one capture has, or both."""

    code: str
    severity: Literal["info", "warning", "error"]
    change: Literal["new", "grew", "shrank", "gone", "unclear", "alike"]
    """What became of it from the first capture to the second; `unclear` where the captures do not tell."""
    service: Service | None
    """The service that it is about, the first of several; None for findings on the capture."""
    a: Share
    """Affected connections in the first capture; without the finding there, none of all to that service."""
    b: Share
    """The same in the second."""
    chance: float | None
    """The probability that chance alone makes such a difference (Fisher's exact test, one-sided)."""
    why: str | None
    """Why nothing is claimed, where it is unclear."""
    summary: str
    """What happened. Escaped."""
    evidence_a: tuple[Proof, ...]
    """Packets of the first capture that prove it."""
    evidence_b: tuple[Proof, ...]
    """Packets of the second."""
    _json: dict[str, Any] = field(hash=False, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON has it."""
        return copy.deepcopy(self._json)

    def __str__(self) -> str:
        place = f" {self.service}" if self.service else ""
        return f"{self.change} {self.code}{place} ({self.a} -> {self.b})"


class Comparison(Beside):
    """Two captures side by side; `handshark.compare` makes it. It can be pickled and is compared by what it says.

    `str` is the text of `handshark compare`, `to_dict` its JSON with the schema `handshark.comparison/1`;
    a notebook shows a table.
    """

    @property
    def findings(self) -> tuple[FindingChange, ...]:
        """Findings of both: what changed first, then the largest harm first."""
        return tuple(_change(one) for one in self._data["findings"])

    @property
    def services(self) -> list[dict[str, Any]]:
        """Service by service, those that changed most first: how they are matched, shares, rates, and what the
        ClientHellos of one side alone offer. Keys are those of `handshark compare --format json`."""
        return copy.deepcopy(self._data["services"])

    @property
    def whole(self) -> dict[str, Any]:
        """All connections together, with the keys of one of `services`."""
        return copy.deepcopy(self._data["whole"])

    def _repr_html_(self) -> str:
        return _html.comparison(self._data, str(self))


def compare(a: Capture, b: Capture) -> Comparison:
    """What differs from `a` (where it works, or before a change) to `b` (where it fails, or after it).

    Findings are new, gone, grew or shrank only where both captures could show them and the difference is more than
    chance (5 %); else they are `unclear`, and `why` says what is missing. All findings of both captures count, also
    where `read` was asked for `only` some. Services are matched by address and port, then by server name, then by port.

    Raises TypeError for what is no Capture.

    >>> import handshark as hs
    >>> good, bad = hs.read("testdata/no-sni-works.pcap"), hs.read("testdata/missing-sni-silent.pcapng")
    >>> comparison = hs.compare(good, bad)
    >>> comparison.to_dict()["schema"]
    'handshark.comparison/1'
    >>> hs.compare(bad, bad).findings[0].change
    'alike'
    """
    for capture in (a, b):
        if not isinstance(capture, Capture):
            raise TypeError(f"compare takes two Captures, as handshark.read gives them, not {type(capture).__name__}")
    data, text = _handshark.compared(a._analysis, b._analysis)
    return Comparison(json.loads(data), text)


def _change(data: dict[str, Any]) -> FindingChange:
    service = None
    if data["service"] is not None:
        address, _, port = data["service"].rpartition(":")
        service = Service(address.strip("[]"), int(port), data["server_name"])
    return FindingChange(
        code=data["code"],
        severity=data["severity"],
        change=data["change"],
        service=service,
        a=Share(**data["a"]),
        b=Share(**data["b"]),
        chance=data["chance"],
        why=data["why"],
        summary=data["summary"],
        evidence_a=tuple(_proof(one) for one in data["evidence_a"]),
        evidence_b=tuple(_proof(one) for one in data["evidence_b"]),
        _json=data,
    )


def _proof(data: dict[str, Any]) -> Proof:
    return Proof(data["connection"], tuple(data["packets"]), data["filter"])
