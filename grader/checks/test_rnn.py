"""What students see of the checks of notebook 1: tasks 1.1 to 1.6."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, check, expect, gradients_agree, no_effects, raises
from grader.engine.values import Array, Given

DOUBLE = torch.float64
WINDOWS = ("inputs", "targets")
OUTPUTS = ("outputs", "h_n")
WINDOW_AXES = ("window", "time", "feature")


def cell_shapes(features: int, hidden: int, prefix: str = "") -> dict[str, tuple[int, ...]]:
    """The parameters of a recurrent cell, under torch's names."""
    shapes = {
        "weight_ih": (hidden, features),
        "weight_hh": (hidden, hidden),
        "bias_ih": (hidden,),
        "bias_hh": (hidden,),
    }
    return {prefix + name: shape for name, shape in shapes.items()}


def forecaster_shapes(features: int, hidden: int, gates: int = 3) -> dict[str, tuple[int, ...]]:
    """The parameters of the stand-in model that tasks 1.5 and 1.6 are tried on: a GRU's 3 gates, or an LSTM's 4."""
    gru = {"weight_ih_l0": (gates * hidden, features), "weight_hh_l0": (gates * hidden, hidden),
           "bias_ih_l0": (gates * hidden,), "bias_hh_l0": (gates * hidden,)}  # fmt: skip
    shapes = {f"rnn.{name}": shape for name, shape in gru.items()}
    return shapes | {"head.weight": (features, hidden), "head.bias": (features,)}


# 1.1 make_windows


def windows_agree(student, reference, *args, what: str = "the result") -> None:
    """Both cut the same windows out of these arguments."""
    agree(*(impl.call("make_windows", *args) for impl in (student, reference)), what, WINDOWS, WINDOW_AXES)


@check("1.1")
def test_windows_of_a_plain_series(student, reference, draw):
    """A series of shape (T,) becomes one window per start, with targets one step later."""
    series = draw.given("series", 9)
    windows_agree(student, reference, series, 4)


@check("1.1")
def test_windows_of_several_features(student, reference, draw):
    """A series of shape (T, F) keeps its features side by side."""
    series = draw.given("series", 8, 3)
    windows_agree(student, reference, series, 3)


@check("1.1")
def test_windows_with_a_horizon(student, reference, draw):
    """The targets lie `horizon` steps after the inputs, and windows that would need later values are left out."""
    series = draw.given("series", 12)
    windows_agree(student, reference, series, 4, 3)


@check("1.1")
def test_windows_at_the_edge(student, reference, draw):
    """The shortest series that works gives exactly one window, and windows of length 1 work."""
    for length, horizon in ((4, 1), (1, 1), (1, 2)):
        series = draw.given("series", length + horizon)
        what = f"the result for length {length}, horizon {horizon}"
        windows_agree(student, reference, series, length, horizon, what=what)


@check("1.1", value=False)
def test_windows_refuse_bad_series(student, reference, draw):
    """A series that is too short for one window, or has neither one axis nor two, is a ValueError."""
    for series, horizon, when in ((draw.normal(3), 1, "a series of 3 values and windows of length 4"),
                                  (draw.normal(4), 1, "a series of 4 values and windows of length 4"),
                                  (draw.normal(6), 3, "a series of 6 values, windows of length 4 and a horizon of 3"),
                                  (draw.normal(9, 3, 2), 1, "a series with three axes"),
                                  (draw.normal(), 1, "a series without an axis")):  # fmt: skip
        raises(student.call("make_windows", series, 4, horizon), "ValueError", when)


@check("1.1", value=False)
def test_windows_refuse_bad_lengths(student, reference, draw):
    """A length or a horizon below 1 is a ValueError."""
    series = draw.given("series", 9)
    for length, horizon in ((-1, 1), (4, -1), (0, 1), (4, 0)):
        when = f"length {length} and horizon {horizon}"
        raises(student.call("make_windows", series, length, horizon), "ValueError", when)


