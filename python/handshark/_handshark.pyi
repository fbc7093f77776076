"""The extension module, in the order of `crates/python/src/lib.rs`."""

from collections.abc import Callable
from typing import Any, Final, final

import pandas  # type: ignore[import-untyped]
import polars
import pyarrow  # type: ignore[import-untyped]

VERSION: Final[str]

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
    def report(self) -> str:
        """The report as JSON, `handshark.report/1`."""
    def text(self, width: int) -> str:
        """The report for a person, in so many columns."""
    def connection(self, number: int) -> dict[str, Any] | None:
        """The row of the connection with this number."""
    def timeline(self, number: int) -> list[tuple[int, int, float, str, str]] | None:
        """Packet, nanoseconds since 1970, seconds since the first packet, sender and what; None where not kept."""

def analyse(
    source: bytes | list[str] | Callable[[int], bytes],
    name: str,
    changes: list[tuple[str, float]],
    progress: Callable[[int, int | None], object] | None,
) -> Analysis:
    """Reads `source` to its end. `progress` is called with the bytes read and their number in all, where known."""

def run(arguments: list[str]) -> int:
    """Runs the command with these arguments, the first of which is its name, and gives the exit code."""

def escaped(text: str) -> str:
    """The text with every control, format and bidirectional character spelled out."""

def pages() -> list[tuple[str, str]]:
    """Code and page of every finding, in the order in which they look."""

@final
class Rows:
    """The rows of a table, one after the other."""

    def __iter__(self) -> Rows: ...
    def __next__(self) -> dict[str, Any]: ...

@final
class Table:
    """A table in memory: an Arrow stream for data frames, without copies; dictionaries for a few rows.

    `polars.DataFrame(table)`, `pyarrow.table(table)` and DuckDB take it as it is.

    >>> import handshark
    >>> table = handshark.read("testdata/all-well.pcap").connections
    >>> len(table), table[0]["server_port"], table.about["rtt_s"]
    (10, 80, 'Round-trip time of the opening handshake in seconds')

    The order of rows is that in which the connections ended: sort by `connection` where it matters.
    """

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
    @property
    def about(self) -> dict[str, str]:
        """What each column means, with its unit."""
    def to_dicts(self) -> list[dict[str, Any]]:
        """All rows as dictionaries."""
    def to_polars(self) -> polars.DataFrame:
        """The table as a polars data frame; needs polars."""
    def to_arrow(self) -> pyarrow.Table:
        """The table as a pyarrow table; needs pyarrow."""
    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas data frame; needs pandas and pyarrow."""
    def __len__(self) -> int: ...
    def __getitem__(self, row: int, /) -> dict[str, Any]: ...
    def __iter__(self) -> Rows: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as an Arrow C stream (PyCapsule interface)."""
    def __arrow_c_schema__(self) -> object:
        """Names and types of the columns as an Arrow C schema (PyCapsule interface)."""
    def _repr_html_(self) -> str: ...
