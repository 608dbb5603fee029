"""A class of three, as an LMS hands it out: one complete, one late with a mistake, one whose zip is broken."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from grader.tasks import load_course
from tests.grading import solved, solved_notebook

__all__ = ["ADA", "BROKEN", "GRACE", "canvas_download"]

ADA, GRACE, BROKEN = "lovelaceada_101", "hoppergrace_102", "nätjörg_103"
ANSWER = "Each state waits for the one before; a linear recurrence would not, and would only add up."
NOTEBOOK = "01_sine_wave_rnn.ipynb"


def canvas_download(path: Path) -> Path:
    """The zip that Canvas makes of what the class handed in for notebook 1."""
    course = load_course()
    with zipfile.ZipFile(path.parent / "work.zip", "w") as work:
        work.writestr("unrolled/starter/rnn.py", solved(course))
        work.writestr(f"unrolled/notebooks/{NOTEBOOK}", small_notebook(ANSWER))
        work.writestr("unrolled/receipt.json", json.dumps({"time": "2026-10-16T20:00:00+02:00"}))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.parent / "work.zip", "lovelaceada_101_5001_work.zip")
        archive.writestr("hoppergrace_LATE_102_5002_rnn.py", solved(course, make_windows="return series"))
        archive.writestr("hoppergrace_LATE_102_5004_01_sine_wave_rnn-1.ipynb", small_notebook("Because it is a sequence."))
        archive.writestr("nätjörg_103_5003_work.zip", b"PK nonsense")
    (path.parent / "work.zip").unlink()
    return path


def small_notebook(answer: str) -> str:
    """Notebook 1 with what a grading needs: the import, the training step, the written answer."""
    notebook = solved_notebook()
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["task-1-9"]["source"] = answer
    imports = [cell for cell in notebook["cells"] if "from starter import" in "".join(cell["source"])][:1]
    notebook["cells"] = [*imports, cells["task-1-6"], cells["task-1-9"]]
    return json.dumps(notebook)
