"""The parts of tasks 5.1 to 5.3, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import Mismatch, agree, answer, expect, part, piece
from grader.checks.test_attention import (
    SCATTERED,
    attention,
    attention_weights,
    before_a_step,
    decoder,
    decoder_weights,
    encoder,
    encoder_weights,
    far_apart,
    looked_at,
    padding_of,
    sentences,
    whole,
    with_empty_rows,
)
from grader.engine.values import Array, Given, Seen

SMALL = 0.01  # tanh leaves numbers of this size as they are, within the tolerance of the checks
FORWARD, BACKWARD = slice(0, 4), slice(4, 8)  # the halves of H = 8


def tensor_in(seen: Seen, place: int, *shape: int) -> torch.Tensor:
    """One of the results, which has to be a tensor of this shape."""
    data = answer(piece(seen, place), Array, "a part").data
    expect(data.shape == shape, "another shape")
    return data


def near(got: torch.Tensor, want: torch.Tensor) -> bool:
    return torch.allclose(got.float(), want.float(), rtol=1e-3, atol=1e-4)


# 5.1: reading both ways


def read(impl, draw, batch: tuple) -> Seen:
    return encoder(impl, encoder_weights(draw))(*batch)


def halves_agree(student, reference, draw, lengths, place: int, half: slice) -> None:
    """One direction of memory (0), at real tokens, or of the state (1)."""
    batch, weights = sentences(draw, lengths), encoder_weights(draw)
    where = (~padding_of(*batch),) if place == 0 else ()
    pieces = []
    for impl in (student, reference):
        seen = encoder(impl, weights)(*batch)
        pieces.append(piece(seen, place, *where, (..., half)))
    agree(*pieces)


@part("5.1", "the forward half of memory without padding")
def part_forward_memory(student, reference, draw):
    halves_agree(student, reference, draw, (4, 4), 0, FORWARD)


@part("5.1", "the backward half of memory without padding")
def part_backward_memory(student, reference, draw):
    halves_agree(student, reference, draw, (4, 4), 0, BACKWARD)


@part("5.1", "the forward half of memory beside padding")
def part_forward_memory_beside_padding(student, reference, draw):
    halves_agree(student, reference, draw, (5, 3), 0, FORWARD)


@part("5.1", "the backward half of memory beside padding")
def part_backward_memory_beside_padding(student, reference, draw):
    halves_agree(student, reference, draw, (5, 3), 0, BACKWARD)


@part("5.1", "the zeros at padding")
def part_zeros_at_padding(student, reference, draw):
    batch = sentences(draw, (5, 3))
    memory = tensor_in(read(student, draw, batch), 0, 2, 5, 8)
    expect(not memory[padding_of(*batch)].any(), "other numbers")


@part("5.1", "the width of memory")
def part_width(student, reference, draw):
    memory = answer(piece(read(student, draw, sentences(draw, (2, 3), 6)), 0), Array, "memory")
    expect(len(memory.shape) > 1 and memory.shape[1] == 6, "another width")


@part("5.1", "the forward half of the state without padding")
def part_forward_state(student, reference, draw):
    halves_agree(student, reference, draw, (4, 4), 1, FORWARD)


@part("5.1", "the backward half of the state without padding")
def part_backward_state(student, reference, draw):
    halves_agree(student, reference, draw, (4, 4), 1, BACKWARD)


@part("5.1", "the forward half of the state beside padding")
def part_forward_state_beside_padding(student, reference, draw):
    halves_agree(student, reference, draw, (5, 3), 1, FORWARD)


@part("5.1", "the backward half of the state beside padding")
def part_backward_state_beside_padding(student, reference, draw):
    halves_agree(student, reference, draw, (5, 3), 1, BACKWARD)


@part("5.1", "the order of the sentences")
def part_order_of_sentences(student, reference, draw):
    """Going forward, the first token of each is read as if it were alone, however that is."""
    src, lengths = sentences(draw, (1, 3, 2))
    model = encoder(student, encoder_weights(draw))
    memory = tensor_in(model(src, lengths), 0, 3, 3, 8)
    for row in range(3):
        alone = model(Given(src.tensor[row : row + 1, :1], "src"), Given(torch.ones(1, dtype=torch.int64), "lengths"))
        expect(near(memory[row, 0, FORWARD], tensor_in(alone, 0, 1, 1, 8)[0, 0, FORWARD]), "another row")


# 5.2: attention


def weights_of(seen: Seen, mask: torch.Tensor) -> torch.Tensor:
    return tensor_in(seen, 1, *mask.shape)


def weights_agree(student, reference, weights: dict, given: tuple) -> None:
    agree(*(piece(attention(impl, weights)(*given), 1) for impl in (student, reference)))


@part("5.2", "the layers for keys and scores")
def part_layers(student, reference, draw):
    """The query has no part, and the tanh makes no difference."""
    weights = attention_weights(draw)
    scaled = {"query.weight": 0.0, "key.weight": SMALL, "score.weight": 0.5 / SMALL}
    weights = {name: scaled[name] * value for name, value in weights.items()}
    weights_agree(student, reference, weights, looked_at(draw, whole(3, 4)))


@part("5.2", "the tanh")
def part_tanh(student, reference, draw):
    """The query has no part."""
    weights = attention_weights(draw)
    weights["query.weight"] = torch.zeros_like(weights["query.weight"])
    weights_agree(student, reference, weights, looked_at(draw, whole(3, 4)))


@part("5.2", "the sum of W q and U k")
def part_sum(student, reference, draw):
    """Where W and U are one, it is the same whether something is added to the query or to every key, whatever is made of it."""
    weights = attention_weights(draw, (4, 4, 4))
    weights["query.weight"] = weights["key.weight"]
    query, keys, mask = looked_at(draw, whole(3, 5), (4, 4, 4))
    more, module = draw.normal(3, 4), attention(student, weights)
    moved = Given(query.tensor + more, "query"), Given(keys.tensor + more[:, None], "keys")
    plain, one, other = (
        weights_of(module(*given, mask), mask.tensor) for given in ((query, keys), (moved[0], keys), (query, moved[1]))
    )
    expect(near(one, other) and not near(one, plain), "another sum")


@part("5.2", "the sum of the weights where nothing is hidden")
def part_sum_of_weights(student, reference, draw):
    given = looked_at(draw, whole(3, 5))
    found = weights_of(attention(student, attention_weights(draw))(*given), whole(3, 5))
    expect(bool((found > 0).all()) and near(found.sum(dim=1), torch.ones(3)), "no shares of 1")


@part("5.2", "the sum of the weights where something is hidden")
def part_sum_of_masked_weights(student, reference, draw):
    given = looked_at(draw, SCATTERED)
    found = weights_of(attention(student, attention_weights(draw))(*given), SCATTERED)
    expect(near(found.sum(dim=1), torch.ones(len(SCATTERED))), "no shares of 1")


@part("5.2", "the zeros at hidden places")
def part_zeros(student, reference, draw):
    given = looked_at(draw, SCATTERED)
    found = weights_of(attention(student, attention_weights(draw))(*given), SCATTERED)
    expect(not found[~SCATTERED].any(), "other numbers")


@part("5.2", "the leaving out of keys at hidden places")
def part_left_out(student, reference, draw):
    """Whatever it is that comes out: other keys there don't change it."""
    query, keys, mask = looked_at(draw, SCATTERED)
    others = keys.tensor.where(SCATTERED[:, :, None], draw.normal(*keys.tensor.shape))
    module = attention(student, attention_weights(draw))
    first = module(query, keys, mask)
    agree(module(query, Given(others, "keys"), mask), Seen(answer(first, tuple, "the result")))


