"""The mutants that the checks are tried on: what is changed, how they are called, and that a sample of them is noticed."""

from __future__ import annotations

import ast
import os
import random

import pytest

from benchmarks import mutate
from benchmarks.mutate import first_to_notice, naming
from grader.mutants import OPERATORS, equivalents, mutants_of, mutations
from grader.recordings import Live
from grader.references import regions_of, variants_of
from grader.results import CheckResult, TaskResult
from grader.tasks import load_course

TASKS = load_course().graded
SAMPLE = 3  # of each task

# operator → a source, and the changes that it makes there
CHANGES = {
    "operator": ("total += a - b * -c", {"total -= a - b * -c", "total = a - b * -c", "a + b * -c", "a - b / -c", "b * c"}),
    "operand order": ("a + b - c @ d", {"c @ d - (a + b)", "a + b - d @ c"}),
    "operand dropped": ("y = a + b", {"a", "b"}),
    "comparison": ("y = a < b == c", {"a <= b == c", "a >= b == c", "a < b != c"}),
    "condition": ("y = a or b or c", {"a and b and c", "b or c", "a or c", "a or b"}),
    "axis": ("y = x.sum(dim=-1)", {"x.sum(dim=1)", "x.sum(dim=-2)", "x.sum(dim=-0)"}),
    "constant": ("y = [True, 3, 0.5, '<b']", {"[False, 3, 0.5, '<b']", "[True, 4, 0.5, '<b']", "[True, 2, 0.5, '<b']",
                 "[True, 3, 1.0, '<b']", "[True, 3, 0.0, '<b']", "[True, 3, 0.5, 'b']", "[True, 3, 0.5, '<']"}),
    "order": ("f(a, b, c)", {"f(b, a, c)", "f(a, c, b)"}),
    "argument dropped": ("f(a, b, c=d, e=g)", {"f(a, b, e=g)", "f(a, b, c=d)", "f(a, c=d, e=g)"}),
    "call dropped": ("y = [torch.tanh(x), x.detach(), w.T]", {"[x, x.detach(), w.T]", "[torch.tanh(x), x, w.T]",
                     "[torch.tanh(x), x.detach(), w]"}),
    "function": ("y = x.sum()", {"x.mean()"}),
    "slice": ("y = x[1:-1]", {"x[:-1]", "x[1:]"}),
    "statement dropped": ("try:\n    x = 1\nfinally:\n    f(x)", {"x = 1", "pass"}),
    "branches": ("if a:\n    x = b if c else d", {"if not a:", "x = b if c else d", "d if c else b", "b", "d"}),
}  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_makes_its_changes(operator):
    source, wanted = CHANGES[operator]
    found = [mutant for mutant in mutations(source) if mutant.operator == operator]
    assert {mutant.after for mutant in found} == wanted
    assert all(ast.unparse(ast.parse(mutant.body)) == mutant.body != ast.unparse(ast.parse(source)) for mutant in found)


def test_words_for_readers_are_left_alone():
    source = 'def f(x: int = 0) -> int:\n    """It is 1 - 1."""\n    if x:\n        raise ValueError(f"{x + 1} of {2}")'
    assert {mutant.after for mutant in mutations(source)} == {
        "pass",
        "if not x:",
        "raise ValueError(f'{x + 1} of {2}')",
    }


def test_mutants_have_names_of_their_own_that_stay():
    """Made anew they are called the same; no two of a task have a name, or a text, in common."""
    for task in TASKS:
        made = mutants_of(task)
        ids = [mutant.id for mutant in made]
        again = [mutant.id for part, body in regions_of(task) for mutant in mutations(body, task.id, part)]
        assert ids == again and len(set(ids)) == len({(m.part, m.body) for m in made}) == len(made) > 0, task.id
        assert all(name.startswith(task.id) for name in ids)


def test_two_changes_on_a_line_that_read_alike_are_numbered():
    ids = [mutant.id for mutant in mutations("y = f(1) + f(1)", "9.9") if mutant.operator == "constant"]
    assert ids == ["9.9:1 constant: f(1) → f(2)", "9.9:1 constant: f(1) → f(0)", "9.9:1 constant: f(1) → f(2) (2)",
                   "9.9:1 constant: f(1) → f(0) (2)"]  # fmt: skip


def test_every_equivalent_is_a_mutant_and_has_a_reason():
    known = {mutant.id for task in TASKS for mutant in mutants_of(task)}
    assert sorted(set(equivalents()) - known) == []
    assert all(reason.endswith(".") and len(reason) > 10 for reason in equivalents().values())


@pytest.mark.parametrize("task", [task.id for task in TASKS])
def test_a_sample_is_noticed(course, library, task):
    made = [mutant for mutant in mutants_of(course.tasks[task]) if mutant.id not in equivalents()]
    for mutant in random.Random(task).sample(made, min(SAMPLE, len(made))):
        assert first_to_notice(mutant, course, library), mutant.id


@pytest.fixture(scope="module")
def library(course):
    return Live(course, 4)


def test_a_mutant_that_goes_on_for_ever_is_ended(course, library, monkeypatch):
    monkeypatch.setattr(mutate, "CHECK_SECONDS", 0.5)
    endless = next(m for m in mutants_of(course.tasks["1.5"]) if m.after == "pass" and "forecasts.append" in m.before)
    assert first_to_notice(endless, course, library)


def test_a_mutant_that_ends_its_process_is_noticed(course, library, monkeypatch):
    monkeypatch.setattr(mutate, "_passes", lambda *arguments: os._exit(1))
    assert first_to_notice(mutants_of(course.tasks["4.7"])[0], course, library) == "its process ended"


@pytest.mark.parametrize(("message", "hint", "is_value", "by"), [
    ("", "The loop ends a step too soon.", True, ""),
    ("", "Tried alone, the bias is wrong; h is right.", True, ""),
    ("", "Tried alone, the term with h is wrong; the bias is right.", True, "words"),
    ("h is 2, expected 1", "", True, ""),
    ("expected a ValueError for another h; nothing was raised", "", False, "words"),
    ("TypeError: no (starter/rnn.py, line 3: CODE)", "", True, "line"),
    ("TypeError: no (starter/rnn.py, line 3: y = h)", "", True, ""),
])  # fmt: skip
def test_how_a_card_names_a_change(course, message, hint, is_value, by):
    mutant = next(m for m in mutants_of(course.tasks["1.2"]) if m.after == "h is not None")
    check = CheckResult(
        "n", "", "failed", is_value=is_value, message=message.replace("CODE", mutant.code[0]), hint=hint
    )
    assert naming(mutant, TaskResult("1.2", 3, [check])) == by


def test_a_listed_mistake_names_a_change_that_it_makes_itself(course):
    mutant = next(m for m in mutants_of(course.tasks["1.2"]) if m.operator == "call dropped" and "tanh" in m.before)
    for name, by in (("tanh_missing", "bank"), ("bias_hh_missing", "")):
        listed = [variant.hint for variant in variants_of("1.2") if variant.name == name]
        assert listed, [variant.name for variant in variants_of("1.2")]
        result = TaskResult("1.2", 3, [CheckResult("n", "", "failed", hint=listed[0])])
        assert naming(mutant, result) == by
