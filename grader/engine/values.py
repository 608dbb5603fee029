"""What travels on the wire and stands in a recording: plain data, no behaviour.

A value is None, a bool, int, float or str, a list, tuple or dict of values, a `torch.Tensor`, or one of the classes
below. The judge sends `Load`, `Substitute` and `Call`; the worker answers each with one `Seen`. During a call the
worker may send `Ask`, which the judge answers with `Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

__all__ = [
    "DENSE",
    "MAX_TEXT",
    "WIRE_TYPES",
    "Answer",
    "Array",
    "Ask",
    "Call",
    "Callback",
    "Failure",
    "Given",
    "Handle",
    "Load",
    "Opaque",
    "Seen",
    "Substitute",
    "is_observed",
]  # fmt: skip

MAX_TEXT = 5_000  # characters of each text of an exception
DENSE = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool,
         torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}  # fmt: skip


def _expect(owner: object, **types: type | tuple[type, ...]) -> None:
    """Hold the fields of a value that came from outside to their types."""
    for name, kinds in types.items():
        value = getattr(owner, name)
        if not isinstance(value, kinds):
            raise TypeError(f"{type(owner).__name__}.{name} is {type(value).__name__}, expected {kinds}")


@dataclass(frozen=True)
class Handle:
    """An object that stays in the worker, such as a module; only its number travels."""

    id: int

    def __post_init__(self):
        _expect(self, id=int)


@dataclass(frozen=True)
class Given:
    """A tensor argument with a name for messages; `strided` makes it non-contiguous on arrival."""

    tensor: torch.Tensor
    name: str
    grad: bool = False
    strided: bool = False

    def __post_init__(self):
        _expect(self, tensor=torch.Tensor, name=str, grad=bool, strided=bool)


@dataclass(frozen=True)
class Callback:
    """A function argument that the judge answers; `id` is its place in the call."""

    id: int

    def __post_init__(self):
        _expect(self, id=int)


@dataclass(frozen=True)
class Load:
    """Run the source of a space (a module, or a notebook's cells), once."""

    space: str

    def __post_init__(self):
        _expect(self, space=str)


@dataclass(frozen=True)
class Substitute:
    """Put torch.nn stand-ins in the place of symbols of a space; an empty list puts the student's own back."""

    space: str
    names: list

    def __post_init__(self):
        _expect(self, space=str, names=list)


@dataclass(frozen=True)
class Call:
    """Call `name` of a space, or method `name` of a kept object (`""` calls the object itself)."""

    space: str
    name: str
    args: tuple = ()
    of: Handle | None = None
    keep: int | None = None  # the number under which the result is kept; then the value is a Handle
    weights: dict | None = None  # loaded into the result, which is a module
    gradients: bool = False
    device: str | None = None

    def __post_init__(self):
        _expect(self, space=str, name=str, args=tuple, of=(Handle, type(None)), keep=(int, type(None)),
                weights=(dict, type(None)), gradients=bool, device=(str, type(None)))  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """The worker asks the judge what a callback returns for these arguments."""

    callback: int
    args: tuple

    def __post_init__(self):
        _expect(self, callback=int, args=tuple)


@dataclass(frozen=True)
class Answer:
    """What a callback returns, or the message of the RuntimeError that it raises."""

    value: Any = None
    error: str | None = None

    def __post_init__(self):
        _expect(self, error=(str, type(None)))


@dataclass(frozen=True)
class Array:
    """A tensor as the worker saw it. `data` is a plain contiguous CPU copy, None where there is none (device meta)."""

    data: torch.Tensor | None
    shape: tuple
    dtype: str
    device: str
    requires_grad: bool = False

    def __post_init__(self):
        _expect(self, data=(torch.Tensor, type(None)), shape=tuple, dtype=str, device=str, requires_grad=bool)
        if not all(type(size) is int for size in self.shape):
            raise TypeError("Array.shape holds whole numbers")
        if self.data is not None and self.data.dtype not in DENSE:
            raise TypeError(f"an Array holds no {self.data.dtype}")
        if self.data is not None and (tuple(self.data.shape) != self.shape or str(self.data.dtype) != self.dtype):
            raise TypeError("an Array's shape and dtype must be its data's")


@dataclass(frozen=True)
class Opaque:
    """Something that is neither plain data nor a dense tensor, told by its kind alone."""

    kind: str

    def __post_init__(self):
        _expect(self, kind=str)


@dataclass(frozen=True)
class Failure:
    """An exception of the student's code: its type, message and the last line of their own that it passed.

    `kinds` names its type and those that it derives from. `through` says how the task's function came to that line,
    where it lies in a helper of theirs.
    """

    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    code: str | None = None
    kinds: tuple = ()
    through: str | None = None

    def __post_init__(self):
        _expect(
            self,
            kind=str,
            message=str,
            file=(str, type(None)),
            line=(int, type(None)),
            code=(str, type(None)),
            kinds=tuple,
            through=(str, type(None)),
        )
        texts = (self.kind, self.message, self.file or "", self.code or "", self.through or "", *self.kinds)
        if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts):
            raise TypeError(f"Failure holds texts of at most {MAX_TEXT:,} characters")


@dataclass(frozen=True)
class Seen:
    """All that was observed of one request."""

    value: Any = None
    failure: Failure | None = None
    gradients: dict | None = None  # name → Array, or None where no gradient arrives
    effects: list = field(default_factory=list)  # what the call changed besides its result, as "kind:name"

    def __post_init__(self):
        _expect(self, failure=(Failure, type(None)), gradients=(dict, type(None)), effects=list)
        if not all(isinstance(effect, str) for effect in self.effects):
            raise TypeError("Seen.effects holds strings")
        for name, array in (self.gradients or {}).items():
            if not isinstance(name, str) or not isinstance(array, Array | Opaque | None):
                raise TypeError("Seen.gradients maps names to arrays")


WIRE_TYPES = {kind.__name__: kind for kind in
              (Answer, Array, Ask, Call, Callback, Failure, Given, Handle, Load, Opaque, Seen, Substitute)}  # fmt: skip


def is_observed(value) -> bool:
    """Whether a value is such as a workbench answers with: plain data, Arrays, Opaques and Handles, however nested."""
    if isinstance(value, list | tuple):
        return all(map(is_observed, value))
    if isinstance(value, dict):
        return all(is_observed(key) and is_observed(item) for key, item in value.items())
    return value is None or isinstance(value, bool | int | float | str | Array | Opaque | Handle)
