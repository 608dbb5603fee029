"""Judging anything that a worker may answer: each check ends in a verdict on it, and no report shows it as it came.

Answers are the reference's own, of which one or two are changed: so a check is led as far as it goes, and then astray.
`UNROLLED_FUZZ=100 python -m pytest tests/test_judging_fuzzed.py` tries a hundred times as much.
"""

from __future__ import annotations

import contextlib
import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from rich.console import Console

from grader.checks.kit import checks_of
from grader.engine.values import Array, Ask, Seen
from grader.judge import Judge
from grader.recordings import Live
from grader.references import reference_bench
from grader.reports.card import card_html, card_text
from grader.reports.index import index_page
from grader.reports.student import student_page
from grader.reports.table import to_csv
from grader.reports.terminal import class_table
from grader.results import CheckResult, TaskResult, dump
from grader.subject import Subject
from grader.tasks import load_course
from tests.fuzzing import ARRAYS, EFFECTS, FAILURES, LONGER, SEEN, TEXTS, VALUES, tried
from tests.test_reports import Reader

COURSE = load_course()
TASKS = COURSE.graded if LONGER else COURSE.graded[::4]
ASKS = st.lists(st.builds(Ask, st.integers(-1, 2), st.lists(VALUES, max_size=3).map(tuple)), max_size=3)


class Recorded(Live):
    """Recordings without a bank, that remember which check was asked for last and what the reference answers as a student."""

    def __init__(self):
        super().__init__(COURSE, seed=0)
        self._bench = reference_bench(COURSE)
        self._right: dict[str, list[tuple[list[Ask], Seen]]] = {}
        self.current = None

    def variants(self, check) -> dict:
        return {}

    def get(self, check):
        self.current = check
        return super().get(check)

    def right(self) -> list[tuple[list[Ask], Seen]]:
        """The right answers to the current check, each with what is asked on the way."""
        key = f"{self.current.task}/{self.current.name}"
        if key not in self._right:
            self._right[key] = self._answers(COURSE.tasks[self.current.task].space)
        return self._right[key]

    def _answers(self, space: str) -> list[tuple[list[Ask], Seen]]:
        answers = []

        def perform(request, ask):
            asked: list[Ask] = []
            seen = self._bench.perform(request, lambda one: (asked.append(one), ask(one))[1])
            answers.append((asked, seen))
            return seen

        reference, draw = super().get(self.current).fixtures(space)
        self.current.function(student=Subject(perform, space), reference=reference, draw=draw)
        return answers


class Astray:
    """A session that answers as the reference does, but for one or two answers of each check."""

    def __init__(self, library: Recorded, data):
        self._library, self._data = library, data
        self._answers: Iterator[tuple[list[Ask], Seen]] = iter(())

    def source(self, task) -> None:
        return None

    def begin(self, space: str, substitutes: list[str]) -> None:
        return None

    def begin_task(self) -> None:
        pass

    def begin_check(self, at_most: float = 0) -> None:
        answers = list(self._library.right()) if self._library.current is not None else []
        with contextlib.suppress(
            UnsatisfiedAssumption
        ):  # a draw that came to nothing: the judge would take it for a fault
            self._change(answers)
        self._answers = iter(answers)
        self._library.current = None  # of parts there are no answers

    def _change(self, answers: list) -> None:
        for _ in range(self._data.draw(st.integers(1, 2)) if answers else 0):
            place = self._data.draw(st.integers(0, len(answers) - 1))
            asked, seen = answers[place]
            answers[place] = (self._data.draw(st.just(asked) | ASKS), self._data.draw(_other(seen)))

    def perform(self, request, ask) -> Seen:
        asked, seen = next(self._answers, ([], Seen(1)))
        for one in asked:
            ask(one)
        return seen


@st.composite
def _other(draw, seen: Seen) -> Seen:
    """Something else in the place of an answer: any at all, or this one with a change somewhere."""
    kind = draw(st.sampled_from(("value", "value", "value", "any", "gradients", "effects", "failure")))
    if kind == "any":
        return draw(SEEN)
    if kind == "failure":
        return Seen(failure=draw(FAILURES))
    if kind == "effects":
        return replace(seen, effects=draw(st.lists(EFFECTS, max_size=3)))
    if kind == "gradients" and seen.gradients:
        name = draw(st.sampled_from(sorted(seen.gradients)))
        return replace(seen, gradients=seen.gradients | {name: draw(st.none() | ARRAYS)})
    return replace(seen, value=draw(_changed(seen.value)))


