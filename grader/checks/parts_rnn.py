"""The parts of tasks 1.1 to 1.6, each tried with weights and inputs under which nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, expect, part, piece
from grader.checks.test_rnn import by_hand, cell_shapes, forecaster_shapes, rollout
from grader.compare import same_seen
from grader.engine.values import Array, Given, Seen

SMALL = 0.01  # tanh leaves numbers of this size as they are, within the tolerance of the checks
TINY = 1e-4  # and their slope there is 1, within that tolerance too
CLOSED = -30.0  # a gate whose input is this is shut


def only(draw, shapes: dict[str, tuple[int, ...]], *names: str, scale: float = 0.6) -> dict[str, torch.Tensor]:
    """Weights that are zero but for those named."""
    return {
        name: scale * draw.normal(*shape) if name in names else torch.zeros(shape) for name, shape in shapes.items()
    }


def named(tensor: torch.Tensor, name: str) -> Given:
    return Given(tensor, name)


# 1.1: windows


def windows(impl, series, *args) -> Seen:
    """What make_windows gives, which has to be a pair of tensors with a first axis."""
    seen = impl.call("make_windows", series, *args)
    for side in (0, 1):
        value = piece(seen, side).value
        expect(
            seen.failure is not None or (isinstance(value, Array) and bool(value.shape)), "not two tensors of windows"
        )
    return seen


def rows_agree(got: Seen, want: Seen, side: int, count: int) -> None:
    """The first windows hold the same values, whatever their axes are."""
    agree(*(_rows(seen, side, count) for seen in (got, want)))


def _rows(seen: Seen, side: int, count: int) -> Seen:
    rows = piece(seen, side, slice(0, count)).value
    expect(rows.shape[0] == count and rows.data.numel() > 0, "too few windows")
    flat = rows.data.reshape(count, -1)
    return Seen(Array(flat, tuple(flat.shape), rows.dtype, rows.device))


@part("1.1", "the number of windows")
def part_number_of_windows(student, reference, draw):
    series = draw.given("series", 11)
    for args in ((4,), (4, 3)):
        got, want = (windows(impl, series, *args) for impl in (student, reference))
        counts = [[piece(seen, side).value.shape[0] for side in (0, 1)] for seen in (got, want)]
        expect(counts[0] == counts[1], "another number")


@part("1.1", "the inputs")
def part_inputs(student, reference, draw):
    series = draw.given("series", 11, 2)
    got, want = (windows(impl, series, 4) for impl in (student, reference))
    rows_agree(got, want, 0, 3)


@part("1.1", "the targets one step ahead")
def part_targets(student, reference, draw):
    series = draw.given("series", 11, 2)
    got, want = (windows(impl, series, 4) for impl in (student, reference))
    rows_agree(got, want, 1, 3)


@part("1.1", "the targets three steps ahead")
def part_targets_with_a_horizon(student, reference, draw):
    series = draw.given("series", 11, 2)
    got, want = (windows(impl, series, 4, 3) for impl in (student, reference))
    rows_agree(got, want, 1, 3)


@part("1.1", "the feature axis of a plain series")
def part_feature_axis(student, reference, draw):
    series = draw.given("series", 11)
    got, want = (windows(impl, series, 4) for impl in (student, reference))
    for side in (0, 1):
        shapes = [piece(seen, side).value.shape[1:] for seen in (got, want)]
        expect(shapes[0] == shapes[1], "other axes")


@part("1.1", "the axes for several features")
def part_several_features(student, reference, draw):
    series = draw.given("series", 11, 2)
    got, want = (windows(impl, series, 4) for impl in (student, reference))
    for side in (0, 1):
        shapes = [piece(seen, side).value.shape[1:] for seen in (got, want)]
        expect(shapes[0] == shapes[1], "other axes")


# 1.2: one step


def one_term(student, reference, draw, name: str) -> None:
    """One step in which this parameter alone is not zero, and so small that tanh makes no difference."""
    weights, x, h = only(draw, cell_shapes(3, 5), name, scale=SMALL), draw.given("x", 4, 3), draw.given("h", 4, 5)
    agree(*(impl.new("RNNCell", 3, 5, weights=weights)(x, h) for impl in (student, reference)))


@part("1.2", "the input term W_ih x")
def part_input_term(student, reference, draw):
    one_term(student, reference, draw, "weight_ih")


@part("1.2", "the recurrent term W_hh h")
def part_recurrent_term(student, reference, draw):
    one_term(student, reference, draw, "weight_hh")


@part("1.2", "the bias b_ih")
def part_bias_ih(student, reference, draw):
    one_term(student, reference, draw, "bias_ih")


@part("1.2", "the bias b_hh")
def part_bias_hh(student, reference, draw):
    one_term(student, reference, draw, "bias_hh")


@part("1.2", "the start from zeros where h is left out")
def part_start_from_zeros(student, reference, draw):
    """Without h as with zeros, whatever the step computes."""
    weights, x, zeros = draw.weights(cell_shapes(3, 5)), draw.given("x", 4, 3), named(torch.zeros(4, 5), "h")
    cell = student.new("RNNCell", 3, 5, weights=weights)
    agree(cell(x), cell(x, zeros))


@part("1.2", "the tanh")
def part_tanh(student, reference, draw):
    """Right if it is so for any one of the four terms, since the others may be wrong by themselves."""
    shapes, x, h = cell_shapes(4, 4), draw.given("x", 2, 4), draw.given("h", 2, 4)
    tried = []
    for name in shapes:
        weights = only(draw, shapes, name, scale=1.5)
        weights[name] = torch.eye(4) if name.startswith("weight") else weights[name]
        tried.append([impl.new("RNNCell", 4, 4, weights=weights)(x, h) for impl in (student, reference)])
    expect(any(same_seen(got, want) for got, want in tried), "no tanh of any term")


# 1.3: a sequence


def sequences(student, reference, draw, *names: str, h0: bool = False, x: torch.Tensor | None = None) -> list[Seen]:
    """What both give where these parameters alone are not zero."""
    weights = only(draw, cell_shapes(3, 5, "cell."), *(f"cell.{name}" for name in names))
    args = [draw.given("x", 2, 4, 3) if x is None else named(x, "x"), *([draw.given("h0", 2, 5)] if h0 else [])]
    return [impl.new("RNN", 3, 5, weights=weights)(*args) for impl in (student, reference)]


FIRST = (slice(None), 0)


@part("1.3", "the first step from zeros")
def part_first_step(student, reference, draw):
    agree(*(piece(seen, 0, FIRST) for seen in sequences(student, reference, draw, *cell_shapes(3, 5))))


@part("1.3", "the first step from h0")
def part_first_step_from_a_state(student, reference, draw):
    agree(*(piece(seen, 0, FIRST) for seen in sequences(student, reference, draw, *cell_shapes(3, 5), h0=True)))


@part("1.3", "the order of the steps")
def part_order_of_steps(student, reference, draw):
    """Without recurrent weights every output depends on its own step alone."""
    agree(*(piece(seen, 0) for seen in sequences(student, reference, draw, "weight_ih")))


@part("1.3", "the state that one step hands to the next")
def part_carried_state(student, reference, draw):
    """Only the first step gives anything: all later outputs come from the state."""
    x = torch.zeros(2, 4, 3)
    x[:, 0] = draw.normal(2, 3)
    got, want = sequences(student, reference, draw, "weight_ih", "weight_hh", x=x)
    agree(*(piece(seen, 0, (slice(None), slice(1, None))) for seen in (got, want)))


@part("1.3", "h_n")
def part_last_state(student, reference, draw):
    agree(*(piece(seen, 1) for seen in sequences(student, reference, draw, "weight_ih")))


# 1.4: gradients by hand


def gradient(student, reference, weights, x, grad_outputs, key: str, *h0) -> None:
    """One entry of the dict agrees."""
    given = [named(x, "x"), named(grad_outputs, "grad_outputs"), *(named(state, "h0") for state in h0)]
    agree(*(piece(by_hand(impl, weights, *given), key) for impl in (student, reference)))


def no_weights() -> dict[str, torch.Tensor]:
    """Without weights every state is zero, where tanh has slope 1."""
    return {name: torch.zeros(shape) for name, shape in cell_shapes(3, 4).items()}


@part("1.4", "weight_ih through one step")
def part_gradient_of_weight_ih(student, reference, draw):
    gradient(student, reference, no_weights(), draw.normal(1, 1, 3), draw.normal(1, 1, 4), "weight_ih")


@part("1.4", "weight_hh through one step")
def part_gradient_of_weight_hh(student, reference, draw):
    x, grad_outputs, h0 = torch.zeros(1, 1, 3), draw.normal(1, 1, 4), draw.normal(1, 4)
    gradient(student, reference, no_weights(), x, grad_outputs, "weight_hh", h0)


@part("1.4", "the biases through one step")
def part_gradient_of_biases(student, reference, draw):
    x, grad_outputs = torch.zeros(1, 1, 3), draw.normal(1, 1, 4)
    for key in ("bias_ih", "bias_hh"):
        gradient(student, reference, no_weights(), x, grad_outputs, key)


@part("1.4", "weight_ih over steps and sequences")
def part_weight_ih_over_steps(student, reference, draw):
    gradient(student, reference, no_weights(), draw.normal(2, 3, 3), draw.normal(2, 3, 4), "weight_ih")


@part("1.4", "weight_hh over steps and sequences")
def part_weight_hh_over_steps(student, reference, draw):
    """The states are so small that tanh has slope 1, and none is handed on."""
    weights = only(draw, cell_shapes(3, 4), "weight_ih", scale=TINY)
    gradient(student, reference, weights, draw.normal(2, 3, 3), draw.normal(2, 3, 4) / TINY, "weight_hh")


@part("1.4", "h0 through one step")
def part_gradient_of_the_first_state(student, reference, draw):
    weights = only(draw, cell_shapes(3, 4), "weight_hh")
    gradient(student, reference, weights, torch.zeros(1, 1, 3), draw.normal(1, 1, 4), "h0")


@part("1.4", "the slope of tanh")
def part_slope_of_tanh(student, reference, draw):
    weights = only(draw, cell_shapes(3, 4), "bias_ih", scale=1.0)
    gradient(student, reference, weights, torch.zeros(1, 1, 3), draw.normal(1, 1, 4), "bias_ih")


@part("1.4", "what a step sends back to the one before it")
def part_sent_back(student, reference, draw):
    weights, grad_outputs = only(draw, cell_shapes(3, 4), "weight_hh"), torch.zeros(1, 2, 4)
    grad_outputs[:, -1] = draw.normal(1, 4)
    gradient(student, reference, weights, torch.zeros(1, 2, 3), grad_outputs, "bias_ih")


@part("1.4", "the sum over the steps")
def part_sum_over_steps(student, reference, draw):
    gradient(student, reference, no_weights(), torch.zeros(1, 4, 3), draw.normal(1, 4, 4), "bias_ih")


@part("1.4", "the sum over the batch")
def part_sum_over_the_batch(student, reference, draw):
    gradient(student, reference, no_weights(), torch.zeros(3, 1, 3), draw.normal(3, 1, 4), "bias_ih")


# 1.5: a forecast


def forecasts(student, reference, weights, context, steps: int) -> list[Seen]:
    return [rollout(impl, weights, context, steps)[0] for impl in (student, reference)]


@part("1.5", "the number of forecasts")
def part_number_of_forecasts(student, reference, draw):
    weights, context = draw.weights(forecaster_shapes(2, 4)), draw.given("context", 3, 5, 2)
    for steps in (1, 3):
        got, want = (answer(seen, Array, "the forecast").shape
                     for seen in forecasts(student, reference, weights, context, steps))  # fmt: skip
        expect(got == want, "another number")


@part("1.5", "the first forecast")
def part_first_forecast(student, reference, draw):
    weights, context = draw.weights(forecaster_shapes(2, 4)), draw.given("context", 3, 5, 2)
    agree(*(piece(seen, FIRST) for seen in forecasts(student, reference, weights, context, 3)))


@part("1.5", "the forecast that is fed back")
def part_fed_back(student, reference, draw):
    """A model that keeps nothing from step to step: its forecast depends on what it is fed alone."""
    weights = draw.weights(forecaster_shapes(2, 4))
    weights["rnn.weight_hh_l0"].zero_()
    weights["rnn.bias_ih_l0"][4:8] = CLOSED  # the gate z, which keeps the old state
    weights["rnn.weight_ih_l0"][4:8] = 0
    weights["rnn.bias_hh_l0"][4:8] = 0
    agree(*forecasts(student, reference, weights, draw.given("context", 3, 1, 2), 4))


@part("1.5", "the state that is handed on")
def part_handed_on(student, reference, draw):
    """A model that does not look at its input: its forecast depends on how often its state went round."""
    weights = draw.weights(forecaster_shapes(2, 4))
    weights["rnn.weight_ih_l0"].zero_()
    agree(*forecasts(student, reference, weights, draw.given("context", 3, 1, 2), 4))


# 1.6: a training step

LARGE, LOW = 1e6, 0.05  # a norm to clip to that is never reached, and one that always is


def stepped(impl, weights, x, y, max_norm: float, left_over: bool = False) -> tuple[Seen, Seen]:
    """The loss of one step of plain gradient descent, and the parameters after it."""
    model = impl.new("props.Forecaster", weights["head.weight"].shape[0], 3, weights=weights)
    if left_over:
        impl.call("props.fill_gradients", model)
    loss = impl.call("train_step", model, impl.new("props.optimizer", "SGD", model, {"lr": 0.1}), x, y, max_norm)
    agree(loss, Seen(loss.value))
    return loss, model.parameters()


def moved(after: Seen, weights) -> torch.Tensor:
    """By how much the parameters moved, all in one row."""
    arrays = answer(after, dict, "the parameters")
    return torch.cat([(arrays[name].data - value.to(arrays[name].data)).flatten() for name, value in weights.items()])


def moves(student, reference, draw, max_norm: float, left_over: bool = False) -> list[torch.Tensor]:
    weights, x, y = draw.weights(forecaster_shapes(2, 3)), draw.given("x", 4, 5, 2), draw.given("y", 4, 5, 2)
    return [moved(stepped(impl, weights, x, y, max_norm, left_over)[1], weights) for impl in (student, reference)]


def near(got: torch.Tensor, want: torch.Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got, want, rtol=1e-3, atol=1e-6)


@part("1.6", "the loss")
def part_loss(student, reference, draw):
    weights, x, y = draw.weights(forecaster_shapes(2, 3)), draw.given("x", 4, 5, 2), draw.given("y", 4, 5, 2)
    agree(*(stepped(impl, weights, x, y, LARGE)[0] for impl in (student, reference)))


@part("1.6", "the direction of the step")
def part_direction(student, reference, draw):
    got, want = moves(student, reference, draw, LARGE)
    expect(bool(got.norm() > 0) and near(got / got.norm(), want / want.norm()), "another direction")


@part("1.6", "the size of a step that needs no clipping")
def part_size(student, reference, draw):
    got, want = moves(student, reference, draw, LARGE)
    expect(near(got.norm(), want.norm()), "another size")


@part("1.6", "the size of a clipped step")
def part_clipped(student, reference, draw):
    got, want = moves(student, reference, draw, LOW)
    expect(near(got.norm(), want.norm()), "another size")


@part("1.6", "the clearing of old gradients")
def part_clearing(student, reference, draw):
    """Where the model is right already there is nothing to move by, but for gradients that were left behind."""
    weights = only(draw, forecaster_shapes(2, 3), "rnn.weight_ih_l0", "rnn.weight_hh_l0")
    x, y = draw.given("x", 4, 5, 2), named(torch.zeros(4, 5, 2), "y")
    got, want = (
        moved(stepped(impl, weights, x, y, LARGE, left_over=True)[1], weights) for impl in (student, reference)
    )
    expect(near(got, want), "the old gradients are still there")
