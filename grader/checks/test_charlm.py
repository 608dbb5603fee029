"""What students see of the checks of tasks 4.1 to 4.4 and 4.7: characters, streams, a model, its training, bits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch

from grader.checks.kit import (
    Mismatch,
    agree,
    answer,
    check,
    expect,
    gradients_agree,
    no_effects,
    raises,
    shown,
)
from grader.checks.streams import as_many, goes_on, in_a_row, no_place_twice, one_later, streams
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLAIN = LATIN + " \n\t.,;:!?'-0123456789"
# letters of other scripts; of one and of two code points; beyond the first 65,536; blanks that are not a space
ALPHABETS = ("àéñöčžÅØÞßæ z", "бгджЙЛФщ яЯ", "αβγΔΛπφΩ ς", "אבגדהלשת .", "日本語映画良悪。", "e\u0301a\u0308n\u0303 é",
             "🙂🎭𝔄𝕓𐍈ﬁ～ a",
             " \n\t\r\x0b\x1f\u00a0\u2028\u3000\u200b")  # fmt: skip


# 4.1 CharVocabulary


def text_of(draw, count: int, alphabet: str = PLAIN) -> str:
    """So many characters of an alphabet, drawn."""
    return "".join(alphabet[place] for place in draw.integers(0, len(alphabet), count).tolist())


def built(impl, text: str):
    return impl.new("CharVocabulary.build", text)


def ids_agree(student, reference, text: str, *asked: str) -> None:
    """The same ids for all these texts; without any, for the text that the vocabulary is built of."""
    made = [built(impl, text) for impl in (student, reference)]
    for one in asked or (text,):
        agree(*(it.call("encode", one) for it in made), "the list of ids")


@check("4.1")
def test_characters_are_sorted(student, reference, draw):
    """The characters of the text stand in the order of sorted(set(text)), and the first has id 0."""
    for count in (30, 8):
        ids_agree(student, reference, text_of(draw, count))
    ids_agree(student, reference, "banana")


@check("4.1")
def test_number_of_characters(student, reference, draw):
    """len counts every character of the text once: nothing is added, and nothing left out."""
    for text in (text_of(draw, 40), "aaaa", "\n", "aA bB\n"):
        agree(*(built(impl, text).call("__len__") for impl in (student, reference)), "len of the vocabulary")


@check("4.1")
def test_capitals_have_ids_of_their_own(student, reference, draw):
    """A capital is another character than its small letter."""
    text = text_of(draw, 12, LATIN)
    ids_agree(student, reference, text + text.swapcase())


@check("4.1")
def test_blanks_are_characters(student, reference, draw):
    """Spaces, tabs and line ends are characters like others, at the ends of a text and one after another too."""
    a, b, c = (text_of(draw, 4, LATIN) for _ in range(3))
    for text in (f"{a} {b}\n{c}", f"\n\n {a}\t{b}  \r\n", f"  {a}\n"):
        ids_agree(student, reference, text)


@check("4.1")
def test_characters_of_any_alphabet(student, reference, draw):
    """Characters of any alphabet have ids, in Python's own order of str; an accent that is written apart is one too."""
    for alphabet in ALPHABETS:
        ids_agree(student, reference, text_of(draw, 20, alphabet + LATIN[:5]))


@check("4.1")
def test_another_text_as_ids(student, reference, draw):
    """encode gives an id for each character of any text, in its order, for one that comes again as well; "" gives []."""
    text = text_of(draw, 25)
    ids_agree(student, reference, text, text[::-1], text[7], 3 * text[11:14], "")


def texts_agree(student, reference, text: str, *asked) -> None:
    """The same texts for all these ids."""
    made = [built(impl, text) for impl in (student, reference)]
    for ids in asked:
        agree(*(it.call("decode", ids) for it in made), "the text")


@check("4.1")
def test_ids_as_text(student, reference, draw):
    """decode gives the text: the character of each id, in their order, with nothing between them; no ids give ""."""
    text = text_of(draw, 40, PLAIN[:60]) + " \n"
    size = len(set(text))
    texts_agree(student, reference, text, draw.integers(0, size, 12).tolist(), list(range(size)), [0, 0, 1, 0], [2], [])


