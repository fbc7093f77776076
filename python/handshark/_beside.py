"""What is said of several captures that are laid side by side."""

from __future__ import annotations

import copy
from typing import Any


class Beside:
    """The JSON and the text of a command. It can be pickled and is compared by what it says."""

    def __init__(self, data: dict[str, Any], text: str) -> None:
        self._data = data
        self._text = text

    def to_dict(self) -> dict[str, Any]:
        """What the command writes with `--format json`."""
        return copy.deepcopy(self._data)

    def __str__(self) -> str:
        return self._text.rstrip("\n")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return self._data == other._data if isinstance(other, Beside) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data, self._text)
