"""HTML for notebooks: plain markup with inline style, readable on light and dark, nothing loaded from anywhere.

Captures hold what strangers sent: every text of a report passes `_text`, every value of a table `_wire`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from handshark._handshark import escaped

_MAX_FINDINGS = 20
_MAX_SERVICES = 10

# Colours that read on white and on black; all else is the notebook's own.
_COLOR = {"error": "#d64545", "warning": "#b7791f", "info": "#3b82c4"}
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = "padding:2px 10px 2px 0;text-align:left;vertical-align:top;white-space:nowrap"


def capture(verdict: str, report: dict[str, Any]) -> str:
    """The verdict, a card for each finding, the worst services, and what was not seen."""
    findings = report["findings"]
    parts = [f'<div style="font-size:1.15em;font-weight:600;margin:4px 0">{_text(verdict)}</div>']
    parts += [finding(one) for one in findings[:_MAX_FINDINGS]]
    if len(findings) > _MAX_FINDINGS:
        parts.append(f"<div>and {len(findings) - _MAX_FINDINGS} more findings</div>")
    unexplained = [
        f"{one['connections']} {one['outcome']}, {one['reached']}, {one['ended_by']}: {one['example']}"
        for one in report["unexplained"]
    ]
    parts.append(_folded("Failed, and no check explains why", unexplained))
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
        f'<div style="margin:4px 0">{_text(data["summary"])}</div>',
        "".join(f'<div style="margin:2px 0">&#8594; {_text(step)}</div>' for step in data["remedy"]),
        _folded("Services", [f"{_service(hit)}: {hit['affected']} of {hit['of']}" for hit in data["also_at"]]),
        _folded("Facts", [f"{key}: {value}" for key, value in data["facts"].items()]),
        _folded("Known limits that fit", [_candidate(one) for one in data["candidates"]]),
    ]
    for example in data["evidence"]:
        steps = [(s["packet"], f"{s['offset_s']:.6f}", s["from"], s["what"]) for s in example["ladder"]]
        title = f"Connection {example['connection']}: {example['client']} to {example['server']}, {example['filter']}"
        parts.append(_details(title, _rows(("packet", "seconds", "from", "what"), steps)))
    parts.append(_folded("Not visible", data["not_visible"]))
    body = "".join(parts)
    style = f"border:{_LINE};border-left:4px solid {color};border-radius:4px;padding:6px 10px;margin:6px 0"
    return f'<div style="{style}">{body}</div>'


def steps(rows: Iterable[Sequence[object]]) -> str:
    """The steps of a connection."""
    return _box(_rows(("packet", "seconds", "from", "what"), rows))


def table(columns: Sequence[str], rows: Sequence[dict[str, Any]], total: int) -> str:
    """The first rows of a table."""
    shown = [[row[name] for name in columns] for row in rows]
    note = f"{total} rows, {len(columns)} columns" + (f"; the first {len(rows)} are shown" if len(rows) < total else "")
    return _box(
        f'<div style="overflow-x:auto">{_rows(columns, shown, _wire)}</div><div style="opacity:.7">{note}</div>'
    )


def pairs(row: dict[str, Any]) -> str:
    """A row upright: names and values, without those that are absent."""
    return _box(_rows(("column", "value"), [(name, value) for name, value in row.items() if value is not None], _wire))


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
    address, name = service["address"], service.get("server_name")
    place = f"[{address}]:{service['port']}" if ":" in address else f"{address}:{service['port']}"
    return f"{place} ({name})" if name else place


def _candidate(one: dict[str, Any]) -> str:
    value = one["value_s"] if one["value_s"] is not None else one["value_count"]
    unit = " s" if one["value_s"] is not None else ""
    because = f"; {one['because']}" if one["because"] else ""
    return f"{one['component']} {one['setting']} = {value}{unit}{because}"


def _folded(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return _details(title, f'<ul style="margin:2px 0">{items}</ul>') if lines else ""


def _details(title: str, body: str) -> str:
    return f'<details style="margin:2px 0"><summary style="cursor:pointer">{_text(title)}</summary>{body}</details>'


def _box(body: str) -> str:
    return f'<div style="color:inherit;background:transparent;max-width:70em">{body}</div>'
