"""HTML for notebooks: plain markup with inline style, readable on light and dark, nothing loaded from anywhere.

Captures hold what strangers sent: every text of a report passes `_text`, every value of a table `_wire`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from handshark._handshark import escaped

_MAX_FINDINGS = 20
_MAX_SERVICES = 10

_UNEXPLAINED = (
    "Failed, and no check explains why",
    "Reset, and the capture does not show whether anyone still waited",
)

# Colours that read on white and on black; all else is the notebook's own.
_COLOR = {"error": "#d64545", "warning": "#b7791f", "info": "#3b82c4"}
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = "padding:2px 10px 2px 0;text-align:left;vertical-align:top;white-space:nowrap"
_NUMBER = "padding:0 12px 0 0;text-align:right;vertical-align:bottom;font-variant-numeric:tabular-nums"
_LIFELINES = f"min-width:34em;padding:2px 0 4px 0;border-left:{_LINE};border-right:{_LINE}"


def capture(verdict: str, report: dict[str, Any]) -> str:
    """The verdict, a card for each finding, the worst services, and what was not seen."""
    findings = report["findings"]
    parts = [f'<div style="font-size:1.15em;font-weight:600;margin:4px 0">{_text(verdict)}</div>']
    parts += [finding(one) for one in findings[:_MAX_FINDINGS]]
    if len(findings) > _MAX_FINDINGS:
        parts.append(f"<div>and {len(findings) - _MAX_FINDINGS} more findings</div>")
    for undecided, title in enumerate(_UNEXPLAINED):
        unexplained = [
            f"{one['connections']} {one['outcome']}, {one['reached']}, {one['ended_by']}: {one['example']}"
            for one in report["unexplained"]
            if one["undecided"] == undecided
        ]
        parts.append(_folded(title, unexplained))
    parts.append(_services(report["services"]))
    not_assessed = [
        f"{one['code']}: {one['reason']} ({one['connections']} connections)" for one in report["not_assessed"]
    ]
    parts.append(_folded("Not assessed", not_assessed))
    parts.append(_folded("The capture", [odd["note"] for odd in report["capture"]["quality"]]))
    return _box("".join(parts))


def finding(data: dict[str, Any]) -> str:
    """One card."""
    color = _COLOR.get(data["severity"], "gray")
    chip = (
        f'<span style="background:{color};color:#fff;border-radius:3px;padding:0 6px">{_text(data["severity"])}</span>'
    )
    count = f"{data['affected']} of {data['of']}, confidence {data['confidence']}"
    parts = [
        f"{chip} <b>{_text(data['code'])}</b> {_text(_service(data['service']))} "
        f'<span style="opacity:.7">{_text(count)}</span>',
        f'<div style="margin:4px 0">{_prose(data["summary"])}</div>',
        "".join(f'<div style="margin:2px 0">&#8594; {_prose(step)}</div>' for step in data["remedy"]),
        _folded("Services", [f"{_service(hit)}: {hit['affected']} of {hit['of']}" for hit in data["also_at"]]),
        _folded("Facts", [f"{key}: {value}" for key, value in data["facts"].items()]),
        _folded("Known limits that fit", [_candidate(one) for one in data["candidates"]]),
    ]
    for place, example in enumerate(data["evidence"]):
        proof = example["packets"]
        ladder = [
            (step["packet"], step["offset_s"], step["from"], step["what"], step["packet"] in proof)
            for step in example["ladder"]
        ]
        title = f"Connection {example['connection']}: {example['client']} to {example['server']}, {example['filter']}"
        parts.append(_details(title, _ladder(ladder), is_open=place == 0))
    parts.append(_folded("Not visible", data["not_visible"]))
    body = "".join(parts)
    style = f"border:{_LINE};border-left:4px solid {color};border-radius:4px;padding:6px 10px;margin:6px 0"
    return f'<div style="{style}">{body}</div>'


def findings(data: Sequence[dict[str, Any]]) -> str:
    """The cards of several."""
    more = f"<div>and {len(data) - _MAX_FINDINGS} more findings</div>" if len(data) > _MAX_FINDINGS else ""
    return _box("".join(map(finding, data[:_MAX_FINDINGS])) + more if data else "<div>no findings</div>")


def connection(row: dict[str, Any], ladder: Sequence[Step]) -> str:
    """Who, what became of it, its steps, and all columns folded."""
    name = f" ({escaped(row['server_name'])})" if row["server_name"] else ""
    title = (
        f"Connection {row['connection']}: {_place(row['client_address'], row['client_port'])} to "
        f"{_place(row['server_address'], row['server_port'])}{name}"
    )
    head = f'<div style="margin:4px 0"><b>{_text(title)}</b>, {_text(row["outcome"])}</div>'
    return _box(head + (_ladder(ladder) if ladder else "") + _details("All columns", _pairs(row)))


def comparison(data: dict[str, Any], whole: str) -> str:
    """What became of each finding, and the whole text folded."""
    parts = []
    for name in ("a", "b"):
        side = data[name]
        files = ", ".join(side["files"]) or "bytes in memory"
        counts = f"{files}: {side['connections']} connections, {side['failed']} of them failed"
        parts.append(f"<div><b>{name.upper()}</b> {_text(counts)}</div>")
    heads = ("change", "finding", "service", "A", "B", "where to look, or why nothing is claimed")
    rows = [
        (
            one["change"],
            one["code"],
            (one["service"] or "") + (f" ({one['server_name']})" if one["server_name"] else ""),
            *(f"{one[side]['count']} of {one[side]['of']}" if one[side]["of"] else "none" for side in ("a", "b")),
            "; ".join([one["why"]] if one["why"] else _proofs(one)),
        )
        for one in data["findings"]
    ]
    parts.append(_rows(heads, rows) if rows else "<div>neither capture has a finding</div>")
    parts.append(_details("All of it", f'<pre style="white-space:pre-wrap">{_text(whole)}</pre>'))
    return _box("".join(parts))


def correlation(data: dict[str, Any], whole: str) -> str:
    """Each point, what happened between which of them, and the whole text folded."""
    parts = []
    for point in data["points"]:
        files = ", ".join(point["files"]) or "bytes in memory"
        parts.append(f"<div><b>{_text(point['name'])}</b> {_text(files)}: {point['connections']} connections</div>")
    heads = ("severity", "connections", "what happened", "where to look")
    rows = [
        (one["severity"], f"{one['connections']} of {one['of']}", one["summary"], "; ".join(_sightings(one)))
        for one in data["observations"]
    ]
    parts.append(_rows(heads, rows) if rows else "<div>nothing was lost or made between the points</div>")
    parts.append(_details("All of it", f'<pre style="white-space:pre-wrap">{_text(whole)}</pre>'))
    return _box("".join(parts))


def _sightings(observation: dict[str, Any]) -> list[str]:
    return [
        f"{one['point']}: connection {one['connection']}, packet {one['packet'] or one['last_packet']}"
        for proof in observation["evidence"][:1]
        for one in proof["sightings"]
        if one["connection"] is not None
    ]


def _proofs(change: dict[str, Any]) -> list[str]:
    return [
        f"{side.upper()}: connection {proof['connection']}, packets {', '.join(map(str, proof['packets']))}"
        for side in ("a", "b")
        for proof in change[f"evidence_{side}"][:1]
    ]


Step: TypeAlias = tuple[int, float, str, str, bool]
"""Packet, seconds since the first packet, sender, what it was, and whether it proves a finding."""


def steps(rows: Iterable[Step]) -> str:
    """The steps of a connection."""
    return _box(_ladder(rows))


def _ladder(rows: Iterable[Step]) -> str:
    """Arrows between the client on the left and the server on the right."""
    shown = []
    for packet, offset, sender, what, proves in rows:
        color = _COLOR["error"] if proves else "rgba(128,128,128,.9)"
        left, right = ("", "&#9654;") if sender == "client" else ("&#9664;", "")
        weight = "600" if proves else "400"
        label = f'<div style="text-align:center;font-weight:{weight};padding:0 8px">{_text(what)}</div>'
        shaft = (
            f'<div style="display:flex;align-items:center;color:{color};line-height:.8;font-size:.8em">{left}'
            f'<div style="flex:1;border-top:2px solid {color}"></div>{right}</div>'
        )
        number = f"<b>{packet}</b>" if proves else str(packet)
        shown.append(
            f'<tr><td style="{_NUMBER}">{number}</td><td style="{_NUMBER}">{offset:.6f}</td>'
            f'<td style="{_LIFELINES}">{label}{shaft}</td></tr>'
        )
    head = (
        f'<tr><th style="{_NUMBER}">packet</th><th style="{_NUMBER}">seconds</th><th style="{_LIFELINES}">'
        '<div style="display:flex;justify-content:space-between"><span>client</span><span>server</span></div></th></tr>'
    )
    return f'<table style="border-collapse:collapse;font-size:.9em">{head}{"".join(shown)}</table>'


def table(columns: Sequence[str], rows: Sequence[dict[str, Any]], total: int) -> str:
    """The first rows of a table."""
    shown = [[row[name] for name in columns] for row in rows]
    note = f"{total} rows, {len(columns)} columns" + (f"; the first {len(rows)} are shown" if len(rows) < total else "")
    return _box(
        f'<div style="overflow-x:auto">{_rows(columns, shown, _wire)}</div><div style="opacity:.7">{note}</div>'
    )


def pairs(row: dict[str, Any]) -> str:
    """A row upright: names and values, without those that are absent."""
    return _box(_pairs(row))


def _pairs(row: dict[str, Any]) -> str:
    return _rows(("column", "value"), [(name, value) for name, value in row.items() if value is not None], _wire)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            shown = value.isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
        case list() | tuple():
            shown = ", ".join(str(one) for one in value)
        case _:
            shown = str(value)
    return html.escape(shown)


def _prose(text: str) -> str:
    """Text in which backticks enclose what is typed: settings and commands."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"<code>{_text(part)}</code>" if place % 2 else _text(part) for place, part in enumerate(parts))


