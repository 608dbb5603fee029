"""The class on one page: what the instructor is told of a class that was made up, and that nothing of it is believed."""

from __future__ import annotations

import random
import re
import statistics

import pytest

from grader.reports.index import index_page
from grader.reports.summary import LEAST_STUDENTS, summarise
from grader.results import MISSING
from grader.similarity import Alike, Found
from tests.test_reports import check, record, told

HINTS = ("The forget gate and the input gate are swapped.", "The mean is taken over padding as well.", "`W_hh h` is missing.")


def a_class(course, count: int = 120, seed: int = 0) -> list[dict]:
    """Records as a grading gives them: each student can so much, which decides what of notebooks 1 and 2 is solved."""
    rng = random.Random(seed)
    entries = []
    for number in range(count):
        able, far = rng.gauss(0, 1), rng.randrange(4, 17)
        states = {}
        for place, task in enumerate(task for task in course.graded if task.notebook in "12"):
            if place < far:
                states[task.id] = _checks(rng, able - task.difficulty + 2 + rng.gauss(0, 0.7), place)
        absent = [check("error", f"starter/text.py {MISSING}")]
        states |= {task.id: absent for task in course.graded if task.notebook in "345"}
        entries.append(record(course, states, student=f"student-{number:03}", predictions=_predictions(course, rng)))
    return entries


def _checks(rng: random.Random, luck: float, place: int) -> list[dict]:
    if luck > 0:
        return [check(), check(), check(hidden=True)]
    if luck > -0.6:
        return [check(), check(), check("failed", "got 1, expected 2", HINTS[place % 3], hidden=True)]
    if luck > -2.5:
        hint = HINTS[rng.randrange(3)] if rng.random() < 0.7 else ""
        return [check("failed", "got 1, expected 2", hint), check("failed", "got 3"), check("failed", hidden=True)]
    if luck > -3:
        return [check("timeout", "it was still running after 10 seconds"), check("timeout", "not run"), check()]
    return [check("error", "TypeError: no"), check("error", "TypeError: no"), check("error", "TypeError: no", hidden=True)]


def _predictions(course, rng: random.Random) -> list[dict]:
    made = []
    for experiment in course.experiments.values():
        if experiment.notebook in "12" and rng.random() < 0.8:
            came = experiment.choices[-1] if experiment.choices else 4.0
            guess = rng.choice(experiment.choices) if experiment.choices else round(rng.lognormvariate(1.4, 0.8), 1)
            made.append({"id": experiment.id, "guess": guess, "measured": came, "revised": came if rng.random() < 0.1 else None,
                         "close": experiment.close(guess, came)})  # fmt: skip
    return made


def results(entries: list[dict]) -> dict:
    return {"submissions": entries, "ignored": [], "seed": 5, "device": "cpu", "versions": {"unrolled": "1"}, "isolation": []}


def page(course, entries: list[dict], alike=()) -> str:
    return index_page(results(entries), {entry["student"]: "" for entry in entries}, course, alike)
