"""The quick translator computes what the course's parts compute, learns, and translates the same in any company."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from toolkit.pairs import BOS, EOS, Lexicon, Pair, batch_of
from toolkit.translation import Recipe, Translation, beam, greedy, sampled_loss, train
from toolkit.translator import Dropout, Sizes, Translator

SOURCE, TARGET, SIZES = 11, 13, Sizes(6, 8)
WORDS = ["a", "b", "c", "d", "e", "f"]


class PlainEncoder(nn.Module):
    """As task 5.1 has it."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(SOURCE, SIZES.embedding)
        self.rnn = nn.GRU(SIZES.embedding, SIZES.hidden // 2, batch_first=True, bidirectional=True)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.embedding(src), lengths, batch_first=True, enforce_sorted=False)
        outputs, h = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=True, total_length=src.shape[1])[0], torch.cat([h[0], h[1]], 1)


class PlainDecoder(nn.Module):
    """As tasks 5.2 and 5.3 have it, one step at a time."""

    def __init__(self):
        super().__init__()
        units = SIZES.hidden
        self.embedding = nn.Embedding(TARGET, SIZES.embedding)
        self.attention = nn.ModuleDict({"query": nn.Linear(units, units, bias=False), "key": nn.Linear(units, units, bias=False),
                                        "score": nn.Linear(units, 1, bias=False)})  # fmt: skip
        self.cell = nn.GRUCell(SIZES.embedding + units, units)
        self.output = nn.Linear(2 * units, TARGET)

    def step(self, token, state, memory, mask):
        felt = torch.tanh(self.attention["query"](state)[:, None] + self.attention["key"](memory))
        weights = self.attention["score"](felt)[..., 0].masked_fill(~mask, -math.inf).softmax(1)
        context = torch.einsum("ns,nsh->nh", weights, memory)
        state = self.cell(torch.cat([self.embedding(token), context], 1), state)
        return self.output(torch.cat([state, context], 1)), state, weights


class Plain(nn.Module):
    def __init__(self, attention: bool = True):
        super().__init__()
        self.encoder, self.decoder, self.attention = PlainEncoder(), PlainDecoder(), attention

    def forward(self, src, lengths, tgt):
        memory, state = self.encoder(src, lengths)
        if not self.attention:
            memory = state[:, None].expand_as(memory)
        mask = torch.arange(src.shape[1]) < lengths[:, None]
        fed, logits = torch.cat([torch.full_like(tgt[:, :1], BOS), tgt[:, :-1]], 1), []
        for token in fed.unbind(1):
            scores, state, _ = self.decoder.step(token, state, memory, mask)
            logits.append(scores)
        return torch.stack(logits, 1)


def drawn(rows: int, places: int, steps: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, places + 1, (rows,), generator=source)
    return (
        torch.randint(4, SOURCE, (rows, places), generator=source),
        lengths,
        torch.randint(4, TARGET, (rows, steps), generator=source),
    )


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("shape", [(4, 7, 6), (1, 1, 1), (3, 5, 2)])
def test_weights_logits_and_gradients_are_those_of_the_parts(shape, attention):
    torch.manual_seed(1)
    plain, quick = Plain(attention).double(), Translator(SOURCE, TARGET, SIZES, attention=attention).double()
    assert quick.load_state_dict(plain.state_dict()) and plain.load_state_dict(quick.state_dict())
    batch = drawn(*shape)
    want, got = plain(*batch), quick(*batch)
    torch.testing.assert_close(got, want, rtol=0, atol=1e-12)
    pull = torch.randn_like(want)
    (want * pull).sum().backward()
    (got * pull).sum().backward()
    for (name, one), other in zip(plain.named_parameters(), quick.parameters(), strict=True):
        torch.testing.assert_close(
            other.grad, one.grad, rtol=0, atol=1e-11, msg=lambda said, name=name: f"{name}: {said}"
        )


def test_single_precision_is_as_near():
    torch.manual_seed(2)
    plain, quick = Plain(), Translator(SOURCE, TARGET, SIZES)
    quick.load_state_dict(plain.state_dict())
    batch = drawn(5, 9, 8)
    torch.testing.assert_close(quick(*batch), plain(*batch), rtol=0, atol=1e-5)


def test_a_step_is_the_same_as_all_steps():
    torch.manual_seed(3)
    quick = Translator(SOURCE, TARGET, SIZES).double()
    src, lengths, tgt = drawn(3, 4, 5)
    memory, state, mask = quick.read(src, lengths)
    token = torch.full_like(src[:, 0], BOS)
    for t in range(tgt.shape[1]):
        logits, state, weights = quick.decoder.step(token, state, memory, mask)
        torch.testing.assert_close(logits, quick(src, lengths, tgt)[:, t])
        assert (weights[~mask] == 0).all() and torch.allclose(weights.sum(1), weights.new_ones(3))
        token = tgt[:, t]


def test_without_attention_every_place_is_looked_at_alike():
    quick = Translator(SOURCE, TARGET, SIZES, attention=False)
    src, lengths, _ = drawn(3, 4, 5)
    memory, state, mask = quick.read(src, lengths)
    _, _, weights = quick.decoder.step(torch.full_like(src[:, 0], BOS), state, memory, mask)
    torch.testing.assert_close(weights, mask / mask.sum(1, keepdim=True))


def test_padding_is_left_out_and_dropout_is_for_training():
    quick = Translator(SOURCE, TARGET, SIZES, Dropout(0.5, 0.5, 0.5))
    src, lengths, tgt = drawn(2, 4, 3)
    tgt[0, 1:] = 0
    assert quick.features(src, lengths, tgt).shape == (4, 16)
    assert not torch.equal(quick(src, lengths, tgt), quick(src, lengths, tgt))
    quick.eval()
    assert torch.equal(quick(src, lengths, tgt), quick(src, lengths, tgt))


