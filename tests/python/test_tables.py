"""Tables as data frames and as rows."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta
from typing import get_type_hints

import duckdb
import polars
import pyarrow  # type: ignore[import-untyped]
import pytest
from conftest import TESTDATA

import handshark

KINDS = {"int64": int, "double": float, "string": str, "bool": bool, "timestamp[us, tz=UTC]": datetime}


@pytest.fixture
def capture() -> handshark.Capture:
    return handshark.read(TESTDATA / "churn.pcap.gz")


def test_polars_and_pyarrow_take_a_table_as_it_is(capture: handshark.Capture) -> None:
    for table in (capture.connections, capture.hellos, capture.certificates, capture.findings_table):
        frame, arrow = polars.DataFrame(table), pyarrow.table(table)
        assert frame.columns == arrow.column_names == table.columns
        assert len(frame) == arrow.num_rows == len(table)
        assert frame.to_dicts() == arrow.to_pylist() == table.to_dicts()


def test_duckdb_takes_a_table_as_it_is(capture: handshark.Capture) -> None:
    connections = capture.connections
    found = duckdb.sql("select count(*), sum(server_port) from connections where outcome is not null")
    assert found is not None
    assert found.fetchall() == [(len(connections), 400 * 80)]


def test_the_schema_alone(capture: handshark.Capture) -> None:
    assert pyarrow.schema(capture.connections) == pyarrow.table(capture.connections).schema


def test_conversions(capture: handshark.Capture) -> None:
    table = capture.connections
    assert isinstance(table.to_polars(), polars.DataFrame)
    assert isinstance(table.to_arrow(), pyarrow.Table)
    assert table.to_pandas().shape == (400, len(table.columns))
    assert polars.DataFrame(table).filter(polars.col("server_port") == 80).height == 400


def test_a_data_frame_outlives_the_capture() -> None:
    frame = polars.DataFrame(handshark.read(TESTDATA / "churn.pcap.gz").connections)
    assert frame["server_port"].sum() == 400 * 80


def test_rows(capture: handshark.Capture) -> None:
    table = capture.connections
    rows = list(table)
    assert rows == table.to_dicts()
    assert (rows[0], rows[-1]) == (table[0], table[-1])
    assert list(rows[0]) == table.columns
    for beyond in (400, -401):
        with pytest.raises(IndexError, match="400 rows"):
            table[beyond]
    start = rows[0]["start"]
    assert isinstance(start, datetime)
    assert start.utcoffset() == timedelta(0)
    head = f"<handshark.Table connections: 400 rows of {len(table.columns)} columns>"
    assert repr(table).splitlines()[0] == head


def test_an_iterator_that_threads_share_gives_each_row_once(capture: handshark.Capture) -> None:
    rows, taken = iter(capture.connections), list[int]()
    threads = [threading.Thread(target=lambda: taken.extend(row["connection"] for row in rows)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(400))


def test_every_column_is_told_about(capture: handshark.Capture) -> None:
    for table in (capture.connections, capture.hellos, capture.certificates, capture.findings_table):
        assert list(table.about) == table.columns
        assert all(table.about.values())


def test_every_column_is_a_typed_attribute(capture: handshark.Capture) -> None:
    """The annotations of Connection follow the registry of columns in the core."""
    expected = {}
    for field in pyarrow.table(capture.connections).schema:
        kind = KINDS.get(str(field.type), list[str])
        expected[field.name] = (kind, kind | None)
    hints = get_type_hints(handshark.Connection)
    assert list(hints) == list(expected), "add the new columns to Connection in python/handshark/_connection.py"
    for name, hint in hints.items():
        assert hint in expected[name], name


def test_columns_without_none_never_hold_none() -> None:
    hints = get_type_hints(handshark.Connection)
    always = [name for name, hint in hints.items() if hint in (int, float, str, datetime, list[str])]
    captures = [path for path in TESTDATA.iterdir() if ".pcap" in path.name and path.name != "cut-short.pcap"]
    assert len(captures) > 10
    for row in (row for path in captures for row in handshark.read(path).connections):
        assert [name for name in always if row[name] is None] == []


@pytest.mark.parametrize("room", [100, 1_500, 3_000, 64 * 1024 * 1024])
@pytest.mark.filterwarnings("ignore::handshark.CaptureWarning")
def test_connections_that_wait_for_columns_take_no_room_from_open_ones(room: int) -> None:
    """Certificates are as many as the command tells, however few bytes of them may be kept."""
    paths = [str(TESTDATA / f"certificate-{kind}.pcap") for kind in ("expired", "fault")]
    table = handshark.read(paths, limits={"max_certificate_bytes": room}).certificates
    command = [sys.executable, "-m", "handshark", "certificates", *paths, "--format", "csv"]
    command += ["--limit", f"max-certificate-bytes={room}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(table) == len(told) - 1
    assert (len(table) == 0) == (room == 100)
