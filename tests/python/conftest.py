"""The repository's captures, and captures made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTDATA = ROOT / "testdata"


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Examples name captures as `testdata/...`."""
    monkeypatch.chdir(ROOT)
    yield


@pytest.fixture
def pcap() -> bytes:
    """A small capture with a finding, a hello and names."""
    return (TESTDATA / "sni-router-with-and-without.pcap").read_bytes()
