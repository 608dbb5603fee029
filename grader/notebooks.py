"""What is read of a student's notebook: the cells that are run for a grade, with names for their lines, and what outputs keep."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection

from grader.predictions import MIME

__all__ = ["EXPERIMENT", "NotebookError", "bundles_of", "given_in", "parse", "runnable_cells"]

MAX_CELLS = 2_000
MAX_CODE = 2**20  # characters, as a module may have
MAX_OUTPUTS = 100  # of a cell, in which a prediction is looked for
EXPERIMENT = "experiment"
# a line that begins a definition or an assignment, with the name that it gives
GIVES = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


class NotebookError(ValueError):
    """A file that is not a notebook of the course's format."""


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook: type, id, grade id, tags, source, kept predictions; NotebookError for anything else."""
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError, MemoryError) as problem:
        raise NotebookError(f"it can't be read as a notebook ({type(problem).__name__}: {problem})") from problem
    cells = [_cell(place, cell) for place, cell in enumerate(_cells_of(notebook), start=1)]
    if sum(len(cell["source"]) for cell in cells if cell["type"] == "code") > MAX_CODE:
        raise NotebookError(f"its code has more than {MAX_CODE:,} characters")
    return cells


def _cells_of(notebook: object) -> list:
    if not isinstance(notebook, dict):
        raise NotebookError(f"it can't be read as a notebook: it holds a {type(notebook).__name__}, expected cells")
    if "worksheets" in notebook:
        raise NotebookError("it is of nbformat 3, expected 4: open it in JupyterLab and save it")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise NotebookError("its cells are not a list")
    if len(cells) > MAX_CELLS:
        raise NotebookError(f"it has {len(cells):,} cells, expected at most {MAX_CELLS:,}")
    return cells


def _cell(place: int, cell: dict) -> dict:
    try:
        source = cell["source"]
        text = source if isinstance(source, str) else "".join(source)
        metadata = _dict(cell.get("metadata"))
        kind = str(cell["cell_type"])
    except (LookupError, TypeError, AttributeError) as problem:
        raise NotebookError(
            f"it can't be read as a notebook: cell {place} is not one of nbformat 4 ({type(problem).__name__})"
        ) from problem
    tags, role = metadata.get("tags"), _dict(metadata.get("nbgrader"))
    return {
        "type": kind,
        "id": str(cell.get("id", "")),
        "grade_id": str(role.get("grade_id", "")),
        "is_test": bool(role.get("grade") and not role.get("solution")),
        "is_experiment": EXPERIMENT in tags if isinstance(tags, list) else False,
        "source": text.replace("\r\n", "\n").replace("\r", "\n"),
        "bundles": bundles_of(cell.get("outputs")),
    }


def _dict(value: object) -> dict:
    """Metadata as it should be; nothing where another program, or a hand, left something else."""
    return value if isinstance(value, dict) else {}


def bundles_of(outputs: object) -> list[object]:
    """What a cell's outputs say of predictions, as it stands there: of any type, and believed of nobody."""
    outputs = outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else []
    data = [output.get("data") for output in outputs if isinstance(output, dict)]
    return [entry[MIME] for entry in data if isinstance(entry, dict) and MIME in entry]


def runnable_cells(
    name: str, cells: list[dict], released: list[dict], symbols: Collection[str] = ()
) -> list[tuple[str, str]]:
    """(name, source) of the code cells to run, in order. `symbols` are those of the notebook's own tasks.

    Only the release says what is left out: test cells and experiments, known by their source, or by their id where no
    other cell has it too. All other cells run, those that a student added in place. What gives a task's symbol runs
    wherever it was written: in a test cell, or in a task's cell that has become text, if no other cell gives it. A task's
    cell as it was released is left out where another cell gives the symbol: then it is a copy that nobody filled in.
    """
    release = _Release(cells, released, symbols)
    code = [cell for cell in cells if cell["type"] == "code" and not release.leaves_out(cell)]
    given = {symbol for cell in code if not release.is_stub(cell) for symbol in given_in(cell["source"], symbols)}

    def runs(cell: dict) -> bool:
        own = given_in(cell["source"], symbols)
        if cell["type"] != "code":
            return release.is_a_tasks(cell) and bool(own - given)
        return not release.leaves_out(cell) and not (release.is_stub(cell) and own <= given)

    return [(f"{name}, cell {place}", cell["source"]) for place, cell in enumerate(cells, start=1) if runs(cell)]


def given_in(source: str, symbols: Collection[str]) -> set[str]:
    """Which of the symbols a cell defines or assigns, in lines of its own; told by the text alone."""
    return {name for found in GIVES.findall(source) for name in found} & set(symbols)


class _Release:
    """What the release says of a submission's cells."""

    def __init__(self, cells: list[dict], released: list[dict], symbols: Collection[str]):
        left_out = [cell for cell in released if cell["is_test"] or cell["is_experiment"]]
        tasks = [cell for cell in released if given_in(cell["source"], symbols) and cell not in left_out]
        times = Counter(cell["id"] for cell in cells)
        self._symbols = symbols
        self._sources = {_bare(cell) for cell in left_out}
        self._ids = {cell["id"] for cell in left_out if times[cell["id"]] == 1}
        self._stubs = {_bare(cell) for cell in tasks}
        self._tasks = {name for cell in tasks for name in (cell["id"], cell["grade_id"]) if name}

    def leaves_out(self, cell: dict) -> bool:
        return _bare(cell) in self._sources or (cell["id"] in self._ids and not given_in(cell["source"], self._symbols))

    def is_stub(self, cell: dict) -> bool:
        return _bare(cell) in self._stubs

    def is_a_tasks(self, cell: dict) -> bool:
        return cell["id"] in self._tasks or cell["grade_id"] in self._tasks


def _bare(cell: dict) -> str:
    """The source without what an editor may have changed at the ends of its lines."""
    return "\n".join(line.rstrip() for line in cell["source"].split("\n")).strip()