@check("1.1")
def test_windows_in_double(student, reference, draw):
    """The windows keep the dtype of the series, also when it is laid out with gaps in memory."""
    series = draw.given("series", 15, 2, dtype=DOUBLE, strided=True)
    windows_agree(student, reference, series, 5, 2)


@check("1.1", value=False)
def test_windows_leave_the_series_alone(student, reference, draw):
    """The series stays as it was, and no random numbers are drawn."""
    for shape in ((9,), (9, 2)):
        no_effects(student.call("make_windows", draw.given("series", *shape), 4))


# 1.2 RNNCell


@check("1.2")
def test_one_step(student, reference, draw):
    """One step computes tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    weights = draw.weights(cell_shapes(3, 5))
    x, h = draw.given("x", 4, 3), draw.given("h", 4, 5)
    got, want = (impl.new("RNNCell", 3, 5, weights=weights)(x, h) for impl in (student, reference))
    agree(got, want, "h'")


@check("1.2")
def test_step_without_a_state(student, reference, draw):
    """Without h the step starts from zeros in the dtype of x, and both biases still count."""
    for dtype in (torch.float32, DOUBLE):
        weights, x = draw.weights(cell_shapes(3, 5), dtype), draw.given("x", 4, 3, dtype=dtype)
        cells = [impl.new("RNNCell", 3, 5, weights=weights) for impl in (student, reference)]
        for _ in range(2):  # nothing is kept from one call to the next
            got, want = (cell(x) for cell in cells)
            agree(got, want, "h'")


@check("1.2")
def test_step_of_one_sequence(student, reference, draw):
    """A batch of one sequence with one feature and one unit works, and keeps both axes."""
    weights = draw.weights(cell_shapes(1, 1))
    x, h = draw.given("x", 1, 1), draw.given("h", 1, 1)
    got, want = (impl.new("RNNCell", 1, 1, weights=weights)(x, h) for impl in (student, reference))
    agree(got, want, "h'")


@check("1.2")
def test_gradients_of_a_step(student, reference, draw):
    """Gradients reach x, h and every parameter, with the right values."""
    weights = draw.weights(cell_shapes(3, 5))
    x, h = draw.given("x", 4, 3, grad=True), draw.given("h", 4, 5, grad=True)
    got, want = (impl.new("RNNCell", 3, 5, weights=weights)(x, h, gradients=True) for impl in (student, reference))
    agree(got, want, "h'")
    gradients_agree(got, want)


@check("1.2", value=False)
def test_cell_parameters(student, reference, draw):
    """The parameters have torch's names and shapes; at the start they are finite and not all alike."""
    made = answer(student.new("RNNCell", 3, 5).parameters(), dict, "the dict of parameters")
    expect(
        all(isinstance(array, Array) and array.data is not None for array in made.values()),
        "a parameter is no plain tensor",
    )
    shapes = {name: array.shape for name, array in made.items()}
    expect(shapes == cell_shapes(3, 5), f"the parameters are {shapes}, expected {cell_shapes(3, 5)}")
    for name in ("weight_ih", "weight_hh"):
        data = made[name].data
        expect(bool(data.isfinite().all()), f"{name} is not finite at the start")
        expect(bool((data != data.flatten()[0]).any()), f"every entry of {name} is the same at the start")


@check("1.2", value=False)
def test_step_leaves_things_alone(student, reference, draw):
    """A step changes neither its arguments nor the cell."""
    weights = draw.weights(cell_shapes(3, 5))
    no_effects(student.new("RNNCell", 3, 5, weights=weights)(draw.given("x", 4, 3), draw.given("h", 4, 5)))


@check("1.2")
def test_step_in_double(student, reference, draw):
    """A step in double precision is exact to double precision, whatever the memory layout of its inputs."""
    weights = draw.weights(cell_shapes(4, 7), DOUBLE)
    x = draw.given("x", 3, 4, dtype=DOUBLE, grad=True, strided=True)
    h = draw.given("h", 3, 7, dtype=DOUBLE, grad=True, strided=True)
    got, want = (impl.new("RNNCell", 4, 7, weights=weights)(x, h, gradients=True) for impl in (student, reference))
    agree(got, want, "h'")
    gradients_agree(got, want)


