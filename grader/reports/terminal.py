"""The results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.markup import escape
from rich.table import Table

from grader.doctor import MEND
from grader.objectives import Reached
from grader.results import clean, is_missing, is_to_do
from grader.tasks import Course, Task

__all__ = ["class_table", "facts_table", "isolation_table", "objectives_table", "progress_table"]

SIGNS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "error": "[red]error[/]", "timeout": "[yellow]timeout[/]",
         "crashed": "[yellow]crashed[/]", "out_of_memory": "[yellow]memory[/]", "skipped": "[dim]skipped[/]",
         "harness_error": "[magenta]harness[/]", "to do": "[dim]○ to do[/]"}  # fmt: skip

# one character each, so that a class with many tasks fits
SHORT = SIGNS | {"error": "[red]![/]", "timeout": "[yellow]t[/]", "crashed": "[yellow]c[/]", "out_of_memory": "[yellow]m[/]",
                 "skipped": "[dim]·[/]", "harness_error": "[magenta]?[/]"}  # fmt: skip
ABSENT = "[dim]·[/]"
LEGEND = ("✓ passed  ✗ not yet  ○ to do  · not handed in  ? fault of the checks\n"
          "! exception  t out of time  m out of memory  c process ended")  # fmt: skip


def class_table(results: dict, course: Course) -> Table:
    """One row per submission: score, and for each notebook a sign per task under the task's number."""
    table = Table(title="Submissions", title_justify="left", caption=LEGEND, caption_justify="left", box=box.SIMPLE_HEAD,
                  padding=0)  # fmt: skip
    table.add_column("student", no_wrap=True, max_width=22, vertical="bottom")
    table.add_column("score", justify="right", no_wrap=True)
    groups = [notebook for notebook in course.notebooks.values() if course.graded_in(notebook)]
    for notebook in groups:
        numbers = "".join(_number(task) for task in course.graded_in(notebook))
        # a name can be cut short, a sign can't
        table.add_column(f"nb {notebook.number}\n{numbers}", no_wrap=True, min_width=len(numbers))
    for entry in results["submissions"]:
        signs = {task["id"]: _sign(task) for task in entry["tasks"]}
        cells = [_signs(course.graded_in(notebook), signs) for notebook in groups]
        score = f"{entry['score']:g}/{entry['max_score']:g}" if entry["tasks"] else entry["status"]
        table.add_row(escape(clean(entry["student"])), score, *cells)
    return table


def _sign(task: dict) -> str:
    if is_missing(task):
        return ABSENT
    return "[dim]○[/]" if is_to_do(task) else SHORT[task["verdict"]]


def _number(task: Task) -> str:
    """The task's number within its notebook: 4 for task 1.4."""
    return task.id.partition(".")[2]


def _signs(tasks: list[Task], signs: dict[str, str]) -> str:
    """A notebook's signs, each at the end of its task's number."""
    return "".join(" " * (len(_number(task)) - 1) + signs.get(task.id, ABSENT) for task in tasks)


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """What there is, one fact per row."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for what, how in facts:
        table.add_row(escape(what), escape(how))
    return table


def isolation_table(missing: dict[str, str]) -> Table:
    """One row per layer of isolation: whether it is in force, else why not and what to do."""
    table = Table(
        title="Isolation of a submission's code", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("layer", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what to do")
    told: set[str] = set()
    for layer, why in missing.items():
        mend = f"{why}: {MEND[layer]}" if why else ""
        table.add_row(layer, "[red]✗[/]" if why else "[green]✓[/]", escape(clean("as above" if mend in told else mend)))
        told |= {mend} - {""}
    return table


def progress_table(course: Course, state: dict[str, dict], digests: dict[str, str]) -> Table:
    """One row per task, by notebook: its last verdict, and whether the file has changed since."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("task", "title", "min", "level", "points", "last check"):
        table.add_column(column, justify="right" if column in ("min", "points") else "left")
    for notebook in course.notebooks.values():
        tasks = [task for task in course.tasks.values() if task.notebook == notebook.number]
        earned = sum(state[task.id]["score"] for task in tasks if task.id in state)
        minutes, points = (sum(getattr(task, name) for task in tasks) for name in ("minutes", "points"))
        table.add_section()
        table.add_row(notebook.number, notebook.title, str(minutes), "", f"{earned:g} / {points}", "", style="bold")
        for task in tasks:
            table.add_row(task.id, task.title, str(task.minutes), "●" * task.difficulty, *_last(task, state, digests))
    return table


def _last(task, state: dict[str, dict], digests: dict[str, str]) -> tuple[str, str]:
    if task.written:
        return f"/ {task.points}", "[dim]marked by a person[/]"
    entry = state.get(task.id)
    if entry is None:
        return f"/ {task.points}", "[dim]not checked yet[/]"
    changed = " [yellow]changed since[/]" if entry["digest"] != digests.get(task.id, "") else ""
    return f"{entry['score']:g} / {task.points}", SIGNS[entry["verdict"]] + changed


def objectives_table(found: Iterable[Reached]) -> Table:
    """One row per objective: whether it is reached, how many of its tasks are solved, and which answers were written."""
    table = Table(title="What you can say of yourself", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                  caption="Solved, as last checked. Of a written answer it is seen here that it is there; a person judges it.",
                  caption_justify="left")  # fmt: skip
    table.add_column("")
    table.add_column("")
    table.add_column("solved", no_wrap=True)
    table.add_column("written", no_wrap=True)
    for one in found:
        count = f"{one.solved} of {len(one.objective.graded)}"
        written = " ".join(_written(task, one) for task in one.objective.written)
        style = "bold" if one.whole else "" if one.solved or one.answered else "dim"
        table.add_row("[green]✓[/]" if one.whole else "○", one.objective.sentence, count, written, style=style)
    return table


def _written(task: Task, one: Reached) -> str:
    return f"{task.id} {'✓' if task.id in one.answered else '○'}"
