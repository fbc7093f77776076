"""The console script: the same command, the same exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from conftest import ROOT, TESTDATA

import handshark

SILENT = str(TESTDATA / "missing-sni-silent.pcapng")
# At the address that refuses in both, the second one retries: that is new, and a warning.
REFUSED = [str(TESTDATA / name) for name in ("connection-refused.pcap", "retry-storm.pcap")]
# The native binary, where `cargo test` has built it: it must do the same. Older builds of other profiles need not.
NATIVE = [ROOT / "target" / "debug" / "handshark"]


def script(*arguments: str, **options: object) -> list[str]:
    """The installed script, as its users call it; without one, the module."""
    installed = Path(sys.executable).parent / "handshark"
    return [str(installed), *arguments] if installed.exists() else [sys.executable, "-m", "handshark", *arguments]


def said(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the script says."""
    return subprocess.run(script(*arguments), capture_output=True, text=True, check=False)


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
        (["compare", SILENT, SILENT, "--fail-on", "info"], 0),
        (["compare", *REFUSED, "--fail-on", "warning"], 1),
        (["compare", *REFUSED, "--fail-on", "error"], 0),
        (["compare", SILENT, "-"], 2),
        (["completions", "zsh"], 0),
        (["completions", "nonsense"], 2),
        (["man"], 0),
        (["man", "nonsense"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = said(*arguments)
    if native := next((path for path in NATIVE if path.exists()), None):
        there = subprocess.run([str(native), *arguments], capture_output=True, text=True, check=False)
        assert (there.returncode, bool(there.stdout), bool(there.stderr)) == (code, code < 2, code == 2), there
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == (code < 2)
    assert bool(done.stderr) == (code == 2)


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = script("connections", str(TESTDATA / "churn.pcap.gz"), "--format", "jsonl")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    process.stdout.close()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")


def listening(process: subprocess.Popen[bytes]) -> None:
    """Waits until the command has its handler for SIGTERM; before that Python is still starting."""
    status = Path(f"/proc/{process.pid}/status")
    until = time.monotonic() + 20
    while status.exists() and time.monotonic() < until:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            break
        time.sleep(0.02)
    time.sleep(0.5 if status.exists() else 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_live_stream_with_its_report(number: signal.Signals) -> None:
    process = subprocess.Popen(script(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write((TESTDATA / "connection-refused.pcap").read_bytes())
    process.stdin.flush()
    listening(process)
    sent = time.monotonic()
    process.send_signal(number)
    assert process.stdout is not None
    assert b"connections" in process.stdout.read()
    assert time.monotonic() - sent < 5
    process.stdin.close()
    assert process.wait(20) == 0


def test_control_c_ends_the_wait_for_a_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(script("diagnose", str(fifo)), stderr=subprocess.PIPE)
    writer = None
    until = time.monotonic() + 20
    while writer is None and time.monotonic() < until:
        try:
            # There is no end to write to before the command opens the other: by then it is past its start.
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.02)
    assert writer is not None
    process.send_signal(signal.SIGINT)
    assert process.wait(5) in (-signal.SIGINT, 130)
    os.close(writer)


@pytest.mark.parametrize("shell", ["bash", "elvish", "fish", "powershell", "zsh"])
def test_completions_know_every_command(shell: str) -> None:
    text = said("completions", shell).stdout
    for command in ("diagnose", "connections", "hellos", "certificates", "compare", "explain"):
        assert command in text, command


def test_parquet_has_the_rows_of_the_table(tmp_path: Path) -> None:
    written = tmp_path / "rows.parquet"
    for rows, of_read in [("connections", "connections"), ("hellos", "hellos"), ("certificates", "certificates")]:
        assert said(rows, SILENT, "--format", "parquet", "--output", str(written)).returncode == 0
        table = getattr(handshark.read(SILENT), of_read)
        assert pq.read_table(written) == pyarrow.table(table)


def test_parquet_is_not_for_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = script("connections", SILENT, "--format", "parquet")
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    os.close(ours)
    assert (done.returncode, done.stderr) == (2, "handshark: parquet is not for a terminal: add --output FILE\n")
