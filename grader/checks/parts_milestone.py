"""The parts of tasks 4.8 to 4.10, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, expect, gradients_agree, part, piece
from grader.checks.test_milestone import (
    KEYS,
    SIZES,
    STATE,
    WORDS,
    ids_of,
    linear_weights,
    opinions,
    own_model,
    own_weights,
    state_of,
    text_of,
)
from grader.checks.test_speaking import speaker
from grader.engine.values import Array, Given, Seen

# 4.8: a linear layer


def with_zeros(weights: dict, *names: str) -> dict:
    """The same, but for parameters of zeros."""
    return weights | {name: torch.zeros_like(weights[name]) for name in names}


def layer(impl, weights: dict, x: Given, gradients: bool = False) -> Seen:
    return impl.new("Linear", *weights["weight"].T.shape, weights=weights)(x, gradients=gradients)


@part("4.8", "the product x Wᵀ of rows")
def part_product(student, reference, draw):
    weights, x = with_zeros(linear_weights(draw, 4, 3), "bias"), draw.given("x", 5, 4)
    agree(*(layer(impl, weights, x) for impl in (student, reference)))


@part("4.8", "the bias")
def part_bias(student, reference, draw):
    weights, x = with_zeros(linear_weights(draw, 4, 3), "weight"), draw.given("x", 5, 4)
    agree(*(layer(impl, weights, x) for impl in (student, reference)))


@part("4.8", "a single row without an axis in front")
def part_single_row(student, reference, draw):
    weights, x = linear_weights(draw, 4, 3), draw.given("x", 4)
    agree(*(layer(impl, weights, x) for impl in (student, reference)))


@part("4.8", "several axes in front")
def part_several_axes(student, reference, draw):
    """The same rows as with one axis, whatever they are."""
    weights, rows = linear_weights(draw, 4, 3), draw.normal(6, 4)
    flat, deep = (layer(student, weights, Given(rows.reshape(shape), "x")) for shape in ((6, 4), (2, 3, 4)))
    found = answer(flat, Array, "the result").data
    expect(found.shape == (6, 3), "another shape")
    agree(deep, Seen(Array(found.reshape(2, 3, 3), (2, 3, 3), "torch.float32", flat.value.device)))


@part("4.8", "the gradient of the weight")
def part_gradient_of_the_weight(student, reference, draw):
    gradient_agrees(student, reference, draw, "weight")


@part("4.8", "the gradient of the bias")
def part_gradient_of_the_bias(student, reference, draw):
    gradient_agrees(student, reference, draw, "bias")


def gradient_agrees(student, reference, draw, name: str) -> None:
    weights, x = linear_weights(draw, 4, 3), draw.given("x", 5, 4, grad=True)
    found = [layer(impl, weights, x, gradients=True) for impl in (student, reference)]
    gradients_agree(*(Seen(seen.value, seen.failure, {name: (seen.gradients or {}).get(name)}) for seen in found))


# 4.9: a model of their own parts


def logits_of(impl, weights: dict, ids: Given, *state) -> Seen:
    return piece(own_model(impl, weights)(ids, *state), 0)


@part("4.9", "the first state")
def part_first_state(student, reference, draw):
    weights = own_weights(draw)
    agree(*(own_model(impl, weights).call("init_hidden", 3) for impl in (student, reference)), "the first state", STATE)


@part("4.9", "the logits of the first step")
def part_first_step(student, reference, draw):
    weights, ids = own_weights(draw), ids_of(draw, 3, 5)
    agree(*(piece(logits_of(impl, weights, ids), (slice(None), 0)) for impl in (student, reference)))


@part("4.9", "the logits of the later steps")
def part_later_steps(student, reference, draw):
    weights, ids = own_weights(draw), ids_of(draw, 3, 5)
    agree(*(piece(logits_of(impl, weights, ids), (slice(None), slice(1, None))) for impl in (student, reference)))


@part("4.9", "the head")
def part_head(student, reference, draw):
    """The cell is of zeros, so its outputs are as well: what comes out is the head's bias."""
    weights = own_weights(draw)
    weights = with_zeros(weights, *(name for name in weights if name.startswith("cell.")))
    ids = ids_of(draw, 2, 3)
    agree(*(logits_of(impl, weights, ids) for impl in (student, reference)))


@part("4.9", "the state that comes in")
def part_state_in(student, reference, draw):
    weights, ids, state = own_weights(draw), ids_of(draw, 3, 1), state_of(draw, 3, SIZES[2])
    agree(*(logits_of(impl, weights, ids, state) for impl in (student, reference)))


@part("4.9", "the state that goes out")
def part_state_out(student, reference, draw):
    weights, ids = own_weights(draw), ids_of(draw, 3, 4)
    agree(*(piece(own_model(impl, weights)(ids), 1) for impl in (student, reference)), "the state", STATE)


@part("4.9", "the gradients of embedding, cell and head")
def part_gradients(student, reference, draw):
    weights, ids = own_weights(draw), ids_of(draw, 3, 4)
    gradients_agree(*(own_model(impl, weights)(ids, gradients=True) for impl in (student, reference)))


# 4.10: the loss on a text


def loss_of(impl, weights: dict, ids: Given, length: int, **options) -> float:
    """The loss as a number, whatever its type."""
    model = speaker(impl, weights, **options)
    return answer(impl.call("props.number", impl.new("held_out_loss", model, ids, length)), float, "the loss")


def loss_agrees(student, reference, weights: dict, ids: Given, length: int) -> None:
    got, want = (loss_of(impl, weights, ids, length) for impl in (student, reference))
    agree(Seen(got), Seen(want))


@part("4.10", "the loss of a single prediction")
def part_single_prediction(student, reference, draw):
    loss_agrees(student, reference, opinions(draw), text_of(draw, 2), 1)


@part("4.10", "the unit, nats")
def part_unit(student, reference, draw):
    """A model that finds all characters equally likely has a loss of ln V, whatever is asked of it."""
    got = loss_of(student, {"table": torch.zeros(KEYS, WORDS)}, text_of(draw, 9), 8)
    agree(Seen(got), Seen(float(torch.tensor(WORDS, dtype=torch.float64).log())))


@part("4.10", "the mean over a single chunk")
def part_single_chunk(student, reference, draw):
    loss_agrees(student, reference, opinions(draw), text_of(draw, 9), 8)


@part("4.10", "the mean over chunks of one size")
def part_even_chunks(student, reference, draw):
    """Without memory: with so few keys the logits are about the last id alone."""
    loss_agrees(student, reference, {"table": draw.normal(WORDS, WORDS)}, text_of(draw, 13), 4)


@part("4.10", "the mean where the last chunk is shorter")
def part_short_chunk(student, reference, draw):
    loss_agrees(student, reference, {"table": draw.normal(WORDS, WORDS)}, text_of(draw, 12), 4)


@part("4.10", "the state that is handed on")
def part_state(student, reference, draw):
    """Two chunks of one size give what one chunk gives, whatever that is."""
    weights, ids = opinions(draw), text_of(draw, 13)
    agree(*(Seen(loss_of(student, weights, ids, length)) for length in (6, 12)))


@part("4.10", "the evaluation mode in which the model is asked")
def part_mode(student, reference, draw):
    """It comes to the same in which mode the model comes."""
    weights, ids = opinions(draw), text_of(draw, 9)
    agree(*(Seen(loss_of(student, weights, ids, 4, mode=mode)) for mode in (True, False)))
