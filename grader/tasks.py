"""The list of tasks, read from tasks.toml. Needs the standard library alone."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from grader.experiments import Experiment, read_experiments

__all__ = ["CELLS", "Course", "Experiment", "Notebook", "Task", "load_course"]

TASKS = Path(__file__).with_name("tasks.toml")
CELLS = "cells"  # the name of the space that holds what a notebook's cells define


@dataclass(frozen=True)
class Task:
    """One exercise: a symbol in a module, a symbol in a notebook's cells, or a written answer."""

    id: str
    title: str
    points: int
    minutes: int
    difficulty: int
    module: str | None = None
    symbol: str | None = None
    written: bool = False
    requires: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    skill: str = ""  # what a student can do who has solved it, as a sentence

    @property
    def notebook(self) -> str:
        """The number of the task's notebook: "1" for task 1.2."""
        return self.id.split(".")[0]

    @property
    def space(self) -> str:
        """Where the symbol lives: "rnn" for starter/rnn.py, "cells1" for the cells of notebook 1."""
        return self.module or CELLS + self.notebook

    @property
    def sort_key(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.id.split("."))


@dataclass(frozen=True)
class Notebook:
    number: str
    name: str
    title: str
    module: str


@dataclass(frozen=True, eq=False)
class Course:
    """Everything that tasks.toml says."""

    tasks: dict[str, Task]
    notebooks: dict[str, Notebook]
    policy: dict[str, str]
    budget: dict[str, int]
    forbidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)

    @property
    def graded(self) -> list[Task]:
        """The auto-graded tasks, in order."""
        return [task for task in self.tasks.values() if not task.written]

    def graded_in(self, notebook: Notebook) -> list[Task]:
        """The auto-graded tasks of one notebook, in order."""
        return [task for task in self.graded if task.notebook == notebook.number]

    @property
    def written(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.written]

    def select(self, wanted: str) -> list[Task]:
        """The auto-graded tasks that "1.2", "1" or "01_sine_wave_rnn" names; KeyError with the choices otherwise."""
        number = next((n.number for n in self.notebooks.values() if n.name == Path(wanted).stem), wanted)
        chosen = [task for task in self.graded if wanted == task.id or number == task.notebook]
        if not chosen:
            written = any(task.id == wanted for task in self.written)
            reason = "is a written answer, which a person marks" if written else "names no task or notebook"
            raise KeyError(f"{wanted!r} {reason}; {self._choices(wanted.partition('.')[0])}")
        return chosen

    def _choices(self, number: str) -> str:
        """What may be named in the place of something that isn't there: tasks of that notebook, or the notebooks."""
        if number in self.notebooks:
            names = ", ".join(task.id for task in self.graded_in(self.notebooks[number]))
            return f"the tasks of notebook {number} that can be checked are {names}"
        return f"expected a notebook ({', '.join(self.notebooks)}) or one of its tasks, such as {self.graded[0].id}"


@cache
def load_course(path: Path = TASKS) -> Course:
    """Read the list of tasks. A mistake in it is a ValueError that names the task or the experiment."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    tasks = {task.id: task for task in sorted(_tasks(raw["tasks"]), key=lambda task: task.sort_key)}
    for task in tasks.values():
        if missing := [name for name in task.requires if name not in tasks]:
            raise ValueError(f"{path.name}: task {task.id} requires {missing[0]}, which does not exist")
    notebooks = {number: Notebook(number, **entry) for number, entry in raw["notebooks"].items()}
    forbidden = {name: tuple(calls) for name, calls in raw["forbidden"].items()}
    titles = {task.id: task.title for task in tasks.values()}
    experiments = read_experiments(raw.get("experiments", {}), titles, set(notebooks))
    return Course(tasks, notebooks, raw["policy"], raw["budget"], forbidden, experiments)


def _tasks(raw: dict[str, dict]):
    for name, entry in raw.items():
        values = dict(entry)
        cell = values.pop("cell", None)
        places = [cell, values.get("module"), values.get("written")]
        if sum(place is not None for place in places) != 1:
            raise ValueError(f"tasks.toml: task {name} needs one of module, cell and written")
        if cell is not None:
            values["symbol"] = cell
        values["requires"] = tuple(values.get("requires", ()))
        values["forbids"] = tuple(values.get("forbids", ()))
        yield Task(id=name, **values)
