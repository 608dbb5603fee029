"""Characters counted: against counts by hand, and by looking through the text again for every question."""

from __future__ import annotations

import math
import random

import pytest

from toolkit.ngrams import NGrams, bits_of

CHARACTERS = "abcd"  # d occurs nowhere


def some_text(length: int, seed: int = 0) -> str:
    return "".join(random.Random(seed).choices("abc", weights=(5, 3, 1), k=length))


def asked_again(text: str, order: int, characters: str, character: str, before: str) -> float:
    """What Witten and Bell's mixture gives, by recursion over the runs and a look through the whole text for each."""
    if order == 0:
        return 1 / len(characters)
    shorter = asked_again(text, order - 1, characters, character, before)
    length = order - 1
    if len(before) < length:
        return shorter
    run = before[len(before) - length :]
    followers = [text[at + length] for at in range(len(text) - length) if text[at : at + length] == run]
    if not followers:
        return shorter
    kinds = len(set(followers))
    kept = len(followers) / (len(followers) + kinds)
    return kept * followers.count(character) / len(followers) + (1 - kept) * shorter


BEFORE = ("", "a", "c", "d", "ab", "ba", "cc", "dd", "ad", "da", "abc", "cba", "dab", "abcabcabc", "ddddab")


@pytest.mark.parametrize("text", [some_text(60), "abab", "a", ""], ids=["random", "abab", "one", "none"])
@pytest.mark.parametrize("order", range(6))
def test_probabilities(order, text):
    model = NGrams(text, order, CHARACTERS)
    for before in BEFORE:
        got = {character: model.probability(character, before) for character in CHARACTERS}
        assert sum(got.values()) == pytest.approx(1, abs=1e-12) and min(got.values()) > 0
        assert got == pytest.approx({one: asked_again(text, order, CHARACTERS, one, before) for one in CHARACTERS})


def test_order_0_knows_nothing():
    model = NGrams("aaaa", 0, CHARACTERS)
    assert {model.probability(one, before) for one in CHARACTERS for before in ("", "aa")} == {0.25}
    assert bits_of(model, "abcd") == 2 and model.entries == 0


def test_order_1_counts_characters():
    model = NGrams("aab", 1, "abc")  # 3 places, 2 kinds: 2 / 5 of the say goes to the uniform distribution
    got = [model.probability(one, before) for before in ("", "b") for one in "abc"]
    assert got == pytest.approx([8 / 15, 5 / 15, 2 / 15] * 2) and model.entries == 2


def test_order_2_looks_at_the_character_before():
    model = NGrams("ababab", 2, "abc")
    assert [model.probability(one, "a") for one in "abc"] == pytest.approx([11 / 96, 83 / 96, 2 / 96])
    # a b is followed twice, and by a alone: a third of the say goes to order 1
    assert [model.probability(one, "b") for one in "abc"] == pytest.approx([(2 + 11 / 24) / 3, 11 / 24 / 3, 1 / 12 / 3])
    assert [model.probability(one, "c") for one in "abc"] == pytest.approx([11 / 24, 11 / 24, 1 / 12])
    assert model.entries == 4


@pytest.mark.parametrize("order", range(1, 6))
def test_only_the_last_characters_count(order):
    model = NGrams(some_text(60), order, CHARACTERS)
    for before in ("abcab", "cccab", "dddab"):
        short = before[len(before) - order + 1 :]
        assert model.probability("a", before) == model.probability("a", short)


@pytest.mark.parametrize("order", range(5))
def test_bits(order):
    text, read = some_text(80), some_text(30, seed=1) + "d" + some_text(5, seed=2)
    want = [
        -math.log2(asked_again(text, order, CHARACTERS, read[at], read[max(0, at - order + 1) : at]))
        for at in range(1, len(read))
    ]
    assert bits_of(NGrams(text, order, CHARACTERS), read) == pytest.approx(sum(want) / len(want))


@pytest.mark.parametrize("order", range(5))
def test_entries_are_the_runs_and_what_follows_them(order):
    text = some_text(50)
    want = {text[at : at + length] for length in range(1, order + 1) for at in range(len(text) - length + 1)}
    model = NGrams(text, order, CHARACTERS)
    assert model.entries == len(want)
    bits_of(model, "dcba")
    assert model.entries == len(want)  # asking adds none


def test_a_longer_memory_knows_its_own_text_by_heart():
    text = some_text(200)
    own = [bits_of(NGrams(text, order, CHARACTERS), text) for order in (0, 1, 3, 6)]
    assert own == sorted(own, reverse=True) and own[0] == 2
    assert bits_of(NGrams(text, 6, CHARACTERS), some_text(200, seed=1)) > own[-1]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: NGrams("ab", -1, "ab"), "order is -1, expected 0 or more"),
        (lambda: NGrams("", 2, ""), "no characters, expected one at least"),
        (lambda: NGrams("abé", 2, "ab"), "'é' is not among the 2 characters"),
        (lambda: bits_of(NGrams("ab", 2, "ab"), "abx"), "'x' is not among the 2"),
        (lambda: bits_of(NGrams("ab", 2, "ab"), "a"), "has 1 characters, expected 2"),
        (lambda: bits_of(NGrams("ab", 2, "ab"), ""), "has 0 characters, expected 2"),
    ],
)
def test_bad_input(work, message):
    with pytest.raises(ValueError, match=message):
        work()


def test_a_shorter_table_is_one_that_was_counted_alone():
    text = "the rope is the place it goes to sleep"
    longest = NGrams(text, 5, sorted(set(text)))
    for order in range(6):
        alone, shared = NGrams(text, order, sorted(set(text))), longest.shorter(order)
        assert bits_of(shared, "the slope") == bits_of(alone, "the slope")
        assert (shared.order, shared.entries) == (order, alone.entries)
    assert longest.order == 5
    with pytest.raises(ValueError, match="order is 6, expected 0 to 5"):
        longest.shorter(6)