@check("4.1")
def test_a_tensor_as_text(student, reference, draw):
    """decode takes a tensor of ids (T,) as it takes a list."""
    text = text_of(draw, 40)
    rows = [draw.integers(0, len(set(text)), count) for count in (9, 1, 0)]
    texts_agree(student, reference, text, *(Given(row, "ids") for row in rows))


@check("4.1")
def test_there_and_back(student, reference, draw):
    """decode undoes encode, to the last character, blanks and accents too."""
    for alphabet in (PLAIN, *ALPHABETS):
        text = text_of(draw, 20, alphabet)
        it = built(student, text)
        ids = it.call("encode", text)
        agree(ids, Seen(ids.value), "encode")
        expect(isinstance(ids.value, list), f"encode gave {shown(ids.value)}, expected a list of ids")
        agree(it.call("decode", ids.value), Seen(text), "decode of what encode gave")


@check("4.1")
def test_two_vocabularies(student, reference, draw):
    """A second vocabulary knows nothing of the first, and changes nothing in it."""
    texts = text_of(draw, 9, LATIN), text_of(draw, 12, LATIN)
    made = [[built(impl, text) for text in texts] for impl in (student, reference)]
    for place, text in enumerate(texts):
        agree(*(its[place].call("__len__") for its in made), "len of the vocabulary")
        agree(*(its[place].call("encode", text) for its in made), "the list of ids")
        agree(*(its[place].call("decode", [1, 0]) for its in made), "the text")


STRANGERS = ("q", "\t", "'", "é", "\u200b", "Q")


@check("4.1", value=False)
def test_unknown_characters(student, reference, draw):
    """A character that is not in the vocabulary is a ValueError, whose message holds it as repr writes it."""
    text = text_of(draw, 14, LATIN.replace("q", "").replace("Q", ""))
    it = built(student, text)
    for stranger in STRANGERS:
        for asked in (text[:2] + stranger + text[2:4], stranger):
            names_the_stranger(student, it.call("encode", asked), stranger)


def names_the_stranger(student, seen: Seen, stranger: str) -> None:
    """The words of the exception are free but for this; what it holds is noted, so that a mistake is known by it."""
    words = seen.failure.message if seen.failure else ""
    held = "repr" if repr(stranger) in words else "character" if stranger in words else "neither"
    student.call("props.noted", held)
    raises(seen, "ValueError", f"{stranger!r}, which is not in the vocabulary")
    if held != "repr":
        raise Mismatch(f"the message of the ValueError for {stranger!r} is {shown(words)}, expected one that holds the "
                       f"character as repr writes it: {stranger!r}", seen=seen)  # fmt: skip


@check("4.1", value=False)
def test_unknown_characters_are_not_taken_in(student, reference, draw):
    """encode changes nothing: an unknown character stays unknown, and len stays."""
    text = text_of(draw, 10, LATIN)
    it, other = (built(impl, text) for impl in (student, reference))
    for _ in range(2):
        raises(it.call("encode", f"{text}!"), "ValueError", "'!', which is not in the vocabulary")
    agree(it.call("__len__"), other.call("__len__"), "len of the vocabulary afterwards")


@check("4.1", value=False)
def test_ids_and_text_come_as_they_should(student, reference, draw):
    """encode gives a list of int, decode a str."""
    text = text_of(draw, 9, LATIN)
    for method, given in (("encode", text), ("decode", [0, 1]), ("decode", torch.tensor([1, 0]))):
        got, want = (impl.call("props.kind", built(impl, text).keep(method, given)) for impl in (student, reference))
        agree(got, Seen(got.value), "the result")
        expect(got.value == want.value, f"{method} gives a {got.value}, expected a {want.value}")


@check("4.1", value=False)
def test_vocabulary_leaves_things_alone(student, reference, draw):
    """The ids that decode gets stay as they came."""
    text = text_of(draw, 12, LATIN)
    ids, it = [1, 0, 1], built(student, text)
    kept = student.new("props.kept", ids)
    said = it.call("decode", kept)
    agree(said, Seen(said.value), "decode")
    no_effects(it.call("decode", Given(torch.tensor(ids), "ids")))
    now = student.call("props.noted", kept)
    expect(now.value == ids, "the list of ids that was given has changed; leave it as it came")


# 4.2 stream_batches


def identities(draw, count: int) -> torch.Tensor:
    """A text in which no id comes twice, in no order, without 0."""
    return draw.normal(count).argsort() + draw.integers(1, 90, 1)


