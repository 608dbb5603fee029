"""The parts of tasks 4.1 to 4.4 and 4.7, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import Mismatch, agree, answer, expect, part, raises
from grader.checks.streams import Streams, as_many, goes_on, in_a_row, no_place_twice, one_later, streams
from grader.checks.test_charlm import (
    FAR,
    NEAR,
    built,
    charlm_shapes,
    chunk_of,
    chunk_weights,
    identities,
    ids_of,
    language_model,
    learner,
    result_of,
    state_for,
    taken_apart,
    trained,
)
from grader.engine.values import Array, Given, Seen

# 4.1: characters and ids


def ids_in(impl, text: str, asked: str) -> list[int]:
    """The ids, in a list or in a tensor."""
    seen = built(impl, text).call("encode", asked)
    found = seen.value.data.tolist() if isinstance(seen.value, Array) else answer(seen, list, "the ids")
    expect(len(found) == len(asked) and all(type(number) is int for number in found), "no ids")
    return found


@part("4.1", "the order of the characters")
def part_order(student, reference, draw):
    for text in ("bca", "tez"):
        ids = ids_in(student, text, "".join(sorted(text)))
        expect(ids == sorted(set(ids)), "another order")


@part("4.1", "the id of the first character")
def part_first_id(student, reference, draw):
    expect(ids_in(student, "aaa", "a") == [0], "another id")


@part("4.1", "the size")
def part_size(student, reference, draw):
    for text in ("a", "abcabc"):
        agree(*(built(impl, text).call("__len__") for impl in (student, reference)))


@part("4.1", "capitals beside small letters")
def part_capitals(student, reference, draw):
    """Of their own, and before them."""
    for text in ("aA", "aB"):
        small, capital = ids_in(student, text, text)
        expect(capital < small, "another order, or the same id")


@part("4.1", "spaces and line ends")
def part_blanks(student, reference, draw):
    expect(len(set(ids_in(student, "a \n\tb", "a \n\tb"))) == 5, "not all of them")


@part("4.1", "the order of encode")
def part_order_of_encode(student, reference, draw):
    one, other = (ids_in(student, "ab", asked) for asked in ("ab", "ba"))
    expect(one == other[::-1], "another order")


@part("4.1", "the exception for an unknown character")
def part_unknown(student, reference, draw):
    raises(built(student, "ab").call("encode", "q"), "ValueError", "q")


def read_as(student, ids: list[int], text: str) -> None:
    """Right by the ids that are wanted, or by those that encode gives."""
    it = built(student, "abc")
    given = it.call("encode", text).value
    tries = [it.call("decode", some) for some in (ids, given) if isinstance(some, list)]
    expect(any(seen.value == text for seen in tries), "another text")


@part("4.1", "decode of one id")
def part_decode_of_one(student, reference, draw):
    read_as(student, [1], "b")


@part("4.1", "decode of several ids")
def part_decode_of_several(student, reference, draw):
    read_as(student, [2, 1, 0, 1], "cbab")


@part("4.1", "decode of a tensor")
def part_decode_of_a_tensor(student, reference, draw):
    """The same as of a list, whatever that is."""
    it = built(student, "abc")
    want = it.call("decode", [2, 1, 1])
    agree(it.call("decode", Given(torch.tensor([2, 1, 1]), "ids")), Seen(answer(want, str, "the text")))


# 4.2: streams


def fitting(student, draw, *, over: int = 0) -> Streams:
    return streams(student, identities(draw, 3 * 4 * 4 + 1 + over), 3, 4)


@part("4.2", "the rows of each chunk, as stretches of the text")
def part_rows(student, reference, draw):
    in_a_row(fitting(student, draw))


@part("4.2", "the way from chunk to chunk")
def part_from_chunk_to_chunk(student, reference, draw):
    found = fitting(student, draw)
    expect(len(found.pairs) > 1, "there is one chunk")
    goes_on(found)


@part("4.2", "the way from chunk to chunk with a single row")
def part_single_row(student, reference, draw):
    found = streams(student, identities(draw, 17), 1, 4)
    expect(len(found.pairs) > 1, "there is one chunk")
    goes_on(found)


@part("4.2", "the targets")
def part_targets(student, reference, draw):
    found = fitting(student, draw)
    expect(len(found.pairs) > 0, "there is no chunk")
    one_later(found)


@part("4.2", "what the rows share")
def part_shared(student, reference, draw):
    found = fitting(student, draw)
    expect(len(found.pairs) > 0, "there is no chunk")
    no_place_twice(found)


@part("4.2", "the number of chunks where nothing is left over")
def part_number_where_it_fits(student, reference, draw):
    as_many(fitting(student, draw))


@part("4.2", "the number of chunks where something is left over")
def part_number(student, reference, draw):
    as_many(fitting(student, draw, over=7))


@part("4.2", "the number of chunks where there is no last target")
def part_number_without_a_target(student, reference, draw):
    as_many(fitting(student, draw, over=-1))


@part("4.2", "the exception for a text that is too short")
def part_too_short(student, reference, draw):
    raises(streams(student, identities(draw, 9), 3, 4).seen, "ValueError", "9 ids")


# 4.3: the model


def zeros_but(draw, *names: str, layers: int = 1) -> dict[str, torch.Tensor]:
    """Weights for V = 6, E = 3, H = 4 that are zero but for these."""
    shapes = charlm_shapes(6, 3, 4, layers)
    drawn = draw.weights(shapes)
    return {name: drawn[name] if name in names else torch.zeros(shape) for name, shape in shapes.items()}


def read(impl, weights: dict, ids: Given, *state, layers: int = 1) -> Seen:
    return language_model(impl, weights, layers)(ids, *state)


def logits_of(seen: Seen) -> Seen:
    """The logits, with or without a state beside them."""
    value = seen.value[0] if isinstance(seen.value, tuple | list) and seen.value else seen.value
    agree(seen, Seen(seen.value))
    return Seen(value)


def states_of(seen: Seen) -> Seen:
    return Seen(taken_apart(seen, "logits").value[1:])


@part("4.3", "the bias of the head")
def part_bias_of_the_head(student, reference, draw):
    weights, ids = zeros_but(draw, "head.bias"), ids_of(draw, 2, 3, vocab=6)
    agree(*(logits_of(read(impl, weights, ids)) for impl in (student, reference)))


@part("4.3", "the logits of a single step")
def part_single_step(student, reference, draw):
    weights, ids = draw.weights(charlm_shapes(6, 3, 4)), ids_of(draw, 2, 1, vocab=6)
    agree(*(logits_of(read(impl, weights, ids)) for impl in (student, reference)))


@part("4.3", "the order of the steps")
def part_order_of_steps(student, reference, draw):
    """Where nothing goes from step to step, each gets what it gets alone, whatever that is."""
    weights = draw.weights(charlm_shapes(6, 3, 4))
    for name in ("rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0"):
        weights[name] = torch.zeros_like(weights[name])
    weights["rnn.bias_ih_l0"][4:8] = -30.0  # the forget gate is shut
    ids, model = draw.integers(0, 6, 2, 4), language_model(student, weights)
    whole = answer(logits_of(model(Given(ids, "ids"))), Array, "logits")
    for t in range(4):
        alone = answer(logits_of(model(Given(ids[:, t : t + 1], "ids"))), Array, "logits")
        expect(whole.shape == (2, 4, 6) and alone.shape == (2, 1, 6), "another shape")
        expect(torch.allclose(whole.data[:, t], alone.data[:, 0], atol=1e-4), "another order")


def goes_on_from(student, reference, weights: dict, ids: Given, state: tuple) -> None:
    """The logits are right, or the state that comes back: something else may be wrong about either."""
    got, want = (read(impl, weights, ids, state) for impl in (student, reference))
    try:
        agree(logits_of(got), logits_of(want))
    except Mismatch:
        agree(states_of(got), states_of(want))


@part("4.3", "h on its way in")
def part_h_in(student, reference, draw):
    """c is zero, and what is read is nothing."""
    weights = zeros_but(draw, "rnn.weight_hh_l0", "head.weight")
    h, c = state_for(draw, 2, 4)
    ids, c = ids_of(draw, 2, 1, vocab=6), Given(torch.zeros_like(c.tensor), "c")
    goes_on_from(student, reference, weights, ids, (h, c))


@part("4.3", "c on its way in")
def part_c_in(student, reference, draw):
    """h is zero, and what is read is nothing."""
    weights = zeros_but(draw, "rnn.weight_hh_l0", "head.weight")
    h, c = state_for(draw, 2, 4)
    ids, h = ids_of(draw, 2, 1, vocab=6), Given(torch.zeros_like(h.tensor), "h")
    goes_on_from(student, reference, weights, ids, (h, c))


@part("4.3", "the state on its way out")
def part_state_out(student, reference, draw):
    weights, ids = draw.weights(charlm_shapes(6, 3, 4)), ids_of(draw, 2, 1, vocab=6)
    agree(*(states_of(read(impl, weights, ids)) for impl in (student, reference)))


@part("4.3", "the state of several layers")
def part_state_of_layers(student, reference, draw):
    weights, ids = draw.weights(charlm_shapes(6, 3, 4, 2)), ids_of(draw, 2, 3, vocab=6)
    agree(*(states_of(read(impl, weights, ids, layers=2)) for impl in (student, reference)))


@part("4.3", "what is left from call to call")
def part_from_call_to_call(student, reference, draw):
    """The same ids get the same answer again, whatever it is."""
    model, ids = language_model(student, draw.weights(charlm_shapes(6, 3, 4))), ids_of(draw, 2, 3, vocab=6)
    first = model(ids)
    agree(first, Seen(first.value))
    agree(model(ids), Seen(first.value))


# 4.4: a training step


def step(impl, weights: dict, chunk, max_norm: float = FAR, state=None, **kind) -> tuple[Seen, torch.Tensor]:
    """What one step of plain gradient descent gave, and by how much all parameters moved, in one row."""
    (seen,), model = trained(impl, weights, [chunk], max_norm, state, handed_on=False, **kind)
    after = answer(model.parameters(), dict, "the parameters")
    return seen, torch.cat([(after[name].data - value).flatten() for name, value in weights.items()])


def moves(student, reference, draw, max_norm: float = FAR) -> list[torch.Tensor]:
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    lr = 0.5 if max_norm == FAR else 10.0  # so that a clipped step is no shorter than others
    return [step(impl, weights, chunk, max_norm, lr=lr)[1] for impl in (student, reference)]


def near(got: torch.Tensor, want: torch.Tensor) -> bool:
    return torch.allclose(got, want, rtol=1e-3, atol=1e-5)


def loss_of(seen: Seen) -> Seen:
    return Seen(result_of(seen).value[0])


def after(seen: Seen) -> Seen:
    return Seen(result_of(seen).value[1:])


@part("4.4", "the loss")
def part_loss(student, reference, draw):
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    agree(*(loss_of(step(impl, weights, chunk)[0]) for impl in (student, reference)))


@part("4.4", "the loss of a single prediction")
def part_single_loss(student, reference, draw):
    weights, chunk = chunk_weights(draw), chunk_of(draw, 1, 1)
    agree(*(loss_of(step(impl, weights, chunk)[0]) for impl in (student, reference)))


@part("4.4", "the direction of the step")
def part_direction_of_the_step(student, reference, draw):
    got, want = moves(student, reference, draw)
    expect(bool(got.norm() > 0) and near(got / got.norm(), want / want.norm()), "another direction")


@part("4.4", "the size of a step that needs no clipping")
def part_size_of_the_step(student, reference, draw):
    got, want = moves(student, reference, draw)
    expect(near(got.norm(), want.norm()), "another size")


@part("4.4", "the size of a clipped step")
def part_clipped_step(student, reference, draw):
    got, want = moves(student, reference, draw, NEAR)
    expect(near(got.norm(), want.norm()), "another size")


@part("4.4", "the direction of a clipped step")
def part_direction_of_a_clipped_step(student, reference, draw):
    got, want = moves(student, reference, draw, NEAR)
    expect(bool(got.norm() > 0) and near(got / got.norm(), want / want.norm()), "another direction")


@part("4.4", "the state that comes in")
def part_state_in(student, reference, draw):
    """The loss is right, or the state that goes out: something else may be wrong about either."""
    weights, chunk, state = chunk_weights(draw), chunk_of(draw, 2, 1), state_for(draw, 2, 4)
    got, want = (step(impl, weights, chunk, state=state)[0] for impl in (student, reference))
    try:
        agree(loss_of(got), loss_of(want))
    except Mismatch:
        agree(after(got), after(want))


@part("4.4", "the state that goes out")
def part_state_out_of_the_chunk(student, reference, draw):
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    for state in (None, state_for(draw, 3, 4)):
        agree(*(after(step(impl, weights, chunk, state=state)[0]) for impl in (student, reference)))


@part("4.4", "the end of the gradient at a state that comes in with a graph")
def part_end_of_the_gradient(student, reference, draw):
    """What moves is the same as from that state without its graph, whatever it is."""
    weights, chunk, before = chunk_weights(draw), chunk_of(draw), chunk_of(draw)[0]
    moved = []
    for cut in (False, True):
        model, stepper = learner(student, weights)
        state = student.new("props.state_of", model.keep("", before))
        state = [Given(part.data, "part") for part in student.call("props.noted", state).value] if cut else state
        said = student.call("train_chunk", model, stepper, *chunk, tuple(state) if cut else state, FAR)
        agree(said, Seen(said.value))
        moved.append(model.parameters())
    agree(*moved)


@part("4.4", "the use of the optimizer that was given")
def part_optimizer(student, reference, draw):
    """Adam's first step has a length of its own, whatever the gradients."""
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    got, want = (step(impl, weights, chunk, optimizer="Adam", lr=0.01)[1].norm() for impl in (student, reference))
    expect(abs(float(got - want)) < 0.2 * float(want), "another length")


