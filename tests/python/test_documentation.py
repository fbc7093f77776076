"""The examples in the docstrings and in the stub run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import handshark

MODULES = ["handshark"] + [f"handshark.{module.name}" for module in pkgutil.iter_modules(handshark.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_of_the_stub() -> None:
    stub = Path(handshark.__path__[0]) / "_handshark.pyi"
    tried = doctest.testfile(str(stub), module_relative=False)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_what_is_exported_is_documented_and_has_an_example() -> None:
    for name in handshark.__all__:
        if name != "__version__":
            assert getattr(handshark, name).__doc__, name
    for shown in (handshark.read, handshark.explain, handshark.codes, handshark.Capture, handshark.Finding):
        assert ">>>" in (shown.__doc__ or ""), shown
