"""Compares what was seen with what was expected, strictly, and says where they first differ."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch

from grader.engine.values import Array, Failure, Opaque, Seen

__all__ = ["Mismatch", "agree", "agree_on_device", "gradients_agree", "no_effects", "raises", "same_seen"]

# (absolute, relative) tolerance by dtype; the second table is for devices whose kernels sum in another order
TOLERANCE = {"torch.float64": (1e-9, 1e-7), "torch.float32": (2e-5, 2e-4),
             "torch.float16": (2e-3, 1e-2), "torch.bfloat16": (1e-2, 5e-2)}  # fmt: skip
DEVICE_FACTOR = {"cpu": 1, "meta": 1, "cuda": 10, "mps": 20}
NEEDS_VALUES = re.compile(r"on meta tensors|_local_scalar_dense|data-dependent")
NUMBER_TOLERANCE = (1e-6, 2e-5)


@dataclass
class Mismatch(Exception):
    """The student's code does not do what was expected; `failure` is set where it raised instead of answering."""

    message: str
    failure: Failure | None = None

    def __str__(self) -> str:
        return self.message


def agree(got: Seen, want: Seen, what: str = "the result", names: tuple[str, ...] = ()) -> None:
    """The value seen is the value expected: kind, shape, dtype, device, finite numbers, numbers within tolerance.

    `names` names the parts of a tuple, for messages.
    """
    _answered(got, what)
    _same(got.value, want.value, what, names)


def agree_on_device(got: Seen, want: Seen, what: str = "the result", names: tuple[str, ...] = ()) -> None:
    """As `agree`, on device meta, where tensors have no values: code that looks at values can't be judged there."""
    if got.failure is None or not NEEDS_VALUES.search(got.failure.message):
        agree(got, want, what, names)


def gradients_agree(got: Seen, want: Seen) -> None:
    """The gradients of every argument and parameter are those expected."""
    _answered(got, "the result")
    for name, expected in (want.gradients or {}).items():
        found = (got.gradients or {}).get(name)
        if expected is not None and found is None:
            raise Mismatch(f"no gradient reaches {name}: is a result detached, or made outside of the graph?")
        if expected is not None:
            _same(found, expected, f"the gradient of {name}", ())


def no_effects(got: Seen, want: Seen | None = None) -> None:
    """The call changed nothing but what the reference changes as well."""
    _answered(got, "the result")
    extra = [effect for effect in got.effects if want is None or effect not in want.effects]
    if extra:
        raise Mismatch("; ".join(_EFFECTS[effect.partition(":")[0]].format(effect.partition(":")[2])
                                 if effect.partition(":")[0] in _EFFECTS else effect for effect in extra))  # fmt: skip


_EFFECTS = {"argument": "{} was changed in place; leave arguments as they came",
            "parameter": "the parameter {} was changed; leave it as it was",
            "grad": "the .grad of {} was written; leave it as it was",
            "mode": "the training mode was changed; leave it as it was",
            "random": "numbers were drawn from the global generator of {}; this needs none",
            "default": "torch's default dtype or gradient mode was changed; leave it as it was"}  # fmt: skip


def raises(got: Seen, kind: str, when: str) -> None:
    """The call raised an exception of this kind, or of one that derives from it."""
    if got.failure is None:
        raise Mismatch(f"expected a {kind} for {when}; nothing was raised")
    if kind not in got.failure.kinds:
        raise Mismatch(f"expected a {kind} for {when}; {got.failure.kind} was raised: {got.failure.message}")


def same_seen(got: Seen, other: Seen) -> bool:
    """Whether two runs can't be told apart: used to recognise a known mistake."""
    if got.failure is not None or other.failure is not None:
        return _told(got.failure) == _told(other.failure)
    try:
        agree(got, other)
        if (got.gradients is None) != (other.gradients is None):
            return False
        for name, array in (got.gradients or {}).items():
            _same(array, (other.gradients or {}).get(name), name, ())
    except Mismatch:
        return False
    return got.effects == other.effects


def _told(failure: Failure | None) -> tuple[str, str] | None:
    return failure and (failure.kind, failure.message)


def _answered(got: Seen, what: str) -> None:
    if got.failure is not None:
        raise Mismatch(f"{got.failure.kind}: {got.failure.message}", got.failure)