@part("5.2", "the zeros of a row without any True")
def part_empty_row(student, reference, draw):
    mask = with_empty_rows()
    seen = attention(student, attention_weights(draw))(*looked_at(draw, mask))
    empty = ~mask.any(dim=1)
    expect(not weights_of(seen, mask)[empty].any() and not tensor_in(seen, 0, 5, 5)[empty].any(), "other numbers")


@part("5.2", "scores that lie far apart")
def part_far_apart(student, reference, draw):
    weights, given = far_apart(draw, torch.float32)
    weights_agree(student, reference, weights, given)


@part("5.2", "the context as a sum with these weights")
def part_context(student, reference, draw):
    """Whatever they are."""
    query, keys, mask = looked_at(draw, SCATTERED)
    seen = attention(student, attention_weights(draw))(query, keys, mask)
    shares = weights_of(seen, SCATTERED)
    expect(near(tensor_in(seen, 0, 5, 5), (shares[:, :, None] * keys.tensor).sum(dim=1)), "another sum")


# 5.3: a step of a decoder


def zeros_but(draw, *names: str) -> dict[str, torch.Tensor]:
    """Weights that are zero but for these, in which names are beginnings."""
    drawn = decoder_weights(draw)
    return {name: part if name.startswith(names) else torch.zeros_like(part) for name, part in drawn.items()}


