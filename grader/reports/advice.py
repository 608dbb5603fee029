"""What to do about a task: where its code stands, how to try it again, and which step comes next."""

from __future__ import annotations

from grader.tasks import Course, Task

__all__ = ["next_tasks", "retry", "skill", "where"]

MOST = 2  # next steps at a time


def where(task: Task, course: Course) -> str:
    """The symbol and the file to edit."""
    notebook = course.notebooks[task.notebook]
    place = f"starter/{task.module}.py" if task.module else f"notebooks/{notebook.name}.ipynb"
    return f"`{task.symbol}` in `{place}`"


def retry(task: Task) -> str:
    """How to run a task's checks again."""
    saved = "" if task.module else " (which reads the notebook as it was last saved)"
    return f'`check("{task.id}")` in the notebook, or `python -m grader check {task.id}` in a terminal{saved}'


def skill(task: Task) -> str:
    """What somebody can do who has solved the task."""
    return task.skill or f"You have solved “{task.title}”."


def next_tasks(passed: set[str], course: Course) -> list[Task]:
    """The first unsolved tasks that build on nothing unsolved."""
    return [task for task in course.graded if task.id not in passed and passed.issuperset(task.requires)][:MOST]
