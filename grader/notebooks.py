"""Which cells of a student's notebook are run for a grade, and under which names their lines are shown."""

from __future__ import annotations

import json

__all__ = ["NotebookError", "parse", "runnable_cells"]

MAX_CELLS = 2_000
EXPERIMENT = "experiment"


class NotebookError(ValueError):
    """A file that is not a notebook of the course's format."""


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook, each with its type, id, grade id, tags and source; NotebookError for anything else."""
    try:
        cells = json.loads(data)["cells"]
        if not isinstance(cells, list) or len(cells) > MAX_CELLS:
            raise NotebookError(f"its cells are not a list of at most {MAX_CELLS:,}")
        return [_cell(cell) for cell in cells]
    except NotebookError:
        raise
    except (ValueError, RecursionError, MemoryError, LookupError, TypeError, AttributeError) as problem:
        raise NotebookError(f"it can't be read as a notebook ({type(problem).__name__})") from problem


def _cell(cell: dict) -> dict:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    metadata = cell.get("metadata", {})
    tags = metadata.get("tags", [])
    return {
        "type": str(cell["cell_type"]),
        "id": str(cell.get("id", "")),
        "grade_id": str(metadata.get("nbgrader", {}).get("grade_id", "")),
        "is_test": bool(metadata.get("nbgrader", {}).get("grade") and not metadata["nbgrader"].get("solution")),
        "is_experiment": EXPERIMENT in tags if isinstance(tags, list) else False,
        "source": text,
    }


def runnable_cells(name: str, cells: list[dict], released: list[dict]) -> list[tuple[str, str]]:
    """(name, source) of the code cells to run, in order.

    Test cells and experiments are left out, and only the release says which those are: a cell of the submission is one
    of them if it has the id or exactly the source of one. All other cells run, those that a student added in place.
    """
    skipped = [cell for cell in released if cell["is_test"] or cell["is_experiment"]]
    ids = {cell["id"] for cell in skipped}
    sources = {cell["source"].strip() for cell in skipped}
    return [
        (f"{name}, cell {place}", cell["source"])
        for place, cell in enumerate(cells, start=1)
        if cell["type"] == "code" and cell["id"] not in ids and cell["source"].strip() not in sources
    ]
