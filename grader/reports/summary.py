"""What an instructor wants to know of a class: told from its records, which are gone through once and not kept."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.experiments import Experiment
from grader.lint import UNREADABLE
from grader.reports.prediction import value_text
from grader.results import is_missing, is_to_do
from grader.tasks import Course, Notebook, Task

__all__ = ["LEAST_STUDENTS", "STATES", "Summary", "summarise"]

LEAST_STUDENTS = 20  # who began a notebook, for a correlation to be shown
BINS = 10  # of a distribution
# what became of a task → in words, from the best on
STATES = {"full": "full points", "part": "some points", "none": "no points", "to do": "not started",
          "absent": "not handed in", "unjudged": "not judged"}  # fmt: skip
SIGNS = {"passed": "\u2713", "failed": "\u2717", "harness_error": "?"}
LOOKS = {"harness_error": "the grading failed", "invalid": "nothing to grade", "crashed": "ended its process",
         "out_of_memory": "ran out of memory", "timeout": "ran out of time", "unloaded": "a file can't be loaded",
         "forbidden": "used what is forbidden", "unread": "has to be read by a person"}  # fmt: skip
ENDED = ("crashed", "out_of_memory", "timeout", "harness_error")


@dataclass
class Row:
    """A submission in the table of the class; it has no signs where nothing was graded."""

    student: str
    score: float
    max_score: float
    reason: str
    signs: list[str]


@dataclass
class Look:
    """Submissions that a person should look at, for one reason."""

    what: str
    reason: str
    students: dict[str, list[str]]  # with the tasks in which it was so


@dataclass
class Mistake:
    """What several students did wrong: `told` is the hint, or the check where no hint was found."""

    task: Task
    told: str
    hidden: bool  # whether it was told at a hidden check alone
    students: list[str]


@dataclass
class OfTask:
    """How a task went: how many came how far, their mean share of its points, and how well it tells students apart."""

    task: Task
    states: Counter[str]
    share: float | None  # of those who began it
    correlation: float | None  # with the rest of the notebook

    @property
    def handed_in(self) -> int:
        return self.states.total() - self.states["absent"]


@dataclass
class OfNotebook:
    """How a notebook went, among those who began it: their shares of its points, in bins from 0 to 100 %."""

    notebook: Notebook
    students: int
    bins: list[int]
    median: float | None
    tasks: list[OfTask]


@dataclass
class Predicted:
    """What the class predicted of an experiment, and what came."""

    experiment: Experiment
    count: int
    said: str
    came: str
    compared: int  # of the predictions that have a result
    close: int
    revised: int


@dataclass
class Summary:
    """The class."""

    rows: list[Row] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    looks: list[Look] = field(default_factory=list)
    notebooks: list[OfNotebook] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    unexplained: list[Mistake] = field(default_factory=list)
    predictions: list[Predicted] = field(default_factory=list)

    @property
    def to_look_at(self) -> int:
        return len({student for look in self.looks for student in look.students})


def summarise(submissions: Iterable[dict], course: Course) -> Summary:
    """What the records of a class say, each looked at once."""
    summary = Summary()
    results: dict[str, dict[str, tuple[str, float]]] = {}
    looks: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
    named, unnamed = defaultdict(dict), defaultdict(dict)
    predictions = defaultdict(list)
    for entry in submissions:
        student, tasks = entry["student"], {task["id"]: task for task in entry["tasks"]}
        summary.statuses[entry["status"]] += 1
        summary.rows.append(Row(student, entry["score"], entry["max_score"], entry.get("reason", ""),
                                [_sign(tasks.get(task.id)) for task in course.graded] if tasks else []))  # fmt: skip
        for look, names in _looks(entry, course).items():
            looks[look][student] = names
        if tasks:
            results[student] = {name: (_state(task), task["score"]) for name, task in tasks.items()}
        for task in entry["tasks"]:
            _add_mistakes(task, student, named, unnamed)
        for record in entry.get("predictions", []):
            predictions[record["id"]].append(record)
    summary.looks = [Look(words, reason, looks[kind, reason]) for kind, words in LOOKS.items()
                     for own, reason in looks if own == kind]  # fmt: skip
    groups = [(notebook, course.graded_in(notebook)) for notebook in course.notebooks.values()]
    summary.notebooks = [_notebook(notebook, tasks, results) for notebook, tasks in groups if tasks]
    summary.mistakes, summary.unexplained = _counted(named, course), _counted(unnamed, course)
    summary.predictions = [_predicted(experiment, predictions[experiment.id])
                           for experiment in course.experiments.values()
                           if any(record["guess"] is not None for record in predictions[experiment.id])]  # fmt: skip
    return summary


def _state(task: dict) -> str:
    """How far a submission came in a task."""
    if is_missing(task):
        return "absent"
    if is_to_do(task):
        return "to do"
    if task["verdict"] == "harness_error":
        return "unjudged"
    return "full" if task["score"] >= task["points"] else "part" if task["score"] > 0 else "none"


def _sign(task: dict | None) -> str:
    """One character for a task of a submission."""
    if task is None or is_missing(task):
        return "\u00b7"
    return "\u25cb" if is_to_do(task) else SIGNS.get(task["verdict"], "!")


# what needs a look


def _looks(entry: dict, course: Course) -> dict[tuple[str, str], list[str]]:
    """(kind, reason) → tasks, for all that a person should look at in a submission."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    if not entry["tasks"]:
        found[entry["status"], entry.get("reason", "")] = []
    for task in entry["tasks"]:
        ended = next((check for check in task["checks"] if check["verdict"] in ENDED), None)
        reasons = [(ended["verdict"], ended["message"])] if ended else []
        reasons += [("forbidden" if finding["forbidden"] else "unread", finding["message"])
                    for finding in task.get("lint", []) if finding["message"] != UNREADABLE]  # fmt: skip
        for reason in dict.fromkeys(reasons):
            found[reason].append(task["id"])
    return found | {("unloaded", reason): names for reason, names in _unloaded(entry, course)}


