"""Whoever takes a table gets the buffers that handshark made, proved by address where a consumer lets one look.

DuckDB does not: what it gives back are its results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas  # type: ignore[import-untyped]
import polars
import pyarrow  # type: ignore[import-untyped]
import pytest
from arrow_c import Addresses, handed_over
from conftest import TESTDATA
from handmade import attempts

import handshark

TABLES = ("connections", "hellos", "certificates", "services", "findings_table")


@pytest.fixture(scope="module")
def captures() -> list[handshark.Capture]:
    """One with all kinds of values, and one of several batches."""
    paths = [str(TESTDATA / name) for name in ("missing-sni-silent.pcapng", "certificate-expired.pcap")]
    return [handshark.read(paths), handshark.read(attempts(70_000))]


def columns(captures: list[handshark.Capture]) -> Iterator[tuple[handshark.Table, list[list[Addresses]]]]:
    """Tables, and where each of their columns is, batch by batch."""
    for capture in captures:
        for name in TABLES:
            table: handshark.Table = getattr(capture, name)
            with handed_over(table) as batches:
                yield table, batches


def buffers(column: Any) -> Addresses:
    """Where pyarrow says that an array is."""
    return [None if buffer is None else buffer.address for buffer in column.buffers()]


def test_several_batches_are_tried(captures: list[handshark.Capture]) -> None:
    assert {len(batches) for _, batches in columns(captures)} >= {1, 2}


def test_a_second_export_gives_the_same_buffers(captures: list[handshark.Capture]) -> None:
    for table, batches in columns(captures):
        with handed_over(table) as again:
            assert again == batches


def test_pyarrow_copies_nothing(captures: list[handshark.Capture]) -> None:
    for table, batches in columns(captures):
        reader = pyarrow.RecordBatchReader.from_stream(table)
        assert [[buffers(column) for column in batch.columns] for batch in reader] == batches
        for place, column in enumerate(pyarrow.table(table).columns):
            assert [buffers(chunk) for chunk in column.chunks] == [batch[place] for batch in batches]


def test_polars_copies_nothing_but_where_strings_are(captures: list[handshark.Capture]) -> None:
    """It keeps strings as views (pointer and length): it makes those, into the bytes that were handed over."""
    seen = set()
    for table, batches in columns(captures):
        frame, arrow = polars.DataFrame(table), pyarrow.table(table)
        for place, name in enumerate(table.columns if len(table) else []):
            for chunk, ours, batch in zip(frame[name].get_chunks(), arrow[name].chunks, batches, strict=True):
                theirs = chunk.to_arrow(compat_level=polars.CompatLevel.newest())
                kind = str(theirs.type)
                if kind == "string_view":
                    # None where each has at most 12 bytes: those are in the views. Else from the first longer one on.
                    for text in theirs.buffers()[2:]:
                        assert 0 <= text.address - (batch[place][2] or 0) < ours.buffers()[2].size
                        seen.add("text")
                elif not kind.startswith("large_list"):
                    assert buffers(theirs)[1] == batch[place][1]
                    seen.add(kind)
    assert seen == {"int64", "double", "bool", "timestamp[us, tz=UTC]", "text"}


def test_pandas_copies_nothing_where_it_keeps_arrow(captures: list[handshark.Capture]) -> None:
    """Of what `to_pandas` gives, the numbers lie in blocks of many columns: those are copies."""
    for table, batches in columns(captures):
        frame = table.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)
        for place, name in enumerate(table.columns):
            theirs = frame[name].array.__arrow_array__()
            assert [buffers(chunk) for chunk in theirs.chunks] == [batch[place] for batch in batches]
