"""What students see of the checks of tasks 3.1, 3.2, 3.4 and 3.7: words, a vocabulary, a padded batch, batches of one length."""

from __future__ import annotations

from itertools import pairwise

import torch

from grader.checks.buckets import (
    each_place_once,
    full_but_for_one,
    in_another_order,
    next_to_each_other,
    nothing_stays_in_its_place,
    shuffled,
    split,
)
from grader.checks.kit import agree, agree_on_device, check, expect, no_effects, piece, shown
from grader.compare import needs_values
from grader.engine.values import Given, Seen

CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"
LATIN = CONSONANTS + VOWELS
DRAWN = 360  # numbers that letters are drawn by: more than an alphabet has
# without letters whose lower case depends on their neighbours, or has another length
ALPHABETS = ("àéñöčžåøþ", "бгджийлфщэя", "αβγδλπφω", "אבגדהלשת", "日本語映画良悪", "한국영화", "٢٣٤٥٦٧")


def words(draw, count: int, alphabet: str = LATIN, least: int = 3, most: int = 6) -> list[str]:
    """So many different words of these letters; in Latin ones every second is a vowel, so that they can be read."""
    kinds = (CONSONANTS, VOWELS) if alphabet == LATIN else (alphabet, alphabet)
    found: dict[str, None] = {}
    for row in draw.integers(0, DRAWN, count, most).tolist():
        length = least + sum(row) % (most - least + 1)
        word = "".join(kinds[at % 2][place % len(kinds[at % 2])] for at, place in enumerate(row[:length]))
        while word in found:
            word += alphabet[len(found) % len(alphabet)]
        found[word] = None
    return list(found)


def shuffle(draw, items: list) -> list:
    return [items[place] for place in draw.normal(len(items)).argsort().tolist()]


# 3.1 tokenize


def tokens_agree(student, reference, *texts: str) -> None:
    """All texts are cut before the first is judged: what is wrong is known by what becomes of each."""
    seen = [[impl.call("tokenize", text) for text in texts] for impl in (student, reference)]
    for got, want in zip(*seen, strict=True):
        agree(got, want, "the list of tokens")


@check("3.1")
def test_words_of_a_text(student, reference, draw):
    """Spaces, tabs and line ends separate words, any number of them; so do full stops, commas and other marks."""
    a, b, c, d, e = words(draw, 5)
    tokens_agree(
        student, reference, f"{a} {b}", f"  {a}  {b}\t{c}\n\n{d} ", f"{a}, {b}. {c}! {d}? ({e})", f"{a}.{b},{c};{d}:{e}"
    )


@check("3.1")
def test_tokens_are_in_lower_case(student, reference, draw):
    """Tokens are in lower case, wherever the capitals stand, and a word that comes again is a token again."""
    a, b, c = words(draw, 3)
    tokens_agree(
        student, reference, f"{a.capitalize()} {b.upper()} {c[:-1]}{c[-1].upper()} {a}", f"{a} {a.upper()} {b} {a}"
    )


@check("3.1")
def test_line_breaks_separate(student, reference, draw):
    """<br>, <br/> and <br /> separate words, in capitals as well, and nothing of them is left."""
    a, b, c, d = words(draw, 4)
    tokens_agree(student, reference, f"{a}<br />{b}<br/>{c}<br>{d}", f"{a}<BR>{b}<Br/>{c}<BR />{d}",
                 f"{a}.<br /><br />{b} <br> {c}", f"<br>{a}<br />")  # fmt: skip


@check("3.1")
def test_other_tags_are_no_line_breaks(student, reference, draw):
    """Only line breaks are taken out: of any other tag, or half a line break, the letters are words like others."""
    a, b, c = words(draw, 3)
    tokens_agree(
        student,
        reference,
        f"<i>{a}</i> {b}",
        f"{a}<br",
        f"{a} <brx> {b}",
        f"{a} < {b} > {c}",
        f"br {a} {b}br bra{c}",
        f"{a}br> {b} br />{c}",
    )


@check("3.1")
def test_apostrophes_inside_stay(student, reference, draw):
    """An apostrophe between two letters belongs to its word, also where a word has several."""
    a, b, c, d = words(draw, 4, least=1)
    tokens_agree(student, reference, f"{a}'t {b}'{c}", f"{a}'s {b}'LL {c}", f"{a}'{b}'{c} {d}")