def sizes(draw, *cases: tuple[int, int, int, int]) -> list[tuple]:
    """(ids, N, L) of texts with room for so many chunks, and so many ids over."""
    return [
        (identities(draw, batch * length * chunks + 1 + over), batch, length) for batch, length, chunks, over in cases
    ]


@check("4.2")
def test_rows_are_stretches(student, reference, draw):
    """Each row of x is a stretch of the text; x and y are tensors (N, L), int64."""
    for case in sizes(draw, (3, 5, 4, 0), (2, 4, 3, 5)):
        in_a_row(streams(student, *case))


@check("4.2")
def test_rows_go_on(student, reference, draw):
    """Row i of each chunk goes on where row i of the chunk before ended."""
    for case in sizes(draw, (3, 5, 4, 0), (4, 3, 5, 7), (2, 7, 2, 3)):
        goes_on(streams(student, *case))


@check("4.2")
def test_targets_come_one_later(student, reference, draw):
    """y holds for every id of x the one that comes next in the text, at the end of a row and of a chunk too."""
    for case in sizes(draw, (3, 5, 4, 0), (2, 4, 3, 5)):
        one_later(streams(student, *case))


@check("4.2")
def test_rows_share_nothing(student, reference, draw):
    """No place of the text stands in x twice, whether in two rows or in two chunks."""
    for case in sizes(draw, (3, 5, 4, 0), (2, 4, 3, 5)):
        no_place_twice(streams(student, *case))


@check("4.2")
def test_number_of_chunks(student, reference, draw):
    """There are (T − 1) // (N · L) chunks: as many as fit, where the last target has to be in the text too."""
    for case in sizes(draw, (3, 4, 2, 0), (3, 4, 2, 11), (3, 4, 2, 1), (2, 5, 4, 3), (5, 3, 2, 4)):
        as_many(streams(student, *case))


def all_holds(found) -> None:
    as_many(found)
    in_a_row(found)
    goes_on(found)
    one_later(found)
    no_place_twice(found)


@check("4.2")
def test_one_row(student, reference, draw):
    """A single row reads the text from chunk to chunk; chunks of a single step, and a single chunk, work."""
    for case in sizes(
        draw, (1, 4, 5, 0), (1, 4, 3, 3), (4, 1, 6, 0), (3, 1, 5, 2), (1, 1, 6, 0), (3, 4, 1, 0), (2, 6, 1, 7)
    ):
        all_holds(streams(student, *case))


@check("4.2")
def test_what_is_left_over(student, reference, draw):
    """What is left over at the end of a stretch or of the text is dropped, however much it is."""
    for over in range(6):
        all_holds(streams(student, *sizes(draw, (2, 3, 3, over))[0]))


@check("4.2")
def test_text_in_another_layout(student, reference, draw):
    """The text may lie in memory in another way, as every second entry of another tensor."""
    all_holds(streams(student, *sizes(draw, (3, 4, 3, 5))[0], strided=True))


@check("4.2", value=False)
def test_text_that_is_too_short(student, reference, draw):
    """A text without room for a single chunk and its targets is a ValueError, at the call or where the first is asked for."""
    for batch, length, missing in ((3, 4, 1), (3, 4, 0), (2, 5, 9), (1, 1, 0), (2, 2, 2)):
        count = batch * length - missing
        seen = streams(student, identities(draw, count), batch, length).seen
        raises(seen, "ValueError", f"{count} ids, {batch} rows and {length} steps")


@check("4.2", value=False)
def test_streaming_leaves_things_alone(student, reference, draw):
    """The ids stay as they were, and nothing is drawn at random."""
    no_effects(streams(student, *sizes(draw, (3, 4, 2, 5))[0]).seen)


# 4.3 CharLM

MODEL = ("logits", "h", "c")
AXES = ("batch", "time", "character")


def charlm_shapes(vocab: int, embedding: int, hidden: int, layers: int = 1) -> dict[str, tuple[int, ...]]:
    shapes = {"embedding.weight": (vocab, embedding), "head.weight": (vocab, hidden), "head.bias": (vocab,)}
    for layer in range(layers):
        shapes |= {f"rnn.weight_ih_l{layer}": (4 * hidden, hidden if layer else embedding),
                   f"rnn.weight_hh_l{layer}": (4 * hidden, hidden),
                   f"rnn.bias_ih_l{layer}": (4 * hidden,), f"rnn.bias_hh_l{layer}": (4 * hidden,)}  # fmt: skip
    return shapes


