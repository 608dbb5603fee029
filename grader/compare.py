"""Compares what was seen with what was expected, strictly, and says where they first differ."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from grader.engine.values import Array, Failure, Opaque, Seen

__all__ = [
    "GRADIENTS",
    "Compared",
    "Mismatch",
    "agree",
    "agree_on_device",
    "close",
    "gradients_agree",
    "needs_values",
    "no_effects",
    "pairs",
    "raises",
    "same",
    "same_answer",
    "same_seen",
    "shown",
]

# (absolute, relative) tolerance by dtype; the second table is for devices whose kernels sum in another order
TOLERANCE = {"torch.float64": (1e-9, 1e-7), "torch.float32": (2e-5, 2e-4),
             "torch.float16": (2e-3, 1e-2), "torch.bfloat16": (1e-2, 5e-2)}  # fmt: skip
DEVICE_FACTOR = {"cpu": 1, "meta": 1, "cuda": 10, "mps": 20}
NEEDS_VALUES = re.compile(
    r"(on|with) meta tensors|a meta tensor without|torch\.nonzero\(\)|_local_scalar_dense|data-dependent", re.IGNORECASE
)
NUMBER_TOLERANCE = (1e-6, 2e-5)
GRADIENTS = "the gradients"  # what was compared, where it was not the result
MAX_WORD = 60  # characters of a wrong word that a message shows
SHOWN = 20  # characters of a long text from where it is wrong
MAX_NAMED = 12  # parts of a result that a message lists as right or wrong
DIGITS = (6, 9, 17)  # tried in turn, until two numbers that differ read differently
ITERATORS = {f"builtins.{name}" for name in ("generator", "map", "zip", "filter", "range", "enumerate", "reversed")}


@dataclass(frozen=True)
class Compared:
    """What was compared with what: two values of the wire, their name, and the names of their parts and axes.

    `terms` names quantities that may have been left out, or counted twice.
    """

    got: object
    want: object
    what: str = "the result"
    names: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    terms: Mapping[str, torch.Tensor] | None = None


@dataclass
class Mismatch(Exception):
    """The student's code does not do what was expected; `failure` is set where it raised instead of answering.

    `seen` is the answer that was looked at, `compared` the values, where values were compared.
    """

    message: str
    failure: Failure | None = None
    seen: Seen | None = None
    compared: Compared | None = None

    def __str__(self) -> str:
        return self.message


def agree(got: Seen, want: Seen, what: str = "the result", names: tuple[str, ...] = (), axes: tuple[str, ...] = (),
          terms: Mapping[str, torch.Tensor] | None = None) -> None:  # fmt: skip
    """The value seen is the value expected: kind, shape, dtype, device, finite numbers, numbers within tolerance.

    For messages and hints, `names` names the parts of a tuple, `axes` the axes of a tensor, and `terms` what may be
    missing in it or be there twice.
    """
    _answered(got, what)
    message = _first_problem(got.value, want.value, what, names)
    if message:
        raise Mismatch(message, seen=got, compared=Compared(got.value, want.value, what, names, axes, terms))


def agree_on_device(got: Seen, want: Seen, what: str = "the result", names: tuple[str, ...] = ()) -> None:
    """As `agree`, on device meta, where tensors have no values: code that looks at values can't be judged there."""
    if got.failure is None or not needs_values(got.failure):
        agree(got, want, what, names)


def needs_values(failure: Failure) -> bool:
    """Whether this is the exception of code that looks at values; `tolist` raises the same as a copy to a fixed device."""
    looks = any(look in (failure.code or "") for look in (".tolist()", ".cpu().numpy()"))
    return (looks and "Cannot copy out of meta tensor" in failure.message) or bool(NEEDS_VALUES.search(failure.message))


def gradients_agree(got: Seen, want: Seen) -> None:
    """The gradients of every argument and parameter are those expected."""
    _answered(got, "the result")
    expected = {name: array for name, array in (want.gradients or {}).items() if array is not None}
    found = {name: (got.gradients or {}).get(name) for name in expected}
    message = _told([(name, _gradient_problem(found[name], expected[name], name)) for name in expected])
    if message:
        mine, theirs = (
            {f"the gradient of {name}": array for name, array in side.items()} for side in (found, expected)
        )
        raise Mismatch(message, seen=got, compared=Compared(mine, theirs, GRADIENTS))


