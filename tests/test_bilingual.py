"""The synthetic pairs: their splits are what they say, their links are right, and both languages keep their rules."""

import hashlib
import random
import re
from collections import Counter
from itertools import pairwise

import pytest

from toolkit.bilingual import SPLITS, drafts, synthetic_pairs
from toolkit.bilingual.grammar import KINDS, compose
from toolkit.bilingual.lexicon import ADJECTIVES, NOUNS, VERBS
from toolkit.sentences import detokenize, tokenize

SEEN = ("train", "validation", "test", "long")
SHA256 = "883223777794aa82aedcf18048c26a3fce6d6518b0e197c25a9763b2feb86701"


def _words(text):
    return text.split()


# what the rules below are checked with was written apart from the grammar
MUTE_H = {"homme", "hommes", "histoire", "histoires", "hôtel", "hôtels", "heureux", "heureuse", "heureuses", "habite",
          "habitent", "habiter"}  # fmt: skip
MASCULINE = frozenset(
    _words(
        "garçon enfant homme roi oncle boulanger professeur héros chat chien oiseau cheval hibou gâteau œuf haricot livre "
        "journal chapeau manteau arbre jardin château hôtel marché toit"
    )
)
FEMININE = frozenset(
    _words(
        "fille femme reine infirmière chanteuse souris pomme lettre histoire robe clé chaise fleur voiture harpe maison école "
        "église haie table porte fenêtre"
    )
)
SINGULAR = {"un": "m", "une": "f", "le": "m", "la": "f", "du": "m", "au": "m", "ce": "m", "cet": "m", "cette": "f",
            "ma": "f", "sa": "f"}  # fmt: skip
PLURAL = {"les", "des", "aux", "ces", "mes", "ses", "deux", "trois"}


@pytest.fixture(scope="module")
def rows():
    return drafts(0)


@pytest.fixture(scope="module")
def every(rows):
    return [row for split in SPLITS for row in rows[split]]


@pytest.fixture(scope="module")
def french(every):
    return [row.pair.french for row in every]


@pytest.fixture(scope="module")
def english(every):
    return [row.pair.english for row in every]


def neighbours(sentences):
    """Every word with the one behind it, wherever that happens."""
    return {pair for words in sentences for pair in pairwise(words)}


def is_vowel(word):
    return word[0] in "aàâeéèêiîoôuûœ" or word in MUTE_H


# --- the splits ---


def test_the_splits_have_their_sizes(rows):
    assert {split: len(part) for split, part in rows.items()} == SPLITS
    pairs = synthetic_pairs(0)
    assert {split: tuple(row.pair for row in part) for split, part in rows.items()} == pairs


def test_a_seed_gives_the_same_pairs_everywhere(rows):
    told = hashlib.sha256()
    for split, part in rows.items():
        for row in part:
            links = sorted(row.pair.links)
            told.update(f"{split}\t{' '.join(row.pair.english)}\t{' '.join(row.pair.french)}\t{links}\n".encode())
    assert told.hexdigest() == SHA256


def test_no_english_sentence_stands_there_twice(english):
    assert len(set(english)) == len(english)


def test_an_english_sentence_has_one_translation(every):
    known = {row.pair.english: row.pair.french for row in every}
    rng = random.Random(1)
    met = 0
    for _ in range(4000):
        pair = compose(rng, 3 + int(rng.random() * 8), rng.random() < 0.3).pair
        met += pair.english in known
        assert known.setdefault(pair.english, pair.french) == pair.french
    assert met > 200


def test_every_word_is_in_the_training_pairs(rows):
    for side in ("english", "french"):
        known = {word for row in rows["train"] for word in getattr(row.pair, side)}
        for part in rows.values():
            assert {word for row in part for word in getattr(row.pair, side)} <= known


def test_the_vocabularies_are_small(rows):
    assert 230 < len({word for row in rows["train"] for word in row.pair.english}) < 270
    assert 380 < len({word for row in rows["train"] for word in row.pair.french}) < 450