def test_tied_weights_are_one():
    quick = Translator(SOURCE, TARGET, Sizes(16, 8), tied=True)
    assert quick.decoder.embedding.weight is quick.decoder.output.weight
    with pytest.raises(ValueError, match="embedding of 16 features, not of 6"):
        Translator(SOURCE, TARGET, SIZES, tied=True)


# The loss


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_scored_against_all_words_it_is_the_cross_entropy(smoothing):
    torch.manual_seed(4)
    features, output, words = torch.randn(7, 16), nn.Linear(16, TARGET), torch.randint(0, TARGET, (7,))
    want = F.cross_entropy(output(features), words, label_smoothing=smoothing)
    for count in (None, TARGET, 100):
        torch.testing.assert_close(sampled_loss(features, words, output, count, smoothing, None), want)


def test_the_sum_over_all_words_is_estimated_without_bias():
    torch.manual_seed(5)
    features, output, words = torch.randn(4, 16), nn.Linear(16, 40), torch.tensor([3, 3, 9, 20])
    source, logits = torch.Generator().manual_seed(0), output(features)
    want = logits.logsumexp(1).exp()
    rows = [sampled_loss(features[:1], words[:1], output, 10, 0.0, source) + logits[0, 3] for _ in range(1500)]
    assert torch.stack(rows).exp().mean().item() == pytest.approx(want[0].item(), rel=0.03)
    sampled_loss(features, words, output, 10, 0.1, source).backward()
    assert (output.weight.grad.abs().sum(1) > 0).sum() == 10
    assert output.weight.grad[[3, 9, 20]].abs().sum(1).min() > 0


# Learning and translating


def made_up(count: int) -> tuple[list[Pair], Lexicon, Lexicon]:
    """A language in which each word is another, and the order is turned."""
    source = torch.Generator().manual_seed(7)
    rows = [torch.randint(0, len(WORDS), (int(torch.randint(1, 5, (), generator=source)),), generator=source).tolist()
            for _ in range(count)]  # fmt: skip
    pairs = [Pair(tuple(WORDS[i] for i in row), tuple(WORDS[i].upper() for i in reversed(row))) for row in rows]
    return pairs, Lexicon(pair.english for pair in pairs), Lexicon(pair.french for pair in pairs)


@pytest.fixture(scope="module")
def learnt():
    pairs, english, french = made_up(300)
    torch.manual_seed(0)
    model = Translator(len(english), len(french), Sizes(16, 32))
    tested = []
    training = train(model, pairs, english, french, Recipe(25, 32, 0.01, warm_up=20, words=8), test=lambda: len(tested))
    return model, pairs, english, french, training


def test_it_learns(learnt):
    model, pairs, english, french, training = learnt
    written = greedy(model, [pair.english for pair in pairs], english, french)
    right = sum(tuple(one.words) == pair.french for one, pair in zip(written, pairs, strict=True))
    assert right > 0.95 * len(pairs)
    assert len(training.losses) == 25 * 10 and len(training.tested) == 25 and not model.training
    assert training.words == 25 * sum(len(pair.french) + 1 for pair in pairs)
    assert training.tested[-1][0] == training.seconds


def test_each_sentence_is_translated_the_same_in_any_company(learnt):
    model, pairs, english, french, _ = learnt
    sentences = [pair.english for pair in pairs[:20]]
    together = greedy(model, sentences, english, french)
    assert together == [greedy(model, [one], english, french)[0] for one in sentences]
    wide = beam(model, sentences, english, french, 3)
    assert wide == [beam(model, [one], english, french, 3)[0] for one in sentences]
    assert beam(model, sentences, english, french, 1) == together


def test_a_beam_that_holds_everything_finds_the_likeliest():
    torch.manual_seed(6)
    french = Lexicon([["u", "v"]])
    english = Lexicon([["x", "y"]])
    model = Translator(len(english), len(french), Sizes(6, 8)).eval()
    with torch.no_grad():
        model.decoder.output.weight.mul_(6)
    batch = batch_of([Pair(("x", "y"), ("u",))], english, french)
    best, longest = (-math.inf, None), 3
    for ids in itertools.product(range(len(french)), repeat=longest):
        end = ids.index(EOS) + 1 if EOS in ids else longest
        logp = model(batch.src, batch.lengths, torch.tensor([ids])).log_softmax(2)[0]
        best = max(best, (sum(logp[t, ids[t]].item() for t in range(end)), ids[: end - (EOS in ids)]))
    (got,) = beam(model, [("x", "y")], english, french, len(french) ** longest, longest=longest)
    assert got.words == [french.words[i] for i in best[1]]


def test_a_length_that_is_divided_by_makes_longer_sentences(learnt):
    _, pairs, english, french, _ = learnt
    torch.manual_seed(8)
    unsure, sentences = Translator(len(english), len(french), SIZES), [pair.english for pair in pairs[:20]]
    short, long = (beam(unsure, sentences, english, french, 8, alpha, longest=6) for alpha in (0.0, 3.0))
    assert sum(len(one.words) for one in long) > sum(len(one.words) for one in short)


def test_an_unknown_word_is_copied_from_where_it_was_looked_at():
    written = Translation(["la", "<unk>", "rit", "<unk>"], [0, 2, 3, 4])
    assert written.copied(["the", "young", "Ada", "laughs"]) == ["la", "Ada", "rit"]


def test_no_words_no_training(learnt):
    model, _, english, french, _ = learnt
    with pytest.raises(ValueError, match="there are no pairs"):
        train(model, [], english, french, Recipe(1))