def _wire(value: object) -> str:
    """A value of a table: as it was on the wire, so control characters are spelled out first."""
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return _text(escaped(value) if isinstance(value, str) else value)


def _rows(heads: Sequence[str], rows: Iterable[Sequence[object]], cell: Callable[[object], str] = _text) -> str:
    head = "".join(f'<th style="{_CELL}">{_text(name)}</th>' for name in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell(value)}</td>' for value in row) + "</tr>" for row in rows
    )
    return f'<table style="border-collapse:collapse;font-size:.9em"><tr>{head}</tr>{body}</table>'


def _services(services: Sequence[dict[str, Any]]) -> str:
    if not services:
        return ""
    rows = [
        (
            _service(one),
            ", ".join(one["server_names"]),
            one["connections"],
            ", ".join(f"{count} {outcome}" for outcome, count in one["by_outcome"].items()),
            ", ".join(one["findings"]),
        )
        for one in services[:_MAX_SERVICES]
    ]
    more = f"<div>and {len(services) - _MAX_SERVICES} more</div>" if len(services) > _MAX_SERVICES else ""
    heads = ("service", "server names", "connections", "outcomes", "findings")
    return _details(f"Services ({len(services)})", _rows(heads, rows) + more)


def _service(service: dict[str, Any] | None) -> str:
    if service is None:
        return ""
    place, name = _place(service["address"], service["port"]), service.get("server_name")
    return f"{place} ({name})" if name else place


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _candidate(one: dict[str, Any]) -> str:
    value = one["value_s"] if one["value_s"] is not None else one["value_count"]
    unit = " s" if one["value_s"] is not None else ""
    because = f"; {one['because']}" if one["because"] else ""
    return f"{one['component']} {one['setting']} = {value}{unit}{because}"


def _folded(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{_prose(line)}</li>" for line in lines)
    return _details(title, f'<ul style="margin:2px 0">{items}</ul>') if lines else ""


def _details(title: str, body: str, is_open: bool = False) -> str:
    state = " open" if is_open else ""
    return (
        f'<details{state} style="margin:2px 0"><summary style="cursor:pointer">{_text(title)}</summary>{body}</details>'
    )


def _box(body: str) -> str:
    return f'<div style="color:inherit;background:transparent;max-width:70em">{body}</div>'
