"""The parts of tasks 2.1 to 2.4, each tried with weights and inputs under which nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.echoes import Echo, batch_of
from grader.checks.kit import agree, expect, part, piece
from grader.checks.test_gated import GATES, bits_are_fair, gate_shapes, places_are_even, torch_cell
from grader.compare import same_seen
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
OPEN, SHUT = 160.0, -160.0  # a gate stays so even if only a part of this gets to it
TINY = 1e-4  # tanh leaves numbers of this size as they are, within the tolerance of double precision
FIRST = (slice(None), 0)
TERMS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def named(tensor: torch.Tensor, name: str) -> Given:
    return Given(tensor, name)


# 2.1: sequences to be remembered; types and the axis of one feature are no matter here


def grid(echo: Echo, side: int) -> torch.Tensor:
    """Targets (1) or mask (2) as numbers, (N, L)."""
    value = piece(echo.seen, side).value
    shape = (echo.batch_size, echo.length)
    expect(isinstance(value, Array) and value.shape == shape, "no tensor (N, L)")
    return value.data.float()


def channel(echo: Echo, place: int) -> torch.Tensor:
    """Bits (0) or markers (1), (N, L), with or without the axis of one feature."""
    value = piece(echo.seen, 0).value
    expect(isinstance(value, Array) and len(value.shape) >= 2, "no tensor of inputs")
    data = value.data.float().reshape(echo.batch_size, echo.length, -1)
    expect(data.shape[2] > place, "no such channel")
    return data[:, :, place]


def behind(tensor: torch.Tensor, lag: int) -> torch.Tensor:
    """The same `lag` steps later, zeros before."""
    return torch.cat([torch.zeros_like(tensor[:, :lag]), tensor[:, : tensor.shape[1] - lag]], dim=1)


def alike(got: torch.Tensor, want: torch.Tensor) -> None:
    expect(torch.equal(got, want), "another one")


@part("2.1", "the bits")
def part_bits(student, reference, draw):
    bits = channel(batch_of(student, draw.seed(), 400, 16, 3), 0)
    expect(bool(((bits == 0) | (bits == 1)).all()), "not only 0 and 1")
    bits_are_fair(bits)


@part("2.1", "the echo without markers")
def part_echo(student, reference, draw):
    echo = batch_of(student, draw.seed(), 40, 9, 3)
    alike(grid(echo, 1)[:, 3:], behind(channel(echo, 0), 3)[:, 3:])


@part("2.1", "the zeros before the echo")
def part_before_the_echo(student, reference, draw):
    expect(not bool(grid(batch_of(student, draw.seed(), 40, 9, 3), 1)[:, :3].any()), "not zeros")


@part("2.1", "the mask without markers")
def part_echo_mbatch_of(student, reference, draw):
    mask = grid(batch_of(student, draw.seed(), 40, 9, 3), 2)
    alike(mask, (torch.arange(9) >= 3).float().expand(40, 9))


@part("2.1", "the one marker of each sequence")
def part_markers(student, reference, draw):
    markers = channel(batch_of(student, draw.seed(), 200, 9, 4, True), 1)
    expect(bool(((markers == 1).sum(dim=1) == 1).all() and ((markers == 0).sum(dim=1) == 8).all()), "not one")


@part("2.1", "where the markers stand")
def part_places(student, reference, draw):
    places_are_even(batch_of(student, draw.seed(), 2000, 9, 4, True))


@part("2.1", "the target with a marker")
def part_marked_target(student, reference, draw):
    echo = batch_of(student, draw.seed(), 200, 9, 4, True)
    alike(grid(echo, 1), behind(channel(echo, 0) * channel(echo, 1), 4))


@part("2.1", "the mask with a marker")
def part_marked_mbatch_of(student, reference, draw):
    echo = batch_of(student, draw.seed(), 200, 9, 4, True)
    alike(grid(echo, 2), behind(channel(echo, 1), 4))


# 2.2 and 2.3: one gate decides, the others are open, shut or cut off


def blank(features: int, hidden: int, gates: int) -> dict[str, torch.Tensor]:
    return {name: torch.zeros(shape, dtype=DOUBLE) for name, shape in gate_shapes(features, hidden, gates).items()}


def by_each_term(draw, gates: int, place: int) -> list[dict]:
    """Weights with which the gate at this place, and no other, gets something by one of the four terms, for each of them."""
    tries, rows = [blank(3, 5, gates) for _ in TERMS], slice(5 * place, 5 * place + 5)
    for term, weights in zip(TERMS, tries, strict=True):
        weights[term][rows] = draw.normal(*weights[term][rows].shape, dtype=DOUBLE)
    return tries


def biased(weights: dict, **levels: float) -> dict:
    """The same weights with so much in both biases together, for the gates at the places named g0, g1, …"""
    weights = {name: value.clone() for name, value in weights.items()}
    for name, level in levels.items():
        rows = slice(5 * int(name[1:]), 5 * int(name[1:]) + 5)
        weights["bias_ih"][rows] = weights["bias_hh"][rows] = level / 2
    return weights


def right_under_some(student, reference, tries: list[dict], ask) -> None:
    """What `ask(impl, weights)` gives is right under some of these weights, since what is not tried may be wrong by itself."""
    wanted = [ask(reference, weights) for weights in tries]
    expect(
        any(same_seen(ask(student, weights), want) for weights, want in zip(tries, wanted, strict=True)), "never right"
    )


def lstm(student, reference, tries: list[dict], x, h, c, side: int) -> None:
    """h' (0) or c' (1) is right under some of these weights."""
    args = named(x, "x"), (named(h, "h"), named(c, "c"))
    right_under_some(
        student, reference, tries, lambda impl, weights: piece(impl.new("LSTMCell", 3, 5, weights=weights)(*args), side)
    )


def inputs_of(draw) -> list[torch.Tensor]:
    """x, h and c."""
    return [draw.normal(4, 3, dtype=DOUBLE), draw.normal(4, 5, dtype=DOUBLE), draw.normal(4, 5, dtype=DOUBLE)]


@part("2.2", "the input gate i")
def part_input_gate(student, reference, draw):
    """c was zero, and the candidate is 1, or small: c' is i times that."""
    tries, (x, h, c) = by_each_term(draw, 4, 0), inputs_of(draw)
    lstm(student, reference, [biased(one, g2=level) for one in tries for level in (OPEN, TINY)], x, h, 0 * c, side=1)


