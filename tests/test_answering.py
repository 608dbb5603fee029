"""What translators are asked, how their mistakes are sorted, what a wider beam does, what looking costs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from solution import seq2seq
from toolkit import stand_ins
from toolkit.answering import bins, exact, forced_maps, interpret, share_by_length, translations
from toolkit.attention_cost import WAYS, attention_costs
from toolkit.forcing import Setting, forced_accuracy, own_translator, short_pairs, train_steps
from toolkit.live_pairs import RECIPE, live_translator, load_trained, material
from toolkit.mistakes import KINDS, kind_of_mistake, tally
from toolkit.pairs import EOS, Lexicon, Pair, batch_of
from toolkit.widths import RandomDecoders, ends_lower, width_by_width

PARTS = stand_ins.Encoder, stand_ins.Decoder, stand_ins.Seq2Seq
PAIRS = [
    Pair(("the", "cat", "sleeps", "."), ("le", "chat", "dort", ".")),
    Pair(("she", "sings", "."), ("elle", "chante", ".")),
    Pair(("the", "black", "dog", "never", "sleeps", "."), ("le", "chien", "noir", "ne", "dort", "jamais", ".")),
]
SMALL = Setting(embedding=8, hidden=8, steps=60, batch_size=8, rate=0.02)


@pytest.fixture(scope="module")
def words() -> tuple[Lexicon, Lexicon]:
    return Lexicon(pair.english for pair in PAIRS), Lexicon(pair.french for pair in PAIRS)


@pytest.fixture(scope="module")
def learnt(words) -> nn.Module:
    """A small translator that knows three sentences by heart."""
    model = own_translator(PARTS, *words, SMALL)
    train_steps(model, PAIRS, *words, SMALL)
    return model


def test_a_translator_that_learnt_three_sentences_says_them(learnt, words):
    english = [pair.english for pair in PAIRS]
    for decode in (stand_ins.greedy_decode, lambda *a: stand_ins.beam_search(*a, 3)):
        said, more = translations(learnt, decode, english, *words)
        assert exact(said, PAIRS).tolist() == [True] * 3
        assert len(more) == 3


def test_exact_wants_every_word():
    said = [list(PAIRS[0].french), ["elle", "chante"], ["le", "chien"]]
    assert exact(said, PAIRS).tolist() == [True, False, False]


def test_bins_hold_each_pair_once_and_leave_empty_ones_out():
    assert bins(PAIRS, (3, 5, 20, 30)) == {"1 to 3": [1], "4 to 5": [0], "6 to 20": [2]}
    assert share_by_length(torch.tensor([True, False, True]), PAIRS, (4, 20)) == {"1 to 4": 50.0, "5 to 20": 100.0}


def test_forced_maps_are_as_long_as_the_words_and_the_end(learnt, words):
    maps = forced_maps(learnt, PAIRS, *words)
    assert [tuple(one.shape) for one in maps] == [(4, 5), (3, 4), (7, 7)]
    for one in maps:
        torch.testing.assert_close(one.sum(dim=1), torch.ones(len(one)))


def test_forced_maps_are_fed_the_known_words(words):
    """A decoder that notes what it is fed."""
    model = own_translator(PARTS, *words, SMALL)
    fed, step = [], model.decoder.step
    model.decoder.step = lambda token, *rest: (fed.append(token.tolist()), step(token, *rest))[1]
    forced_maps(model, PAIRS[:1], *words)
    assert [token for (token,) in fed] == [2, *words[1].encode(PAIRS[0].french)[:-1]]


def test_unknown_words_are_told(learnt, words, capsys):
    english, said, look, sentence = interpret("The penguin sleeps.", learnt, stand_ins.greedy_decode, *words)
    assert "Unknown: penguin." in capsys.readouterr().out
    assert english == ["the", "penguin", "sleeps", "."]
    assert tuple(look.shape) == (len(said), 5)
    assert sentence[0].isupper()


def test_an_empty_sentence_is_translated_to_something(learnt, words):
    _, said, look, _ = interpret("", learnt, stand_ins.greedy_decode, *words)
    assert look.shape == (len(said), 1)
    assert torch.isfinite(look).all()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("le chien noir dort .", "right"),
        ("le noir chien dort .", "order"),
        ("la chien noire dort .", "form"),
        ("le chien noir chante .", "word"),
        ("le chien dort .", "left out"),
        ("le chien noir ne dort .", "added"),
        ("la chien noir chante .", "several"),
        ("", "left out"),
    ],
)
def test_mistakes_are_sorted(said, kind):
    assert kind_of_mistake(said.split(), ["le", "chien", "noir", "dort", "."]) == kind


def test_every_translation_is_of_one_kind():
    said = [["le", "chat", "dort", "."], ["elle", "dort", "."], []]
    found = tally(said, [pair.french for pair in PAIRS])
    assert list(found) == list(KINDS)
    assert sorted(place for places in found.values() for place in places) == [0, 1, 2]
    assert found["right"] == [0]


def test_random_decoders_are_each_their_own():
    decoders = RandomDecoders(count=5, steps=4, words=6, seed=1)
    src, lengths = torch.full((5, 1), EOS), torch.ones(5, dtype=torch.int64)
    memory, state = decoders.encoder(src, lengths)
    logits, state, _ = decoders.decoder.step(torch.full((5,), 2), state, memory, src > 0)
    torch.testing.assert_close(logits, decoders.logits[:, 0, 2])
    logits, _, _ = decoders.decoder.step(torch.full((5,), 4), state, memory, src > 0)
    torch.testing.assert_close(logits, decoders.logits[:, 1, 4])


def test_a_wider_beam_ends_lower_now_and_then_and_the_widest_never():
    decoders = RandomDecoders(count=1000, steps=8, words=8, spread=2.0)
    found = ends_lower(seq2seq.beam_search, decoders, 1, 2, 8)
    assert 0 < len(found) < 100
    assert all(high < low for _, _, low, _, high in found)
    assert not ends_lower(seq2seq.beam_search, RandomDecoders(50, 3, 5, 2.0), 1, 5**3, 3)


def test_widths_are_measured_side_by_side(learnt, words):
    rows = width_by_width(learnt, stand_ins.beam_search, PAIRS, *words, (1, 3))
    assert [row["width"] for row in rows] == [1, 3]
    assert rows[0]["exact match"] == 100
    assert rows[0]["lower"] == 0
    assert rows[1]["log-probability"] >= rows[0]["log-probability"] - 1e-4


def test_stepped_attention_keeps_a_square_and_a_gru_a_line():
    attention = stand_ins.AdditiveAttention(8, 8, 8)
    rows = attention_costs(attention, stand_ins.self_attention, 8, (32, 64), rows=2, repeats=1)
    assert [row["way"] for row in rows] == [*WAYS, *WAYS]
    kept = {(row["way"], row["length"]): row["MiB"] for row in rows}
    grown = {way: kept[way, 64] / kept[way, 32] for way in WAYS}
    assert grown["GRU, no attention"] < 2.1
    assert grown["additive, stepped"] > 2.8


def test_short_pairs_are_short_in_both_languages():
    long = Pair(("yes", "."), tuple("abcdefghi"))
    assert short_pairs([*PAIRS, long]) == PAIRS


def test_accuracy_with_gold_tokens_fed(learnt, words):
    assert forced_accuracy(learnt, PAIRS, *words) == 1.0


def test_the_same_seed_gives_the_same_translator(words):
    one, other = (own_translator(PARTS, *words, SMALL, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_kept_weights_fit_the_pairs():
    """Words, sizes and weights belong together: another grammar needs other weights."""
    found = material()
    held = found.pairs("validation")[:100]
    for name in ("interpreter", "interpreter_vector"):
        model = live_translator(found.english, found.french)
        model.load_state_dict(load_trained(name))
    own = own_translator(PARTS, found.english, found.french)
    own.load_state_dict(load_trained("interpreter"))
    said, _ = translations(own, stand_ins.greedy_decode, [pair.english for pair in held], found.english, found.french)
    assert exact(said, held).float().mean() > 0.8
    assert RECIPE.epochs > 0


def test_missing_weights_say_how_to_make_them():
    with pytest.raises(FileNotFoundError, match=r"python -m benchmarks\.interpreting translators"):
        load_trained("nothing")


def test_batches_say_when_there_is_nothing(words):
    with pytest.raises(ValueError, match="at least one"):
        batch_of([], *words)
