"""What students see of the checks of tasks 5.1 to 5.3: an encoder that reads both ways, attention, a decoder's step."""

from __future__ import annotations

import torch

from grader.checks.kit import Mismatch, agree, check, gradients_agree, no_effects, piece
from grader.engine.values import Given, Seen

DOUBLE = torch.float64
UNEVEN = (3, 6, 1, 4, 2)  # lengths that are in no order
READ, LOOKED, STEPPED = ("memory", "state"), ("context", "weights"), ("logits", "state", "weights")


def none_but_zeros(seen: Seen, at: torch.Tensor, what: str, where: str) -> None:
    """A piece of a result is exactly 0 at these places: not almost."""
    found = seen.value.data[at]
    if found.any():
        nearest = float(found[found != 0][0])
        raise Mismatch(f"{what} is {nearest:.3g} {where}, expected exactly 0", seen=seen)


# 5.1 Encoder


def encoder_weights(
    draw, vocab: int = 9, embedding: int = 3, hidden: int = 8, dtype: torch.dtype = torch.float32
) -> dict:
    """Weights of every part. No row of the embedding is zero: so it shows where padding is read."""
    units, shapes = hidden // 2, {"embedding.weight": (vocab, embedding)}
    for end in ("", "_reverse"):
        shapes |= {f"rnn.weight_ih_l0{end}": (3 * units, embedding), f"rnn.weight_hh_l0{end}": (3 * units, units)}
        shapes |= {f"rnn.bias_ih_l0{end}": (3 * units,), f"rnn.bias_hh_l0{end}": (3 * units,)}
    return draw.weights(shapes, dtype)


def encoder(impl, weights: dict, device: str | None = None):
    """The student's, or the reference's, with these weights."""
    (vocab, embedding), units = weights["embedding.weight"].shape, weights["rnn.weight_hh_l0"].shape[1]
    return impl.new("Encoder", vocab, embedding, 2 * units, weights=weights, device=device)


def padding_of(src: Given, lengths: Given) -> torch.Tensor:
    """Where a batch has no real tokens: (N, S), bool."""
    return torch.arange(src.tensor.shape[1]) >= lengths.tensor[:, None]


def sentences(draw, lengths, width: int | None = None, vocab: int = 9, padded: bool = True,
              strided: bool = False) -> tuple[Given, Given]:  # fmt: skip
    """Ids of words, behind each row's end zeros, or else ids as good as any, with a 0 for the last real one."""
    lengths = torch.tensor(lengths)
    width = width or int(lengths.max())
    batch = Given(draw.integers(1, vocab, len(lengths), width), "src", strided=strided), Given(lengths, "lengths")
    if padded:
        batch[0].tensor[padding_of(*batch)] = 0
    else:
        batch[0].tensor[torch.arange(len(lengths)), lengths - 1] = 0
    return batch


def readings_agree(student, reference, weights: dict, batch: tuple, gradients: bool = False) -> Seen:
    got, want = (encoder(impl, weights)(*batch, gradients=gradients) for impl in (student, reference))
    agree(got, want, "the result", READ, ("batch", "source", "unit"))
    if gradients:
        gradients_agree(got, want)
    return got


@check("5.1")
def test_sentences_of_one_length(student, reference, draw):
    """Without padding memory holds the forward states beside the backward ones, and state the last of each direction."""
    for lengths in ((4, 4, 4), (2, 2)):
        readings_agree(student, reference, encoder_weights(draw), sentences(draw, lengths))


@check("5.1")
def test_sentences_of_uneven_length(student, reference, draw):
    """Each sentence is read to its own end, and backwards from there, be the lengths in any order."""
    for lengths in (UNEVEN, (2, 4, 5), (5, 3, 3, 1)):
        readings_agree(student, reference, encoder_weights(draw), sentences(draw, lengths))


@check("5.1")
def test_only_lengths_say_what_is_padding(student, reference, draw):
    """Only `lengths` says what is padding: id 0 may be a real token, and any id may stand behind the end."""
    batch = sentences(draw, UNEVEN, 7, padded=False)
    batch[0].tensor[1, 2] = batch[0].tensor[3, 0] = 0
    readings_agree(student, reference, encoder_weights(draw), batch)