@part("2.2", "the forget gate f")
def part_forget_gate(student, reference, draw):
    """Nothing is written: c' is f times c."""
    tries, (x, h, c) = by_each_term(draw, 4, 1), inputs_of(draw)
    lstm(student, reference, [biased(one, g0=level) for one in tries for level in (SHUT, 0.0)], x, h, c, side=1)


@part("2.2", "the candidate g")
def part_lstm_candidate(student, reference, draw):
    """c was zero, and the input gate is open: c' is the candidate."""
    tries, (x, h, c) = by_each_term(draw, 4, 2), inputs_of(draw)
    lstm(student, reference, [biased(one, g0=OPEN) for one in tries], x, h, 0 * c, side=1)


@part("2.2", "the output gate o")
def part_output_gate(student, reference, draw):
    """c' is known and small, so that its tanh is no matter: h' is o times it."""
    tries, (x, h, c) = by_each_term(draw, 4, 3), inputs_of(draw)
    lstm(student, reference, [biased(one, g0=SHUT, g1=OPEN) for one in tries], x, h, TINY * c, side=0)


@part("2.2", "the tanh of c' in h'")
def part_tanh_of_the_cell_state(student, reference, draw):
    """The output gate is open, and c' is c, or the candidate: h' is its tanh."""
    x, h, c = inputs_of(draw)
    lstm(student, reference, [biased(blank(3, 5, 4), g0=SHUT, g1=OPEN, g3=OPEN)], x, h, 2 * c, side=0)


@part("2.2", "the sum of old and new in c'")
def part_sum_of_old_and_new(student, reference, draw):
    """All gates are open, and what is written is 1, or small."""
    x, h, c = inputs_of(draw)
    tries = [biased(blank(3, 5, 4), g0=OPEN, g1=OPEN, g2=level) for level in (OPEN, TINY)]
    lstm(student, reference, tries, x, h, c, side=1)


@part("2.2", "the order of h and c in the pair")
def part_order_of_the_pair(student, reference, draw):
    """With the output gate shut h' is zero, whatever c' is."""
    x, h, c = inputs_of(draw)
    lstm(student, reference, [biased(blank(3, 5, 4), g1=OPEN, g3=SHUT)], x, h, c, side=0)


