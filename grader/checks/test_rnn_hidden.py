"""The hidden checks of notebook 1: other sizes, double precision, memory layouts, devices."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, check, gradients_agree
from grader.checks.test_rnn import OUTPUTS, WINDOWS, by_hand, cell_shapes, forecaster_shapes, rollout, trained

DOUBLE = torch.float64


@check("1.1", hidden=True)
def test_windows_in_double(student, reference, draw):
    """The windows keep the dtype of the series, also when it is laid out with gaps in memory."""
    series = draw.given("series", 15, 2, dtype=DOUBLE, strided=True)
    agree(
        student.call("make_windows", series, 5, 2), reference.call("make_windows", series, 5, 2), "the result", WINDOWS
    )


@check("1.1", value=False, hidden=True)
def test_windows_on_another_device(student, reference, draw):
    """The windows are made on the device of the series."""
    series = draw.given("series", 9)
    got, want = (impl.call("make_windows", series, 4, device="meta") for impl in (student, reference))
    agree(got, want, "the result", WINDOWS)


@check("1.2", hidden=True)
def test_step_in_double(student, reference, draw):
    """A step in double precision is exact to double precision, whatever the memory layout of its inputs."""
    weights = draw.weights(cell_shapes(4, 7), DOUBLE)
    x = draw.given("x", 3, 4, dtype=DOUBLE, grad=True, strided=True)
    h = draw.given("h", 3, 7, dtype=DOUBLE, grad=True, strided=True)
    got, want = (impl.new("RNNCell", 4, 7, weights=weights)(x, h, gradients=True) for impl in (student, reference))
    agree(got, want, "h'")
    gradients_agree(got, want)


@check("1.2", value=False, hidden=True)
def test_step_on_another_device(student, reference, draw):
    """A step runs where its inputs and parameters are."""
    weights, x = draw.weights(cell_shapes(3, 5)), draw.given("x", 4, 3)
    got, want = (impl.new("RNNCell", 3, 5, weights=weights, device="meta")(x, device="meta")
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "h'")


@check("1.3", hidden=True)
def test_sequence_in_double(student, reference, draw):
    """A sequence in double precision stays in it, from a state of zeros that is made in it too."""
    weights = draw.weights(cell_shapes(4, 3, "cell."), DOUBLE)
    x = draw.given("x", 2, 11, 4, dtype=DOUBLE, grad=True, strided=True)
    got, want = (impl.new("RNN", 4, 3, weights=weights)(x, gradients=True) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)
    gradients_agree(got, want)


@check("1.3", value=False, hidden=True)
def test_sequence_on_another_device(student, reference, draw):
    """A sequence is unrolled where it lies."""
    weights, x = draw.weights(cell_shapes(3, 5, "cell.")), draw.given("x", 4, 6, 3)
    got, want = (impl.new("RNN", 3, 5, weights=weights, device="meta")(x, device="meta")
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the result", OUTPUTS)


@check("1.4", hidden=True)
def test_gradients_by_hand_in_double(student, reference, draw):
    """The gradients by hand are exact to double precision on a longer sequence."""
    weights = draw.weights(cell_shapes(3, 6), DOUBLE)
    x = draw.given("x", 2, 9, 3, dtype=DOUBLE, strided=True)
    grad_outputs = draw.given("grad_outputs", 2, 9, 6, dtype=DOUBLE, strided=True)
    h0 = draw.given("h0", 2, 6, dtype=DOUBLE)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.4", value=False, hidden=True)
def test_gradients_by_hand_for_a_state_in_the_graph(student, reference, draw):
    """Inputs that require gradients are welcome, and what comes back is values alone."""
    weights = draw.weights(cell_shapes(2, 3))
    x, grad_outputs = draw.given("x", 2, 4, 2, grad=True), draw.given("grad_outputs", 2, 4, 3)
    h0 = draw.given("h0", 2, 3, grad=True)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.5", hidden=True)
def test_forecast_in_double(student, reference, draw):
    """A forecast keeps the dtype of the context."""
    weights = draw.weights(forecaster_shapes(3, 5), DOUBLE)
    context = draw.given("context", 2, 7, 3, dtype=DOUBLE, strided=True)
    (got, _), (want, _) = (rollout(impl, weights, context, 6) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.6", hidden=True)
def test_step_with_another_optimiser(student, reference, draw):
    """The step works with any optimiser, here Adam over three batches with clipping."""
    weights = draw.weights(forecaster_shapes(1, 3))
    batches = [(draw.given("x", 2, 6, 1), draw.given("y", 2, 6, 1)) for _ in range(3)]
    (seen, got), (_, want) = (trained(impl, weights, batches, 0.5, "Adam") for impl in (student, reference))
    for call in seen:
        agree(call, call, "the loss")
    agree(got, want, "the parameters after three steps")
