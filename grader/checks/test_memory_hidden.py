"""The hidden checks of tasks 2.8 and 2.9: other sizes, other devices."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, agree_on_device, check, gradients_agree
from grader.checks.test_gradients import weights_of
from grader.checks.test_memory import gate_agrees, lstm, opened, question
from grader.engine.values import Array, Seen


@check("2.8", hidden=True)
def test_loss_of_a_larger_batch(student, reference, draw):
    """A larger batch is as right as a small one, its gradient too."""
    mask = draw.integers(0, 3, 12, 31) == 0
    arguments = question(draw, mask, scale=4.0, grad=True)
    got, want = (impl.call("masked_loss", *arguments, gradients=True) for impl in (student, reference))
    agree(got, want, "the loss")
    gradients_agree(got, want)


@check("2.8", value=False, hidden=True)
def test_loss_on_another_device(student, reference, draw):
    """The loss is computed where its arguments are."""
    seen = student.call("masked_loss", *question(draw, torch.ones(2, 3, dtype=torch.bool)), device="meta")
    agree_on_device(seen, Seen(Array(None, (), "torch.float32", "meta")), "the loss")


@check("2.9", hidden=True)
def test_forget_gate_of_a_larger_cell(student, reference, draw):
    """A larger cell is opened as well as a small one, and nothing else in it moves."""
    weights = weights_of(draw, "lstm", 7, 40)
    gate_agrees(student, reference, weights, 1.25)
    got, want = (impl.call("props.but_the_forget_gate", opened(impl, weights, 1.25)) for impl in (student, reference))
    agree(got, want, "the parameters but for the forget gate's biases")


@check("2.9", value=False, hidden=True)
def test_forget_gate_on_another_device(student, reference, draw):
    """The gate is opened where the cell is."""
    weights = weights_of(draw, "lstm", 3, 4)
    said = student.call("open_forget_gate_", lstm(student, weights, "meta"), 1.0, device="meta")
    agree_on_device(said, Seen(said.value), "the call")
