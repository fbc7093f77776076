"""The README's Python example, word for word."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 1, "the README shows one Python example"
    exec(compile(examples[0], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "error stale-reuse 4 of 9" in printed
    assert "idle_before_close_s" in printed
    assert "FIN after 6.00 s idle" in printed