def test_lengths_are_spread_and_long_sentences_are_longer(rows):
    for split, part in rows.items():
        for row in part:
            low, high = (21, 35) if split == "long" else (3, 20)
            assert low <= len(row.pair.english) <= high and low <= len(row.pair.french) <= high
    counts = Counter(len(row.pair.english) for row in rows["train"])
    assert set(counts) == set(range(3, 21))
    assert max(counts.values()) < 0.15 * SPLITS["train"]
    assert sum(counts[length] for length in range(12, 21)) > 0.2 * SPLITS["train"]


# --- combinations ---


def test_unseen_sentences_have_a_combination_that_stands_nowhere_else(rows):
    seen = {both for split in SEEN for row in rows[split] for both in row.combinations}
    assert all(row.combinations - seen for row in rows["unseen"])


def test_all_combinations_of_the_test_are_in_the_training_pairs(rows):
    seen = {both for row in rows["train"] for both in row.combinations}
    unknown = [row for row in rows["test"] if row.combinations - seen]
    assert len(unknown) < 5


def test_an_adjective_beside_its_noun_is_among_the_combinations(every):
    adjectives = {adjective.english for adjective in ADJECTIVES}
    nouns = {form: noun.english for noun in NOUNS for form in (noun.english, noun.english_plural)}
    met = 0
    for row in every:
        for word, noun in pairwise(row.pair.english):
            if word in adjectives and noun in nouns:
                met += 1
                assert (word, nouns[noun]) in row.combinations
    assert met > 10000


def test_a_verb_and_its_object_are_among_the_combinations(every):
    verbs = {form: verb.english[0] for verb in VERBS if verb.objects for form in verb.english}
    nouns = {form: noun.english for noun in NOUNS for form in (noun.english, noun.english_plural)}
    met = 0
    for row in every:
        words = row.pair.english
        if {"give", "gives", "gave", "show", "shows", "showed"} & set(words):  # the person may come first
            continue
        for verb, article, noun in zip(words, words[1:], words[2:], strict=False):
            if verb in verbs and article in ("the", "a", "an", "my", "this") and noun in nouns and "'s" not in words:
                met += 1
                assert (verbs[verb], nouns[noun]) in row.combinations
    assert met > 1000


def test_every_noun_adjective_and_verb_has_combinations_in_training(rows):
    both = {word for row in rows["train"] for pair in row.combinations for word in pair}
    assert {adjective.english for adjective in ADJECTIVES} <= both
    assert {verb.name for verb in VERBS if verb.objects} <= both


# --- tokens and links ---


def test_tokens_come_back(every):
    for row in every:
        assert tuple(tokenize(detokenize(row.pair.english, "en"), "en")) == row.pair.english
        assert tuple(tokenize(detokenize(row.pair.french, "fr"), "fr")) == row.pair.french


def test_every_word_is_linked(every):
    for row in every:
        assert {place for place, _ in row.pair.links} == set(range(len(row.pair.english)))
        assert {place for _, place in row.pair.links} == set(range(len(row.pair.french)))


def test_nouns_are_linked_to_their_nouns(every):
    """By the lexicon: a noun's one link is to its translation in the same number, or to an article that is its own."""
    nouns = {noun.english: noun.french for noun in NOUNS} | {n.english_plural: n.french_plural for n in NOUNS if n[1]}
    for row in every:
        for place, word in enumerate(row.pair.english):
            if word in nouns:
                there = {row.pair.french[to] for at, to in row.pair.links if at == place}
                assert nouns[word] in there and there - {nouns[word]} <= {"des", "de", "d'", "à", "au", "aux"}


# --- French ---


def test_elision(french):
    bound = {"l'", "d'", "n'", "j'", "m'", "qu'"}
    free = {"le", "la", "de", "ne", "je", "me", "que", "ce", "ma", "sa"}
    for word, after in neighbours(french):
        assert not (word in bound and not is_vowel(after)), (word, after)
        assert not (word in free and is_vowel(after)), (word, after)
        assert not (word == "cet" and not is_vowel(after)), (word, after)


def test_contraction(french):
    for word, after in neighbours(french):
        assert not (word in ("de", "à") and after in ("le", "les")), (word, after)


