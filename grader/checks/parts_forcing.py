"""The parts of tasks 5.4, 5.5 and 5.8, each tried where nothing else decides what comes out."""

from __future__ import annotations

from dataclasses import replace

import torch

from grader.checks.coins import BOS, Forced, Sentences, each_row_for_itself, each_step_anew, is_in_shares
from grader.checks.kit import agree, answer, expect, part
from grader.checks.test_alignment import maps_of, rate, rates_agree, said_by
from grader.checks.test_forcing import (
    EOS,
    PAD,
    SOURCE,
    WORDS,
    arguments,
    forced,
    forcing_model,
    keyed_weights,
    losses_agree,
    many,
    scored,
    sentences,
)
from grader.compare import same
from grader.engine.values import Array, Given, Seen

# 5.4: teacher forcing


def short(draw, steps: int = 6) -> tuple[dict, Sentences]:
    """Sources of one token: nothing is padded."""
    return keyed_weights(draw), sentences(draw, (1, 1, 1, 1), steps)


def scored_by(impl, weights: dict, batch: Sentences, share: float = 1.0, gradients: bool = False) -> Forced:
    seen = forcing_model(impl, weights)(*arguments(impl, batch), share, gradients=gradients)
    return Forced(seen, batch, weights["table"], share)


def read_by(impl, weights: dict, batch: Sentences, share: float = 1.0) -> Forced:
    return levelled(scored_by(impl, weights, batch, share))


def levelled(found: Forced) -> Forced:
    """The same with logits and table brought to one length, so that twice the logits can be read as well."""
    rows, table = (torch.nn.functional.normalize(part - part.mean(dim=-1, keepdim=True), dim=-1)
                   for part in (found.logits, found.table))  # fmt: skip
    return replace(found, seen=replace(found.seen, value=replace(found.seen.value, data=rows)), table=table)


@part("5.4", "the shape of the result")
def part_shape(student, reference, draw):
    _ = scored_by(student, *short(draw)).logits


@part("5.4", "the scores as the decoder gives them")
def part_raw_scores(student, reference, draw):
    """Those of the first step are rows of the table, whichever, where the encoder adds nothing."""
    weights, batch = short(draw, 3)
    found = scored_by(student, weights | {"weight": torch.zeros(SOURCE)}, batch)
    far = (found.logits[:, 0, None] - weights["table"]).abs().amax(dim=-1).amin(dim=-1)
    expect(bool((far < 1e-3).all()), "other scores")


@part("5.4", "the first token that is fed")
def part_first_token(student, reference, draw):
    found = read_by(student, *short(draw))
    expect(bool((found.fed[:, 0] == BOS).all()), "another token")


@part("5.4", "the gold tokens that are fed with a ratio of 1")
def part_gold_tokens(student, reference, draw):
    found = read_by(student, *short(draw))
    expect(bool((found.fed[:, 1:] == found.batch.tgt[:, :-1]).all()), "other tokens")


@part("5.4", "the own tokens that are fed with a ratio of 0")
def part_own_tokens(student, reference, draw):
    found = read_by(student, *short(draw), 0.0)
    expect(bool((found.fed[:, 1:] == found.logits.argmax(dim=-1)[:, :-1]).all()), "other tokens")


@part("5.4", "the state that is handed on")
def part_state_handed_on(student, reference, draw):
    """Every step's scores follow from some token and from the step before, whichever was fed."""
    found = read_by(student, *short(draw))
    expect(bool((found.fed[:, 1:] >= 0).all()), "another state")


@part("5.4", "the mask of the source")
def part_mask(student, reference, draw):
    """What stands behind the end of a source changes nothing, and what stands before it does."""
    weights, batch = keyed_weights(draw), sentences(draw, (2, 4, 3), 1)
    changed = [scored_by(student, weights, replace(batch, src=src)).logits for src in _sources(batch)]
    plain, behind, wider, before = (found[:, 0] - found[:, 0].mean(dim=1, keepdim=True) for found in changed)
    expect(
        bool(torch.allclose(plain, behind, atol=1e-4) and torch.allclose(plain, wider, atol=1e-4)), "padding is seen"
    )
    expect(not bool(torch.isclose(plain, before, atol=1e-4).all(dim=1).any()), "the source is not seen")


