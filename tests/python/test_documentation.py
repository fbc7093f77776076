"""The examples in the docstrings and in the stub run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from conftest import ROOT

import handshark

MODULES = ["handshark"] + [f"handshark.{module.name}" for module in pkgutil.iter_modules(handshark.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


STUBS = Path(handshark.__path__[0]) / "_handshark"


def test_examples_of_the_stubs() -> None:
    tried = [doctest.testfile(str(stub), module_relative=False) for stub in STUBS.glob("*.pyi")]
    assert sum(one.attempted for one in tried) > 0
    assert sum(one.failed for one in tried) == 0


def test_there_is_a_stub_for_each_rust_file_that_shows_something_to_python() -> None:
    shown = {}
    for file in (ROOT / "crates" / "python" / "src").glob("*.rs"):
        text = file.read_text(encoding="utf-8")
        # Those that begin with _ are for the tests.
        if names := re.findall(
            r"#\[py(?:class|function)\b.*(?:\n[#/].*)*\npub\(crate\) (?:fn|struct) ([a-zA-Z]\w*)", text
        ):
            shown[file.stem] = set(names)
    assert len(shown) >= 5
    assert {stub.stem for stub in STUBS.glob("*.pyi")} == {"__init__", *shown}
    for file_name, defined in shown.items():
        stub_text = (STUBS / f"{file_name}.pyi").read_text(encoding="utf-8")
        assert set(re.findall(r"^(?:def|class) (\w+)", stub_text, re.MULTILINE)) == defined


def test_what_is_exported_is_documented_and_has_an_example() -> None:
    for name in handshark.__all__:
        if name != "__version__":
            assert getattr(handshark, name).__doc__, name
    for shown in (handshark.read, handshark.explain, handshark.codes, handshark.Capture, handshark.Finding):
        assert ">>>" in (shown.__doc__ or ""), shown
