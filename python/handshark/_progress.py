"""What `progress=True` shows."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any, Protocol


class Bar(Protocol):
    """How far reading has come."""

    def show(self, done: int, total: int | None, /) -> None: ...

    def remove(self) -> None: ...


def new_bar() -> Bar:
    """tqdm's where it is installed, else a line."""
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        return _Line()
    return _Tqdm(tqdm)


class _Tqdm:
    """tqdm's bar: in a notebook a widget."""

    def __init__(self, tqdm: Any) -> None:
        self._bar = tqdm(unit="B", unit_scale=True, unit_divisor=1_000, desc="handshark", delay=0.3, leave=False)

    def show(self, done: int, total: int | None) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def remove(self) -> None:
        self._bar.close()


class _Line:
    """One line on standard error, where tqdm is not installed."""

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
