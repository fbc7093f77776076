"""The notebooks run from their first cell to their last, and are kept without outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

FOLDER = ROOT / "python" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# What the reader must have seen at the end: the cause by its code, and a packet that proves it.
SEEN = {
    "1-request-limit": ("request-limit-close", "stale-reuse", "what it wrote was lost"),
    "2-missing-server-name": ("missing-sni", "absent", "server_name"),
    "3-idle-resets": ("stale-reuse", "tcp-timestamps", "keepAliveTimeout"),
    "4-connection-tracking": ("syn-unanswered", "state-loss-drop", "state-loss-reset", "connection-churn"),
}


def test_there_is_one_for_each_incident() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(SEEN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None and not cell["metadata"] for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = "\n".join(_texts(output) for cell in code for output in cell.outputs)
    for what in SEEN[path.stem]:
        assert what in shown, what
    # The last expression of a cell is what the reader looks at; a cell without output would show nothing.
    assert [cell.source for cell in code if not cell.outputs] == []
    assert "src=" not in shown and "https://cdn" not in shown, "something would be loaded from elsewhere"


def _texts(output: Any) -> str:
    if output.output_type == "stream":
        assert output.name == "stdout", output.text
        return str(output.text)
    # The library that draws charts stands in the output as a whole: its own text is not what is looked at.
    texts = {kind: text for kind, text in output.data.items() if len(text) < 500_000}
    return "\n".join(str(text) for text in texts.values())
