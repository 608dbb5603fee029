"""What students see of the checks of tasks 4.8 to 4.10, in the notebook: a model of their own parts, and its loss on a text."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, check, expect, gradients_agree, no_effects, piece, raises, shown
from grader.checks.test_speaking import lstm_weights, speaker
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
STATE = ("h", "c")
PARTS = ("logits", "state")


# 4.8 Linear


def linear_weights(draw, inputs: int, outputs: int, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    return draw.weights({"weight": (outputs, inputs), "bias": (outputs,)}, dtype)


def layers_agree(
    student, reference, weights: dict, x: Given, what: str = "the result", gradients: bool = False
) -> None:
    """Both give the same, and where asked the same gradients."""
    outputs, inputs = weights["weight"].shape
    got, want = (impl.new("Linear", inputs, outputs, weights=weights)(x, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    terms = {"the bias": weights["bias"]} if x.tensor.dim() == 2 else None
    agree(got, want, what, axes=("row", "output") if x.tensor.dim() == 2 else (), terms=terms)
    if gradients:
        gradients_agree(got, want)


@check("4.8")
def test_linear_layer(student, reference, draw):
    """y = x Wᵀ + b for rows (N, inputs): each output is the sum of the inputs, weighted by its row of W, and its bias."""
    layers_agree(student, reference, linear_weights(draw, 4, 3), draw.given("x", 6, 4))


@check("4.8")
def test_linear_layer_with_as_many_outputs(student, reference, draw):
    """It holds as well where there are as many outputs as inputs, and as many rows."""
    layers_agree(student, reference, linear_weights(draw, 4, 4), draw.given("x", 4, 4))


@check("4.8")
def test_linear_layer_on_other_axes(student, reference, draw):
    """x may have any number of axes in front, or none: (inputs,), (N, L, inputs), (N, L, M, inputs)."""
    weights = linear_weights(draw, 3, 5)
    for shape in ((2, 4, 3), (3,), (2, 1, 4, 3), (5, 3, 3), (1, 3), (0, 3)):
        layers_agree(student, reference, weights, draw.given("x", *shape), f"for x of shape {shape}, the result")


@check("4.8")
def test_linear_layer_of_one(student, reference, draw):
    """One input and one output work, and keep their axes."""
    for inputs, outputs in ((1, 1), (1, 3), (3, 1)):
        layers_agree(student, reference, linear_weights(draw, inputs, outputs), draw.given("x", 4, inputs))


@check("4.8")
def test_gradients_of_a_linear_layer(student, reference, draw):
    """Gradients reach x, the weight and the bias, with the right values."""
    for shape in ((6, 4), (2, 3, 4)):
        layers_agree(student, reference, linear_weights(draw, 4, 3), draw.given("x", *shape, grad=True), gradients=True)


@check("4.8")
def test_linear_layer_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout of x."""
    x = draw.given("x", 5, 4, dtype=DOUBLE, grad=True, strided=True)
    layers_agree(student, reference, linear_weights(draw, 4, 7, DOUBLE), x, gradients=True)


@check("4.8", value=False)
def test_linear_layer_leaves_things_alone(student, reference, draw):
    """x and the parameters stay as they were, and no random numbers are drawn."""
    layer = student.new("Linear", 4, 3, weights=linear_weights(draw, 4, 3))
    for shape in ((6, 4), (2, 3, 4)):
        no_effects(layer(draw.given("x", *shape)))


# 4.9 OwnCharLM

SIZES = 6, 3, 4  # V, E, H


def own_weights(
    draw, sizes: tuple[int, int, int] = SIZES, dtype: torch.dtype = torch.float32
) -> dict[str, torch.Tensor]:
    """The parameters of the model; the embedding has a row more than there are characters."""
    words, features, hidden = sizes
    shapes = {"embedding.weight": (words + 1, features), "cell.weight_ih": (4 * hidden, features),
              "cell.weight_hh": (4 * hidden, hidden), "cell.bias_ih": (4 * hidden,), "cell.bias_hh": (4 * hidden,),
              "head.weight": (words, hidden), "head.bias": (words,)}  # fmt: skip
    weights = {name: 1.5 * part for name, part in draw.weights(shapes, dtype).items()}
    weights["embedding.weight"][-1] = 0
    return weights


