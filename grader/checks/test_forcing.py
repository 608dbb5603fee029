"""What students see of the checks of tasks 5.4 and 5.5: teacher forcing, and a loss without padding."""

from __future__ import annotations

import torch

from grader.checks.coins import (
    MANY,
    Forced,
    Sentences,
    both_are_fed,
    each_row_for_itself,
    each_step_anew,
    gold_or_own,
    is_in_shares,
    remember,
)
from grader.checks.kit import Mismatch, agree, answer, check, expect, gradients_agree, no_effects
from grader.compare import same
from grader.engine.props_forcing import KEYS
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
PAD, EOS = 0, 3


# 5.4 Seq2Seq

SOURCE, TARGET = 9, 6  # how many words each language has
LENGTHS = (3, 5, 1)  # of the sources, in no order
AXES = ("batch", "time", "word")


def keyed_weights(draw, dtype: torch.dtype = torch.float32, words: int = TARGET) -> dict[str, torch.Tensor]:
    """The weights of the stand-ins for encoder and decoder."""
    return {"weight": draw.normal(SOURCE, dtype=dtype), "table": 2 * draw.normal(KEYS, words, dtype=dtype)}


def sentences(
    draw, lengths: tuple[int, ...] = LENGTHS, steps: int = 6, spare: int = 0, words: int = TARGET
) -> Sentences:
    """Any ids: where the sources end is said by `lengths` alone, and of the targets every entry counts."""
    src = draw.integers(0, SOURCE, len(lengths), max(lengths) + spare)
    return Sentences(src, torch.tensor(lengths), draw.integers(0, words, len(lengths), steps))


def keyed_parts(impl, weights: dict, device: str | None = None) -> list:
    words = weights["table"].shape[1]
    return [impl.new("props.KeyedEncoder", SOURCE, weights={"weight": weights["weight"]}, device=device),
            impl.new("props.KeyedDecoder", words, weights={"table": weights["table"]}, device=device)]  # fmt: skip


def forcing_model(impl, weights: dict, mode: bool = True, device: str | None = None):
    """A `Seq2Seq` of the stand-ins, in training mode or not."""
    model = impl.new("Seq2Seq", *keyed_parts(impl, weights, device), device=device)
    impl.call("props.train", model, mode)
    return model


def arguments(impl, batch: Sentences, strided: bool = False) -> list:
    lengths = Given(batch.lengths, "lengths")
    return [Given(batch.src, "src", strided=strided), lengths, Given(batch.tgt, "tgt", strided=strided)]