def test_adjectives_before_a_vowel(french):
    for before, word, after in {three for words in french for three in zip(words, words[1:], words[2:], strict=False)}:
        if word in ("vieil", "bel", "nouvel"):
            assert is_vowel(after) and after in MASCULINE, (word, after)
        if word in ("beau", "nouveau") or (word == "vieux" and before in SINGULAR):
            assert not (after in MASCULINE and is_vowel(after)), (word, after)


def test_articles_and_adjectives_agree_with_their_noun(french):
    number = {noun.french: False for noun in NOUNS} | {noun.french_plural: True for noun in NOUNS if noun.french_plural}
    both = {noun.french for noun in NOUNS if noun.french == noun.french_plural}
    gender = {form: noun.french in FEMININE for noun in NOUNS for form in (noun.french, noun.french_plural)}
    assert {noun.french for noun in NOUNS} == MASCULINE | FEMININE
    before = {form for adjective in ADJECTIVES if adjective.before for form in (*adjective.forms, adjective.liaison)}
    fits = {}
    for adjective in ADJECTIVES:
        for place, form in enumerate(adjective.forms):
            fits.setdefault(form, set()).add((bool(place % 2), place > 1))
        fits.setdefault(adjective.liaison, set()).add((False, False))
    for words in set(french):
        for place, noun in enumerate(words):
            if noun not in gender or noun == "porte":  # or the verb
                continue
            at = place - 1
            while words[at] in before:
                at -= 1
            plural = words[at] in PLURAL if noun in both else number[noun]
            if words[at] in SINGULAR:
                assert not plural and SINGULAR[words[at]] == ("f" if gender[noun] else "m"), words
            if words[at] in PLURAL and noun not in both:
                assert plural, words
            if words[at] in ("de", "d'") and noun in both:
                continue
            for adjective in words[at + 1 : place]:
                assert (gender[noun], plural) in fits[adjective], words
            after = words[place + 1]
            if after in fits and after not in before:
                assert (gender[noun], plural) in fits[after], words


def test_adjectives_stand_on_their_side_of_the_noun(french):
    nouns = {form for noun in NOUNS for form in (noun.french, noun.french_plural)} - {"porte"}  # or the verb
    behind = {form for adjective in ADJECTIVES if not adjective.before for form in adjective.forms}
    ahead = {form for adjective in ADJECTIVES if adjective.before for form in (*adjective.forms, adjective.liaison)}
    for word, after in neighbours(french):
        assert not (word in behind and after in nouns), (word, after)
        assert not (word in nouns and after in ahead), (word, after)


def test_negation_has_two_halves(french):
    for words in french:
        told = " ".join("ne" if word == "n'" else word for word in words)
        assert len(re.findall(r"\bne\b", told)) == len(re.findall(r"\b(?:pas|jamais)\b", told))
        assert len(re.findall(r"\bne (?:\S+ ){1,3}(?:pas|jamais)\b", told)) == len(re.findall(r"\bne\b", told)), told


def test_what_is_denied_is_de(french):
    verbs = {
        form for verb in VERBS for form in (verb.infinitive, *(verb.participle + end for end in ("", "e", "s", "es")))
    }
    for words in french:
        for place, word in enumerate(words):
            if word in ("pas", "jamais"):
                rest = [w for w in words[place + 1 : place + 4] if w not in ("souvent", "toujours")]
                rest = rest[1:] if rest[0] in verbs else rest
                assert not rest or rest[0] not in ("un", "une", "des"), words


def test_pronouns_stand_before_their_verb(french):
    """No sentence has an object pronoun behind its verb: "le" and "les" are followed by a noun phrase or a verb."""
    articled = {form for noun in NOUNS for form in (noun.french, noun.french_plural)}
    articled |= {form for adjective in ADJECTIVES for form in (*adjective.forms, adjective.liaison)}
    verbs = {form for verb in VERBS for form in (*verb.present, verb.infinitive)} | {"a", "ont", "ai"}
    for word, after in neighbours(french):
        if word in ("le", "la", "les", "l'"):
            assert after in articled | verbs, (word, after)
        if word in ("me", "m'", "lui", "leur"):
            assert after in verbs, (word, after)