def _sources(batch: Sentences):
    padding = torch.arange(batch.src.shape[1]) >= batch.lengths[:, None]
    other = (batch.src + 1) % SOURCE
    yield batch.src
    yield torch.where(padding, other, batch.src)
    yield torch.cat([batch.src, other], dim=1)
    yield torch.cat([other[:, :1], batch.src[:, 1:]], dim=1)


@part("5.4", "the share of gold tokens in between")
def part_share(student, reference, draw):
    is_in_shares(levelled(forced(student, draw, 0.25, draw.seed())))


@part("5.4", "a coin for each row")
def part_rows(student, reference, draw):
    each_row_for_itself(levelled(forced(student, draw, 0.5, draw.seed())))


@part("5.4", "a new coin after each step")
def part_steps(student, reference, draw):
    each_step_anew(levelled(forced(student, draw, 0.5, draw.seed())))


@part("5.4", "the generator")
def part_generator_of_coins(student, reference, draw):
    given, seed = many(draw, (20, 9)), draw.seed()
    first, again, other = (forced(student, draw, 0.5, number, given=given).seen for number in (seed, seed, seed + 1))
    for seen in (first, again, other):
        agree(seen, Seen(seen.value))
    expect(same(first.value, again.value) and not same(first.value, other.value), "another source")
    expect(not any(effect.startswith("random") for effect in first.effects), "another source")


@part("5.4", "the gradient that reaches the decoder")
def part_gradient_of_the_decoder(student, reference, draw):
    reached(student, draw, "decoder.table")


@part("5.4", "the gradient that reaches the encoder")
def part_gradient_of_the_encoder(student, reference, draw):
    reached(student, draw, "encoder.weight")


def reached(student, draw, name: str) -> None:
    seen = scored_by(student, *short(draw), gradients=True).seen
    agree(seen, Seen(seen.value))
    found = (seen.gradients or {}).get(name)
    expect(found is not None and bool(found.data.any()), "no gradient")


# 5.5: a loss without padding


def loss_of(impl, logits: Given, targets: Given, *pad: int) -> float:
    found = answer(impl.call("masked_cross_entropy", logits, targets, *pad), Array, "the loss").data
    expect(found.numel() == 1, "several losses")
    return found.item()


def near(got: float, want: float) -> bool:
    return abs(got - want) <= 1e-4 * max(1.0, abs(want))


@part("5.5", "the loss of a single token")
def part_single_token(student, reference, draw):
    for _ in range(2):
        given = scored(draw, (1,), 1)
        expect(near(*(loss_of(impl, *given) for impl in (student, reference))), "another loss")


@part("5.5", "the mean without padding")
def part_mean(student, reference, draw):
    given = scored(draw, (5, 5, 5), 5)
    expect(near(*(loss_of(impl, *given) for impl in (student, reference))), "another mean")


@part("5.5", "what padding adds to the sum")
def part_padding(student, reference, draw):
    """Two answers are the same, whatever they are."""
    logits, targets = scored(draw, (2, 4, 3))
    other = torch.where((targets.tensor == PAD)[:, :, None], logits.tensor.roll(1, 2), logits.tensor)
    expect(near(loss_of(student, logits, targets), loss_of(student, replace(logits, tensor=other), targets)), "they do")


@part("5.5", "the number that the sum is divided by")
def part_number(student, reference, draw):
    """Where all words are equally likely each loss is the same, so the mean is known whatever counts."""
    logits, targets = scored(draw, (2, 4, 3), scale=0.0)
    expect(near(loss_of(student, logits, targets), float(torch.tensor(float(WORDS)).log())), "another number")


@part("5.5", "the weight of tokens in short rows")
def part_alike(student, reference, draw):
    """The same tokens in one row come to the same."""
    logits, targets = scored(draw, (1, 6, 2))
    real = targets.tensor != PAD
    row = replace(logits, tensor=logits.tensor[real][None]), replace(targets, tensor=targets.tensor[real][None])
    expect(near(loss_of(student, logits, targets), loss_of(student, *row)), "they don't")


