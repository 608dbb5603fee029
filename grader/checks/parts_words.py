"""Parts of tasks 3.1, 3.2, 3.4 and 3.7, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.buckets import (
    each_place_once,
    full_but_for_one,
    in_another_order,
    next_to_each_other,
    shuffled,
    split,
)
from grader.checks.kit import agree, answer, expect, part, piece
from grader.checks.test_words import built, lengths_of
from grader.engine.values import Array, Given, Seen

# 3.1: words of a text


def cut(student, text: str, *tokens: str) -> None:
    """These tokens come, whether or not there are empty ones among them, and the last word of a text gets lost."""
    found = answer(student.call("tokenize", f"{text} "), list, "the tokens")
    expect([token for token in found if token] == list(tokens), "other tokens")


@part("3.1", "lower case")
def part_lower_case(student, reference, draw):
    cut(student, "FILM", "film")


@part("3.1", "spaces and line ends")
def part_spaces(student, reference, draw):
    cut(student, "good  film\nbad", "good", "film", "bad")


@part("3.1", "the end of a text")
def part_end_of_a_text(student, reference, draw):
    """What comes at the end of a text is there, and is no empty token."""
    for text in ("film", "good film", "film."):
        found = answer(student.call("tokenize", text), list, "the tokens")
        expect(found[-1:] not in ([], [""], ["good"]), "the last word is lost, or an empty one comes")


@part("3.1", "full stops and commas")
def part_full_stops(student, reference, draw):
    cut(student, "good,film.bad", "good", "film", "bad")


@part("3.1", "line breaks")
def part_line_breaks(student, reference, draw):
    for tag in ("<br>", "<br/>", "<br />", "<BR>"):
        cut(student, f"good{tag}film", "good", "film")


@part("3.1", "other tags")
def part_other_tags(student, reference, draw):
    cut(student, "<i> film </i>", "i", "film", "i")


@part("3.1", "apostrophes inside")
def part_apostrophes_inside(student, reference, draw):
    cut(student, "don't", "don't")


@part("3.1", "apostrophes outside")
def part_apostrophes_outside(student, reference, draw):
    cut(student, "'film' '", "film")


@part("3.1", "doubled apostrophes")
def part_doubled_apostrophes(student, reference, draw):
    cut(student, "good''film", "good", "film")


@part("3.1", "curly apostrophes")
def part_curly_apostrophes(student, reference, draw):
    cut(student, "don’t", "don't")


@part("3.1", "hyphens")
def part_hyphens(student, reference, draw):
    cut(student, "good-film", "good", "film")


@part("3.1", "underscores")
def part_underscores(student, reference, draw):
    cut(student, "good_film", "good", "film")


@part("3.1", "digits")
def part_digits(student, reference, draw):
    cut(student, "4k 1980", "4k", "1980")


@part("3.1", "other alphabets")
def part_other_alphabets(student, reference, draw):
    cut(student, "été кино 映画", "été", "кино", "映画")


@part("3.1", "a text without words")
def part_no_words(student, reference, draw):
    cut(student, "")
    cut(student, "...")


# 3.2: a vocabulary


MANY = 3  # times that a word occurs where it has to be in the vocabulary, whatever is wrong about min_freq


def ids_of(student, texts: list, words: list[str], *limits) -> list:
    """The ids, in a list or in a tensor."""
    seen = built(student, texts, *limits).call("encode", words)
    found = seen.value.data.tolist() if isinstance(seen.value, Array) else answer(seen, list, "encode")
    expect(len(found) == len(words) and all(type(number) is int for number in found), "no ids")
    return found


def size_of(student, texts: list, *limits) -> int:
    return answer(built(student, texts, *limits).call("__len__"), int, "len")


@part("3.2", "the order by counts")
def part_order_by_counts(student, reference, draw):
    often, seldom = ids_of(student, [["alpha", "omega"] * MANY, ["omega"]], ["omega", "alpha"])
    expect(often < seldom, "the order")


@part("3.2", "the order of words with the same count")
def part_order_of_ties(student, reference, draw):
    for texts in ([["omega", "alpha", "mu"] * MANY], [["alpha", "mu", "omega"] * MANY]):
        found = ids_of(student, texts, ["alpha", "mu", "omega"])
        expect(found == sorted(set(found)), "the order")


@part("3.2", "the counts over several texts")
def part_counts_over_texts(student, reference, draw):
    one, other = (
        ids_of(student, texts, ["alpha", "omega"])
        for texts in ([["omega", "alpha", "omega"] * MANY], [["omega", "alpha"] * MANY, ["omega"] * MANY])
    )
    expect(one == other, "the counts")


@part("3.2", "the size without words")
def part_size_without_words(student, reference, draw):
    expect(size_of(student, []) == 2, "the size")


@part("3.2", "the size under max_size")
def part_max_size(student, reference, draw):
    for limit in (3, 4):
        expect(size_of(student, [["alpha", "mu", "omega"] * MANY], limit) == limit, "the size")


@part("3.2", "which words min_freq keeps")
def part_min_freq(student, reference, draw):
    stranger, once, twice = ids_of(student, [["omega", "alpha", "omega"]], ["mu", "alpha", "omega"], None, 2)
    expect(once == stranger != twice, "what is kept")


@part("3.2", "the id of the first word")
def part_first_id(student, reference, draw):
    expect(ids_of(student, [["alpha"] * MANY], ["alpha"]) == [2], "the id")


@part("3.2", "the id of an unknown word")
def part_unknown_id(student, reference, draw):
    expect(ids_of(student, [["alpha"]], ["mu"]) == [1], "the id")


@part("3.2", "the order of encode")
def part_order_of_encode(student, reference, draw):
    texts = [["alpha", "mu"] * MANY]
    one, other = (ids_of(student, texts, asked) for asked in (["alpha", "mu"], ["mu", "alpha"]))
    expect(one == other[::-1], "the order")


def read_back(student, ids, *words: str) -> None:
    agree(built(student, [["alpha"] * MANY]).call("decode", ids), Seen(list(words)))


@part("3.2", "decode of a word's id")
def part_decode_of_a_word(student, reference, draw):
    read_back(student, [2], "alpha")


@part("3.2", "decode of 1")
def part_decode_of_unknown(student, reference, draw):
    read_back(student, [1], "<unk>")


@part("3.2", "decode of padding")
def part_decode_of_padding(student, reference, draw):
    it = built(student, [["alpha"] * MANY])
    want = it.call("decode", [2])
    for ids in ([2, 0, 0], [0, 2]):
        agree(it.call("decode", ids), want)


@part("3.2", "decode of a tensor")
def part_decode_of_a_tensor(student, reference, draw):
    it = built(student, [["alpha"] * MANY])
    want = it.call("decode", [2, 2])
    agree(it.call("decode", Given(torch.tensor([2, 2]), "ids")), want)


# 3.4: a padded batch


def padded(student, sequences: list[list[int]]) -> tuple[Seen, Seen]:
    seen = student.call("pad_batch", sequences)
    return piece(seen, 0), piece(seen, 1)


def rows_are(seen: Seen, *rows: list[int]) -> None:
    """The numbers, whatever their type."""
    found = answer(seen, Array, "the rows")
    expect(found.data is not None and found.data.tolist() == list(rows), "the rows")


@part("3.4", "the rows where nothing is padded")
def part_rows(student, reference, draw):
    rows_are(padded(student, [[5, 6], [8, 7]])[0], [5, 6], [8, 7])


@part("3.4", "the padding behind a short sequence")
def part_padding(student, reference, draw):
    rows_are(padded(student, [[5, 6, 7], [8]])[0], [5, 6, 7], [8, 0, 0])


@part("3.4", "the order of the sequences")
def part_order_of_sequences(student, reference, draw):
    first = piece(padded(student, [[5], [6, 9], [7], [8, 9, 9]])[0], (slice(None), 0))
    rows_are(first, 5, 6, 7, 8)


@part("3.4", "the rows of empty sequences")
def part_empty_rows(student, reference, draw):
    rows_are(padded(student, [[], []])[0], [0], [0])


@part("3.4", "the type of the ids")
def part_type_of_ids(student, reference, draw):
    found = answer(padded(student, [[5, 6], [8, 7]])[0], Array, "ids")
    expect(found.dtype == "torch.int64", "the type")


@part("3.4", "the lengths")
def part_lengths(student, reference, draw):
    agree(padded(student, [[5, 6, 7], [8]])[1], Seen(Array(torch.tensor([3, 1]), (2,), "torch.int64", "cpu")))


@part("3.4", "the length of an empty sequence")
def part_length_of_nothing(student, reference, draw):
    rows_are(padded(student, [[5, 6], []])[1], 2, 0)


@part("3.4", "the length of a sequence with a 0 in it")
def part_length_with_a_zero(student, reference, draw):
    rows_are(padded(student, [[5, 0, 6], [8, 7, 0]])[1], 3, 3)


@part("3.4", "the batch without sequences")
def part_no_sequences(student, reference, draw):
    ids, lengths = padded(student, [])
    expect(answer(ids, Array, "ids").shape == (0, 1) and answer(lengths, Array, "lengths").shape == (0,), "the shapes")


# 3.7: batches of similar length


def sizes(found) -> list[int]:
    return sorted(len(batch) for batch in found.batches)


@part("3.7", "the places")
def part_places(student, reference, draw):
    """Every place once, where all batches are full."""
    each_place_once(split(student, 0, [3, 1, 2, 4, 6, 5], 2))


@part("3.7", "the size of full batches")
def part_full_batches(student, reference, draw):
    found = split(student, 0, [3, 1, 2, 4, 6, 5], 2)
    expect(set(sizes(found)) == {2}, "the sizes")


@part("3.7", "the batch that is left over")
def part_rest(student, reference, draw):
    found = split(student, 0, [3, 1, 2, 4, 7, 6, 5], 3)
    expect(sizes(found) == [1, 3, 3], "the sizes")
    full_but_for_one(found)


@part("3.7", "the lengths within each batch")
def part_lengths_within(student, reference, draw):
    next_to_each_other(split(student, 0, lengths_of(draw, 24), 4))


@part("3.7", "the order of the batches")
def part_order_of_batches(student, reference, draw):
    shuffled(split(student, draw.seed(), lengths_of(draw, 90), 3))


@part("3.7", "what the generator decides")
def part_what_the_generator_decides(student, reference, draw):
    lengths, seed = lengths_of(draw, 60), draw.seed()
    one, again, other = (split(student, number, lengths, 3) for number in (seed, seed, seed + 1))
    in_another_order(one, again, same=True)
    in_another_order(one, other)
