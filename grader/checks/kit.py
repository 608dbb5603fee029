"""What makes a function a check, or a part that is tried alone, and the lists of both."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import grader.checks
from grader.compare import Mismatch, agree, agree_on_device, gradients_agree, no_effects, raises, shown
from grader.engine.values import Array, Seen

__all__ = [
    "Check",
    "Mismatch",
    "Part",
    "agree",
    "agree_on_device",
    "all_checks",
    "answer",
    "check",
    "checks_of",
    "expect",
    "gradients_agree",
    "no_effects",
    "part",
    "parts_of",
    "piece",
    "raises",
    "shown",
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


@dataclass(frozen=True)
class Part:
    """One term, gate, mask or direction of a task, tried where nothing else decides the output."""

    name: str
    task: str
    what: str
    function: Callable


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


def part(task: str, what: str) -> Callable:
    """Mark `part_name(student, reference, draw)` as a part of `task`: it passes where `what` is right, whatever else is wrong.

    Parts earn nothing. They run where a task fails in a way that the bank of mistakes does not know, and the card says
    which of them are right. They stand in files named parts_….py, and `what` names them in a sentence.
    """

    def mark(function: Callable) -> Callable:
        function.part = Part(function.__name__, task, what, function)
        return function

    return mark


def expect(condition: bool, otherwise: str) -> None:
    """Fail the check with a sentence unless the condition holds."""
    if not condition:
        raise Mismatch(otherwise)


def answer(seen: Seen, kind: type, what: str):
    """The value seen, which has to be of this kind; what was raised or came instead fails the check."""
    agree(seen, Seen(seen.value), what)
    expect(isinstance(seen.value, kind), f"{what} is {shown(seen.value)}, expected a {kind.__name__}")
    return seen.value


def piece(seen: Seen, *path) -> Seen:
    """A piece of what was seen: an entry of a tuple or dict by its place or key, part of a tensor by an index.

    A piece that isn't there is a `Mismatch`; an exception stays what it is.
    """
    value = seen.value
    for step in path if seen.failure is None else ():
        try:
            value = _sliced(value, step) if isinstance(value, Array) else value[step]
        except (IndexError, KeyError, TypeError):
            raise Mismatch(f"the result has no {step}", seen=seen) from None
    return Seen(value, seen.failure)


def _sliced(array: Array, index) -> Array:
    data = array.data[index]
    return Array(data, tuple(data.shape), array.dtype, array.device)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the files."""
    return tuple(_marked("test_", "check"))


@cache
def all_parts() -> tuple[Part, ...]:
    """Every part, in the order of the files."""
    return tuple(_marked("parts_", "part"))


def _marked(prefix: str, mark: str) -> list:
    """What is marked in the files of this folder that begin with `prefix`."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(grader.checks.__path__))
    modules = [importlib.import_module(f"grader.checks.{name}") for name in names if name.startswith(prefix)]
    return [getattr(function, mark) for module in modules for function in vars(module).values()
            if hasattr(function, mark) and function.__module__ == module.__name__]  # fmt: skip


def checks_of(task: str, hidden: bool = True) -> list[Check]:
    """The checks of one task, with or without the hidden ones."""
    return [entry for entry in all_checks() if entry.task == task and (hidden or not entry.hidden)]


def parts_of(task: str) -> list[Part]:
    """The parts of one task."""
    return [entry for entry in all_parts() if entry.task == task]