@part("4.4", "the clearing of old gradients")
def part_clearing_of_gradients(student, reference, draw):
    """Where only the head's bias can move, the others move by gradients that were left behind."""
    weights = {
        name: value if name == "head.bias" else torch.zeros_like(value) for name, value in chunk_weights(draw).items()
    }
    moved = step(student, weights, chunk_of(draw))[1]
    others = torch.cat(
        [torch.full_like(value, float(name != "head.bias")).flatten() for name, value in weights.items()]
    )
    expect(not (moved * others).any(), "the old gradients are still there")


@part("4.4", "a second chunk")
def part_second_chunk(student, reference, draw):
    """It runs to its end with what came out of the first."""
    seen, _ = trained(student, chunk_weights(draw), [chunk_of(draw) for _ in range(2)])
    agree(seen[1], Seen(seen[1].value))


# 4.7: bits


def bits(impl, nats) -> Seen:
    return impl.call("bits_per_character", nats)


def number_in(seen: Seen) -> float:
    """One number, as a float or in a tensor with one entry."""
    agree(seen, Seen(seen.value))
    value = seen.value.data.item() if isinstance(seen.value, Array) and seen.value.data.numel() == 1 else seen.value
    expect(type(value) is float, "no number")
    return value


@part("4.7", "the factor for a float")
def part_factor(student, reference, draw):
    got, want = (number_in(bits(impl, 1.5)) for impl in (student, reference))
    agree(Seen(got), Seen(want))


