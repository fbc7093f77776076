"""The console script: the same command, the same exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import TESTDATA

SILENT = str(TESTDATA / "missing-sni-silent.pcapng")


def script(*arguments: str, **options: object) -> list[str]:
    """The installed script, as its users call it; without one, the module."""
    installed = Path(sys.executable).parent / "handshark"
    return [str(installed), *arguments] if installed.exists() else [sys.executable, "-m", "handshark", *arguments]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        ([SILENT], 0),
        (["diagnose", SILENT, "--fail-on", "info"], 1),
        (["connections", SILENT, "--format", "csv"], 0),
        (["explain", "missing-sni"], 0),
        (["explain", "nonsense"], 2),
        (["nowhere.pcap"], 2),
        (["--nonsense"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    said = subprocess.run(script(*arguments), capture_output=True, text=True, check=False)
    assert said.returncode == code, said
    assert "Traceback" not in said.stderr
    assert bool(said.stdout) == (code < 2)
    assert bool(said.stderr) == (code == 2)


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = script("connections", str(TESTDATA / "churn.pcap.gz"), "--format", "jsonl")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    process.stdout.close()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")


def test_control_c_ends_a_live_stream_with_its_report() -> None:
    process = subprocess.Popen(script(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write((TESTDATA / "connection-refused.pcap").read_bytes())
    process.stdin.flush()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert b"connections" in process.stdout.read()
    process.stdin.close()
    assert process.wait(20) == 0


def test_control_c_ends_the_wait_for_a_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(script("diagnose", str(fifo)), stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) in (-signal.SIGINT, 130)