@part("2.2", "the start from zeros where the state is left out")
def part_lstm_start(student, reference, draw):
    """Without a state as with zeros, whatever the step computes."""
    weights, x = draw.weights(gate_shapes(3, 5, 4)), draw.given("x", 4, 3)
    cell = student.new("LSTMCell", 3, 5, weights=weights)
    agree(cell(x), cell(x, (named(torch.zeros(4, 5), "h"), named(torch.zeros(4, 5), "c"))))


def term_counts(student, draw, name: str, gates: int, term: str, state) -> None:
    """What goes into the gates by this term acts as the same numbers by another one, and not as nothing."""
    weights, way = draw.normal(gates * 4, 4, dtype=DOUBLE), draw.normal(1, 4, dtype=DOUBLE)

    def by(one: str) -> Seen:
        given = blank(4, 4, gates)
        if one:
            given[one] = weights if one.startswith("weight") else (weights @ way.T)[:, 0]
        x, h = (way if one == product else torch.zeros_like(way) for product in TERMS[:2])
        return student.new(name, 4, 4, weights=given)(named(x, "x"), state(h))

    mine = by(term)
    expect(not same_seen(mine, by("")), "as if it were not there")
    expect(any(same_seen(mine, by(other)) for other in TERMS if other != term), "unlike all the others")


def lstm_state(h: torch.Tensor) -> tuple:
    return named(h, "h"), named(torch.ones_like(h), "c")


@part("2.2", "the term W_ih x")
def part_lstm_input_term(student, reference, draw):
    term_counts(student, draw, "LSTMCell", 4, "weight_ih", lstm_state)


@part("2.2", "the term W_hh h")
def part_lstm_recurrent_term(student, reference, draw):
    term_counts(student, draw, "LSTMCell", 4, "weight_hh", lstm_state)


@part("2.2", "the bias b_ih")
def part_lstm_bias_ih(student, reference, draw):
    term_counts(student, draw, "LSTMCell", 4, "bias_ih", lstm_state)


@part("2.2", "the bias b_hh")
def part_lstm_bias_hh(student, reference, draw):
    term_counts(student, draw, "LSTMCell", 4, "bias_hh", lstm_state)


# 2.3: r, z, n


def gru(student, reference, tries: list[dict], x, h) -> None:
    """h' is right under some of these weights."""
    args = named(x, "x"), named(h, "h")
    right_under_some(student, reference, tries, lambda impl, weights: impl.new("GRUCell", 3, 5, weights=weights)(*args))


@part("2.3", "the update gate z")
def part_update_gate(student, reference, draw):
    """The candidate is zero: h' is z times h."""
    x, h, _ = inputs_of(draw)
    gru(student, reference, by_each_term(draw, 3, 1), x, h)


@part("2.3", "the candidate n")
def part_gru_candidate(student, reference, draw):
    """The update gate is shut, the reset gate open: h' is n."""
    x, h, _ = inputs_of(draw)
    gru(student, reference, [biased(one, g0=OPEN, g1=SHUT) for one in by_each_term(draw, 3, 2)], x, h)


@part("2.3", "the reset gate r")
def part_reset_gate(student, reference, draw):
    """The update gate is shut, and W_hn leaves h as it is, or small: n is tanh(r ⊙ h), whether r acts before or after."""
    tries, (x, h, _) = by_each_term(draw, 3, 0), inputs_of(draw)
    gru(student, reference, [biased(handed_on(one, scale), g1=SHUT) for one in tries for scale in (1, TINY)], x, h)


def handed_on(weights: dict, scale: float = 1) -> dict:
    """The same weights with W_hn so that W_hn h is h, or so much of it."""
    state = weights["weight_hh"].clone()
    state[10:] = scale * torch.eye(5)
    return weights | {"weight_hh": state}


@part("2.3", "what the reset gate acts on")
def part_reach_of_the_reset_gate(student, reference, draw):
    """The reset gate differs from unit to unit, and is open or shut: n says what it lets through."""
    weights, (x, h, _) = biased(blank(3, 5, 3), g1=SHUT), inputs_of(draw)
    for value in weights.values():
        value[10:] = draw.normal(*value[10:].shape, dtype=DOUBLE)
    weights["bias_ih"][:5] = torch.tensor([OPEN, SHUT, OPEN, SHUT, OPEN])
    gru(student, reference, [weights], x, h)


