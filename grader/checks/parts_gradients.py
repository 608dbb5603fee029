"""The parts of tasks 2.5 to 2.9, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, expect, no_effects, part, piece
from grader.checks.test_gradients import (
    Walk,
    array,
    clipped,
    finer,
    in_one_pass,
    lengths,
    norms,
    places_agree,
    put_back,
    the_second,
    walk,
    weights_of,
)
from grader.checks.test_memory import opened, rows
from grader.engine.values import Array, Given, Seen

ZEROS = ("bias_ih", "bias_hh")


# 2.5: gradients on their way back


def norms_of(student, reference, draw, kind: str, batch: int, length: int, hidden: int) -> list[Seen]:
    """What both give for a small cell without biases, on small inputs."""
    weights = weights_of(draw, kind, 2, hidden)
    weights |= {name: torch.zeros_like(weights[name]) for name in ZEROS}
    x = Given(0.1 * draw.normal(batch, length, 2), "x")
    return [norms(impl, kind, weights, x) for impl in (student, reference)]


def entry_agrees(seen: list[Seen], place: int) -> None:
    agree(*(piece(one, place) for one in seen))


@part("2.5", "the number of entries")
def part_number_of_entries(student, reference, draw):
    for length in (1, 4):
        got, want = (
            answer(seen, Array, "the norms").shape for seen in norms_of(student, reference, draw, "rnn", 2, length, 3)
        )
        expect(got == want, "another number")


@part("2.5", "the order of the entries")
def part_order_of_entries(student, reference, draw):
    """Where each step leaves half of a gradient, later entries are larger, whatever is made of each."""
    weights = {"weight_ih": draw.normal(1, 1), "weight_hh": torch.full((1, 1), 0.5)}
    weights |= {name: torch.zeros(1) for name in ZEROS}
    x = Given(0.1 * draw.normal(1, 5, 1), "x")
    got = answer(norms(student, "rnn", weights, x), Array, "the norms")
    expect(got.shape == (5,) and bool((got.data[1:] > 1.2 * got.data[:-1]).all()), "another order")


@part("2.5", "the last entry √(N·H)")
def part_last_entry(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "rnn", 3, 2, 4), -1)


@part("2.5", "one step back with one sequence and one unit")
def part_one_step_back(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "rnn", 1, 2, 1), -2)


@part("2.5", "several steps back with one sequence and one unit")
def part_several_steps_back(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "rnn", 1, 5, 1), -5)


@part("2.5", "the norm over several units")
def part_norm_over_units(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "rnn", 1, 2, 4), -2)


@part("2.5", "the norm over several sequences")
def part_norm_over_sequences(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "rnn", 4, 2, 1), -2)


@part("2.5", "the way back through an LSTM's h")
def part_back_through_an_lstm(student, reference, draw):
    entry_agrees(norms_of(student, reference, draw, "lstm", 1, 2, 1), -2)


@part("2.5", "the way on through an LSTM's c")
def part_on_through_c(student, reference, draw):
    """From h_1 through c_2 to h_3, since no weight leads from h_2 on."""
    weights = weights_of(draw, "lstm", 1, 1)
    x = Given(torch.tensor([[[1.0], [1.0], [40.0]]]), "x")
    weights["weight_ih"] = torch.tensor(
        [[-1.0], [1.0], [0.3], [1.0]]
    )  # the last step's i is shut, its f and o are open
    weights["weight_hh"] = torch.tensor([[0.7], [0.4], [0.9], [0.5]])
    entry_agrees([norms(impl, "lstm", weights, x) for impl in (student, reference)], 0)


# 2.6: clipping

ONE, TWO = torch.tensor([3.0, -4.0, 12.0]), torch.tensor([[84.0]])  # of norms 13 and 84, together 85
NOTHING = torch.zeros(3), torch.zeros(1, 1)


def tried(student, reference, gradients: list, max_norm: float, given=None) -> list[tuple[Seen, Seen]]:
    values = list(NOTHING[: len(gradients)])
    return [clipped(impl, values, gradients, max_norm, given) for impl in (student, reference)]


@part("2.6", "the total of one gradient")
def part_total_of_one(student, reference, draw):
    agree(*(total for total, _ in tried(student, reference, [ONE], 100.0)))


@part("2.6", "the total of several gradients")
def part_total_of_several(student, reference, draw):
    agree(*(total for total, _ in tried(student, reference, [ONE, TWO], 100.0)))


@part("2.6", "what becomes of a short gradient")
def part_short_enough(student, reference, draw):
    agree(*(left for _, left in tried(student, reference, [ONE], 1000.0)))


@part("2.6", "what becomes of a long gradient")
def part_too_long(student, reference, draw):
    agree(*(left for _, left in tried(student, reference, [ONE], 2.0)))


@part("2.6", "the common factor of two long gradients")
def part_common_factor(student, reference, draw):
    """Whatever the factor is: both were multiplied by the same, and it is less than 1."""
    _, left = tried(student, reference, [ONE, TWO], 2.0)[0]
    arrays = [answer(piece(left, place), Array, "the gradient") for place in (0, 1)]
    expect([one.shape for one in arrays] == [(3,), (1, 1)], "another shape")
    factors = torch.cat([(one.data / whole).flatten() for one, whole in zip(arrays, (ONE, TWO), strict=True)])
    expect(torch.allclose(factors, factors[0], rtol=1e-4) and bool(factors[0].abs() < 0.99), "no common factor")


@part("2.6", "the skipping of a parameter without a gradient")
def part_without_a_gradient(student, reference, draw):
    """The other one is treated as if it were alone."""
    (total, left), (alone, left_alone) = (
        clipped(student, list(NOTHING[: len(gradients)]), gradients, 2.0) for gradients in ([ONE, None], [ONE])
    )
    agree(total, alone)
    agree(left, Seen([*answer(left_alone, list, "the gradients"), None]))


@part("2.6", "the reading of a generator")
def part_generator(student, reference, draw):
    """The same as from a list, whatever that is."""
    (total, left), (listed, left_listed) = (
        clipped(student, list(NOTHING), [ONE, TWO], 2.0, given) for given in (in_one_pass, None)
    )
    agree(total, listed)
    agree(left, left_listed)


@part("2.6", "the reading of a single tensor")
def part_single_tensor(student, reference, draw):
    """The same as a list of one, whatever that is."""
    (total, left), (listed, left_listed) = (
        clipped(student, [NOTHING[0]] * 2, [None, ONE], 2.0, the_second),
        clipped(student, [NOTHING[0]], [ONE], 2.0),
    )
    agree(total, listed)
    agree(piece(left, 1), piece(left_listed, 0))


# 2.7: the loss around a model


def around(student, draw, radius: float = 1.0, steps: int = 3, **weights) -> tuple[Walk, dict]:
    weights = weights or {"weight": draw.normal(3, 4), "bias": draw.normal(3)}
    return walk(student, weights, radius, steps), weights


@part("2.7", "the shape of the surface")
def part_shape_of_the_surface(student, reference, draw):
    found, _ = around(student, draw)
    expect(answer(found.seen, Array, "the surface").shape == (3, 3), "another shape")


@part("2.7", "the middle of the surface")
def part_middle(student, reference, draw):
    found, _ = around(student, draw)
    expect(bool((found.grid()[1, 1].abs() < 1e-6).all()), "moved in the middle")


@part("2.7", "the spacing of the grid")
def part_spacing(student, reference, draw):
    found, _ = around(student, draw, steps=4)
    places_agree(student, found)


@part("2.7", "the norms of rows")
def part_norms_of_rows(student, reference, draw):
    found, weights = around(student, draw, steps=2)
    same_norms(found, weights, "weight")


def same_norms(found: Walk, weights: dict, name: str) -> None:
    theta = weights[name]
    for d in found.pieces(name, weights):
        agree(array(lengths(d, min(1, theta.dim() - 1)).float()), array(lengths(theta, min(1, theta.dim() - 1))))
    expect(1.0 not in finer(found.pieces(name, weights), theta), "scaled in smaller parts")


@part("2.7", "the norms of rows with several axes")
def part_norms_of_filters(student, reference, draw):
    found, weights = around(student, draw, steps=2, kernel=draw.normal(3, 2, 3))
    same_norms(found, weights, "kernel")


@part("2.7", "the norm of a bias")
def part_norm_of_a_bias(student, reference, draw):
    found, weights = around(student, draw, steps=2)
    same_norms(found, weights, "bias")


@part("2.7", "the second direction")
def part_second_direction(student, reference, draw):
    """It is another than the first."""
    found, _ = around(student, draw, steps=2, weight=draw.normal(20, 20))
    first, second = found.directions()
    cosine = float(first @ second / (first.norm() * second.norm()))
    expect(abs(cosine) < 0.5, "the same direction, or none")


@part("2.7", "the draws from the generator")
def part_draws(student, reference, draw):
    weights = {"weight": draw.normal(3, 4)}
    one, same, other = (walk(student, weights, generator=seed).directions() for seed in (1, 1, 2))
    expect(torch.allclose(one, same) and not torch.allclose(one, other), "not by the generator")


@part("2.7", "the model afterwards")
def part_model_afterwards(student, reference, draw):
    found, weights = around(student, draw)
    put_back(student, found, weights)
    no_effects(found.seen)


# 2.8: a loss with a mask


def loss_of(impl, logits: list, targets: list, mask: torch.Tensor) -> Seen:
    named = ((torch.tensor(logits), "logits"), (torch.tensor(targets), "targets"), (mask, "mask"))
    return impl.call("masked_loss", *(Given(tensor, name) for tensor, name in named))


@part("2.8", "the cross-entropy of one step with target 1")
def part_target_one(student, reference, draw):
    agree(*(loss_of(impl, [[0.7]], [[1.0]], rows([0], length=1)) for impl in (student, reference)))


@part("2.8", "the cross-entropy of one step with target 0")
def part_target_zero(student, reference, draw):
    agree(*(loss_of(impl, [[0.7]], [[0.0]], rows([0], length=1)) for impl in (student, reference)))


@part("2.8", "the mean where all steps count")
def part_mean_of_all(student, reference, draw):
    """The same as of one step, where all steps are alike."""
    one = loss_of(student, [[0.7]], [[1.0]], rows([0], length=1))
    agree(loss_of(student, [[0.7] * 4] * 3, [[1.0] * 4] * 3, rows(*[[0, 1, 2, 3]] * 3, length=4)), one)


@part("2.8", "the number that the sum is divided by where only some steps count")
def part_number_of_steps(student, reference, draw):
    """The same as of one step, where all that count are alike and the others cost next to nothing."""
    one = loss_of(student, [[0.7]], [[1.0]], rows([0], length=1))
    logits, targets = [[0.7, 0.7, 14.0, 14.0]] * 2, [[1.0] * 4] * 2
    agree(loss_of(student, logits, targets, rows([0, 1], [0, 1], length=4)), one)


@part("2.8", "the leaving out of what doesn't count")
def part_left_out(student, reference, draw):
    """Other logits and targets where the mask is False change nothing."""
    mask = rows([0, 2], [1, 2], length=3)
    some, others = (
        loss_of(student, [[0.7, first, -0.3], [second, 1.1, 0.2]], [[1.0, target, 0.0], [target, 0.0, 1.0]], mask)
        for first, second, target in ((0.4, -2.0, 0.0), (-3.0, 1.0, 1.0))
    )
    agree(some, others)


@part("2.8", "the weight of rows in which different numbers of steps count")
def part_uneven_rows(student, reference, draw):
    """The same as when all that counts stands in one row."""
    split = loss_of(student, [[0.7, -0.3, 1.1], [2.0, 14.0, 14.0]], [[1.0] * 3] * 2, rows([0, 1, 2], [0], length=3))
    joined = loss_of(student, [[0.7, -0.3, 1.1, 2.0]], [[1.0] * 4], rows([0, 1, 2, 3], length=4))
    agree(split, joined)


@part("2.8", "the 0 where nothing counts")
def part_nothing_counts(student, reference, draw):
    arguments = ([[0.7, -0.3]], [[1.0, 1.0]], rows([], length=2))
    named = [torch.tensor(value) for value in arguments[:2]] + [arguments[2]]
    agree(*(impl.call("props.number", impl.new("masked_loss", *named)) for impl in (student, reference)))


@part("2.8", "the cross-entropy of a large logit")
def part_large_logit(student, reference, draw):
    agree(*(loss_of(impl, [[-150.0]], [[1.0]], rows([0], length=1)) for impl in (student, reference)))


# 2.9: a forget gate that begins open


def summed(impl, draw, hidden: int, gates: slice, *biases: float, without: tuple[str, ...] = ()) -> Seen:
    """b_ih + b_hh of some gates, by their numbers, after these calls; parameters in `without` begin at zero."""
    weights = weights_of(draw, "lstm", 2, hidden)
    weights |= {name: torch.zeros_like(weights[name]) for name in without}
    seen = impl.call("props.summed_biases", opened(impl, weights, *biases))
    return piece(seen, slice(gates.start * hidden, gates.stop * hidden))


def set_to(seen: Seen, value: float) -> None:
    found = answer(seen, Array, "the biases")
    agree(seen, array(torch.full(found.shape, value)))


FORGET = slice(1, 2)


@part("2.9", "the forget gate's bias where all biases were zero")
def part_from_zero(student, reference, draw):
    set_to(summed(student, draw, 3, FORGET, 1.5, without=ZEROS), 1.5)


@part("2.9", "what becomes of the bias_ih that was there")
def part_old_bias_ih(student, reference, draw):
    with_it, without = summed(student, draw, 3, FORGET, 1.5, without=("bias_hh",)), summed(
        student, draw, 3, FORGET, 1.5, without=ZEROS)  # fmt: skip
    agree(with_it, without)


@part("2.9", "what becomes of the bias_hh that was there")
def part_old_bias_hh(student, reference, draw):
    with_it, without = summed(student, draw, 3, FORGET, 1.5, without=("bias_ih",)), summed(
        student, draw, 3, FORGET, 1.5, without=ZEROS)  # fmt: skip
    agree(with_it, without)


@part("2.9", "the forget gate of a single unit")
def part_one_unit(student, reference, draw):
    """It gets what each of several units gets."""
    one, several = (summed(student, draw, hidden, FORGET, 1.5, without=ZEROS) for hidden in (1, 3))
    agree(one, piece(several, slice(0, 1)))


def stays(student, draw, gates: slice) -> None:
    weights = weights_of(draw, "lstm", 2, 3)
    before = (weights["bias_ih"] + weights["bias_hh"])[gates.start * 3 : gates.stop * 3]
    seen = student.call("props.summed_biases", opened(student, weights, 1.5))
    agree(piece(seen, slice(gates.start * 3, gates.stop * 3)), array(before))


@part("2.9", "what becomes of the input gate")
def part_input_gate(student, reference, draw):
    stays(student, draw, slice(0, 1))


@part("2.9", "what becomes of the candidate and the output gate")
def part_candidate_and_output_gate(student, reference, draw):
    stays(student, draw, slice(2, 4))


@part("2.9", "what becomes of the weights")
def part_weights(student, reference, draw):
    weights = weights_of(draw, "lstm", 2, 3)
    seen = student.call("props.parameters", opened(student, weights, 1.5))
    for name in ("weight_ih", "weight_hh"):
        agree(piece(seen, name), array(weights[name]))