def _same(got, want, what: str, names: tuple[str, ...]) -> None:
    match want:
        case Array():
            _same_array(got, want, what)
        case bool() | str() | None | int():
            if type(got) is not type(want) or got != want:
                raise Mismatch(f"{what} is {_shown(got)}, expected {_shown(want)}")
        case float():
            _same_number(got, want, what)
        case list() | tuple():
            if type(got) is not type(want) or len(got) != len(want):
                raise Mismatch(f"{what} is {_shown(got)}, expected {_shown(want)}")
            for place, (one, other) in enumerate(zip(got, want, strict=True)):
                _same(one, other, names[place] if place < len(names) else f"{what}[{place}]", ())
        case dict():
            _same_keys(got, want, what)
            for key, other in want.items():
                _same(got[key], other, f"{what}[{key!r}]", ())
        case _:
            if got != want:
                raise Mismatch(f"{what} is {_shown(got)}, expected {_shown(want)}")


def _same_keys(got, want: dict, what: str) -> None:
    if not isinstance(got, dict):
        raise Mismatch(f"{what} is {_shown(got)}, expected a dict")
    missing = [key for key in want if key not in got]
    extra = [key for key in got if key not in want]
    if missing or extra:
        raise Mismatch(f"{what} has the keys {sorted(map(str, got))}, expected {sorted(map(str, want))}")


def _same_number(got, want: float, what: str) -> None:
    if type(got) is not float:
        raise Mismatch(f"{what} is {_shown(got)}, expected a Python float")
    absolute, relative = NUMBER_TOLERANCE
    equal = got == want or (math.isnan(want) and math.isnan(got)) or abs(got - want) <= absolute + relative * abs(want)
    if not equal:
        raise Mismatch(f"{what} is {got:.6g}, expected {want:.6g}")


def _same_array(got, want: Array, what: str) -> None:
    if not isinstance(got, Array):
        raise Mismatch(f"{what} is {_shown(got)}, expected {_shown(want)}")
    for name in ("shape", "dtype", "device"):
        found, expected = getattr(got, name), getattr(want, name)
        if found != expected:
            raise Mismatch(f"{what} has {name} {_plainly(found)}, expected {_plainly(expected)}")
    if want.data is None:
        return
    if got.data is None:
        raise Mismatch(f"{what} has no values")
    bad = ~_close(got.data, want.data, want)
    if bad.any():
        raise Mismatch(_first_difference(got.data, want.data, bad, what))


def _close(got: torch.Tensor, want: torch.Tensor, like: Array) -> torch.Tensor:
    """Entry by entry; written so that NaN is never close, unless NaN was expected."""
    if not want.is_floating_point():
        return got == want
    absolute, relative = (DEVICE_FACTOR.get(like.device, 10) * part for part in TOLERANCE[like.dtype])
    got, want = got.double(), want.double()
    return ((got - want).abs() <= absolute + relative * want.abs()) | (got == want) | (got.isnan() & want.isnan())


def _first_difference(got: torch.Tensor, want: torch.Tensor, bad: torch.Tensor, what: str) -> str:
    place = tuple(bad.nonzero()[0].tolist())
    where = f" at [{', '.join(map(str, place))}]" if place else ""
    count = f"{int(bad.sum())} of {bad.numel()} entries differ" if bad.numel() > 1 else "it differs"
    return f"{what} is {_entry(got[place])}{where}, expected {_entry(want[place])}; {count}"


def _entry(value: torch.Tensor) -> str:
    return f"{value.item():.6g}" if value.is_floating_point() else str(value.item())


def _plainly(value) -> str:
    return str(value).removeprefix("torch.")


def _shown(value) -> str:
    """A value in a few words."""
    match value:
        case Array():
            return f"a tensor of shape {value.shape} and type {_plainly(value.dtype)}"
        case Opaque():
            return value.kind
        case list() | tuple():
            inside = ", ".join(_shown(item) for item in value[:4]) + (", …" if len(value) > 4 else "")
            return (
                f"a {type(value).__name__} of {len(value)} ({inside})" if value else f"an empty {type(value).__name__}"
            )
        case dict():
            return f"a dict with the keys {sorted(map(str, value))[:8]}"
    return repr(value)[:200]
