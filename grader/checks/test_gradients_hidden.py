"""The hidden checks of tasks 2.5 to 2.7: other sizes, other devices."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, agree_on_device, check, expect
from grader.checks.test_gradients import (
    clipped,
    drawn,
    filters,
    norms,
    norms_agree,
    norms_of_rows_agree,
    note,
    parameters_of,
    walk,
    weights_of,
)
from grader.engine.values import Array, Seen

OTHER_GENERATOR = "device type for generator"  # one that lies elsewhere than the parameters: the task doesn't say where


@check("2.5", hidden=True)
def test_norms_of_a_longer_sequence(student, reference, draw):
    """A longer sequence in a larger batch is as right as a short one, for any cell."""
    for kind in ("rnn", "gru", "lstm"):
        weights, x = weights_of(draw, kind, 2, 6, torch.float64), draw.given("x", 7, 23, 2, dtype=torch.float64)
        norms_agree(student, reference, kind, weights, x)


@check("2.5", value=False, hidden=True)
def test_norms_on_another_device(student, reference, draw):
    """The norms are computed where the cell and x are."""
    weights, x = weights_of(draw, "gru", 2, 3), draw.given("x", 2, 4, 2)
    got, want = (norms(impl, "gru", weights, x, "meta") for impl in (student, reference))
    agree_on_device(got, want, "the norms")


@check("2.6", hidden=True)
def test_clipping_many_parameters(student, reference, draw):
    """Many parameters of other shapes, one of them a single number, are clipped as well as a few."""
    shapes = ((), (5,), (4, 6), (1, 1), (2, 3, 2, 2), (7, 1)) * 2
    values, gradients = drawn(draw, 2.0, shapes=shapes)
    for max_norm in (0.3, 1000.0):
        got, want = (clipped(impl, values, gradients, max_norm) for impl in (student, reference))
        agree(got[1], want[1], "the list of gradients")
        agree(got[0], want[0], "the total")


@check("2.6", value=False, hidden=True)
def test_clipping_on_another_device(student, reference, draw):
    """Gradients are clipped where they are."""
    values, gradients = drawn(draw)
    parameters = parameters_of(student, values, gradients, "meta")
    done = student.call("clip_gradient_norm_", parameters, 0.5, device="meta")
    agree_on_device(done, Seen(done.value), "the total")
    after = student.call("props.gradients_of", parameters, device="meta")
    want = [Array(None, tuple(gradient.shape), "torch.float32", "meta") for gradient in gradients]
    agree(after, Seen(want), "the gradients")


@check("2.7", hidden=True)
def test_a_row_of_zeros(student, reference, draw):
    """Where a row of θ is zero, so is that row of the directions: nothing is divided by zero."""
    weights = {"kernel": draw.normal(3, 2, 3), "weight": draw.normal(5, 4), "bias": torch.zeros(5)}
    weights["weight"][2] = 0
    weights["kernel"][1] = 0
    found = walk(student, weights, 0.5)
    for name in ("kernel", "weight"):
        norms_of_rows_agree(found, weights, name)
    still = float(found.pieces("bias", weights).abs().max())
    note(student, still < 1e-6)
    expect(still < 1e-6, f"a bias of zeros is moved by up to {still:.2g}, expected 0")


@check("2.7", value=False, hidden=True)
def test_surface_on_another_device(student, reference, draw):
    """The surface lies where the parameters are."""
    weights = {"weight": draw.normal(4, 3), "bias": draw.normal(4)}
    model, loss = filters(student, weights, "meta"), student.new("props.squares")
    seen = student.call("loss_surface", model, loss, 0.5, 3, student.new("props.generator", 1), device="meta")
    if seen.failure is None or OTHER_GENERATOR not in seen.failure.message:
        agree_on_device(seen, Seen(Array(None, (3, 3), "torch.float32", "meta")), "the surface")
