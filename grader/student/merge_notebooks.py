"""Lays a student's work in a notebook over a new release: cell by cell, with its outputs and with cells of their own."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from grader.notebooks import bundles_of, parse
from grader.student.merge import merge, merge_code

__all__ = ["MergedNotebook", "merge_notebooks"]

ALIKE = 0.6  # two cells that share so many of their words are one cell, reworded
WORD = re.compile(r"\w+")
PREDICTS = re.compile(r'\bpredict\("(\d+\.\d+)"')
DEFINES = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
Cell = dict


@dataclass(frozen=True)
class MergedNotebook:
    """The joined notebook, how many cells of the student's own are in it, and their lines that found no place."""

    content: bytes
    added: int
    lost: tuple[str, ...]


def merge_notebooks(base: bytes, own: bytes, new: bytes) -> MergedNotebook:
    """Join a student's notebook with a new release. NotebookError where the student's can't be read as one."""
    parse(own)
    released, mine, now = map(_read, (base, own, new))
    cells, lost, place_of = [], [], {}
    of_student = _counterparts(released["cells"], mine["cells"])
    of_release = _counterparts(now["cells"], released["cells"])
    for cell in now["cells"]:
        old = of_release.get(id(cell))
        student = of_student.get(id(old)) if old else None
        joined, missing = _joined(old, student, cell) if student else (cell, ())
        cells.append(joined)
        lost += missing
        place_of[id(student)] = joined
    added = _own_cells(mine["cells"], {id(cell) for cell in of_student.values()})
    _put_in(cells, mine["cells"], added, place_of)
    lost += _dropped(released["cells"], of_student, place_of)
    return MergedNotebook(_written(now, mine, cells), sum(bool(cell["source"].strip()) for cell in added), tuple(lost))


def _read(content: bytes) -> dict:
    """A notebook, with the source of each cell made one text."""
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        cell["source"] = source.replace("\r\n", "\n").replace("\r", "\n")
    return notebook


def _counterparts(cells: list[Cell], others: list[Cell]) -> dict[int, Cell]:
    """id() of a cell → the cell of the other notebook that it is there, each once: by name first, by its text last."""
    found: dict[int, Cell] = {}
    for key in (_name, _grade, _prediction, _definition, _text):
        taken = {id(other) for other in found.values()}
        free: dict[object, list[Cell]] = {}
        for other in others:
            if id(other) not in taken:
                free.setdefault(key(other), []).append(other)
        for cell in cells:
            if id(cell) not in found and key(cell) and free.get(key(cell)):
                found[id(cell)] = free[key(cell)].pop(0)
    return found | dict(_reworded(cells, others, found))


def _reworded(cells: list[Cell], others: list[Cell], found: dict[int, Cell]) -> Iterator[tuple[int, Cell]]:
    taken = {id(other) for other in found.values()}
    free = [other for other in others if id(other) not in taken]
    for cell in cells:
        alike = [(_likeness(cell, other), other) for other in free if id(cell) not in found]
        likeness, best = max(alike, key=lambda entry: entry[0], default=(0, cell))
        if likeness > ALIKE:
            free = [other for other in free if other is not best]
            yield id(cell), best


def _likeness(cell: Cell, other: Cell) -> float:
    """The share of their words that two cells of one type have in common, from 0 to 1."""
    one, two = (Counter(WORD.findall(each["source"])) for each in (cell, other))
    return cell["cell_type"] == other["cell_type"] and 2 * (one & two).total() / max((one + two).total(), 1)


def _name(cell: Cell) -> object:
    return cell.get("id")


def _grade(cell: Cell) -> object:
    role = _metadata(cell).get("nbgrader")
    return role.get("grade_id") if isinstance(role, dict) else None


def _prediction(cell: Cell) -> object:
    found = PREDICTS.search(cell["source"])
    return found and found[1]


def _definition(cell: Cell) -> object:
    found = DEFINES.search(cell["source"]) if cell["cell_type"] == "code" else None
    return found and found[1]


def _text(cell: Cell) -> object:
    return (cell["cell_type"], cell["source"].strip())


def _metadata(cell: Cell) -> dict:
    return cell["metadata"] if isinstance(cell.get("metadata"), dict) else {}


def _joined(old: Cell, own: Cell, new: Cell) -> tuple[Cell, tuple[str, ...]]:
    """The new release's cell with the student's text, and with their outputs where these still belong to it."""
    join = merge_code if new["cell_type"] == "code" else merge
    merged = join(old["source"], own["source"], new["source"])
    cell = new | {"source": merged.text, "metadata": _metadata(own) | _metadata(new)}
    if "attachments" in own:
        cell["attachments"] = own["attachments"]
    if cell["cell_type"] == "code" and (merged.text == own["source"] or bundles_of(own.get("outputs"))):
        cell |= {"outputs": own.get("outputs", []), "execution_count": own.get("execution_count")}
    return cell, merged.lost


def _own_cells(cells: list[Cell], known: set[int]) -> list[Cell]:
    return [cell for cell in cells if id(cell) not in known]


def _put_in(cells: list[Cell], mine: list[Cell], added: list[Cell], place_of: dict[int, Cell]) -> None:
    """Put the student's own cells after those that they stood behind, or before the first that they stood above."""
    taken, own = {cell["id"] for cell in cells}, {id(cell) for cell in added}
    first = next((place_of[id(cell)] for cell in mine if id(cell) in place_of), None)
    at = max(_place(cells, first), 0)
    for cell in mine:
        if id(cell) in place_of:
            at = _place(cells, place_of[id(cell)]) + 1
        elif id(cell) in own:
            cell["id"] = _free_id(cell, taken)
            taken.add(cell["id"])
            cells.insert(at, cell)
            at += 1


def _place(cells: list[Cell], cell: Cell | None) -> int:
    return next((place for place, other in enumerate(cells) if other is cell), -1)


def _free_id(cell: Cell, taken: set[str]) -> str:
    made = f"own-{sha256(cell['source'].encode()).hexdigest()[:12]}"
    names = [str(cell.get("id") or made), made, *(f"{made}-{number}" for number in range(len(taken)))]
    return next(name for name in names if name not in taken)


def _dropped(released: list[Cell], of_student: dict[int, Cell], place_of: dict[int, Cell]) -> list[str]:
    """What the student wrote into cells that the new release has no more."""
    pairs = [(cell, of_student[id(cell)]) for cell in released if id(cell) in of_student]
    gone = [(cell, own) for cell, own in pairs if id(own) not in place_of]
    return [line for cell, own in gone for line in merge(cell["source"], own["source"], "").lost]


def _written(now: dict, mine: dict, cells: list[Cell]) -> bytes:
    kept = mine["metadata"] if isinstance(mine.get("metadata"), dict) else {}
    lined = [cell | {"source": cell["source"].splitlines(keepends=True)} for cell in cells]
    notebook = now | {"cells": lined, "metadata": now["metadata"] | kept}
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