@part("2.3", "the share of h that is kept")
def part_kept(student, reference, draw):
    """The candidate is zero, and half of h is kept, or all of it, or nothing."""
    x, h, _ = inputs_of(draw)
    for level in (0.0, OPEN, SHUT):
        gru(student, reference, [biased(blank(3, 5, 3), g1=level)], x, h)


@part("2.3", "the share of n that comes in")
def part_comes_in(student, reference, draw):
    """h is zero, and the candidate 1, or small: half of it comes in, or nothing, or all of it."""
    x, h, _ = inputs_of(draw)
    for level in (0.0, OPEN, SHUT):
        gru(student, reference, [biased(blank(3, 5, 3), g1=level, g2=n) for n in (OPEN, TINY)], x, 0 * h)


@part("2.3", "the start from zeros where h is left out")
def part_gru_start(student, reference, draw):
    """Without h as with zeros, whatever the step computes."""
    weights, x = draw.weights(gate_shapes(3, 5, 3)), draw.given("x", 4, 3)
    cell = student.new("GRUCell", 3, 5, weights=weights)
    agree(cell(x), cell(x, named(torch.zeros(4, 5), "h")))


@part("2.3", "both biases, b_ih and b_hh, in r and z")
def part_gru_biases(student, reference, draw):
    """In the gates r and z both biases count alike."""
    x, h, _ = inputs_of(draw)
    bias, made = draw.normal(10, dtype=DOUBLE), []
    for name in ("bias_ih", "bias_hh", ""):
        weights = handed_on(biased(blank(3, 5, 3), g2=1.0))
        if name:
            weights[name][:10] = bias
        made.append(student.new("GRUCell", 3, 5, weights=weights)(named(x, "x"), named(h, "h")))
    agree(made[0], made[1])
    expect(not same_seen(made[0], made[2]), "as if they were not there")


# 2.4: any cell over a sequence


def unrolled(student, reference, kind: str, weights, x, *state) -> list[Seen]:
    return [impl.call("unroll", torch_cell(impl, kind, weights), x, *state) for impl in (student, reference)]


def of_kind(draw, kind: str) -> tuple[dict, Given]:
    return draw.weights(gate_shapes(3, 5, GATES[kind])), draw.given("x", 2, 4, 3)


@part("2.4", "the first step from None")
def part_first_step(student, reference, draw):
    agree(*(piece(seen, 0, FIRST) for seen in unrolled(student, reference, "gru", *of_kind(draw, "gru"))))


@part("2.4", "the first step from a given state")
def part_first_step_from_a_state(student, reference, draw):
    h = draw.given("h", 2, 5)
    agree(*(piece(seen, 0, FIRST) for seen in unrolled(student, reference, "gru", *of_kind(draw, "gru"), h)))


@part("2.4", "the order of the steps")
def part_order_of_steps(student, reference, draw):
    """Without recurrent weights every output depends on its own step alone."""
    weights, x = of_kind(draw, "rnn")
    weights["weight_hh"].zero_()
    agree(*(piece(seen, 0) for seen in unrolled(student, reference, "rnn", weights, x)))


@part("2.4", "the state that one step hands to the next")
def part_handed_on(student, reference, draw):
    """Only the first step gives anything: all later outputs come from the state."""
    weights, _ = of_kind(draw, "rnn")
    weights["bias_ih"].zero_()
    weights["bias_hh"].zero_()
    x = torch.zeros(2, 4, 3)
    x[:, 0] = draw.normal(2, 3)
    later = (slice(None), slice(1, None))
    agree(*(piece(seen, 0, later) for seen in unrolled(student, reference, "rnn", weights, named(x, "x"))))


@part("2.4", "the last state of one tensor")
def part_last_state(student, reference, draw):
    agree(*(piece(seen, 1) for seen in unrolled(student, reference, "gru", *of_kind(draw, "gru"))))


@part("2.4", "the outputs where the state is a pair")
def part_outputs_of_a_pair(student, reference, draw):
    agree(*(piece(seen, 0) for seen in unrolled(student, reference, "lstm", *of_kind(draw, "lstm"))))


@part("2.4", "the last state where it is a pair")
def part_last_pair(student, reference, draw):
    agree(*(piece(seen, 1) for seen in unrolled(student, reference, "lstm", *of_kind(draw, "lstm"))))


@part("2.4", "a plain function with a state of three parts")
def part_plain_function(student, reference, draw):
    x = draw.given("x", 3, 5, 2)
    agree(*(impl.call("unroll", impl.new("props.plain_cell", 3), x) for impl in (student, reference)))