def test_subject_pronouns_agree_with_what_follows(french):
    singular = {verb.present[1] for verb in VERBS} | {"est", "était", "a", "peut", "doit", "veut"}
    plural = {verb.present[2] for verb in VERBS} | {"sont", "étaient", "ont", "peuvent", "doivent", "veulent"}
    first = {verb.present[0] for verb in VERBS} | {"ai", "peux", "dois", "veux"}
    forms = {
        "il": singular,
        "elle": singular,
        "qui": singular | plural,
        "ils": plural,
        "elles": plural,
        "je": first,
        "j'": first,
    }
    clitics = {"ne", "n'", "me", "m'", "le", "la", "l'", "les", "nous", "lui", "leur"}
    for words in french:
        for place, word in enumerate(words):
            if word in forms:
                at = place + 1
                while words[at] in clitics:
                    at += 1
                assert words[at] in forms[word], words


def test_participles_with_avoir_agree_with_an_object_before_them_alone(french):
    agreed = {verb.participle + end for verb in VERBS if not verb.with_etre for end in ("e", "s", "es")}
    for words in french:
        for place, word in enumerate(words):
            if word in agreed and words[place - 1] in ("a", "ont", "ai", "pas", "jamais", "souvent", "parfois"):
                assert {"l'", "les", "que", "qu'"} & set(words[:place]), words


def test_a_person_alone_makes_participles_agree(every):
    """`saw her` is `l'a vue`, `saw him` is `l'a vu`, `saw them` is `les a vus`."""
    met = Counter()
    for row in every:
        words = " ".join(row.pair.french)
        for word, end in (("him", ""), ("her", "e"), ("them", "s")):
            if re.fullmatch(rf"(he|she|i) (saw|heard|followed) {word} \.", " ".join(row.pair.english)):
                met[word] += 1
                assert re.search(rf"(vu|entendu|suivi){end} \.$", words), words
    assert all(met[word] for word in ("him", "her", "them"))


# --- English ---


def test_a_and_an(english):
    for word, after in neighbours(english):
        assert (word != "a" or after[0] not in "aeiou") and (word != "an" or after[0] in "aeiou"), (word, after)


def test_english_verbs_agree(english):
    base = {verb.english[0] for verb in VERBS} - {verb.english[2] for verb in VERBS}
    third = {verb.english[1] for verb in VERBS} | {"wants"}
    for word, after in neighbours(english):
        assert not (word in ("i", "they") and after in third | {"is", "was", "does"}), (word, after)
        assert not (word in ("the", "a", "my") and after in third | base - {"look"}), (word, after)
    for words in english:
        told = " ".join(words)
        assert not re.search(r"^(he|she) (are|were|do|" + "|".join(sorted(base)) + r")\b", told), told
        assert not re.search(r"\b(not|can|cannot|must|to) (" + "|".join(sorted(third)) + r")\b", told), told


def test_questions_and_denials_take_do(every):
    past = {verb.english[2] for verb in VERBS} - {verb.english[0] for verb in VERBS}
    for row in every:
        words = row.pair.english
        if words[-1] == "?":
            assert words[0] in {
                "do",
                "does",
                "did",
                "is",
                "are",
                "was",
                "were",
                "can",
                "must",
                "why",
                "when",
                "who",
                "where",
            }
        for word, after in pairwise(words):
            assert not (word in ("does", "do", "did", "not") and after in past), words


# --- kinds ---


def test_kinds_are_named_and_frequent(rows):
    counts = Counter(kind for row in rows["train"] for kind in row.kinds)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 500
    for kind in ("adjective before the noun", "adjective after the noun", "object pronoun", "negation"):
        assert counts[kind] > 0.2 * SPLITS["train"]


def test_kinds_tell_what_is_in_the_sentence(every):
    for row in every:
        english, french = row.pair.english, row.pair.french
        assert ("negation" in row.kinds) == bool({"pas", "jamais"} & set(french))
        assert ("question" in row.kinds) == (english[-1] == french[-1] == "?")
        assert ("owner" in row.kinds) == ("'s" in english)
        assert ("adverb" in row.kinds) == bool({"souvent", "toujours", "parfois"} & set(french))
        assert ("infinitive" in row.kinds) == bool({"can", "cannot", "must", "want", "wants"} & set(english))
        assert ("relative clause" in row.kinds) >= ("that" in english)
        assert "object pronoun" not in row.kinds or {"him", "her", "it", "them", "me", "us"} & set(english)


