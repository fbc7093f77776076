"""The extension module, in the order of `crates/python/src/lib.rs`. Beside this there is a stub for each of its files
that shows something to Python, under the same name.

They are parts of the description, not of the module: at run time there is `handshark._handshark` alone.
"""

from typing import Final

from .analysis import Analysis as Analysis
from .analysis import analyse as analyse
from .analysis import compared as compared
from .command import run as run
from .correlation import correlated as correlated
from .explain import escaped as escaped
from .explain import idle_limits as idle_limits
from .explain import pages as pages
from .follow import Follower as Follower
from .table import Rows as Rows
from .table import Table as Table

VERSION: Final[str]

def _panic() -> None:
    """Panics, so that a test can see what comes of it."""

def _ending() -> None:
    """The interpreter begins to end: what was read need not be freed."""