# 1.3 RNN


@check("1.3")
def test_outputs_and_last_state(student, reference, draw):
    """The outputs are the hidden states of every step, in order, and h_n is the last of them."""
    weights, x = draw.weights(cell_shapes(3, 5, "cell.")), draw.given("x", 4, 6, 3)
    got, want = (impl.new("RNN", 3, 5, weights=weights)(x) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)


@check("1.3")
def test_sequence_from_a_given_state(student, reference, draw):
    """With h0 the first step starts from it."""
    weights = draw.weights(cell_shapes(3, 5, "cell."))
    x, h0 = draw.given("x", 2, 4, 3), draw.given("h0", 2, 5)
    got, want = (impl.new("RNN", 3, 5, weights=weights)(x, h0) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)


@check("1.3")
def test_shortest_sequence(student, reference, draw):
    """One sequence of one step works, and keeps all its axes."""
    weights, x = draw.weights(cell_shapes(1, 2, "cell.")), draw.given("x", 1, 1, 1)
    got, want = (impl.new("RNN", 1, 2, weights=weights)(x) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)


@check("1.3")
def test_gradients_through_time(student, reference, draw):
    """Gradients flow back through every step, to x, h0 and the cell's parameters."""
    weights = draw.weights(cell_shapes(2, 4, "cell."))
    x, h0 = draw.given("x", 3, 5, 2, grad=True), draw.given("h0", 3, 4, grad=True)
    got, want = (impl.new("RNN", 2, 4, weights=weights)(x, h0, gradients=True) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)
    gradients_agree(got, want)


@check("1.3", value=False)
def test_sequence_leaves_things_alone(student, reference, draw):
    """A pass over a sequence changes neither its arguments nor the parameters."""
    weights = draw.weights(cell_shapes(3, 5, "cell."))
    no_effects(student.new("RNN", 3, 5, weights=weights)(draw.given("x", 4, 6, 3), draw.given("h0", 4, 5)))


@check("1.3")
def test_sequence_in_double(student, reference, draw):
    """A sequence in double precision stays in it, from a state of zeros that is made in it too."""
    weights = draw.weights(cell_shapes(4, 3, "cell."), DOUBLE)
    x = draw.given("x", 2, 11, 4, dtype=DOUBLE, grad=True, strided=True)
    got, want = (impl.new("RNN", 4, 3, weights=weights)(x, gradients=True) for impl in (student, reference))
    agree(got, want, "the result", OUTPUTS)
    gradients_agree(got, want)


@check("1.3")
def test_two_sequences_one_after_the_other(student, reference, draw):
    """A second sequence is read from a fresh state: nothing is kept between two calls."""
    weights = draw.weights(cell_shapes(2, 4, "cell."))
    first, second = draw.given("x", 3, 4, 2), draw.given("x", 3, 4, 2)
    got, want = ([network(x) for x in (first, second)] for network in (impl.new("RNN", 2, 4, weights=weights)
                                                                       for impl in (student, reference)))  # fmt: skip
    for mine, theirs in zip(got, want, strict=True):
        agree(mine, theirs, "the result", OUTPUTS)


# 1.4 bptt


def by_hand(impl, weights, x, grad_outputs, *h0):
    """What bptt gives on a cell with these weights."""
    features, hidden = weights["weight_ih"].shape[1], weights["weight_ih"].shape[0]
    return impl.call("bptt", impl.new("RNNCell", features, hidden, weights=weights), x, grad_outputs, *h0)


@check("1.4")
def test_gradients_by_hand(student, reference, draw):
    """The gradients of the parameters and of h0 are those of (outputs * grad_outputs).sum()."""
    weights = draw.weights(cell_shapes(3, 4))
    x, grad_outputs, h0 = draw.given("x", 6, 5, 3), draw.given("grad_outputs", 6, 5, 4), draw.given("h0", 6, 4)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.4")
