"""What the peers' own test suites expect of the corpus: Zeek's conn_state and history, and fingerprints.

Zeek ends connections by timers, and some of its tests filter packets: such a record is of other packets than ours, and
says nothing of the definition. It is told by the packet counts, counted, and not compared.
"""

from __future__ import annotations

import collections
import ipaddress
import json
import pathlib

from differences import Difference

# Fingerprints by the names that the peers give them.
FINGERPRINTS = {
    "ja3": "ja3",
    "ja3c": "ja3",
    "tls.ja3": "ja3",
    "tls.ja3.hash": "ja3",
    "ja3s": "ja3s",
    "tls.ja3s": "ja3s",
    "tls.ja3s.hash": "ja3s",
    "ja4": "ja4",
    "ja4.1": "ja4",
    "tls.ja4": "ja4",
    "tls.ja4.full": "ja4",
}


def end(address: str, port: str | int) -> tuple[str, int]:
    """An endpoint, however its address is written."""
    return str(ipaddress.ip_address(address)), int(port)


def ends(row: dict) -> set[tuple[str, int]]:
    """Both endpoints of a row."""
    return {end(row["client_address"], row["client_port"]), end(row["server_address"], row["server_port"])}


class Peers:
    """What agrees and what does not."""

    def __init__(self, corpus: pathlib.Path) -> None:
        self.expected = [json.loads(line) for line in (corpus / "peers.jsonl").read_text().splitlines()]
        self.compared: collections.Counter[str] = collections.Counter()
        self.other_packets = 0
        self.differences: set[Difference] = set()

    def check(self, rows: dict[str, list[dict]]) -> None:
        """Against the connections of every capture, by its name."""
        nth: collections.Counter[tuple] = collections.Counter()
        for one in self.expected:
            captures = [name for name in one["corpus_captures"] if name in rows]
            if one["kind"] == "conn.log" and one["values"]["proto"] == "tcp" and len(captures) == 1:
                self.zeek(one, captures[0], rows[captures[0]], nth)
            for capture in captures:
                self.fingerprints(one, capture, rows[capture])

    def zeek(self, one: dict, capture: str, rows: list[dict], nth: collections.Counter[tuple]) -> None:
        """A line of conn.log; those of one tuple follow each other as our connections do."""
        values = one["values"]
        both = {end(one["orig"], one["orig_p"]), end(one["resp"], one["resp_p"])}
        ours = [row for row in rows if ends(row) == both]
        key = (one["source"], capture, frozenset(both))
        row = ours[nth[key]] if nth[key] < len(ours) else None
        nth[key] += 1
        packets = values["orig_pkts"], values["resp_pkts"]
        counted = all(count.isdigit() for count in packets)
        if row is None or (counted and sum(map(int, packets)) != row["client_packets"] + row["server_packets"]):
            self.other_packets += 1
            return
        for field in ("conn_state", "history"):
            self.note(f"zeek {field}", capture, row["connection"], row[field] == values[field])

    def fingerprints(self, one: dict, capture: str, rows: list[dict]) -> None:
        """Fingerprints of a session, among those of its connections; where the peer names no ends, of all."""
        for name, value in flat(one["values"]):
            field = FINGERPRINTS.get(name.lower())
            if not field or not value:
                continue
            ours = rows
            if one.get("orig") and one.get("orig_p"):
                ours = [row for row in rows if end(one["orig"], one["orig_p"]) in ends(row)] or rows
            number = ours[0]["connection"] if ours else 0
            for wanted in value if isinstance(value, list) else [value]:
                agrees = any(row[field] == wanted for row in ours)
                self.note(f"{one['peer']} {field}", capture, number, agrees)

    def note(self, field: str, capture: str, stream: int, agrees: bool) -> None:
        """One value that was compared."""
        self.compared[field] += 1
        if not agrees:
            self.differences.add((capture, field, stream))

    def summary(self) -> str:
        """A line for all fields."""
        wrong = collections.Counter(field for _, field, _ in self.differences)
        fields = ", ".join(f"{f} {n - wrong[f]} of {n}" for f, n in sorted(self.compared.items()))
        return f"peers: {fields}; {self.other_packets} records of Zeek are of other packets"


def flat(values: dict, before: str = "") -> list[tuple[str, object]]:
    """Nested objects as dotted names."""
    every: list[tuple[str, object]] = []
    for name, value in values.items():
        every += flat(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return every