def _changed(value) -> st.SearchStrategy:
    """A value with a change in it."""
    if isinstance(value, Array):
        return st.sampled_from(tuple(TURNS)).flatmap(lambda turn: st.just(_turned(value, turn))) | VALUES
    if isinstance(value, list | tuple) and value:
        return _changed_entries(value) | VALUES
    if isinstance(value, dict) and value:
        return _changed_items(value) | VALUES
    return VALUES


@st.composite
def _changed_entries(draw, value):
    entries, place = list(value), draw(st.integers(0, len(value) - 1))
    kind = draw(st.sampled_from(("inside", "inside", "gone", "twice", "more", "other kind", "none")))
    if kind == "inside":
        entries[place] = draw(_changed(entries[place]))
    elif kind == "gone":
        del entries[place]
    elif kind == "twice":
        entries.insert(place, entries[place])
    elif kind == "more":
        entries.append(draw(VALUES))
    elif kind == "none":
        entries = []
    return entries if (kind == "other kind") == isinstance(value, tuple) else tuple(entries)


@st.composite
def _changed_items(draw, value):
    items, key = dict(value), draw(st.sampled_from(list(value)))
    kept = items.pop(key)
    kind = draw(st.sampled_from(("inside", "inside", "gone", "renamed")))
    if kind == "inside":
        items[key] = draw(_changed(kept))
    elif kind == "renamed":
        items[draw(TEXTS)] = kept
    return items


TURNS = {
    "nothing": lambda data: None,
    "other type": lambda data: data.to(torch.float64 if data.dtype != torch.float64 else torch.int32),
    "whole": lambda data: data.long(),
    "bool": lambda data: data.bool(),
    "NaN": lambda data: torch.full_like(data, float("nan"), dtype=torch.float32),
    "infinite": lambda data: torch.full_like(data, float("-inf"), dtype=torch.float32),
    "too large": lambda data: data + 120 if data.dtype in (torch.int64, torch.float32) else data,
    "below": lambda data: -data - 1 if data.dtype in (torch.int64, torch.float32) else data,
    "zeros": torch.zeros_like,
    "another axis": lambda data: data[None],
    "an axis less": lambda data: data.flatten()[0] if data.numel() else data.flatten(),
    "flat": lambda data: data.flatten(),
    "turned": lambda data: data.T.contiguous() if data.dim() == 2 else data.flip(0) if data.dim() else data,
    "shorter": lambda data: data[1:] if data.dim() else data,
    "empty": lambda data: data[:0] if data.dim() else data,
}


def _turned(array: Array, turn: str) -> Array:
    data = None if array.data is None else TURNS[turn](array.data)
    if data is None:
        return replace(array, data=None)
    data = data.contiguous()
    return Array(data, tuple(data.shape), str(data.dtype), array.device, array.requires_grad)


@pytest.fixture(scope="module")
def library() -> Recorded:
    return Recorded()


class Alike:
    """A session that performs every request alike."""

    def __init__(self, perform):
        self.perform = perform

    source = begin = begin_task = begin_check = lambda self, *arguments: None


def judged(task, session, library) -> TaskResult:
    judge = Judge(COURSE, library, session)
    judge.results = {name: TaskResult(name, 1, [CheckResult("", "", "passed")]) for name in task.requires}
    return judge.judge(task)


@pytest.mark.parametrize("task", TASKS, ids=[task.id for task in TASKS])
def test_every_answer_ends_in_a_verdict(library, task):
    @given(st.data())
    @tried(4)
    def judge_anything(data):
        result = judged(task, Astray(library, data), library)
        assert {check.verdict for check in result.checks} <= {"passed", "failed", "error", "out_of_memory"}, told(
            result
        )
        shows_nothing_as_it_came(result, task)

    judge_anything()


