"""A live stream, read as it comes: `crates/python/src/follow.rs`."""

from typing import TypeAlias, final

from .analysis import Analysis

_Symptom: TypeAlias = tuple[str, str, str, int, tuple[str, int], tuple[str, int], str | None, list[int], int]

@final
class Follower:
    """An analysis of a stream, under way."""

    def __new__(cls, name: str, changes: list[tuple[str, float]], only: list[str], keep: bool) -> Follower: ...
    def push(self, bytes: bytes) -> list[_Symptom]:
        """The next bytes; gives the symptoms of the connections that became final."""
    def finish(self) -> tuple[list[_Symptom], Analysis]:
        """The end of the stream: the symptoms of what was still open, and the whole analysis."""
