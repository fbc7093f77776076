"""Known advisories of the Python packages in this environment, from PyPI: the data that pip-audit asks for.

PyPI tells them of the newest version of a package; how many are older is said. These packages are what the tests run
with: handshark itself needs none, so that an advisory is told and stops nothing.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

OWN = "handshark"


def newest(name: str) -> dict[str, object] | None:
    """What PyPI says of a package; `None` where it can not be asked."""
    try:
        with urllib.request.urlopen(f"https://pypi.org/pypi/{name}/json", timeout=20) as answer:
            return json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError):
        return None


def main() -> int:
    installed = {found.name: found.version for found in importlib.metadata.distributions() if found.name != OWN}
    with ThreadPoolExecutor(8) as pool:
        told = dict(zip(installed, pool.map(newest, installed), strict=True))
    asked = {name: about for name, about in told.items() if about is not None}
    older = [name for name, about in asked.items() if about["info"]["version"] != installed[name]]
    looked_at = [name for name in asked if name not in older]
    for name in looked_at:
        if advisories := asked[name]["vulnerabilities"]:
            print(f"{name} {installed[name]}: {', '.join(one['id'] for one in advisories)}")
    silent = len(installed) - len(asked)
    print(f"{len(looked_at)} Python packages looked at, {len(older)} are older than PyPI tells of, {silent} not found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
