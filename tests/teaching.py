"""A class of three, as Canvas hands it out: one in time, one late, one whose zip is broken. Much is not begun, to be quick."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from grader.results import TO_DO
from grader.tasks import load_course
from tests.grading import solved, solved_notebook

__all__ = ["ANN", "BO", "CY", "NOT_BEGUN", "canvas_download", "zipped"]

ANN, BO, CY = "ann_101", "bo_102", "çelikcy_103"
NOTEBOOK = "02_echo_memory.ipynb"
WHEN = (2026, 10, 18, 12, 0, 0)
# what nobody has begun, and what one of them hasn't either
NOT_BEGUN = {"echo_batch": "2.1", "gradient_norms": "2.5", "clip_gradient_norm_": "2.6", "loss_surface": "2.7"}
BO_HAS_NOT_BEGUN = {"GRUCell": "2.3"}


def canvas_download(path: Path) -> Path:
    """The zip that Canvas makes of what the class handed in for notebook 2."""
    work = {
        "unrolled/starter/gated.py": module(NOT_BEGUN),
        f"unrolled/notebooks/{NOTEBOOK}": small_notebook("The cell state is added to."),
        "unrolled/receipt.json": json.dumps({"time": "2026-10-16T20:00:00+02:00"}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        zipped(
            {
                "ann_101_5001_work.zip": zipped(work),
                "bo_LATE_102_5002_gated.py": module(NOT_BEGUN | BO_HAS_NOT_BEGUN),
                "bo_LATE_102_5004_02_echo_memory-1.ipynb": small_notebook("Gradients vanish in RNNs."),
                "çelikcy_103_5003_work.zip": b"PK nonsense",
            }
        )
    )
    return path


def module(not_begun: dict[str, str]) -> str:
    """The module of notebook 2, solved but for these functions."""
    to_do = {symbol: f'raise NotImplementedError("Task {task}: {TO_DO}")' for symbol, task in not_begun.items()}
    return solved(load_course(), "gated", **to_do)


def zipped(files: dict[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, WHEN), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def small_notebook(answer: str) -> str:
    """Notebook 2 with what a grading needs: the import, its tasks' cells, the written answer."""
    notebook = solved_notebook("2")
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["task-2-10"]["source"] = answer
    imports = [cell for cell in notebook["cells"] if "from starter import" in "".join(cell["source"])][:1]
    notebook["cells"] = [*imports, cells["task-2-8"], cells["task-2-9"], cells["task-2-10"]]
    return json.dumps(notebook)