def _unloaded(entry: dict, course: Course) -> list[tuple[str, list[str]]]:
    """(what was said, tasks) where one exception stopped every check of a file that has several tasks."""
    spaces: dict[str, list[dict]] = defaultdict(list)
    for task in entry["tasks"]:
        spaces[course.tasks[task["id"]].space].append(task)
    found = []
    for tasks in spaces.values():
        said = {(check["verdict"], check["message"]) for task in tasks for check in task["checks"]}
        if len(tasks) > 1 and len(said) == 1 and not any(is_missing(task) or is_to_do(task) for task in tasks):
            ((verdict, message),) = said
            found += [(message, [task["id"] for task in tasks])] if verdict == "error" else []
    return found


# distributions


def _notebook(notebook: Notebook, tasks: list[Task], results: dict[str, dict[str, tuple[str, float]]]) -> OfNotebook:
    names = [task.id for task in tasks]
    began = [student for student, own in results.items()
             if any(name in own and own[name][0] not in ("to do", "absent") for name in names)]  # fmt: skip
    scores = {name: [results[student][name][1] if name in results[student] else 0.0 for student in began]
              for name in names}  # fmt: skip
    totals = [sum(column) for column in zip(*scores.values(), strict=True)]
    points = sum(task.points for task in tasks)
    bins = [0] * BINS
    for total in totals:
        bins[min(int(BINS * total / points), BINS - 1)] += 1
    states = {name: Counter(own[name][0] for own in results.values() if name in own) for name in names}
    return OfNotebook(notebook, len(began), bins, round(statistics.median(totals), 1) if totals else None,
                      [OfTask(task, states[task.id], _share(task, results), _correlation(scores[task.id], totals))
                       for task in tasks])  # fmt: skip


def _share(task: Task, results: dict[str, dict[str, tuple[str, float]]]) -> float | None:
    """The mean share of a task's points, among those who began it."""
    own = [result[task.id] for result in results.values() if task.id in result]
    scores = [score for state, score in own if state in ("full", "part", "none")]
    return statistics.fmean(scores) / task.points if scores else None


def _correlation(scores: list[float], totals: list[float]) -> float | None:
    """Of a task's scores with what the rest of the notebook gave; None for few students, or where all are alike."""
    rests = [round(total - score, 6) for score, total in zip(scores, totals, strict=True)]
    if len(scores) < LEAST_STUDENTS or len(set(scores)) == 1 or len(set(rests)) == 1:
        return None
    return statistics.correlation(scores, rests)


# mistakes


def _add_mistakes(task: dict, student: str, named: dict, unnamed: dict) -> None:
    """Note the hints of a task that is not right; where it has none, the first check that failed."""
    if _state(task) in ("absent", "to do", "unjudged"):
        return
    wrong = [check for check in task["checks"] if check["verdict"] in ("failed", "error")]
    hinted = [check for check in wrong if check["hint"]]
    for check in hinted or wrong[:1]:
        into, told = (named, check["hint"]) if hinted else (unnamed, check["sentence"])
        students = into[task["id"], told]
        students[student] = students.get(student, True) and check["hidden"]


def _counted(found: dict[tuple[str, str], dict[str, bool]], course: Course) -> list[Mistake]:
    """The mistakes, those of most students first."""
    mistakes = [Mistake(course.tasks[name], told, all(students.values()), [*students])
                for (name, told), students in found.items()]  # fmt: skip
    return sorted(mistakes, key=lambda mistake: (-len(mistake.students), mistake.task.sort_key, mistake.told))


# predictions


def _predicted(experiment: Experiment, records: list[dict]) -> Predicted:
    guesses = [record["guess"] for record in records if record["guess"] is not None]
    measured = [record["measured"] for record in records if record["measured"] is not None]
    compared = [record["close"] for record in records if record["close"] is not None]
    return Predicted(experiment, len(guesses), _told(experiment, guesses, every=True), _told(experiment, measured),
                     len(compared), sum(compared), sum(record["revised"] is not None for record in records))  # fmt: skip


def _told(experiment: Experiment, values: list, every: bool = False) -> str:
    """How many took each choice, `every` one or those that came; of numbers the median, and from where to where they go."""
    if not values:
        return "nothing yet"
    if experiment.choices:
        counts = Counter(values)
        return ", ".join(f"{choice} {counts[choice]}" for choice in experiment.choices if every or counts[choice])
    middle = value_text(experiment, statistics.median(values))
    if min(values) == max(values):
        return middle
    ends = [value_text(experiment, value).removesuffix(f" {experiment.unit}") for value in (min(values), max(values))]
    return f"{middle} ({ends[0]} to {ends[1]})"
