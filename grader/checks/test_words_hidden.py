"""The hidden checks of tasks 3.1, 3.2, 3.4 and 3.7: longer texts, larger vocabularies and batches."""

from __future__ import annotations

import hashlib

import torch

from grader.checks.buckets import each_place_once, full_but_for_one, next_to_each_other, split
from grader.checks.kit import agree, check
from grader.checks.test_words import (
    ALPHABETS,
    LATIN,
    NAMES,
    built,
    corpus,
    lengths_of,
    sequences,
    shuffle,
    tokens_agree,
    words,
)
from grader.engine.values import Given, Seen

BETWEEN = (
    *(" ", "  ", "\n", ", ", ".", "! ", "_", "-", " - ", " 7"),
    *("'", "''", "’", "'s ", "’t "),
    *("<br />", "<BR>", "<br/><br/>", "<i>"),
)


def remembered(student, seen: Seen) -> None:
    """A long answer stands in the log as a few characters."""
    if seen.failure is None:
        student.remember_as(hashlib.sha256(repr(seen.value).encode()).hexdigest()[:16])


def text_of(draw, count: int) -> str:
    """Words of all alphabets, some with capitals, and what may stand between them."""
    found = words(draw, count // 2, least=1) + words(draw, count - count // 2, "".join(ALPHABETS), least=1)
    marks = draw.integers(0, len(BETWEEN), count).tolist()
    capital = draw.integers(0, 3, count).tolist()
    found = [word.upper() if big == 2 else word for word, big in zip(shuffle(draw, found), capital, strict=True)]
    return "".join(word + BETWEEN[mark] for word, mark in zip(found, marks, strict=True))


@check("3.1", hidden=True)
def test_mixed_texts(student, reference, draw):
    """Words of all alphabets with all kinds of marks between them are cut as well as plain ones."""
    tokens_agree(student, reference, *(text_of(draw, 24) for _ in range(12)))


@check("3.1", hidden=True)
def test_unusual_marks(student, reference, draw):
    """Marks that are seldom met separate too: other spaces, other quotation marks, symbols."""
    a, b, c, d = words(draw, 4)
    tokens_agree(student, reference, f"{a}\u00a0{b}\u3000{c}\u2028{d}", f"“{a}” „{b}« ‘{c}", f"{a}€{b}™{c}🙂{d}",
                 f"{a}+{b}=~{c}`{d}", f"{a}@{b}.{c} #{d} 100% $5", f"{a}\\n{b}\r\n{c}\x00{d}")  # fmt: skip


@check("3.1", hidden=True)
def test_long_text(student, reference, draw):
    """A text of ten thousand words is cut as a short one is."""
    text = " ".join(text_of(draw, 400) for _ in range(25))
    got, want = (impl.call("tokenize", text) for impl in (student, reference))
    remembered(student, got)
    agree(got, want, "the list of tokens")


@check("3.2", hidden=True)
def test_larger_vocabulary(student, reference, draw):
    """A larger corpus, with many ties, is counted and cut as a small one is."""
    counts = (1 + draw.integers(0, 6, 150)).tolist()
    chosen, texts = corpus(draw, counts, 20, LATIN + ALPHABETS[1])
    for limits in ((), (60,), (None, 3), (50, 2)):
        made = [built(impl, texts, *limits) for impl in (student, reference)]
        for method, given in (("encode", chosen), ("decode", list(range(40)))):
            got, want = (it.call(method, given) for it in made)
            remembered(student, got)
            agree(got, want, "the list")


@check("3.2", hidden=True)
def test_words_read_back_from_a_batch(student, reference, draw):
    """Texts that were padded into one tensor are read back row by row."""
    _, texts = corpus(draw, [4, 3, 2, 1])
    rows = torch.zeros(3, 7, dtype=torch.int64)
    rows[:, :5] = draw.integers(1, 6, 3, 5)
    made = [built(impl, texts) for impl in (student, reference)]
    for row in rows:
        agree(*(it.call("decode", Given(row, "ids", strided=True)) for it in made), "the list of words")


@check("3.4", hidden=True)
def test_larger_batch(student, reference, draw):
    """A larger batch is padded as a small one is."""
    lengths = draw.integers(0, 30, 40).tolist()
    given = sequences(draw, *lengths, low=0, high=30_000)
    agree(*(impl.call("pad_batch", given) for impl in (student, reference)), "the batch", NAMES, ("sequence", "place"))


@check("3.7", hidden=True)
def test_many_sequences(student, reference, draw):
    """A thousand sequences, with many of the same length, are split as a few are."""
    for high, size in ((40, 32), (400, 24)):
        found = split(student, draw.seed(), lengths_of(draw, 500, high), size)
        each_place_once(found)
        full_but_for_one(found)
        next_to_each_other(found)