def language_model(impl, weights: dict, layers: int = 1, device: str | None = None):
    """The student's, or the reference's, with these weights."""
    (vocab, embedding), hidden = weights["embedding.weight"].shape, weights["head.weight"].shape[1]
    more = (layers,) if layers > 1 else ()
    return impl.new("CharLM", vocab, embedding, hidden, *more, weights=weights, device=device)


def ids_of(draw, *shape: int, vocab: int) -> Given:
    return Given(draw.integers(0, vocab, *shape), "ids")


def state_for(draw, batch: int, hidden: int, layers: int | None = 1, dtype: torch.dtype = torch.float32,
              grad: bool = False, strided: bool = False) -> tuple[Given, Given]:  # fmt: skip
    """A state (h, c) that is not zero, for an LSTM with layers, or for a cell without that axis."""
    shape = (batch, hidden) if layers is None else (layers, batch, hidden)
    return tuple(Given(draw.normal(*shape, dtype=dtype), name, grad, strided) for name in "hc")


def taken_apart(seen: Seen, first: str) -> Seen:
    """(first, (h, c)) as a tuple of three; a pair may be a list."""
    value = seen.value
    agree(seen, Seen(value), "the result")
    whole = f"({first}, (h, c))"
    if not (isinstance(value, tuple | list) and len(value) == 2):
        raise Mismatch(f"the result is {shown(value)}, expected {whole}", seen=seen)
    state = value[1]
    if not (isinstance(state, tuple | list) and len(state) == 2):
        raise Mismatch(f"the state in the result is {shown(state)}, expected the pair (h, c) in {whole}", seen=seen)
    return replace(seen, value=(value[0], *state))


def readings_agree(got: Seen, want: Seen, when: str = "", gradients: bool = False) -> None:
    got = taken_apart(got, "logits")
    agree(got, taken_apart(want, "logits"), "the result", (f"{when}logits", *MODEL[1:]), AXES)
    if gradients:
        gradients_agree(got, want)


def read_alike(student, reference, weights: dict, ids: Given, *state, layers: int = 1, gradients: bool = False,
               when: str = "") -> None:  # fmt: skip
    got, want = (
        language_model(impl, weights, layers)(ids, *state, gradients=gradients) for impl in (student, reference)
    )
    readings_agree(got, want, when, gradients)


@check("4.3")
def test_logits_and_state(student, reference, draw):
    """Embedding, LSTM and head, one after the other: logits (N, L, V), raw, and the state (h, c) after the last step."""
    read_alike(student, reference, draw.weights(charlm_shapes(7, 4, 5)), ids_of(draw, 3, 6, vocab=7))


@check("4.3")
def test_state_comes_in(student, reference, draw):
    """With a state the reading goes on from it."""
    weights = draw.weights(charlm_shapes(6, 3, 4))
    read_alike(student, reference, weights, ids_of(draw, 2, 5, vocab=6), state_for(draw, 2, 4))


@check("4.3")
def test_no_state_means_zeros(student, reference, draw):
    """None as a state means zeros, also after a call with another state: a model keeps none for itself."""
    weights, ids = draw.weights(charlm_shapes(6, 3, 4)), [ids_of(draw, 2, 5, vocab=6) for _ in range(3)]
    models, state = [language_model(impl, weights) for impl in (student, reference)], state_for(draw, 2, 4)
    for number, (given, before) in enumerate(zip(ids, (None, state, None), strict=True), start=1):
        readings_agree(*(it(given, before) for it in models), f"in call {number}, ")


@check("4.3")
def test_several_layers(student, reference, draw):
    """With several layers the state has a row for each of them, and the head reads the last one."""
    weights = draw.weights(charlm_shapes(6, 3, 4, 2))
    read_alike(student, reference, weights, ids_of(draw, 2, 5, vocab=6), layers=2)
    read_alike(student, reference, weights, ids_of(draw, 3, 4, vocab=6), state_for(draw, 3, 4, 2), layers=2)


