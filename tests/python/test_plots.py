"""Charts: every one of every capture becomes a picture, without a network, and tells the figures of the tables."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import pytest
import vl_convert
from conftest import TESTDATA
from handmade import attempts, connection

import handshark

RACE = TESTDATA / "node-keepalive-race.pcap"
CHARTS: list[Callable[[handshark.Capture], Any]] = [
    lambda capture: capture.plot.idle_times(),
    lambda capture: capture.plot.lifetimes(),
    lambda capture: capture.plot.latency(),
    lambda capture: capture.plot.dials(),
    lambda capture: capture.plot.timeline(0),
]


def values(chart: Any) -> list[dict[str, Any]]:
    """All rows that a chart holds, of every layer."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("*.pcap*")), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::handshark.CaptureWarning")
def test_every_chart_of_every_capture_can_be_drawn(path: Path) -> None:
    capture = handshark.read(path)
    drawn = 0
    for draw in CHARTS:
        try:
            chart = draw(capture)
        except ValueError as error:
            assert "nothing to draw" in str(error)
            continue
        svg = vl_convert.vegalite_to_svg(chart.to_json())
        assert svg.startswith("<svg")
        assert "NaN" not in svg
        drawn += 1
    assert drawn >= 2


def test_charts_tell_the_figures_of_the_tables() -> None:
    capture = handshark.read(RACE)
    rows = capture.connections.to_dicts()
    idle = [row for row in rows if row["idle_before_close_s"] is not None]
    bars = [row for row in values(capture.plot.idle_times()) if "closed by" in row]
    assert sum(bar["connections"] for bar in bars) == len(idle) > 0
    for side in ("client", "server"):
        told = sum(bar["connections"] for bar in bars if bar["closed by"] == side)
        assert told == sum(row["closed_by"] == side for row in idle)
    for row in idle:
        assert any(
            bar["from"] <= row["idle_before_close_s"] * 1.001 and row["idle_before_close_s"] <= bar["to"] * 1.001
            for bar in bars
        )
    assert {row["connection"] for row in values(capture.plot.lifetimes())} == {row["connection"] for row in rows}
    dropped = handshark.read(TESTDATA / "syn-dropped.pcap")
    counts = sum(row["count"] for row in values(dropped.plot.dials()))
    unanswered = dropped.connections.column("outcome").count("unanswered")
    assert unanswered > 0
    assert counts == len(dropped) + sum(dropped.connections.column("syn_retries")) + unanswered


def test_limits_come_from_findings() -> None:
    capture = handshark.read(RACE)
    labels = " ".join(row["label"] for row in values(capture.plot.idle_times()) if "label" in row)
    assert "5 s: Node.js http.Server server.keepAliveTimeout" in labels
    quiet = handshark.read(RACE, only="syn-unanswered")
    assert not [row for row in values(quiet.plot.idle_times()) if "label" in row]


def test_the_ladder_marks_the_evidence() -> None:
    capture = handshark.read(RACE)
    example = next(one for one in capture.findings if one.code == "stale-reuse").evidence[0]
    rows = [row for row in values(capture.plot.timeline(example.connection)) if "packet" in row]
    assert [row["what"] for row in rows] == [step.what for step in example.ladder]
    marked = {int(row["packet"]) for row in rows if row["kind"] == "evidence"}
    assert set(example.packets) & {int(row["packet"]) for row in rows} <= marked


def test_one_service_alone() -> None:
    capture = handshark.read([TESTDATA / "missing-sni-silent.pcapng", RACE])
    assert {row["connection"] for row in values(capture.plot.lifetimes("10.0.0.2:8080"))} < set(range(len(capture)))
    assert values(capture.plot.latency("api.example"))
    with pytest.raises(ValueError, match=r"no connection to '10\.9\.9\.9:1'"):
        capture.plot.dials("10.9.9.9:1")


def test_a_chart_stays_small() -> None:
    capture = handshark.read(attempts(20_000))
    for draw in CHARTS[1:]:
        try:
            assert len(draw(capture).to_json()) < 200_000
        except ValueError as error:
            assert "nothing to draw" in str(error)


def test_nothing_to_draw_says_why() -> None:
    capture = handshark.read(connection(b"", packets=0))
    for draw in CHARTS[:4]:
        with pytest.raises(ValueError, match="nothing to draw: "):
            draw(capture)


def shown(chart: Any) -> dict[str, Any]:
    """What a notebook is given."""
    bundle = chart._repr_mimebundle_()
    data: dict[str, Any] = bundle[0] if isinstance(bundle, tuple) else bundle
    return data


def test_a_notebook_needs_no_network() -> None:
    for chart in (handshark.read(RACE).plot.idle_times(), handshark.read(RACE).plot.dials()):
        page = shown(chart)["text/html"]
        assert not re.search(r"<script[^>]*src=|<link|@import|import\(.https", page)
        assert len(page) > 100_000
        changed = chart.properties(title="mine")
        assert isinstance(changed, type(chart))
    alt.renderers.enable("mimetype")
    try:
        assert any("vegalite" in kind for kind in shown(chart))
    finally:
        alt.renderers.enable("default")


def test_without_altair_the_rest_works() -> None:
    code = (
        "import sys; sys.modules['altair'] = None\n"
        "import handshark\n"
        f"capture = handshark.read({str(RACE)!r})\n"
        "try:\n    capture.plot\nexcept ImportError as error:\n    print(len(capture), error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert said == "14 plots need altair: pip install 'handshark[plot]'\n"
