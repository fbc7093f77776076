"""The README's Python example, word for word."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None, "the README shows a Python example"
    monkeypatch.chdir(ROOT)
    exec(compile(found[1], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "error stale-reuse" in printed
    assert "# stale-reuse" in printed