@check("4.3")
def test_one_row_and_one_step(student, reference, draw):
    """A batch of one row, a chunk of one step, and sizes of one work; all axes stay."""
    for batch, length, sizes_ in ((1, 5, (6, 3, 4)), (3, 1, (6, 3, 4)), (1, 1, (5, 2, 3)), (2, 3, (1, 1, 1))):
        weights, ids = draw.weights(charlm_shapes(*sizes_)), ids_of(draw, batch, length, vocab=sizes_[0])
        read_alike(
            student,
            reference,
            weights,
            ids,
            state_for(draw, batch, sizes_[2]),
            when=f"for N = {batch} and L = {length}, ",
        )


@check("4.3")
def test_reading_in_chunks(student, reference, draw):
    """A text in chunks, with the state handed from each to the next, gets the logits that it gets at once."""
    weights, ids = draw.weights(charlm_shapes(8, 4, 5)), draw.integers(0, 8, 2, 9)
    (got, want), cuts = (language_model(impl, weights) for impl in (student, reference)), (0, 4, 5, 9)
    whole = taken_apart(want(Given(ids, "ids")), "logits").value[0]
    state = ()
    for start, end in pairwise(cuts):
        kept = got.keep("", Given(ids[:, start:end], "ids"), *state)
        found = taken_apart(student.call("props.noted", kept), "logits")
        part = whole.data[:, start:end]
        expected = Array(part, tuple(part.shape), whole.dtype, whole.device)
        agree(Seen(found.value[0]), Seen(expected), f"logits of the steps {start} to {end - 1}", axes=AXES)
        state = (student.new("props.state_of", kept),)


@check("4.3")
def test_gradients_of_the_model(student, reference, draw):
    """Gradients reach every parameter, and the state that came in: nothing is detached inside."""
    weights = draw.weights(charlm_shapes(6, 3, 4))
    state = state_for(draw, 3, 4, grad=True)
    read_alike(student, reference, weights, ids_of(draw, 3, 4, vocab=6), state, gradients=True)
    weights = draw.weights(charlm_shapes(5, 2, 3, 2))
    read_alike(student, reference, weights, ids_of(draw, 2, 3, vocab=5), layers=2, gradients=True)


@check("4.3")
def test_gradients_through_the_state(student, reference, draw):
    """The state goes out with its graph: from the logits of a second chunk gradients reach back into the first."""
    weights, chunks = draw.weights(charlm_shapes(6, 3, 4)), [ids_of(draw, 2, length, vocab=6) for length in (3, 4)]
    seen = []
    for impl in (student, reference):
        model = language_model(impl, weights)
        first = model.keep("", chunks[0])
        taken_apart(impl.call("props.noted", first), "logits")
        seen.append(model(chunks[1], impl.new("props.state_of", first), gradients=True))
    readings_agree(*seen, "of a second chunk, ", gradients=True)


@check("4.3")
def test_model_in_double(student, reference, draw):
    """A model in double precision stays in it, whatever the memory layout of ids and state."""
    weights = draw.weights(charlm_shapes(6, 3, 4), DOUBLE)
    ids = Given(draw.integers(0, 6, 2, 5), "ids", strided=True)
    read_alike(student, reference, weights, ids, state_for(draw, 2, 4, dtype=DOUBLE, strided=True), gradients=True)
    read_alike(student, reference, weights, ids)


@check("4.3", value=False)
def test_model_leaves_things_alone(student, reference, draw):
    """Ids, state, parameters and mode stay as they were, and no random numbers are drawn, in training mode or not."""
    weights = draw.weights(charlm_shapes(6, 3, 4))
    model, ids, state = language_model(student, weights), ids_of(draw, 2, 3, vocab=6), state_for(draw, 2, 4)
    for mode in (False, True):
        student.call("props.train", model, mode)
        no_effects(model(ids, state))
        no_effects(model(ids))


@check("4.3", value=False)
def test_model_answers_alike_in_both_modes(student, reference, draw):
    """In training mode and in evaluation mode the answers are the same."""
    weights, ids = draw.weights(charlm_shapes(6, 3, 4)), ids_of(draw, 2, 5, vocab=6)
    model, other = (language_model(impl, weights) for impl in (student, reference))
    want = other(ids)
    for mode in (False, True):
        student.call("props.train", model, mode)
        readings_agree(model(ids), want, f"in {'training' if mode else 'evaluation'} mode, ")


# 4.4 train_chunk

TRAINED = ("the loss", "h", "c")
FAR = 1000.0  # a norm that no gradient here comes near
NEAR = 0.05  # one that all of them are above


