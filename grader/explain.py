"""What a failed comparison and the parts that were tried alone say of a mistake that nobody has listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from grader.compare import GRADIENTS, Compared, Mismatch, bare, close, pairs, same
from grader.engine.values import Array
from grader.entries import list_clause, text_clause
from grader.nearest import Near, agrees_already, nearest, number_clause

__all__ = ["axes_of", "is_about_values", "what_would_agree", "which_parts"]

AXES = {3: ("batch", "time", "unit"), 2: ("row", "column")}  # by the number of axes, where a check gives no names
DOUBLE, SINGLE = "torch.float64", 2e-6  # what float32 keeps of a number, with some room
MAX_PARTS = 4  # of a result, for which a change is told


def what_would_agree(compared: Compared) -> str:
    """Which change would make a result agree, in a sentence or a few; "" where none is found."""
    clause = _of_the_whole(compared)
    if clause:
        return f"{_capital(clause)}."
    clauses: dict[str, list[str]] = {}
    for name, got, want in _pairs(compared):
        if clause := _of_a_part(got, want, compared):
            clauses.setdefault(clause, []).append(name)
    told = [_sentence(clause, names, compared) for clause, names in clauses.items()]
    return " ".join(told[:MAX_PARTS])


def axes_of(compared: Compared, dimensions: int) -> tuple[str, ...]:
    """What the axes of a tensor with so many are called: as the check says, else as is usual."""
    return compared.axes if len(compared.axes) == dimensions else AXES.get(dimensions, ())


def which_parts(right: Mapping[str, bool]) -> str:
    """One sentence on the parts of a task that were tried alone, by whether they are right; "" where all are wrong."""
    good, bad = ([what for what, holds in right.items() if holds is wanted] for wanted in (True, False))
    if not good:
        return ""
    if not bad:
        return (f"Tried alone, in a small case, each part is right, from {good[0]} to {good[-1]}: look at how they come "
                "together, and at what is special about this case.")  # fmt: skip
    return f"Tried alone, {_listed(bad)} {_are(bad)} wrong; {_listed(good)} {_are(good)} right."


def is_about_values(compared: Compared) -> bool:
    """Whether a result itself differs, and not only its kind, type or device, or the gradients behind it."""
    if compared.what == GRADIENTS:
        return False
    return any(not same(got, want) and _alike_in_kind(got, want) for _, got, want in _pairs(compared))


def _alike_in_kind(got, want) -> bool:
    if not isinstance(got, Array) or not isinstance(want, Array):
        return type(got) is type(want)
    return (got.dtype, got.device) == (want.dtype, want.device)


def _of_the_whole(compared: Compared) -> str:
    """Results in another order, one of a pair alone, or a pair around the one."""
    got, want, names = compared.got, compared.want, compared.names
    if isinstance(want, tuple) and isinstance(got, tuple) and len(got) == len(want) == 2:
        swapped = same(got[0], want[1]) and same(got[1], want[0]) and not same(want[0], want[1])
        return (
            f"the two results agree when they change places: {names[0]} first, then {names[1]}"
            if swapped and names
            else ""
        )
    if isinstance(want, tuple) and isinstance(got, Array):
        found = [name for name, part in zip(names, want, strict=False) if same(got, part)]
        return f"it agrees with {found[0]} alone, and {_listed(list(names))} are wanted" if found else ""
    if isinstance(want, tuple) and isinstance(got, list) and same(tuple(got), want):
        return "it is right but for its kind: a list came, and a tuple is wanted"
    if isinstance(want, dict) and isinstance(got, dict):
        return _other_names(got, want)
    if isinstance(want, Array) and isinstance(got, list | tuple):
        places = [place for place, part in enumerate(got) if same(part, want)]
        return f"its part [{places[0]}] alone is what is wanted" if places else ""
    return ""


def _other_names(got: dict, want: dict) -> str:
    """Right entries under names of their own."""
    mine, missing = ({key: side[key] for key in side if key not in other} for side, other in ((got, want), (want, got)))
    found = [key for key in missing if any(same(value, want[key]) for value in mine.values())]
    if not missing or len(found) < len(missing) or len(mine) != len(missing):
        return ""
    return (
        f"the values are right, but {_listed(list(map(str, mine)))} should be called {_listed(list(map(str, missing)))}"
    )


def _pairs(compared: Compared) -> list[tuple]:
    try:
        return list(pairs(compared.got, compared.want, compared.what, compared.names))
    except Mismatch:
        return []


def _of_a_part(got, want, compared: Compared) -> str:
    if isinstance(want, float) and type(got) is float:
        return "" if same(got, want) else number_clause(got, want)
    if isinstance(want, list) and isinstance(got, list):
        return "" if same(got, want) else list_clause(got, want)
    if isinstance(want, str) and isinstance(got, str):
        return "" if got == want else text_clause(got, want)
    if not isinstance(want, Array) or not isinstance(got, Array) or want.data is None or got.data is None:
        return ""
    if same(got, want) or got.data.is_floating_point() != want.data.is_floating_point():
        return ""
    near = Near(_exact(got.data), _exact(want.data), lambda one, other: close(one, other, want.dtype, want.device),
                axes_of(compared, want.data.dim()), compared.terms, _has_places(compared, want))  # fmt: skip
    return _of_its_type(got, want, near) or nearest(near)


def _of_its_type(got: Array, want: Array, near: Near) -> str:
    """Numbers that are right to the precision of their own type, or to that of one that they passed through."""
    if not near.want.is_floating_point():
        return ""
    if agrees_already(near) or (got.dtype != want.dtype and agrees_already(replace(near, close=_to_single))):
        return "its numbers are right, and only their type is another: keep to that of the arguments"
    if want.dtype == DOUBLE and agrees_already(replace(near, close=_to_single)):
        return "it agrees in some six digits, so on the way the numbers pass through float32"
    return ""


def _to_single(got: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
    return (got - want).abs() <= SINGLE * (want.abs() + want.abs().mean())


def _has_places(compared: Compared, want: Array) -> bool:
    """Whether the axes are such that something may be right up to a place along one: not those of many parameters."""
    return not isinstance(compared.want, dict) or "time" in axes_of(compared, want.data.dim())


def _exact(data: torch.Tensor) -> torch.Tensor:
    return data.double() if data.is_floating_point() else data


def _sentence(clause: str, names: list[str], compared: Compared) -> str:
    """A clause with what it is about; a result that is one tensor needs no name."""
    if names == [compared.what]:
        return f"{_capital(clause)}."
    names = [*map(bare, names[:-1]), names[-1]]
    return f"{_listed(names)}{', each by itself' if len(names) > 1 else ''}: {clause}."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _are(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
