"""handshark says why TCP and TLS connections fail, from a packet capture.

>>> import handshark as hs
>>> capture = hs.read("testdata/missing-sni-silent.pcapng")
>>> "missing-sni" in {finding.code for finding in capture.findings}
True
>>> capture.connections.to_polars()["server_port"].unique().to_list()
[443]

Strings in findings, steps and warnings are escaped and safe to print. Values in tables are as they were on the wire.
"""

from handshark._capture import Capture
from handshark._compare import Comparison, FindingChange, Proof, Share, compare
from handshark._connection import Alert, Connection, Step, Timeline
from handshark._errors import CaptureError, CaptureWarning, InternalError
from handshark._explain import codes, explain
from handshark._finding import Evidence, Finding, Findings, Service, ServiceHit
from handshark._follow import Follow, Symptom, follow
from handshark._handshark import VERSION as __version__
from handshark._handshark import Table
from handshark._hello import ClientHello
from handshark._read import read

__all__ = [
    "Alert",
    "Capture",
    "CaptureError",
    "CaptureWarning",
    "ClientHello",
    "Comparison",
    "Connection",
    "Evidence",
    "Finding",
    "FindingChange",
    "Findings",
    "Follow",
    "InternalError",
    "Proof",
    "Service",
    "ServiceHit",
    "Share",
    "Step",
    "Symptom",
    "Table",
    "Timeline",
    "__version__",
    "codes",
    "compare",
    "explain",
    "follow",
    "read",
]
