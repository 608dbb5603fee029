"""What students get after the deadline: the solution notebooks and modules, and the model answers with their marking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from grader.archives import write_zip
from grader.release import model_answers, notebook_bytes, solution_notebook
from grader.tasks import Course, Notebook
from grader.teaching.late import Policy
from grader.teaching.reading import TeachingError

__all__ = ["solution_files", "source_of", "still_open", "write_solutions"]

TOP = "unrolled-solutions"
IMPORTED = re.compile(r"^from solution import (.+)$", re.MULTILINE)
README = """\
# Solutions

`model_answers.md` has the written answers, and what each point is for. The notebooks run where the course is installed:
unpack this folder beside your copy of the course and open a notebook with the same JupyterLab. They import the modules
in `solution/`, which lie beside them; your own `starter/` is not touched. A cell such as `check("1.2")` judges your own
work, as ever.
"""


def solution_files(root: Path, notebooks: Sequence[Notebook], course: Course) -> dict[str, bytes]:
    """path → content of the solutions of some notebooks, with every module that they import."""
    files, answers, modules = {"README.md": README.encode()}, ["# Model answers"], set()
    for notebook in notebooks:
        source = source_of(root, notebook)
        made = solution_notebook(source, notebook.name, course)
        files[f"{notebook.name}.ipynb"] = notebook_bytes(made)
        imports = IMPORTED.findall("\n".join(cell.source for cell in made.cells))
        modules |= {name.strip() for line in imports for name in line.split(",")} | {notebook.module}
        for task, text in model_answers(source, notebook.name, course).items():
            answers += [f"## {task} {course.tasks[task].title}", text]
    files["model_answers.md"] = ("\n\n".join(answers) + "\n").encode()
    for name in ("__init__", *sorted(modules)):
        files[f"solution/{name}.py"] = (root / "solution" / f"{name}.py").read_bytes()
    return files


def source_of(root: Path, notebook: Notebook) -> str:
    """The reference's notebook as its author wrote it."""
    return (root / "solution" / "notebooks" / f"{notebook.name}.py").read_text(encoding="utf-8")


def still_open(policy: Policy, notebooks: Sequence[Notebook], now: datetime | None = None) -> list[str]:
    """Whose time runs on, and until when: the class's or that of a student with an extension."""
    now, lines = now or datetime.now(UTC), []
    for notebook in notebooks:
        ends = [("everybody", policy.deadlines.get(notebook.number))]
        ends += [(student, times.get(notebook.number)) for student, times in policy.extensions.items()]
        lines += [
            f"notebook {notebook.number}, {who}: until {end.isoformat()}" for who, end in ends if end and end > now
        ]
    return lines


def write_solutions(root: Path, out: Path, notebooks: Sequence[Notebook], course: Course, policy: Policy | None) -> int:
    """Write the zip; how many files it holds. TeachingError where somebody still has time by the policy."""
    if policy and (lines := still_open(policy, notebooks)):
        raise TeachingError("Nothing was written, since somebody still has time:\n" + "\n".join(lines))
    files = {f"{TOP}/{name}": content for name, content in solution_files(root, notebooks, course).items()}
    write_zip(out, files.items())
    return len(files)