# --- golden sentences ---

GOLDEN = """
her small red chairs are old .
ses petites chaises rouges sont vieilles .
0-0 1-1 2-3 3-2 4-4 5-5 6-6

the old french man never fell .
le vieil homme français n' est jamais tombé .
0-0 1-1 2-3 3-2 4-4 4-6 5-5 5-7 6-8

the hero does not find a book .
le héros ne trouve pas de livre .
0-0 1-1 2-2 2-4 3-2 3-4 4-3 5-5 6-6 7-7

i did not sell letters .
je n' ai pas vendu de lettres .
0-0 1-1 1-2 1-3 2-1 2-3 3-4 4-5 4-6 5-7

she never saw them .
elle ne les a jamais vus .
0-0 1-1 1-4 2-3 2-5 3-2 4-6

i never heard her .
je ne l' ai jamais entendue .
0-0 1-1 1-4 2-3 2-5 3-2 4-6

does he love him ?
est-ce qu' il l' aime ?
0-0 0-1 1-2 2-4 3-3 4-5

she wants to thank her .
elle veut la remercier .
0-0 1-1 2-3 3-3 4-2 5-4

he gave the nurses the hat .
il a donné le chapeau aux infirmières .
0-0 1-1 1-2 2-5 3-5 3-6 4-3 5-4 6-7

he gives her the letter .
il lui donne la lettre .
0-0 1-2 2-1 3-3 4-4 5-5

two owls saw the child 's tables yesterday .
deux hiboux ont vu les tables de l' enfant hier .
0-0 1-1 2-2 2-3 3-7 4-8 5-4 5-6 6-5 7-9 8-10

who went to the school ?
qui est allé à l' école ?
0-0 1-1 1-2 2-3 3-4 4-5 5-6

she found cars and sold them .
elle a trouvé des voitures et les a vendues .
0-0 1-1 1-2 2-3 2-4 3-5 4-7 4-8 5-6 6-9

the house that the woman saw was beautiful .
la maison que la femme a vue était belle .
0-0 1-1 2-2 3-3 4-4 5-5 5-6 6-7 7-8 8-9

the singers who opened the windows left .
les chanteuses qui ont ouvert les fenêtres sont parties .
0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7 6-8 7-9

the old cat slept because it was sad .
le vieux chat a dormi parce qu' il était triste .
0-0 1-1 2-2 3-3 3-4 4-5 4-6 5-7 6-8 7-9 8-10

was the hotel french ?
est-ce que l' hôtel était français ?
0-0 0-1 0-4 1-2 2-3 3-5 4-6

the roofs of the castle are black .
les toits du château sont noirs .
0-0 1-1 2-2 3-2 4-3 5-4 6-5 7-6

the coats are near the school .
les manteaux sont près de l' école .
0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7

why can she leave ?
pourquoi est-ce qu' elle peut partir ?
0-0 1-1 1-2 1-4 2-3 3-5 4-6

they often followed her .
ils l' ont souvent suivie .
0-0 1-3 2-2 2-4 3-1 4-5

i see old trees and look at them .
je vois de vieux arbres et les regarde .
0-0 1-1 2-3 3-2 3-4 4-5 5-7 6-7 7-6 8-8

is this uncle tired ?
est-ce que cet oncle est fatigué ?
0-0 0-1 0-4 1-2 2-3 3-5 4-6

she cannot see me .
elle ne peut pas me voir .
0-0 1-1 1-2 1-3 2-5 3-4 4-6
"""


def golden():
    blocks = [block.splitlines() for block in GOLDEN.strip().split("\n\n")]
    return [pytest.param(*block, id=block[0]) for block in blocks]


@pytest.mark.parametrize("english, french, links", golden())
def test_a_construction_is_translated_and_linked(every, english, french, links):
    pair = next(row.pair for row in every if row.pair.english == tuple(english.split()))
    assert " ".join(pair.french) == french
    assert " ".join(f"{at}-{to}" for at, to in sorted(pair.links)) == links