def _gradient_problem(found, expected, name: str) -> str:
    if found is None:
        return f"no gradient reaches {name}: is a result detached, or made outside of the graph?"
    return _problem(found, expected, f"the gradient of {name}")


def no_effects(got: Seen, want: Seen | None = None) -> None:
    """The call changed nothing but what the reference changes as well."""
    _answered(got, "the result")
    extra = [effect for effect in got.effects if want is None or effect not in want.effects]
    if extra:
        raise Mismatch("; ".join(_EFFECTS[effect.partition(":")[0]].format(effect.partition(":")[2])
                                 if effect.partition(":")[0] in _EFFECTS else effect for effect in extra), seen=got)  # fmt: skip


_EFFECTS = {"argument": "{} was changed in place; leave arguments as they came",
            "wanting": "requires_grad of {} was set; leave arguments as they came, and take a detached copy",
            "parameter": "the parameter {} was changed; leave it as it was",
            "grad": "the .grad of {} was written; leave it as it was",
            "mode": "the training mode was changed; leave it as it was",
            "random": "numbers were drawn from the global generator of {}; this needs none",
            "default": "torch's default dtype or gradient mode was changed; leave it as it was"}  # fmt: skip


def raises(got: Seen, kind: str, when: str) -> None:
    """The call raised an exception of this kind, or of one that derives from it."""
    if got.failure is None:
        raise Mismatch(f"expected a {kind} for {when}; nothing was raised", seen=got)
    if kind not in got.failure.kinds:
        raise Mismatch(f"expected a {kind} for {when}; {got.failure.kind} was raised: {got.failure.message}", seen=got)


def same_seen(got: Seen, other: Seen, messages: bool = True) -> bool:
    """Whether two runs can't be told apart: used to recognise a known mistake.

    Without `messages` an exception is told by its kind alone: where a ValueError is asked for, its words are free.
    """
    return got.effects == other.effects and same_answer(got, other, messages)


def same_answer(got: Seen, other: Seen, messages: bool = True) -> bool:
    """The same, whatever was changed on the way."""
    if got.failure is not None or other.failure is not None:
        return _same_failure(got.failure, other.failure, messages)
    if (got.gradients is None) != (other.gradients is None):
        return False
    mine = got.gradients or {}
    theirs = {name: (other.gradients or {}).get(name) for name in mine}
    return same(got.value, other.value) and same(mine, theirs)


def same(got, want) -> bool:
    """Whether two values agree within the tolerance of the checks."""
    try:
        return not any(_problem(*pair, name) for name, *pair in pairs(got, want))
    except Mismatch:
        return False


def close(got: torch.Tensor, want: torch.Tensor, dtype: str, device: str = "cpu") -> torch.Tensor:
    """Entry by entry whether two tensors of one shape agree; NaN and infinity are close to their own kind alone."""
    if dtype not in TOLERANCE:
        return got == want
    absolute, relative = (DEVICE_FACTOR.get(device, 10) * part for part in TOLERANCE[dtype])
    got, want = got.double(), want.double()
    near = ((got - want).abs() <= absolute + relative * want.abs()) & want.isfinite()  # all is near to infinity
    return near | (got == want) | (got.isnan() & want.isnan())


def pairs(got, want, what: str = "the result", names: tuple[str, ...] = ()) -> Iterator[tuple]:
    """The parts that belong together, as (name, got, want); Mismatch where the two are built otherwise."""
    match want:
        case list() if not names and _is_plain(want):
            yield what, got, want
        case list() | tuple():
            if type(got) is not type(want) or len(got) != len(want):
                raise Mismatch(f"{what} is {shown(got, drained=True)}, expected {shown(want)}")
            for place, (one, other) in enumerate(zip(got, want, strict=True)):
                yield from pairs(one, other, names[place] if place < len(names) else f"{what}[{place}]")
        case dict():
            _same_keys(got, want, what)
            for key, other in want.items():
                yield from pairs(got[key], other, _entry_name(what, key))
        case _:
            yield what, got, want


