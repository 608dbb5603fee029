"""The hidden checks of tasks 2.1 to 2.4: other sizes, other devices."""

from __future__ import annotations

import torch

from grader.checks.echoes import ask, mask_agrees, target_agrees, well_formed
from grader.checks.kit import agree, agree_on_device, check
from grader.checks.test_gated import (
    GATES,
    OUTPUTS,
    STATE,
    bits_are_fair,
    gate_shapes,
    gru_steps,
    lstm_steps,
    pair_of,
    places_are_even,
    torch_cell,
    unrolls,
)

DOUBLE = torch.float64


@check("2.1", hidden=True)
def test_longer_echo(student, reference, draw):
    """A longer echo in a larger batch is as right as a short one, with markers and without."""
    for marked in (False, True):
        echo = ask(student, draw.seed(), 900, 31, 17, marked)
        well_formed(echo)
        target_agrees(echo)
        mask_agrees(echo)


@check("2.1", hidden=True)
def test_larger_marked_batch(student, reference, draw):
    """Bits and places stay even when most of the sequence leaves room."""
    echo = ask(student, draw.seed(), 3000, 7, 1, True)
    bits_are_fair(echo.bits)
    places_are_even(echo)


@check("2.2", value=False, hidden=True)
def test_lstm_step_on_another_device(student, reference, draw):
    """A step runs where its inputs and parameters are, with a state and without."""
    weights, x, state = draw.weights(gate_shapes(3, 5, 4)), draw.given("x", 4, 3), pair_of(draw, 4, 5)
    cells = [impl.new("LSTMCell", 3, 5, weights=weights, device="meta") for impl in (student, reference)]
    for args in ((x,), (x, state)):
        got, want = (cell(*args, device="meta") for cell in cells)
        agree_on_device(got, want, "the result", STATE)


@check("2.2", hidden=True)
def test_larger_lstm_step(student, reference, draw):
    """A larger cell with a larger batch is as right as a small one."""
    weights, x = draw.weights(gate_shapes(12, 3, 4)), draw.given("x", 16, 12, grad=True)
    lstm_steps(student, reference, weights, x, pair_of(draw, 16, 3, grad=True), gradients=True)


@check("2.3", value=False, hidden=True)
def test_gru_step_on_another_device(student, reference, draw):
    """A step runs where its inputs and parameters are, with a state and without."""
    weights, x, h = draw.weights(gate_shapes(3, 5, 3)), draw.given("x", 4, 3), draw.given("h", 4, 5)
    cells = [impl.new("GRUCell", 3, 5, weights=weights, device="meta") for impl in (student, reference)]
    for args in ((x,), (x, h)):
        got, want = (cell(*args, device="meta") for cell in cells)
        agree_on_device(got, want, "h'")


@check("2.3", hidden=True)
def test_larger_gru_step(student, reference, draw):
    """A larger cell with a larger batch is as right as a small one."""
    weights, x = draw.weights(gate_shapes(9, 3, 3)), draw.given("x", 12, 9, grad=True)
    gru_steps(student, reference, weights, x, draw.given("h", 12, 3, grad=True), gradients=True)


@check("2.4", value=False, hidden=True)
def test_unroll_on_another_device(student, reference, draw):
    """A sequence is unrolled where it lies."""
    for kind in ("gru", "lstm"):
        weights, x = draw.weights(gate_shapes(3, 5, GATES[kind])), draw.given("x", 4, 6, 3)
        got, want = (impl.call("unroll", torch_cell(impl, kind, weights, device="meta"), x, device="meta")
                     for impl in (student, reference))  # fmt: skip
        agree_on_device(got, want, "the result", OUTPUTS)


@check("2.4", hidden=True)
def test_unroll_a_longer_sequence(student, reference, draw):
    """A longer sequence in a larger batch is as right as a short one, from a state of any number of parts."""
    weights, x = draw.weights(gate_shapes(2, 6, 4)), draw.given("x", 9, 31, 2, grad=True)
    unrolls(student, reference, "lstm", weights, x, pair_of(draw, 9, 6, grad=True), gradients=True)
    x, state = (
        draw.given("x", 5, 13, 3, dtype=DOUBLE),
        (draw.given("h", 5, 3, dtype=DOUBLE), draw.given("sum", 5, 3, dtype=DOUBLE)),
    )
    got, want = (impl.call("unroll", impl.new("props.plain_cell", 2), x, tuple(state)) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)
