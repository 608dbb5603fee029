"""Sentences as tokens and back, and pairs as batches."""

import pytest
import torch

from toolkit.pairs import BOS, EOS, PAD, UNK, Batch, Lexicon, Pair, batch_of
from toolkit.sentences import detokenize, tokenize

EN, FR = "en", "fr"

# --- tokens ---


@pytest.mark.parametrize(
    "language, text, tokens",
    [
        (EN, "The Dog Sleeps.", "the dog sleeps ."),
        (EN, "A t-shirt for 1,000 or 2.50 dollars", "a t-shirt for 1,000 or 2.50 dollars"),
        (EN, "The dog's bone", "the dog 's bone"),
        (EN, "I don't, you're, we've, he'll, I'm, she'd.", "i do n't , you 're , we 've , he 'll , i 'm , she 'd ."),
        (EN, "the dogs' bones", "the dogs ' bones"),
        (EN, "wait... (no) – snake_case!", "wait . . . ( no ) – snake _ case !"),
        (FR, "L'école n'est qu'à deux pas.", "l' école n' est qu' à deux pas ."),
        (FR, "Aujourd'hui, est-ce qu'il vient ?", "aujourd'hui , est-ce qu' il vient ?"),
        (FR, "Qu'est-ce que c'est ?", "qu' est-ce que c' est ?"),
        (FR, "Jusqu'à lorsqu'il s'en va", "jusqu' à lorsqu' il s' en va"),
        (FR, "J'ai vu l'œuf d'Ève.", "j' ai vu l' œuf d' ève ."),
        (FR, "«Oui»: l'", "« oui » : l'"),
    ],
)
def test_a_sentence_is_cut_where_its_language_joins_words(language, text, tokens):
    assert tokenize(text, language) == tokens.split()


@pytest.mark.parametrize("language", [EN, FR])
def test_apostrophes_and_accents_are_written_in_one_way(language):
    assert tokenize("L’e\u0301cole", language) == tokenize("l'école", language)


def test_nothing_is_cut_into_nothing():
    assert tokenize("", EN) == tokenize("  \n", FR) == []
    assert detokenize([], EN) == ""


@pytest.mark.parametrize(
    "language, tokens, text",
    [
        (EN, "the dog 's bone , please .", "The dog's bone, please."),
        (EN, "i do n't !", "I don't!"),
        (EN, 'he said " no " ( twice )', 'He said "no" (twice)'),
        (FR, "l' école n' est pas loin .", "L'école n'est pas loin."),
        (FR, "où est l' œuf ?", "Où est l'œuf\u00a0?"),
        (FR, "il dit « oui » ( deux fois )", "Il dit «\u00a0oui\u00a0» (deux fois)"),
        (EN, "he says « yes »", "He says «yes»"),
        (FR, "aujourd'hui : jusqu' où ; ah !", "Aujourd'hui\u00a0: jusqu'où\u00a0; ah\u00a0!"),
    ],
)
def test_tokens_become_a_sentence_as_one_writes_it(language, tokens, text):
    assert detokenize(tokens.split(), language) == text
    assert tokenize(text, language) == tokens.split()
    assert detokenize(tuple(tokens.split()), language) == text


@pytest.mark.parametrize("language", ["de", "EN", ""])
def test_another_language_is_refused(language):
    for call in (lambda: tokenize("a", language), lambda: detokenize(["a"], language)):
        with pytest.raises(ValueError, match=f'language is \'{language}\', expected "en" or "fr"'):
            call()


# --- words and ids ---


@pytest.fixture
def lexicon():
    return Lexicon([["the", "cat", "sees", "the", "dog"], ["the", "dog", "sleeps"]])


def test_special_words_come_first_then_frequent_ones_then_by_the_alphabet(lexicon):
    assert lexicon.words == ["<pad>", "<unk>", "<bos>", "<eos>", "the", "dog", "cat", "sees", "sleeps"]
    assert (PAD, UNK, BOS, EOS) == (0, 1, 2, 3)
    assert len(lexicon) == 9
    assert [lexicon.index[word] for word in lexicon.words] == list(range(9))


def test_rare_words_have_no_id():
    lexicon = Lexicon([["the", "cat", "sees", "the", "dog"], ["the", "dog", "sleeps"]], min_freq=2)
    assert lexicon.words[4:] == ["the", "dog"]
    assert lexicon.encode(["the", "cat"]) == [4, UNK, EOS]
    assert lexicon.unknown(["the", "cat", "sees", "the", "dog"]) == ["cat", "sees"]


def test_ids_end_with_eos_and_become_words_again(lexicon):
    words = ["the", "dog", "sees", "the", "cat"]
    assert lexicon.encode(words) == [4, 5, 7, 4, 6, EOS]
    assert lexicon.decode(lexicon.encode(words)) == words
    assert lexicon.encode([]) == [EOS]
    assert lexicon.decode([]) == lexicon.decode([EOS, 4]) == []


def test_decoding_stops_at_eos_and_leaves_padding_out(lexicon):
    assert lexicon.decode([4, PAD, 5, EOS, 6, EOS]) == ["the", "dog"]
    assert lexicon.decode(torch.tensor([4, UNK, 5])) == ["the", "<unk>", "dog"]


# --- batches ---


def test_a_batch_is_padded_to_the_longest_of_each_language(lexicon):
    french = Lexicon([["le", "chien"]])
    pairs = [Pair(("the", "dog"), ("le", "chien")), Pair(("the", "cat", "sleeps"), ("le",)), Pair((), ())]
    batch = batch_of(pairs, lexicon, french)
    assert isinstance(batch, Batch)
    assert batch.src.tolist() == [[4, 5, EOS, PAD], [4, 6, 8, EOS], [EOS, PAD, PAD, PAD]]
    assert batch.tgt.tolist() == [[5, 4, EOS], [5, EOS, PAD], [EOS, PAD, PAD]]
    assert batch.lengths.tolist() == [3, 4, 1]
    assert {part.dtype for part in batch} == {torch.int64}


def test_the_empty_sentence_is_eos_alone(lexicon):
    batch = batch_of([Pair((), ())], lexicon, lexicon)
    assert batch.src.tolist() == batch.tgt.tolist() == [[EOS]]
    assert batch.lengths.tolist() == [1]


def test_lengths_stay_on_the_cpu(lexicon):
    batch = batch_of([Pair(("the",), ("the",))], lexicon, lexicon, device="meta")
    assert batch.src.is_meta and batch.tgt.is_meta
    assert batch.lengths.device.type == "cpu"


def test_no_pairs_make_no_batch(lexicon):
    with pytest.raises(ValueError, match="there are no pairs, expected at least one"):
        batch_of([], lexicon, lexicon)


def test_real_pairs_have_no_links():
    assert Pair(("a",), ("un",)).links is None


def test_english_capitals_come_back():
    assert detokenize(["she", "and", "i", "see", "a", "french", "hat", "."], "en") == "She and I see a French hat."
    assert detokenize(["il", "voit", "un", "chapeau", "italian", "."], "fr") == "Il voit un chapeau italian."
