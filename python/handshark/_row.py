"""A row of a table with names to type: what `Connection` and `ClientHello` share."""

from __future__ import annotations

from typing import Any


class Row:
    """One row; its attributes are the columns. It can not be changed, and is compared and pickled by its values."""

    def __init__(self, row: dict[str, Any]) -> None:
        object.__setattr__(self, "_row", row)

    def __getattr__(self, name: str) -> Any:
        row: dict[str, Any] = self.__dict__.get("_row", {})
        if name in row:
            return row[name]
        kind = type(self).__name__
        raise AttributeError(f"a {kind} has no {name!r}; {kind}.to_dict() has all names", name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name!r} can not be changed: a {type(self).__name__} is what was captured")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name!r} can not be deleted: a {type(self).__name__} is what was captured")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._row]

    def to_dict(self) -> dict[str, Any]:
        """The row, `{column: value}`, as it was on the wire: not escaped."""
        return {name: list(value) if isinstance(value, list) else value for name, value in self._row.items()}

    def __eq__(self, other: object) -> bool:
        return bool(self._row == other._row) if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._row["connection"], self._row["server_port"]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._row,)
