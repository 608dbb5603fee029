"""The hidden checks of tasks 5.4 and 5.5: other sizes, other devices."""

from __future__ import annotations

from grader.checks.coins import each_row_for_itself, each_step_anew, gold_or_own, is_in_shares
from grader.checks.kit import agree_on_device, check
from grader.checks.test_forcing import (
    TARGET,
    forced,
    forcing_model,
    keyed_weights,
    losses_agree,
    scored,
    scores_agree,
    sentences,
)
from grader.engine.values import Array, Given, Seen


def blank(*shape: int) -> Array:
    return Array(None, shape, "torch.float32", "meta")


@check("5.4", hidden=True)
def test_longer_targets(student, reference, draw):
    """Longer sentences, more of them and another vocabulary are as right as a few short ones."""
    for share in (1.0, 0.0):
        scores_agree(
            student, reference, keyed_weights(draw, words=11), sentences(draw, (7, 2, 9, 4, 1, 9), 14, 3, 11), share
        )


@check("5.4", hidden=True)
def test_more_coins(student, reference, draw):
    """Other shares are kept as well, by coins of every row and step."""
    for share in (0.35, 0.65):
        found = forced(student, draw, share, draw.seed())
        gold_or_own(found)
        is_in_shares(found)
        each_row_for_itself(found)
        each_step_anew(found)


@check("5.4", value=False, hidden=True)
def test_forcing_on_another_device(student, reference, draw):
    """The logits are where the parameters are, though the lengths lie on the CPU."""
    model = forcing_model(student, keyed_weights(draw), device="meta")
    batch = sentences(draw, steps=2)
    lengths = student.new("props.on_the_cpu", batch.lengths, device="cpu")
    for share in ((), (0.5,)):
        seen = model(Given(batch.src, "src"), lengths, Given(batch.tgt, "tgt"), *share, device="meta")
        agree_on_device(seen, Seen(blank(3, 2, TARGET)), "the logits")


@check("5.5", hidden=True)
def test_loss_of_a_larger_batch(student, reference, draw):
    """A larger batch and vocabulary are as right as a few words, the gradient too."""
    ends = tuple(draw.integers(0, 20, 12).tolist())
    losses_agree(student, reference, *scored(draw, ends, 19, 31, grad=True, scale=3.0), gradients=True)
    losses_agree(student, reference, *scored(draw, ends, 19, 31, pad=17), 17)


@check("5.5", value=False, hidden=True)
def test_loss_on_another_device(student, reference, draw):
    """The loss is computed where the logits are."""
    seen = student.call("masked_cross_entropy", *scored(draw, (3, 6, 1)), device="meta")
    agree_on_device(seen, Seen(blank()), "the loss")
