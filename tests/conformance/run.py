#!/usr/bin/env python3
"""Checks against other programs and larger collections, where they are there; says so where they are not.

- tshark, where it is installed: connections, packets, bytes and SNI of every capture in testdata.
- The corpus beside the checkout (../shared/corpus), where it is: the score must not fall below the bounds here.

Standard library only.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BOUNDS = {"share": 95.0, "missing": 3.0, "extra": 3.0}


def build() -> pathlib.Path:
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "handshark-cli"], cwd=ROOT, check=True)
    return ROOT / "target/release/handshark"


def rows(command: pathlib.Path, capture: pathlib.Path) -> list[dict]:
    run = subprocess.run([command, "connections", capture, "--format", "jsonl"], capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def tshark_streams(capture: pathlib.Path) -> dict[int, dict]:
    """What tshark says of each tcp.stream: packets, first and last frame, SYNs, final completeness."""
    fields = ["tcp.stream", "frame.number", "tcp.flags.syn", "tcp.flags.ack", "tcp.completeness"]
    command = [
        "tshark",
        "-2",
        "-n",
        "-r",
        str(capture),
        "-Y",
        "tcp && !icmp && !icmpv6",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
    ]
    for field in fields:
        command += ["-e", field]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    streams: dict[int, dict] = {}
    for line in run.stdout.splitlines():
        stream, frame, syn, ack, completeness = (line.split("\t") + [""] * 5)[:5]
        one = streams.setdefault(int(stream), {"packets": 0, "first_packet": int(frame), "syn_count": 0})
        one["packets"] += 1
        one["last_packet"] = int(frame)
        one["syn_count"] += syn in ("1", "True") and ack in ("0", "False")
        one["completeness"] = int(completeness or 0)
    return streams


def against_tshark(command: pathlib.Path) -> list[str]:
    wrong = []
    for capture in sorted(x for x in (ROOT / "testdata").iterdir() if ".pcap" in x.name):
        truth = tshark_streams(capture)
        ours = {row["connection"]: row for row in rows(command, capture)}
        if set(truth) != set(ours):
            wrong.append(f"{capture.name}: streams {sorted(truth)} here {sorted(ours)}")
            continue
        for number, want in truth.items():
            row = ours[number]
            row["packets"] = row["client_packets"] + row["server_packets"]
            wrong += [
                f"{capture.name} stream {number}: {n} tshark {want[n]} here {row[n]}"
                for n in want
                if row[n] != want[n]
            ]
    return wrong


def is_refused(command: pathlib.Path, name: str) -> bool:
    """Whether the command says that this capture is of another format (the score cuts its words short)."""
    captures = SHARED / "corpus/captures"
    path = next(x for x in captures.rglob("*") if str(x.relative_to(captures)).replace("/", "__") == name)
    run = subprocess.run([command, path], capture_output=True, text=True, check=False)
    return run.returncode == 2 and "not a packet capture" in run.stderr


def against_corpus(command: pathlib.Path) -> list[str]:
    out = ROOT / "target/score.json"
    score = [sys.executable, SHARED / "tools/score.py", SHARED / "corpus", "--command", str(command), "--json", out]
    run = subprocess.run(score, cwd=ROOT, capture_output=True, text=True, check=True)
    print(run.stdout.strip().splitlines()[-1])
    result = json.loads(out.read_text())
    # A file of another format (snoop) is refused in one line with exit code 2: that is said, and is no difference.
    wrong = [f"{name}: {why}" for name, why in result["failed"] if not is_refused(command, name)]
    if result["share"] < BOUNDS["share"]:
        wrong.append(f"values {result['share']:.3f} % are below {BOUNDS['share']} %")
    for kind in ("missing", "extra"):
        share = 100 * result[kind] / result["streams"]
        if share >= BOUNDS[kind]:
            wrong.append(f"{kind} streams {share:.2f} % are not below {BOUNDS[kind]} %")
    return wrong


def main() -> int:
    command = build()
    wrong: list[str] = []
    if shutil.which("tshark"):
        wrong += against_tshark(command)
    else:
        print("left out: tshark is not installed")
    if (SHARED / "corpus").is_dir():
        wrong += against_corpus(command)
    else:
        print("left out: there is no corpus beside the checkout")
    for line in wrong[:40]:
        print(line)
    print(f"conformance: {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
