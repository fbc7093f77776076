"""Charts of a capture, for those who would rather look: `Capture.plot`.

Figures are counted here, so a chart stays small however long the capture is. Nothing is judged: what is marked comes
from findings. Charts are altair's and can be changed as such; a notebook shows them without a network.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import altair as alt

from handshark import _chart, _handshark

if TYPE_CHECKING:
    from handshark._capture import Capture

Rows = list[dict[str, Any]]

_WIDTH = 720
_SERVICES = 6
_LANES = 300


class Plots:
    """The charts of one capture. Each returns an altair chart: save it with `chart.save("x.html", inline=True)`, or as
    `.png` and `.svg`; both need vl-convert-python, which `pip install handshark[plot]` brings.

    `service` is `"address:port"` or a server name (SNI), and leaves out all other connections. Where a capture has
    nothing to draw ValueError says why.

    >>> import handshark
    >>> capture = handshark.read("testdata/node-keepalive-race.pcap")
    >>> chart = capture.plot.idle_times(service="10.0.0.2:8080")
    >>> chart.to_dict()["title"]["text"]
    'Idle time before the close'
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def idle_times(self, service: str | None = None) -> alt.LayerChart:
        """How long connections were idle before the first FIN or RST, in seconds, by who closed them: how many of each.

        Known limits that findings name as candidates are marked with their names, and shaded where they are seen on the
        wire; grey ticks at the top are other known idle limits that fit times seen here, which need not be their cause.
        """
        rows = [
            (row["idle_before_close_s"], row["closed_by"])
            for row in self._rows(service, "idle_before_close_s", "closed_by")
            if row["idle_before_close_s"] is not None and row["closed_by"]
        ]
        _chart.need(rows, "no connection has an idle time before its close that can be seen")
        counts = Counter((_chart.bin_of(max(idle, 0.001)), side) for idle, side in rows)
        bars: Rows = []
        tallest = 0
        for low, high in sorted({place for place, _ in counts}):
            foot = 0
            for side in _chart.SIDES:
                if number := counts[(low, high), side]:
                    top = foot + number
                    bars.append(
                        {"from": low, "to": high, "foot": foot, "top": top, "closed by": side, "connections": number}
                    )
                    foot = top
            tallest = max(tallest, foot)
        low, high = min(bar["from"] for bar in bars), max(bar["to"] for bar in bars)
        marks, ticks = self._limits([idle for idle, _ in rows])
        ends = [mark["seconds"] for mark in marks]
        domain = [min([low, *ends]) / 1.5, max([high, *ends]) * 1.5]
        scale = alt.Scale(type="log", domain=domain, nice=False)
        # The names of limits stand above the bars.
        room = _chart.room(tallest * 260 / (260 - 15 * min(len(marks), 6) - 4))
        x = alt.X("from:Q", scale=scale, title="seconds idle (0.001 stands for less)", axis=alt.Axis(format="~g"))
        layers = [
            alt.Chart(_chart.data(bars))
            .mark_rect()
            .encode(
                x=x,
                x2="to:Q",
                y=alt.Y("foot:Q", title="connections", scale=room, axis=_chart.whole(tallest)),
                y2="top:Q",
                color=alt.Color("closed by:N", scale=_chart.scale(_chart.SIDES)),
                tooltip=["from:Q", "to:Q", "closed by:N", "connections:Q"],
            )
        ]
        if ticks:
            base = alt.Chart(_chart.data(ticks)).encode(x="seconds:Q", tooltip=["seconds:Q", "limits:N"])
            layers.append(base.mark_tick(orient="vertical", color="gray", height=8, yOffset=-4).encode(y=alt.value(0)))
        if marks:
            base = alt.Chart(_chart.data(marks)).encode(tooltip=["seconds:Q", "limits:N"])
            # What is seen on the wire of a limit, which may be later than the documented value.
            bands = base.mark_rect(color=_chart.MARK, opacity=0.08)
            layers.insert(0, bands.encode(x=alt.X("low:Q", scale=scale), x2="high:Q"))
            layers.append(base.mark_rule(color=_chart.MARK, strokeDash=[4, 3]).encode(x="seconds:Q"))
            middle = math.sqrt(domain[0] * domain[1])
            sides: tuple[tuple[Literal["left", "right"], int, str], ...]
            sides = (("left", 5, "datum.seconds < "), ("right", -5, "datum.seconds >= "))
            for side, dx, test in sides:
                text = base.transform_filter(f"{test}{middle}").mark_text(
                    color=_chart.MARK, align=side, baseline="top", dx=dx, fontSize=10
                )
                layers.append(text.encode(x="seconds:Q", y=alt.Y("place:Q", axis=None, scale=None), text="label:N"))
        return _chart.Layers(layer=layers).properties(
            title=_chart.title(
                "Idle time before the close", f"{_chart.count(len(rows), 'connection')}; {self._source(service)}"
            ),
            width=_WIDTH,
            height=260,
            padding=_chart.PADDING,
        )

    def lifetimes(self, service: str | None = None) -> alt.VConcatChart:
        """When each connection lived, one line each in the order of their beginnings, by service and coloured by
        outcome.

        The six worst services; where one has more than 300 connections, an even choice of them, which its title says.
        """
        groups: dict[str, Rows] = defaultdict(list)
        for row in self._rows(service, "connection", "start", "end", "outcome", "server_address", "server_port"):
            groups[_chart.place(row["server_address"], row["server_port"])].append(row)
        _chart.need(groups, "the capture has no connection")
        order = [
            _chart.place(a, p) for a, p in zip(*self._columns("services", "server_address", "server_port"), strict=True)
        ]
        shown = [name for name in order if name in groups][:_SERVICES]
        seen = {row["outcome"] for name in shown for row in groups[name]}
        color = alt.Color("outcome:N", scale=_chart.scale({k: v for k, v in _chart.OUTCOMES.items() if k in seen}))
        begin = min(row["start"] for name in shown for row in groups[name])
        end = max(row["end"] for name in shown for row in groups[name])
        # A dot where it begins keeps those visible that lived for an instant.
        span = _chart.ms(begin), max(_chart.ms(end), _chart.ms(begin) + 1)
        scale = alt.Scale(domain=list(span), type="utc", nice=False)
        x = alt.X("start:T", title=None, scale=scale, axis=_chart.clock(span))
        panels = []
        for name in shown:
            rows = sorted(groups[name], key=lambda row: (row["start"], row["connection"]))
            picked = [rows[k * len(rows) // _LANES] for k in range(_LANES)] if len(rows) > _LANES else rows
            some = f", {len(picked)} of them shown" if len(picked) < len(rows) else ""
            data = [
                {**row, "start": _chart.ms(row["start"]), "end": _chart.ms(row["end"]), "lane": lane}
                for lane, row in enumerate(picked)
            ]
            y = alt.Y("lane:O", axis=None, scale=alt.Scale(paddingInner=0.25))
            base = alt.Chart(_chart.data(data)).encode(
                x=x, y=y, color=color, tooltip=["connection:Q", "outcome:N", "start:T", "end:T"]
            )
            height = max(36, min(240, 7 * len(picked)))
            dots = base.mark_circle(size=max(6, min(28, 1500 / len(picked))), opacity=1)
            bars = base.mark_bar(height={"band": 0.75}).encode(x2="end:T")
            title = _chart.title(name, f"{_chart.count(len(rows), 'connection')}{some}", size=_chart.OF_PANEL)
            panels.append(alt.layer(bars, dots).properties(width=_WIDTH, height=height, title=title))
        left = len(groups) - len(shown)
        more = f"; {_chart.count(left, 'more service')} not shown" if left else ""
        chart: alt.VConcatChart = _chart.Column(vconcat=panels).resolve_scale(x="shared", color="shared")
        title = _chart.title("Lifetimes of connections (UTC)", f"{self._source(service)}{more}", offset=14)
        return chart.properties(title=title, padding=_chart.PADDING)

    def latency(self, service: str | None = None) -> alt.LayerChart:
        """How long connecting took, by service: SYN to ACK (`connect_s`), and the whole TLS handshake (`handshake_s`).

        Bars hold the middle half, lines run from the 5th to the 95th percentile, the tick is the median, the dot the
        longest. The scale is logarithmic, in milliseconds. Twelve services, the slowest first.
        """
        times: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in self._rows(service, "connect_s", "handshake_s", "server_address", "server_port"):
            place = _chart.place(row["server_address"], row["server_port"])
            for step, name in (("TCP connect", "connect_s"), ("TLS handshake", "handshake_s")):
                if row[name] is not None:
                    times[place, step].append(row[name])
        _chart.need(times, "no handshake can be measured: the capture shows no SYN with its answer")
        longest_of: dict[str, float] = {}
        for (place, _), seconds in times.items():
            longest_of[place] = max(longest_of.get(place, 0.0), *seconds)
        slowest = sorted(longest_of, key=lambda place: -longest_of[place])
        rows: Rows = [
            {
                "row": f"{place}  {step}",
                "step": step,
                "connections": len(times[place, step]),
                **_chart.quantiles(times[place, step]),
            }
            for place in slowest[:12]
            for step in _chart.STEPS
            if (place, step) in times
        ]
        low, high = min(row["p5"] for row in rows), max(row["longest"] for row in rows)
        scale = alt.Scale(type="log", domain=[low / 1.3, high * 1.3], nice=False)
        names = ("p5", "p25", "median", "p75", "p95", "longest")
        base = alt.Chart(_chart.data(rows)).encode(
            y=alt.Y("row:N", sort=[row["row"] for row in rows], title=None, axis=alt.Axis(labelLimit=320)),
            color=alt.Color("step:N", scale=_chart.scale(_chart.STEPS), legend=None),
            tooltip=["row:N", "connections:Q", *(f"{name}:Q" for name in names)],
        )
        p5, p25, median, _, _, longest = (
            alt.X(f"{name}:Q", scale=scale, title="milliseconds", axis=alt.Axis(format="~g")) for name in names
        )
        layers = [
            base.mark_rule(strokeWidth=1.5).encode(x=p5, x2="p95:Q"),
            base.mark_bar(opacity=0.45, height={"band": 0.6}).encode(x=p25, x2="p75:Q"),
            base.mark_tick(thickness=3, size=15).encode(x=median),
            base.mark_circle(size=45, opacity=1).encode(x=longest),
        ]
        left = len(slowest) - min(12, len(slowest))
        more = f"; {_chart.count(left, 'more service')} not shown" if left else ""
        subtitle = "bar: middle half, line: 5 % to 95 %, tick: median, dot: longest"
        return _chart.Layers(layer=layers).properties(
            title=_chart.title("Time to connect", f"{subtitle}; {self._source(service)}{more}"),
            width=_WIDTH - 140,
            height=alt.Step(22),
            padding=_chart.PADDING,
        )

    def dials(self, service: str | None = None) -> alt.VConcatChart:
        """How many connections were attempted at each time, and below how many SYNs had to be sent again or got no
        answer.

        A SYN that was sent again was answered late or not at all, or its answer was lost. Times are those of the first
        SYN.
        """
        rows = [
            row
            for row in self._rows(service, "syn_at", "syn_retries", "outcome", "close_kind", "syn_ack_packet")
            if row["syn_at"] is not None
        ]
        _chart.need(rows, "the capture shows no SYN: all connections began before it")
        begin = min(row["syn_at"] for row in rows)
        width = _chart.bin_seconds((max(row["syn_at"] for row in rows) - begin).total_seconds())
        attempts, again, unanswered = Counter[int](), Counter[int](), Counter[int]()
        for row in rows:
            slot = int((row["syn_at"] - begin).total_seconds() / width)
            attempts[slot] += 1
            again[slot] += row["syn_retries"]
            unanswered[slot] += row["outcome"] == "unanswered"
        kinds = {
            "attempts": ("#8fb4d9", 150, attempts),
            "SYNs sent again, at the time of the first": ("#d97706", 70, again),
            "attempts unanswered": ("#d62728", 70, unanswered),
        }
        span = _chart.ms(begin), _chart.ms(begin) + (max(attempts) + 1) * width * 1_000
        scale = alt.Scale(type="utc", domain=list(span), nice=False)
        panels = []
        for place, (what, (color, height, counts)) in enumerate(kinds.items()):
            data = [
                {
                    "at": span[0] + slot * width * 1_000,
                    "end": span[0] + (slot + 1) * width * 1_000,
                    "foot": 0,
                    "count": count,
                    "per second": count / width,
                }
                for slot, count in sorted(counts.items())
                if count
            ]
            axis = _chart.clock(span) if place == len(kinds) - 1 else None
            tallest = max(counts.values())
            y = alt.Y("foot:Q", title=f"in {width:g} s", scale=_chart.room(tallest), axis=_chart.whole(tallest))
            panels.append(
                alt.Chart(_chart.data(data))
                .mark_rect(color=color)
                .encode(
                    x=alt.X("at:T", title=None, scale=scale, axis=axis),
                    x2="end:T",
                    y=y,
                    y2="count:Q",
                    tooltip=["at:T", "count:Q", alt.Tooltip("per second:Q", format=".3~g")],
                )
                .properties(
                    width=_WIDTH,
                    height=height,
                    title=_chart.title(f"{sum(counts.values())} {what}", "", size=_chart.OF_PANEL),
                )
            )
        title = _chart.title("Attempts to connect (UTC)", self._source(service), offset=14)
        return _chart.Column(vconcat=panels, spacing=4).properties(title=title, padding=_chart.PADDING)

    def timeline(self, number: int) -> alt.LayerChart:
        """The ladder of one connection: its steps as arrows between client and server, evenly spaced, with packet
        numbers and seconds since its first packet. Red are the packets that a finding names as its evidence."""
        connection = self._capture.connection(number)
        proof = {
            packet
            for finding in self._capture.findings
            for example in finding.evidence
            if example.connection == number
            for packet in example.packets
        }
        steps = connection.timeline()
        rows = [
            {
                "step": place,
                "from": 0.0 if step.sender == "client" else 1.0,
                "to": 1.0 if step.sender == "client" else 0.0,
                "head": 0.993 if step.sender == "client" else 0.007,
                "angle": 90 if step.sender == "client" else 270,
                "what": step.what if len(step.what) <= 80 else step.what[:79] + "…",
                "time": f"{step.offset:.6f} s",
                "packet": f"{step.packet}",
                "left": 0.0,
                "middle": 0.5,
                "right": 1.0,
                "kind": "evidence" if step.packet in proof else "step",
            }
            for place, step in enumerate(steps)
        ]
        height = 34 * len(rows) + 20
        y = alt.Y("step:Q", axis=None, scale=alt.Scale(domain=[-0.6, len(rows) - 0.4], reverse=True, nice=False))
        scale = alt.Scale(domain=[-0.3, 1.15], nice=False)

        def x(field: str) -> alt.X:
            return alt.X(f"{field}:Q", axis=None, scale=scale)

        color = alt.Color("kind:N", scale=_chart.scale({"step": "#5b6b7b", "evidence": _chart.MARK}), legend=None)
        base = alt.Chart(_chart.data(rows)).encode(y=y, color=color, tooltip=["packet:N", "time:N", "what:N"])
        ends = alt.Chart(
            _chart.data(
                [
                    {"x": 0.0, "name": f"client {_chart.place(connection.client_address, connection.client_port)}"},
                    {"x": 1.0, "name": f"server {_chart.place(connection.server_address, connection.server_port)}"},
                ]
            )
        ).encode(x=x("x"))
        layers = [
            ends.mark_rule(color="#9aa5b1", strokeWidth=2),
            ends.mark_text(fontWeight="bold", baseline="bottom", dy=-6).encode(y=alt.value(0), text="name:N"),
            base.mark_rule(strokeWidth=1.8).encode(x=x("from"), x2="to:Q"),
            base.mark_point(shape="triangle", filled=True, size=90, opacity=1).encode(
                x=x("head"), angle=alt.Angle("angle:Q", scale=None)
            ),
            base.mark_text(dy=-8, fontSize=11).encode(x=x("middle"), text="what:N"),
            base.mark_text(align="right", dx=-10, fontSize=10).encode(x=x("left"), text="time:N"),
            base.mark_text(align="left", dx=10, fontSize=10).encode(x=x("right"), text="packet:N"),
        ]
        marked = ", red: evidence of a finding" if proof & {step.packet for step in steps} else ""
        name = f" ({_handshark.escaped(connection.server_name)})" if connection.server_name else ""
        title = alt.TitleParams(
            f"Connection {number}{name}: {connection.outcome}",
            subtitle=f"left: seconds since the first packet, right: packet numbers{marked}",
            anchor="start",
            offset=24,
        )
        chart: alt.LayerChart = _chart.Layers(layer=layers).configure_view(stroke=None)
        return chart.properties(title=title, width=_WIDTH - 120, height=height, padding=_chart.PADDING)

    def _rows(self, service: str | None, *names: str) -> Iterator[dict[str, Any]]:
        """These columns of the connections, those of one service where it is asked for."""
        keys = ("server_address", "server_port", "server_name")
        columns = self._columns("connections", *keys, *names)
        found = False
        for address, port, server_name, *values in zip(*columns, strict=True):
            if service is None or service in (server_name, _chart.place(address, port)):
                found = True
                yield dict(zip(names, values, strict=True))
        if service is not None and not found:
            raise ValueError(f"no connection to {service!r}; Capture.services has all services")

    def _columns(self, table: str, *names: str) -> list[list[Any]]:
        """Each column is taken once, though it may be named twice."""
        source: _handshark.Table = getattr(self._capture, table)
        known = {name: source.column(name) for name in dict.fromkeys(names)}
        return [known[name] for name in names]

    def _limits(self, idles: Sequence[float]) -> tuple[Rows, Rows]:
        """Limits that findings name, and others that fit."""
        named: dict[float, list[str]] = defaultdict(list)
        bands: dict[float, tuple[float, float]] = {}
        for finding in self._capture.findings:
            for candidate in finding.candidates:
                seconds, band = candidate["value_s"], candidate["observed_band_s"]
                label = f"{candidate['component']} {candidate['setting']}"
                if not seconds or not band or not any(band[0] <= idle <= band[1] for idle in idles):
                    continue
                if label not in named[seconds]:
                    named[seconds].append(label)
                low, high = bands.get(seconds, band)
                bands[seconds] = min(low, band[0]), max(high, band[1])
        others: dict[float, list[str]] = defaultdict(list)
        for component, setting, _, seconds, (low, high) in _handshark.idle_limits():
            label = f"{component} {setting}"
            if any(low <= idle <= high for idle in idles) and label not in named.get(seconds, []):
                others[seconds].append(label)
        marks = [
            {
                "seconds": seconds,
                "low": bands[seconds][0],
                "high": bands[seconds][1],
                "label": f"{seconds:g} s: {_chart.first(labels)}",
                "limits": "; ".join(labels),
                "place": 4 + 15 * (turn % 6),
            }
            for turn, (seconds, labels) in enumerate(sorted(named.items()))
        ]
        return marks, [{"seconds": seconds, "limits": "; ".join(labels)} for seconds, labels in sorted(others.items())]

    def _source(self, service: str | None) -> str:
        files = self._capture.info["files"]
        name = files[0].rsplit("/", 1)[-1] if len(files) == 1 else f"{len(files)} files"
        return f"{service}, {name}" if service else name