def own_model(impl, weights: dict, device: str | None = None):
    words, hidden = weights["head.weight"].shape
    return impl.new("OwnCharLM", words, weights["embedding.weight"].shape[1], hidden, weights=weights, device=device)


def ids_of(draw, *shape: int, words: int = SIZES[0]) -> Given:
    return Given(draw.integers(0, words, *shape), "ids")


def state_of(draw, *shape: int, **options) -> tuple[Given, Given]:
    return draw.given("h", *shape, **options), draw.given("c", *shape, **options)


def models_agree(student, reference, weights: dict, ids: Given, *state, gradients: bool = False) -> None:
    """Both give the same logits and the same state, and where asked the same gradients."""
    got, want = (own_model(impl, weights)(ids, *state, gradients=gradients) for impl in (student, reference))
    both_agree(got, want)
    if gradients:
        gradients_agree(got, want)


def both_agree(got: Seen, want: Seen) -> None:
    """The result is the pair (logits, state), with the state in its place."""
    parts = got.value if got.failure is None else ()
    if isinstance(parts, tuple) and len(parts) == 2 and isinstance(parts[1], tuple) and len(parts[1]) == 2:
        flat = [Seen((seen.value[0], *seen.value[1]), gradients=seen.gradients) for seen in (got, want)]
        agree(*flat, "the result", ("logits", *STATE), axes=("batch", "time", "character"))
    agree(got, want, "the result", PARTS)


@check("4.9")
def test_logits_of_own_parts(student, reference, draw):
    """Embedding, LSTM cell and linear layer give the logits (N, L, V), one set for each step, and the last state (h, c)."""
    models_agree(student, reference, own_weights(draw), ids_of(draw, 3, 7))


@check("4.9")
def test_own_parts_go_on_from_a_state(student, reference, draw):
    """The model goes on from the state that it is given: a pair (h, c), each (N, H)."""
    models_agree(student, reference, own_weights(draw), ids_of(draw, 3, 5), state_of(draw, 3, SIZES[2]))


@check("4.9")
def test_own_parts_read_in_chunks(student, reference, draw):
    """Two chunks with the state handed on give what the whole text gives."""
    weights, ids = own_weights(draw), draw.integers(0, SIZES[0], 2, 9)
    whole = own_model(reference, weights)(Given(ids, "ids"))
    model = own_model(student, weights)
    state = ()
    for number, steps in enumerate((slice(0, 4), slice(4, 9)), start=1):
        seen = model(Given(ids[:, steps], "ids"), *state)
        want = piece(piece(whole, 0), (slice(None), steps))
        agree(piece(seen, 0), want, f"the logits of chunk {number}", axes=("batch", "time", "character"))
        pair = answer(piece(seen, 1), tuple, "the state")
        usable = len(pair) == 2 and all(isinstance(part, Array) and part.data is not None for part in pair)
        expect(usable, f"the state is {shown(pair)}, expected the pair (h, c)")
        state = (tuple(Given(part.data, name) for part, name in zip(pair, STATE, strict=True)),)


@check("4.9")
def test_own_parts_at_the_edge(student, reference, draw):
    """One text, one step, one feature and one unit work, and keep their axes."""
    for sizes, shape in (((6, 3, 4), (1, 1)), ((2, 1, 1), (3, 1)), ((5, 4, 2), (1, 6)), ((4, 4, 4), (4, 4))):
        models_agree(student, reference, own_weights(draw, sizes), ids_of(draw, *shape, words=sizes[0]))


def as_pair(seen: Seen) -> Seen:
    """A pair is a pair, also in a list."""
    return Seen(tuple(seen.value), seen.failure) if isinstance(seen.value, list) else seen


@check("4.9")
def test_first_state(student, reference, draw):
    """init_hidden gives the pair (h, c) of zeros, each (N, H), in the type of the weights."""
    for dtype in (torch.float32, DOUBLE):
        weights = own_weights(draw, dtype=dtype)
        for rows in (3, 1):
            got, want = (own_model(impl, weights).call("init_hidden", rows) for impl in (student, reference))
            agree(as_pair(got), want, "the first state", STATE)


