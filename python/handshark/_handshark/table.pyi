"""Columns for data frames: `crates/python/src/table.rs`."""

from os import PathLike
from typing import Any, final, overload

import pandas  # type: ignore[import-untyped]
import polars
import pyarrow  # type: ignore[import-untyped]

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
