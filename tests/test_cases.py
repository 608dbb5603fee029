"""The recorded cases: made anew when what they were made from has changed, and only then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.recordings import packed
from grader.release import cases
from grader.release.cases import NOTE, SHARED, made_from, produce
from grader.student.released import digest
from tests.conftest import ROOT


@pytest.fixture
def one_task(course, tmp_path, monkeypatch):
    """(root, course of task 1.2 alone, how often it was recorded), in a folder with the files it is made from."""
    task, recorded = course.tasks["1.2"], []
    for path in (ROOT / "solution").glob("*.py"):
        _copy(path, tmp_path)
    _copy(ROOT / "grader/checks/variants/1.2.toml", tmp_path)
    _copy(ROOT / "grader/compare.py", tmp_path)
    (tmp_path / "grader/cases").mkdir()

    def record(path: Path, *rest) -> bytes:
        recorded.append(path.name)
        return packed({}, {}, {})

    monkeypatch.setattr(cases, "_made", record)
    alone = type("Course", (), {"graded": [task], "tasks": course.tasks, "notebooks": course.notebooks})()
    monkeypatch.setattr(cases, "Live", lambda *arguments: None)
    return tmp_path, alone, recorded


def _copy(path: Path, root: Path) -> None:
    place = root / path.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(path.read_bytes())


def release(root: Path, course) -> dict[str, bytes]:
    files = produce(root, course)
    for path, content in files.items():
        (root / path).write_bytes(content)
    return files


def test_cases_are_recorded_once(one_task):
    root, course, recorded = one_task
    assert release(root, course) == release(root, course)
    assert recorded == ["1.2.safetensors"]


@pytest.mark.parametrize(
    "name", ["grader/checks/variants/1.2.toml", "grader/compare.py", "solution/rnn.py", "solution/gated.py"]
)
def test_what_they_are_made_from_makes_them_anew(one_task, name):
    root, course, recorded = one_task
    before = json.loads(release(root, course)[NOTE])
    (root / name).write_text((root / name).read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    after = json.loads(release(root, course)[NOTE])
    assert len(recorded) == 2 and before["1.2"][0] != after["1.2"][0]


def test_a_file_that_is_not_the_one_that_was_made_is_made_anew(one_task):
    root, course, recorded = one_task
    release(root, course)
    (root / "grader/cases/1.2.safetensors").write_bytes(b"edited")
    assert release(root, course)["grader/cases/1.2.safetensors"] != b"edited" and len(recorded) == 2


def test_a_damaged_note_makes_all_anew(one_task):
    root, course, recorded = one_task
    release(root, course)
    (root / NOTE).write_text("{")
    release(root, course)
    assert len(recorded) == 2


def test_the_note_is_that_of_the_files(course):
    note = json.loads((ROOT / NOTE).read_bytes())
    assert [*note] == [task.id for task in course.graded]
    for task in course.graded:
        assert note[task.id] == [
            made_from(ROOT, task),
            digest((ROOT / f"grader/cases/{task.id}.safetensors").read_bytes()),
        ]


# read for every recording, and without influence on what is recorded
BESIDE = ("grader/__init__.py", "grader/tasks.py", "grader/experiments.py", "grader/predictions.py", "grader/calls.py",
          "grader/results.py", "grader/notebooks.py", "grader/release/*.py",
          "toolkit/plots/*.py", "toolkit/diagrams/*.py", "solution/__init__.py", "starter/*.py")  # fmt: skip
RECORDS = """
import sys
from pathlib import Path
from grader.tasks import load_course
from grader.recordings import Live
from grader.checks.kit import all_checks
course, library, seen = load_course(), None, set()
library = Live(course, 1)
for check in all_checks():
    if check.task not in seen:
        seen.add(check.task)
        library.get(check)
print("\\n".join(str(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None)))
"""


def test_nothing_else_of_the_course_takes_part_in_a_recording():
    done = subprocess.run([sys.executable, "-c", RECORDS], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = [Path(line).relative_to(ROOT) for line in done.stdout.splitlines()
              if line.startswith(str(ROOT)) and ".venv" not in line]  # fmt: skip
    known = (*SHARED, "solution/*.py", *BESIDE)
    assert [path.as_posix() for path in loaded if not any(path.match(pattern) for pattern in known)] == []
