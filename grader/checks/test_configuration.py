"""What students see of the checks of task 1.7: the judge trains with the four numbers that they chose."""

from __future__ import annotations

import math
from functools import cache

from grader.checks.kit import answer, check, expect, shown
from toolkit.trial import FAULTY, TARGET, final_error, trial

REPEATING = 91.0  # pascals: the error of repeating the last value


def numbers(impl) -> dict[str, float]:
    """The configuration, held to what a trial takes."""
    found = answer(impl.call("props.plain_numbers", impl.new("configuration")), dict, "the configuration")
    expect(set(found) == set(FAULTY), f"the configuration has the keys {sorted(map(str, found))}, "
           f"expected {sorted(FAULTY)}")  # fmt: skip
    for name, value in found.items():
        wanted = "a number without quotation marks" if isinstance(value, str) else "a finite number"
        expect(type(value) in (int, float) and math.isfinite(value), f"{name} is {shown(value)}, expected {wanted}")
    for name in ("lr", "scale"):
        expect(found[name] > 0, f"{name} is {found[name]:g}, expected a number above 0")
    return found


def error_with(found: dict[str, float], seed: int = 0) -> float:
    """The error at the end of a trial, in pascals."""
    return _error(tuple(sorted(found.items())), seed)


@cache
def _error(items: tuple[tuple[str, float], ...], seed: int) -> float:
    return final_error(trial(dict(items), seed=seed))


@check("1.7", value=False)
def test_configuration_has_four_numbers(student, reference, draw):
    """`configuration()` returns a dict with the four numbers lr, shift, scale and gain."""
    numbers(student)


@check("1.7")
def test_configuration_beats_repeating(student, reference, draw):
    """A trial with it ends below the error of repeating the last value."""
    error = error_with(numbers(student))
    expect(error < REPEATING, f"the error at the end is {error:.1f} Pa, expected less than {REPEATING:.0f} Pa")


@check("1.7")
def test_configuration_reaches_the_target(student, reference, draw):
    """A trial with it ends at the target or below."""
    error = error_with(numbers(student))
    expect(error <= TARGET, f"the error at the end is {error:.1f} Pa, expected at most {TARGET:.0f} Pa")
