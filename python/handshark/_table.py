"""What a table does with the help of others: Parquet, and a few rows as text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handshark._handshark import escaped

if TYPE_CHECKING:
    from handshark._handshark import Table

_WIDTH = 110
_WIDEST = 32

# The columns that a few lines of text show, in this order; the rest is for data frames.
_SHOWN = {
    "connections": (
        "connection",
        "client_address",
        "server_address",
        "server_port",
        "server_name",
        "outcome",
        "duration_s",
        "closed_by",
        "idle_before_close_s",
        "alert",
    ),
    "hellos": ("connection", "packet", "server_address", "server_port", "server_name", "tls_versions_offered", "ja4"),
    "certificates": ("connection", "sent_by", "position", "subject", "issuer", "not_after", "validity"),
    "findings": ("severity", "code", "server_address", "server_port", "server_name", "affected", "of"),
    "services": (
        "server_address",
        "server_port",
        "server_names",
        "connections",
        "established",
        "unanswered",
        "reset",
        "tls_failed",
        "findings",
    ),
}


def to_parquet(table: Table, path: str | os.PathLike[str]) -> None:
    """Writes `table` to `path` with pyarrow, or with polars where that is not installed."""
    try:
        import pyarrow.parquet  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        try:
            table.to_polars().write_parquet(os.fspath(path))
        except ImportError as error:
            raise ImportError("to_parquet needs pyarrow or polars: pip install pyarrow") from error
    else:
        pyarrow.parquet.write_table(table.to_arrow(), os.fspath(path))


def text(kind: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], total: int) -> str:
    """The first rows, some of their columns, escaped and cut to fit."""
    head = f"<handshark.Table {kind}: {total} rows of {len(columns)} columns>"
    shown = [name for name in _SHOWN.get(kind, ()) if name in columns]
    cells = [shown, *([_cell(row[name]) for name in shown] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(shown))]
    while shown and sum(widths) + 2 * len(widths) > _WIDTH:
        widths.pop()
        shown.pop()
    right = [all(not isinstance(row[name], (str, list)) for row in rows) for name in shown]
    lines = [
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=False)).rstrip()
        for row in cells
    ]
    more = [f"... {total - len(rows)} more rows"] if total > len(rows) else []
    return "\n".join([head, *(lines if rows else []), *more])


def _cell(value: object) -> str:
    match value:
        case None:
            shown = ""
        case datetime():
            shown = value.strftime("%Y-%m-%d %H:%M:%S")
        case float():
            shown = f"{value:.6g}"
        case list():
            shown = escaped(", ".join(str(one) for one in value))
        case _:
            shown = escaped(str(value))
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"