@check("3.1")
def test_apostrophes_outside_separate(student, reference, draw):
    """Apostrophes before or behind a word, doubled or alone, are quotation marks: they separate, and nothing of them is left."""
    a, b, c = words(draw, 3)
    tokens_agree(student, reference, f"'{a} {b}'", f"'{a}' '{b}s'", f"{a}''{b}", f"{a} ' {b} '' {c}", f"''{a}'' {b}'",
                 f"{a}-'{b}'")  # fmt: skip


@check("3.1")
def test_curly_apostrophes(student, reference, draw):
    """The curly apostrophe ’ is the same as ', and comes out as that."""
    a, b, c = words(draw, 3)
    tokens_agree(student, reference, f"{a}’t {b}'t", f"’{a}’ {b}’s {c}’", f"{a}’’{b} {a}’'{c}")


@check("3.1")
def test_hyphens_and_underscores_separate(student, reference, draw):
    """Hyphens, dashes and underscores separate, like slashes and all that is no letter or digit."""
    a, b, c, d = words(draw, 4)
    tokens_agree(student, reference, f"{a}-{b} {c}--{d}", f"{a}_{b} __{c}__", f"{a}–{b}—{c}…{d}", f"{a}/{b}&{c}*{d}",
                 f"_{a}'{b}_ {c}'_{d}")  # fmt: skip


@check("3.1")
def test_digits_are_part_of_words(student, reference, draw):
    """Digits count like letters: alone, glued to letters, on either side of an apostrophe."""
    a, b = words(draw, 2)
    m, n = (str(number) for number in draw.integers(10, 9999, 2).tolist())
    tokens_agree(student, reference, f"{a} {m}/{n} {b}", f"{m}{a} {b}{n} {a}{m}{b}", f"{m}'s {a}'{n} {m}'{n}",
                 f"{m}.{n} -{m} {n},0 7")  # fmt: skip


@check("3.1")
def test_words_of_any_alphabet(student, reference, draw):
    """Letters and digits of any alphabet make words; capitals with an accent become lower case too."""
    for alphabet in ALPHABETS:
        a, b, c = words(draw, 3, alphabet, least=2, most=4)
        (d,) = words(draw, 1)
        tokens_agree(student, reference, f"{a} {b.upper()}'{c}, {d}{a}!")


@check("3.1")
def test_text_without_words(student, reference, draw):
    """A text without a letter or digit gives an empty list."""
    tokens_agree(student, reference, "", "   \n", "?! ... --", "<br /><br>", "'", "’ '' _ __")


@check("3.1", value=False)
def test_tokens_come_as_a_list(student, reference, draw):
    """The result is a list of str."""
    kinds_agree(student, reference, "tokenize", " ".join(words(draw, 4)))


def kinds_agree(student, reference, name: str, *arguments) -> None:
    got, want = (impl.call("props.kind", impl.new(name, *arguments)) for impl in (student, reference))
    agree(got, Seen(got.value), "the result")
    expect(got.value == want.value, f"the result is a {got.value}, expected a {want.value}")


# 3.2 Vocabulary