@part("4.7", "the factor for a tensor")
def part_factor_of_a_tensor(student, reference, draw):
    nats = Given(torch.tensor([1.5]), "nats")
    got, want = (number_in(bits(impl, nats)) for impl in (student, reference))
    expect(abs(got - want) < 1e-4, "another factor")


@part("4.7", "bits that grow with the nats in proportion")
def part_in_proportion(student, reference, draw):
    one, two = (number_in(bits(student, nats)) for nats in (0.7, 1.4))
    expect(one != 0 and abs(two - 2 * one) < 1e-4 * abs(one), "not in proportion")


@part("4.7", "what kind of number a float becomes")
def part_kind_of_a_float(student, reference, draw):
    expect(type(bits(student, 1.5).value) is float, "no float")


@part("4.7", "the shape and type of a tensor")
def part_shape_and_type(student, reference, draw):
    for dtype, shape in ((torch.float32, (2, 3)), (torch.float64, (1,)), (torch.float32, ())):
        found = answer(bits(student, Given(torch.ones(shape, dtype=dtype), "nats")), Array, "the bits")
        expect((found.shape, found.dtype) == (shape, str(dtype)), "another shape or type")


@part("4.7", "each entry of a tensor by itself")
def part_each_entry(student, reference, draw):
    """Where all are the same, each is as if it were alone, whatever it is."""
    alone = number_in(bits(student, Given(torch.tensor([0.9]), "nats")))
    found = answer(bits(student, Given(torch.full((4,), 0.9), "nats")), Array, "the bits")
    found = found.data.flatten().double()
    expect(len(found) == 4 and bool(((found - alone).abs() < 1e-5).all()), "they depend on each other")
