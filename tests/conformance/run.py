#!/usr/bin/env python3
"""Checks against other programs and larger collections, where they are there; says so where they are not.

- tshark, where it is installed: connections, packets, bytes and SNI of every capture in testdata.
- The corpus beside the checkout (../shared/corpus, or HANDSHARK_CORPUS), where it is: what tshark, Zeek and others say
  of each value. Each difference is listed in differences.md.
- The same corpus: every finding of severity error or warning is listed in alarms.md, with why it is right.
- The healthy captures of testdata: none at all.

Standard library only. `run.py COMMAND` checks a command that is built already.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import alarms
from corpus import Score, captures, connections
from differences import LISTED, against_list, listed
from peers import Peers

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("HANDSHARK_CORPUS", ROOT.parent / "shared/corpus"))


def command() -> pathlib.Path:
    """The command that is given, or one that is built now."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", type=pathlib.Path, metavar="COMMAND", help="a handshark that is built")
    if given := parser.parse_args().command:
        return given
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "handshark-cli"], cwd=ROOT, check=True)
    return ROOT / "target/release/handshark"


def rows(command: pathlib.Path, capture: pathlib.Path) -> list[dict]:
    every, failed = connections(command, capture)
    assert not failed, f"{capture}: {failed}"
    return every


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
                f"{capture.name} stream {number}: {n} tshark {want[n]} here {row[n]}" for n in want if row[n] != want[n]
            ]
    return wrong


def against_corpus(command: pathlib.Path) -> list[str]:
    """Nothing fails, and every difference is listed with its reason; none is listed that is not there."""
    score, peers, rows = Score(CORPUS), Peers(CORPUS), {}
    for name, capture in captures(CORPUS):
        rows[name], failed = connections(command, capture)
        score.add(name, rows[name], failed)
    peers.check(rows)
    print(score.summary(), peers.summary(), sep="\n")
    known = listed(LISTED.read_text())
    print(f"{len(known)} differences are intended")
    return score.failed + against_list(score.differences | peers.differences, known)


def main() -> int:
    handshark = command()
    wrong: list[str] = []
    wrong += alarms.on_healthy(handshark, ROOT / "testdata")
    if shutil.which("tshark"):
        wrong += against_tshark(handshark)
    else:
        print("left out: tshark is not installed")
    if CORPUS.is_dir():
        wrong += against_corpus(handshark)
        wrong += alarms.against_list(handshark, CORPUS)
    else:
        print("left out: there is no corpus beside the checkout")
    for line in wrong:
        print(line)
    print(f"conformance: {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