def told(result: TaskResult) -> list[str]:
    return [f"{check.name}: {check.message}" for check in result.checks if check.verdict == "harness_error"]


def shows_nothing_as_it_came(result: TaskResult, task) -> None:
    dump(result.record())
    assert harmless(card_text(result, task))
    assert harmless(card_html(result, task)) and not has_markup(card_html(result, task))


def harmless(text: str) -> bool:
    """Whether a text holds no control characters, no marks of direction and no surrogates."""
    return all(char in "\n\t" or unicodedata.category(char)[0] != "C" for char in text)


def has_markup(page: str) -> bool:
    """Whether a page holds markup that came from a worker."""
    return any(mark in page for mark in ("<script", "<img", "<b>"))


def test_the_answers_that_are_changed_are_right(library):
    """Else a check would end before the change."""
    for check in checks_of("2.2"):
        recording = library.get(check)
        answers = iter(library.right())
        reference, draw = recording.fixtures("gated")
        check.function(
            student=Subject(lambda request, ask, a=answers: next(a)[1], "gated"), reference=reference, draw=draw
        )


def test_a_session_that_fails_is_no_fault_of_the_students(library):
    """What can't be asked is told as ours, and so is a check that stumbles before anything was answered."""

    def fail(request, ask):
        raise OSError("no worker")

    result = judged(COURSE.tasks["1.2"], Alike(fail), library)
    assert {(check.verdict, check.message) for check in result.checks} == {("harness_error", "OSError: no worker")}


# reports

MESSAGES = TEXTS | st.lists(TEXTS, max_size=3).map("\n".join)


@st.composite
def _entries(draw) -> dict:
    """A submission's record in which every text is a worker's."""
    tasks = [_task_result(draw, task).record() for task in COURSE.graded[:4]]
    student = draw(TEXTS).encode("utf-8", "backslashreplace").decode() or "x"  # as the intake gives it
    return {"student": student, "status": "graded", "score": sum(task["score"] for task in tasks), "max_score": 100,
            "pending": [], "tasks": tasks, "predictions": []}  # fmt: skip


def _task_result(draw, task) -> TaskResult:
    checks = [
        CheckResult(check.name, check.sentence, draw(st.sampled_from(("passed", "failed", "error", "crashed"))),
                    hidden=check.hidden, message=draw(MESSAGES), hint=draw(MESSAGES))
        for check in checks_of(task.id)[:3]
    ]  # fmt: skip
    return TaskResult(task.id, task.points, checks)


@given(st.lists(_entries(), min_size=1, max_size=2))
@tried(25)
def test_no_report_shows_a_text_as_it_came(entries):
    results = {"submissions": entries, "ignored": [entry["student"] for entry in entries], "seed": 0, "device": "cpu",
               "versions": {}, "isolation": []}  # fmt: skip
    dump(results)
    pages = [student_page(entry, COURSE) for entry in entries]
    pages.append(index_page(results, {entry["student"]: "reports/x.html" for entry in entries}, COURSE))
    for page in pages:
        assert harmless(page) and not has_markup(page)
        assert "onerror" not in {name for name, _ in Attributes(page).found}
    for row in csv.reader(io.StringIO(to_csv(results))):
        assert all(harmless(cell) and cell[:1] not in "=+-@\t\r\n" for cell in row if cell)
    console = Console(width=120, file=io.StringIO())
    console.print(class_table(results, COURSE))
    assert harmless(console.file.getvalue())


class Attributes(Reader):
    """A page whose form is sound, and the attributes in it."""

    def __init__(self, page: str):
        self.found: list[tuple[str, str | None]] = []
        super().__init__(page)

    def handle_starttag(self, tag, attributes):
        self.found += attributes
        super().handle_starttag(tag, attributes)


@given(st.builds(Seen, st.none(), FAILURES))
@tried(40)
def test_no_exception_is_too_strange_for_a_card(library, seen):
    result = judged(COURSE.tasks["1.1"], Alike(lambda request, ask: seen), library)
    assert "harness_error" not in {check.verdict for check in result.checks}
    shows_nothing_as_it_came(result, COURSE.tasks["1.1"])
