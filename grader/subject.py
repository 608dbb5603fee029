"""What a check holds in its hands: the student's code, the reference or a wrong variant, all alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from grader.calls import label_of, written
from grader.engine.values import Answer, Ask, Call, Callback, Failure, Handle, Seen

__all__ = ["Subject", "Thing", "Unusable", "replaying"]


class Transport(Protocol):
    """Carries a request to wherever the code runs, and brings back what was seen."""

    def __call__(self, request: Call, ask: Callable[[Ask], Answer]) -> Seen: ...


class Unusable(Exception):
    """Something that a check builds on could not be made; `failure` is what its code raised."""

    def __init__(self, name: str, failure: Failure):
        super().__init__(f"{name}: {failure.kind}: {failure.message}")
        self.failure = failure


class Subject:
    """Calls functions and makes objects in one space, and keeps everything seen in `log`.

    `calls` holds for each entry of the log how the call is written, for messages.
    """

    def __init__(self, transport: Transport, space: str):
        self._transport = transport
        self._space = space
        self._kept = 0
        self.log: list[Seen] = []
        self.calls: list[str] = []
        self._labels: dict[int, str] = {}

    def call(self, name: str, *args, gradients: bool = False, device: str | None = None) -> Seen:
        """Call a function of the space, or of the props as "props.NAME"."""
        space, symbol = self._place(name)
        return self._perform(Call(space, symbol, args, gradients=gradients, device=device))

    def new(self, name: str, *args, weights: dict | None = None, device: str | None = None) -> Thing:
        """Make an object that stays where the code runs, with these weights loaded. `Unusable` if that fails."""
        space, symbol = self._place(name)
        return self._keep(name, Call(space, symbol, args, weights=weights, device=device))

    def _place(self, name: str) -> tuple[str, str]:
        return ("props", name[6:]) if name.startswith("props.") else (self._space, name)

    def _keep(self, name: str, call: Call) -> Thing:
        self._kept += 1
        handle = Handle(self._kept)
        self._labels[handle.id] = label_of(_with_handles(call), self._labels)
        seen = self._perform(Call(call.space, call.name, call.args, call.of, handle.id, call.weights,
                                  device=call.device))  # fmt: skip
        if seen.failure is not None:
            raise Unusable(name, seen.failure)
        return Thing(self, handle)

    def called(self, seen: Seen | None = None) -> str:
        """How the call that gave `seen`, or the last one, is written; the one before it where it only looked at something."""
        places = [place for place, entry in enumerate(self.log) if entry is seen]
        made = self.calls[: places[0] + 1] if places else self.calls
        return next((call for call in reversed(made) if call), "")

    def remember_as(self, value) -> None:
        """Keep in the log, in the place of the last answer, what holds of it whatever was drawn at random.

        So a mistake is recognised in code that draws in another way. Of an exception, the numbers in its words are left out.
        """
        last, failure = self.log[-1], self.log[-1].failure
        failure = failure and replace(failure, message=re.sub(r"\d+", "…", failure.message))
        self.log[-1] = replace(last, value=value, failure=failure)

    def _perform(self, call: Call) -> Seen:
        functions: list[Callable] = []
        self.calls.append(written(_with_handles(call), self._labels))
        args = tuple(_sendable(arg, functions) for arg in call.args)
        call = Call(call.space, call.name, args, call.of, call.keep, call.weights, call.gradients, call.device)
        seen = self._transport(call, lambda ask: _answer(functions, ask))
        self.log.append(seen)
        return seen


class Thing:
    """A kept object: call it, or a method of it."""

    def __init__(self, subject: Subject, handle: Handle):
        self._subject = subject
        self.handle = handle

    def __call__(self, *args, gradients: bool = False, device: str | None = None) -> Seen:
        return self.call("", *args, gradients=gradients, device=device)

    def call(self, method: str, *args, gradients: bool = False, device: str | None = None) -> Seen:
        return self._subject._perform(Call("", method, args, self.handle, gradients=gradients, device=device))

    def keep(self, method: str, *args) -> Thing:
        """Call a method and keep its result where it is."""
        return self._subject._keep(method, Call("", method, args, self.handle))

    def parameters(self) -> Seen:
        """The parameters of a module, by name."""
        return self._subject.call("props.parameters", self)


def replaying(log: list[Seen]) -> Transport:
    """A transport that gives what was seen before, in the same order."""
    rest = iter(log)
    return lambda request, ask: next(rest)


def _with_handles(call: Call) -> Call:
    return replace(call, args=_handles(call.args))


def _handles(arg):
    if isinstance(arg, Thing):
        return arg.handle
    return type(arg)(map(_handles, arg)) if isinstance(arg, list | tuple) else arg


def _sendable(arg, functions: list[Callable]):
    """An argument as it travels: kept objects by handle, functions by their place."""
    if isinstance(arg, Thing):
        return arg.handle
    if callable(arg):
        functions.append(arg)
        return Callback(len(functions) - 1)
    if isinstance(arg, list | tuple):
        return type(arg)(_sendable(item, functions) for item in arg)
    return arg


def _answer(functions: list[Callable], ask: Ask) -> Answer:
    """Run the judge's side of a callback. What it raises, at strange arguments too, is raised where it was asked."""
    if not 0 <= ask.callback < len(functions):
        return Answer(error="there is no such callback")
    try:
        return Answer(functions[ask.callback](*ask.args))
    except Exception as problem:
        return Answer(error=str(problem))
