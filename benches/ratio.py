#!/usr/bin/env python3
"""CPU seconds of handshark against `tcpdump -r FILE -w /dev/null`, as ratios in one run.

usage: ratio.py [--pairs N] [--command 'target/release/handshark'] [--floor PROGRAM] [--write] FILE...

Both commands alternate, after one warm-up pair; each pair gives one ratio of user+sys, and the table shows the median,
the smallest and the largest of them. A FILE with a FILE.truth.jsonl beside it is first compared with it
(tests/conformance/workload.py): a run with a wrong answer has no time. `--floor target/release/examples/floor`
(`cargo build --release --example floor`) runs with them: what reading, decoding and a flow table cost, written by hand,
as a ratio to tcpdump too. `--write` writes benches/RESULTS.md. Standard library only; needs tcpdump.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import platform
import resource
import shlex
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def cpu_seconds(command: list[str]) -> tuple[float, int]:
    """User and system time of one run, and its peak memory in KiB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"failed: {shlex.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def alternate(runs: dict[str, list[str]], pairs: int) -> tuple[dict[str, list[float]], dict[str, int]]:
    """CPU seconds of each run of each command, after one that does not count, and the peak memory of each, in KiB."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    memory = dict.fromkeys(runs, 0)
    for pair in range(pairs + 1):
        # In turns: whoever comes second finds the file and the caches as the first one left them.
        for name in list(runs) if pair % 2 else reversed(runs):
            cost, peak = cpu_seconds(runs[name])
            if pair:
                seconds[name].append(max(cost, 1e-3))
                memory[name] = max(memory[name], peak)
    return seconds, memory


def ratios(seconds: dict[str, list[float]], name: str, base: str) -> list[float]:
    """What each run cost, as a ratio to the other one of its pair."""
    return [cost / least for cost, least in zip(seconds[name], seconds[base], strict=True)]


def place() -> str:
    """The commit and the machine."""
    commit = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(commit, capture_output=True, text=True, check=False, cwd=ROOT)
    return f"Commit {done.stdout.strip()}, {platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"


def publish(lines: list[str], name: str, *, write: bool) -> None:
    """Prints a table, and keeps it beside this script where it is to be kept."""
    text = "\n".join(lines) + "\n"
    print(text)
    if write:
        (ROOT / "benches" / name).write_text(text, encoding="utf-8")


def is_right(command: str, capture: pathlib.Path) -> bool:
    if not pathlib.Path(f"{capture}.truth.jsonl").exists():
        return True
    check = [sys.executable, ROOT / "tests/conformance/workload.py", capture, "--command", command]
    return subprocess.run(check, stdout=subprocess.DEVNULL, check=False).returncode == 0


def row(command: str, floor: str | None, capture: pathlib.Path, pairs: int) -> str:
    runs = {
        "ours": [*shlex.split(command), str(capture), "--format", "json"],
        "copy": ["tcpdump", "-r", str(capture), "-w", "/dev/null"],
    }
    by_hand = [*shlex.split(floor or "false"), str(capture)]
    # It reads pcap alone.
    if subprocess.run(by_hand, capture_output=True, check=False).returncode == 0:
        runs["floor"] = by_hand
    if not is_right(command, capture):
        return f"| {capture.name} | wrong answer | | | | | |"
    seconds, memory = alternate(runs, pairs)
    paired = ratios(seconds, "ours", "copy")
    beside = f"{statistics.median(ratios(seconds, 'floor', 'copy')):.2f}" if "floor" in runs else ""
    return (
        f"| {capture.name} | {capture.stat().st_size / 1e6:.0f} MB "
        f"| {statistics.median(paired):.2f} | {min(paired):.2f} to {max(paired):.2f} | {beside} "
        f"| {statistics.median(seconds['ours']):.2f} s | {memory['ours'] / 1024:.0f} MiB |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="+", type=pathlib.Path)
    parser.add_argument("--command", default="target/release/handshark")
    parser.add_argument("--floor")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lines = [
        "# Results",
        "",
        "CPU seconds (user and system) of the whole process against `tcpdump -r FILE -w /dev/null`, alternating in one",
        "run; median, smallest and largest of the ratios. The output was compared with the truth file before. The",
        "floor is crates/core/examples/floor.rs against the same: reading, decoding and a flow table by hand.",
        "",
        f"{place()}.",
        "Made by `benches/ratio.py --write FILE...` after `cargo build --release`.",
        "",
        "| workload | size | ratio | from, to | floor | CPU | peak memory |",
        "|---|---|---|---|---|---|---|",
        *(row(args.command, args.floor, capture, args.pairs) for capture in args.captures),
    ]
    publish(lines, "RESULTS.md", write=args.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
