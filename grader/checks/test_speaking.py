"""What students see of the checks of tasks 4.5 and 4.6: drawing an id, and a model that speaks."""

from __future__ import annotations

import math

import torch

from grader.checks.draws import decided, drawn, fingerprint, never_below, rows_of, shares_agree, well_formed
from grader.checks.kit import Mismatch, agree, answer, check, expect, no_effects, raises, shown
from grader.compare import same
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
CLEAR = 60.0  # by so much the likeliest logit is above all others, where nothing is left to chance


# 4.5 sample


def clear_rows(draw, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Logits of this shape, in each row of which one is far above the others."""
    logits = draw.normal(*shape, dtype=dtype)
    likeliest = draw.integers(0, shape[-1], *shape[:-1])
    return logits + CLEAR * torch.nn.functional.one_hot(likeliest, shape[-1])


@check("4.5")
def test_shares_of_the_draws(student, reference, draw):
    """Each id comes as often as softmax(logits) says, in each row for itself."""
    shares_agree(drawn(student, rows_of(draw), seed=draw.seed()))


@check("4.5")
def test_low_temperature(student, reference, draw):
    """With temperature 0.5 the ids come as often as softmax(logits / 0.5) says: what is likely comes more often."""
    shares_agree(drawn(student, rows_of(draw), 0.5, seed=draw.seed()))


@check("4.5")
def test_high_temperature(student, reference, draw):
    """With temperature 2 the ids come as often as softmax(logits / 2) says: what is unlikely comes more often."""
    shares_agree(drawn(student, rows_of(draw), 2.0, seed=draw.seed()))


@check("4.5")
def test_shape_of_the_draws(student, reference, draw):
    """Logits (N, V), (N, L, V) or (V,) give ids (N,), (N, L) or (), int64: one for each row, from that row."""
    for shape in ((14, 5), (1, 5), (5,), (3, 8, 5), (2, 1, 3, 4), (4, 1)):
        decided(drawn(student, clear_rows(draw, *shape), seed=draw.seed()))


@check("4.5")
def test_temperature_zero(student, reference, draw):
    """A temperature of 0 takes the likeliest id, always, be it ahead by ever so little; with top_k as well."""
    for top_k in (None, 2):
        decided(drawn(student, draw.normal(30, 6), 0, top_k, seed=draw.seed()))
    decided(drawn(student, draw.normal(4, 5, 6), 0.0, seed=draw.seed()))
    decided(drawn(student, draw.normal(40, 6).argsort(dim=-1) / 1000, 0, seed=draw.seed()))  # nearly level
    decided(drawn(student, draw.normal(6), 0, seed=draw.seed()))


@check("4.5")
def test_low_temperature_of_large_logits(student, reference, draw):
    """With temperature 0.01 and logits of up to ±50 nothing overflows: what is ahead by 1 is drawn for certain."""
    orders = draw.normal(20, 6).argsort(dim=1)
    logits = torch.tensor([50.0, 49.0, 20.0, 0.0, -30.0, -50.0])[orders]
    decided(drawn(student, logits, 0.01, seed=draw.seed()))


@check("4.5")
def test_top_k(student, reference, draw):
    """With top_k 3 one of the three likeliest ids of the row is drawn, each as often as it is likely among them."""
    for temperature in (1.0, 2.0):
        found = drawn(student, rows_of(draw), temperature, 3, seed=draw.seed())
        never_below(found, 3)
        shares_agree(found)


@check("4.5")
def test_top_k_of_one(student, reference, draw):
    """With top_k 1 nothing but the likeliest id is left, whatever the temperature, and however many axes the logits have."""
    for temperature in (1.0, 5.0):
        decided(drawn(student, draw.normal(30, 6), temperature, 1, seed=draw.seed()))
    for shape in ((6,), (9, 1, 6)):
        decided(drawn(student, draw.normal(*shape), 5.0, 1, seed=draw.seed()))


@check("4.5")
def test_top_k_of_all(student, reference, draw):
    """A top_k of V or more has no effect."""
    for top_k in (6, 7, 40):
        found = drawn(student, rows_of(draw), 1.0, top_k, seed=draw.seed())
        never_below(found, 6)
        shares_agree(found)


@check("4.5")
def test_impossible_ids(student, reference, draw):
    """A logit of −∞ is never drawn, not even where top_k has room for it."""
    levels = (1.0, 0.3, -0.4, -math.inf, -math.inf)
    for top_k in (None, 4):
        found = drawn(student, rows_of(draw, levels=levels), 1.0, top_k, seed=draw.seed())
        never_below(found, 3)
        shares_agree(found)


@check("4.5")
def test_draws_without_a_generator(student, reference, draw):
    """The logits alone are enough: temperature 1, all ids, and torch's own source of random numbers."""
    shares_agree(drawn(student, rows_of(draw), plain=True))


@check("4.5")
def test_draws_in_double(student, reference, draw):
    """Logits in double precision, in any memory layout, work as well."""
    logits = Given(rows_of(draw).double(), "logits", strided=True)
    shares_agree(drawn(student, logits, 2.0, 3, seed=draw.seed()))


@check("4.5", value=False)
def test_draws_come_from_the_generator(student, reference, draw):
    """The same state of the generator gives the same ids, another state others; nothing else is drawn from."""
    for top_k in (None, 4):
        from_the_generator(student, draw.normal(300, 6), top_k, draw.seed())


def from_the_generator(student, logits, top_k, seed: int) -> None:
    generator = student.new("props.generator_beside", torch.zeros(1), seed)
    first = drawn(student, logits, 2.0, top_k, generator)
    well_formed(first)
    no_effects(first.seen)
    again = drawn(student, logits, 2.0, top_k, seed, (first,))
    again.expect(same(again.seen.value, first.seen.value), "two generators in the same state gave different ids: something is "
                 "drawn from elsewhere")  # fmt: skip
    other = drawn(student, logits, 2.0, top_k, seed + 1, (first,))
    other.expect(not same(other.seen.value, first.seen.value), "generators in different states gave the same ids: they are not "
                 "drawn from them")  # fmt: skip
    after = drawn(student, logits, 2.0, top_k, generator, (first,))
    after.expect(not same(after.seen.value, first.seen.value), "two calls with one generator gave the same ids: it has to be "
                 "drawn from as it stands, so that it moves on")  # fmt: skip


@check("4.5", value=False)
def test_drawing_leaves_the_logits_alone(student, reference, draw):
    """The logits stay as they were, also where they require gradients."""
    for grad in (False, True):
        for temperature, top_k in ((2.0, 2), (1.0, None), (0, None)):
            found = drawn(student, draw.given("logits", 30, 6, grad=grad), temperature, top_k, draw.seed())
            well_formed(found)
            no_effects(found.seen)


@check("4.5", value=False)
def test_negative_temperature(student, reference, draw):
    """A negative temperature is a ValueError."""
    for temperature in (-1.0, -0.001):
        found = drawn(student, draw.normal(30, 6), temperature, seed=draw.seed())
        raises(found.seen, "ValueError", f"a temperature of {temperature:g}")


@check("4.5", value=False)
def test_top_k_below_one(student, reference, draw):
    """A top_k below 1 is a ValueError."""
    for top_k in (0, -1):
        found = drawn(student, draw.normal(30, 6), 1.0, top_k, draw.seed())
        raises(found.seen, "ValueError", f"a top_k of {top_k}")


# 4.6 generate

KEYS, WORDS = 97, 5


def table(draw, keys: int = KEYS, words: int = WORDS, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """The weights of a stand-in that leaves no draw to chance: its logits depend on all that it was fed."""
    return {"table": clear_rows(draw, keys, words, dtype=dtype)}


def speaker(
    impl, weights: dict, form: str = "layers", breaks_at: int = 0, mode: bool = False, device: str | None = None
):
    """The stand-in for a language model, in training mode or not, with old gradients."""
    model = impl.new("props.Speaker", *weights["table"].shape, form, breaks_at, weights=weights, device=device)
    impl.call("props.fill_gradients", model)
    impl.call("props.train", model, mode)
    return model


def prompt_of(draw, length: int, words: int = WORDS) -> Given:
    return Given(draw.integers(0, words, length), "prompt_ids")


def text_agrees(student, reference, weights: dict, prompt: Given, length: int, *temperature: float, what: str = "the text",
                **options) -> None:  # fmt: skip
    """Both say the same, where nothing is left to chance."""
    got, want = (impl.call("generate", speaker(impl, weights, **options), prompt, length, *temperature)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, what, axes=("step",))


@check("4.6")
def test_text(student, reference, draw):
    """The new ids alone come back, (length,): the first follows the whole prompt, each later one all that was said before."""
    for length in (8, 12):
        text_agrees(student, reference, table(draw), prompt_of(draw, 6), length)


@check("4.6")
def test_text_after_a_single_id(student, reference, draw):
    """A prompt of one id is enough."""
    for _ in range(2):
        text_agrees(student, reference, table(draw), prompt_of(draw, 1), 9)


@check("4.6")
def test_text_of_one_id(student, reference, draw):
    """A length of 1 gives one id, which follows the prompt."""
    for length in (2, 5, 9):
        text_agrees(student, reference, table(draw), prompt_of(draw, length), 1)


@check("4.6")
def test_text_of_nothing(student, reference, draw):
    """A length of 0 gives no id: a tensor (0,), int64."""
    text_agrees(student, reference, table(draw), prompt_of(draw, 4), 0)


@check("4.6")
def test_likeliest_text(student, reference, draw):
    """With temperature 0 the likeliest id is taken at each step, by an LSTM with its pair (h, c) as well."""
    for words, prompt in ((7, 5), (4, 1)):
        weights, given = lstm_weights(draw, words, 3, 6), prompt_of(draw, prompt, words)
        models = [impl.new("props.CharLM", words, 3, 6, weights=weights) for impl in (student, reference)]
        got, want = (impl.call("generate", model, given, 10, 0)
                     for impl, model in zip((student, reference), models, strict=True))  # fmt: skip
        agree(got, want, "the text", axes=("step",))


def lstm_weights(draw, words: int, features: int, hidden: int) -> dict[str, torch.Tensor]:
    """The parameters of the stand-in built of an embedding, an LSTM and a linear layer, in double precision."""
    shapes = {"embedding.weight": (words, features), "rnn.weight_ih_l0": (4 * hidden, features),
              "rnn.weight_hh_l0": (4 * hidden, hidden), "rnn.bias_ih_l0": (4 * hidden,), "rnn.bias_hh_l0": (4 * hidden,),
              "head.weight": (words, hidden), "head.bias": (words,)}  # fmt: skip
    return {name: 3 * part for name, part in draw.weights(shapes, DOUBLE).items()}


@check("4.6")
def test_text_by_its_temperature(student, reference, draw):
    """The temperature decides how the ids are drawn: a high one evens them out, without one it is 1."""
    share_of_ones(student, draw, 250, 20.0, 10.0)
    share_of_ones(student, draw, 250, 0.6)
    for ahead, temperature in ((20.0, 0.1), (0.6, 0)):
        share_of_ones(student, draw, 60, ahead, temperature)


def share_of_ones(student, draw, length: int, ahead: float, *temperature: float) -> None:
    """How often a model of two ids says 1, whose logit is ahead by so much at every step."""
    weights, value = {"table": torch.tensor([[0.0, ahead]]).repeat(3, 1)}, (*temperature, 1.0)[0]
    generator = student.new("props.generator_beside", torch.zeros(1), draw.seed())
    arguments = [*temperature, generator] if temperature else []
    seen = student.call("generate", speaker(student, weights), prompt_of(draw, 3, 2), length, *arguments)
    usual = 1.0 if value == 0 else 1 / (1 + math.exp(-ahead / value))
    right = isinstance(seen.value, Array) and seen.value.shape == (length,)
    share = float((seen.value.data == 1).double().mean()) if right and seen.value.data is not None else -1.0
    near = (
        share > 0.99 if usual > 0.99 else abs(share - usual) < 0.16 and share < 1
    )  # 250 steps are off by more in no lifetime
    level = (
        "about right"
        if near
        else "no share"
        if share < 0
        else "all"
        if share == 1
        else "half"
        if share < 0.72
        else "most"
    )
    student.remember_as(fingerprint([level, length]))
    agree(seen, Seen(seen.value), "the text")
    expect(right, f"the text is {shown(seen.value)}, expected a tensor of shape ({length},)")
    if not near:
        raise Mismatch(f"with temperature {value:g} id 1 was said at {share:.0%} of {length} steps, expected about {usual:.0%}: "
                       f"its logit is ahead by {ahead:g}", seen=seen)  # fmt: skip


@check("4.6")
def test_what_was_said_is_fed_back(student, reference, draw):
    """Each id follows from the one that was drawn before it, also where chance decides."""
    chosen = draw.normal(WORDS).argsort()
    allowed = torch.stack([chosen, chosen.roll(1)], dim=1)  # two ids may follow each, equally likely
    rows = torch.zeros(WORDS, WORDS).scatter(1, allowed, CLEAR)
    weights = {"table": rows.roll(1, dims=0)}  # with so few keys a row is about the last id alone: id + 1
    generator = student.new("props.generator_beside", torch.zeros(1), draw.seed())
    prompt = prompt_of(draw, 3)
    seen = student.call("generate", speaker(student, weights), prompt, 60, 1.0, generator)
    right = isinstance(seen.value, Array) and seen.value.shape == (60,) and seen.value.dtype == "torch.int64"
    told = _unfollowed(torch.cat([prompt.tensor[-1:], seen.value.data]), allowed) if right else ""
    student.remember_as(fingerprint([right, told[:8]]))
    agree(seen, Seen(seen.value), "the text")
    expect(right, f"the text is {shown(seen.value)}, expected a tensor of shape (60,), int64")
    if told:
        raise Mismatch(told, seen=seen)


def _unfollowed(text: torch.Tensor, allowed: torch.Tensor) -> str:
    """Where an id can't follow the one before it."""
    follows = (allowed[text[:-1].clamp(0, WORDS - 1)] == text[1:, None]).any(dim=1)
    if bool(follows.all()):
        return ""
    place = int((~follows).nonzero()[0])
    before = "the prompt" if place == 0 else f"id {int(text[place])} before it"
    return f"the text holds id {int(text[place + 1])} at [{place}], which can't follow {before}: was that fed?"


@check("4.6")
def test_text_in_evaluation_mode(student, reference, draw):
    """A model that comes in training mode speaks in evaluation mode: training changes its logits, as dropout would."""
    for length in (1, 7):
        text_agrees(student, reference, table(draw), prompt_of(draw, 4), length, mode=True)


@check("4.6")
def test_text_with_other_states(student, reference, draw):
    """The state is handed on as the model gave it: a pair without an axis of layers, or a single tensor."""
    for form in ("pair", "tensor"):
        text_agrees(student, reference, table(draw), prompt_of(draw, 5), 7, form=form)


@check("4.6", value=False)
def test_prompt_is_read_once(student, reference, draw):
    """The model reads the prompt in one call, (1, P), then one id in each, (1, 1), with the state handed on."""
    for prompt, length in ((5, 4), (1, 6)):
        model = speaker(student, table(draw))
        seen = student.call("generate", model, prompt_of(draw, prompt), length)
        agree(seen, Seen(seen.value), "the text")
        calls = answer(student.call("props.shapes_seen", model), list, "the list of calls")
        expect(bool(calls), "the model itself was never called")
        expect(calls[0][:2] == (1, prompt), f"the first call got ids of shape {tuple(calls[0][:-1])}, expected {(1, prompt)}: "
               f"the prompt of {prompt} ids, as a batch of one row")  # fmt: skip
        strange = [call for call in calls[1:] if call != (1, 1, True)]
        expect(not strange, f"a later call got (N, L, with a state) = {strange[:1]}, expected (1, 1, True) each time")
        expect(
            len(calls) in (length, length + 1), f"{length} ids took {len(calls)} calls of the model, expected {length}"
        )


@check("4.6", value=False)
def test_text_without_gradients(student, reference, draw):
    """The model is asked without recording gradients, and in evaluation mode, at every call."""
    model = speaker(student, table(draw), mode=True)
    seen = student.call("generate", model, prompt_of(draw, 3), 4)
    agree(seen, Seen(seen.value), "the text")
    asked = answer(student.call("props.how_asked", model), list, "the list of calls")
    expect(bool(asked), "the model itself was never called")
    expect(not any(gradients for _, gradients in asked), "gradients were recorded while the model was asked")
    expect(not any(training for training, _ in asked), "the model was asked in training mode")


@check("4.6", value=False)
def test_speaking_leaves_things_alone(student, reference, draw):
    """Afterwards the model is in the mode in which it came; prompt, parameters and their .grad are as they were."""
    for mode in (True, False):
        generator = student.new("props.generator_beside", torch.zeros(1), draw.seed())
        model = speaker(student, table(draw), mode=mode)
        no_effects(student.call("generate", model, prompt_of(draw, 3), 4, 1.0, generator))


@check("4.6", value=False)
def test_mode_is_put_back_after_a_model_broke(student, reference, draw):
    """Where the model raises in the middle, the exception goes on to the caller, and the mode is put back all the same."""
    for mode in (True, False):
        model = speaker(student, table(draw), breaks_at=3, mode=mode)
        seen = student.call("generate", model, prompt_of(draw, 3), 6)
        raises(seen, "FloatingPointError", "a model that raises one")
        agree(student.call("props.in_training", model), Seen(mode), "after the exception, model.training")


@check("4.6", value=False)
def test_text_comes_from_the_generator(student, reference, draw):
    """The same state of the generator gives the same text, another state another one; nothing else is drawn from."""
    weights, prompt, seed = {"table": draw.normal(KEYS, 12)}, prompt_of(draw, 3, 12), draw.seed()
    generator = student.new("props.generator_beside", torch.zeros(1), seed)
    first = spoken(student, weights, prompt, generator)
    no_effects(first)
    again = spoken(student, weights, prompt, seed, first)
    said(again, same(again.value, first.value), "two generators in the same state gave different texts: something is drawn from "
         "elsewhere")  # fmt: skip
    other = spoken(student, weights, prompt, seed + 1, first)
    said(
        other,
        not same(other.value, first.value),
        "generators in different states gave the same text: it is not drawn from them",
    )
    after = spoken(student, weights, prompt, generator, first)
    said(after, not same(after.value, first.value), "two calls with one generator gave the same text: it has to be drawn from as "
         "it stands, so that it moves on")  # fmt: skip


def spoken(student, weights: dict, prompt: Given, seed, *earlier: Seen) -> Seen:
    """A text of 40 ids from a fresh generator with this seed, or from this one."""
    source = student.new("props.generator_beside", torch.zeros(1), seed) if isinstance(seed, int) else seed
    seen = student.call("generate", speaker(student, weights), prompt, 40, 1.0, source)
    kind = (seen.value.shape, seen.value.dtype) if isinstance(seen.value, Array) else type(seen.value).__name__
    student.remember_as(fingerprint([str(kind), [same(seen.value, other.value) for other in earlier]]))
    return seen


def said(seen: Seen, condition: bool, otherwise: str) -> None:
    """The call answered, and this holds."""
    agree(seen, Seen(seen.value), "the text")
    if not condition:
        raise Mismatch(otherwise, seen=seen)
