"""Two captures side by side."""

from __future__ import annotations

import json
import pickle

import jsonschema  # type: ignore[import-untyped]
import pytest
from conftest import ROOT, TESTDATA
from test_command import said

import handshark as hs


def read(name: str) -> hs.Capture:
    return hs.read(TESTDATA / name)


def test_a_capture_against_itself_is_alike() -> None:
    capture = read("node-keepalive-race.pcap")
    comparison = hs.compare(capture, capture)
    assert {change.change for change in comparison.findings} == {"alike"}
    assert len(comparison.findings) == len(capture.findings)
    measures = [measure["change"] for service in comparison.services for measure in service["measures"]]
    assert measures and set(measures) == {"alike"}
    assert all(service["matched_by"] == "address" for service in comparison.services)


def test_what_the_other_capture_could_not_show_is_not_gone() -> None:
    # The flags-only capture holds no ClientHello: nothing about hellos is new or gone.
    flags, whole = read("node-keepalive-race-flags.pcap"), read("node-keepalive-race.pcap")
    for change in hs.compare(whole, flags).findings:
        if change.change == "gone":
            blind = {check["code"] for check in flags.not_assessed}
            assert change.code not in blind, change
    unclear = hs.compare(read("no-sni-works.pcap"), read("missing-sni-silent.pcapng")).findings
    assert {change.change for change in unclear} == {"unclear"}
    assert all(change.why for change in unclear)


def test_every_claim_names_packets() -> None:
    comparison = hs.compare(read("all-well.pcap"), read("node-keepalive-race.pcap"))
    for change in comparison.findings:
        assert change.evidence_a or change.evidence_b or change.service is None, change
        for proof in change.evidence_a + change.evidence_b:
            assert proof.packets and f"tcp.stream eq {proof.connection}" in proof.filter
    for service in [comparison.whole, *comparison.services]:
        for measure in service["measures"]:
            for side in ("a", "b"):
                assert (measure[f"example_{side}"] is None) == (measure[side]["count"] == 0), measure


def test_hellos_are_laid_side_by_side() -> None:
    comparison = hs.compare(read("no-sni-works.pcap"), read("missing-sni-silent.pcapng"))
    only = comparison.whole["hellos"]["only"]
    assert (only[0]["field"], only[0]["value"], only[0]["in_a"], only[0]["hellos"]) == (
        "server_name",
        "present",
        False,
        3,
    )
    number = only[0]["example"]["connection"]
    assert read("missing-sni-silent.pcapng").connection(number).sni_state == "present"


def test_it_is_a_value_and_survives_pickling() -> None:
    a, b = read("all-well.pcap"), read("connection-refused.pcap")
    comparison = hs.compare(a, b)
    again = hs.compare(pickle.loads(pickle.dumps(a)), b)
    assert again == comparison == pickle.loads(pickle.dumps(comparison))
    assert comparison != hs.compare(b, a)
    assert [change.to_dict() for change in comparison.findings] == comparison.to_dict()["findings"]


def test_only_hides_nothing_from_it() -> None:
    everything = read("connection-refused.pcap")
    chosen = hs.read(TESTDATA / "connection-refused.pcap", only="missing-sni")
    assert chosen.findings == []
    assert {change.change for change in hs.compare(everything, chosen).findings} == {"alike"}


def test_it_says_what_the_command_says() -> None:
    paths = [str(TESTDATA / "all-well.pcap"), str(TESTDATA / "connection-refused.pcap")]
    comparison = hs.compare(*map(hs.read, paths))
    spoken = said("compare", *paths, "--format", "json")
    assert json.loads(spoken.stdout)["findings"] == comparison.to_dict()["findings"]
    text = said("compare", *paths, "--width", "100").stdout.rstrip("\n")
    assert text.split("\n\n", 1)[1] == str(comparison).split("\n\n", 1)[1]


def test_a_notebook_shows_it_escaped() -> None:
    comparison = hs.compare(read("all-well.pcap"), read("connection-refused.pcap"))
    comparison._data["a"]["files"] = ["<script>alert(1)</script>.pcap"]
    shown = comparison._repr_html_()
    assert "<script" not in shown and "&lt;script" in shown
    assert "connection-refused" in shown


def test_paths_are_not_captures() -> None:
    with pytest.raises(TypeError, match="two Captures"):
        hs.compare("a.pcap", "b.pcap")  # type: ignore[arg-type]


def test_the_json_follows_its_schema() -> None:
    path = ROOT / "crates" / "output" / "schema" / "comparison.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    names = ["no-sni-works.pcap", "missing-sni-silent.pcapng", "node-keepalive-race-flags.pcap", "icmp-rejected.pcap"]
    captures = [read(name) for name in names]
    for a in captures:
        for b in captures:
            validator.validate(hs.compare(a, b).to_dict())
    wrong = hs.compare(captures[0], captures[1]).to_dict()
    wrong["findings"][0]["change"] = "better"
    wrong["whole"]["more"] = 1
    assert len(list(validator.iter_errors(wrong))) == 2
