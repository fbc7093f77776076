from collections.abc import Callable

def correlated(
    captures: list[tuple[bytes | list[str] | Callable[[int], bytes], str]], changes: list[tuple[str, float]]
) -> tuple[str, str]:
    """What captures of several points tell together: as JSON, `handshark.correlation/1`, and for a person. Each
    capture comes with what to call it where it has no path."""
