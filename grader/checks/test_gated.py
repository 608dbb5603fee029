"""What students see of the checks of notebook 2: tasks 2.1 to 2.4."""

from __future__ import annotations

import torch

from grader.checks.echoes import ask, mask_agrees, target_agrees, well_formed
from grader.checks.kit import agree, answer, check, expect, gradients_agree, no_effects, raises
from grader.compare import same
from grader.engine.values import Array, Given

DOUBLE = torch.float64
STATE = ("h", "c")
OPEN, SHUT = 30.0, -30.0  # what goes into a gate that is wholly open, or shut


def gate_shapes(features: int, hidden: int, gates: int) -> dict[str, tuple[int, ...]]:
    """The parameters of a gated cell, under torch's names."""
    rows = gates * hidden
    return {"weight_ih": (rows, features), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}


def parameters_are_torchs(cell, shapes) -> None:
    """Names and shapes, and first weights that are finite and not all alike."""
    made = answer(cell.parameters(), dict, "the dict of parameters")
    plain = all(isinstance(array, Array) and array.data is not None for array in made.values())
    expect(plain, "a parameter is no plain tensor")
    found = {name: array.shape for name, array in made.items()}
    expect(found == shapes, f"the parameters are {found}, expected {shapes}")
    for name in ("weight_ih", "weight_hh"):
        data = made[name].data
        expect(bool(data.isfinite().all()), f"{name} is not finite at the start")
        expect(bool((data != data.flatten()[0]).any()), f"every entry of {name} is the same at the start")


# 2.1 echo_batch


@check("2.1")
def test_echo_of_every_bit(student, reference, draw):
    """The target at step t is the bit of step t − lag; before step lag there is none, and the target is 0."""
    for lag in (1, 3):
        target_agrees(ask(student, draw.seed(), 40, 9, lag))


@check("2.1")
def test_echo_mask(student, reference, draw):
    """The mask is a tensor of bool, True from step lag on."""
    for lag in (1, 3):
        mask_agrees(ask(student, draw.seed(), 40, 9, lag))


@check("2.1")
def test_echo_inputs(student, reference, draw):
    """The inputs are bits: 0 or 1 as float32, with an axis of one feature, drawn one by one with equal chance."""
    for sizes in ((40, 9, 2), (400, 16, 3)):
        echo = ask(student, draw.seed(), *sizes)
        well_formed(echo)
    bits_are_fair(echo.bits)


def bits_are_fair(bits: torch.Tensor) -> None:
    """About half of the bits are 1, and about half are like their neighbour in time, and in the batch."""
    ones, in_time, in_batch = (
        bits.mean(),
        (bits[:, 1:] == bits[:, :-1]).float().mean(),
        (bits[1:] == bits[:-1]).float().mean(),
    )
    for share, what in ((ones, "are 1"), (in_time, "are like the bit one step before"),
                        (in_batch, "are like the bit at the same step of the sequence before")):  # fmt: skip
        expect(abs(float(share) - 0.5) < 0.06, f"of {bits.numel()} bits {share:.0%} {what}, expected about half")
    distinct = len(bits.unique(dim=0))
    expect(bits.shape[1] < 16 or distinct > 0.9 * len(bits), f"{len(bits)} sequences of {bits.shape[1]} bits hold {distinct} "
           "different ones: a bit follows from others of its sequence")  # fmt: skip


@check("2.1")
def test_echo_without_lag_or_with_a_long_one(student, reference, draw):
    """A lag of 0 asks for each bit at once, a lag of length − 1 for one bit, a longer one for nothing."""
    for length, lag in ((8, 0), (8, 7), (8, 8), (8, 11), (1, 0), (1, 1)):
        echo = ask(student, draw.seed(), 40, length, lag)
        target_agrees(echo)
        mask_agrees(echo)


@check("2.1")
def test_echo_of_one_sequence(student, reference, draw):
    """A batch of one sequence keeps its axis."""
    echo = ask(student, draw.seed(), 1, 60, 2)
    well_formed(echo)
    target_agrees(echo)
    mask_agrees(echo)