def learner(impl, weights: dict, optimizer: str = "SGD", mode: bool = True, thinned: bool = False, flat: bool = False,
            **options: float):  # fmt: skip
    """A stand-in model with old gradients, and the optimizer of its parameters."""
    (vocab, embedding), hidden = weights["embedding.weight"].shape, weights["head.weight"].shape[1]
    model = impl.new("props.ChunkLM", vocab, embedding, hidden, thinned, flat, weights=weights)
    impl.call("props.fill_gradients", model)
    stepper = impl.new("props.optimizer", optimizer, model, options or {"lr": 0.5})
    impl.call("props.train", model, mode)
    return model, stepper


def chunk_of(draw, batch: int = 3, length: int = 4, vocab: int = 6) -> tuple[Given, Given]:
    return tuple(Given(draw.integers(0, vocab, batch, length), name) for name in "xy")


def result_of(seen: Seen) -> Seen:
    """(loss, h, c); a loss that is a tensor without axes is taken as its number here."""
    seen = taken_apart(seen, "loss")
    loss, *state = seen.value
    if isinstance(loss, Array) and loss.shape == () and loss.data is not None:
        loss = float(loss.data)
    return replace(seen, value=(loss, *state))


def loss_agrees(got: Seen, want: Seen, what: str = "the loss") -> None:
    agree(*(replace(seen, value=seen.value[0]) for seen in map(result_of, (got, want))), what)


def state_agrees(got: Seen, want: Seen, after: str = "") -> None:
    got, want = (replace(seen, value=seen.value[1:]) for seen in map(result_of, (got, want)))
    agree(got, want, "the state", (f"h{after}", f"c{after}"), ("layer", "batch", "unit"))


def trained(impl, weights: dict, chunks: list, max_norm: float = FAR, state=None, handed_on: bool = True, **kind):
    """What each of several chunks gave, with the state handed from one to the next, and the model afterwards."""
    model, stepper = learner(impl, weights, **kind)
    seen = []
    for chunk in chunks:
        kept = impl.new("train_chunk", model, stepper, *chunk, state, max_norm)
        seen.append(impl.call("props.noted", kept))
        taken_apart(seen[-1], "loss")
        state = impl.new("props.state_of", kept) if handed_on else state
    return seen, model


def both_trained(student, reference, *args, **kind):
    return [trained(impl, *args, **kind) for impl in (student, reference)]


def parameters_agree(got, want, when: str) -> None:
    agree(got.parameters(), want.parameters(), f"the parameters after {when}")


def chunk_weights(draw, dtype: torch.dtype = torch.float32) -> dict:
    return draw.weights(charlm_shapes(6, 3, 4), dtype)


@check("4.4")
def test_loss_before_the_step(student, reference, draw):
    """The loss is the mean cross-entropy of all N · L predictions in nats, from before the step."""
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    (got, _), (want, _) = both_trained(student, reference, weights, [chunk])
    loss_agrees(got[0], want[0])
    weights["head.bias"][2] = 9.0
    sure = chunk[0], Given(torch.full((3, 4), 2), "y")
    (got, _), (want, _) = both_trained(student, reference, weights, [sure])
    loss_agrees(got[0], want[0], "a small loss")


@check("4.4")
def test_state_after_the_chunk(student, reference, draw):
    """The state that comes back is that after the chunk's last step, as the model gave it before the parameters moved."""
    weights, chunk, state = chunk_weights(draw), chunk_of(draw), state_for(draw, 3, 4)
    for given in (None, state):
        (got, _), (want, _) = both_trained(student, reference, weights, [chunk], state=given)
        state_agrees(got[0], want[0])


@check("4.4")
def test_state_from_before_is_read(student, reference, draw):
    """The chunk is read from the state that came in; None means the beginning of a text."""
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    for state in (state_for(draw, 3, 4), None):
        (got, _), (want, _) = both_trained(student, reference, weights, [chunk], state=state)
        loss_agrees(got[0], want[0])


@check("4.4")
def test_step_without_clipping(student, reference, draw):
    """With a high max_norm the parameters move by the plain gradients of the mean."""
    (_, got), (_, want) = both_trained(student, reference, chunk_weights(draw), [chunk_of(draw)])
    parameters_agree(got, want, "the step")


