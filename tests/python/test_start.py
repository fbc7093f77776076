"""What a program waits for at `import handshark`: a pool of processes pays it once for each."""

from __future__ import annotations

import subprocess
import sys

import pytest

import handshark

SCRIPT = """
import sys
before = set(sys.modules)
import handshark
{use}
print(*sorted(set(sys.modules) - before))
"""


def loaded(use: str) -> set[str]:
    """Modules that are loaded by importing handshark and doing this, beyond those of the interpreter itself."""
    command = [sys.executable, "-I", "-W", "ignore", "-c", SCRIPT.format(use=use)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_import_and_read_load_little() -> None:
    few = {f"handshark.{name}" for name in ("_capture", "_errors", "_handshark", "_read")}
    few |= {"handshark", "__future__", "atexit", "warnings"}
    assert loaded("") <= few
    reading = loaded("capture = handshark.read('testdata/all-well.pcap'); capture.connections; len(capture)")
    assert reading <= few


def test_what_takes_long_is_loaded_when_it_is_used() -> None:
    used = loaded("handshark.read('testdata/connection-refused.pcap').findings")
    assert {"json", "dataclasses", "handshark._finding"} <= used
    assert used.isdisjoint({"polars", "pyarrow", "pandas", "altair", "tqdm", "handshark._plots"})


def test_every_name_is_there() -> None:
    for name in handshark.__all__:
        assert getattr(handshark, name) is getattr(handshark, name), name
    assert set(handshark.__all__) <= set(dir(handshark))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        handshark.nonsense  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        from handshark import nonsense  # type: ignore[attr-defined] # noqa: F401, PLC0415


AT_THE_END = """
import atexit
held = []
atexit.register(lambda: print(len(held[0].connections.to_dicts()), held[0].findings[0].code))
import handshark
held.append(handshark.read("testdata/connection-refused.pcap"))
"""


def test_a_capture_can_be_used_to_the_very_end() -> None:
    """Handlers of atexit run backwards: this one after that by which handshark learns that the interpreter ends."""
    done = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("11 connection-refused\n", "")