@check("2.1")
def test_marked_inputs(student, reference, draw):
    """Marked: the inputs have two channels, all the bits and a marker that is 1 at one position of each sequence."""
    for sizes in ((200, 9, 4), (400, 16, 3)):
        echo = ask(student, draw.seed(), *sizes, True)
        well_formed(echo)
        _ = echo.places
    bits_are_fair(echo.bits)
    marked = echo.bits[torch.arange(len(echo.bits)), echo.places]
    share = float(marked.mean())
    expect(0.3 < share < 0.7, f"of {len(marked)} marked bits {share:.0%} are 1, expected about half")


@check("2.1")
def test_marked_answer(student, reference, draw):
    """Marked: the target is the marked bit, lag steps after the marker, and 0 everywhere else."""
    for lag in (1, 4):
        target_agrees(ask(student, draw.seed(), 200, 9, lag, True))


@check("2.1")
def test_marked_mask(student, reference, draw):
    """Marked: the mask is True lag steps after the marker and nowhere else."""
    for lag in (1, 4):
        mask_agrees(ask(student, draw.seed(), 200, 9, lag, True))


@check("2.1")
def test_marked_places(student, reference, draw):
    """Marked: each sequence has a position of its own, and all positions that leave room come up equally often."""
    places_are_even(ask(student, draw.seed(), 3000, 9, 4, True))


def places_are_even(echo) -> None:
    """Each position with room is marked about as often as the others."""
    room = echo.length - echo.lag
    expected = echo.batch_size / room
    for place, count in enumerate(torch.bincount(echo.places, minlength=room).tolist()):
        echo.expect(0.75 * expected < count < 1.25 * expected, f"position {place} is marked in {count} of {echo.batch_size} "
               f"sequences, expected about {expected:.0f}: {room} positions leave room")  # fmt: skip
    alike = float((echo.places[1:] == echo.places[:-1]).float().mean())
    echo.expect(abs(alike - 1 / room) < 0.06, f"{alike:.0%} of the sequences are marked at the position of the one before, "
           f"expected about {1 / room:.0%}: each position is drawn for itself")  # fmt: skip


@check("2.1")
def test_marked_at_the_edge(student, reference, draw):
    """Marked: a lag of length − 1 leaves room for the first position alone, a lag of 0 for all."""
    for length, lag in ((6, 5), (6, 0), (1, 0)):
        echo = ask(student, draw.seed(), 200, length, lag, True)
        well_formed(echo)
        target_agrees(echo)
        mask_agrees(echo)


@check("2.1", value=False)
def test_marked_without_room(student, reference, draw):
    """Marked: a lag that leaves no room for an answer, length or more, is a ValueError."""
    for lag in (9, 6):
        raises(ask(student, draw.seed(), 3, 6, lag, True).seen, "ValueError", f"length 6, lag {lag} and marked")


@check("2.1", value=False)
def test_echo_draws_from_the_generator(student, reference, draw):
    """All that is random comes from the generator: the same seed gives the same batch, and nothing else is drawn from."""
    for marked in ((), (True,)):
        comes_from_the_generator(student, draw.seed(), 200, 9, 4, *marked)


def comes_from_the_generator(student, seed: int, *args) -> None:
    """The same batch under the same seed, another under another seed and at the next call, and no other source."""
    generator = student.new("props.generator", seed)
    first = ask(student, generator, *args)
    no_effects(first.seen)
    again = ask(student, seed, *args, earlier=(first,))
    expect(same(again.seen.value, first.seen.value), "two generators with the same seed gave different batches: something "
           "is drawn from elsewhere")  # fmt: skip
    other = ask(student, seed + 1, *args, earlier=(first,))
    expect(not same(other.seen.value, first.seen.value), "generators with different seeds gave the same batch: it is not "
           "drawn from them")  # fmt: skip
    after = ask(student, generator, *args, earlier=(first,))
    expect(not same(after.seen.value, first.seen.value), "two calls with one generator gave the same batch: it has to be "
           "drawn from as it stands, so that it moves on")  # fmt: skip


# 2.2 LSTMCell


