"""The decorator that makes a test a check, and the list of all checks."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import grader.checks
from grader.compare import Mismatch, agree, agree_on_device, gradients_agree, no_effects, raises
from grader.engine.values import Seen

__all__ = [
    "Check",
    "Mismatch",
    "agree",
    "agree_on_device",
    "all_checks",
    "answer",
    "check",
    "checks_of",
    "expect",
    "gradients_agree",
    "no_effects",
    "raises",
]  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One test of one task. Its sentence is what a student reads; a property earns nothing without the values."""

    name: str
    task: str
    sentence: str
    function: Callable
    is_value: bool = True
    hidden: bool = False
    weight: int = 1


def check(task: str, *, value: bool = True, hidden: bool = False, weight: int = 1) -> Callable:
    """Mark a test `test_name(student, reference, draw)` as a check of `task`; the docstring is its sentence."""

    def mark(function: Callable) -> Callable:
        sentence = " ".join((function.__doc__ or "").split())
        if not sentence:
            raise ValueError(f"{function.__name__} needs a docstring: it is the sentence that a student reads")
        name = function.__name__.removeprefix("test_")
        function.check = Check(name, task, sentence, function, value, hidden, weight)
        return function

    return mark


def expect(condition: bool, otherwise: str) -> None:
    """Fail the check with a sentence unless the condition holds."""
    if not condition:
        raise Mismatch(otherwise)


def answer(seen: Seen, kind: type, what: str):
    """The value seen, which has to be of this kind; what was raised or came instead fails the check."""
    agree(seen, Seen(seen.value), what)
    expect(isinstance(seen.value, kind), f"{what} is of another kind than expected, a {kind.__name__}")
    return seen.value


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the files."""
    found = []
    for entry in sorted(pkgutil.iter_modules(grader.checks.__path__), key=lambda entry: entry.name):
        if entry.name.startswith("test_"):
            module = importlib.import_module(f"grader.checks.{entry.name}")
            found += [function.check for function in vars(module).values() if hasattr(function, "check")]
    return tuple(found)


def checks_of(task: str, hidden: bool = True) -> list[Check]:
    """The checks of one task, with or without the hidden ones."""
    return [entry for entry in all_checks() if entry.task == task and (hidden or not entry.hidden)]