@check("5.1")
def test_memory_is_as_wide_as_the_batch(student, reference, draw):
    """memory is as wide as src, also where all sentences are shorter, and exactly 0 at padding."""
    for lengths, width in ((UNEVEN, 9), ((2, 2), 5)):
        batch = sentences(draw, lengths, width)
        got = readings_agree(student, reference, encoder_weights(draw), batch)
        none_but_zeros(piece(got, 0), padding_of(*batch), "memory", "at padding")


@check("5.1")
def test_a_single_sentence(student, reference, draw):
    """A single sentence, and sentences of a single token, keep their axes; so do directions of a single unit."""
    for lengths, width, hidden in (
        ((5,), None, 8),
        ((1, 1, 1), None, 8),
        ((1,), 1, 2),
        ((1,), 4, 2),
        ((2, 3), None, 2),
    ):
        weights = encoder_weights(draw, hidden=hidden)
        readings_agree(student, reference, weights, sentences(draw, lengths, width))


@check("5.1")
def test_gradients_of_the_encoder(student, reference, draw):
    """Gradients reach every parameter with the right values, and none comes from what stands behind a sentence's end."""
    batch = sentences(draw, UNEVEN, 7, padded=False)
    readings_agree(student, reference, encoder_weights(draw), batch, gradients=True)


