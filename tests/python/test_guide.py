"""The guide's examples, word for word and in order; its findings are ours."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import ROOT

import handshark

GUIDE = (ROOT / "python" / "GUIDE.md").read_text(encoding="utf-8")


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(examples) >= 7
    names: dict[str, Any] = {}
    printed = []
    for example in examples:
        exec(compile(example, "GUIDE.md", "exec"), names)
        printed.append(capsys.readouterr().out)
    assert all(printed), "an example shows nothing"
    everything = "\n".join(printed)
    for what in ("stale-reuse", "node-keepalive-race.pcap", "written on after it", "new retry-storm", "missing-sni"):
        assert what in everything, what


def test_the_recipes_name_findings_that_there_are() -> None:
    known = set(handshark.codes())
    rows = [line.split("|")[3] for line in GUIDE.splitlines() if line.startswith("| ") and "tcpdump" in line]
    named = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    assert len(rows) == 6 and len(named) > 10
    assert named <= known, named - known


def test_its_filter_is_that_of_the_readme() -> None:
    """Which captures show which findings is tried with tcpdump by the README's test."""
    (here,) = re.findall(r"^F=.*$", GUIDE, re.MULTILINE)
    assert here in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_each_finding_stands_beside_the_capture_that_the_readme_asks_for() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## What it finds")[1]
    smallest: dict[str, int] = {}
    for depth, row in enumerate(line for line in table.splitlines() if line.startswith("| ") and "`" in line):
        smallest |= dict.fromkeys(re.findall(r"`([a-z0-9-]+)`", row.split("|")[2]), depth)
    for line in GUIDE.splitlines():
        if line.startswith("| ") and "tcpdump" in line:
            _, _, capture, codes, _ = line.split("|")
            depth = 0 if "$F" in capture else 1 if "-s 128" in capture else 2
            for code in re.findall(r"`([a-z-]+)`", codes):
                assert smallest[code] <= depth, (code, capture)