def without(given: tuple, *names: str) -> tuple:
    """The same arguments with zeros for these."""
    return tuple(Given(torch.zeros_like(one.tensor), one.name) if one.name in names else one for one in given)


def pieces_agree(student, reference, weights: dict, given: tuple, place: int) -> None:
    agree(*(piece(decoder(impl, weights).call("step", *given), place) for impl in (student, reference)))


@part("5.3", "the state that attends")
def part_attends(student, reference, draw):
    pieces_agree(student, reference, decoder_weights(draw), before_a_step(draw, whole(3, 4)), 2)


@part("5.3", "the mask of the attention")
def part_mask(student, reference, draw):
    seen = decoder(student, decoder_weights(draw)).call("step", *before_a_step(draw, SCATTERED))
    shares = tensor_in(seen, 2, *SCATTERED.shape)
    expect(not shares[~SCATTERED].any() and bool(shares[SCATTERED].all()), "another mask")


@part("5.3", "the token on its way into the cell")
def part_token(student, reference, draw):
    given = without(before_a_step(draw, whole(3, 4)), "state", "memory")
    pieces_agree(student, reference, zeros_but(draw, "embedding", "cell.weight_ih"), given, 1)


@part("5.3", "the context on its way into the cell")
def part_context_in(student, reference, draw):
    """All places weigh the same."""
    given = without(before_a_step(draw, whole(3, 4)), "state")
    pieces_agree(student, reference, zeros_but(draw, "cell.weight_ih"), given, 1)


@part("5.3", "the old state on its way into the cell")
def part_state_in(student, reference, draw):
    given = without(before_a_step(draw, whole(3, 4)), "memory")
    pieces_agree(student, reference, zeros_but(draw, "cell.weight_hh"), given, 1)


def logits_agree(student, reference, weights: dict, given: tuple) -> None:
    """The logits are right, or their softmax is: something else may be made of them."""
    got, want = (piece(decoder(impl, weights).call("step", *given), 0) for impl in (student, reference))
    try:
        agree(got, want)
    except Mismatch:
        shape = want.value.shape
        made = answer(got, Array, "the logits")
        expect(made.shape == shape and near(made.data, want.value.data.softmax(dim=1)), "other logits")


@part("5.3", "the bias of the output layer")
def part_bias(student, reference, draw):
    logits_agree(student, reference, zeros_but(draw, "output.bias"), before_a_step(draw, whole(3, 4)))


@part("5.3", "the new state on its way into the logits")
def part_state_out(student, reference, draw):
    """It comes from the biases of the cell and from half of the old one; the context is zero."""
    given = without(before_a_step(draw, whole(3, 4)), "memory")
    logits_agree(student, reference, zeros_but(draw, "cell.bias", "output.weight"), given)


@part("5.3", "the context on its way into the logits")
def part_context_out(student, reference, draw):
    """All places weigh the same, and the state is zero."""
    given = without(before_a_step(draw, whole(3, 4)), "state")
    logits_agree(student, reference, zeros_but(draw, "output.weight"), given)


@part("5.3", "what is left from call to call")
def part_from_call_to_call(student, reference, draw):
    """The same step gives the same again, whatever it is."""
    model, mask = decoder(student, decoder_weights(draw)), whole(3, 4)
    given, other = before_a_step(draw, mask), before_a_step(draw, mask)
    first = answer(model.call("step", *given), tuple, "the result")
    answer(model.call("step", *other), tuple, "the result")
    agree(model.call("step", *given), Seen(first))
