"""Installs what is uploaded into fresh environments, does there what the README shows, and runs the Python tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
PANIC = """
import handshark
try:
    handshark._handshark._panic()
except Exception as error:
    print(type(error).__name__)
"""


def interpreter(version: str) -> str | None:
    """A Python of this version: on the path, or one of pyenv's."""
    found = [path for path in [shutil.which(f"python{version}")] if path]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += [str(path) for path in sorted(root.glob(f"versions/{version}.*/bin/python"))]
    for path in found:
        told = subprocess.run(
            [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode == 0 and told.stdout.strip() == version:
            return path
    return None


def attempt(python: str, version: str, source: Path, environment: dict[str, str]) -> None:
    """A fresh environment with `source`: the README's Python example, the command, and its exit codes."""
    folder = ROOT / "target" / "tried" / version
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    inside = str(folder / "bin" / "python")
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(source), "polars"], check=True, env=os.environ | environment)
    said = subprocess.run([inside, "-c", PANIC], check=True, capture_output=True, text=True)
    assert said.stdout == "InternalError\n", said.stdout
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    said = subprocess.run([inside, "-c", example], check=True, capture_output=True, text=True, cwd=ROOT)
    assert "error stale-reuse 4 of 9" in said.stdout, said.stdout
    command = str(folder / "bin" / "handshark")
    for arguments, code in [
        (["--version"], 0),
        (["testdata/all-well.pcap"], 0),
        (["testdata/connection-refused.pcap", "--fail-on", "error"], 1),
        (["nowhere.pcap"], 2),
    ]:
        done = subprocess.run([command, *arguments], capture_output=True, check=False, cwd=ROOT)
        assert done.returncode == code, (arguments, done)


def tests(version: str) -> None:
    """The Python tests, in the environment that `attempt` left."""
    inside = str(ROOT / "target" / "tried" / version / "bin" / "python")
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(ROOT / "tests" / "python" / "requirements.txt")], check=True)
    subprocess.run([inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python"], check=True, cwd=ROOT)


def main() -> int:
    """Tries the wheel of the folder that is named; with --from-source the source distribution as well, with --tests all
    Python tests in each of the environments."""
    folder = Path(sys.argv[1])
    (wheel,) = folder.glob("*.whl")
    tried = 0
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            print(f"Python {version}: is not here, not tried")
            continue
        attempt(python, version, wheel, {})
        tried += 1
        print(f"Python {version}: the README's example and the command do as they should")
        if "--tests" in sys.argv:
            tests(version)
        if tried == 1 and "--from-source" in sys.argv:
            (source,) = folder.glob("*.tar.gz")
            # Optimising takes minutes and changes nothing that is looked at here.
            attempt(python, version, source, {"MATURIN_PEP517_ARGS": "--profile dev"})
            print(f"Python {version}: builds from the source distribution alone")
    return 0 if tried else 1


if __name__ == "__main__":
    sys.exit(main())
