"""Reads a capture with the interpreter free, and holds what came of it: `crates/python/src/analysis.rs`."""

from collections.abc import Callable
from typing import Any, Final, final

from .table import Table

@final
class Analysis:
    """Everything that was read out of a capture."""

    MAX_TIMELINES: Final[int]
    """Connections whose steps are kept, by number."""
    @property
    def connections(self) -> Table:
        """One row for each connection, in the order in which they became final."""
    @property
    def hellos(self) -> Table:
        """One row for each ClientHello."""
    @property
    def certificates(self) -> Table:
        """One row for each certificate in clear."""
    @property
    def findings(self) -> Table:
        """One row for each finding."""
    @property
    def services(self) -> Table:
        """One row for each service."""
    @property
    def report(self) -> str:
        """The report as JSON, `handshark.report/1`."""
    @property
    def text(self) -> str:
        """The report for a person."""
    @property
    def quality(self) -> list[tuple[str, int, str]]:
        """What is odd about the capture: code, how often, and one sentence."""
    def __len__(self) -> int:
        """How many connections there are."""
    def connection(self, number: int) -> dict[str, Any] | None:
        """The row of the connection with this number."""
    def hellos_of(self, number: int) -> list[dict[str, Any]]:
        """The rows of `hellos` of the connection with this number."""
    def timeline(self, number: int) -> list[tuple[int, int, float, str, str]] | None:
        """Packet, nanoseconds since 1970, seconds since the first packet, sender and what; None where not kept."""

def analyse(
    source: bytes | list[str] | Callable[[int], bytes],
    name: str,
    changes: list[tuple[str, float]],
    only: list[str],
    progress: Callable[[int, int | None], object] | None,
) -> Analysis:
    """Reads `source` to its end. `only` are the codes to keep, all where it is empty. `progress` is called with the
    bytes read and their number in all, where known."""

def compared(a: Analysis, b: Analysis) -> tuple[str, str]:
    """What differs from `a` to `b`: as JSON, `handshark.comparison/1`, and for a person."""