def corpus(draw, counts: list[int], texts: int = 2, alphabet: str = LATIN) -> tuple[list[str], list[list[str]]]:
    """Words in no order, and texts in which each occurs so many times, over all of them together."""
    chosen = words(draw, len(counts), alphabet, least=2, most=4)
    bag = shuffle(draw, [word for word, count in zip(chosen, counts, strict=True) for _ in range(count)])
    cuts = [len(bag) * place // texts for place in range(texts + 1)]
    return chosen, [bag[start:end] for start, end in pairwise(cuts)]


def built(impl, texts, *limits):
    return impl.new("Vocabulary.build", texts, *limits)


def ids_agree(student, reference, texts, asked: list[str], *limits) -> None:
    """The same ids for these words, and the same size."""
    made = [built(impl, texts, *limits) for impl in (student, reference)]
    given = limits and dict(zip(("max_size", "min_freq"), limits, strict=False))
    with_limits = f" with {' and '.join(f'{name} {value}' for name, value in given.items())}" if given else ""
    agree(*(it.call("encode", asked) for it in made), f"the list of ids{with_limits}")
    agree(*(it.call("__len__") for it in made), f"len of the vocabulary{with_limits}")


@check("3.2")
def test_frequent_words_come_first(student, reference, draw):
    """The word that occurs most often in all texts together has id 2, the next one 3, and so on."""
    chosen, texts = corpus(draw, [2, 4, 1, 5, 3])
    ids_agree(student, reference, texts, chosen)


@check("3.2")
def test_ties_are_alphabetical(student, reference, draw):
    """Words that occur equally often stand in the order of the alphabet, in whatever order they came."""
    chosen, texts = corpus(draw, [2, 1, 2, 1, 1, 2])
    ids_agree(student, reference, texts, chosen)
    ids_agree(student, reference, texts[::-1], chosen)


@check("3.2")
def test_ties_of_other_words(student, reference, draw):
    """The alphabet is Python's own order of strings, for digits, apostrophes and letters of other alphabets too."""
    some = [*words(draw, 3), *words(draw, 2, ALPHABETS[0]), *words(draw, 2, ALPHABETS[1]), "10", "9", "don't", "don"]
    ids_agree(student, reference, [shuffle(draw, some)], some)


@check("3.2")
def test_size_counts_the_special_entries(student, reference, draw):
    """len counts <pad> and <unk> as well: it is two more than there are words."""
    chosen, texts = corpus(draw, [3, 2, 1, 4])
    for part in (texts, [chosen[:1]]):
        agree(*(built(impl, part).call("__len__") for impl in (student, reference)), "len of the vocabulary")


@check("3.2")
def test_max_size(student, reference, draw):
    """max_size is the most that len may be, <pad> and <unk> included; the most frequent words stay. None is no limit."""
    chosen, texts = corpus(draw, [3, 1, 4, 2, 1, 1, 2])
    for size in (6, 5, 2, 3, 8, 9, 20, None):
        ids_agree(student, reference, texts, chosen, size)


@check("3.2")
def test_min_freq(student, reference, draw):
    """Words that occur less than min_freq times are left out; a word that occurs min_freq times stays."""
    chosen, texts = corpus(draw, [4, 1, 5, 3, 1, 2, 3])
    for least in (3, 2, 5, 6, 1):
        ids_agree(student, reference, texts, chosen, None, least)


@check("3.2")
def test_both_limits(student, reference, draw):
    """With both limits each of them holds."""
    chosen, texts = corpus(draw, [4, 1, 5, 3, 1, 2, 3])
    for limits in ((5, 2), (5, 4), (20, 3), (2, 2)):
        ids_agree(student, reference, texts, chosen, *limits)


@check("3.2")
def test_vocabulary_without_words(student, reference, draw):
    """Without texts, or from empty ones, there are only the two special entries; an empty text among others does no harm."""
    chosen, texts = corpus(draw, [2, 1])
    for given in ([], [[], []], [[], *texts, []]):
        ids_agree(student, reference, given, chosen)


@check("3.2")
def test_texts_that_come_one_by_one(student, reference, draw):
    """The texts may come from a generator, which can be gone through once only."""
    chosen, texts = corpus(draw, [4, 1, 2, 2])
    made = [built(impl, impl.new("props.stream", texts), 5, 1) for impl in (student, reference)]
    agree(*(it.call("encode", chosen) for it in made), "the list of ids")


COUNTS = [2, 5, 3, 4]  # different, so that no tie decides


@check("3.2")
def test_words_as_ids(student, reference, draw):
    """encode gives an id for each word, in their order, for a word that comes again as well; no words give an empty list."""
    chosen, texts = corpus(draw, COUNTS)
    made = [built(impl, texts) for impl in (student, reference)]
    for asked in ([chosen[2], chosen[0], chosen[2], chosen[3], chosen[1]], [chosen[3]], []):
        agree(*(it.call("encode", asked) for it in made), "the list of ids")


@check("3.2")
def test_unknown_words(student, reference, draw):
    """A word that is not in the vocabulary gets id 1, and stays in its place."""
    (stranger, other, *chosen), texts = corpus(draw, [1, 1, *COUNTS])
    made = [built(impl, texts, None, 2) for impl in (student, reference)]
    for asked in ([chosen[1], stranger, chosen[0], other], [stranger], [stranger, stranger]):
        agree(*(it.call("encode", asked) for it in made), "the list of ids")


@check("3.2")
def test_unknown_words_are_not_taken_in(student, reference, draw):
    """encode changes nothing: an unknown word stays unknown, and len stays."""
    (stranger, *chosen), texts = corpus(draw, [1, *COUNTS])
    made = [built(impl, texts, None, 2) for impl in (student, reference)]
    for _ in range(2):
        agree(*(it.call("encode", [stranger, chosen[0]]) for it in made), "the list of ids")
    agree(*(it.call("__len__") for it in made), "len of the vocabulary after encode")


def words_agree(student, reference, texts, *asked) -> None:
    made = [built(impl, texts) for impl in (student, reference)]
    for ids in asked:
        agree(*(it.call("decode", ids) for it in made), "the list of words")


@check("3.2")
def test_ids_as_words(student, reference, draw):
    """decode gives the word of each id, in their order; no ids give an empty list."""
    _, texts = corpus(draw, COUNTS)
    words_agree(student, reference, texts, [2, 3, 4, 5], [5, 3, 5, 2], [4], [])


@check("3.2")
def test_padding_and_unknown_ids(student, reference, draw):
    """decode leaves out 0, the padding, wherever it stands, and gives <unk> for 1."""
    _, texts = corpus(draw, COUNTS)
    words_agree(student, reference, texts, [3, 1, 2, 0, 0], [0, 4, 0, 2], [1], [0, 0], [1, 1, 0])


@check("3.2")
def test_ids_in_a_tensor(student, reference, draw):
    """decode takes a tensor of ids as it takes a list, padding and all."""
    _, texts = corpus(draw, COUNTS)
    ids = [Given(torch.tensor(row), "ids") for row in ([3, 2, 5, 4], [4, 1, 2, 0, 0], [5])]
    words_agree(student, reference, texts, *ids)


@check("3.2")
def test_there_and_back(student, reference, draw):
    """decode undoes encode, but for words that the vocabulary doesn't know."""
    (stranger, *chosen), texts = corpus(draw, [1, *COUNTS])
    it = built(student, texts, None, 2)
    ids = it.call("encode", [*chosen, stranger])
    agree(ids, Seen(ids.value), "encode")
    expect(isinstance(ids.value, list), f"encode gave {shown(ids.value)}, expected a list of ids")
    agree(it.call("decode", ids.value), Seen([*chosen, "<unk>"]), "decode of what encode gave")


@check("3.2")
def test_two_vocabularies(student, reference, draw):
    """A second vocabulary knows nothing of the first, and changes nothing in it."""
    (chosen, texts), (others, more) = corpus(draw, COUNTS), corpus(draw, [1, 2, 3])
    for pair in ((texts, more), (more, texts)):
        made = [[built(impl, given) for given in pair] for impl in (student, reference)]
        for place in (0, 1):
            agree(*(its[place].call("encode", [*chosen, *others]) for its in made), "the list of ids")
            agree(*(its[place].call("decode", [2, 3, 4]) for its in made), "the list of words")


@check("3.2", value=False)
def test_ids_and_words_come_as_lists(student, reference, draw):
    """encode gives a list of int, decode a list of str."""
    chosen, texts = corpus(draw, COUNTS)
    for method, given in (("encode", chosen), ("decode", [3, 2]), ("decode", torch.tensor([3, 2]))):
        got, want = (impl.call("props.kind", built(impl, texts).keep(method, given)) for impl in (student, reference))
        agree(got, Seen(got.value), "the result")
        expect(got.value == want.value, f"{method} gives a {got.value}, expected a {want.value}")


@check("3.2", value=False)
def test_vocabulary_leaves_things_alone(student, reference, draw):
    """Texts, words and ids stay as they were."""
    chosen, texts = corpus(draw, COUNTS)
    ids, asked = [0, 3, 2, 0], [*chosen, chosen[0]]
    kept = {
        what: student.new("props.kept", value) for what, value in (("texts", texts), ("words", asked), ("ids", ids))
    }
    it = built(student, kept["texts"])
    for method, argument in (("encode", kept["words"]), ("decode", kept["ids"])):
        said = it.call(method, argument)
        agree(said, Seen(said.value), method)
    no_effects(it.call("decode", Given(torch.tensor(ids), "ids")))
    for what, before in (("texts", texts), ("words", asked), ("ids", ids)):
        now = student.call("props.noted", kept[what])
        expect(now.value == before, f"the list of {what} that was given has changed; leave it as it came")


# 3.4 pad_batch

NAMES = ("ids", "lengths")


def sequences(draw, *lengths: int, low: int = 1, high: int = 50) -> list[list[int]]:
    """Lists of ids of these lengths."""
    ids = draw.integers(low, high, sum(lengths) + 1).tolist()
    return [[ids.pop() for _ in range(length)] for length in lengths]


def batches_agree(student, reference, *batches: list[list[int]]) -> None:
    for batch in batches:
        agree(
            *(impl.call("pad_batch", batch) for impl in (student, reference)), "the batch", NAMES, ("sequence", "place")
        )


@check("3.4")
def test_padded_batch(student, reference, draw):
    """ids holds a sequence in each row, with 0 behind its end up to the length of the longest; lengths says how long each is."""
    batches_agree(student, reference, sequences(draw, 5, 3, 4, 1))


@check("3.4")
def test_order_of_a_batch(student, reference, draw):
    """The sequences keep their order, wherever the longest stands."""
    batches_agree(
        student, reference, *(sequences(draw, *lengths) for lengths in ((1, 4, 2), (2, 3, 6), (3, 1, 1, 5, 2)))
    )


@check("3.4")
def test_batch_without_padding(student, reference, draw):
    """Sequences of one length need no padding; one sequence, or one id, is a batch too."""
    batches_agree(student, reference, *(sequences(draw, *lengths) for lengths in ((4, 4, 4), (6,), (1,), (1, 1))))


@check("3.4")
def test_batch_with_an_empty_sequence(student, reference, draw):
    """An empty sequence is a row of zeros with length 0, and stays in its place."""
    batches_agree(student, reference, *(sequences(draw, *lengths) for lengths in ((3, 0, 2), (0, 4), (2, 3, 0))))


@check("3.4")
def test_batch_of_empty_sequences(student, reference, draw):
    """ids is at least one place wide: empty sequences alone give a column of zeros."""
    batches_agree(student, reference, [[], [], []], [[]])


@check("3.4")
def test_empty_batch(student, reference, draw):
    """A batch of no sequences gives ids (0, 1) and lengths (0,), both int64."""
    batches_agree(student, reference, [])


@check("3.4")
def test_length_is_counted_and_not_seen(student, reference, draw):
    """A length is how many ids were given, also where some of them, or the last, are 0."""
    one, two, three = sequences(draw, 4, 3, 5)
    batches_agree(student, reference, [[*one, 0], two, [0, 0, *three]], [[0, 0], one, [0]])


@check("3.4")
def test_large_ids(student, reference, draw):
    """Nothing is cut off: long sequences stay whole, and large ids stay what they are."""
    batches_agree(student, reference, sequences(draw, 70, 3, 140), sequences(draw, 3, 2, low=2**24 + 1, high=2**25),
                  sequences(draw, 2, 4, low=2**40, high=2**41))  # fmt: skip


@check("3.4", value=False)
def test_lengths_are_on_the_cpu(student, reference, draw):
    """lengths is on the CPU whatever torch's default device is; packing wants it there."""
    given = sequences(draw, 3, 5, 2)
    bound, other = (impl.new("pad_batch.__get__", given) for impl in (student, reference))
    got, want = (
        impl.call("props.under_default_device", "meta", it) for impl, it in ((student, bound), (reference, other))
    )
    if got.failure is not None and (needs_values(got.failure) or "meta tensor" in got.failure.message):
        return  # a copy to the CPU is right, and can't be made of a tensor that holds nothing
    agree_on_device(piece(got, 1), piece(want, 1), "with another default device, lengths")


@check("3.4", value=False)
def test_padding_leaves_things_alone(student, reference, draw):
    """The sequences stay as they were, and no random numbers are drawn."""
    given = sequences(draw, 2, 4, 0, 3)
    kept = student.new("props.kept", given)
    no_effects(student.call("pad_batch", kept))
    now = student.call("props.noted", kept)
    expect(now.value == given, "the sequences that were given have changed; leave them as they came")


# 3.7 length_buckets


def lengths_of(draw, count: int, high: int | None = None) -> list[int]:
    """So many lengths in no order: all different, or drawn below `high`, so that many are the same."""
    if high is not None:
        return draw.integers(1, high, count).tolist()
    gaps = draw.integers(1, 4, count).cumsum(0).tolist()
    return shuffle(draw, gaps)


@check("3.7")
def test_every_place_once(student, reference, draw):
    """Every place in lengths stands in one batch, and in no other."""
    for count, size in ((12, 4), (11, 4), (7, 1), (3, 8)):
        each_place_once(split(student, draw.seed(), lengths_of(draw, count), size))


@check("3.7")
def test_batches_are_full(student, reference, draw):
    """Every batch holds batch_size places; where some are left over, one batch holds fewer."""
    for count, size in ((12, 4), (13, 4), (5, 5), (7, 1), (3, 8), (1, 2)):
        full_but_for_one(split(student, draw.seed(), lengths_of(draw, count), size))


@check("3.7")
def test_batches_hold_similar_lengths(student, reference, draw):
    """Sorted by length the batches follow each other: no two of them overlap."""
    for count, size in ((12, 3), (23, 5), (40, 4)):
        next_to_each_other(split(student, draw.seed(), lengths_of(draw, count), size))


@check("3.7")
def test_equal_lengths(student, reference, draw):
    """It holds for lengths that are the same as well, and for those of empty sequences."""
    for lengths in (lengths_of(draw, 21, 5), [4] * 9, [*lengths_of(draw, 9, 3), 0, 0]):
        found = split(student, draw.seed(), lengths, 4)
        each_place_once(found)
        full_but_for_one(found)
        next_to_each_other(found)


@check("3.7")
def test_order_of_batches_is_drawn(student, reference, draw):
    """The batches come in an order that is drawn: neither from short to long nor from long to short, nor turned round."""
    shuffled(split(student, draw.seed(), lengths_of(draw, 120), 3))


@check("3.7")
def test_order_comes_from_the_generator(student, reference, draw):
    """The same state of the generator gives the same batches in the same order, another state another order."""
    lengths, seed = lengths_of(draw, 60), draw.seed()
    first = split(student, seed, lengths, 3)
    again = split(student, seed, lengths, 3, first)
    in_another_order(first, again, same=True)
    other = split(student, seed + 1, lengths, 3, first)
    in_another_order(first, other, what="with another seed")


@check("3.7")
def test_next_epoch_has_another_order(student, reference, draw):
    """A second call with the same generator draws another order: it goes on where the first left it."""
    lengths, source = lengths_of(draw, 60), student.new("props.generator", draw.seed())
    first = split(student, source, lengths, 3)
    second = split(student, source, lengths, 3, first)
    in_another_order(first, second, what="in a second call with the same generator")


@check("3.7")
def test_short_batch_is_shuffled_too(student, reference, draw):
    """Every batch may come at any place, also the one that holds fewer."""
    lengths = lengths_of(draw, 8 * 4 - 1)
    found = []
    for _ in range(12):
        found.append(split(student, draw.seed(), lengths, 4))
    nothing_stays_in_its_place(student, found)


@check("3.7", value=False)
def test_batches_come_as_a_list(student, reference, draw):
    """The result is a list of batches."""
    given = Given(torch.tensor(lengths_of(draw, 14)), "lengths")
    seen = student.call(
        "props.kind", student.new("length_buckets", given, 4, student.new("props.generator", draw.seed()))
    )
    agree(seen, Seen(seen.value), "the result")
    expect(seen.value.split()[0] in ("list", "tuple"), f"the result is a {seen.value}, expected a list of tensors")


@check("3.7", value=False)
def test_buckets_leave_things_alone(student, reference, draw):
    """The lengths stay as they were, and nothing is drawn but from the generator."""
    no_effects(split(student, draw.seed(), lengths_of(draw, 14), 4).seen)