@check("4.9")
def test_nothing_is_kept_between_calls(student, reference, draw):
    """Without a state the model begins with zeros, at every call anew, also for another number of texts."""
    weights = own_weights(draw)
    models = [own_model(impl, weights) for impl in (student, reference)]
    for rows in (3, 3, 2):
        ids = ids_of(draw, rows, 4)
        both_agree(*(model(ids) for model in models))


@check("4.9")
def test_gradients_of_own_parts(student, reference, draw):
    """Gradients reach every parameter and the state that came in: nothing is detached, and id 0 learns like any other."""
    ids = Given(torch.cat([torch.zeros(3, 1, dtype=torch.int64), draw.integers(0, SIZES[0], 3, 4)], dim=1), "ids")
    models_agree(student, reference, own_weights(draw), ids, gradients=True)
    models_agree(student, reference, own_weights(draw), ids, state_of(draw, 3, SIZES[2], grad=True), gradients=True)


@check("4.9")
def test_own_parts_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout of ids and state."""
    ids = Given(draw.integers(0, SIZES[0], 2, 5), "ids", strided=True)
    state = state_of(draw, 2, SIZES[2], dtype=DOUBLE, strided=True)
    models_agree(student, reference, own_weights(draw, dtype=DOUBLE), ids, state)


@check("4.9")
def test_own_parts_learn(student, reference, draw):
    """Trained over a text with the state carried along, it has the losses that the reference has."""
    weights, ids = own_weights(draw, dtype=DOUBLE), Given(draw.integers(0, 3, 2, 22), "ids")
    got, want = (
        impl.call("props.learned", own_model(impl, weights), ids, 5, 0.5, 1.0) for impl in (student, reference)
    )
    agree(got, want, "the losses", tuple(f"the loss of chunk {number}" for number in range(1, 5)))


@check("4.9")
def test_own_parts_speak(student, reference, draw):
    """Asked for the likeliest character again and again, it says what the reference says."""
    weights, prompt = own_weights(draw, dtype=DOUBLE), Given(draw.integers(0, SIZES[0], 4), "prompt_ids")
    got, want = (impl.call("props.greedy", own_model(impl, weights), prompt, 8) for impl in (student, reference))
    agree(got, want, "the text", axes=("step",))


@check("4.9", value=False)
def test_own_parts_leave_things_alone(student, reference, draw):
    """Ids, state and parameters stay as they were, and no random numbers are drawn."""
    model = own_model(student, own_weights(draw))
    no_effects(model(ids_of(draw, 2, 4)))
    no_effects(model(ids_of(draw, 2, 4), state_of(draw, 2, SIZES[2])))
    no_effects(model.call("init_hidden", 2))


# 4.10 held_out_loss

KEYS, WORDS = 37, 5


def opinions(
    draw, scale: float = 1.5, words: int = WORDS, dtype: torch.dtype = torch.float32
) -> dict[str, torch.Tensor]:
    """The weights of a stand-in whose logits depend on all that it was fed."""
    return {"table": scale * draw.normal(KEYS, words, dtype=dtype)}


def text_of(draw, length: int, words: int = WORDS) -> Given:
    return Given(draw.integers(0, words, length), "ids")


def losses_agree(student, reference, weights: dict, ids: Given, *lengths: int, **options) -> None:
    """Both give the same loss, whatever the length of a chunk."""
    for length in lengths:
        got, want = (
            impl.call("held_out_loss", speaker(impl, weights, **options), ids, length) for impl in (student, reference)
        )
        agree(got, want, f"for a text of {len(ids.tensor)} characters in chunks of {length}, the loss")


@check("4.10")
def test_loss_in_one_chunk(student, reference, draw):
    """A text in one chunk: the mean of the cross-entropy over its T − 1 predictions, in nats, as a float."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 13), 12)


@check("4.10")
def test_loss_in_even_chunks(student, reference, draw):
    """Cut into chunks of one size, with the state handed on: each of the T − 1 predictions counts once."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 13), 4, 6, 1)


@check("4.10")
def test_loss_with_a_short_chunk_at_the_end(student, reference, draw):
    """The last chunk may be shorter: its predictions count as much as all others."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 14), 4, 5, 12)
    losses_agree(student, reference, opinions(draw), text_of(draw, 11), 9, 6, 4)