@check("5.1")
def test_reading_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout of src."""
    batch = sentences(draw, UNEVEN, strided=True)
    readings_agree(student, reference, encoder_weights(draw, dtype=DOUBLE), batch, gradients=True)


@check("5.1", value=False)
def test_encoder_keeps_nothing(student, reference, draw):
    """The same sentences are read alike at every call, in training and in evaluation, whatever was read in between."""
    weights, batch, other = encoder_weights(draw), sentences(draw, UNEVEN), sentences(draw, UNEVEN)
    model, again = (encoder(impl, weights) for impl in (student, reference))
    want = again(*batch)
    for mode in (True, False):
        student.call("props.train", model, mode)
        agree(model(*batch), want, "the result", READ)
        model(*other)


@check("5.1", value=False)
def test_encoder_leaves_things_alone(student, reference, draw):
    """src and lengths stay as they came, and so do the mode and the parameters; no random numbers are drawn."""
    for batch in (sentences(draw, UNEVEN), sentences(draw, (2, 3, 1), 5, padded=False)):
        no_effects(encoder(student, encoder_weights(draw))(*batch))


# 5.2 AdditiveAttention

SIZES = 3, 5, 4  # Q, K, A
SCATTERED = torch.tensor([[0, 1, 0, 1, 1], [1, 0, 0, 0, 1], [0, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0]]).bool()
HALF = torch.float16


def attention_weights(draw, sizes: tuple[int, int, int] = SIZES, dtype: torch.dtype = torch.float32) -> dict:
    """Scores that differ enough for no two places to be alike."""
    query, key, compared = sizes
    shapes = {"query.weight": (compared, query), "key.weight": (compared, key), "score.weight": (1, compared)}
    weights = draw.weights(shapes, dtype)
    return weights | {"score.weight": 2 * weights["score.weight"]}


def attention(impl, weights: dict, device: str | None = None):
    (compared, query), key = weights["query.weight"].shape, weights["key.weight"].shape[1]
    return impl.new("AdditiveAttention", query, key, compared, weights=weights, device=device)


def looked_at(draw, mask: torch.Tensor, sizes: tuple[int, int, int] = SIZES, dtype: torch.dtype = torch.float32,
              grad: bool = False, strided: bool = False) -> tuple[Given, Given, Given]:  # fmt: skip
    """A query for each row of the mask, and keys for each of its places."""
    rows, places = mask.shape
    query = draw.given("query", rows, sizes[0], dtype=dtype, grad=grad, strided=strided)
    keys = draw.given("keys", rows, places, sizes[1], dtype=dtype, grad=grad, strided=strided)
    return query, keys, Given(mask, "mask", strided=strided)


def looks_agree(student, reference, weights: dict, given: tuple, gradients: bool = False) -> Seen:
    got, want = (attention(impl, weights)(*given, gradients=gradients) for impl in (student, reference))
    agree(got, want, "the result", LOOKED, ("batch", "source"))
    if gradients:
        gradients_agree(got, want)
    return got


def whole(rows: int, places: int) -> torch.Tensor:
    """A mask that hides nothing."""
    return torch.ones(rows, places, dtype=torch.bool)


def with_empty_rows() -> torch.Tensor:
    mask = SCATTERED.clone()
    mask[[1, 4]] = False
    return mask


@check("5.2")
def test_attention_without_a_mask(student, reference, draw):
    """Where nothing is hidden, the weights are the softmax of v · tanh(W q + U k) over the places; context is Σ weight · key."""
    for rows, places in ((3, 6), (2, 2)):
        looks_agree(student, reference, attention_weights(draw), looked_at(draw, whole(rows, places)))


@check("5.2")
def test_attention_with_one_size(student, reference, draw):
    """It holds as well where queries, keys and what they are compared in have one size, and places and rows one number."""
    sizes = (4, 4, 4)
    given = looked_at(draw, whole(4, 4), sizes)
    looks_agree(student, reference, attention_weights(draw, sizes), given)


@check("5.2")
def test_attention_beside_padding(student, reference, draw):
    """Hidden places at the end of a row get no weight, and the others share the whole 1."""
    mask = torch.arange(6) < torch.tensor([4, 6, 1, 2])[:, None]
    looks_agree(student, reference, attention_weights(draw), looked_at(draw, mask))


@check("5.2")
def test_attention_with_any_mask(student, reference, draw):
    """Any places may be hidden, at the beginning and in the midst too, others in each row."""
    looks_agree(student, reference, attention_weights(draw), looked_at(draw, SCATTERED))


@check("5.2")
def test_hidden_places_weigh_nothing(student, reference, draw):
    """Where the mask is False the weight is exactly 0, not almost; keys may hold large numbers there."""
    query, keys, mask = looked_at(draw, SCATTERED, dtype=DOUBLE)
    keys.tensor[~SCATTERED] *= 1e3
    got = looks_agree(student, reference, attention_weights(draw, dtype=DOUBLE), (query, keys, mask))
    none_but_zeros(piece(got, 1), ~SCATTERED, "a weight", "where the mask is False")


@check("5.2")
def test_nowhere_to_look(student, reference, draw):
    """A row without any True gets weights and a context of zeros, not NaN, whatever the other rows have."""
    for mask in (with_empty_rows(), torch.zeros(1, 3).bool()):
        looks_agree(student, reference, attention_weights(draw), looked_at(draw, mask))


@check("5.2")
def test_attention_on_one_place(student, reference, draw):
    """A single place, a single row and sizes of 1 work, and keep their axes."""
    for rows, places, sizes in ((1, 1, SIZES), (3, 1, SIZES), (1, 4, SIZES), (2, 3, (1, 1, 1)), (1, 1, (2, 1, 1))):
        given = looked_at(draw, whole(rows, places), sizes)
        looks_agree(student, reference, attention_weights(draw, sizes), given)


def far_apart(draw, dtype: torch.dtype, grad: bool = False) -> tuple[dict, tuple]:
    """Scores of ±10000 and ±30000, exact in half precision too: every tanh is 1 or −1.

    Of each key the two first features decide the score by their sign; the third tells the places apart.
    """
    weights = {"query.weight": 50 * torch.eye(2), "key.weight": 100 * torch.eye(2, 3)}
    weights = {name: part.to(dtype) for name, part in weights.items()}
    weights["score.weight"] = torch.tensor([[20000.0, 10000.0]], dtype=dtype)
    low, high, top = (-1, -1), (-1, 1), (1, 1)  # −30000, −10000, 30000
    signs = torch.tensor([[low, top, high, low], [top, low, top, high], [low, low, top, low], [low, top, top, high]])
    keys = torch.cat([signs.float(), draw.normal(4, 4, 1)], dim=2).to(dtype)
    mask = torch.tensor([[1, 0, 1, 1], [1, 1, 1, 0], [1, 1, 0, 1], [0, 0, 0, 0]]).bool()
    query = (1 - 2 * draw.integers(0, 2, 4, 2)).to(dtype)
    return weights, (Given(query, "query", grad), Given(keys, "keys", grad), Given(mask, "mask"))


@check("5.2")
def test_scores_that_lie_far_apart(student, reference, draw):
    """Scores of −30000 or 30000 neither overflow nor vanish beside hidden ones: a shown place is above every hidden one."""
    weights, given = far_apart(draw, torch.float32, grad=True)
    looks_agree(student, reference, weights, given, gradients=True)


@check("5.2")
def test_attention_in_half_precision(student, reference, draw):
    """In float16 it works as well: the dtype is kept, nothing overflows, and a row without any True gets zeros."""
    weights = {name: 0.7 * part for name, part in attention_weights(draw).items()}
    weights = {name: part.to(HALF) for name, part in weights.items()}
    for mask in (SCATTERED, with_empty_rows()):
        *inputs, shown = looked_at(draw, mask)
        query, keys = (Given(part.tensor.to(HALF), part.name) for part in inputs)
        looks_agree(student, reference, weights, (query, keys, shown))
    weights, given = far_apart(draw, HALF)
    looks_agree(student, reference, weights, given)


@check("5.2")
def test_gradients_of_attention(student, reference, draw):
    """Gradients reach query, keys and the three weights with the right values, and none comes through a hidden place."""
    for mask in (whole(3, 4), SCATTERED):
        looks_agree(student, reference, attention_weights(draw), looked_at(draw, mask, grad=True), gradients=True)


@check("5.2")
def test_gradients_where_there_is_nowhere_to_look(student, reference, draw):
    """A row without any True brings no NaN into any gradient: its own are zeros, those of the others as ever."""
    given = looked_at(draw, with_empty_rows(), grad=True)
    looks_agree(student, reference, attention_weights(draw), given, gradients=True)


@check("5.2")
def test_attention_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout of query, keys and mask."""
    given = looked_at(draw, SCATTERED, dtype=DOUBLE, grad=True, strided=True)
    looks_agree(student, reference, attention_weights(draw, dtype=DOUBLE), given, gradients=True)


