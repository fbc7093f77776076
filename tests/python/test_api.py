"""What the package adds to findings and tables: hellos, alerts, pickles, CSV and Parquet, patterns, `only`."""

from __future__ import annotations

import csv
import io
import json
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_type_hints

import polars
import pyarrow  # type: ignore[import-untyped]
import pytest
from conftest import TESTDATA
from test_tables import KINDS

import handshark

SILENT = TESTDATA / "missing-sni-silent.pcapng"
ALERTS = TESTDATA / "tls-alert-unrecognized-name.pcap"


@pytest.fixture
def capture() -> handshark.Capture:
    return handshark.read(SILENT)


def test_a_hello_has_its_columns(capture: handshark.Capture) -> None:
    expected = {}
    for field in pyarrow.table(capture.hellos).schema:
        kind = KINDS.get(str(field.type), list[str])
        expected[field.name] = (kind, kind | None)
    hints = get_type_hints(handshark.ClientHello)
    assert list(hints) == list(expected), "add the new columns to ClientHello in python/handshark/_hello.py"
    for name, hint in hints.items():
        assert hint in expected[name], name


def test_hellos_columns_without_none_never_hold_none() -> None:
    hints = get_type_hints(handshark.ClientHello)
    always = [name for name, hint in hints.items() if hint in (int, str, bool, datetime, list[str])]
    captures = [path for path in TESTDATA.iterdir() if ".pcap" in path.name and path.name != "cut-short.pcap"]
    rows = [row for path in captures for row in handshark.read(path).hellos]
    assert len(rows) > 50
    for row in rows:
        assert [name for name in always if row[name] is None] == []


def test_hellos_belong_to_their_connection(capture: handshark.Capture) -> None:
    of_connections = [hello for number in range(len(capture)) for hello in capture.connection(number).client_hellos]
    rows = sorted(capture.hellos.to_dicts(), key=lambda row: (row["connection"], row["attempt"]))
    assert [hello.to_dict() for hello in of_connections] == rows
    hello = capture.connection(0).client_hello
    assert hello is not None
    assert hello.packet == capture.connection(0).client_hello_packet
    assert handshark.read(TESTDATA / "connection-refused.pcap").connection(0).client_hello is None


def test_rows_can_not_be_changed(capture: handshark.Capture) -> None:
    connection = capture.connection(0)
    for one in (connection, connection.client_hello):
        with pytest.raises(AttributeError, match="can not be changed"):
            one.server_port = 80  # type: ignore[union-attr]
        with pytest.raises(AttributeError, match="can not be deleted"):
            del one.server_port  # type: ignore[union-attr]
    connection.to_dict()["symptoms"].append("nonsense")
    assert connection == capture.connection(0)


def test_everything_can_be_pickled(capture: handshark.Capture) -> None:
    connection, alert = capture.connection(0), handshark.read(ALERTS).connection(0).fatal_alert
    parts = [connection, connection.client_hello, alert, *capture.findings, *connection.timeline(), capture.connections]
    assert alert is not None
    for one in parts:
        again = pickle.loads(pickle.dumps(one))
        assert again is not one
        assert again == one
        assert again.to_dict() == one.to_dict() if hasattr(one, "to_dict") else True
    again = pickle.loads(pickle.dumps(connection))
    assert again.timeline() == connection.timeline()
    assert again.client_hellos == connection.client_hellos
    assert hash(again) == hash(connection)


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("*.pcap*")), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::handshark.CaptureWarning")
def test_a_capture_can_be_pickled(path: Path) -> None:
    capture = handshark.read(path)
    again = pickle.loads(pickle.dumps(capture))
    assert again.to_dict() == capture.to_dict()
    assert (str(again), again._repr_html_()) == (str(capture), capture._repr_html_())
    for name in ("connections", "hellos", "certificates", "services", "findings_table"):
        assert getattr(again, name) == getattr(capture, name)
        assert getattr(again, name).about == getattr(capture, name).about
    for number in range(min(5, len(capture))):
        assert again.connection(number).timeline() == capture.connection(number).timeline()


def test_damaged_pickles_are_refused() -> None:
    restored: Any = handshark.read(SILENT).connections.__reduce__()
    restore, (kind, whole) = restored
    with pytest.raises(ValueError, match="no table"):
        restore("nonsense", b"")
    assert len(restore(kind, whole)) == 6
    for cut in range(0, len(whole), 997):
        try:
            restore(kind, whole[:cut])
        except (ValueError, handshark.InternalError):
            continue


def test_a_pool_of_processes_hands_captures_back() -> None:
    names = ["missing-sni-silent.pcapng", "connection-refused.pcap"]
    paths = [TESTDATA / name for name in names]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        captures = list(pool.map(handshark.read, paths))
    assert [capture.to_dict() for capture in captures] == [handshark.read(path).to_dict() for path in paths]
    assert captures[0].connections.to_polars().height == 6


