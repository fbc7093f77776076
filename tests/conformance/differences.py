"""Intended differences: differences.md says which there are and why, and this holds it against those that are found.

A difference is a capture, a field and a stream. One that is found and not listed is wrong, and so is one that is listed
and not found: by then the list says something of the program that is not so.
"""

from __future__ import annotations

import pathlib
import re

LISTED = pathlib.Path(__file__).with_name("differences.md")

# A capture as score.py names it, a field, a stream.
Difference = tuple[str, str, int]


def listed(text: str) -> set[Difference]:
    """The rows of all tables: capture, field, streams."""
    found: set[Difference] = set()
    for line in text.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and re.fullmatch(r"[\d, -]+", cells[2]) and cells[2].strip("-"):
            found |= {(cells[0], cells[1], number) for number in numbers(cells[2])}
    return found


def numbers(text: str) -> list[int]:
    """`0-2, 5` is 0, 1, 2 and 5."""
    every: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        every += range(int(first), int(last or first) + 1)
    return every


def ranges(every: list[int]) -> str:
    """The other way round."""
    parts: list[list[int]] = []
    for number in sorted(every):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(str(end) for end in part) for part in parts)


def against_list(found: set[Difference], known: set[Difference]) -> list[str]:
    """What the list does not have, and what it has too much; a line for each capture and field."""
    wrong = []
    for these, others, why in ((found, known, "is not listed"), (known, found, "is listed and agrees by now")):
        rows: dict[tuple[str, str], list[int]] = {}
        for capture, field, stream in these - others:
            rows.setdefault((capture, field), []).append(stream)
        wrong += [f"| `{c}` | {f} | {ranges(s)} | {why}" for (c, f), s in sorted(rows.items())]
    return wrong