@check("4.4")
def test_step_with_clipping(student, reference, draw):
    """With a low max_norm the gradients of all parameters are scaled together, by one factor, before the step."""
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    (_, got), (_, want) = both_trained(student, reference, weights, [chunk], NEAR, lr=5.0)
    parameters_agree(got, want, "a clipped step")


@check("4.4")
def test_chunks_in_a_row(student, reference, draw):
    """Three chunks in a row, with the state handed on, are three steps: no old gradients, no old graph."""
    weights, chunks = chunk_weights(draw), [chunk_of(draw) for _ in range(3)]
    (got, model), (want, other) = both_trained(student, reference, weights, chunks)
    for number, pair in enumerate(zip(got, want, strict=True), start=1):
        loss_agrees(*pair, f"the loss of chunk {number}")
        state_agrees(*pair, f" after chunk {number}")
    parameters_agree(model, other, "three chunks")


@check("4.4")
def test_chunks_in_a_row_with_adam(student, reference, draw):
    """The step is the optimizer's that was given: with Adam, and clipping, three chunks work as well."""
    weights, chunks = chunk_weights(draw), [chunk_of(draw, 2, 5) for _ in range(3)]
    (got, _), (want, _) = both_trained(
        student, reference, weights, chunks, 0.5, optimizer="Adam", lr=0.1, eps=0.01, weight_decay=0.1
    )
    for number, pair in enumerate(zip(got, want, strict=True), start=1):
        loss_agrees(*pair, f"the loss of chunk {number}")


@check("4.4")
def test_gradient_stays_in_the_chunk(student, reference, draw):
    """Where the state that comes in has a graph of its own, the gradient ends at it, and the same state serves twice."""
    weights, chunk, before = chunk_weights(draw), chunk_of(draw), chunk_of(draw)[0]
    models = []
    for impl in (student, reference):
        model, stepper = learner(impl, weights)
        state = impl.new("props.state_of", model.keep("", before))
        for _ in range(2):
            said = taken_apart(impl.call("train_chunk", model, stepper, *chunk, state, FAR), "loss")
            agree(said, Seen(said.value), "the result")
        models.append(model)
    parameters_agree(*models, "two steps from the same state")


@check("4.4")
def test_model_with_another_state(student, reference, draw):
    """The state is taken as the model has it: h and c of another model may have no axis for layers."""
    weights, chunks = chunk_weights(draw), [chunk_of(draw) for _ in range(2)]
    (got, _), (want, _) = both_trained(
        student, reference, weights, chunks, flat=True, state=state_for(draw, 3, 4, None)
    )
    for pair in zip(got, want, strict=True):
        loss_agrees(*pair)
        state_agrees(*pair)


@check("4.4")
def test_chunk_of_one_step(student, reference, draw):
    """Chunks of a single step, and batches of a single row, work."""
    weights = chunk_weights(draw)
    for batch, length in ((1, 5), (4, 1), (1, 1)):
        chunks = [chunk_of(draw, batch, length) for _ in range(2)]
        (got, _), (want, _) = both_trained(student, reference, weights, chunks)
        loss_agrees(got[1], want[1], f"for N = {batch} and L = {length}, the loss of the second chunk")


@check("4.4")
def test_chunks_in_double(student, reference, draw):
    """A model in double precision is trained in it."""
    weights, chunks = chunk_weights(draw, DOUBLE), [chunk_of(draw) for _ in range(2)]
    (got, model), (want, other) = both_trained(
        student, reference, weights, chunks, state=state_for(draw, 3, 4, dtype=DOUBLE)
    )
    loss_agrees(got[1], want[1])
    state_agrees(got[1], want[1])
    parameters_agree(model, other, "two chunks")


@check("4.4", value=False)
def test_loss_is_a_float(student, reference, draw):
    """The loss comes as a Python float: a tensor, even one without axes, could hold on to the chunk's graph."""
    model, stepper = learner(student, chunk_weights(draw))
    seen = student.call("train_chunk", model, stepper, *chunk_of(draw), None, FAR)
    loss = taken_apart(seen, "loss").value[0]
    graph = isinstance(loss, Array) and loss.requires_grad
    student.call("props.noted", graph)
    if type(loss) is not float:
        held = ", on which the whole graph of the chunk hangs" if graph else ""
        raise Mismatch(f"the loss is {shown(loss)}{held}, expected a Python float", seen=seen)