def _is_plain(values: list) -> bool:
    """Whether a list holds words or whole numbers alone: it is compared as one, and told by its first difference."""
    return bool(values) and all(type(value) in (int, str) for value in values)


def _entry_name(what: str, key) -> str:
    """An entry of a dict goes by its key: rnn.weight, and where there is one, at what time."""
    if not isinstance(key, str):
        return f"{what}[{key!r}]"
    after = what.partition(" after ")[2]
    return f"{key} after {after}" if after else key


def bare(name: str) -> str:
    """An entry's name without at what time it was looked at, for lists of names."""
    return name.partition(" after ")[0]


def _same_failure(got: Failure | None, other: Failure | None, messages: bool) -> bool:
    """Alike in kind and message; without `messages`, one of the same kind as the other or of one derived from it."""
    if got is None or other is None:
        return got is other
    if messages:
        return (got.kind, got.message) == (other.kind, other.message)
    return got.kind == other.kind or got.kind in other.kinds or other.kind in got.kinds


def _answered(got: Seen, what: str) -> None:
    if got.failure is not None:
        raise Mismatch(f"{got.failure.kind}: {got.failure.message}", got.failure, got)


def _first_problem(got, want, what: str, names: tuple[str, ...]) -> str:
    try:
        return _told([(name, _problem(one, other, name)) for name, one, other in pairs(got, want, what, names)])
    except Mismatch as built_otherwise:
        return built_otherwise.message


def _told(problems: list[tuple[str, str]]) -> str:
    """The first problem of named parts, and which of the others are wrong and right; "" where all are right."""
    wrong = [(name, problem) for name, problem in problems if problem]
    if not wrong:
        return ""
    message = wrong[0][1]
    if 1 < len(problems) <= MAX_NAMED:
        right = [name for name, problem in problems if not problem]
        message += f"; wrong too: {', '.join(bare(name) for name, _ in wrong[1:])}" if wrong[1:] else ""
        message += f"; right: {', '.join(map(bare, right))}" if right else ""
    return message


def _problem(got, want, what: str) -> str:
    """What is wrong with one part, or ""."""
    match want:
        case Array():
            return _array_problem(got, want, what)
        case float():
            return _number_problem(got, want, what)
        case list():
            return _list_problem(got, want, what)
        case str() if isinstance(got, str) and max(len(got), len(want)) > MAX_WORD:
            return _text_problem(got, want, what)
    equal = type(got) is type(want) and got == want
    return "" if equal else f"{what} is {shown(got)}, expected {shown(want)}"


def _list_problem(got, want: list, what: str) -> str:
    """Where two lists of words or numbers first differ, and how long they are where that is not the same."""
    if not isinstance(got, list):
        return f"{what} is {shown(got, drained=True)}, expected {shown(want)}"
    same_kind = [type(one) is type(other) and one == other for one, other in zip(got, want, strict=False)]
    if all(same_kind) and len(got) == len(want):
        return ""
    place = same_kind.index(False) if False in same_kind else len(same_kind)
    found = f"is {_entry(got[place])} at [{place}]" if place < len(got) else f"ends after {_entries(len(got))}"
    expected = (
        f"expected {_entry(want[place])}" if place < len(want) else f"expected no more than {_entries(len(want))}"
    )
    count = f"; it has {_entries(len(got))}, expected {len(want)}" if place < min(len(got), len(want)) else ""
    count = count if len(got) != len(want) else f"; {same_kind.count(False)} of {_entries(len(want))} differ"
    return f"{what} {found}, {expected}{count}"


def _text_problem(got: str, want: str, what: str) -> str:
    """Where two texts first differ, and how long they are where that is not the same."""
    if got == want:
        return ""
    place = next(
        (at for at, (one, other) in enumerate(zip(got, want, strict=False)) if one != other), min(len(got), len(want))
    )
    found, expected = (f"{text[place : place + SHOWN]!r}" if text[place:] else "nothing more" for text in (got, want))
    count = f"; it has {len(got)} characters, expected {len(want)}" if len(got) != len(want) else ""
    return f"{what} goes on with {found} at [{place}], expected {expected}{count}"


