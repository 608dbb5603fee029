"""Records every visible check on the reference and on the wrong variants, and every part, for the students' own checks.

That takes minutes, so what a file of cases was made from is noted beside it: where none of that has changed, it stays.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import torch

from grader.checks.kit import checks_of, parts_of
from grader.compare import same_seen
from grader.engine.values import Seen
from grader.recordings import Live, Recording, packed, unpacked
from grader.references import sources_of
from grader.release.manifest import digest
from grader.tasks import Course, Task

__all__ = ["NOTE", "SEED", "made_from", "produce"]

SEED = 2718281828
NOTE = "grader/cases/made_from.json"  # task → digests of what its cases were made from, and of the file
# what every recording depends on; a test holds that nothing else of the course takes part in one
ENGINE = ("__init__", "alarm", "cells", "codec", "magics", "props", "props_decoding", "props_forcing", "quiet_check",
          "values", "watch", "workbench")  # fmt: skip
SHARED = ("grader/checks/*.py", *(f"grader/engine/{name}.py" for name in ENGINE), "grader/compare.py", "grader/draw.py",
          "grader/recordings.py", "grader/references.py", "grader/subject.py", "grader/release/cases.py", "toolkit/*.py",
          "toolkit/stand_ins/*.py", "toolkit/bilingual/*.py", "toolkit/data/*.py", "toolkit/reviews/*.py")  # fmt: skip


def produce(root: Path, course: Course) -> dict[str, bytes]:
    """path → bytes of each task's recorded cases.

    Another machine rounds otherwise: where the file on disk says the same within the tolerance of the checks, it stays too.
    """
    library = Live(course, SEED)
    files, note, before = {}, {}, _noted(root)
    for task in course.graded:
        path, origin = f"grader/cases/{task.id}.safetensors", made_from(root, task)
        files[path] = _unchanged(root / path, before.get(task.id), origin) or _made(root / path, task, library)
        note[task.id] = [origin, digest(files[path])]
    return files | {NOTE: (json.dumps(note, indent=1) + "\n").encode()}


def made_from(root: Path, task: Task) -> str:
    """A digest of all of the course that a task's cases depend on: the checks, the reference, the bank, the engine."""
    total = sha256(str(SEED).encode())
    for name, text in _origins(root, task):
        total.update(f"{name}\0{text}\0".encode())
    return total.hexdigest()


def _origins(root: Path, task: Task) -> Iterator[tuple[str, str]]:
    modules = sorted((root / "solution").glob("*.py"))
    shared = [path for pattern in SHARED for path in sorted(root.glob(pattern))]
    banks = [root / f"grader/checks/variants/{name}.toml" for name in (task.id, *task.requires)]
    for path in (*modules, *shared, *(bank for bank in banks if bank.is_file())):
        yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
    yield from sources_of(task.space)


def _noted(root: Path) -> dict[str, list[str]]:
    try:
        return json.loads((root / NOTE).read_bytes())
    except (OSError, ValueError):  # before the first release, or damaged: then all is made anew
        return {}


def _unchanged(path: Path, noted: list[str] | None, origin: str) -> bytes | None:
    """The file on disk, if it is the one that was made, and nothing has changed since."""
    content = path.read_bytes() if path.is_file() else b""
    return content if noted == [origin, digest(content)] else None


def _made(path: Path, task: Task, library: Live) -> bytes:
    recordings = {}
    for check in checks_of(task.id, hidden=False):
        library.variants(check)
        recordings[check.name] = library.get(check)
    parts = {part.name: library.get(part) for part in parts_of(task.id)}
    made = packed(library.hints(task.id), recordings, parts)
    return _kept(path, made) or made


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
    same = old.keys() == new.keys() and all(_alike(old[name], new[name]) for name in new)
    return path.read_bytes() if same else None


def _alike(old: object, new: object) -> bool:
    """Whether two sections say the same, or two parts of them."""
    if type(old) is not type(new):
        return False
    match new:
        case dict():
            return old.keys() == new.keys() and all(_alike(old[name], new[name]) for name in new)
        case list():
            return len(old) == len(new) and all(map(_alike, old, new))
        case Recording():
            return _alike(vars(old), vars(new))
        case Seen():
            return same_seen(old, new)
        case torch.Tensor():
            return old.shape == new.shape and old.allclose(new)
    return old == new
