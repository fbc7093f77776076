#!/usr/bin/env python3
"""CPU seconds of a Python process that does `handshark.read(FILE)` against the command, as ratios in one run.

usage: read.py [--pairs N] [--python target/venv/bin/python] [--command target/release/handshark] [--write] FILE...

Both alternate, after one warm-up pair; each pair gives one ratio of user+sys, and the table shows the median, the
smallest and the largest of them. The interpreter's start and end (`python -c pass`) are in it, and left out in a second
column. Instructions are counted where valgrind is: other work on the machine does not disturb them. The report as JSON,
which the command writes, and tables are made in Python when they are asked for; a third run asks for the report. The
wheel in PYTHON must be of the same commit and profile as the command. `--write` writes benches/RESULTS-PYTHON.md.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

from ratio import alternate, place, publish, ratios

READ = "import handshark; capture = handshark.read({capture!r})"
WHOLE = READ + "; report = capture.to_dict()"


def instructions(command: list[str]) -> int | None:
    """Instructions of one run outside the kernel."""
    if shutil.which("valgrind") is None:
        return None
    counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(counted, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if found else None


def row(python: str, command: str, capture: pathlib.Path, pairs: int) -> str:
    def script(text: str) -> list[str]:
        return [python, "-W", "ignore", "-c", text.format(capture=str(capture))]

    runs = {
        "command": [command, str(capture), "--format", "json"],
        "read": script(READ),
        "whole": script(WHOLE),
        "nothing": script("pass"),
    }
    seconds, memory = alternate(runs, pairs)
    paired = ratios(seconds, "read", "command")
    started = [cost - start for cost, start in zip(seconds["read"], seconds["nothing"], strict=True)]
    without = [cost / least for cost, least in zip(started, seconds["command"], strict=True)]
    whole = ratios(seconds, "whole", "command")
    counts = [instructions(runs[name]) for name in ("read", "command")]
    counted = f"{counts[0] / counts[1]:.2f}" if counts[0] and counts[1] else "not counted"
    return (
        f"| {capture.name} | {capture.stat().st_size / 1e6:.0f} MB "
        f"| {statistics.median(paired):.2f} | {min(paired):.2f} to {max(paired):.2f} "
        f"| {statistics.median(without):.2f} | {counted} | {statistics.median(whole):.2f} "
        f"| {statistics.median(seconds['read']):.2f} s "
        f"| {memory['read'] / 1024:.0f}, {memory['command'] / 1024:.0f} MiB |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="+", type=pathlib.Path)
    parser.add_argument("--python", default="target/venv/bin/python")
    parser.add_argument("--command", default="target/release/handshark")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    version = subprocess.run([args.python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        "# `handshark.read` and the command",
        "",
        f"CPU seconds (user and system) of whole processes, alternating in one run of {args.pairs} pairs; median,",
        "smallest and largest of the ratios. Without start: less what `python -c pass` takes. With the report:",
        "`to_dict()` as well, which is what the command writes.",
        "",
        f"{place()}, {version}.",
        "Made by `benches/read.py --write FILE...` after `cargo build --release` and `maturin develop --release`.",
        "",
        "| workload | size | ratio | from, to | without start | instructions | with the report | CPU | peak memory |",
        "|---|---|---|---|---|---|---|---|---|",
        *(row(args.python, args.command, capture, args.pairs) for capture in args.captures),
    ]
    publish(lines, "RESULTS-PYTHON.md", write=args.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
