"""Every value of every stream of the corpus against tshark's, by the definitions of the corpus's own score.py."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import subprocess
import types
from collections.abc import Iterator

from differences import Difference


def captures(corpus: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Name, as score.py has it, and path of each capture for which there is a truth."""
    for path in sorted(x for x in (corpus / "captures").rglob("*") if x.is_file()):
        name = str(path.relative_to(corpus / "captures")).replace("/", "__")
        if (corpus / "truth" / f"{name}.jsonl").exists():
            yield name, path


def connections(command: pathlib.Path, capture: pathlib.Path) -> tuple[list[dict], str]:
    """The rows of a capture, and why it failed where it did."""
    run = subprocess.run([command, "connections", capture, "--format", "jsonl"], capture_output=True, check=False)
    rows = [json.loads(line) for line in run.stdout.decode().splitlines() if line.strip()]
    failed = run.stderr.decode(errors="replace").strip() if run.returncode not in (0, 1) else ""
    return rows, failed


class Score:
    """What agrees and what does not."""

    def __init__(self, corpus: pathlib.Path) -> None:
        spec = importlib.util.spec_from_file_location("score", corpus.parent / "tools/score.py")
        assert spec and spec.loader
        self.rules: types.ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.rules)
        self.corpus = corpus
        self.captures = self.streams = self.values = 0
        self.failed: list[str] = []
        self.differences: set[Difference] = set()

    def add(self, name: str, rows: list[dict], failed: str) -> None:
        """One capture. A stream is ours where endpoints and first packet are, or else the number."""
        truth = self.corpus / "truth" / f"{name}.jsonl"
        wanted = [json.loads(line) for line in truth.read_text().splitlines()]
        self.captures += 1
        if failed and wanted:
            self.failed.append(f"{name}: {failed}")
        places = {(self.rules.actual(row)["endpoints"], row["first_packet"]): row for row in rows}
        by_number = {row["connection"]: row for row in rows}
        used = set()
        for stream in wanted:
            self.streams += 1
            expected = self.rules.expected(stream)
            row = places.get((expected["endpoints"], expected["first_packet"])) or by_number.get(stream["stream"])
            if row is None or row["connection"] in used:
                self.differences.add((name, "missing", stream["stream"]))
                continue
            used.add(row["connection"])
            self.compare(name, stream["stream"], expected, self.rules.actual(row))
        self.differences |= {(name, "extra", row["connection"]) for row in rows if row["connection"] not in used}

    def compare(self, name: str, stream: int, expected: dict, actual: dict) -> None:
        """One stream; what the truth says nothing of is not compared."""
        expected["stream"], actual["stream"] = stream, actual["connection"]
        for field, value in expected.items():
            if value is not None:
                self.values += 1
                if actual.get(field) != value:
                    self.differences.add((name, field, stream))

    def summary(self) -> str:
        """The line that score.py ends with."""
        count = {kind: sum(f == kind for _, f, _ in self.differences) for kind in ("missing", "extra")}
        wrong = len(self.differences) - sum(count.values())
        return (
            f"corpus: {self.captures} captures, failed {len(self.failed)}; "
            f"streams {self.streams}, missing {count['missing']}, extra {count['extra']}; "
            f"values {100 * (self.values - wrong) / self.values:.3f} % of {self.values}"
        )
