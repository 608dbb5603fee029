"""Which simple change would make a wrong tensor agree with the right one: the last resort where no mistake is recognised.

Pure functions on tensors. Each looks for one kind of change and gives a clause, "it agrees when …", or "". A clause says
what was seen, not what caused it, and only where so many different values agree that chance is out of the question.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

__all__ = ["Near", "agrees_already", "nearest", "number_clause"]

MAX_ENTRIES = 50_000
MAX_AXES = 4
MAX_STEPS = 3  # of a shift, or too many or too few
MOSTLY = 0.75
MIN_OVERLAP = 3  # steps that have to agree after a shift
MAX_ORDERED = 64  # entries along an axis that are looked for in another order
ENOUGH_NUMBERS, ENOUGH_INTEGERS, ENOUGH_BITS = 3, 6, 8  # different values that have to agree; of bits, how many
LEAST_FACTOR = 1e-3  # what is nearer to 1 than this is no factor, but something small that was lost on the way
EXACT = 1e-4  # how close a factor is to a whole number
NUMBER_EXACT = 1e-5  # the same where there is only one number to tell by
MAX_FACTOR, MAX_UNDER_ROOT = 1000, 100
LARGEST = 1e6  # a factor beyond it is no mistake in a formula

Close = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Near:
    """A tensor that came, the one expected, how close is close, and what the axes of the expected one are called."""

    got: torch.Tensor
    want: torch.Tensor
    close: Close
    axes: tuple[str, ...] = ()
    terms: Mapping[str, torch.Tensor] | None = None
    places_told: bool = True  # whether it is worth telling up to where along an axis it is right

    def agree(self, got: torch.Tensor, want: torch.Tensor | None = None) -> bool:
        """Whether these agree, in enough different values other than zero that it is no chance."""
        want = self.want if want is None else want
        if got.shape != want.shape or not bool(self.close(got, want).all()):
            return False
        if want.dtype == torch.bool:
            return want.numel() >= ENOUGH_BITS and len(want.unique()) == 2
        enough = ENOUGH_NUMBERS if want.is_floating_point() else ENOUGH_INTEGERS
        telling = want[want.isfinite() & ~self.close(torch.zeros_like(want), want)]
        return len(telling.unique()) >= enough

    def places(self) -> list[int]:
        """The axes, time first, since along it most goes wrong."""
        return sorted(range(self.want.dim()), key=lambda place: self.axes[place : place + 1] != ("time",))

    def axis(self, place: int) -> str:
        named = len(self.axes) == self.want.dim()
        return f"axis {place} ({self.axes[place]})" if named else f"axis {place}"


def nearest(near: Near) -> str:
    """A clause on what would make it agree, or ""."""
    if not _comparable(near):
        return ""
    looks = SAME_SHAPE if near.got.shape == near.want.shape else OTHER_SHAPE
    return next((clause for look in looks if (clause := look(near))), "")


def agrees_already(near: Near) -> bool:
    """Whether all numbers agree as they stand."""
    return near.got.shape == near.want.shape and near.agree(near.got)


def number_clause(got: float, want: float) -> str:
    """The same for a single number, where it is a whole multiple or a whole part of the one expected."""
    if not (math.isfinite(got) and math.isfinite(want)) or 0 in (got, want):
        return ""
    for factor in (got / want, want / got):
        whole = round(factor) if abs(factor) <= 2 * MAX_FACTOR else 0
        if 2 <= abs(whole) <= MAX_FACTOR and abs(factor - whole) <= NUMBER_EXACT * abs(whole):
            return f"it is {_multiple(got / want)} what it should be"
    return "it has the wrong sign" if abs(got + want) <= NUMBER_EXACT * abs(want) else ""


def _comparable(near: Near) -> bool:
    sizes = (near.got.numel(), near.want.numel())
    return max(near.got.dim(), near.want.dim()) <= MAX_AXES and min(sizes) > 0 and max(sizes) <= MAX_ENTRIES


# other shapes


def _axes_of_one(near: Near) -> str:
    """Axes of size 1 that are missing or too many."""
    if _without_ones(near.got) != _without_ones(near.want) or not near.agree(near.got.reshape(near.want.shape)):
        return ""
    if near.got.dim() < near.want.dim():
        ones = [place for place, size in enumerate(near.want.shape) if size == 1]
        for place in ones:
            if near.got.unsqueeze(place).shape == near.want.shape:
                return f"it agrees once {near.axis(place)}, of size 1, is put in: see unsqueeze"
    if near.got.dim() > near.want.dim():
        return "it agrees once its extra axes of size 1 are taken out: see squeeze"
    return "it agrees once its axes of size 1 stand where they should"


def _without_ones(tensor: torch.Tensor) -> list[int]:
    return [size for size in tensor.shape if size != 1]


def _swapped_axes(near: Near) -> str:
    """Axes in another order."""
    if near.got.dim() != near.want.dim() or near.got.dim() < 2:
        return ""
    for order in itertools.permutations(range(near.got.dim())):
        if near.agree(near.got.permute(order)):
            moved = [place for place, source in enumerate(order) if place != source]
            if len(moved) == 2:
                names = f": {near.axes[moved[0]]} and {near.axes[moved[1]]}" if len(near.axes) == len(order) else ""
                return f"it agrees when its axes {moved[0]} and {moved[1]} are swapped{names}"
            if moved:
                return f"it agrees when its axes are put in the order {order}"
    return ""


def _steps_too_few_or_many(near: Near) -> str:
    """Steps missing or too many at one end of an axis."""
    if near.got.dim() != near.want.dim():
        return ""
    apart = [place for place in range(near.got.dim()) if near.got.shape[place] != near.want.shape[place]]
    if len(apart) != 1:
        return ""
    (place,) = apart
    more = near.got.shape[place] - near.want.shape[place]
    small, large = (near.want, near.got) if more > 0 else (near.got, near.want)
    size, steps = small.shape[place], _counted(near, place, abs(more))
    for start, end in ((0, "end"), (abs(more), "beginning")):
        part = large.narrow(place, start, size)
        if near.agree(part, small) if more > 0 else near.agree(small, part):
            what = "too many" if more > 0 else "too few"
            return f"it is right but for {steps} {what} at the {end} of {near.axis(place)}"
    return ""


def _entry(near: Near, place: int) -> str:
    """What lies one after another along an axis: steps of time, and entries of anything else that has a name."""
    named = near.axes[place] if len(near.axes) == near.want.dim() else "time"
    return "step" if named == "time" else "entry"


def _counted(near: Near, place: int, count: int) -> str:
    one = _entry(near, place)
    return f"{count} {one}" if count == 1 else f"{count} {'entries' if one == 'entry' else 'steps'}"


def _one_step_of_it(near: Near) -> str:
    """One step where a whole axis was expected, or a whole axis where one step was."""
    for place in range(near.want.dim()):
        if near.got.shape == near.want.select(place, 0).shape:
            for index, name in ((-1, "last"), (0, "first")):
                if near.agree(near.got, near.want.select(place, index)):
                    return (
                        f"it is the {name} {_entry(near, place)} alone along {near.axis(place)}; all of them are wanted"
                    )
    for place in range(near.got.dim()):
        if near.want.shape == near.got.select(place, 0).shape:
            for index, name in ((-1, "last"), (0, "first")):
                if near.agree(near.got.select(place, index)):
                    return f"its {name} step along axis {place} alone is what is wanted"
    return ""


def _summed(near: Near) -> str:
    """A sum or mean over an axis that is missing or too many."""
    if not near.want.is_floating_point():
        return ""
    for name in ("sum", "mean"):
        for place in range(near.got.dim()):
            for keep in (False, True):
                if near.agree(getattr(near.got, name)(place, keepdim=keep)):
                    return f"it agrees once its {name} over axis {place} is taken"
        for place in range(near.want.dim()):
            for keep in (False, True):
                if near.agree(near.got, getattr(near.want, name)(place, keepdim=keep)):
                    return f"it is the {name} of what is wanted over {near.axis(place)}"
    return ""


def _reshaped(near: Near) -> str:
    """The same numbers in the same order, in another shape."""
    if near.got.numel() == near.want.numel() and near.agree(near.got.reshape(near.want.shape)):
        return "its numbers are right and in the right order: only the shape is another"
    return ""


# the same shape


def _reversed(near: Near) -> str:
    for place in near.places():
        if near.got.shape[place] > 1 and near.agree(near.got.flip(place)):
            return f"it agrees when it is reversed along {near.axis(place)}"
    return ""


def _shifted(near: Near) -> str:
    """Steps earlier or later along an axis; the overlap must be wrong as it stands."""
    for place, steps in itertools.product(near.places(), range(1, MAX_STEPS + 1)):
        rest = near.got.shape[place] - steps
        if rest < MIN_OVERLAP or 2 * rest < near.got.shape[place]:
            continue
        for start, other, way in ((steps, 0, "earlier"), (0, steps, "later")):
            got, want = near.got.narrow(place, start, rest), near.want.narrow(place, other, rest)
            still = near.close(near.got.narrow(place, other, rest), want)
            if near.agree(got, want) and bool((~still).float().mean() > 0.5):
                count = _counted(near, place, steps)
                return (
                    f"it agrees when it is moved {count} {way} along {near.axis(place)}, but for what has no neighbour"
                )
    return ""


def _reordered(near: Near) -> str:
    """The right slices along an axis in another order."""
    for place in range(near.got.dim()):
        size = near.got.shape[place]
        if not 3 <= size <= MAX_ORDERED:
            continue
        mine, theirs = (part.movedim(place, 0).reshape(size, -1) for part in (near.got, near.want))
        if not near.agree(mine[:, 0].sort().values, theirs[:, 0].sort().values):
            continue
        order = [next((k for k in range(size) if bool(near.close(mine[k], row).all())), -1) for row in theirs]
        if len(set(order)) == size and -1 not in order and near.agree(mine[order], theirs):
            return f"what lies along {near.axis(place)} is right, but in another order"
    return ""


def _scaled(near: Near) -> str:
    """Every entry times one factor."""
    if not near.want.is_floating_point() or not near.want.isfinite().all():
        return ""
    place = near.want.abs().flatten().argmax()
    factor = float(near.got.flatten()[place] / near.want.flatten()[place])
    if not 1 / LARGEST < abs(factor) < LARGEST or not near.agree(near.got / factor):
        return ""
    if abs(factor + 1) < 1e-3:
        return "every entry has the wrong sign"
    if abs(factor - 1) < LEAST_FACTOR:
        return ""
    return f"every entry is {_multiple(factor)} what it should be{_size_named(near, factor)}"


def _multiple(factor: float) -> str:
    """A factor in words: 2 times, 1/3 of, −√2 times."""
    sign, size = ("−" if factor < 0 else ""), abs(factor)
    for value, form, limit in (
        (size, "{} times", MAX_FACTOR),
        (1 / size, "1/{} of", MAX_FACTOR),
        (size**2, "√{} times", MAX_UNDER_ROOT),
        (size**-2, "1/√{} of", MAX_UNDER_ROOT),
    ):
        if 2 <= round(value) <= limit and abs(value - round(value)) <= EXACT * value:
            return sign + form.format(round(value))
    return f"{factor:.4g} times"


def _size_named(near: Near, factor: float) -> str:
    """Which axis has the size that is the factor."""
    size = max(abs(factor), 1 / abs(factor))
    whole = round(size)
    if whole < 2 or abs(size - whole) > EXACT * size:
        return ""
    places = [place for place, size in enumerate(near.want.shape) if size == whole]
    if places:
        return f" ({whole} is the size of {near.axis(places[0])})"
    return f" ({whole} is the number of entries)" if whole == near.want.numel() else ""


def _offset(near: Near) -> str:
    if not near.want.is_floating_point():
        return ""
    apart = float((near.got - near.want).flatten()[0])
    size = float(near.want.abs().mean())
    if not math.isfinite(apart) or abs(apart) < LEAST_FACTOR * size or not near.agree(near.got - apart):
        return ""
    return f"every entry is {abs(apart):.4g} too {'large' if apart > 0 else 'small'}"


FUNCTIONS: tuple[tuple[str, Callable[[torch.Tensor], torch.Tensor]], ...] = (
    ("it agrees once tanh is applied to it", torch.tanh),
    ("it agrees with one tanh taken off", torch.atanh),
    ("it agrees with a tanh in the place of a sigmoid", lambda got: torch.tanh(torch.logit(got))),
    ("it agrees with a sigmoid in the place of a tanh", lambda got: torch.sigmoid(torch.atanh(got))),
    ("it agrees once a sigmoid is applied to it", torch.sigmoid),
    ("it agrees with one sigmoid taken off", torch.logit),
    ("it is 1 minus what it should be", lambda got: 1 - got),
    ("it agrees once exp is applied to it", torch.exp),
    ("it agrees once log is applied to it", torch.log),
    ("it agrees once it is squared", torch.square),
    ("it agrees once its square root is taken", torch.sqrt),
    ("it agrees once its sign is taken off", torch.abs),
    ("it agrees once negative entries are set to zero", torch.relu),
    ("it is 1 over what it should be", torch.reciprocal),
)


def _another_function(near: Near) -> str:
    """A function of every entry that is missing, too many or another one."""
    if near.want.dtype == torch.bool:
        return "every entry is the opposite of what it should be" if near.agree(~near.got) else ""
    if not near.want.is_floating_point():
        return ""
    clause = next((clause for clause, function in FUNCTIONS if near.agree(function(near.got))), "")
    return clause or _relu_for_tanh(near) or _normalised(near)


def _relu_for_tanh(near: Near) -> str:
    """Right under tanh where it is positive, and zero where something negative was wanted."""
    positive = near.got > 0
    rest = near.want[~positive]
    if positive.all() or not near.agree(torch.tanh(near.got[positive]), near.want[positive]):
        return ""
    zero = bool((near.got[~positive] == 0).all() and (rest <= 0).all())
    return "it agrees with a tanh in the place of a ReLU" if zero else ""


def _normalised(near: Near) -> str:
    for place in range(near.got.dim()):
        if near.agree(torch.softmax(near.got, place)):
            return f"it agrees once softmax is taken over {near.axis(place)}"
    return ""


def _missing_term(near: Near) -> str:
    """One of the named terms that was left out, or counted once too often."""
    for name, term in (near.terms or {}).items():
        if near.agree(near.got + term):
            return f"it agrees once {name} is added"
        if near.agree(near.got - term):
            return f"it agrees once {name} is taken away"
    return ""


def _where(near: Near) -> str:
    """Right but for one step along an axis, or right up to a step and wrong from it on, or the other way round."""
    bad = ~near.close(near.got, near.want)
    if int(bad.sum()) < 2 or not near.places_told:
        return ""
    for place in near.places():
        size = bad.shape[place]
        wrong = bad.movedim(place, 0).reshape(size, -1).any(dim=1).nonzero().flatten().tolist()
        if size < 3 or len(wrong) == size or not _wholly_wrong(bad, place, wrong):
            continue
        right = [index for index in range(size) if index not in wrong]
        if len(near.want.select(place, right[0]).unique()) < 2:
            continue
        if len(wrong) == 1:
            last = ", the last," if wrong[0] == size - 1 else ""
            return f"along {near.axis(place)} only index {wrong[0]}{last} is wrong"
        if wrong == list(range(wrong[0], size)):
            return f"along {near.axis(place)} it is right up to index {wrong[0] - 1}, and wrong from there on"
        if wrong == list(range(len(wrong))):
            return f"along {near.axis(place)} it is wrong up to index {wrong[-1]}, and right from there on"
    return ""


def _wholly_wrong(bad: torch.Tensor, place: int, wrong: list[int]) -> bool:
    """Whether nearly all is wrong where something is: else the line between right and wrong is drawn by chance."""
    return bool(bad.movedim(place, 0)[wrong].double().mean() > MOSTLY)


OTHER_SHAPE = (_swapped_axes, _axes_of_one, _steps_too_few_or_many, _one_step_of_it, _summed, _reshaped)
SAME_SHAPE = (
    _swapped_axes,
    _reversed,
    _shifted,
    _scaled,
    _missing_term,
    _another_function,
    _offset,
    _reordered,
    _where,
)
