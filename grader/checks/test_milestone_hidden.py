"""The hidden checks of tasks 4.8 to 4.10: other sizes, other devices."""

from __future__ import annotations

import torch

from grader.checks.kit import agree_on_device, check
from grader.checks.test_milestone import (
    STATE,
    as_pair,
    ids_of,
    layers_agree,
    linear_weights,
    losses_agree,
    models_agree,
    opinions,
    own_model,
    own_weights,
    state_of,
    text_of,
)
from grader.engine.values import Array, Seen


def blank(*shape: int) -> Array:
    return Array(None, shape, "torch.float32", "meta")


@check("4.8", hidden=True)
def test_larger_linear_layer(student, reference, draw):
    """A larger layer is as right as a small one, its gradients too."""
    layers_agree(
        student, reference, linear_weights(draw, 33, 20), draw.given("x", 5, 12, 33, grad=True), gradients=True
    )


@check("4.8", value=False, hidden=True)
def test_linear_layer_on_another_device(student, reference, draw):
    """The layer computes where its parameters are."""
    layer = student.new("Linear", 4, 3, weights=linear_weights(draw, 4, 3), device="meta")
    agree_on_device(layer(draw.given("x", 2, 5, 4), device="meta"), Seen(blank(2, 5, 3)))


@check("4.9", hidden=True)
def test_larger_model_of_own_parts(student, reference, draw):
    """A larger model on a longer text is as right as a small one, its gradients too."""
    weights = own_weights(draw, (23, 8, 17))
    weights["cell.weight_hh"] *= 0.4  # over 24 steps nothing blows up a rounding error
    models_agree(
        student, reference, weights, ids_of(draw, 5, 24, words=23), state_of(draw, 5, 17, grad=True), gradients=True
    )


@check("4.9", value=False, hidden=True)
def test_own_parts_on_another_device(student, reference, draw):
    """The first state and the logits are made where the parameters are."""
    model = own_model(student, own_weights(draw), "meta")
    agree_on_device(
        as_pair(model.call("init_hidden", 2, device="meta")), Seen((blank(2, 4), blank(2, 4))), "the first state", STATE
    )
    seen = model(ids_of(draw, 2, 5), device="meta")
    agree_on_device(seen, Seen((blank(2, 5, 6), (blank(2, 4), blank(2, 4)))), "the result", ("logits", "state"))


@check("4.10", hidden=True)
def test_loss_of_a_longer_text(student, reference, draw):
    """A longer text, and other chunks, are as right as short ones."""
    ids = text_of(draw, 61, 9)
    losses_agree(student, reference, opinions(draw, 3.0, 9), ids, 7, 20, 59, 60, 61, mode=True)
    losses_agree(student, reference, opinions(draw, 3.0, 9, torch.float64), ids, 13, form="pair")
