"""A bug of ours is an exception that handlers catch: PyO3's PanicException is none, and would end a service."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import ROOT

import handshark

PLAIN = {
    "__len__",  # a sum
    "__iter__",  # a beginning
    "columns",  # names that are there
    "quality",  # a copy
    "_panic",  # guarded itself
    "_ending",  # a flag
    "to_polars",  # Python does the work
    "to_arrow",
    "to_pandas",
    "to_parquet",
}
"""What Python can call and does no work of ours."""

WITHIN = r"\bguarded\(|\.columns\(py\)|self\.told\.\w+\(py\)"
"""The work is guarded here, or by the two that make forms when they are first asked for: Store and Told."""


def test_a_panic_is_an_exception() -> None:
    """Also in a wheel that is released: whether panics can be caught at all is a setting of its profile."""
    panic: Any = handshark._handshark._panic
    with pytest.raises(handshark.InternalError, match="asked for by a test") as caught:
        panic()
    assert isinstance(caught.value, Exception)


def test_all_that_python_can_call_is_guarded() -> None:
    """Read in the sources, since no capture is known that makes one panic."""
    entries: dict[tuple[str, str], str] = {}
    for file in (ROOT / "crates" / "python" / "src").glob("*.rs"):
        text = file.read_text(encoding="utf-8")
        bodies = re.findall(r"^#\[pyfunction\]\n(.*?^}$)", text, re.MULTILINE | re.DOTALL)
        for methods in re.findall(r"^#\[pymethods\]\n(.*?)^}$", text, re.MULTILINE | re.DOTALL):
            bodies += re.findall(r"^    fn .*?^    }$", methods, re.MULTILINE | re.DOTALL)
        entries |= {(file.stem, re.search(r"fn (\w+)", body)[1]): body for body in bodies}  # type: ignore[index]
    assert len(entries) > 40
    for (file_name, name), body in entries.items():
        assert re.search(WITHIN, body) or name in PLAIN, f"{name} in {file_name}.rs is not guarded"
