"""The synthetic reviews: their labels can be read, their splits are what they say, and words alone don't give them away."""

import hashlib
import math
import random
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from toolkit.reviews import SPLITS, grammar, synthetic_reviews
from toolkit.reviews.lexicon import ASPECT_NOUNS, EVALUATIVE
from toolkit.reviews.synthetic import drafts
from toolkit.reviews.verdicts import FAMILIES, PHRASES, SHARES

SEEN = ("train", "validation", "test")
SHA256 = "c1fc45972976f7491aaa5d5050e020576bba22b6d81bacd8bff27c31ce97acb5"
PATTERNS = [(family, pattern) for family, patterns in FAMILIES.items() for pattern in patterns]
# a sentence of each pattern, with the label that a reader gave it
READ = [line.split(" ", 1) for line in (Path(__file__).parent / "verdicts_read.txt").read_text().splitlines()]


@pytest.fixture(scope="module")
def reviews():
    return synthetic_reviews(0)


@pytest.fixture(scope="module")
def rows():
    return drafts(0)


def words(text):
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.replace("<br />", " ").lower())


def texts_of(reviews, splits=SPLITS):
    return [text for split in splits for text in reviews[split].texts]


# --- the splits ---


def test_the_splits_have_their_sizes_and_are_balanced(reviews):
    assert {split: len(part) for split, part in reviews.items()} == SPLITS
    for part in reviews.values():
        assert sum(part.labels) * 2 == len(part)
        assert set(part.labels) == {0, 1}
        assert len(part.texts) == len(part.labels) == len(part.decisive)
        assert part.name == "synthetic reviews"


def test_the_labels_come_in_no_regular_order(reviews):
    changes = sum(a != b for a, b in zip(reviews["train"].labels, reviews["train"].labels[1:], strict=False))
    assert 1800 < changes < 2200


def test_no_text_stands_there_twice(reviews):
    texts = texts_of(reviews)
    assert len(set(texts)) == len(texts)


def test_a_seed_gives_the_same_reviews_everywhere(reviews):
    told = hashlib.sha256()
    for split, part in reviews.items():
        for text, label in zip(part.texts, part.labels, strict=True):
            told.update(f"{split}\t{label}\t{text}\n".encode())
    assert told.hexdigest() == SHA256


def test_another_seed_gives_other_reviews(reviews):
    rng = random.Random(1)
    other = {grammar.compose(rng, number % 2).text for number in range(100)}
    assert len(other & set(texts_of(reviews))) < 10  # the shortest ones may meet


