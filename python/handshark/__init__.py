"""handshark says why TCP and TLS connections fail, from a packet capture.

>>> import handshark as hs
>>> capture = hs.read("testdata/missing-sni-silent.pcapng")
>>> "missing-sni" in {finding.code for finding in capture.findings}
True
>>> capture.connections.to_polars()["server_port"].unique().to_list()
[443]

Strings in findings, steps and warnings are escaped and safe to print. Values in tables are as they were on the wire.
"""

import atexit

from handshark import _handshark
from handshark._capture import Capture
from handshark._errors import CaptureError, CaptureWarning, InternalError
from handshark._handshark import VERSION as __version__
from handshark._handshark import Table
from handshark._read import read

# What was read is then not freed piece by piece.
atexit.register(_handshark._ending)

# The rest is imported at its first use: what it needs of Python's library (dataclasses above all) takes longer to load
# than a small capture takes to read.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from handshark._compare import Comparison, FindingChange, Proof, Share, compare
    from handshark._connection import Alert, Connection, Step, Timeline
    from handshark._correlate import Correlation, Observation, Sighting, correlate
    from handshark._explain import codes, explain
    from handshark._finding import Evidence, Finding, Findings, Service, ServiceHit
    from handshark._follow import Follow, Symptom, follow
    from handshark._hello import ClientHello

_LATER = {
    "_compare": ("Comparison", "FindingChange", "Proof", "Share", "compare"),
    "_connection": ("Alert", "Connection", "Step", "Timeline"),
    "_correlate": ("Correlation", "Observation", "Sighting", "correlate"),
    "_explain": ("codes", "explain"),
    "_finding": ("Evidence", "Finding", "Findings", "Service", "ServiceHit"),
    "_follow": ("Follow", "Symptom", "follow"),
    "_hello": ("ClientHello",),
}

__all__ = [
    "Alert",
    "Capture",
    "CaptureError",
    "CaptureWarning",
    "ClientHello",
    "Comparison",
    "Connection",
    "Correlation",
    "Evidence",
    "Finding",
    "FindingChange",
    "Findings",
    "Follow",
    "InternalError",
    "Observation",
    "Proof",
    "Service",
    "ServiceHit",
    "Share",
    "Sighting",
    "Step",
    "Symptom",
    "Table",
    "Timeline",
    "__version__",
    "codes",
    "compare",
    "correlate",
    "explain",
    "follow",
    "read",
]


if not TYPE_CHECKING:  # to a type checker they would make every name a good one

    def __getattr__(name: str) -> object:
        for module, names in _LATER.items():
            if name in names:
                from importlib import import_module  # noqa: PLC0415

                found = getattr(import_module(f"handshark.{module}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
