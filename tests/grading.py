"""What the tests of grading share: the command run to its end, and the reference's module with lines put into it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from grader.references import sources_of
from grader.tasks import Task, load_course
from tests.conftest import ROOT


def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
    """`python -m grader …`, to its end."""
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, cwd=ROOT, **options)


def graded(submissions: Path, out: Path, *arguments: str) -> dict[str, dict]:
    """student → record."""
    done = run("grade", submissions, "--out", out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {entry["student"]: entry for entry in json.loads((out / "results.json").read_bytes())["submissions"]}


def points(tasks: list[Task]) -> int:
    return sum(task.points for task in tasks)


def verdicts(record: dict) -> dict[str, str]:
    return {task["id"]: task["verdict"] for task in record["tasks"]}


def solved(course, module: str = "rnn", **patches: str) -> str:
    """The reference's module with lines put at the start of functions: solved(course, forecast="raise OSError")."""
    text = sources_of(module)[0][1]
    for symbol, line in patches.items():
        task = next(task for task in course.graded if (task.module, task.symbol) == (module, symbol))
        begin = re.compile(rf"^( *)### BEGIN SOLUTION {re.escape(task.id)}$", re.MULTILINE)
        text, count = begin.subn(lambda found, line=line: f"{found[0]}\n{found[1]}{line}", text)
        assert count == 1
    return text


def solved_notebook(number: str = "1") -> dict:
    """A released notebook with the reference's solutions in its cells, as its file holds it."""
    name = load_course().notebooks[number].name
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_bytes())
    for cell in notebook["cells"]:
        marker = f"BEGIN SOLUTION {cell['id'].removeprefix('task-').replace('-', '.')}\n"
        text = next((text for _, text in sources_of(f"cells{number}") if marker in text), None)
        if text is not None:
            cell["source"] = text.splitlines(keepends=True)
    return notebook