@part("5.5", "the loss of EOS")
def part_eos(student, reference, draw):
    """Of rows that hold EOS alone, its logit decides."""
    logits, _ = scored(draw, (1, 1), 1)
    targets = Given(torch.full((2, 1), EOS), "targets")
    likely = replace(logits, tensor=logits.tensor + 9 * torch.nn.functional.one_hot(torch.tensor(EOS), WORDS))
    expect(not near(loss_of(student, logits, targets), loss_of(student, likely, targets)), "it does not")


@part("5.5", "another id for padding")
def part_other_padding(student, reference, draw):
    """Which id it is makes no difference, where ids and logits change places alike."""
    logits, targets = scored(draw, (2, 4, 3))
    other = Given((targets.tensor + 1) % WORDS, "targets")
    expect(near(loss_of(student, logits, targets), loss_of(student, replace(logits, tensor=logits.tensor.roll(1, 2)), other, 1)),
           "it does")  # fmt: skip


@part("5.5", "the loss of no token")
def part_nothing(student, reference, draw):
    expect(loss_of(student, *scored(draw, (0, 0))) == 0, "another loss")


@part("5.5", "the gradient")
def part_gradient(student, reference, draw):
    losses_agree(student, reference, *scored(draw, (2, 5, 3), grad=True), gradients=True)


# 5.8: the error of an alignment


@part("5.8", "the pair that a row says")
def part_pair(student, reference, draw):
    """A single row whose largest weight stands at its own number: which comes first plays no part."""
    rates_agree(student, reference, [torch.tensor([[0.7, 0.2, 0.1]])], [[(0, 0)]])


@part("5.8", "the places in a pair")
def part_places(student, reference, draw):
    (weights,) = maps_of(draw, (3, 5))
    rates_agree(student, reference, [weights], [said_by(weights)])


@part("5.8", "a map that is wrong everywhere")
def part_all_wrong(student, reference, draw):
    rates_agree(student, reference, [torch.tensor([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]])], [[(2, 0), (2, 1)]])


@part("5.8", "the quotient where a word has several links")
def part_more_links(student, reference, draw):
    rates_agree(student, reference, [torch.tensor([[0.7, 0.2, 0.1]])], [[(0, 0), (1, 0), (2, 0)]])


@part("5.8", "the quotient where words have no link")
def part_fewer_links(student, reference, draw):
    rates_agree(student, reference, [torch.eye(3)], [[(0, 0)]])


@part("5.8", "the count over several sentences")
def part_several(student, reference, draw):
    """Twice the same sentence is worth the same as once, and another beside it moves the rate by its size."""
    one, other = torch.eye(3), torch.tensor([[0.9, 0.1]])
    alone = answer(rate(student, [one], [[(0, 0), (1, 1)]]), float, "the rate")
    twice = answer(rate(student, [one, one], [[(0, 0), (1, 1)]] * 2), float, "the rate")
    expect(near(alone, twice), "another rate")
    rates_agree(student, reference, [one, other], [[(0, 0), (1, 1), (2, 2)], [(1, 0)]])


@part("5.8", "a map without rows")
def part_no_rows(student, reference, draw):
    rates_agree(student, reference, [torch.eye(2), torch.zeros(0, 3)], [[(0, 0), (1, 1)], []])


@part("5.8", "nothing to count")
def part_no_pairs(student, reference, draw):
    rates_agree(student, reference, [torch.zeros(0, 3)], [[]])


@part("5.8", "links in a list")
def part_list(student, reference, draw):
    """They come to the same as in a set, whatever that is."""
    (weights,) = maps_of(draw, (3, 4))
    pairs = [*said_by(weights)[:2], (0, 2)]
    one, other = (answer(rate(student, [weights], [pairs], kind), float, "the rate") for kind in ("list", "set"))
    expect(near(one, other), "another rate")