@check("5.2", value=False)
def test_attention_leaves_things_alone(student, reference, draw):
    """query, keys and mask stay as they came, and so do the parameters; no random numbers are drawn."""
    for mask in (SCATTERED, with_empty_rows()):
        no_effects(attention(student, attention_weights(draw))(*looked_at(draw, mask)))


@check("5.2", value=False)
def test_attention_is_the_same_in_every_mode(student, reference, draw):
    """Nothing is kept from call to call, and nothing dropped in training."""
    weights, given, other = attention_weights(draw), looked_at(draw, SCATTERED), looked_at(draw, with_empty_rows())
    module, again = (attention(impl, weights) for impl in (student, reference))
    want = again(*given)
    for mode in (True, False):
        student.call("props.train", module, mode)
        agree(module(*given), want, "the result", LOOKED)
        module(*other)


# 5.3 Decoder


def decoder_weights(
    draw, vocab: int = 7, embedding: int = 3, hidden: int = 4, dtype: torch.dtype = torch.float32
) -> dict:
    shapes = {"embedding.weight": (vocab, embedding), "attention.query.weight": (hidden, hidden),
              "attention.key.weight": (hidden, hidden), "attention.score.weight": (1, hidden),
              "cell.weight_ih": (3 * hidden, embedding + hidden), "cell.weight_hh": (3 * hidden, hidden),
              "cell.bias_ih": (3 * hidden,), "cell.bias_hh": (3 * hidden,),
              "output.weight": (vocab, 2 * hidden), "output.bias": (vocab,)}  # fmt: skip
    weights = draw.weights(shapes, dtype)
    return weights | {"attention.score.weight": 3 * weights["attention.score.weight"]}


def decoder(impl, weights: dict, device: str | None = None):
    (vocab, embedding), hidden = weights["embedding.weight"].shape, weights["cell.weight_hh"].shape[1]
    return impl.new("Decoder", vocab, embedding, hidden, weights=weights, device=device)


