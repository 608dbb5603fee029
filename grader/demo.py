"""The whole course in one go: the solution notebooks executed and rendered, the example submissions graded."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from grader.examples import write_examples
from grader.grading import run_grade
from grader.tasks import Course, load_course
from grader.telling import COLUMNS

__all__ = ["executed", "run_demo"]

ROOT = Path(__file__).parent.parent
CELL_SECONDS = 120


def run_demo(out: Path, console: Console) -> None:
    """Execute, render and grade into `out`; says where everything lies."""
    course = load_course()
    rendered = render_notebooks(course, out / "notebooks", console)
    console.print()
    write_examples(out / "class", course)
    run_grade(out / "class", out / "grades", console, seed=0, places=("cpu",) * (os.cpu_count() or 1))
    console.print("Rendered notebooks:")
    for path in rendered:
        console.print(f"  {path}", markup=False)


def render_notebooks(course: Course, out: Path, console: Console) -> list[Path]:
    """Execute every solution notebook on embedded data and write it as HTML with its figures."""
    table = Table(title="Solution notebooks", title_justify="left")
    table.add_column("notebook")
    table.add_column("cells run", justify="right")
    table.add_column("seconds", justify="right")
    rendered = []
    for notebook in course.notebooks.values():
        start = time.perf_counter()
        ran = executed(notebook.name, course, console)
        rendered.append(_html(ran, out / f"{notebook.name}.html"))
        count = sum(cell.cell_type == "code" for cell in ran.cells)
        table.add_row(notebook.name, str(count), f"{time.perf_counter() - start:.1f}")
    console.print(table)
    return rendered


def executed(name: str, course: Course, console: Console):
    """A solution notebook, executed on embedded data."""
    from nbclient import NotebookClient

    from grader.release import solution_notebook

    source = (ROOT / "solution" / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    notebook = solution_notebook(source, name, course)
    os.environ["UNROLLED_EXECUTION"] = "demo"  # an unsolved task in the reference is an error
    os.environ["UNROLLED_DATA"] = str(ROOT / "build" / "embedded-data-alone")  # no folder: real sets take longer
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # small models: a second thread only waits
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bar:
        todo = bar.add_task(name, pace="", total=len(notebook.cells))
        client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3",
                                resources={"metadata": {"path": str(ROOT / "notebooks")}},
                                on_cell_complete=lambda cell, cell_index: bar.update(todo, completed=cell_index + 1))  # fmt: skip
        client.execute(stderr=subprocess.DEVNULL)  # the kernel's own log; what cells print is in the notebook
    return notebook


def _html(notebook, path: Path) -> Path:
    from grader.page import offline_page
    from grader.results import write_atomically

    write_atomically(path, offline_page(notebook).encode())
    return path
