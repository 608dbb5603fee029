"""The hidden checks of tasks 3.3, 3.5, 3.6 and 3.8: other sizes, other devices."""

from __future__ import annotations

from grader.checks.kit import agree, agree_on_device, check
from grader.checks.test_reading import (
    classifier_weights,
    counts_agree,
    critic,
    labelled,
    logits_agree,
    means_agree,
    reviews,
    sequences,
    table,
    vectors_agree,
    verdicts,
)
from grader.engine.values import Array, Given, Seen


@check("3.3", hidden=True)
def test_larger_table(student, reference, draw):
    """A larger table is as right as a small one, its gradient too."""
    vectors_agree(student, reference, table(draw, 60, 8, 17), draw.integers(0, 60, 9, 31), 17, gradients=True)


@check("3.3", value=False, hidden=True)
def test_vectors_on_another_device(student, reference, draw):
    """The vectors are looked up where the ids and the weight are."""
    module = student.new("Embedding", 6, 3, weights=table(draw, 6, 3), device="meta")
    for shape in ((2, 5), ()):
        seen = module(Given(draw.integers(0, 6, *shape), "ids"), device="meta")
        agree_on_device(seen, Seen(Array(None, (*shape, 3), "torch.float32", "meta")), "the result")


@check("3.5", hidden=True)
def test_larger_batch_of_reviews(student, reference, draw):
    """A larger batch with longer reviews is as right as a small one, with any cell and one direction or two."""
    for cell in ("rnn", "gru", "lstm"):
        lengths = draw.integers(1, 24, 14).tolist()
        for bidirectional in (False, True):
            weights = classifier_weights(draw, cell, bidirectional, words=30, size=5, hidden=7)
            logits_agree(student, reference, weights, reviews(draw, lengths, 25, words=30), cell, bidirectional)


@check("3.5", hidden=True)
def test_as_many_reviews_as_steps(student, reference, draw):
    """A batch of as many reviews as steps is no other than any: the axes aren't mistaken for each other."""
    for cell, bidirectional in (("lstm", False), ("gru", True)):
        weights = classifier_weights(draw, cell, bidirectional, size=4, hidden=4)
        logits_agree(student, reference, weights, reviews(draw, (2, 4, 3, 1)), cell, bidirectional)


@check("3.6", hidden=True)
def test_means_of_a_larger_batch(student, reference, draw):
    """A larger batch is as right as a small one, its gradient too."""
    lengths = draw.integers(0, 30, 16).tolist()
    means_agree(student, reference, sequences(draw, lengths, 29, 5, padding=float("nan"), grad=True), gradients=True)


@check("3.6", value=False, hidden=True)
def test_means_on_another_device(student, reference, draw):
    """The means are computed where the values are, though the lengths lie on the CPU."""
    values, lengths = sequences(draw, (3, 0, 4), 4)
    seen = student.call(
        "masked_mean", values, student.new("props.on_the_cpu", lengths.tensor, device="cpu"), device="meta"
    )
    agree_on_device(seen, Seen(Array(None, (3, 3), "torch.float32", "meta")), "the mean")


@check("3.8", hidden=True)
def test_counts_of_many_batches(student, reference, draw):
    """Many batches of all sizes, from a generator, are counted as well as a few."""
    weights, batches = verdicts(draw), labelled(draw, 31, 1, 64, 8, 2, 19, 50)
    counts_agree(student, reference, weights, batches)
    got, want = (impl.call("evaluate", critic(impl, weights), impl.new("props.one_by_one", batches))
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the confusion matrix", axes=("label", "answer"))
