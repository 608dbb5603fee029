"""Records every visible check on the reference and on the wrong variants, and every part, for the students' own checks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.checks.kit import checks_of, parts_of
from grader.compare import same_seen
from grader.recordings import Live, Recording, packed, unpacked
from grader.tasks import Course

__all__ = ["SEED", "produce"]

SEED = 2718281828


def produce(root: Path, course: Course) -> dict[str, bytes]:
    """path → bytes of each task's recorded cases.

    Another machine rounds otherwise: where the file on disk says the same within the tolerance of the checks, it stays.
    """
    library = Live(course, SEED)
    files = {}
    for task in course.graded:
        path = f"grader/cases/{task.id}.safetensors"
        recordings = {}
        for check in checks_of(task.id, hidden=False):
            library.variants(check)
            recordings[check.name] = library.get(check)
        parts = {part.name: library.get(part) for part in parts_of(task.id)}
        made = packed(library.hints(task.id), recordings, parts)
        files[path] = _kept(root / path, made) or made
    return files


def _kept(path: Path, made: bytes) -> bytes | None:
    if not path.is_file():
        return None
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(made)
        file.flush()
        new = unpacked(Path(file.name))
    try:
        old = unpacked(path)
    except Exception:  # whatever is wrong with the file on disk, it is not what a release makes
        return None
    same = old["hints"] == new["hints"] and all(_all_alike(old[kind], new[kind]) for kind in ("checks", "parts"))
    return path.read_bytes() if same else None


def _all_alike(old: dict[str, Recording], new: dict[str, Recording]) -> bool:
    return old.keys() == new.keys() and all(_alike(old[name], new[name]) for name in new)


def _alike(old: Recording, new: Recording) -> bool:
    logs = [(old.reference, new.reference)]
    logs += [(old.variants.get(name, []), log) for name, log in new.variants.items()]
    return (
        len(old.draws) == len(new.draws)
        and all(
            one.shape == other.shape and one.allclose(other) for one, other in zip(old.draws, new.draws, strict=True)
        )
        and old.variants.keys() == new.variants.keys()
        and all(len(one) == len(other) and all(map(same_seen, one, other)) for one, other in logs)
    )
