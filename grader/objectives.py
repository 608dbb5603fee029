"""What a student can do in the end, read from objectives.toml: sentences, each with the tasks that show it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.tasks import Course, Task, load_course

__all__ = ["Objective", "Reached", "load_objectives", "reached"]

OBJECTIVES = Path(__file__).with_name("objectives.toml")
BEGINNING = "I can "


@dataclass(frozen=True)
class Objective:
    """One thing that a student can do in the end, and the tasks that show it, in order."""

    id: str
    sentence: str
    tasks: tuple[Task, ...]

    @property
    def graded(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if not task.written)

    @property
    def written(self) -> tuple[Task, ...]:
        """The tasks that a person marks."""
        return tuple(task for task in self.tasks if task.written)


@dataclass(frozen=True)
class Reached:
    """How far a student is with an objective. A written answer counts once something stands there: nobody judges it here."""

    objective: Objective
    solved: int
    answered: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return self.solved == len(self.objective.graded) and len(self.answered) == len(self.objective.written)


def reached(objective: Objective, solved: Collection[str], answered: Collection[str]) -> Reached:
    """Count the tasks of an objective among those that are solved, and its written ones among those that are answered."""
    done = sum(task.id in solved for task in objective.graded)
    return Reached(objective, done, tuple(task.id for task in objective.written if task.id in answered))


@cache
def load_objectives(path: Path = OBJECTIVES, course: Course | None = None) -> tuple[Objective, ...]:
    """Read the objectives. ValueError with the place where one names no task of the course, or a graded task has none."""
    course = course or load_course()
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    objectives = tuple(_objective(name, entry, course, path.name) for name, entry in raw.items())
    named = {task.id for objective in objectives for task in objective.tasks}
    if left_out := [task.id for task in course.graded if task.id not in named]:
        raise ValueError(f"{path.name}: no objective names task {left_out[0]}")
    return objectives


def _objective(name: str, entry: dict, course: Course, file: str) -> Objective:
    sentence, tasks = entry["sentence"], entry["tasks"]
    if not (sentence.startswith(BEGINNING) and sentence.endswith(".")):
        raise ValueError(f"{file}: {name} says {sentence!r}, expected a sentence that begins with {BEGINNING!r}")
    if unknown := [task for task in tasks if task not in course.tasks]:
        raise ValueError(f"{file}: {name} names task {unknown[0]}, which does not exist")
    if len(set(tasks)) < len(tasks) or all(course.tasks[task].written for task in tasks):
        raise ValueError(f"{file}: {name} needs a graded task, and each of its tasks once")
    return Objective(
        name, sentence, tuple(sorted((course.tasks[task] for task in tasks), key=lambda task: task.sort_key))
    )