def test_csv_is_that_of_the_command(tmp_path: Path, capture: handshark.Capture) -> None:
    for name in ("connections", "hellos", "certificates"):
        command = [sys.executable, "-m", "handshark", name, "--format", "csv", str(SILENT)]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        table: handshark.Table = getattr(capture, name)
        written = table.to_csv()
        theirs, ours = (list(csv.DictReader(io.StringIO(text))) for text in (said, written))
        times = {field.name for field in pyarrow.table(table).schema if "timestamp" in str(field.type)}
        assert len(ours) == len(theirs) == len(table)
        for one, other in zip(ours, theirs, strict=True):
            # The command writes nanoseconds.
            assert {k: v[:26] if k in times else v for k, v in one.items()} == {
                k: v[:26] if k in times else v for k, v in other.items()
            }
        path = tmp_path / f"{name}.csv"
        assert table.to_csv(path) is None
        assert path.read_text(encoding="utf-8") == written
    with pytest.raises(FileNotFoundError):
        capture.connections.to_csv(tmp_path / "nowhere" / "x.csv")


def test_parquet(tmp_path: Path, capture: handshark.Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "connections.parquet"
    for hidden in ("nothing", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, hidden, None)
        for table in (capture.connections, capture.services):
            table.to_parquet(path)
            assert polars.read_parquet(path).to_dicts() == table.to_dicts()
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="needs pyarrow or polars"):
        capture.connections.to_parquet(path)


def test_columns(capture: handshark.Capture) -> None:
    table = capture.connections
    rows = table.to_dicts()
    for name in table.columns:
        assert table.column(name) == [row[name] for row in rows]
    with pytest.raises(KeyError, match="nonsense"):
        table.column("nonsense")


def test_tables_read_well_as_text() -> None:
    for path in sorted(TESTDATA.glob("*.pcap")):
        capture = handshark.read(path) if path.name != "cut-short.pcap" else handshark.read(TESTDATA / "all-well.pcap")
        for name in ("connections", "hellos", "certificates", "services", "findings_table"):
            table: handshark.Table = getattr(capture, name)
            lines = repr(table).splitlines()
            assert lines[0].endswith(f"{len(table)} rows of {len(table.columns)} columns>")
            assert len(lines) <= 13
            assert max(map(len, lines)) <= 110
    assert "refused" in repr(handshark.read(TESTDATA / "connection-refused.pcap").connections)


def test_a_pattern_stands_for_its_files(tmp_path: Path) -> None:
    expected = handshark.read([ALERTS, SILENT]).to_dict()
    for name, path in (("ring1.pcap", ALERTS), ("ring2.pcap", SILENT)):
        (tmp_path / name).write_bytes(path.read_bytes())
    for source in (f"{tmp_path}/ring*.pcap", [f"{tmp_path}/ring[12].pcap"], tmp_path / "ring?.pcap"):
        read = handshark.read(source)
        assert read.info["files"] == [f"{tmp_path}/ring1.pcap", f"{tmp_path}/ring2.pcap"]
        assert read.totals == expected["totals"]
    (tmp_path / "odd[1].pcap").write_bytes(SILENT.read_bytes())
    assert len(handshark.read(tmp_path / "odd[1].pcap")) == 6
    with pytest.raises(FileNotFoundError, match="no file matches"):
        handshark.read(f"{tmp_path}/nothing*.pcap")


def test_only_some_findings() -> None:
    path = TESTDATA / "node-keepalive-race.pcap"
    whole = handshark.read(path)
    assert len(whole.findings) > 1
    code = whole.findings[-1].code
    some = handshark.read(path, only=code)
    assert [finding.code for finding in some.findings] == [code]
    assert some.findings_table.column("code") == [code]
    assert some.connections == whole.connections
    command = [sys.executable, "-m", "handshark", "diagnose", "--format", "json", "--only", code, str(path)]
    said = subprocess.run(command, capture_output=True, check=True)
    assert handshark.read(path, only=[code]).to_dict() == json.loads(said.stdout)
    text = [sys.executable, "-m", "handshark", "diagnose", "--width", "100", "--only", code, str(path)]
    assert str(some) == subprocess.run(text, capture_output=True, check=True, text=True).stdout.rstrip("\n")
    with pytest.raises(ValueError, match="'stale-reuse' is near it"):
        handshark.read(path, only="stale-reus")


def test_services_add_up() -> None:
    capture = handshark.read(TESTDATA / "node-keepalive-race.pcap")
    outcomes = capture.services.columns[5:16]
    for row in capture.services:
        assert sum(row[name] for name in outcomes) == row["connections"]
    assert sum(capture.services.column("connections")) == len(capture)
    assert {code for codes in capture.services.column("findings") for code in codes} >= {"stale-reuse"}


def test_services_have_distributions() -> None:
    capture = handshark.read(TESTDATA / "node-keepalive-race.pcap")
    (row,) = capture.services
    assert 5.9 < row["idle_before_close_p50_s"] <= row["idle_before_close_p99_s"] < 6.2
    assert 0 < row["connect_p50_s"] < 0.1 and row["handshake_p50_s"] is None
    assert row["exchanges_p50"] >= 1 and row["attempts_per_second_p99"] >= 1


def test_progress_uses_tqdm_where_it_is(monkeypatch: pytest.MonkeyPatch, pcap: bytes) -> None:
    assert len(handshark.read(pcap, progress=True)) > 0
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(handshark.read(pcap, progress=True)) > 0


def test_the_operators_text_of_a_finding(capture: handshark.Capture) -> None:
    text = repr(capture.findings[0])
    assert text.startswith("ERROR missing-sni  10.0.0.2:443 (api.example)  3 of 6 connections  confidence high\n")
    assert "client ----> server  ClientHello (no SNI)" in text
    assert "  What to change\n    1. " in text
    assert text in repr(capture.findings)
    assert repr(handshark.read(SILENT, only="idle-close").findings) == "no findings"
