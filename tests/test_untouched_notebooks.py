"""The notebooks as students get them, executed from top to bottom: the release's gate."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

CELL_SECONDS = 120
# Trainings take a part of their steps: here they only have to run. The reference's notebooks are executed as they are.
SHORTER = {
    "01_sine_wave_rnn": (r"steps=(\d+)0\b", r"steps=\g<1>"),
    "02_echo_memory": (r"steps=(\d+)0\b", r"steps=\g<1>"),
    "03_imdb_sentiment": (r"\btrain\(lstm, (.*) RECIPE,", r"train(lstm, \1 type(RECIPE)(epochs=1),"),
    "04_shakespeare_generation": (r"\btrain\(lstm, ids, LIVE,", "train(lstm, ids, type(LIVE)(epochs=1),"),
    "05_seq2seq_attention": (r"\b12([01])\b", r"1\1"),
}
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def shorten(notebook, long: str, short: str) -> None:
    """Put `short` in the place of what `long` matches in code cells; one of them at least must have it."""
    before = [cell.source for cell in notebook.cells]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(long, short, cell.source)
    assert [cell.source for cell in notebook.cells] != before, f"nothing matches {long}"


@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_notebook_runs_through_and_earns_nothing(name, course, tmp_path, monkeypatch):
    monkeypatch.delenv("UNROLLED_EXECUTION", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "data"))  # embedded data alone
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    shorten(notebook, *SHORTER[name])
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
