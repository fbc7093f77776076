"""What a wheel holds. Size and platform are looked at where one is released: `python/release/wheels`."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

WHEELS = sorted((ROOT / "target" / "wheels").glob("*.whl"))


@pytest.fixture
def check() -> ModuleType:
    """The check of the release, which is a script."""
    spec = importlib.util.spec_from_file_location("check", ROOT / "python" / "release" / "check.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not WHEELS, reason="./test builds a wheel; here is none")
def test_the_wheel_is_complete(check: ModuleType) -> None:
    assert list(check.wheel(WHEELS[-1], released=False)) == []


@pytest.mark.skipif(not WHEELS, reason="./test builds a wheel; here is none")
def test_what_is_missing_is_noticed(check: ModuleType, tmp_path: Path) -> None:
    poor = tmp_path / WHEELS[-1].name
    with zipfile.ZipFile(WHEELS[-1]) as whole, zipfile.ZipFile(poor, "w") as part:
        for name in whole.namelist():
            if not any(word in name for word in ("LICENSE-MIT", "sboms", "py.typed")):
                part.writestr(name, whole.read(name))
        part.writestr("tests/leftover.py", "")
    assert list(check.wheel(poor, released=False)) == [
        "LICENSE-MIT is missing",
        "the bill of materials is missing",
        "handshark/py.typed is missing",
        "tests/leftover.py does not belong there",
    ]


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo knows what is linked")
def test_the_licences_of_what_is_linked_are_up_to_date() -> None:
    script = ROOT / "python" / "release" / "notices.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
