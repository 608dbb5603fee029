"""The hidden checks of notebook 1: other sizes, other devices, another optimiser."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, agree_on_device, check, gradients_agree
from grader.checks.test_rnn import OUTPUTS, WINDOWS, by_hand, cell_shapes, forecaster_shapes, rollout, trained

DOUBLE = torch.float64


@check("1.1", value=False, hidden=True)
def test_windows_on_another_device(student, reference, draw):
    """The windows are made on the device of the series."""
    series = draw.given("series", 9)
    got, want = (impl.call("make_windows", series, 4, device="meta") for impl in (student, reference))
    agree_on_device(got, want, "the result", WINDOWS)


@check("1.2", value=False, hidden=True)
def test_step_on_another_device(student, reference, draw):
    """A step runs where its inputs and parameters are."""
    weights, x = draw.weights(cell_shapes(3, 5)), draw.given("x", 4, 3)
    got, want = (impl.new("RNNCell", 3, 5, weights=weights, device="meta")(x, device="meta")
                 for impl in (student, reference))  # fmt: skip
    agree_on_device(got, want, "h'")


@check("1.3", value=False, hidden=True)
def test_sequence_on_another_device(student, reference, draw):
    """A sequence is unrolled where it lies."""
    weights, x = draw.weights(cell_shapes(3, 5, "cell.")), draw.given("x", 4, 6, 3)
    got, want = (impl.new("RNN", 3, 5, weights=weights, device="meta")(x, device="meta")
                 for impl in (student, reference))  # fmt: skip
    agree_on_device(got, want, "the result", OUTPUTS)


@check("1.4", value=False, hidden=True)
def test_gradients_by_hand_for_a_state_in_the_graph(student, reference, draw):
    """Inputs that require gradients are welcome."""
    weights = draw.weights(cell_shapes(2, 3))
    x, grad_outputs = draw.given("x", 5, 4, 2, grad=True), draw.given("grad_outputs", 5, 4, 3)
    h0 = draw.given("h0", 5, 3, grad=True)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.6", hidden=True)
def test_step_with_another_optimiser(student, reference, draw):
    """The step works with any optimiser and dtype, here Adam over three batches in double precision."""
    weights = draw.weights(forecaster_shapes(1, 3), torch.float64)
    shape, double = (2, 6, 1), {"dtype": torch.float64}
    batches = [(draw.given("x", *shape, **double), draw.given("y", *shape, **double)) for _ in range(3)]
    (seen, got), (_, want) = (trained(impl, weights, batches, 100.0, "Adam") for impl in (student, reference))
    for call in seen:
        agree(call, call, "the loss")
    agree(got.parameters(), want.parameters(), "the parameters after three steps")


@check("1.5", hidden=True)
def test_long_forecast(student, reference, draw):
    """A longer forecast for more sequences with more features is as right as a short one."""
    weights, context = draw.weights(forecaster_shapes(4, 6)), draw.given("context", 7, 3, 4)
    (got, _), (want, _) = (rollout(impl, weights, context, 25) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.5", value=False, hidden=True)
def test_forecast_on_another_device(student, reference, draw):
    """A forecast is made where its context lies."""
    weights, context = draw.weights(forecaster_shapes(1, 3)), draw.given("context", 2, 4, 1)
    got, want = (
        impl.call(
            "forecast", impl.new("props.Forecaster", 1, 3, weights=weights, device="meta"), context, 3, device="meta"
        )
        for impl in (student, reference)
    )
    agree_on_device(got, want, "the forecast")


@check("1.3", hidden=True)
def test_longer_sequence(student, reference, draw):
    """A longer sequence in a larger batch is as right as a short one."""
    weights, x = draw.weights(cell_shapes(2, 6, "cell.")), draw.given("x", 9, 31, 2, grad=True)
    weights["cell.weight_hh"] *= 0.4  # over 31 steps nothing blows up a rounding error
    got, want = (impl.new("RNN", 2, 6, weights=weights)(x, gradients=True) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)
    gradients_agree(got, want)


@check("1.4", value=False, hidden=True)
def test_gradients_by_hand_on_another_device(student, reference, draw):
    """The gradients are computed where the cell and its inputs are."""
    weights = draw.weights(cell_shapes(2, 3))
    x, grad_outputs = draw.given("x", 2, 4, 2), draw.given("grad_outputs", 2, 4, 3)
    got, want = (
        impl.call("bptt", impl.new("RNNCell", 2, 3, weights=weights, device="meta"), x, grad_outputs, device="meta")
        for impl in (student, reference)
    )
    agree_on_device(got, want, "the dict")
