"""Everything that can hold a capture, and everything that can be wrong with it."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import random
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TESTDATA
from handmade import connection

import handshark

CAPTURE = TESTDATA / "sni-router-with-and-without.pcap"


def told(capture: handshark.Capture) -> tuple[Any, ...]:
    """What a capture says, without the name of its file."""
    return capture.connections.to_dicts(), capture.hellos.to_dicts(), capture.findings, capture.info["packets"]


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, and has no read1."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self._rest = self._rest[:1_000], self._rest[1_000:]
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize(
    "source",
    [
        lambda data: str(CAPTURE),
        lambda data: CAPTURE,
        lambda data: [CAPTURE],
        lambda data: (str(CAPTURE),),
        lambda data: data,
        bytearray,
        memoryview,
        io.BytesIO,
        Trickle,
        gzip.compress,
        lambda data: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data))),
        lambda data: CAPTURE.open("rb"),
        lambda data: CAPTURE.open("rb", buffering=0),
    ],
    ids=str,
)
def test_every_source_says_the_same(pcap: bytes, source: Callable[[bytes], Any]) -> None:
    expected = told(handshark.read(CAPTURE))
    assert expected[3] > 0
    assert len(expected[0]) > 1
    assert told(handshark.read(source(pcap))) == expected


def test_a_directory_stands_for_its_captures(tmp_path: Path, pcap: bytes) -> None:
    (tmp_path / "one.pcap").write_bytes(pcap)
    assert told(handshark.read(tmp_path)) == told(handshark.read(CAPTURE))


def test_standard_input(pcap: bytes) -> None:
    code = "import handshark; c = handshark.read('-'); print(len(c), c.info['files'])"
    done = subprocess.run([sys.executable, "-c", code], input=pcap, capture_output=True, check=True)
    assert done.stdout.decode().split() == [str(len(handshark.read(CAPTURE))), "['standard", "input']"]


def test_a_named_pipe(tmp_path: Path, pcap: bytes) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(pcap,))
    writer.start()
    assert told(handshark.read(fifo)) == told(handshark.read(CAPTURE))
    writer.join()


def test_several_files_are_one_capture() -> None:
    names = ["all-well.pcap", "connection-refused.pcap"]
    both = handshark.read([TESTDATA / name for name in names])
    assert len(both) == sum(len(handshark.read(TESTDATA / name)) for name in names)
    assert both.info["files"] == [str(TESTDATA / name) for name in names]


def test_a_missing_file() -> None:
    sources: list[Any] = ["nowhere.pcap", ["nowhere.pcap"], Path("nowhere.pcap")]
    for source in sources:
        with pytest.raises(FileNotFoundError) as error:
            handshark.read(source)
        assert error.value.filename == "nowhere.pcap"
        assert error.value.errno == 2


def test_what_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes\n" * 10_000)
    with pytest.raises(handshark.CaptureError) as error:
        handshark.read(path)
    assert error.value.path == str(path)
    assert error.value.offset is None
    assert "not a packet capture" in error.value.reason
    assert str(error.value) == f"{path}: {error.value.reason}"
    assert isinstance(error.value, ValueError)
    again = pickle.loads(pickle.dumps(error.value))
    assert (again.path, again.reason, str(again)) == (error.value.path, error.value.reason, str(error.value))


@pytest.mark.parametrize("source", [b"", io.BytesIO(b"")])
def test_nothing_at_all(source: Any) -> None:
    with pytest.raises(handshark.CaptureError, match="0 bytes"):
        handshark.read(source)


def test_an_empty_directory_and_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(handshark.CaptureError, match="no capture file"):
        handshark.read(tmp_path)
    with pytest.raises(ValueError, match="empty"):
        handshark.read([])


def test_what_can_not_be_read_at_all() -> None:
    with pytest.raises(TypeError):
        handshark.read(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary mode"):
        handshark.read(io.StringIO("text"))  # type: ignore[arg-type]


def test_an_exception_of_the_file_object_comes_through() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError("the other side went away")

    with pytest.raises(ConnectionResetError, match="went away"):
        handshark.read(Broken())


def test_a_capture_cut_short_is_a_warning() -> None:
    with pytest.warns(handshark.CaptureWarning) as caught:
        capture = handshark.read(TESTDATA / "cut-short.pcap")
    assert [str(warning.message) for warning in caught] == [warning.note for warning in capture.warnings]
    assert "cut-short" in {warning.code for warning in capture.warnings}
    assert {warning.filename for warning in caught} == {__file__}
    assert len(capture) == len(handshark.read(TESTDATA / "all-well.pcap"))


def test_warnings_can_be_errors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", handshark.CaptureWarning)
        with pytest.raises(handshark.CaptureWarning):
            handshark.read(TESTDATA / "cut-short.pcap")


def test_limits_by_name() -> None:
    with pytest.warns(handshark.CaptureWarning, match="max_connections"):
        capture = handshark.read(TESTDATA / "all-well.pcap", limits={"max_connections": 1})
    assert "evicted" in {warning.code for warning in capture.warnings}
    with pytest.raises(ValueError, match="max-connections"):
        handshark.read(CAPTURE, limits={"nonsense": 1})
    with pytest.raises(ValueError, match="between"):
        handshark.read(CAPTURE, limits={"max_connections": 0})


def test_progress_is_told_and_can_stop(pcap: bytes) -> None:
    seen: list[tuple[int, int | None]] = []
    handshark.read(pcap, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(pcap), len(pcap))
    handshark.read(CAPTURE, progress=True)

    def stop(done: int, total: int | None) -> None:
        raise StopAsyncIteration("enough")

    with pytest.raises(StopAsyncIteration, match="enough"):
        handshark.read(pcap, progress=stop)


def test_damage_raises_nothing_else(pcap: bytes) -> None:
    chance = random.Random(7)
    outcomes = set()
    for _ in range(300):
        bent = bytearray(pcap)
        for _ in range(chance.choice([1, 4, 64])):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        del bent[chance.randrange(len(bent)) :]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", handshark.CaptureWarning)
            try:
                outcomes.add(bool(repr(handshark.read(bent))))
            except handshark.CaptureError as error:
                outcomes.add(bool(str(error)))
    assert outcomes == {True}


def test_a_capture_of_no_packets() -> None:
    capture = handshark.read(connection(b"", packets=0))
    assert (len(capture), capture.findings, capture.connections.to_dicts()) == (0, [], [])
    assert bool(capture)
    assert capture.connections.to_polars().shape[0] == 0


def test_a_file_open_as_text_is_refused() -> None:
    with open(CAPTURE, encoding="utf-8") as file, pytest.raises(TypeError, match="binary mode"):
        handshark.read(file)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary mode"):
        handshark.read(io.StringIO("text"))  # type: ignore[arg-type]


def test_bytes_in_a_list_are_no_file_names() -> None:
    for several in ([b"/etc/host*"], iter([b"a", b"b"]), ["a.pcap", bytearray(b"b")], [3]):
        with pytest.raises(TypeError, match="a list is of paths"):
            handshark.read(several)  # type: ignore[arg-type]


def test_a_warning_says_how_many_files_could_not_be_read(tmp_path: Path) -> None:
    good = (TESTDATA / "all-well.pcap").read_bytes()
    (tmp_path / "good.pcap").write_bytes(good)
    for number in range(3):
        (tmp_path / f"{number}.pcap").write_bytes(b"")
    with pytest.warns(handshark.CaptureWarning, match="3 files could not be read, this is the first"):
        handshark.read(tmp_path)
