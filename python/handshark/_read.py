"""The one way in: whatever holds a capture becomes a Capture."""

from __future__ import annotations

import io
import os
import stat
import sys
import warnings

from handshark import _handshark
from handshark._capture import Capture

# What every program has loaded anyway stands above; the rest is imported where it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from handshark._types import BinaryFile, Path, Progress, Wishes


def read(
    source: Path | Sequence[Path] | bytes | bytearray | memoryview | BinaryFile,
    *,
    progress: bool | Progress | None = None,
    limits: Mapping[str, float] | None = None,
    only: str | Iterable[str] | None = None,
) -> Capture:
    """Reads a capture and says what is wrong in it.

    `source` is a path, a list of paths (rotated files: one capture, in time order), a directory, a pattern
    (`ring*.pcap`), bytes, a binary file object, or "-" for standard input. pcap, pcapng and snoop, plain or in gzip,
    zstd or lz4, are told by their first bytes.

    `progress=True` shows a bar: tqdm's where that is installed, else a line on standard error; a function is called
    with the bytes read so far and their number in all, or None. An exception that it raises ends the reading. `limits`
    changes budgets by name: `max_connections`, `idle_timeout` (seconds) and the others of `handshark --limit`. `only`
    names the findings to look for (see `handshark.codes`); tables are not affected by it.

    Other threads run meanwhile, and Ctrl-C raises KeyboardInterrupt.

    Raises CaptureError (a ValueError) where there is no capture to be read, FileNotFoundError or another OSError where
    the system refuses, and ValueError for an unknown limit or code. What is odd about a capture is a CaptureWarning,
    and stays in `Capture.warnings`.

    >>> import handshark
    >>> capture = handshark.read("testdata/all-well.pcap")
    >>> len(capture.connections)
    10
    >>> handshark.read("testdata/*refused*.pcap", only="connection-refused").findings_table.column("affected")
    [5, 4]
    """
    bar = None
    if progress is True:
        from handshark._progress import new_bar

        bar = new_bar()
    tick = bar.show if bar else progress if callable(progress) else None
    try:
        analysis = _analyse(source, (changes(limits), known_codes(only)), tick)
    finally:
        if bar:
            bar.remove()
    capture = Capture(analysis)
    for warning in capture.warnings:
        warnings.warn(warning, stacklevel=2)
    return capture


def changes(limits: Mapping[str, float] | None) -> list[tuple[str, float]]:
    """Limits as the extension module takes them."""
    return [(name, float(value)) for name, value in (limits or {}).items()]


def known_codes(only: str | Iterable[str] | None) -> list[str]:
    """The codes, each of which is one."""
    wanted = [only] if isinstance(only, str) else list(only or [])
    known = [code for code, _ in _handshark.pages()] if wanted else []
    for code in wanted:
        if code not in known:
            import difflib

            near = difflib.get_close_matches(code, known, n=1)
            hint = f", {near[0]!r} is near it" if near else ""
            raise ValueError(f"no finding has the code {code!r}{hint}; handshark.codes() has all")
    return wanted


def _analyse(source: Any, wishes: Wishes, tick: Progress | None) -> _handshark.Analysis:
    if isinstance(source, (str, os.PathLike)) and source != "-":
        paths = _matches(os.fsdecode(source))
        if len(paths) == 1 and _is_live(paths[0]):
            # Opened and read by Python, where a signal ends the wait for whoever writes.
            with open(paths[0], "rb", buffering=0) as stream:
                return _handshark.analyse(reader(stream), paths[0], *wishes, tick)
    return _handshark.analyse(*named(source), *wishes, tick)


def named(source: Any) -> tuple[Any, str]:
    """A capture as the extension module takes it, and what to call it where it has no path."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), "bytes in memory"
    if source == "-":
        return reader(sys.stdin.buffer), "standard input"
    if hasattr(source, "read"):
        return reader(source), str(getattr(source, "name", "file object"))
    names = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    for name in names:
        # os.fsdecode would take bytes for a file's name, and show a capture as one.
        if not isinstance(name, (str, os.PathLike)):
            kind = type(name).__name__
            raise TypeError(f"no path: {kind}; a list is of paths, and bytes or a file object are read one at a time")
    paths = [path for name in names for path in _matches(os.fsdecode(name))]
    if not paths:
        raise ValueError("no capture: the list of paths is empty")
    return paths, paths[0]


def _matches(path: str) -> list[str]:
    """The path itself where it is there, else the files that a pattern matches, in order."""
    if os.path.lexists(path) or not any(sign in path for sign in "*?["):
        return [path]
    import errno
    import glob

    found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "no file matches", path)
    return found


def reader(stream: Any) -> Callable[[int], bytes]:
    """What gives the next bytes of a stream as soon as there are some."""
    if isinstance(stream, io.TextIOBase):
        raise TypeError("the file must be open in binary mode: it decodes text; of sys.stdin take sys.stdin.buffer")
    # read1 gives what there is; read would wait until a whole chunk has come.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    return read


def _is_live(path: str) -> bool:
    """Whether it is a pipe, a socket or a device."""
    mode = os.stat(path).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
