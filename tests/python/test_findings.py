"""Findings, connections, steps and manual pages."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from conftest import TESTDATA
from handmade import attempts

import handshark

SILENT = TESTDATA / "missing-sni-silent.pcapng"


@pytest.fixture
def finding() -> handshark.Finding:
    return next(finding for finding in handshark.read(SILENT).findings if finding.code == "missing-sni")


def test_a_finding_has_types(finding: handshark.Finding) -> None:
    assert finding.service is not None
    assert (finding.service.address, finding.service.port) == ("10.0.0.2", 443)
    assert str(finding.service).startswith("10.0.0.2:443")
    assert finding.affected == 3
    assert isinstance(finding.first, datetime)
    assert isinstance(finding.last, datetime)
    assert finding.first <= finding.last
    assert finding.last.tzinfo is timezone.utc
    assert finding.facts
    assert finding.remedy
    assert finding.evidence[0].packets[0] >= 1
    assert finding.evidence[0].ladder[0].what == "SYN"
    assert finding.code in str(finding)


def test_a_finding_is_a_value(finding: handshark.Finding) -> None:
    again = next(finding for finding in handshark.read(SILENT).findings if finding.code == "missing-sni")
    assert again is not finding
    for same in (again, pickle.loads(pickle.dumps(finding)), copy.deepcopy(finding)):
        assert same == finding
        assert hash(same) == hash(finding)
        assert same.to_dict() == finding.to_dict()
    assert handshark.Finding.from_dict(finding.to_dict()) == finding
    with pytest.raises(AttributeError):
        finding.code = "other"  # type: ignore[misc]
    finding.to_dict()["facts"].clear()
    assert finding.to_dict()["facts"]


def test_the_report_is_that_of_the_command() -> None:
    command = [sys.executable, "-m", "handshark", "diagnose", "--format", "json", str(SILENT)]
    said = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(said.stdout) == handshark.read(str(SILENT)).to_dict()


def test_services_and_info() -> None:
    capture = handshark.read(SILENT)
    assert capture.services.column("server_port") == [443]
    assert capture.unexplained == []
    assert capture.totals["failed"] == 3
    assert capture.info["tcp_packets"] > 0
    assert capture.info["files"] == [str(SILENT)]
    for part in (capture.info, capture.totals):
        part.clear()
    assert capture.info
    assert capture.totals


def test_the_steps_of_a_connection() -> None:
    connection = handshark.read(SILENT).connection(0)
    steps = connection.timeline()
    assert [step.what for step in steps[:3]] == ["SYN", "SYN-ACK", "ACK"]
    assert [step.sender for step in steps[:3]] == ["client", "server", "client"]
    assert [step.packet for step in steps] == sorted(step.packet for step in steps)
    assert steps[0].offset == 0
    assert steps[0].time == connection.start
    assert steps[-1].time_ns - steps[0].time_ns == pytest.approx(steps[-1].offset * 1e9, abs=2)
    assert "SYN-ACK" in repr(steps)
    assert pickle.loads(pickle.dumps(steps)) == steps


def test_steps_are_kept_of_so_many_connections() -> None:
    kept = handshark._handshark.Analysis.MAX_TIMELINES
    capture = handshark.read(attempts(kept + 1))
    assert len(capture) == kept + 1
    assert [step.what for step in capture.connection(kept - 1).timeline()] == ["SYN"]
    last = capture.connection(kept)
    assert (last.connection, last.syn_count) == (kept, 1)
    with pytest.raises(LookupError, match=f"tcp.stream eq {kept}"):
        last.timeline()


def test_a_connection_has_its_columns() -> None:
    capture = handshark.read(SILENT)
    connection = capture.connection(0)
    assert connection == capture.connection(0) != capture.connection(1)
    assert connection.to_dict() in capture.connections.to_dicts()
    assert (connection.client_address, connection.server_port, connection.tls_version) == ("10.0.0.1", 443, None)
    assert "server_port" in dir(connection)
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        _ = connection.nonsense
    for number in (6, -1, 10**9):
        with pytest.raises(LookupError, match="no connection"):
            capture.connection(number)


def test_the_ladder_of_the_evidence_is_the_timeline(finding: handshark.Finding) -> None:
    example = finding.evidence[0]
    assert list(example.ladder) == handshark.read(SILENT).connection(example.connection).timeline()


def test_manual_pages() -> None:
    pages = handshark.explain()
    assert [code for code, _ in pages] == handshark.codes()
    for code, title in pages:
        assert title
        assert handshark.explain(code).startswith(f"# {code}")
    with pytest.raises(ValueError, match="no finding has the code 'nonsense'"):
        handshark.explain("nonsense")


def test_the_version_is_that_of_the_command() -> None:
    said = subprocess.run([sys.executable, "-m", "handshark", "--version"], capture_output=True, check=True)
    assert said.stdout.decode().split()[:2] == ["handshark", handshark.__version__]
