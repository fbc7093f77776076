"""How charts look, and how their figures are put into bins: colors, axes, titles, what a notebook shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import altair as alt

# A chart is a white card, on a dark page too: its text does not touch the edge.
PADDING = 12
# Size of a panel's title.
OF_PANEL = 12
# Bins of a linear scale, and of each decade of a logarithmic one.
BINS = 90
PER_DECADE = 40

# What went well is quiet, what failed is loud; blue and orange are told apart by most colour-blind eyes.
OUTCOMES = {
    "established": "#8fb4d9",
    "open": "#b9a8d6",
    "mid-stream": "#c9c3b5",
    "health-check": "#a5cdb5",
    "refused": "#7b2d8b",
    "unanswered": "#d62728",
    "prohibited": "#5c4033",
    "reset-in-handshake": "#e377c2",
    "tls-failed": "#ff7f0e",
    "reset": "#a50f15",
    "timed-out": "#c49c00",
}
SIDES = {"client": "#3b82c4", "server": "#d97706"}
STEPS = {"TCP connect": "#3b82c4", "TLS handshake": "#d97706"}
MARK = "#a50f15"


class _Offline:
    """Shows itself with its JavaScript beside it, as long as nobody has chosen another renderer."""

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        if alt.renderers.active == "default":
            try:
                return {"text/html": self.to_html(inline=True, fullhtml=False)}  # type: ignore[attr-defined]
            except (ImportError, ValueError):
                pass  # Without vl-convert there is no JavaScript to put beside it.
        return super()._repr_mimebundle_(*args, **kwargs)  # type: ignore[misc]


class Layers(_Offline, alt.LayerChart):
    pass


class Column(_Offline, alt.VConcatChart):
    pass


def scale(colors: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(colors), range=list(colors.values()))


def room(tallest: float) -> alt.Scale:
    """From 0 to a little above the tallest."""
    return alt.Scale(domain=[0, max(1, tallest) * 1.08], nice=False)


def clock(span: tuple[float, float]) -> alt.Axis:
    """Times in UTC, as fine as the span (in milliseconds) asks for."""
    seconds = (span[1] - span[0]) / 1_000
    formats = ((10, "%H:%M:%S.%L"), (900, "%H:%M:%S"), (86_400, "%H:%M"), (math.inf, "%m-%d %H:%M"))
    text = next(text for longest, text in formats if seconds <= longest)
    return alt.Axis(format=text, tickCount=7, labelOverlap=True)


def whole(tallest: float) -> alt.Axis:
    """Counts: no half of one is marked."""
    return alt.Axis(values=list(range(int(tallest) + 1)), format="d") if tallest <= 4 else alt.Axis(tickMinStep=1)


def title(text: str, subtitle: str, size: int = 14, offset: int = 6) -> alt.TitleParams:
    # The title of a panel begins where the panel does, whatever stands left of its axis.
    frame: Literal["group", "bounds"] = "group" if size == OF_PANEL else "bounds"
    return alt.TitleParams(text, subtitle=subtitle, anchor="start", fontSize=size, offset=offset, frame=frame)


def data(rows: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def ms(time: datetime) -> float:
    return time.timestamp() * 1_000


def first(labels: Sequence[str]) -> str:
    shown = labels[0] if len(labels[0]) <= 60 else labels[0][:59] + "…"
    return f"{shown}, +{len(labels) - 1}" if len(labels) > 1 else shown


def need(found: object, why: str) -> None:
    if not found:
        raise ValueError(f"nothing to draw: {why}")


def bin_of(seconds: float) -> tuple[float, float]:
    """The bin on a logarithmic scale."""
    place = math.floor(math.log10(seconds) * PER_DECADE + 1e-9)
    return float(f"{10 ** (place / PER_DECADE):.4g}"), float(f"{10 ** ((place + 1) / PER_DECADE):.4g}")


def bin_seconds(span: float) -> float:
    """A round width of which some `BINS` make up the span."""
    for exponent in range(-3, 7):
        for step in (1, 2, 5):
            if step * 10.0**exponent * BINS >= span:
                return step * 10.0**exponent
    return span / BINS


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "longest": 1.0}
    # The nearest rank: a value that was measured. A logarithmic scale begins at a microsecond.
    return {
        name: max(0.001, round(ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1_000, 6))
        for name, share in at.items()
    }
