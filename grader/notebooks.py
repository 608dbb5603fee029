"""What is read of a student's notebook: the cells that are run for a grade, with names for their lines, and what outputs keep."""

from __future__ import annotations

import json

from grader.predictions import MIME

__all__ = ["EXPERIMENT", "NotebookError", "bundles_of", "parse", "runnable_cells"]

MAX_CELLS = 2_000
MAX_OUTPUTS = 100  # of a cell, in which a prediction is looked for
EXPERIMENT = "experiment"


class NotebookError(ValueError):
    """A file that is not a notebook of the course's format."""


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook: type, id, grade id, tags, source, kept predictions; NotebookError for anything else."""
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
        "bundles": bundles_of(cell.get("outputs")),
    }


def bundles_of(outputs: object) -> list[object]:
    """What a cell's outputs say of predictions, as it stands there: of any type, and believed of nobody."""
    outputs = outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else []
    data = [output.get("data") for output in outputs if isinstance(output, dict)]
    return [entry[MIME] for entry in data if isinstance(entry, dict) and MIME in entry]


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
