"""The one way in: whatever holds a capture becomes a Capture."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Protocol, TypeAlias

from handshark import _handshark
from handshark._capture import Capture


class BinaryFile(Protocol):
    """What is open for reading bytes: a file, a socket's file, BytesIO, GzipFile."""

    def read(self, size: int, /) -> bytes | None: ...


Path: TypeAlias = str | os.PathLike[str]
Progress: TypeAlias = Callable[[int, int | None], object]


def read(
    source: Path | Sequence[Path] | bytes | bytearray | memoryview | BinaryFile,
    *,
    progress: bool | Progress | None = None,
    limits: Mapping[str, float] | None = None,
) -> Capture:
    """Reads a capture and says what is wrong in it.

    `source` is a path, a list of paths (rotated files: one capture, in time order), a directory, bytes, a binary file
    object, or "-" for standard input. pcap and pcapng, plain or in gzip, zstd or lz4, are told by their first bytes.

    `progress=True` shows a line on standard error; a function is called with the bytes read so far and their number in
    all, or None. An exception that it raises ends the reading. `limits` changes budgets by name: `max_connections`,
    `idle_timeout` (seconds) and the others of `handshark --limit`.

    Other threads run meanwhile, and Ctrl-C raises KeyboardInterrupt.

    Raises CaptureError where there is no capture to be read, and OSError where the system refuses. What is odd about a
    capture is a CaptureWarning, and stays in `Capture.warnings`.

    >>> import handshark
    >>> capture = handshark.read("testdata/all-well.pcap")
    >>> len(capture.connections)
    10
    """
    line = _Line() if progress is True else None
    tick = line.show if line else progress if callable(progress) else None
    changes = [(name, float(value)) for name, value in (limits or {}).items()]
    try:
        analysis = _analyse(source, changes, tick)
    finally:
        if line:
            line.remove()
    capture = Capture(analysis)
    for warning in capture.warnings:
        warnings.warn(warning, stacklevel=2)
    return capture


def _analyse(source: Any, limits: list[tuple[str, float]], tick: Progress | None) -> _handshark.Analysis:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _handshark.analyse(bytes(source), "bytes in memory", limits, tick)
    if source == "-":
        return _analyse_stream(sys.stdin.buffer, "standard input", limits, tick)
    if hasattr(source, "read"):
        return _analyse_stream(source, str(getattr(source, "name", "file object")), limits, tick)
    if isinstance(source, (str, os.PathLike)):
        path = os.fsdecode(source)
        if _is_live(path):
            # Opened and read by Python, where a signal ends the wait for whoever writes.
            with open(path, "rb", buffering=0) as stream:
                return _analyse_stream(stream, path, limits, tick)
        return _handshark.analyse([path], path, limits, tick)
    paths = [os.fsdecode(path) for path in source]
    if not paths:
        raise ValueError("no capture: the list of paths is empty")
    return _handshark.analyse(paths, paths[0], limits, tick)


def _analyse_stream(
    stream: Any, name: str, limits: list[tuple[str, float]], tick: Progress | None
) -> _handshark.Analysis:
    # read1 gives what there is; read would wait until a whole chunk has come.
    read = getattr(stream, "read1", stream.read)
    return _handshark.analyse(read, name, limits, tick)


def _is_live(path: str) -> bool:
    """Whether it is a pipe, a socket or a device."""
    mode = os.stat(path).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class _Line:
    """One line on standard error, for progress=True."""

    def __init__(self) -> None:
        self._due = monotonic() + 0.3
        self._shown = False

    def show(self, done: int, total: int | None) -> None:
        if monotonic() < self._due:
            return
        self._due = monotonic() + 0.2
        self._shown = True
        share = f" of {total / 1e6:.0f} MB, {min(100, 100 * done // total)} %" if total else " MB"
        print(f"\rhandshark: {done / 1e6:.0f}{share}", end="", file=sys.stderr, flush=True)

    def remove(self) -> None:
        if self._shown:
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
