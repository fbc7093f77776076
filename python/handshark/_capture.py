"""What one reading brought: findings first, then columns."""

from __future__ import annotations

from handshark._errors import CaptureWarning
from handshark._handshark import Analysis, Table

# Whoever reads many captures and takes their tables does not wait for what makes findings and pages: that is imported
# where it is used. `from typing import TYPE_CHECKING` would be the largest of all.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from handshark._connection import Connection
    from handshark._finding import Findings
    from handshark._plots import Plots

_LINES_SHOWN = 12


class Capture:
    """Everything that was read out of a capture. `handshark.read` makes it; it holds no open file.

    Threads may share it; it can be pickled, so a pool of processes may read captures and hand them back. Columns of
    connections, hellos and certificates are made when one of these tables, a connection or a plot is first asked for,
    which takes some 30 microseconds for each connection.

    >>> import handshark
    >>> capture = handshark.read("testdata/all-well.pcap")
    >>> capture.info["tcp_packets"]
    194
    >>> capture.connection(0).client_port
    42001
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._known: dict[str, Any] | None = None
        self._findings: Findings | None = None
        self._warnings: list[CaptureWarning] | None = None

    @property
    def _report(self) -> dict[str, Any]:
        if self._known is None:
            self._known = self.to_dict()
        return self._known

    def _part(self, name: str) -> Any:
        from copy import deepcopy

        return deepcopy(self._report[name])

    @property
    def findings(self) -> Findings:
        """What was found, the largest harm first. Empty does not mean healthy: see `not_assessed` as well."""
        if self._findings is None:
            from handshark._finding import Finding, Findings

            self._findings = Findings(Finding.from_dict(finding) for finding in self._report["findings"])
        return self._findings

    @property
    def findings_table(self) -> Table:
        """The findings as rows, for data frames."""
        return self._analysis.findings

    @property
    def connections(self) -> Table:
        """One row for each connection or attempt, in the order in which they ended. `about` tells what columns mean."""
        return self._analysis.connections

    @property
    def hellos(self) -> Table:
        """One row for each TLS ClientHello."""
        return self._analysis.hellos

    @property
    def certificates(self) -> Table:
        """One row for each certificate in clear, of servers and clients. TLS 1.3 encrypts them: it has no rows here."""
        return self._analysis.certificates

    @property
    def services(self) -> Table:
        """One row for each server address and port, and how many of its connections had which outcome; the worst first.

        Then how times and numbers are spread: `connect`, `handshake`, `idle_before_close`, `age` (seconds),
        `exchanges` and `attempts_per_second`, each as `p50`, `p90` and `p99`, within 1.6 %.

        >>> import handshark
        >>> services = handshark.read("testdata/connection-refused.pcap").services
        >>> services.column("server_port"), services.column("refused")
        ([9000, 9000, 8080, 8080], [5, 4, 0, 0])
        """
        return self._analysis.services

    @property
    def unexplained(self) -> list[dict[str, Any]]:
        """Connections that failed though no finding says why, by kind, the most frequent first.

        Keys: `outcome`, `reached` and `ended_by` (how far, and by what), `undecided` (a RST ended them, and the capture
        does not show whether anyone still waited: they may not have failed), `connections` (how many), `example` (a
        sentence on the first of them), `evidence` (as in a finding).
        """
        unexplained: list[dict[str, Any]] = self._part("unexplained")
        return unexplained

    @property
    def totals(self) -> dict[str, Any]:
        """How many connections there are, how many of them failed, and how many had which outcome.

        >>> import handshark
        >>> totals = handshark.read("testdata/connection-refused.pcap").totals
        >>> totals["connections"], totals["failed"], totals["by_outcome"]
        (11, 9, {'established': 2, 'refused': 9})
        """
        totals: dict[str, Any] = self._part("totals")
        return totals

    @property
    def not_assessed(self) -> list[dict[str, Any]]:
        """Checks that could not be made, why, and what capture would allow them."""
        not_assessed: list[dict[str, Any]] = self._part("not_assessed")
        return not_assessed

    @property
    def info(self) -> dict[str, Any]:
        """What was read: files, packets, times, link types, and what is odd about it."""
        info: dict[str, Any] = self._part("capture")
        return info

    @property
    def warnings(self) -> list[CaptureWarning]:
        """What is odd about the capture and may weaken its findings. Each was also given to Python's `warnings`."""
        if self._warnings is None:
            self._warnings = [CaptureWarning(note, code, count) for code, count, note in self._analysis.quality]
        return self._warnings

    def connection(self, number: int) -> Connection:
        """The connection with this number, which is Wireshark's `tcp.stream`.

        >>> import handshark
        >>> capture = handshark.read("testdata/connection-refused.pcap")
        >>> [step.what for step in capture.connection(0).timeline()]
        ['SYN', 'RST (closed-port)']
        """
        row = self._analysis.connection(number) if number >= 0 else None
        if row is None:
            raise LookupError(f"no connection {number}: the capture has {len(self)}, from 0")
        from handshark._connection import Connection, Found

        return Connection(row, Found(self._analysis))

    @property
    def plot(self) -> Plots:
        """Charts: `idle_times`, `lifetimes`, `latency`, `dials`, `timeline`. Needs altair: `pip install
        handshark[plot]`."""
        try:
            from handshark._plots import Plots
        except ImportError as error:
            raise ImportError("plots need altair: pip install 'handshark[plot]'") from error
        return Plots(self)

    def to_dict(self) -> dict[str, Any]:
        """The report as `handshark --format json` writes it, schema `handshark.report/1`."""
        import json

        report: dict[str, Any] = json.loads(self._analysis.report)
        return report

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._analysis)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        """The whole report, as the command shows it."""
        return self._analysis.text.rstrip("\n")

    def __repr__(self) -> str:
        lines = str(self).split("\n")
        more = len(lines) - _LINES_SHOWN
        return "\n".join([*lines[:_LINES_SHOWN], f"... {more} more lines: print it"] if more > 1 else lines)

    def _repr_html_(self) -> str:
        from handshark import _html

        # The verdict is the first paragraph; the last of its lines counts what follows.
        verdict = str(self).split("\n\n", 1)[0].replace("\n", " ")
        return _html.capture(verdict, self._report)

    def __reduce__(self) -> tuple[Any, ...]:
        return Capture, (self._analysis,)
