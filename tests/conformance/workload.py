#!/usr/bin/env python3
"""Compares `handshark connections` with the truth file of a generated workload.

usage: workload.py CAPTURE [TRUTH] [--command 'target/release/handshark'] [--show N]

TRUTH (default: CAPTURE.truth.jsonl) has one JSON object per connection, as the workload generator writes it: endpoints,
time of the SYN, server name, who closed, what the end was, idle time before the close. Every connection must be found
once, and every value must be equal. Exits with 1 where they are not. Standard library only.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import shlex
import subprocess
import sys


def nanoseconds(text: str | None) -> int | None:
    """RFC 3339 with nine digits to nanoseconds since the epoch."""
    if text is None:
        return None
    whole, fraction = text.rstrip("Z").split(".")
    seconds = int(datetime.datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction)


def endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def end_of(row: dict) -> str:
    """The truth's name for how our row ended."""
    fins = sum(row[f"{side}_fin_packet"] is not None for side in ("client", "server"))
    reset = row["reset_packet"] is not None
    if row["outcome"] == "refused":
        return "refused"
    if row["outcome"] == "unanswered":
        return "syn_timeout"
    if fins and reset:
        return "fin_rst"
    if reset:
        return "rst"
    return "fin" if fins == 2 else "open"


def ours(row: dict) -> dict:
    idle = row["idle_before_close_s"] if row["idle_source"] == "payload" else None
    return {
        "sni": row["server_name"],
        "end": end_of(row),
        "closed_by": row["closed_by"],
        "idle_before_close_ns": None if idle is None else round(idle * 1e9),
        "synack_ts": nanoseconds(row["syn_ack_at"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture")
    parser.add_argument("truth", nargs="?")
    parser.add_argument("--command", default="target/release/handshark")
    parser.add_argument("--show", type=int, default=3)
    args = parser.parse_args()

    truth: dict[tuple, dict] = {}
    with open(args.truth or f"{args.capture}.truth.jsonl", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            truth[one["client"], one["server"], one["syn_ts"]] = one

    command = [*shlex.split(args.command), "connections", args.capture, "--format", "jsonl"]
    wrong: collections.Counter[str] = collections.Counter()
    examples: dict[str, list] = collections.defaultdict(list)
    extra = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        for line in run.stdout:
            row = json.loads(line)
            client = endpoint(row["client_address"], row["client_port"])
            server = endpoint(row["server_address"], row["server_port"])
            one = truth.pop((client, server, nanoseconds(row["syn_at"])), None)
            if one is None:
                extra += 1
                examples["(extra)"].append((client, server, row["start"]))
                continue
            for field, value in ours(row).items():
                expected = one[field]
                if field == "closed_by" and one["end"] == "syn_timeout":
                    expected = None
                if value != expected:
                    wrong[field] += 1
                    examples[field].append((row["connection"], f"truth {expected!r}", f"ours {value!r}", one["end"]))
    for one in truth.values():
        examples["(missing)"].append((one["client"], one["server"], one["end"]))
    for field, rows in sorted(examples.items()):
        print(f"-- {field}: {len(rows)}")
        for row in rows[: args.show]:
            print("  ", *row)
    print(f"missing {len(truth)}, extra {extra}, wrong values {sum(wrong.values())} {dict(wrong)}")
    return 1 if truth or extra or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
