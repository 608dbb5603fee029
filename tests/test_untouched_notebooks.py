"""The notebooks as students get them, executed from top to bottom: the release's gate."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

CELL_SECONDS = 120
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_notebook_runs_through_and_earns_nothing(name, course, tmp_path, monkeypatch):
    monkeypatch.delenv("UNROLLED_EXECUTION", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "data"))  # embedded data alone
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    (tmp_path / "starter").symlink_to(ROOT / "starter")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=resources).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "error" or output.get("name") == "stderr"]
    cards = [cell.outputs[0].data["text/plain"] for cell in notebook.cells if cell.source.startswith("check(")]
    asked = [task for task in course.graded if course.notebooks[task.notebook].name == name]
    assert len(cards) == len(asked)
    for card, task in zip(cards, asked, strict=True):
        assert card.startswith(f"○ {task.id} {task.title}: to do (0 of {task.points})")
    borrows = any("use(" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert any("stand-in" in output.get("text", "") for output in shown) == borrows
