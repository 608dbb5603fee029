"""Says how the files on disk differ from a release, kindly where the difference is a student's work."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.release.manifest import MANIFEST, manifest_bytes, on_disk, read_manifest
from grader.student.released import digest

__all__ = ["EDITED", "LEFT_OVER", "MISSING", "STALE", "Difference", "compare"]

MISSING, STALE, EDITED, LEFT_OVER = "missing", "stale", "edited", "left over"
TO_DO = re.compile(r"Task (\d+\.\d+): .* is still to do\.")
RELEASE = "`python -m grader release`"
FORCE = "`python -m grader release --force`"


@dataclass(frozen=True)
class Difference:
    """One file that is not as a release would make it: its path, the kind of difference, and a sentence."""

    path: str
    kind: str
    message: str


def compare(root: Path, files: dict[str, bytes]) -> list[Difference]:
    """What differs between the files on disk and these of a release; empty if nothing does."""
    noted = read_manifest(root)
    found = [
        _compare_one(path, content, on_disk(root, path), noted.get(path)) for path, content in sorted(files.items())
    ]
    gone = [_left_over(path, on_disk(root, path), noted[path]) for path in sorted(noted.keys() - files.keys())]
    differences = [difference for difference in found + gone if difference]
    if not differences and on_disk(root, MANIFEST) != manifest_bytes(files):
        message = f"{MANIFEST} does not list this release, though its files are in place: {RELEASE} writes it again"
        return [Difference(MANIFEST, STALE, message)]
    return differences


def _compare_one(path: str, content: bytes, present: bytes | None, noted: str | None) -> Difference | None:
    if present == content:
        return None
    if present is None:
        return Difference(path, MISSING, f"{path} is missing: {RELEASE} writes it")
    if digest(present) == noted:
        message = f"{path} is older than what it is made from ({origin(path)}): {RELEASE} brings it up to date"
        return Difference(path, STALE, message)
    return Difference(path, EDITED, _edited(path, content, present))


def _left_over(path: str, present: bytes | None, noted: str) -> Difference | None:
    if present is None:
        return None
    if digest(present) == noted:
        return Difference(path, LEFT_OVER, f"{path} is no longer part of the release: {RELEASE} removes it")
    message = f"{path} was edited, and is no longer part of the release: move it away or delete it yourself"
    return Difference(path, EDITED, message)


def origin(path: str) -> str:
    """What a generated file is made from."""
    place = PurePosixPath(path)
    sources = {"starter": f"solution/{place.name}", "notebooks": f"solution/notebooks/{place.stem}.py"}
    return sources.get(place.parts[0], "the reference and its checks")


def _edited(path: str, content: bytes, present: bytes) -> str:
    keep = f"keep a copy elsewhere, then {FORCE} makes the file new"
    if path.endswith(".ipynb"):
        solved, same = _answered(content, present)
        if same:
            return f"{path} was opened and run: all its cells are as released; {FORCE} clears what running left behind"
    else:
        solved = _no_longer_to_do(content, present)
    if solved:
        return (
            f"{path} holds somebody's solution of {_listed(solved)}: that is what the file is for, but the "
            f"repository keeps the one with TODOs; {keep}"
        )
    return f"{path} was edited by hand, and is made from {origin(path)}: make the change there; {keep}"


def _listed(ids: list[str]) -> str:
    first, last = ", ".join(ids[:-1]), ids[-1]
    return f"tasks {first} and {last}" if first else f"task {last}"


def _no_longer_to_do(content: bytes, present: bytes) -> list[str]:
    """The tasks whose error, the one of an unsolved task, is gone from a text."""
    text = present.decode("utf-8", errors="replace")
    sentences = TO_DO.finditer(content.decode("utf-8", errors="replace"))
    return list(dict.fromkeys(entry[1] for entry in sentences if entry[0] not in text and text.strip()))


def _answered(content: bytes, present: bytes) -> tuple[list[str], bool]:
    """The tasks whose cell in a notebook is not the released one, and whether all cells are."""
    released, found = _cells(content), _cells(present)
    own = {cell["grade_id"]: cell["text"] for cell in found}
    changed = [
        cell for cell in released if cell["solution"] and own.get(cell["grade_id"], cell["text"]) != cell["text"]
    ]
    texts = [[cell["text"] for cell in cells] for cells in (released, found)]
    return [cell["grade_id"].removeprefix("task-").replace("-", ".") for cell in changed], texts[0] == texts[1]


def _cells(content: bytes) -> list[dict]:
    """Text, grade id and solution flag of each cell; nothing of what can't be read as a notebook."""
    try:
        return [_cell(cell) for cell in json.loads(content)["cells"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _cell(cell: dict) -> dict:
    grades = cell["metadata"].get("nbgrader", {})
    return {
        "text": "".join(cell["source"]),
        "grade_id": grades.get("grade_id", ""),
        "solution": grades.get("solution", False),
    }
