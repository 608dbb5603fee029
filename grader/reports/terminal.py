"""The results as tables for a terminal."""

from __future__ import annotations

from rich import box
from rich.markup import escape
from rich.table import Table

from grader.results import clean, is_to_do
from grader.tasks import Course

__all__ = ["class_table", "progress_table"]

SIGNS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "error": "[red]error[/]", "timeout": "[yellow]timeout[/]",
         "crashed": "[yellow]crashed[/]", "out_of_memory": "[yellow]memory[/]", "skipped": "[dim]skipped[/]",
         "harness_error": "[magenta]harness[/]", "to do": "[dim]○ to do[/]"}  # fmt: skip

# one character each, so that a class with many tasks fits
SHORT = SIGNS | {"error": "[red]![/]", "timeout": "[yellow]t[/]", "crashed": "[yellow]c[/]", "out_of_memory": "[yellow]m[/]",
                 "skipped": "[dim]·[/]", "harness_error": "[magenta]?[/]"}  # fmt: skip
LEGEND = ("✓ passed  ✗ not yet  ○ to do  ! exception  t out of time  m out of memory  c process ended  "
          "? fault of the checks")  # fmt: skip


def class_table(results: dict, course: Course) -> Table:
    """One row per submission: score, and a sign per task."""
    table = Table(title="Submissions", title_justify="left", caption=LEGEND, caption_justify="left", box=box.SIMPLE_HEAD,
                  padding=(0, 1, 0, 0))  # fmt: skip
    table.add_column("student", no_wrap=True, max_width=26)
    table.add_column("score", justify="right", no_wrap=True)
    for task in course.graded:
        table.add_column(task.id, justify="center", no_wrap=True, min_width=len(task.id))
    for entry in results["submissions"]:
        signs = {task["id"]: "[dim]○[/]" if is_to_do(task) else SHORT[task["verdict"]] for task in entry["tasks"]}
        cells = [signs.get(task.id, "[dim]·[/]") for task in course.graded]
        score = f"{entry['score']:g}/{entry['max_score']:g}" if entry["tasks"] else entry["status"]
        table.add_row(escape(clean(entry["student"])), score, *cells)
    return table


def progress_table(course: Course, state: dict[str, dict], digests: dict[str, str]) -> Table:
    """One row per task: its last verdict, and whether the file has changed since."""
    table = Table()
    for column in ("task", "title", "minutes", "difficulty", "points", "last check"):
        table.add_column(column, justify="right" if column in ("minutes", "points") else "left")
    for task in course.tasks.values():
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
