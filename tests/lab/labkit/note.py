"""The note beside each capture: how it was made, what it shows, what must and must not be said of it.

Every statement about packets is a display filter with the packet numbers that tshark gave when the capture was made.
`again` asks tshark the same once more: it is what `tests/lab/verify` does.
"""

import dataclasses
import re
import textwrap

from . import tshark

_WIDTH = 118
_HEADING = "Checked with tshark (tests/lab/verify asks again)"
_LINE = re.compile(r"^  (\d+) packets?(?: \[([\d,.-]*)\])?  (\S.*)$")


@dataclasses.dataclass
class Check:
    """`expect` packets match `display_filter`: a number, or a (least, most) pair."""

    display_filter: str
    expect: int | tuple[int, int]
    means: str


def write(target, capture, *, title, made, how, shows, say, never, checks, ladders):
    """Writes the note; an expectation that does not hold stops the recording."""
    lines = [title, "=" * len(title), ""]
    lines += ["How it was made", *_wrap(how), ""]
    lines += [f"  {line}" for line in made] + [""]
    lines += ["What it shows", *_wrap(shows), ""]
    for caption, display_filter in ladders:
        lines += [f"  {caption}: {display_filter}"]
        lines += ["  " + line for line in tshark.ladder(capture, display_filter)] + [""]
    lines += ["Must be said", *_list(say), "", "Must not be said", *_list(never), ""]
    lines += [_HEADING]
    for check in checks:
        lines += _checked(capture, check)
    target.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def again(note, capture):
    """What no longer holds, as lines of text; and how many statements were asked."""
    _, _, tail = note.read_text(encoding="utf-8").partition(_HEADING)
    wrong, asked = [], 0
    for line in tail.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        asked += 1
        count, packets, display_filter = int(match[1]), match[2] or "", match[3]
        found = tshark.numbers(capture, display_filter)
        if len(found) != count or _short(found) != packets:
            wrong.append(f"{display_filter}: noted {count} [{packets}], found {len(found)} [{_short(found)}]")
    return wrong, asked


def _checked(capture, check):
    found = tshark.numbers(capture, check.display_filter)
    least, most = check.expect if isinstance(check.expect, tuple) else (check.expect, check.expect)
    if not least <= len(found) <= most:
        raise AssertionError(
            f"{capture.name}: {check.means}: expected {check.expect} packets, found {len(found)} "
            f"[{_short(found)}] for {check.display_filter}"
        )
    plural = "packet" if len(found) == 1 else "packets"
    packets = f" [{_short(found)}]" if found else ""
    return [f"  {len(found)} {plural}{packets}  {check.display_filter}", f"      {check.means}"]


def _short(found, limit=16):
    """`1-3,7,9`; after `limit` items two dots say that there are more."""
    runs = []
    for number in found:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    items = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ",".join(items[:limit]) + (",.." if len(items) > limit else "")


def _wrap(text):
    paragraphs = [" ".join(paragraph.split()) for paragraph in textwrap.dedent(text).strip().split("\n\n")]
    lines = []
    for paragraph in paragraphs:
        lines += textwrap.wrap(paragraph, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    return lines


def _list(items):
    lines = []
    for item in items:
        text = " ".join(item.split())
        lines += textwrap.wrap(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ")
    return lines or ["  - nothing"]