def scores_agree(student, reference, weights: dict, batch: Sentences, *share: float, mode: bool = True, strided: bool = False,
                 gradients: bool = False, what: str = "the logits") -> None:  # fmt: skip
    """Both score alike, where nothing is left to chance."""
    got, want = (forcing_model(impl, weights, mode)(*arguments(impl, batch, strided), *share, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, what, axes=AXES)
    if gradients:
        gradients_agree(got, want)


@check("5.4")
def test_gold_tokens_are_fed(student, reference, draw):
    """Without a ratio the gold tokens are fed, one step behind: logits[:, t] come of BOS and tgt[:, :t], and score tgt[:, t]."""
    scores_agree(student, reference, keyed_weights(draw), sentences(draw))
    scores_agree(student, reference, keyed_weights(draw), sentences(draw), 1.0)


@check("5.4")
def test_own_tokens_are_fed(student, reference, draw):
    """With teacher_forcing 0 each step is fed the likeliest token of the step before, and the gold tokens play no part."""
    for _ in range(2):
        scores_agree(student, reference, keyed_weights(draw), sentences(draw), 0.0)


@check("5.4")
def test_scores_of_one_token(student, reference, draw):
    """Targets of a single token get the logits that follow BOS, (N, 1, V)."""
    for share in (1.0, 0.0):
        scores_agree(student, reference, keyed_weights(draw), sentences(draw, steps=1), share)


@check("5.4")
def test_scores_of_one_sentence(student, reference, draw):
    """A single sentence keeps its axis, and so does a source of one token."""
    for lengths in ((4,), (1,)):
        for share in (1.0, 0.0):
            scores_agree(student, reference, keyed_weights(draw), sentences(draw, lengths), share)


@check("5.4")
def test_padding_of_targets_is_fed(student, reference, draw):
    """EOS and padding in tgt are fed like any other gold token, and all T steps are scored: the loss leaves padding out."""
    batch = sentences(draw)
    ends = torch.tensor([[2], [4], [0]])
    places = torch.arange(batch.tgt.shape[1])
    batch.tgt[:] = torch.where(places < ends, batch.tgt % 2 + 4, torch.where(places == ends, EOS, PAD))
    scores_agree(student, reference, keyed_weights(draw), batch)
    padded = keyed_weights(draw)
    padded["table"][:, PAD] += 9  # the likeliest token is padding, then EOS
    padded["table"][::2, EOS] += 18
    scores_agree(student, reference, padded, batch, 0.0)


@check("5.4")
def test_sources_that_are_padded(student, reference, draw):
    """The decoder is given the mask of the real source tokens: by `lengths` alone, as wide as src, whatever ids stand there."""
    for lengths in ((2, 5, 4, 5), (1, 3)):
        scores_agree(student, reference, keyed_weights(draw), sentences(draw, lengths, spare=2))


@check("5.4")
def test_gradients_of_forcing(student, reference, draw):
    """Gradients reach decoder and encoder through every step and through the states between them, whichever tokens are fed."""
    for share in (1.0, 0.0):
        scores_agree(student, reference, keyed_weights(draw, DOUBLE), sentences(draw), share, gradients=True)


@check("5.4")
def test_forcing_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout of src and tgt."""
    for share in (1.0, 0.0):
        scores_agree(student, reference, keyed_weights(draw, DOUBLE), sentences(draw), share, strided=True)


@check("5.4")
def test_forcing_works_in_the_mode_it_finds(student, reference, draw):
    """The model is asked in the mode that it is in, training or evaluation, and the ratio means the same in both."""
    for mode, share in ((False, 1.0), (False, 0.0), (True, 0.0)):
        scores_agree(student, reference, keyed_weights(draw), sentences(draw, steps=4), share, mode=mode)


def forced(impl, draw, share: float, seed: int | object | None = 0, size: tuple[int, int] = MANY, given: tuple | None = None,
           earlier: tuple = ()) -> Forced:  # fmt: skip
    """A batch of this size with some of the gold tokens, by a fresh generator with this seed, or by this one, or by none."""
    weights, batch = given or many(draw, size)
    source = impl.new("props.generator_beside", torch.zeros(1), seed) if isinstance(seed, int) else seed
    seen = forcing_model(impl, weights)(*arguments(impl, batch), share, source)
    found = Forced(seen, batch, weights["table"], share)
    remember(impl, found, *earlier)
    return found


def many(draw, size: tuple[int, int] = MANY) -> tuple[dict, Sentences]:
    rows, steps = size
    lengths = tuple(draw.integers(1, 5, rows).tolist())
    return keyed_weights(draw), sentences(draw, lengths, steps)


@check("5.4")
def test_gold_or_own(student, reference, draw):
    """In between, each step is fed the gold token of the step before or the likeliest of its logits, and nothing else."""
    gold_or_own(forced(student, draw, 0.5, draw.seed(), (30, 9)))


@check("5.4")
def test_share_of_gold_tokens(student, reference, draw):
    """The gold token is fed as often as teacher_forcing says, after the first step as after any other."""
    for share in (0.25, 0.5, 0.8):
        is_in_shares(forced(student, draw, share, draw.seed()))


@check("5.4")
def test_rows_toss_their_own_coins(student, reference, draw):
    """Each row tosses its own coin: whether one is fed its gold token says nothing of the next row."""
    each_row_for_itself(forced(student, draw, 0.5, draw.seed()))


@check("5.4")
def test_coins_are_tossed_at_each_step(student, reference, draw):
    """A new coin is tossed after each step: a row that was fed its gold token once may be fed its own next."""
    each_step_anew(forced(student, draw, 0.5, draw.seed()))


@check("5.4")
def test_one_sentence_tosses_coins(student, reference, draw):
    """A single sentence is fed gold tokens and its own: its coins are tossed, and no share of the rows is dealt out."""
    both_are_fed(student, forced(student, draw, 0.5, draw.seed(), (1, 80)))


@check("5.4")
def test_forcing_without_a_generator(student, reference, draw):
    """Without a generator the coins come from torch's own source of random numbers."""
    found = forced(student, draw, 0.5, None)
    gold_or_own(found)
    is_in_shares(found)
    expect("random:torch" in found.seen.effects, "nothing was drawn from torch's own source of random numbers")


@check("5.4", value=False)
def test_coins_come_from_the_generator(student, reference, draw):
    """The same state of the generator gives the same logits, another state others; nothing else is drawn from."""
    seed, given = draw.seed(), many(draw, (20, 9))
    generator = student.new("props.generator_beside", torch.zeros(1), seed)
    first = forced(student, draw, 0.5, generator, given=given)
    gold_or_own(first)
    no_effects(first.seen)
    again = forced(student, draw, 0.5, seed, given=given, earlier=(first,))
    again.expect(same(again.seen.value, first.seen.value), "two generators in the same state gave different logits: something is "
                 "drawn from elsewhere")  # fmt: skip
    other = forced(student, draw, 0.5, seed + 1, given=given, earlier=(first,))
    other.expect(not same(other.seen.value, first.seen.value), "generators in different states gave the same logits: the coins "
                 "are not drawn from them")  # fmt: skip
    after = forced(student, draw, 0.5, generator, given=given, earlier=(first,))
    after.expect(not same(after.seen.value, first.seen.value), "two calls with one generator gave the same logits: it has to be "
                 "drawn from as it stands, so that it moves on")  # fmt: skip


@check("5.4", value=False)
def test_forcing_leaves_things_alone(student, reference, draw):
    """src, lengths, tgt, the parameters and the mode stay as they were, with own tokens too."""
    for mode in (True, False):
        for share in (1.0, 0.0):
            model = forcing_model(student, keyed_weights(draw), mode)
            generator = student.new("props.generator_beside", torch.zeros(1), draw.seed())
            no_effects(model(*arguments(student, sentences(draw, steps=3)), share, generator))


@check("5.4", value=False)
def test_sources_are_read_once(student, reference, draw):
    """The encoder reads each source once, and the decoder takes one step for each token."""
    batch, weights = sentences(draw), keyed_weights(draw)
    parts = keyed_parts(student, weights)
    seen = student.new("Seq2Seq", *parts)(*arguments(student, batch))
    agree(seen, Seen(seen.value), "the logits")
    rows, tokens = answer(student.call("props.calls_made", *parts), tuple, "the calls")
    (size, steps), told = batch.tgt.shape, f"{rows} sources were read and {tokens} tokens fed"
    if rows != size or tokens not in (
        size * steps,
        size * (steps + 1),
    ):  # a last step whose logits nobody wants does no harm
        raise Mismatch(
            f"{told}, expected {size} and {size * steps}: {size} sentences with targets of {steps}", seen=seen
        )


# 5.5 masked_cross_entropy

WORDS = 5


def scored(draw, ends: tuple[int, ...], steps: int = 6, words: int = WORDS, pad: int = PAD, scale: float = 1.5,
           dtype: torch.dtype = torch.float32, grad: bool = False, strided: bool = False) -> tuple[Given, Given]:  # fmt: skip
    """Logits (N, T, V), and targets whose rows have so many real tokens, EOS the last of them; padding behind."""
    logits = scale * draw.normal(len(ends), steps, words, dtype=dtype)
    drawn = draw.integers(0, words - 2, len(ends), steps)
    others = torch.tensor([token for token in range(words) if token not in (pad, EOS)])[drawn]
    places, ends = torch.arange(steps), torch.tensor(ends)[:, None]
    targets = torch.where(places < ends - 1, others, torch.where(places < ends, EOS, pad))
    return Given(logits, "logits", grad, strided), Given(targets, "targets", strided=strided)


def losses_agree(student, reference, logits: Given, targets: Given, *pad: int, gradients: bool = False,
                 what: str = "the loss") -> None:  # fmt: skip
    got, want = (impl.call("masked_cross_entropy", logits, targets, *pad, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, what)
    if gradients:
        gradients_agree(got, want)


@check("5.5")
def test_loss_without_padding(student, reference, draw):
    """Without padding it is the mean cross-entropy, in nats, over all tokens: a tensor without axes."""
    for steps in (6, 1):
        losses_agree(student, reference, *scored(draw, (steps,) * 4, steps))


@check("5.5")
def test_padding_does_not_count(student, reference, draw):
    """What stands at padding counts neither in the sum nor in the number that it is divided by."""
    losses_agree(student, reference, *scored(draw, (3, 3, 3)))
    losses_agree(student, reference, *scored(draw, (1,), 8))


@check("5.5")
def test_all_tokens_count_alike(student, reference, draw):
    """Every real token of the batch counts the same, in a long row as in a short one: no mean of means."""
    for ends in ((6, 1, 3), (2, 6), (4, 5, 6, 1)):
        losses_agree(student, reference, *scored(draw, ends))


@check("5.5")
def test_eos_counts(student, reference, draw):
    """EOS is a token that has to be learnt: it counts, also where a row has nothing else."""
    losses_agree(student, reference, *scored(draw, (1, 1, 1)))
    losses_agree(student, reference, *scored(draw, (1, 2), 2))


@check("5.5")
def test_rows_of_padding_alone(student, reference, draw):
    """A row of padding alone counts for nothing beside the others."""
    losses_agree(student, reference, *scored(draw, (0, 4, 0, 2)))


@check("5.5")
def test_nothing_to_learn(student, reference, draw):
    """Where there are no real tokens the loss is 0, not NaN, and so is its gradient."""
    for ends, steps in (((0, 0), 3), ((0,), 1)):
        logits, targets = scored(draw, ends, steps, grad=True)
        for gradients in (False, True):
            seen = student.call("masked_cross_entropy", logits, targets, gradients=gradients)
            agree(seen, Seen(Array(torch.zeros(()), (), "torch.float32", _device(seen))), "the loss")
        grad = (seen.gradients or {}).get("logits")
        if grad is not None and not bool((grad.data == 0).all()):
            raise Mismatch("the loss of no token has a gradient that is not 0: was the sum divided by 0?", seen=seen)


def _device(seen: Seen) -> str:
    return seen.value.device if isinstance(seen.value, Array) else "cpu"


@check("5.5")
def test_other_padding(student, reference, draw):
    """With another `pad` that id is left out, and 0 is a word like any other."""
    for pad in (4, 1, 2):
        losses_agree(student, reference, *scored(draw, (3, 6, 1), pad=pad), pad)
    logits, targets = scored(draw, (2, 4), pad=4)
    targets.tensor[:, 0] = 0
    losses_agree(student, reference, logits, targets, 4)


@check("5.5")
def test_loss_of_a_model_that_is_sure(student, reference, draw):
    """A model that is sure and wrong has a large loss, and not infinity: nothing overflows, and nothing is cut off."""
    logits, targets = scored(draw, (3, 5))
    logits.tensor.add_(200)  # the same for all words: it changes nothing
    losses_agree(student, reference, logits, targets)
    losses_agree(student, reference, *scored(draw, (3, 5), scale=90.0))


@check("5.5")
def test_gradients_of_the_loss(student, reference, draw):
    """The gradient reaches the logits of every real token, with the right values, and those of padding get none."""
    for ends in ((6, 2, 3), (4, 0)):
        losses_agree(student, reference, *scored(draw, ends, grad=True), gradients=True)


@check("5.5")
def test_loss_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout."""
    losses_agree(student, reference, *scored(draw, (5, 2, 3), dtype=DOUBLE, grad=True, strided=True), gradients=True)


@check("5.5")
def test_as_many_words_as_tokens(student, reference, draw):
    """It holds as well where batch, steps and vocabulary are of one size: the axes are told by their place."""
    losses_agree(student, reference, *scored(draw, (5, 2, 1, 4, 3), 5))


@check("5.5", value=False)
def test_loss_leaves_things_alone(student, reference, draw):
    """Logits and targets stay as they were, and no random numbers are drawn."""
    for grad in (False, True):
        no_effects(student.call("masked_cross_entropy", *scored(draw, (3, 6, 1), grad=grad)))


@check("5.5", value=False)
def test_loss_has_a_graph(student, reference, draw):
    """The loss comes with its graph, so that it can be trained on."""
    seen = student.call("masked_cross_entropy", *scored(draw, (3, 2), grad=True))
    loss = answer(seen, Array, "the loss")
    expect(loss.requires_grad, "the loss has no graph behind it: was it detached, or made from .item()?")
