"""The extension module, in the order of `crates/python/src/lib.rs`."""

from collections.abc import Callable
from os import PathLike
from typing import Any, Final, TypeAlias, final, overload

import pandas  # type: ignore[import-untyped]
import polars
import pyarrow  # type: ignore[import-untyped]

VERSION: Final[str]

_Symptom: TypeAlias = tuple[str, str, str, int, tuple[str, int], tuple[str, int], str | None, list[int], int]

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

def run(arguments: list[str]) -> int:
    """Runs the command with these arguments, the first of which is its name, and gives the exit code."""

def idle_limits() -> list[tuple[str, str, str, float, tuple[float, float]]]:
    """Known limits on idle time: component, setting, role, documented seconds, and the band seen on the wire."""

def escaped(text: str) -> str:
    """The text with every control, format and bidirectional character spelled out."""

def pages() -> list[tuple[str, str]]:
    """Code and page of every finding, in the order in which they look."""

@final
class Follower:
    """An analysis of a stream, under way."""

    def __new__(cls, name: str, changes: list[tuple[str, float]], only: list[str], keep: bool) -> Follower: ...
    def push(self, bytes: bytes) -> list[_Symptom]:
        """The next bytes; gives the symptoms of the connections that became final."""
    def finish(self) -> tuple[list[_Symptom], Analysis]:
        """The end of the stream: the symptoms of what was still open, and the whole analysis."""

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

    The order of rows is that in which the connections ended: sort by `connection` where it matters. Values are as they
    were on the wire: escape texts before they reach a terminal. Every column may hold null, which means not seen. Types
    are signed 64-bit integers, 64-bit floats (durations in seconds), UTF-8, booleans, lists of UTF-8, and microseconds
    in UTC. A table can not be changed; it is compared and pickled by its values.
    """

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
    @property
    def about(self) -> dict[str, str]:
        """What each column means, with its unit."""
    def column(self, name: str) -> list[Any]:
        """The values of one column; KeyError for a name that is none. Faster than rows where few columns are wanted."""
    def to_dicts(self) -> list[dict[str, Any]]:
        """All rows as dictionaries."""
    def to_polars(self) -> polars.DataFrame:
        """The table as a polars data frame; needs polars. Numbers and times are not copied."""
    def to_arrow(self) -> pyarrow.Table:
        """The table as a pyarrow table, without copies; needs pyarrow."""
    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas data frame; needs pandas and pyarrow."""
    @overload
    def to_csv(self, path: None = None, *, defuse_formulas: bool = False) -> str: ...
    @overload
    def to_csv(self, path: str | PathLike[str], *, defuse_formulas: bool = False) -> None:
        """Writes the table as CSV in the command's format, or returns it where there is no path.

        Texts are escaped, lists joined with `;`. `defuse_formulas=True` puts an apostrophe before what a spreadsheet
        would take for a formula.
        """
    def to_parquet(self, path: str | PathLike[str]) -> None:
        """Writes the table as Parquet; needs pyarrow or polars."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]
    def __getitem__(self, row: int, /) -> dict[str, Any]: ...
    def __iter__(self) -> Rows: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as an Arrow C stream (PyCapsule interface)."""
    def __arrow_c_schema__(self) -> object:
        """Names and types of the columns as an Arrow C schema (PyCapsule interface)."""
    def _repr_html_(self) -> str: ...
