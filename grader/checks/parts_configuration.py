"""The parts of task 1.7: each of the four numbers tried in good company, so that it alone decides what comes out."""

from __future__ import annotations

from grader.checks.kit import expect, part
from grader.checks.test_configuration import error_with, numbers
from toolkit.stand_ins import configuration as good_numbers
from toolkit.trial import TARGET

SLACK = 1.1


def fares_well(student, name: str) -> None:
    """A trial with this one number of the student's comes near the target."""
    company = good_numbers() | {name: numbers(student)[name]}
    expect(error_with(company) <= SLACK * TARGET, f"{name} alone keeps a trial from the target")


@part("1.7", "the learning rate")
def part_lr(student, reference, draw):
    fares_well(student, "lr")


@part("1.7", "the shift")
def part_shift(student, reference, draw):
    fares_well(student, "shift")


@part("1.7", "the scale")
def part_scale(student, reference, draw):
    fares_well(student, "scale")


@part("1.7", "the size of the first weights")
def part_gain(student, reference, draw):
    fares_well(student, "gain")
