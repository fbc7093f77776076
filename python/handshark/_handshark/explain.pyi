"""Manual pages, known limits, and text made safe to show: `crates/python/src/explain.rs`."""

def idle_limits() -> list[tuple[str, str, str, float, tuple[float, float]]]:
    """Known limits on idle time: component, setting, role, documented seconds, and the band seen on the wire."""

def escaped(text: str) -> str:
    """The text with every control, format and bidirectional character spelled out."""

def pages() -> list[tuple[str, str]]:
    """Code and page of every finding, in the order in which they look."""
