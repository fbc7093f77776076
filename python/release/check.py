"""Looks at what is uploaded: names, size, metadata, licences, bill of materials. Ends with 1 and says what is wrong."""

from __future__ import annotations

import email
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 6_000_000
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def wheel(path: Path, *, released: bool = True) -> Iterator[str]:
    """What is wrong with a wheel. One that was built for tests may be large, and for this machine alone."""
    if "-cp310-abi3-" not in path.name:
        yield "it is not one wheel for Python 3.10 and later"
    if released and not re.search(r"manylinux2014_x86_64|manylinux2014_aarch64|macosx_", path.name):
        yield "it is not for every Linux since glibc 2.17"
    if released and path.stat().st_size > MOST_BYTES:
        yield f"it has {path.stat().st_size} bytes, more than {MOST_BYTES}"
    with zipfile.ZipFile(path) as files:
        names = files.namelist()
        info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        yield from _metadata(files.read(f"{info}/METADATA").decode())
        if "handshark=handshark._command:main" not in files.read(f"{info}/entry_points.txt").decode().replace(" ", ""):
            yield "the command does not come with it"
        for licence in ("LICENSE-MIT", "LICENSE-APACHE", "LICENSE-THIRD-PARTY"):
            if f"{info}/licenses/{licence}" not in names:
                yield f"{licence} is missing"
        boms = [name for name in names if name.startswith(f"{info}/sboms/")]
        if not boms:
            yield "the bill of materials is missing"
        for bom in boms:
            yield from _bill(json.loads(files.read(bom)))
        for name in (
            "__init__.py",
            "_handshark/__init__.pyi",
            "_handshark/table.pyi",
            "py.typed",
            "_handshark.abi3.so",
        ):
            if f"handshark/{name}" not in names:
                yield f"handshark/{name} is missing"
        for name in names:
            if not name.startswith(("handshark/", info)) or "__pycache__" in name:
                yield f"{name} does not belong there"


def sdist(path: Path) -> Iterator[str]:
    """What is wrong with a source distribution."""
    with tarfile.open(path) as files:
        names = {name.split("/", 1)[-1] for name in files.getnames()}
        metadata = next(
            member for member in files.getmembers() if member.name.count("/") == 1 and "PKG-INFO" in member.name
        )
        text = files.extractfile(metadata)
        yield from _metadata(text.read().decode() if text else "")
    needed = (
        "Cargo.lock",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "LICENSE-THIRD-PARTY",
        "pyproject.toml",
        "python/handshark/__init__.py",
    )
    needed += ("crates/core/data/timeouts.json", "crates/python/src/lib.rs", "README.md")
    for name in needed:
        if name not in names:
            yield f"{name} is missing"


def _metadata(text: str) -> Iterator[str]:
    metadata = email.message_from_string(text)
    classifiers = metadata.get_all("Classifier") or []
    for python in PYTHONS:
        if f"Programming Language :: Python :: {python}" not in classifiers:
            yield f"no classifier for Python {python}"
    if metadata["License-Expression"] != "MIT OR Apache-2.0":
        yield f"the licence is given as {metadata['License-Expression']!r}"
    if metadata["Requires-Python"] != ">=3.10":
        yield f"it asks for Python {metadata['Requires-Python']!r}"
    if metadata.get_all("Requires-Dist") and any(
        "extra ==" not in need for need in metadata.get_all("Requires-Dist") or []
    ):
        yield "it needs another package without being asked for an extra"
    if "plot" not in (metadata.get_all("Provides-Extra") or []):
        yield "the extra plot is missing"
    if "# handshark" not in text:
        yield "the README is not its description"


def _bill(bill: dict) -> Iterator[str]:  # type: ignore[type-arg]
    components = {component["name"]: component for component in bill["components"]}
    for crate in ("handshark", "pyo3", "arrow-array", "etherparse", "x509-parser"):
        if crate not in components:
            yield f"the bill of materials does not name {crate}"
    for name, component in components.items():
        if not component.get("licenses"):
            yield f"the bill of materials has no licence for {name}"


def main() -> int:
    """Looks at each file of the folder that is named."""
    paths = sorted(Path(sys.argv[1]).iterdir())
    wrong = 0
    for path in paths:
        faults = list(wheel(path) if path.suffix == ".whl" else sdist(path))
        wrong += len(faults)
        print(f"{path.name}: {path.stat().st_size} bytes, {'; '.join(faults) or 'as it should be'}")
    if {path.suffix for path in paths} != {".whl", ".gz"}:
        print("there must be a wheel and a source distribution", file=sys.stderr)
        return 1
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