def test_gradients_by_hand_without_a_state(student, reference, draw):
    """Without h0 the sequence starts from zeros in the dtype of x, and the gradient of h0 is there all the same."""
    for dtype in (torch.float32, DOUBLE):
        weights = draw.weights(cell_shapes(2, 3), dtype)
        x, grad_outputs = draw.given("x", 3, 4, 2, dtype=dtype), draw.given("grad_outputs", 3, 4, 3, dtype=dtype)
        got, want = (by_hand(impl, weights, x, grad_outputs) for impl in (student, reference))
        agree(got, want, "the dict")


@check("1.4")
def test_gradient_of_the_last_output_alone(student, reference, draw):
    """A gradient that enters at the last step alone reaches the first one."""
    weights, x = draw.weights(cell_shapes(2, 3)), draw.given("x", 4, 6, 2)
    grad_outputs = torch.zeros(4, 6, 3)
    grad_outputs[:, -1] = draw.normal(4, 3)
    grad_outputs = Given(grad_outputs, "grad_outputs")
    got, want = (by_hand(impl, weights, x, grad_outputs) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.4")
def test_gradients_by_hand_of_one_step(student, reference, draw):
    """One sequence of one step works: there is no earlier state to go on to but h0."""
    weights = draw.weights(cell_shapes(1, 2))
    x, grad_outputs, h0 = draw.given("x", 1, 1, 1), draw.given("grad_outputs", 1, 1, 2), draw.given("h0", 1, 2)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


@check("1.4", value=False)
def test_gradients_by_hand_leave_things_alone(student, reference, draw):
    """The parameters, their .grad and the arguments stay as they were."""
    weights = draw.weights(cell_shapes(3, 4))
    x, grad_outputs, h0 = draw.given("x", 2, 5, 3), draw.given("grad_outputs", 2, 5, 4), draw.given("h0", 2, 4)
    cell = student.new("RNNCell", 3, 4, weights=weights)
    student.call("props.fill_gradients", cell)
    no_effects(student.call("bptt", cell, x, grad_outputs, h0))


@check("1.4", value=False)
def test_gradients_by_hand_hold_no_graph(student, reference, draw):
    """Autograd has no part in it: no graph hangs on the results."""
    weights = draw.weights(cell_shapes(2, 3))
    x, grad_outputs = draw.given("x", 2, 4, 2), draw.given("grad_outputs", 2, 4, 3)
    made = answer(by_hand(student, weights, x, grad_outputs), dict, "the dict")
    tied = [name for name, array in made.items() if isinstance(array, Array) and array.requires_grad]
    expect(not tied, f"a graph hangs on {', '.join(map(str, tied))}: autograd recorded the way there")


@check("1.4")
def test_gradients_by_hand_in_double(student, reference, draw):
    """The gradients by hand are exact to double precision on a longer sequence."""
    weights = draw.weights(cell_shapes(3, 6), DOUBLE)
    x = draw.given("x", 5, 9, 3, dtype=DOUBLE, strided=True)
    grad_outputs = draw.given("grad_outputs", 5, 9, 6, dtype=DOUBLE, strided=True)
    h0 = draw.given("h0", 5, 6, dtype=DOUBLE)
    got, want = (by_hand(impl, weights, x, grad_outputs, h0) for impl in (student, reference))
    agree(got, want, "the dict")


# 1.5 forecast


def rollout(impl, weights, context, steps, cell="gru", mode=True):
    """The forecast of a stand-in model with these weights, and the model."""
    features, hidden = weights["head.weight"].shape
    model = impl.new("props.Forecaster", features, hidden, cell, weights=weights)
    impl.call("props.fill_gradients", model)
    impl.call("props.train", model, mode)
    return impl.call("forecast", model, context, steps), model


@check("1.5")
def test_forecast(student, reference, draw):
    """The first forecast follows the last step of the context; each later one is made from the one before."""
    weights, context = draw.weights(forecaster_shapes(2, 4)), draw.given("context", 3, 6, 2)
    (got, _), (want, _) = (rollout(impl, weights, context, 5) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.5")
def test_forecast_of_one_step(student, reference, draw):
    """One step needs the context alone."""
    weights, context = draw.weights(forecaster_shapes(1, 3)), draw.given("context", 2, 4, 1)
    (got, _), (want, _) = (rollout(impl, weights, context, 1) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.5")
def test_forecast_from_one_value(student, reference, draw):
    """A context of one step, and one sequence, work."""
    weights, context = draw.weights(forecaster_shapes(1, 3)), draw.given("context", 1, 1, 1)
    (got, _), (want, _) = (rollout(impl, weights, context, 4) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.5", value=False)
def test_context_is_read_once(student, reference, draw):
    """The model reads the context once, then one step per call with the state handed on: a call for each forecast."""
    weights, context = draw.weights(forecaster_shapes(1, 3)), draw.given("context", 2, 5, 1)
    _, model = rollout(student, weights, context, 4)
    calls = answer(student.call("props.shapes_seen", model), list, "the list of calls")
    expect(bool(calls), "the model itself was never called")
    expect(calls[0][:3] == (2, 5, 1), f"the first call got x of shape {tuple(calls[0][:3])}, expected (2, 5, 1)")
    later = calls[1:4]
    expect(all(call == (2, 1, 1, True) for call in later),
           f"later calls got (N, L, F, with a state) = {later}, expected (2, 1, 1, True) each time")  # fmt: skip
    expect(len(calls) == 4, f"4 forecasts took {len(calls)} calls of the model, expected 4")


@check("1.5", value=False)
def test_forecast_leaves_things_alone(student, reference, draw):
    """The context, the model, its gradients and its training mode stay as they were."""
    weights, context = draw.weights(forecaster_shapes(1, 3)), draw.given("context", 2, 5, 1)
    for mode in (True, False):
        no_effects(rollout(student, weights, context, 3, mode=mode)[0])


@check("1.5")
def test_forecast_in_double(student, reference, draw):
    """A forecast keeps the dtype of the context."""
    weights = draw.weights(forecaster_shapes(3, 5), DOUBLE)
    context = draw.given("context", 2, 7, 3, dtype=DOUBLE, strided=True)
    (got, _), (want, _) = (rollout(impl, weights, context, 6) for impl in (student, reference))
    agree(got, want, "the forecast")


@check("1.5")
def test_forecast_with_a_state_of_two_parts(student, reference, draw):
    """The state is handed on as the model gave it, here the pair of an LSTM."""
    weights, context = draw.weights(forecaster_shapes(1, 3, gates=4)), draw.given("context", 2, 4, 1)
    (got, _), (want, _) = (rollout(impl, weights, context, 3, "lstm") for impl in (student, reference))
    agree(got, want, "the forecast")


# 1.6 train_step, in the notebook


def trained(impl, weights, batches, max_norm, optimizer="SGD", lr=0.1, mode=True, thinned=False):
    """The losses of a few training steps on a stand-in model that has old gradients, and the model afterwards."""
    features, hidden = weights["head.weight"].shape
    model = impl.new("props.Forecaster", features, hidden, "gru", thinned, weights=weights)
    impl.call("props.fill_gradients", model)
    stepper = impl.new("props.optimizer", optimizer, model, {"lr": lr})
    impl.call("props.train", model, mode)
    return [impl.call("train_step", model, stepper, x, y, max_norm) for x, y in batches], model


def batches_of(draw, count):
    return [(draw.given("x", 4, 5, 2), draw.given("y", 4, 5, 2)) for _ in range(count)]


def answered(seen):
    """The calls gave a number; otherwise say what they raised."""
    for call in seen:
        agree(call, call, "the loss")


def far_batch(draw):
    """A batch whose targets lie far off, so that its gradients are long."""
    return [(draw.given("x", 4, 5, 2), Given(5 * draw.normal(4, 5, 2), "y"))]


@check("1.6")
def test_loss_before_the_step(student, reference, draw):
    """The step returns the mean squared error before the update, as a Python float."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), batches_of(draw, 1)
    (got, _), (want, _) = (trained(impl, weights, batches, 100.0) for impl in (student, reference))
    agree(got[0], want[0], "the loss")
    weights |= {name: torch.zeros_like(value) for name, value in weights.items() if name.startswith("head")}
    small = [(draw.given("x", 4, 5, 2), Given(0.01 * draw.normal(4, 5, 2), "y"))]
    (got, _), (want, _) = (trained(impl, weights, small, 100.0) for impl in (student, reference))
    agree(got[0], want[0], "a small loss")


@check("1.6")
def test_step_without_clipping(student, reference, draw):
    """With a high max_norm the parameters move by the plain gradients."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), far_batch(draw)
    (seen, got), (_, want) = (trained(impl, weights, batches, 1000.0) for impl in (student, reference))
    answered(seen)
    agree(got.parameters(), want.parameters(), "the parameters after the step")


@check("1.6")
def test_step_with_clipping(student, reference, draw):
    """With a low max_norm the gradients are scaled together before the step."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), far_batch(draw)
    (seen, got), (_, want) = (trained(impl, weights, batches, 0.5, lr=1.0) for impl in (student, reference))
    answered(seen)
    agree(got.parameters(), want.parameters(), "the parameters after the step")


@check("1.6", value=False)
def test_no_long_gradients_are_left(student, reference, draw):
    """The gradients that are left after the step are no longer than max_norm."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), far_batch(draw)
    seen, model = trained(student, weights, batches, 0.5)
    answered(seen)
    left = answer(student.call("props.gradients", model), dict, "the dict of gradients")
    norm = sum(float(array.data.square().sum()) for array in left.values() if isinstance(array, Array)) ** 0.5
    expect(
        norm <= 0.5 * 1.001,
        f"after the step the gradients' norm is {norm:.4g}, expected at most 0.5, which is max_norm",
    )


@check("1.6")
def test_gradients_do_not_pile_up(student, reference, draw):
    """Every step starts from fresh gradients, whatever was there before."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), batches_of(draw, 2)
    (seen, got), (_, want) = (trained(impl, weights, batches, 100.0) for impl in (student, reference))
    answered(seen)
    agree(got.parameters(), want.parameters(), "the parameters after two steps")


@check("1.6", value=False)
def test_step_leaves_the_mode_alone(student, reference, draw):
    """The training mode stays as it was, and so do x and y."""
    weights, batches = draw.weights(forecaster_shapes(2, 3)), batches_of(draw, 1)
    for mode in (True, False):
        (got, _), (want, _) = (trained(impl, weights, batches, 1.0, mode=mode) for impl in (student, reference))
        no_effects(got[0], want[0])


@check("1.6", value=False)
def test_step_works_in_the_mode_it_finds(student, reference, draw):
    """The model is run in the mode that it came in: what works in training alone, such as dropout, works in training."""
    weights, batches = draw.weights(forecaster_shapes(2, 4)), batches_of(draw, 1)
    for mode in (True, False):
        (seen, got), (_, want) = (trained(impl, weights, batches, 100.0, mode=mode, thinned=True)
                                  for impl in (student, reference))  # fmt: skip
        answered(seen)
        agree(got.parameters(), want.parameters(), f"with the mode training={mode}, the parameters after the step")


@check("1.6", value=False)
def test_loss_that_is_not_a_number(student, reference, draw):
    """A loss that is not a number is not passed off as one: it is NaN, or an exception."""
    weights, x, y = draw.weights(forecaster_shapes(2, 3)), draw.given("x", 4, 5, 2), draw.normal(4, 5, 2)
    batches = [(x, Given(y, "y")), (x, Given(y.index_fill(0, torch.tensor(2), torch.nan), "y"))]
    (got, _), (want, _) = (trained(impl, weights, batches, 1.0) for impl in (student, reference))
    answered(got[:1])
    if got[1].failure is None:
        agree(got[1], want[1], "the loss")
