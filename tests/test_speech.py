"""What a model writes, and what is measured of it: against loops that read everything again."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import nn

from toolkit import stand_ins
from toolkit.rehearsal import Rehearsal
from toolkit.speech import Speech, copied_runs, known_words, reaching, repeats, speak, variety, words_of
from toolkit.streaming import Recipe, train
from toolkit.texts import Text
from toolkit.writers import Writer

LETTERS = stand_ins.CharVocabulary("abcd")


class Table(nn.Module):
    """The logits of the next character by the last one alone; the state counts the characters read, in evaluation mode."""

    def __init__(self, shares):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(shares).log())

    def forward(self, ids, state=None):
        assert not self.training
        state = (state or 0) + ids.shape[1]
        return self.logits[ids], state


def always(*shares: float) -> Table:
    return Table([shares] * 4)


def writer() -> Writer:
    torch.manual_seed(0)
    return Writer(4, 5, 6, dropout=0.5)


# Writing


def test_the_same_seed_writes_the_same():
    model = writer()
    before = torch.get_rng_state()
    first, again, other = (speak(model, LETTERS, "ab", 40, seed=seed) for seed in (3, 3, 4))
    assert first == again and first.texts != other.texts and torch.equal(before, torch.get_rng_state())


def test_rows_go_on_from_one_prompt_each_in_its_own_way():
    spoken = speak(writer(), LETTERS, "abca", 30, rows=5)
    assert [len(text) for text in spoken.texts] == [30] * 5 and len(set(spoken.texts)) == 5
    assert set("".join(spoken.texts)) <= set("abcd")


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, None), (0.5, 3), (1.7, 2), (0, None)])
def test_writing_is_reading_all_of_it_again_before_each_character(temperature, top_k):
    model = writer()
    spoken = speak(model, LETTERS, "abd", 12, 3, temperature, top_k, seed=5)
    source, ids, entropies = torch.Generator().manual_seed(5), torch.tensor([[0, 1, 3]] * 3), []
    model.eval()
    with torch.no_grad():
        for _ in range(12):
            logits = model(ids)[0][:, -1]
            chosen = stand_ins.sample(logits, temperature, top_k, source)
            ids = torch.cat([ids, chosen[:, None]], dim=1)
            entropies += [by_hand(row, temperature, top_k) for row in logits]
    assert spoken.texts == [LETTERS.decode(row[3:]) for row in ids]
    assert spoken.entropy == pytest.approx(sum(entropies) / len(entropies), abs=1e-5)


def by_hand(logits: torch.Tensor, temperature: float, top_k: int | None) -> float:
    if temperature == 0:
        return 0.0
    weights = sorted((math.exp(logit / temperature) for logit in logits.tolist()), reverse=True)[:top_k]
    return -sum(weight / sum(weights) * math.log2(weight / sum(weights)) for weight in weights)


def test_temperature_0_takes_the_likeliest():
    model = writer()
    spoken = speak(model, LETTERS, "ab", 25, rows=3, temperature=0)
    ids = torch.tensor([[0, 1]])
    model.eval()
    for _ in range(25):
        ids = torch.cat([ids, model(ids)[0][:, -1].argmax(dim=-1, keepdim=True)], dim=1)
    assert spoken == Speech([LETTERS.decode(ids[0, 2:])] * 3, 0.0)


@pytest.mark.parametrize(
    ("temperature", "top_k", "bits"),
    [
        (1.0, None, 1.75),
        (1.0, 4, 1.75),
        (1.0, 99, 1.75),
        (1.0, 2, math.log2(3) - 2 / 3),  # 2/3 and 1/3
        (1.0, 1, 0.0),
        (0.5, None, by_hand(torch.tensor([1 / 4, 1 / 16, 1 / 64, 1 / 64]).log(), 1.0, None)),  # squares
        (0.5, 2, by_hand(torch.tensor([4.0, 1.0]).log(), 1.0, None)),
        (1e6, None, 2.0),
        (0, None, 0.0),
        (0, 2, 0.0),
    ],
)
def test_entropy_of_known_shares(temperature, top_k, bits):
    spoken = speak(always(1 / 2, 1 / 4, 1 / 8, 1 / 8), LETTERS, "a", 3, 2, temperature, top_k)
    assert spoken.entropy == pytest.approx(bits, abs=1e-6)


def test_entropy_is_the_mean_over_what_was_written():
    # after an a it is b or c, after those always an a
    model = Table([[0, 0.5, 0.5, 0], [1.0, 0, 0, 0], [1.0, 0, 0, 0], [0.25] * 4])
    spoken = speak(model, LETTERS, "a", 10, rows=4)
    assert spoken.entropy == pytest.approx(0.5) and all(set(text[1::2]) == {"a"} for text in spoken.texts)
    assert speak(model, LETTERS, "da", 3).entropy == pytest.approx(2 / 3)


def test_what_is_drawn_follows_the_shares():
    text = speak(always(1 / 2, 1 / 4, 1 / 8, 1 / 8), LETTERS, "d", 20, rows=400).texts
    shares = [sum(row.count(letter) for row in text) / 8000 for letter in "abcd"]
    assert shares == pytest.approx([1 / 2, 1 / 4, 1 / 8, 1 / 8], abs=0.03)


def test_the_sampler_is_the_one_that_was_given():
    asked = []

    def sample(logits, temperature, top_k, generator):
        asked.append((tuple(logits.shape), temperature, top_k, generator.initial_seed()))
        return torch.full((len(logits),), 2)

    assert (
        speak(always(0.25, 0.25, 0.25, 0.25), LETTERS, "ab", 3, 2, 0.8, 3, sample=sample, seed=9).texts == ["ccc"] * 2
    )
    assert asked == [((2, 4), 0.8, 3, 9)] * 3


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_whatever_happens(training):
    model = writer().train(training)
    speak(model, LETTERS, "ab", 3)
    assert model.training is model.dropout.training is training
    for wrong in ({"prompt": "a?"}, {"temperature": -1.0}, {"top_k": 0}):
        with pytest.raises(ValueError):
            speak(model, LETTERS, **{"prompt": "a", "length": 3} | wrong)
        assert model.training is model.dropout.training is training


def spoilt() -> Table:
    """A b is followed by what is no number."""
    model = Table([[0, 1.0, 0, 0], [0.25] * 4, [0.25] * 4, [0.25] * 4])
    model.logits.data[1] = math.nan
    return model


@pytest.mark.parametrize("temperature", [1.0, 0])
@pytest.mark.parametrize(
    ("model", "prompt", "length", "message"),
    [
        (writer, "ab?", 3, r"'\?'"),
        (writer, "", 3, "prompt is '' and length 3, expected one character at least"),
        (writer, "a", 0, "prompt is 'a' and length 0, expected one"),
        (spoilt, "b", 3, "logits after 0 written characters hold NaN"),
        (spoilt, "a", 3, "logits after 1 written characters hold NaN"),
    ],
)
def test_bad_input(model, prompt, length, message, temperature):
    with pytest.raises(ValueError, match=message):
        speak(model(), LETTERS, prompt, length, temperature=temperature)


# What is measured of it


def test_words():
    text = "Don't go: o'er the hill 'tis dark; THE 42 naïve foo_bars' end-rhymes"
    want = "don't go o'er the hill tis dark naïve foo bars end rhymes"
    assert words_of(text) == set(want.split())
    assert words_of("") == words_of(" 1 _ '") == set()


def test_known_words():
    words = {"the", "hill"}
    assert known_words(["The hill is the hil"], words) == 3 / 4  # the last word may be cut off
    assert known_words(["The hill is the hill."], words) == 3 / 4
    assert known_words(["the x", "go go go go"], words) == 1 / 4  # over all words, not over all texts
    for none in ([], [""], ["word"], ["1 2"]):
        assert math.isnan(known_words(none, words))


def random_text(seed: int, length: int, letters: str = "ab") -> str:
    return "".join(random.Random(seed).choices(letters, k=length))


@pytest.mark.parametrize("seed", range(20))
def test_repeats(seed):
    texts, run = [random_text(seed + 100 * number, 5 * number + seed) for number in range(4)], 1 + seed % 6
    places = [
        any(text[earlier : earlier + run] == text[place : place + run] for earlier in range(place))
        for text in texts
        for place in range(len(text) - run + 1)
    ]
    assert repeats(texts, run) == pytest.approx(sum(places) / len(places))


def test_repeats_are_those_within_a_text():
    piece = "abcdefghijklmnopqrst"  # 20 characters
    assert repeats([piece, piece]) == 0 and repeats([piece + piece]) == 1 / 21
    assert repeats(["a" * 120]) == 100 / 101
    for none in ([], [""], [piece[1:]]):
        assert math.isnan(repeats(none))


@pytest.mark.parametrize("seed", range(30))
def test_copied_runs(seed):
    text, source = random_text(seed, 40, "abc"[: 1 + seed % 3]), random_text(seed + 1, 60, "ab")
    text += source[20:45] + "?" + source[:10]

    def longest(place):
        return max(length for length in range(len(text) - place + 1) if text[place : place + length] in source)

    assert copied_runs(text, source) == [longest(place) for place in range(len(text))]


def test_copied_runs_at_the_ends():
    assert copied_runs("abc", "abc") == [3, 2, 1] and copied_runs("abc", "xabcx") == [3, 2, 1]
    assert copied_runs("abc", "") == [0, 0, 0] and copied_runs("", "abc") == []


def test_reaching():
    assert reaching(iter([0, 5, 10, 4]), (0, 1, 5, 10, 11)) == [100, 75, 50, 25, 0]
    assert all(map(math.isnan, reaching([], (1, 2))))


def test_variety_is_in_per_cent():
    text = "the hill and the hill and the sea "
    seen = variety(Speech([text], 1.5), {"the", "hill"})
    assert seen == {"entropy": 1.5, "known words": pytest.approx(100 * 5 / 7), "repeats": 100 * repeats([text])}
    assert list(seen) == ["entropy", "known words", "repeats"]  # the notebook takes them in this order


# Listening while a model is trained


def test_a_rehearsal_keeps_and_prints_what_was_written(capsys):
    text = Text("made up", "abcd\n\n" * 60)
    letters = stand_ins.CharVocabulary.build(text.whole)
    ids, _ = text.ids(letters)
    torch.manual_seed(0)
    model, modes = Writer(len(letters), 4, 8, dropout=0.5), []
    listen = Rehearsal(model, letters, steps=(1, 4), length=30)

    def after_step(step, run):
        listen(step, run)
        modes.append(model.training)

    run = train(model, ids, Recipe(1, 4, 10), after_step=after_step)
    assert list(listen.samples) == [1, 4] and all(modes) and len(run.losses) == 8
    printed = capsys.readouterr().out
    for step, sample in listen.samples.items():
        assert f"after {step} steps, {run.losses[step - 1]:.2f} nats per character\n{sample}\n" in printed
        assert sample == sample.strip("\n") and 0 < len(sample) <= 30


def test_listening_changes_nothing_that_is_learnt():
    ids, losses = torch.tensor([0, 1, 2, 3, 3, 1] * 50), []
    for steps in ((), (1, 2, 3)):
        torch.manual_seed(0)
        model = Writer(4, 4, 8, dropout=0.2)
        listen = Rehearsal(model, LETTERS, steps, prompt="ab", length=20)
        losses.append(train(model, ids, Recipe(1, 4, 10), after_step=listen).losses)
    assert losses[0] == losses[1]


def test_a_rehearsal_with_a_strange_prompt_says_so():
    model = writer()
    with pytest.raises(ValueError, match=r"'\\n'"):
        train(model, torch.tensor([0, 1] * 40), Recipe(1, 2, 10), after_step=Rehearsal(model, LETTERS, (1,)))
    assert model.training
