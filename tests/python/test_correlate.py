"""Several capture points."""

from __future__ import annotations

import io
import json
import pickle

import jsonschema  # type: ignore[import-untyped]
import pytest
from conftest import ROOT, TESTDATA
from test_command import said

import handshark as hs

POINTS = [str(TESTDATA / f"capture-points-{place}.pcap") for place in ("client", "inner", "server")]


def test_it_tells_where_each_thing_happened() -> None:
    told = hs.correlate(*POINTS)
    short = [(one.fate, one.event, one.by, one.between, one.connections) for one in told.observations]
    assert short == [
        ("born", "rst", "server", ("B", "C"), 1),
        ("lost", "syn", "client", ("A", "B"), 1),
        ("lost", "syn", "client", ("C", None), 1),
        ("lost", "syn-ack", "server", ("B", "C"), 1),
        ("lost", "payload", "client", ("B", "C"), 1),
    ]
    assert [point["name"] for point in told.points] == ["A", "B", "C"]
    assert {change["field"] for change in told.stretches[0]["changes"]} == {"client-address", "server", "mss"}
    assert told.not_told == []


def test_every_observation_names_packets() -> None:
    for one in hs.correlate(*POINTS).observations:
        assert one.evidence and all(any(sight.packet for sight in proof) for proof in one.evidence), one
        assert one.remedy and str(one.connections) in str(one)


def test_captures_come_in_any_form() -> None:
    expected = hs.correlate(*POINTS).observations
    for capture in ([POINTS[0]], open(POINTS[0], "rb").read(), io.BytesIO(open(POINTS[0], "rb").read())):  # noqa: SIM115
        assert hs.correlate(capture, *POINTS[1:]).observations == expected


def test_it_is_a_value_and_survives_pickling() -> None:
    told = hs.correlate(*POINTS)
    assert told == pickle.loads(pickle.dumps(told)) == hs.correlate(*POINTS)
    assert told != hs.correlate(*POINTS[:2])
    assert [one.to_dict() for one in told.observations] == told.to_dict()["observations"]


def test_it_says_what_the_command_says() -> None:
    told = hs.correlate(*POINTS)
    assert json.loads(said("correlate", *POINTS, "--format", "json").stdout) == told.to_dict()
    assert said("correlate", *POINTS, "--width", "100").stdout.rstrip("\n") == str(told)


def test_a_notebook_shows_it_escaped() -> None:
    told = hs.correlate(*POINTS)
    told._data["points"][0]["files"] = ["<script>alert(1)</script>.pcap"]
    shown = told._repr_html_()
    assert "<script" not in shown and "&lt;script" in shown
    assert "made between B and C" in shown


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="2 to 26 captures"):
        hs.correlate(POINTS[0])
    with pytest.raises(ValueError, match="2 to 26 captures"):
        hs.correlate(*POINTS * 9)
    with pytest.raises(FileNotFoundError):
        hs.correlate(POINTS[0], "nowhere.pcap")
    with pytest.raises(hs.CaptureError):
        hs.correlate(POINTS[0], b"no capture")


def test_the_json_follows_its_schema() -> None:
    path = ROOT / "crates" / "output" / "schema" / "correlation.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    pairs = [POINTS, POINTS[::-1], POINTS[1:]]
    pairs.append([str(TESTDATA / name) for name in ("all-well.pcap", "connection-refused.pcap")])
    pairs.append([str(TESTDATA / f"quiet-request-timeout{end}.pcap") for end in ("", "-server")])
    for captures in pairs:
        validator.validate(hs.correlate(*captures).to_dict())
    wrong = hs.correlate(*POINTS).to_dict()
    wrong["observations"][0]["fate"] = "stolen"
    wrong["points"][0]["more"] = 1
    assert len(list(validator.iter_errors(wrong))) == 2