def test_lengths_have_a_long_tail(reviews):
    for part in reviews.values():
        lengths = sorted(len(words(text)) for text in part.texts)
        assert lengths[0] >= 5 and lengths[-1] <= 400
        assert 35 <= lengths[len(lengths) // 2] <= 55
        assert 0.2 < sum(length > 100 for length in lengths) / len(lengths) < 0.3
        assert 0.07 < sum(length > 200 for length in lengths) / len(lengths) < 0.13


def test_the_words_are_many(reviews):
    assert len({word for text in texts_of(reviews) for word in words(text)}) > 900


def test_every_word_of_the_unseen_reviews_is_in_the_training_set(reviews):
    known = {word for text in reviews["train"].texts for word in words(text)}
    assert {word for text in reviews["unseen"].texts for word in words(text)} <= known


# --- the verdicts ---


def test_the_decisive_words_stand_in_their_text(reviews):
    for part in reviews.values():
        for text, decisive in zip(part.texts, part.decisive, strict=True):
            assert decisive in text
            assert len(words(decisive)) >= 2


def test_verdicts_stand_at_the_start_in_the_middle_and_at_the_end(reviews):
    part = reviews["train"]
    long = [(t, d) for t, d in zip(part.texts, part.decisive, strict=True) if len(words(t)) > 60]
    places = [text.index(decisive) / len(text) for text, decisive in long]
    assert sum(place < 0.2 for place in places) > 0.2 * len(long)
    assert sum(0.2 <= place < 0.8 for place in places) > 0.15 * len(long)
    assert sum(place >= 0.8 for place in places) > 0.3 * len(long)


def test_every_pattern_occurs_with_both_labels(rows):
    told = {(row.family, row.pattern, row.label) for row in rows["train"]}
    assert told == {(*both, label) for both in PATTERNS for label in (0, 1)}


def test_the_unseen_reviews_use_nearly_all_patterns(rows):
    assert len({row.pattern for row in rows["unseen"]}) > 0.95 * len(PATTERNS)


def test_a_quarter_of_the_reviews_is_plain(rows):
    assert sum(SHARES.values()) == 100
    share = Counter(row.family for row in rows["train"])["plain"] / SPLITS["train"]
    assert 0.22 < share < 0.28


def test_each_word_has_one_polarity_and_one_kind():
    every = [word for both in EVALUATIVE.values() for side in both for word in side]
    assert len(set(every)) == len(every)
    assert all(len(bad) == len(good) for bad, good in EVALUATIVE.values())


def test_what_is_held_out_occurs_in_the_unseen_reviews_alone(rows):
    seen = {(row.family, word) for split in SEEN for row in rows[split] for word in row.fillers}
    unseen = {(row.family, word) for row in rows["unseen"] for word in row.fillers}
    assert not seen & unseen
    assert all(grammar.is_held_out(*pair) for pair in unseen)
    assert {family for family, _ in unseen} == set(FAMILIES)
    # and each of those words decides something in other families
    assert {word for _, word in unseen} <= {word for _, word in seen}


def test_the_words_that_fill_a_verdict_stand_in_it(rows):
    for row in rows["unseen"]:
        assert row.fillers
        assert set(row.fillers) <= set(words(row.text))


# --- the language ---


@pytest.mark.parametrize(
    "mistake",
    [
        r"  ",
        r"\s[.,;:!?]",
        r"[][{}_*]",
        r"\b[Aa] (?!university)[aeiouAEIOU]",
        r"\b[Aa]n (?!hour)[^aeiou]",
        r"\b(\w+) \1\b",
        r"[.!?] [a-z]",
        r"<br /><br />[^A-Z]",
        r"\bthe (the|a|an)\b",
    ],
)
def test_no_review_has_such_a_mistake(reviews, mistake):
    assert [text for text in texts_of(reviews) if re.search(mistake, text)] == []


def test_a_review_begins_with_a_capital_and_ends_with_a_stop(reviews):
    assert all(text[0].isupper() and text[-1] in ".!" for text in texts_of(reviews))


def test_some_reviews_have_paragraphs(reviews):
    assert 0.2 < sum("<br /><br />" in text for text in texts_of(reviews)) / sum(SPLITS.values()) < 0.8


def test_a_pattern_that_is_always_too_short_is_named(monkeypatch):
    monkeypatch.setitem(grammar.FAMILIES, "plain", ("[I agree].",))
    monkeypatch.setattr(grammar, "SHARES", {"plain": 100})
    with pytest.raises(ValueError, match=r"I agree.* gives fewer than 5 words"):
        grammar.compose(random.Random(0), 1)


# --- the labels, read back ---


CLASSES = {word: f"{kind}{label}" for kind, both in EVALUATIVE.items() for label in (0, 1) for word in both[label]}
PARTS = re.compile(rf"\b({'|'.join(ASPECT_NOUNS)})\b")


def classes(text):
    """A sentence or pattern with each word that praises or blames replaced by its kind and polarity, parts by one word."""
    text = PARTS.sub("part", text.lower())
    return re.sub(r"\b(an?|a_) ", "a ", re.sub(r"\w+(?:'\w+)?", lambda match: CLASSES.get(match[0], match[0]), text))


def expression(pattern, label, sign=""):
    """A pattern as a regular expression that matches the classes of what it says with this label, and nothing else."""
    parts = re.split(r"\{([^}]*)\}", pattern.replace("[", "").replace("]", ""))
    parts[::2] = [re.escape(classes(part)) for part in parts[::2]]
    parts[1::2] = [slot(part.replace("*", sign), label) for part in parts[1::2]]
    return "".join(parts)


@cache
def slot(name, label):
    name, sign = name.rstrip("+-"), name[-1]
    if name in EVALUATIVE:
        return f"{name}{label if sign == '+' else 1 - label}"
    if name in PHRASES:
        return any_of(expression(phrase, label, sign) for phrase in PHRASES[name])
    return any_of({"it": ["it", "the film", "this film"], "aspect": ["the part"], "part_noun": ["part"]}[name.lower()])


def any_of(options):
    return f"(?:{'|'.join(options)})"


@cache
def expressions():
    return [(re.compile(expression(pattern, label)), pattern, label) for _, pattern in PATTERNS for label in (0, 1)]


def readings(sentence):
    seen = classes(sentence)
    return {(pattern, label) for expected, pattern, label in expressions() if expected.fullmatch(seen)}


@pytest.mark.parametrize(("label", "sentence"), READ, ids=[sentence for _, sentence in READ])
def test_a_sentence_has_the_label_that_its_reader_gave_it(label, sentence):
    assert {found for _, found in readings(sentence)} == {int(label)}


def test_a_sentence_of_every_pattern_was_read():
    assert {pattern for _, sentence in READ for pattern, _ in readings(sentence)} == {
        pattern for _, pattern in PATTERNS
    }


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        (0, "The acting is superb, but the film is a mess."),
        (1, "The acting is dreadful, but the film is a triumph."),
        (1, "Although the dialogue is feeble, the film is a delight."),
        (0, "The film is a bore, although the dialogue is witty."),
        (1, "It isn't in the least dull."),
        (0, "The film is hardly a masterpiece."),
        (0, "I expected a triumph and got a bore."),
        (0, "The critics called it a masterpiece; I was bored throughout."),
        (1, "The critics called it a bore, and once again they are wrong."),
        (0, "It begins brilliantly and ends as a bore."),
        (1, "Not only is the film funny, it is moving as well."),
    ],
)
def test_a_sentence_written_by_hand_is_read_as_a_person_reads_it(label, sentence):
    assert {found for _, found in readings(sentence)} == {label}


