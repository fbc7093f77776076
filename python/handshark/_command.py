"""The console script `handshark`: the same command as the native binary."""

from __future__ import annotations

import signal
import sys

from handshark import _handshark


def main() -> None:
    """Runs the command with the arguments of this process, and ends it with the command's exit code."""
    # Python would only note a Ctrl-C and tell nobody until the command returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_handshark.run(sys.argv))
