"""Writes the licences of all that is linked into the wheel to LICENSE-THIRD-PARTY: MIT and BSD ask for their text.

`python3 python/release/notices.py` writes it; with `--check` it says whether it is up to date. Each text stands there
once, below the crates that it is of.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTICES = ROOT / "LICENSE-THIRD-PARTY"
HEAD = "handshark is linked with these Rust crates. Each is used under the licence whose text follows its name.\n"
RULE = "\n" + "-" * 100 + "\n"


def linked() -> list[tuple[str, str, str, Path]]:
    """Name, version, licence and folder of every crate that the extension module is linked with."""
    command = [
        "cargo",
        "tree",
        "--locked",
        "-p",
        "handshark-python",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--target",
        "all",
    ]
    tree = subprocess.run([*command, "-f", "{p}"], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    wanted = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    metadata = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return sorted(
        (package["name"], package["version"], package["license"] or "", Path(package["manifest_path"]).parent)
        for package in json.loads(metadata)["packages"]
        if package["source"] and (package["name"], f"v{package['version']}") in wanted
    )


def text(folder: Path, licence: str) -> str:
    """The licence of a crate: MIT where there is a choice, since it is short."""
    files = sorted(
        path for path in folder.iterdir() if re.match(r"(?i)(licen[sc]e|copying|notice)", path.name) and path.is_file()
    )
    mit = [path for path in files if "mit" in path.name.lower()]
    chosen = mit if mit and "MIT" in licence else files
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").strip() for path in chosen)


def notices() -> str:
    """The whole file."""
    texts: dict[str, list[str]] = {}
    for name, version, licence, folder in linked():
        body = text(folder, licence) or f"The crate brings no text; its licence is {licence}."
        texts.setdefault(body, []).append(f"{name} {version} ({licence})")
    parts = [
        f"{RULE}{chr(10).join(names)}{RULE}\n{body}\n" for body, names in sorted(texts.items(), key=lambda one: one[1])
    ]
    return HEAD + "".join(parts)


def main() -> int:
    """Writes the file, or says whether it is as it should be."""
    if "--check" not in sys.argv:
        NOTICES.write_text(notices(), encoding="utf-8")
        return 0
    if NOTICES.read_text(encoding="utf-8") == notices():
        return 0
    print(f"{NOTICES.name} is out of date: python3 python/release/notices.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