def test_a_review_that_is_all_verdict_reads_as_it_is_labelled(rows):
    alone = [row for row in rows["test"] if len(words(row.text)) < 12]
    read = [(row.label, {label for _, label in readings(row.text)}) for row in alone]
    read = [(label, found) for label, found in read if found]
    assert len(read) > 50
    assert all(found == {label} for label, found in read)


# --- words alone ---


class NaiveBayes:
    """Counts of the reviews of each label that hold a word, plus one."""

    def __init__(self, texts, labels):
        self.counts = [Counter(), Counter()]
        for text, label in zip(texts, labels, strict=True):
            self.counts[label].update(set(words(text)))

    def accuracy(self, texts, labels):
        score = {
            w: math.log((self.counts[1][w] + 1) / (self.counts[0][w] + 1)) for w in self.counts[0] | self.counts[1]
        }
        guesses = [sum(score.get(word, 0) for word in set(words(text))) > 0 for text in texts]
        return sum(guess == label for guess, label in zip(guesses, labels, strict=True)) / len(guesses)


def test_words_without_their_order_hardly_tell_the_label(reviews):
    model = NaiveBayes(reviews["train"].texts, reviews["train"].labels)
    assert model.accuracy(reviews["test"].texts, reviews["test"].labels) < 0.65
    assert model.accuracy(reviews["unseen"].texts, reviews["unseen"].labels) < 0.65


def test_the_same_model_reads_plain_verdicts(rows):
    plain = {split: [row for row in rows[split] if row.family == "plain"] for split in ("train", "test")}
    told = {split: ([row.decisive for row in part], [row.label for row in part]) for split, part in plain.items()}
    assert NaiveBayes(*told["train"]).accuracy(*told["test"]) > 0.95