@check("4.4", value=False)
def test_state_has_no_graph(student, reference, draw):
    """No graph hangs on the state that comes back, with a state that came in or without one."""
    weights = chunk_weights(draw)
    for state in (None, state_for(draw, 3, 4)):
        kept = student.new("train_chunk", *learner(student, weights), *chunk_of(draw), state, FAR)
        taken_apart(student.call("props.noted", kept), "loss")
        held = answer(
            student.call("props.with_graphs", student.new("props.state_of", kept)), list, "the list of graphs"
        )
        names = " and ".join("hc"[place] for place in held)
        expect(
            not held, f"the graph of the chunk still hangs on {names} of the state that came back: detach both parts"
        )


@check("4.4", value=False)
def test_no_gradient_for_the_state_that_came_in(student, reference, draw):
    """The state that came in gets no gradient, also where it could take one; x, y and the state stay as they were."""
    weights, chunk, state = chunk_weights(draw), chunk_of(draw), state_for(draw, 3, 4, grad=True)
    got, want = (impl.call("train_chunk", *learner(impl, weights), *chunk, state, FAR) for impl in (student, reference))
    no_effects(got, want)


@check("4.4", value=False)
def test_mode_stays(student, reference, draw):
    """The mode of the model stays as it was, be it training or evaluation."""
    weights, chunk = chunk_weights(draw), chunk_of(draw)
    for mode in (True, False):
        got, want = (impl.call("train_chunk", *learner(impl, weights, mode=mode), *chunk, None, FAR)
                     for impl in (student, reference))  # fmt: skip
        no_effects(got, want)


@check("4.4", value=False)
def test_chunk_is_read_in_the_mode_that_it_finds(student, reference, draw):
    """The model is run in the mode that it came in: what works in training alone, such as dropout, works in training."""
    weights, chunks = chunk_weights(draw), [chunk_of(draw)]
    for mode in (True, False):
        (got, _), (want, _) = both_trained(student, reference, weights, chunks, mode=mode, thinned=True)
        loss_agrees(got[0], want[0], f"in {'training' if mode else 'evaluation'} mode, the loss")


# 4.7 bits_per_character


def bits_agree(student, reference, nats, what: str = "the result", gradients: bool = False) -> None:
    got, want = (impl.call("bits_per_character", nats, gradients=gradients) for impl in (student, reference))
    agree(got, want, what)
    if gradients:
        gradients_agree(got, want)


def losses(draw, *shape: int, dtype: torch.dtype = torch.float32, grad: bool = False, strided: bool = False) -> Given:
    """Losses as a model may have them, in nats."""
    return Given(0.2 + draw.normal(*shape, dtype=dtype).abs(), "nats", grad, strided)


@check("4.7")
def test_bits_of_a_float(student, reference, draw):
    """A loss in nats, as a float, comes back in bits, as a float."""
    for nats in (0.3 + draw.normal(3).abs()).tolist():
        bits_agree(student, reference, nats)


@check("4.7")
def test_bits_of_known_losses(student, reference, draw):
    """ln 2 nats are 1 bit, which a fair coin costs; ln 65, a guess among 65 characters, is log2 65; 0 is 0."""
    for nats in (0.6931471805599453, 4.174387269895637, 0.0):
        bits_agree(student, reference, nats, f"for {nats:.4f}, the result")


@check("4.7")
def test_bits_of_a_tensor(student, reference, draw):
    """A tensor comes back as a tensor of the same shape, each entry in bits; one without axes stays one."""
    for shape in ((5,), (2, 3), (1,), ()):
        bits_agree(student, reference, losses(draw, *shape))


@check("4.7")
def test_bits_in_double(student, reference, draw):
    """A tensor in double precision stays in it, and exact to it, whatever its memory layout."""
    bits_agree(student, reference, losses(draw, 2, 4, dtype=DOUBLE, strided=True))


@check("4.7", value=False)
def test_gradient_of_the_bits(student, reference, draw):
    """A tensor keeps its graph: a gradient finds its way back."""
    bits_agree(student, reference, losses(draw, 4, grad=True), gradients=True)


@check("4.7", value=False)
def test_bits_leave_things_alone(student, reference, draw):
    """The tensor that was given stays as it was."""
    no_effects(student.call("bits_per_character", losses(draw, 4)))
