"""What students see of the checks of notebook 2: tasks 2.1 to 2.4."""

from __future__ import annotations

import torch

from grader.checks.echoes import ask, mask_agrees, target_agrees, well_formed
from grader.checks.kit import agree, answer, check, expect, gradients_agree, no_effects, raises
from grader.compare import same
from grader.engine.values import Array, Given

DOUBLE = torch.float64
STATE = ("h", "c")
OPEN, SHUT = 30.0, -30.0  # what goes into a gate that is wholly open, or shut


def gate_shapes(features: int, hidden: int, gates: int) -> dict[str, tuple[int, ...]]:
    """The parameters of a gated cell, under torch's names."""
    rows = gates * hidden
    return {"weight_ih": (rows, features), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}


def parameters_are_torchs(cell, shapes) -> None:
    """Names and shapes, and first weights that are finite and not all alike."""
    made = answer(cell.parameters(), dict, "the dict of parameters")
    plain = all(isinstance(array, Array) and array.data is not None for array in made.values())
    expect(plain, "a parameter is no plain tensor")
    found = {name: array.shape for name, array in made.items()}
    expect(found == shapes, f"the parameters are {found}, expected {shapes}")
    for name in ("weight_ih", "weight_hh"):
        data = made[name].data
        expect(bool(data.isfinite().all()), f"{name} is not finite at the start")
        expect(bool((data != data.flatten()[0]).any()), f"every entry of {name} is the same at the start")


# 2.1 echo_batch


@check("2.1")
def test_echo_of_every_bit(student, reference, draw):
    """The target at step t is the bit of step t − lag; before step lag there is none, and the target is 0."""
    for lag in (1, 3):
        target_agrees(ask(student, draw.seed(), 40, 9, lag))


@check("2.1")
def test_echo_mask(student, reference, draw):
    """The mask is a tensor of bool, True from step lag on."""
    for lag in (1, 3):
        mask_agrees(ask(student, draw.seed(), 40, 9, lag))


@check("2.1")
def test_echo_inputs(student, reference, draw):
    """The inputs are bits: 0 or 1 as float32, with an axis of one feature, drawn one by one with equal chance."""
    for sizes in ((40, 9, 2), (400, 16, 3)):
        echo = ask(student, draw.seed(), *sizes)
        well_formed(echo)
    bits_are_fair(echo.bits)


def bits_are_fair(bits: torch.Tensor) -> None:
    """About half of the bits are 1, and about half are like their neighbour in time, and in the batch."""
    ones, in_time, in_batch = (
        bits.mean(),
        (bits[:, 1:] == bits[:, :-1]).float().mean(),
        (bits[1:] == bits[:-1]).float().mean(),
    )
    for share, what in ((ones, "are 1"), (in_time, "are like the bit one step before"),
                        (in_batch, "are like the bit at the same step of the sequence before")):  # fmt: skip
        expect(abs(float(share) - 0.5) < 0.06, f"of {bits.numel()} bits {share:.0%} {what}, expected about half")


@check("2.1")
def test_echo_without_lag_or_with_a_long_one(student, reference, draw):
    """A lag of 0 asks for each bit at once, a lag of length − 1 for one bit, a longer one for nothing."""
    for length, lag in ((8, 0), (8, 7), (8, 8), (8, 11), (1, 0), (1, 1)):
        echo = ask(student, draw.seed(), 40, length, lag)
        target_agrees(echo)
        mask_agrees(echo)


@check("2.1")
def test_echo_of_one_sequence(student, reference, draw):
    """A batch of one sequence keeps its axis."""
    echo = ask(student, draw.seed(), 1, 60, 2)
    well_formed(echo)
    target_agrees(echo)
    mask_agrees(echo)


@check("2.1")
def test_marked_inputs(student, reference, draw):
    """Marked: the inputs have two channels, all the bits and a marker that is 1 at one position of each sequence."""
    for sizes in ((200, 9, 4), (400, 16, 3)):
        echo = ask(student, draw.seed(), *sizes, True)
        well_formed(echo)
        _ = echo.places
    bits_are_fair(echo.bits)
    marked = echo.bits[torch.arange(len(echo.bits)), echo.places]
    share = float(marked.mean())
    expect(0.3 < share < 0.7, f"of {len(marked)} marked bits {share:.0%} are 1, expected about half")


@check("2.1")
def test_marked_answer(student, reference, draw):
    """Marked: the target is the marked bit, lag steps after the marker, and 0 everywhere else."""
    for lag in (1, 4):
        target_agrees(ask(student, draw.seed(), 200, 9, lag, True))


@check("2.1")
def test_marked_mask(student, reference, draw):
    """Marked: the mask is True lag steps after the marker and nowhere else."""
    for lag in (1, 4):
        mask_agrees(ask(student, draw.seed(), 200, 9, lag, True))


@check("2.1")
def test_marked_places(student, reference, draw):
    """Marked: each sequence has a position of its own, and all positions that leave room come up equally often."""
    places_are_even(ask(student, draw.seed(), 4000, 9, 4, True))


def places_are_even(echo) -> None:
    """Each position with room is marked about as often as the others."""
    room = echo.length - echo.lag
    expected = echo.batch_size / room
    for place, count in enumerate(torch.bincount(echo.places, minlength=room).tolist()):
        expect(0.75 * expected < count < 1.25 * expected, f"position {place} is marked in {count} of {echo.batch_size} "
               f"sequences, expected about {expected:.0f}: {room} positions leave room")  # fmt: skip


@check("2.1")
def test_marked_at_the_edge(student, reference, draw):
    """Marked: a lag of length − 1 leaves room for the first position alone, a lag of 0 for all."""
    for length, lag in ((6, 5), (6, 0), (1, 0)):
        echo = ask(student, draw.seed(), 200, length, lag, True)
        well_formed(echo)
        target_agrees(echo)
        mask_agrees(echo)


@check("2.1", value=False)
def test_marked_without_room(student, reference, draw):
    """Marked: a lag that leaves no room for an answer, length or more, is a ValueError."""
    for lag in (9, 6):
        raises(ask(student, draw.seed(), 3, 6, lag, True).seen, "ValueError", f"length 6, lag {lag} and marked")


@check("2.1", value=False)
def test_echo_draws_from_the_generator(student, reference, draw):
    """All that is random comes from the generator: the same seed gives the same batch, and nothing else is drawn from."""
    for marked in ((), (True,)):
        comes_from_the_generator(student, draw.seed(), 200, 9, 4, *marked)


def comes_from_the_generator(student, seed: int, *args) -> None:
    """The same batch under the same seed, another under another seed and at the next call, and no other source."""
    generator = student.new("props.generator", seed)
    first = ask(student, generator, *args)
    no_effects(first.seen)
    again = ask(student, seed, *args, earlier=(first,))
    expect(same(again.seen.value, first.seen.value), "two generators with the same seed gave different batches: something "
           "is drawn from elsewhere")  # fmt: skip
    other = ask(student, seed + 1, *args, earlier=(first,))
    expect(not same(other.seen.value, first.seen.value), "generators with different seeds gave the same batch: it is not "
           "drawn from them")  # fmt: skip
    after = ask(student, generator, *args, earlier=(first,))
    expect(not same(after.seen.value, first.seen.value), "two calls with one generator gave the same batch: it has to be "
           "drawn from as it stands, so that it moves on")  # fmt: skip
