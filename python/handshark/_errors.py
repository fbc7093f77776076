"""What can go wrong, one class per kind. A missing file is FileNotFoundError, as everywhere in Python."""

from __future__ import annotations


class CaptureError(ValueError):
    """The bytes are no capture, or not one packet of it can be read. Damage after that is a CaptureWarning."""

    __module__ = "handshark"

    path: str | None
    """The file or stream as it was named."""
    offset: int | None
    """Where the damage is, in bytes of the decompressed file."""
    reason: str
    """What is wrong, without the name of the file."""

    def __init__(self, reason: str, path: str | None = None, offset: int | None = None) -> None:
        super().__init__(reason, path, offset)
        self.reason = reason
        self.path = path
        self.offset = offset

    def __str__(self) -> str:
        return self.reason if self.path is None else f"{_printable(self.path)}: {self.reason}"


class CaptureWarning(UserWarning):
    """Something is odd about a capture that was read, and may weaken its findings: cut short, dropped packets."""

    __module__ = "handshark"

    code: str
    """What it is, in kebab-case: `cut-short`, `damaged`."""
    count: int
    """How often."""
    note: str
    """One sentence: what, where, and what it means."""

    def __init__(self, note: str, code: str = "", count: int = 1) -> None:
        super().__init__(note, code, count)
        self.note = note
        self.code = code
        self.count = count

    def __str__(self) -> str:
        if self.code == "unreadable-file" and self.count > 1:
            return f"{self.note} ({self.count} files could not be read, this is the first)"
        return self.note


class InternalError(RuntimeError):
    """A bug in handshark. Please report it with the capture, or with its first packets."""

    __module__ = "handshark"


def _printable(path: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
