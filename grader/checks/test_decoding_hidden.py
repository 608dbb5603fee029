"""The hidden checks of tasks 5.6 and 5.7: larger batches, a second call, other devices."""

from __future__ import annotations

from grader.checks.kit import agree_on_device, check
from grader.checks.tables import batch, ending_at, planted, search_agrees, translations_agree, translator
from grader.checks.test_decoding import (
    BEATEN,
    DOUBLE,
    END_COUNTS,
    KEPT,
    KEPT_LATER,
    OVERTAKEN,
    SHARED,
    SHARED_LATER,
    SHORT,
    THIRD,
    drawn,
    greedy_agrees,
    searches_agree,
)
from grader.engine.values import Seen


@check("5.6", hidden=True)
def test_greedy_in_a_larger_batch(student, reference, draw):
    """A larger batch with longer sentences is as right as a small one."""
    lengths = tuple(draw.integers(1, 9, 11).tolist())
    table = ending_at(drawn(draw, 11, 9), tuple(draw.integers(0, 14, 11).tolist()))
    greedy_agrees(student, reference, batch(draw, lengths, table, width=10), 12)


@check("5.6", hidden=True)
def test_as_many_sentences_as_tokens(student, reference, draw):
    """With as many rows as source tokens, steps and entries in the vocabulary, the axes aren't mistaken for each other."""
    greedy_agrees(student, reference, batch(draw, (5, 4, 5, 3, 5), ending_at(drawn(draw, 5, 5), (4, 4, 5, 3, 4))), 5)


@check("5.6", hidden=True)
def test_greedy_after_another(student, reference, draw):
    """A second translation begins anew: nothing is kept from the first."""
    given = batch(draw, (2, 4, 3), ending_at(drawn(draw, 3), (4, 2, 3)))
    models = [translator(impl, given) for impl in (student, reference)]
    for max_length in (3, 6):
        got, want = (impl.call("greedy_decode", model, given.src, given.lengths, max_length)
                     for impl, model in zip((student, reference), models, strict=True))  # fmt: skip
        translations_agree(got, want)


@check("5.6", value=False, hidden=True)
def test_greedy_on_another_device(student, reference, draw):
    """The translation is made where the model and the sources are, though the lengths lie on the CPU."""
    on_device_meta(student, "greedy_decode", batch(draw, (2, 3), drawn(draw, 2)), 4)


def on_device_meta(student, name: str, given, *limits: int) -> None:
    """There tensors have no values: what counts is that no tensor was made elsewhere before they are looked at."""
    model, lengths = (
        translator(student, given, device="meta"),
        student.new("props.on_the_cpu", given.lengths.tensor, device="cpu"),
    )
    seen = student.call(name, model, given.src, lengths, *limits, device="meta")
    agree_on_device(seen, Seen(seen.value))


@check("5.7", hidden=True)
def test_search_in_a_larger_batch(student, reference, draw):
    """Rows of all kinds in one batch, each with a beam of its own."""
    trees = (KEPT, BEATEN, SHARED_LATER, OVERTAKEN, SHORT, SHARED, END_COUNTS, KEPT_LATER)
    lengths = tuple(draw.integers(1, 7, len(trees)).tolist())
    searches_agree(student, reference, batch(draw, lengths, planted(draw, *trees), width=8), 4, 2, 3)


@check("5.7", hidden=True)
def test_wide_search_in_a_larger_batch(student, reference, draw):
    """In a larger batch and in double precision, a beam that holds everything finds the best of all sentences."""
    searches_agree(student, reference, batch(draw, (4, 1, 3, 2, 5), drawn(draw, 5, 4, DOUBLE), width=6), 4, 1, 150)


@check("5.7", hidden=True)
def test_long_greedy_search(student, reference, draw):
    """A beam of 1 goes as far as max_length lets it."""
    table = ending_at(drawn(draw, 4, 9), (13, 6, 20, 0))
    searches_agree(student, reference, batch(draw, (2, 5, 3, 4), table), 14, 1)


@check("5.7", hidden=True)
def test_search_after_another(student, reference, draw):
    """A second search begins anew: nothing is kept from the first."""
    given = batch(draw, (2, 3), planted(draw, THIRD, THIRD))
    models = [translator(impl, given) for impl in (student, reference)]
    for beam_size in (3, 1, 3):
        got, want = (impl.call("beam_search", model, given.src, given.lengths, 4, beam_size)
                     for impl, model in zip((student, reference), models, strict=True))  # fmt: skip
        search_agrees(got, want)


@check("5.7", value=False, hidden=True)
def test_search_on_another_device(student, reference, draw):
    """The search is made where the model and the sources are, though the lengths lie on the CPU."""
    on_device_meta(student, "beam_search", batch(draw, (2, 3)), 3, 2)