def before_a_step(draw, mask: torch.Tensor, vocab: int = 7, hidden: int = 4, dtype: torch.dtype = torch.float32,
                  grad: bool = False, strided: bool = False) -> tuple[Given, Given, Given, Given]:  # fmt: skip
    """A token and a state for each row of the mask, and a memory with its places."""
    rows, places = mask.shape
    token = Given(draw.integers(0, vocab, rows), "token", strided=strided)
    state = draw.given("state", rows, hidden, dtype=dtype, grad=grad, strided=strided)
    memory = draw.given("memory", rows, places, hidden, dtype=dtype, grad=grad, strided=strided)
    return token, state, memory, Given(mask, "mask", strided=strided)


def steps_agree(student, reference, weights: dict, given: tuple, gradients: bool = False) -> None:
    got, want = (decoder(impl, weights).call("step", *given, gradients=gradients) for impl in (student, reference))
    agree(got, want, "the result", STEPPED, ("batch", "entry"))
    if gradients:
        gradients_agree(got, want)


@check("5.3")
def test_one_step_of_a_decoder(student, reference, draw):
    """Attend with the state; then the cell reads [embedded; context]; then the output layer [new state; context]."""
    steps_agree(student, reference, decoder_weights(draw), before_a_step(draw, whole(3, 5)))


@check("5.3")
def test_step_with_one_size(student, reference, draw):
    """It holds as well where embeddings are as large as states, and there are as many rows as places."""
    weights = decoder_weights(draw, vocab=8, embedding=4)
    steps_agree(student, reference, weights, before_a_step(draw, whole(4, 4), vocab=8))


@check("5.3")
def test_step_beside_padding(student, reference, draw):
    """The step looks at real tokens alone: the mask goes to the attention as it came."""
    for mask in (torch.arange(6) < torch.tensor([4, 6, 1, 2])[:, None], SCATTERED):
        steps_agree(student, reference, decoder_weights(draw), before_a_step(draw, mask))


@check("5.3")
def test_step_of_one_sentence(student, reference, draw):
    """A single sentence, a source of a single token, and states of a single unit keep their axes."""
    for rows, places, hidden in ((1, 4, 4), (3, 1, 4), (1, 1, 4), (2, 3, 1)):
        given = before_a_step(draw, whole(rows, places), hidden=hidden)
        steps_agree(student, reference, decoder_weights(draw, hidden=hidden), given)


@check("5.3")
def test_two_sentences_in_turn(student, reference, draw):
    """Steps of two batches in turn don't disturb each other: all that a step needs is handed to it, and nothing is kept."""
    weights, mask = decoder_weights(draw), SCATTERED[:3]
    models = [decoder(impl, weights) for impl in (student, reference)]
    batches = [before_a_step(draw, mask) for _ in range(2)]
    for step in range(3):
        for number, (token, state, *source) in enumerate(batches):
            got, want = (model.call("step", token, state, *source) for model in models)
            agree(got, want, f"at step {step} of batch {number}, the result", STEPPED)
            said = Given(want.value[0].data.argmax(dim=1), "token")
            batches[number] = (said, Given(want.value[1].data, "state"), *source)


@check("5.3")
def test_gradients_of_a_decoder_step(student, reference, draw):
    """Gradients reach the state, the memory and every parameter with the right values."""
    given = before_a_step(draw, SCATTERED, grad=True)
    steps_agree(student, reference, decoder_weights(draw), given, gradients=True)


@check("5.3")
def test_decoder_step_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout."""
    given = before_a_step(draw, SCATTERED, dtype=DOUBLE, grad=True, strided=True)
    steps_agree(student, reference, decoder_weights(draw, dtype=DOUBLE), given, gradients=True)


@check("5.3", value=False)
def test_step_leaves_things_alone(student, reference, draw):
    """token, state, memory and mask stay as they came, and so do the parameters; no random numbers are drawn."""
    no_effects(decoder(student, decoder_weights(draw)).call("step", *before_a_step(draw, SCATTERED)))


@check("5.3", value=False)
def test_step_is_the_same_in_every_mode(student, reference, draw):
    """Nothing is dropped in training."""
    weights, given = decoder_weights(draw), before_a_step(draw, SCATTERED)
    model, again = (decoder(impl, weights) for impl in (student, reference))
    want = again.call("step", *given)
    for mode in (True, False):
        student.call("props.train", model, mode)
        agree(model.call("step", *given), want, "the result", STEPPED)
