#!/usr/bin/env python3
"""Every capture of the corpus, cut at 20 places: the result is that of the packets before the cut, with one warning.

`cuts.py COMMAND`. The packets before a cut are those of the same file ended at the last record boundary before it. Of a
compressed or damaged file the boundaries can not be told from outside: there it is enough that it is read, and that no
more than one warning tells of a cut.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator

from corpus import captures

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("HANDSHARK_CORPUS", ROOT.parent / "shared/corpus"))
PLACES = 20
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")


def boundaries(data: bytes) -> Iterator[int]:
    """Where records end, from the file header on, as long as they make sense."""
    if data[:4] == b"\n\r\r\n":
        yield from blocks(data)
    elif data[:8] == b"snoop\0\0\0":
        yield from records(data, ">", 16, 24, lambda words: words[2])
    else:
        order = "<" if data[:1] != b"\xa1" else ">"
        head = 24 if b"\xcd\x34" in (data[2:4], data[1::-1]) else 16
        yield from records(data, order, 24, head, lambda words: head + words[2])


def records(data: bytes, order: str, at: int, head: int, length: Callable[[tuple[int, ...]], int]) -> Iterator[int]:
    """Ends of records of fixed headers, whose first words tell the length."""
    while at <= len(data):
        yield at
        words = data[at : at + 16]
        if len(words) < 16 or length(struct.unpack(order + "4I", words)) < head:
            return
        at += length(struct.unpack(order + "4I", words))


def blocks(data: bytes) -> Iterator[int]:
    """Ends of pcapng blocks."""
    at, order = 0, "<"
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\n\r\r\n":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        (length,) = struct.unpack(order + "I", data[at + 4 : at + 8])
        at += (length + 3) // 4 * 4
        if length < 12 or at > len(data):
            return
        yield at


def report(command: str, data: bytes) -> tuple[int, dict]:
    """Exit code and report of a capture on standard input."""
    run = subprocess.run([command, "-", "--format", "json"], input=data, capture_output=True, check=False)
    return run.returncode, json.loads(run.stdout) if run.stdout else {"error": run.stderr.decode()}


def without_quality(told: dict) -> tuple[dict, list]:
    """The report, and apart what it says of the file."""
    quality = told.get("capture", {}).pop("quality", [])
    return told, [note["code"] for note in quality]


def check(command: str, name: str, path: pathlib.Path) -> tuple[int, list[str]]:
    """How many cuts were made, and what was wrong."""
    data = path.read_bytes()
    wrong, cuts = [], sorted({len(data) * n // (PLACES + 1) for n in range(1, PLACES + 1)} - {0})
    code, whole = report(command, data)
    damaged = code == 2 or "damaged" in without_quality(whole)[1]
    ends = [] if data.startswith(PACKED) or damaged else list(boundaries(data))
    for cut in cuts:
        code, told = report(command, data[:cut])
        told, codes = without_quality(told)
        if code not in (0, 1, 2):
            wrong.append(f"{name} cut at {cut}: exit code {code}")
        before = [end for end in ends if end <= cut]
        if not before:
            # Within the file header, compressed or damaged: an error in one line, or what could be read with a warning.
            if codes.count("cut-short") > 1 or (data.startswith(PACKED) and code != 2 and "cut-short" not in codes):
                wrong.append(f"{name} cut at {cut}: warnings {codes}")
            continue
        at_end, without = report(command, data[: before[-1]])
        without, earlier = without_quality(without)
        if (at_end, without) != (code, told):
            wrong.append(f"{name} cut at {cut}: not what the {before[-1]} bytes before it say")
        added = list(codes)
        for one in earlier:
            if one in added:
                added.remove(one)
        if added != ([] if before[-1] == cut else ["cut-short"]):
            wrong.append(f"{name} cut at {cut}: warnings {codes}, at {before[-1]}: {earlier}")
    return len(cuts), wrong


def main() -> int:
    """All captures, on all processors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", metavar="COMMAND", help="a handshark that is built already")
    command, total, wrong = parser.parse_args().command, 0, []
    if not CORPUS.is_dir():
        print("left out: there is no corpus beside the checkout")
        return 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, command, name, path) for name, path in captures(CORPUS)]
        for job in jobs:
            cuts, found = job.result()
            total += cuts
            wrong += found
    for line in wrong:
        print(line)
    print(f"cuts: {total}, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
