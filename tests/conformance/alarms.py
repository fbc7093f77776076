"""Alarms on captures of others: alarms.md says which there are and why each is right; this holds it against them.

An alarm is a finding of severity error or warning. One that is raised and not listed is wrong until somebody has read
the packets; one that is listed and not raised is a list that says something of the program that is not so.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections import Counter
from collections.abc import Iterator

LISTED = pathlib.Path(__file__).with_name("alarms.md")

# Captures of testdata in which nothing fails and of which nothing is left out.
HEALTHY = (
    "all-well",
    "churn",
    "health-checks",
    "max-age-close",
    "mid-stream",
    "nginx-requests-100-tls",
    "no-sni-works",
)

# Severity, code, capture.
Alarm = tuple[str, str, str]

HEADING = re.compile(r"## ([a-z0-9-]+): (error|warning)")
ROW = re.compile(r"\| `([^`]+)` \| (\d+) \| (\d+) of (\d+) \| \S.* \|")


def listed(text: str) -> dict[Alarm, tuple[int, int, int]]:
    """How many findings each row has, on how many connections, of how many."""
    found: dict[Alarm, tuple[int, int, int]] = {}
    heading = None
    for line in text.splitlines():
        heading = HEADING.fullmatch(line) or heading
        row = ROW.fullmatch(line)
        if row and heading:
            found[heading[2], heading[1], row[1]] = (int(row[2]), int(row[3]), int(row[4]))
    return found


def raised(command: pathlib.Path, name: str, capture: pathlib.Path) -> dict[Alarm, tuple[int, int, int]]:
    run = subprocess.run([command, capture, "--format", "json"], capture_output=True, check=False)
    findings = json.loads(run.stdout)["findings"] if run.stdout.strip() else []
    counts: dict[Alarm, Counter[str]] = {}
    for finding in findings:
        if finding["severity"] != "info":
            count = counts.setdefault((finding["severity"], finding["code"], name), Counter())
            count.update(findings=1, affected=finding["affected"], of=finding["of"])
    return {alarm: (count["findings"], count["affected"], count["of"]) for alarm, count in counts.items()}


def in_corpus(corpus: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    root = corpus / "captures"
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        yield path.relative_to(root).as_posix(), path


def against_list(command: pathlib.Path, corpus: pathlib.Path) -> list[str]:
    """What the list does not have or has otherwise, and what it has too much."""
    known = listed(LISTED.read_text())
    found: dict[Alarm, tuple[int, int, int]] = {}
    captures = 0
    for name, capture in in_corpus(corpus):
        found |= raised(command, name, capture)
        captures += 1
    errors = sum(count for (severity, _, _), (count, _, _) in found.items() if severity == "error")
    warnings = sum(count for (severity, _, _), (count, _, _) in found.items() if severity == "warning")
    print(f"{errors} errors and {warnings} warnings in {captures} captures of others")
    wrong = []
    for alarm in sorted(found.keys() | known.keys()):
        here, there = found.get(alarm), known.get(alarm)
        if here != there:
            severity, code, name = alarm
            wrong.append(f"alarm {severity} {code} `{name}`: found {here}, in alarms.md {there}")
    return wrong


def on_healthy(command: pathlib.Path, testdata: pathlib.Path) -> list[str]:
    """Alarms where nothing fails."""
    wrong = []
    for stem in HEALTHY:
        (capture,) = (path for path in testdata.glob(f"{stem}.pcap*"))
        wrong += [f"alarm {severity} {code} on {name}" for severity, code, name in raised(command, stem, capture)]
    return wrong