def _entry(value) -> str:
    return shown(value) if len(repr(value)) <= MAX_WORD else f"{repr(value)[:MAX_WORD]}…"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _same_keys(got, want: dict, what: str) -> None:
    if not isinstance(got, dict):
        raise Mismatch(f"{what} is {shown(got)}, expected a dict")
    missing = [key for key in want if key not in got]
    extra = [key for key in got if key not in want]
    if missing or extra:
        raise Mismatch(f"{what} has the keys {sorted(map(str, got))}, expected {sorted(map(str, want))}")


def _number_problem(got, want: float, what: str) -> str:
    if type(got) is not float:
        return f"{what} is {shown(got)}, expected a Python float"
    absolute, relative = NUMBER_TOLERANCE
    near = math.isfinite(want) and abs(got - want) <= absolute + relative * abs(want)
    equal = got == want or (math.isnan(want) and math.isnan(got)) or near
    return "" if equal else "{} is {}, expected {}{}".format(what, *_numbers(got, want))


def _array_problem(got, want: Array, what: str) -> str:
    if not isinstance(got, Array):
        return f"{what} is {shown(got)}, expected {shown(want)}"
    for name in ("shape", "dtype", "device"):
        found, expected = getattr(got, name), getattr(want, name)
        if found != expected:
            return f"{what} has {name} {_plainly(found)}, expected {_plainly(expected)}"
    if want.data is None:
        return ""
    if got.data is None:
        return f"{what} has no values"
    bad = ~close(got.data, want.data, want.dtype, want.device)
    return _first_difference(got.data, want.data, bad, what) if bad.any() else ""


def _first_difference(got: torch.Tensor, want: torch.Tensor, bad: torch.Tensor, what: str) -> str:
    place = tuple(bad.nonzero()[0].tolist())
    where = f" at [{', '.join(map(str, place))}]" if place else ""
    found, expected, apart = _numbers(got[place].item(), want[place].item())
    count = f"{int(bad.sum())} of {bad.numel()} entries differ" if bad.numel() > 1 else "it differs"
    nans = int((got.isnan() & bad).sum())
    count += f", {nans} of them NaN" if nans and bad.numel() > 1 else ""
    return f"{what} is {found}{where}, expected {expected}{apart}; {count}"


def _numbers(got, want) -> tuple[str, str, str]:
    """Two numbers that differ, in as many digits as show it, and their difference where that takes more than six."""
    if not isinstance(got, float):
        return str(got), str(want), ""
    for digits in DIGITS:
        one, other = f"{got:.{digits}g}", f"{want:.{digits}g}"
        if one != other:
            break
    return one, other, f" (a difference of {got - want:.2g})" if digits > DIGITS[0] else ""


def _plainly(value) -> str:
    return str(value).removeprefix("torch.")


def shown(value, drained: bool = False, inner: bool = False) -> str:
    """A value in a few words, fewer where it lies inside another; `drained` says that a list may have come from an iterator."""
    match value:
        case Array():
            return f"a tensor of shape {value.shape} and type {_plainly(value.dtype)}"
        case list() | tuple() if inner and len(value) > 1:
            return f"a {type(value).__name__} of {len(value)}"
        case Opaque():
            return _kind(value.kind)
        case list() | tuple():
            kind = f"{type(value).__name__}{' (or an iterator)' if drained and isinstance(value, list) else ''}"
            inside = ", ".join(shown(item, inner=True) for item in value[:4]) + (", …" if len(value) > 4 else "")
            return f"a {kind} of {len(value)} ({inside})" if value else f"an empty {kind}"
        case dict():
            return f"a dict with the keys {sorted(map(str, value))[:8]}"
    return repr(value)[:200]


def _kind(kind: str) -> str:
    if kind in ITERATORS:
        return f"a {kind.removeprefix('builtins.')}, which holds no values yet: make them and put them together"
    if kind.startswith("builtins."):
        return f"a {kind.removeprefix('builtins.')}"
    return "a NumPy array" if kind == "numpy.ndarray" else kind