def lstm_steps(student, reference, weights, x, *state, gradients: bool = False) -> None:
    """Both give the same pair (h, c), and where asked the same gradients."""
    hidden, features = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    got, want = (impl.new("LSTMCell", features, hidden, weights=weights)(x, *state, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the result", STATE)
    if gradients:
        gradients_agree(got, want)


def pair_of(draw, *shape: int, **options) -> tuple:
    """A state (h, c)."""
    return draw.given("h", *shape, **options), draw.given("c", *shape, **options)


@check("2.2")
def test_lstm_step(student, reference, draw):
    """One step computes c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c'), with torch's parameters and their order i, f, g, o."""
    lstm_steps(student, reference, draw.weights(gate_shapes(3, 5, 4)), draw.given("x", 6, 3), pair_of(draw, 6, 5))


@check("2.2")
def test_lstm_step_without_a_state(student, reference, draw):
    """Without a state the step starts from zeros in the dtype of x, at every call anew."""
    for dtype in (torch.float32, DOUBLE):
        weights = draw.weights(gate_shapes(3, 5, 4), dtype)
        cells = [impl.new("LSTMCell", 3, 5, weights=weights) for impl in (student, reference)]
        for rows in (4, 4, 2):  # nothing is kept from one call to the next
            x = draw.given("x", rows, 3, dtype=dtype)
            got, want = (cell(x) for cell in cells)
            agree(got, want, "the result", STATE)


@check("2.2")
def test_lstm_step_of_one_sequence(student, reference, draw):
    """A batch of one sequence with one feature and one unit works, and keeps both axes."""
    lstm_steps(student, reference, draw.weights(gate_shapes(1, 1, 4)), draw.given("x", 1, 1), pair_of(draw, 1, 1))


@check("2.2")
def test_lstm_keeps_what_it_holds(student, reference, draw):
    """An LSTM step keeps the cell state where the forget gate is open and the input gate shut, however large it is."""
    weights = draw.weights(gate_shapes(2, 4, 4))
    for name in ("weight_ih", "weight_hh", "bias_hh"):
        weights[name][:8] = 0
    weights["bias_ih"][:4], weights["bias_ih"][4:8] = SHUT, OPEN
    state = draw.given("h", 3, 4), Given(5 * draw.normal(3, 4), "c")
    lstm_steps(student, reference, weights, draw.given("x", 3, 2), state)


@check("2.2")
def test_lstm_steps_in_a_row(student, reference, draw):
    """The pair that one step gives is the state of the next: three steps in a row."""
    weights = draw.weights(gate_shapes(2, 4, 4))
    cells = [impl.new("LSTMCell", 2, 4, weights=weights) for impl in (student, reference)]
    state = None
    for _ in range(3):
        x = draw.given("x", 3, 2)
        got, want = (cell(x, state) for cell in cells)
        agree(got, want, "the result", STATE)
        state = tuple(Given(part.data, name) for part, name in zip(want.value, STATE, strict=True))


@check("2.2")
def test_gradients_of_an_lstm_step(student, reference, draw):
    """Gradients reach x, h, c and every parameter, with the right values."""
    x, state = draw.given("x", 4, 3, grad=True), pair_of(draw, 4, 5, grad=True)
    lstm_steps(student, reference, draw.weights(gate_shapes(3, 5, 4)), x, state, gradients=True)


@check("2.2")
def test_lstm_step_in_double(student, reference, draw):
    """A step in double precision is exact to double precision, whatever the memory layout of its inputs."""
    options = {"dtype": DOUBLE, "grad": True, "strided": True}
    x, state = draw.given("x", 3, 4, **options), pair_of(draw, 3, 7, **options)
    lstm_steps(student, reference, draw.weights(gate_shapes(4, 7, 4), DOUBLE), x, state, gradients=True)


@check("2.2", value=False)
def test_lstm_parameters(student, reference, draw):
    """The parameters have torch's names and shapes; at the start they are finite and not all alike."""
    parameters_are_torchs(student.new("LSTMCell", 3, 5), gate_shapes(3, 5, 4))


@check("2.2", value=False)
def test_lstm_step_leaves_things_alone(student, reference, draw):
    """A step changes neither its arguments nor the cell."""
    cell = student.new("LSTMCell", 3, 5, weights=draw.weights(gate_shapes(3, 5, 4)))
    no_effects(cell(draw.given("x", 4, 3), pair_of(draw, 4, 5)))
    no_effects(cell(draw.given("x", 4, 3)))


# 2.3 GRUCell


def gru_steps(student, reference, weights, x, *h, gradients: bool = False) -> None:
    """Both give the same h', and where asked the same gradients."""
    hidden, features = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    got, want = (impl.new("GRUCell", features, hidden, weights=weights)(x, *h, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "h'")
    if gradients:
        gradients_agree(got, want)


@check("2.3")
def test_gru_step(student, reference, draw):
    """One step computes h' = (1 − z) ⊙ n + z ⊙ h, with torch's parameters and their order r, z, n."""
    gru_steps(student, reference, draw.weights(gate_shapes(3, 5, 3)), draw.given("x", 6, 3), draw.given("h", 6, 5))


@check("2.3")
def test_gru_step_without_a_state(student, reference, draw):
    """Without h the step starts from zeros in the dtype of x, at every call anew."""
    for dtype in (torch.float32, DOUBLE):
        weights = draw.weights(gate_shapes(3, 5, 3), dtype)
        cells = [impl.new("GRUCell", 3, 5, weights=weights) for impl in (student, reference)]
        for rows in (4, 4, 2):  # nothing is kept from one call to the next
            x = draw.given("x", rows, 3, dtype=dtype)
            got, want = (cell(x) for cell in cells)
            agree(got, want, "h'")


@check("2.3")
def test_gru_step_of_one_sequence(student, reference, draw):
    """A batch of one sequence with one feature and one unit works, and keeps both axes."""
    gru_steps(student, reference, draw.weights(gate_shapes(1, 1, 3)), draw.given("x", 1, 1), draw.given("h", 1, 1))


@check("2.3")
def test_gru_resets_after_the_product(student, reference, draw):
    """The reset gate r acts on W_hn h + b_hn: on the product with its bias, and on nothing of the input."""
    weights = {name: torch.zeros(shape) for name, shape in gate_shapes(4, 4, 3).items()}
    weights["weight_hh"][8:], weights["bias_hh"][8:], weights["bias_ih"][:4] = (
        draw.normal(4, 4),
        draw.normal(4),
        draw.normal(4),
    )
    weights["weight_ih"][8:], weights["bias_ih"][8:] = draw.normal(4, 4), draw.normal(4)
    gru_steps(student, reference, weights, draw.given("x", 3, 4), draw.given("h", 3, 4))


@check("2.3")
def test_gru_keeps_what_it_holds(student, reference, draw):
    """A GRU step keeps h where the update gate is open, and forgets it where it is shut."""
    for level in (OPEN, SHUT):
        weights = draw.weights(gate_shapes(2, 4, 3))
        for name in ("weight_ih", "weight_hh", "bias_hh"):
            weights[name][4:8] = 0
        weights["bias_ih"][4:8] = level
        gru_steps(student, reference, weights, draw.given("x", 3, 2), draw.given("h", 3, 4))


@check("2.3")
def test_gradients_of_a_gru_step(student, reference, draw):
    """Gradients reach x, h and every parameter, with the right values."""
    x, h = draw.given("x", 4, 3, grad=True), draw.given("h", 4, 5, grad=True)
    gru_steps(student, reference, draw.weights(gate_shapes(3, 5, 3)), x, h, gradients=True)


@check("2.3")
def test_gru_step_in_double(student, reference, draw):
    """A step in double precision is exact to double precision, whatever the memory layout of its inputs."""
    options = {"dtype": DOUBLE, "grad": True, "strided": True}
    x, h = draw.given("x", 3, 4, **options), draw.given("h", 3, 7, **options)
    gru_steps(student, reference, draw.weights(gate_shapes(4, 7, 3), DOUBLE), x, h, gradients=True)


@check("2.3", value=False)
def test_gru_parameters(student, reference, draw):
    """The parameters have torch's names and shapes; at the start they are finite and not all alike."""
    parameters_are_torchs(student.new("GRUCell", 3, 5), gate_shapes(3, 5, 3))


@check("2.3", value=False)
def test_gru_step_leaves_things_alone(student, reference, draw):
    """A step changes neither its arguments nor the cell."""
    cell = student.new("GRUCell", 3, 5, weights=draw.weights(gate_shapes(3, 5, 3)))
    no_effects(cell(draw.given("x", 4, 3), draw.given("h", 4, 5)))
    no_effects(cell(draw.given("x", 4, 3)))


# 2.4 unroll

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
OUTPUTS = ("outputs", "the last state")


def torch_cell(impl, kind: str, weights, **options):
    """One of torch's cells with these weights."""
    hidden, features = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    return impl.new("props.cell", kind, features, hidden, weights=weights, **options)


def unrolls(student, reference, kind: str, weights, x, *state, gradients: bool = False) -> None:
    """Both unroll one of torch's cells alike."""
    got, want = (impl.call("unroll", torch_cell(impl, kind, weights), x, *state, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the result", OUTPUTS)
    if gradients:
        gradients_agree(got, want)


@check("2.4")
def test_unroll_a_state_of_one_tensor(student, reference, draw):
    """A cell whose state is h: the outputs are h after every step, in order, and the last state is the last of them."""
    for kind in ("rnn", "gru"):
        unrolls(student, reference, kind, draw.weights(gate_shapes(3, 5, GATES[kind])), draw.given("x", 4, 6, 3))


@check("2.4")
def test_unroll_a_pair(student, reference, draw):
    """A cell whose state is the pair (h, c): the outputs are h alone, and the last state is the pair."""
    unrolls(student, reference, "lstm", draw.weights(gate_shapes(3, 5, 4)), draw.given("x", 4, 6, 3))


@check("2.4")
def test_unroll_from_a_given_state(student, reference, draw):
    """With a state, a tensor or a pair, the first step starts from it."""
    unrolls(
        student, reference, "gru", draw.weights(gate_shapes(3, 5, 3)), draw.given("x", 2, 4, 3), draw.given("h", 2, 5)
    )
    unrolls(
        student, reference, "lstm", draw.weights(gate_shapes(3, 5, 4)), draw.given("x", 2, 4, 3), pair_of(draw, 2, 5)
    )


@check("2.4")
def test_unroll_a_plain_function(student, reference, draw):
    """The cell may be any function of x_t and a state: it has no attributes, and its state may have three parts."""
    for parts in (1, 2, 3):
        x = draw.given("x", 3, 5, 2)
        got, want = (impl.call("unroll", impl.new("props.plain_cell", parts), x) for impl in (student, reference))
        agree(got, want, "the result", OUTPUTS)


@check("2.4")
def test_unroll_one_step(student, reference, draw):
    """One sequence of one step with one feature works, and keeps all its axes."""
    for kind in ("rnn", "lstm"):
        unrolls(student, reference, kind, draw.weights(gate_shapes(1, 1, GATES[kind])), draw.given("x", 1, 1, 1))


@check("2.4")
def test_gradients_through_an_unrolled_cell(student, reference, draw):
    """Gradients flow back through every step, to x and all parts of the first state."""
    x, state = draw.given("x", 3, 5, 2, grad=True), pair_of(draw, 3, 4, grad=True)
    unrolls(student, reference, "lstm", draw.weights(gate_shapes(2, 4, 4)), x, state, gradients=True)


@check("2.4")
def test_unroll_in_double(student, reference, draw):
    """A sequence in double precision stays in it, whatever its memory layout."""
    for kind in ("gru", "lstm"):
        weights = draw.weights(gate_shapes(4, 3, GATES[kind]), DOUBLE)
        x = draw.given("x", 2, 7, 4, dtype=DOUBLE, grad=True, strided=True)
        unrolls(student, reference, kind, weights, x, gradients=True)


@check("2.4", value=False)
def test_cell_is_called_once_for_each_step(student, reference, draw):
    """The cell is called once for each step, in order, with one step (N, F) at a time."""
    cell = student.new("props.plain_cell", 2)
    answer(student.call("unroll", cell, draw.given("x", 3, 4, 2)), tuple, "the result")
    calls = answer(student.call("props.shapes_seen", cell), list, "the list of calls")
    expect(len(calls) == 4, f"4 steps took {len(calls)} calls of the cell, expected 4")
    shapes = [call[:-1] for call in calls]
    expect(shapes == [(3, 2)] * 4, f"the cell got x_t of the shapes {shapes}, expected (3, 2) each time")


@check("2.4", value=False)
def test_unroll_leaves_things_alone(student, reference, draw):
    """The sequence, the first state and the cell stay as they were."""
    for kind in ("gru", "lstm"):
        cell = torch_cell(student, kind, draw.weights(gate_shapes(3, 5, GATES[kind])))
        student.call("props.fill_gradients", cell)
        state = draw.given("h", 2, 5) if kind == "gru" else pair_of(draw, 2, 5)
        no_effects(student.call("unroll", cell, draw.given("x", 2, 4, 3), state))
