"""Live streams: symptoms while they run, the whole at their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import TESTDATA

import handshark

REFUSED = TESTDATA / "connection-refused.pcap"


def test_symptoms_then_the_whole() -> None:
    with REFUSED.open("rb") as stream:
        following = handshark.follow(stream, every=True)
        symptoms = list(following)
        capture = following.finish()
    expected = handshark.read(REFUSED)
    assert [symptom.connection for symptom in symptoms] == list(range(9))
    assert {symptom.code for symptom in symptoms} == {"connection-refused"}
    assert symptoms[0].packets == tuple(expected.findings[0].evidence[0].packets)
    assert "ERROR connection-refused  10.0.0.2:9000  connection 0, packets 1, 2" in str(symptoms[0])
    assert list(capture.findings) == list(expected.findings)
    assert capture.connections == expected.connections
    assert capture.connection(0).timeline() == expected.connection(0).timeline()
    assert following.finish() is capture
    assert next(following, None) is None


def test_one_symptom_for_each_code_and_service() -> None:
    assert len(list(handshark.follow(REFUSED))) == 2
    assert list(handshark.follow(REFUSED, only="missing-sni")) == []
    loud, quiet = (
        list(handshark.follow(TESTDATA / "health-checks.pcapng", min_severity=least)) for least in ("info", "error")
    )
    assert {symptom.severity for symptom in loud} > {symptom.severity for symptom in quiet}
    with pytest.raises(ValueError, match="min_severity"):
        handshark.follow(REFUSED, min_severity="loud")  # type: ignore[arg-type]


def test_a_symptom_comes_while_the_stream_goes_on() -> None:
    """The incident is followed by packets of much later; the writer waits until its symptom was told."""
    theirs, ours = os.pipe()
    data = REFUSED.read_bytes()
    # The same packets an hour later: what waits a second for late packets is final by then.
    later = bytearray(data[24:])
    at = 0
    while at < len(later):
        seconds, length = (int.from_bytes(later[at + k : at + k + 4], "little") for k in (0, 8))
        later[at : at + 4] = (seconds + 3_600).to_bytes(4, "little")
        at += 16 + length
    told = threading.Event()

    def write() -> None:
        os.write(ours, data + bytes(later))
        # Closed whatever came: the reader must not wait for ever.
        in_time = told.wait(10)
        os.close(ours)
        assert in_time

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(theirs, "rb") as stream:
        following = handshark.follow(stream, limits={"closed_linger": 1})
        assert next(following).code == "connection-refused"
        told.set()
        assert "connection-refused" in [symptom.code for symptom in following]
    writer.join()
    assert following.finish().totals["connections"] >= 11


def test_finish_may_come_early_and_rows_may_be_left_out() -> None:
    following = handshark.follow(REFUSED, keep=False)
    assert next(following)
    capture = following.finish()
    assert (len(capture.connections), capture.totals["connections"]) == (0, 11)
    assert capture.findings[0].affected == 5
    assert list(following) == []


def test_what_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes\n" * 100)
    for stream in (path, os.devnull):
        with pytest.raises(handshark.CaptureError):
            list(handshark.follow(stream))
    with pytest.raises(FileNotFoundError):
        list(handshark.follow("nowhere.pcap"))


SCRIPT = """
import sys, handshark
following = handshark.follow(sys.stdin.buffer)
print("ready", flush=True)
try:
    list(following)
except KeyboardInterrupt:
    print([finding.code for finding in following.finish().findings], flush=True)
"""


def test_control_c_leaves_what_was_read() -> None:
    command: Any = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(REFUSED.read_bytes())
        process.stdin.flush()
        time.sleep(0.7)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"['connection-refused', 'connection-refused']\n"
        assert time.monotonic() - begun < 0.5
        process.stdin.close()
