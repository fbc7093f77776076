"""Names of types that functions take: for those who check types, and loaded by nobody else."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeAlias


class BinaryFile(Protocol):
    """What is open for reading bytes: a file, a socket's file, BytesIO, GzipFile."""

    def read(self, size: int, /) -> bytes | None: ...


Path: TypeAlias = str | os.PathLike[str]
Progress: TypeAlias = Callable[[int, int | None], object]
Wishes: TypeAlias = tuple[list[tuple[str, float]], list[str]]
"""Changed limits, and the codes of the findings to keep."""