@check("4.10")
def test_loss_in_longer_chunks_than_the_text(student, reference, draw):
    """Chunks may be as long as the text, or longer."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 9), 9, 10, 50)


@check("4.10")
def test_loss_of_the_shortest_text(student, reference, draw):
    """A text of two characters has one prediction, one of three has two."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 2), 1, 4)
    losses_agree(student, reference, opinions(draw), text_of(draw, 3), 1, 2, 4)


@check("4.10")
def test_loss_in_evaluation_mode(student, reference, draw):
    """A model that comes in training mode is asked in evaluation mode: training changes its logits, as dropout would."""
    losses_agree(student, reference, opinions(draw), text_of(draw, 12), 4, 11, mode=True)


@check("4.10")
def test_loss_of_a_model_that_is_sure(student, reference, draw):
    """A model that is sure and wrong has a large loss, and not infinity: nothing overflows, and nothing is cut off."""
    losses_agree(student, reference, opinions(draw, 80.0), text_of(draw, 12), 4)


@check("4.10")
def test_loss_with_other_states(student, reference, draw):
    """The state is handed on as the model gave it: a pair without an axis of layers, or a single tensor."""
    for form in ("pair", "tensor"):
        losses_agree(student, reference, opinions(draw), text_of(draw, 10), 4, form=form)


@check("4.10")
def test_loss_of_an_lstm(student, reference, draw):
    """It holds for an LSTM in double precision, with its pair (h, c)."""
    weights, ids = lstm_weights(draw, 6, 3, 4), text_of(draw, 16, 6)
    for length in (5, 4):
        got, want = (impl.call("held_out_loss", impl.new("props.CharLM", 6, 3, 4, weights=weights), ids, length)
                     for impl in (student, reference))  # fmt: skip
        agree(got, want, "the loss")


@check("4.10", value=False)
def test_text_is_read_in_chunks(student, reference, draw):
    """The model reads one row, (1, L) with L at most `length`, and every call but the first gets the state of the last."""
    for size, length in ((14, 4), (9, 3)):
        model = speaker(student, opinions(draw))
        seen = student.call("held_out_loss", model, text_of(draw, size), length)
        agree(seen, Seen(seen.value), "the loss")
        calls = answer(student.call("props.shapes_seen", model), list, "the list of calls")
        expect(bool(calls), "the model itself was never called")
        wide = [call[:-1] for call in calls if call[0] != 1 or not 1 <= call[1] <= length]
        expect(
            not wide,
            f"the model was given ids of shape {tuple(wide[0]) if wide else ()}, expected (1, L) with L of 1 to {length}",
        )
        expect(all(call[-1] for call in calls[1:]), "a later chunk was read without a state")


@check("4.10", value=False)
def test_loss_without_gradients(student, reference, draw):
    """The model is asked without recording gradients, and in evaluation mode, at every call."""
    model = speaker(student, opinions(draw), mode=True)
    seen = student.call("held_out_loss", model, text_of(draw, 9), 3)
    agree(seen, Seen(seen.value), "the loss")
    asked = answer(student.call("props.how_asked", model), list, "the list of calls")
    expect(bool(asked), "the model itself was never called")
    expect(not any(gradients for _, gradients in asked), "gradients were recorded while the model was asked")
    expect(not any(training for training, _ in asked), "the model was asked in training mode")


@check("4.10", value=False)
def test_measuring_leaves_things_alone(student, reference, draw):
    """Afterwards the model is in the mode in which it came; ids, parameters and their .grad are as they were."""
    for mode in (True, False):
        no_effects(student.call("held_out_loss", speaker(student, opinions(draw), mode=mode), text_of(draw, 9), 3))


@check("4.10", value=False)
def test_mode_is_put_back_after_a_break(student, reference, draw):
    """Where the model raises in the middle, the exception goes on to the caller, and the mode is put back all the same."""
    for mode in (True, False):
        model = speaker(student, opinions(draw), breaks_at=1, mode=mode)
        seen = student.call("held_out_loss", model, text_of(draw, 9), 3)
        raises(seen, "FloatingPointError", "a model that raises one")
        agree(student.call("props.in_training", model), Seen(mode), "after the exception, model.training")
