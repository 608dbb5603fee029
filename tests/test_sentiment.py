"""Corpora, linear models on words, the quick reader, training, and what is read off a classifier."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from toolkit import stand_ins
from toolkit.bag_of_words import BagOfWords, OnBatches, fitted, fitted_with
from toolkit.corpus import cut, encoded, in_batches
from toolkit.data.reviews import Reviews
from toolkit.data.samples import fetched_reviews
from toolkit.neighbours import flat
from toolkit.packing import WAYS, Careless, as_they_come, last_output, share_of_padding, ways_to_read
from toolkit.reading import after_each_word, where, with_more_padding
from toolkit.real_reviews import BEST, CONTESTANTS, contestant, prepared
from toolkit.review_reader import Dropout, ReviewReader, as_packed, reversed_rows
from toolkit.sentiment import Recipe, accuracy, by_length, logits_of, train

TEXTS = ("not good", "good", "not bad", "bad", "good, not bad", "bad, not good", "a good film", "a bad film")
LABELS = (0, 1, 1, 0, 1, 0, 1, 0)


@pytest.fixture
def reviews() -> Reviews:
    return Reviews("made up", TEXTS, LABELS)


@pytest.fixture
def vocabulary(reviews):
    return stand_ins.Vocabulary.build(map(stand_ins.tokenize, reviews.texts))


@pytest.fixture
def corpus(reviews, vocabulary):
    return encoded(reviews, stand_ins.tokenize, vocabulary)


def test_reviews_become_ids(corpus, vocabulary):
    assert [" ".join(vocabulary.decode(ids)) for ids in corpus.ids[:5]] == [*TEXTS[:4], "good not bad"]
    assert corpus.lengths.tolist() == [2, 1, 2, 1, 3, 3, 3, 3] and corpus.labels.tolist() == list(LABELS)
    some = corpus.only([6, 0])
    assert (
        some.ids == (corpus.ids[6], corpus.ids[0])
        and some.lengths.tolist() == [3, 2]
        and some.labels.tolist() == [1, 0]
    )


@pytest.mark.parametrize(
    ("longest", "kept"), [(None, [1, 2, 3, 4, 5]), (5, [1, 2, 3, 4, 5]), (4, [1, 2, 4, 5]), (3, [1, 4, 5]), (1, [5])]
)
def test_a_long_review_keeps_its_ends(longest, kept):
    assert cut([1, 2, 3, 4, 5], longest) == kept


def test_batches_follow_their_places(corpus):
    batches = [torch.tensor([4, 1]), [0]]
    (ids, lengths, labels), (second, *_) = in_batches(corpus, batches)
    assert (
        ids.tolist() == [corpus.ids[4], [*corpus.ids[1], 0, 0]]
        and lengths.tolist() == [3, 1]
        and labels.tolist() == [1, 1]
    )
    assert second.tolist() == [corpus.ids[0]]


def test_a_bag_holds_what_occurs_in_two_texts():
    texts = [[2, 3, 2], [], [3, 4, 3], [2, 3]]
    words, pairs = BagOfWords(texts), BagOfWords(texts, pairs=True)
    assert len(words) == 2  # 2 and 3 stand in two texts or more, 4 in one
    assert len(pairs) == 3  # and of the pairs (2, 3) alone
    entries = words.entries([[3, 9, 3, 2], [9], []])
    assert entries.size == (3, 2) and entries.rows.tolist() == [0, 0]
    assert entries.values.square().sum().item() == pytest.approx(1)
    idf = torch.tensor([math.log(4 / 2), math.log(4 / 3)])
    torch.testing.assert_close(entries.values, idf / idf.norm())


def test_pairs_don_t_reach_from_one_text_into_the_next():
    assert len(BagOfWords([[2], [3], [2], [3]], pairs=True)) == 2


def test_entries_are_a_matrix():
    entries = BagOfWords([[2, 3], [3, 4], [4, 2], [2, 4]]).entries([[2, 3, 4], [4], [7]])
    dense = torch.zeros(entries.size).index_put((entries.rows, entries.columns), entries.values)
    by_column, by_row = torch.randn(entries.size[1]), torch.randn(entries.size[0])
    torch.testing.assert_close(entries.times(by_column), dense @ by_column)
    torch.testing.assert_close(entries.transposed_times(by_row), dense.T @ by_row)


def test_pairs_tell_what_words_can_t(corpus):
    words, pairs = (fitted(corpus, corpus, pairs) for pairs in (False, True))
    assert accuracy(words(corpus.ids), corpus.labels) < 1 == accuracy(pairs(corpus.ids), corpus.labels)
    assert pairs.parameters > words.parameters


def test_a_linear_model_reads_batches_as_a_network_does(corpus):
    linear = fitted(corpus, corpus, pairs=True)
    torch.testing.assert_close(OnBatches(linear)(*stand_ins.pad_batch(corpus.ids)), linear(corpus.ids))


def test_the_linear_model_is_at_its_minimum(corpus):
    penalty = 1e-4
    linear = fitted_with(penalty, corpus)
    weight, bias = (part.clone().requires_grad_() for part in (linear.weight, linear.bias))
    logits = linear.bag.entries(corpus.ids).times(weight) + bias
    loss = (
        nn.functional.binary_cross_entropy_with_logits(logits, corpus.labels.float()) + penalty * weight.square().sum()
    )
    loss.backward()
    assert weight.grad.abs().max() < 1e-4 and bias.grad.abs().max() < 1e-4


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_quick_reader_answers_as_the_packed_one(cell, both_ways):
    reader = ReviewReader(9, 3, 4, cell, bidirectional=both_ways).double().eval()
    ids, lengths = stand_ins.pad_batch([[3, 4], [], [5, 6, 7, 8], [2]])
    packed = as_packed(reader)
    torch.testing.assert_close(reader(ids, lengths), packed(ids, lengths))
    assert not packed.training and packed.embedding.weight.dtype == torch.float64


def test_a_pooled_reader_has_no_packed_twin():
    with pytest.raises(ValueError, match="pooled=False"):
        as_packed(ReviewReader(9, 3, 4, pooled=True))


@pytest.mark.parametrize("pooled", [False, True])
def test_padding_changes_nothing(pooled):
    reader = ReviewReader(9, 3, 4, bidirectional=True, pooled=pooled).eval()
    ids, lengths = stand_ins.pad_batch([[3, 4], [], [5, 6, 7, 8]])
    garbage = torch.cat([ids, torch.full((3, 5), 8)], dim=1)
    garbage[0, 2:] = 7
    torch.testing.assert_close(reader(garbage, lengths)[[0, 2]], reader(ids, lengths)[[0, 2]])
    assert reader(ids, lengths).isfinite().all()


def test_reversed_rows():
    values = torch.arange(10.0).reshape(2, 5, 1)
    assert reversed_rows(values, torch.tensor([3, 0])).flatten().tolist() == [2, 1, 0, 3, 4, 5, 6, 7, 8, 9]


def test_dropout_is_for_training_alone():
    reader = ReviewReader(9, 3, 4, dropout=Dropout(words=0.5, features=0.5, head=0.5))
    ids, lengths = stand_ins.pad_batch([[3, 4, 5, 6, 7]] * 20)
    assert reader(ids, lengths).std() > 0
    assert reader.eval()(ids, lengths).std() < 1e-6


def test_a_network_learns_what_order_says(corpus):
    torch.manual_seed(0)
    model = ReviewReader(8, 8, 16)
    seen = train(model, corpus, Recipe(epochs=120, batch_size=4, rate=0.02), corpus)
    assert len(seen.losses) == 240 and len(seen.accuracies) == len(seen.seconds) == 120
    assert seen.losses[-1] < 0.1 and seen.accuracies[-1] == 1 and not model.training


def test_the_same_seed_gives_the_same_training(corpus):
    losses = []
    for _ in range(2):
        torch.manual_seed(0)
        losses.append(train(ReviewReader(8, 8, 16), corpus, Recipe(epochs=3, batch_size=4), seed=5).losses)
    assert losses[0] == losses[1]


def test_logits_stand_in_the_order_of_the_reviews(corpus):
    model = stand_ins.SentimentClassifier(8, 3, 4)
    model.train()
    got = logits_of(model, corpus)
    want = torch.cat([model(*stand_ins.pad_batch([ids])) for ids in corpus.ids])
    torch.testing.assert_close(got, want.detach())
    assert model.training and not got.requires_grad


def test_accuracy_by_length(corpus):
    logits = torch.tensor([-1.0, 1, 1, 1, 1, -1, -1, -1])  # right but for the fourth (one word) and the seventh (three)
    shares = by_length(logits, corpus, (1, 2, 3, 9))
    assert shares[:3] == [0.5, 1.0, 0.75] and math.isnan(shares[3])
    assert accuracy(logits, corpus.labels) == 0.75


def test_the_probability_after_each_word():
    model = stand_ins.SentimentClassifier(9, 3, 4, bidirectional=True).train()
    got = after_each_word(model, [3, 4, 5])
    want = [torch.sigmoid(model(torch.tensor([[3, 4, 5][:end]]), torch.tensor([end]))).item() for end in (1, 2, 3)]
    assert got.tolist() == pytest.approx(want) and model.training


def test_padding_moves_the_last_output_and_not_the_packed_one():
    torch.manual_seed(0)
    model = stand_ins.SentimentClassifier(9, 3, 4).eval()
    ids, lengths = stand_ins.pad_batch([[3, 4, 5], [6]])
    packed, careless = (with_more_padding(read, ids, lengths, (0, 5, 50)) for read in (model, last_output(model)))
    assert packed.shape == careless.shape == (3, 2)
    torch.testing.assert_close(packed[0], packed[2])
    torch.testing.assert_close(careless[0, 0], packed[0, 0])  # the longest row has no padding yet
    assert (careless[0] - careless[2]).abs().min() > 1e-3


def test_the_share_of_padding():
    lengths = torch.tensor([1, 4, 2, 1])
    assert share_of_padding(lengths, [torch.tensor([0, 1]), torch.tensor([2, 3])]) == pytest.approx(1 - 8 / 12)
    assert share_of_padding(lengths, [torch.tensor([0, 3]), torch.tensor([2, 1])]) == pytest.approx(1 - 8 / 10)


def test_four_ways_to_read(corpus):
    ways = ways_to_read(corpus, 8, 3, 4, batch_size=3)
    assert tuple(ways) == WAYS
    for work in ways.values():
        work()


def test_the_plane_keeps_distances_of_what_is_flat():
    torch.manual_seed(0)
    weight = torch.randn(6, 2) @ torch.randn(2, 5)
    points, share = flat(weight, range(6))
    torch.testing.assert_close(torch.cdist(points, points), torch.cdist(weight, weight), atol=1e-4, rtol=1e-4)
    assert share == pytest.approx(1, abs=1e-5)


def test_the_real_reviews_are_prepared_from_the_training_part_alone(reviews):
    other = Reviews("made up", ("an unknown film", "good " * 500), (1, 1))
    data = prepared({"train": reviews, "test": other})
    assert "unknown" not in data.vocabulary.index and data.test.lengths.tolist() == [3, 400]
    assert data.test.ids[0][1] == 1


def test_contestants_are_of_one_size():
    for name in CONTESTANTS:
        model = contestant(name, 50)
        assert model.layers[0].hidden_size == 64 and len(model.layers) == (2 if "both" in name else 1)
    assert BEST in CONTESTANTS


@pytest.mark.parametrize(
    ("part", "places"), [(["b", "a"], (1, 2)), (["a"], (0, 0)), (["c"], None), ([], None), (["a"] * 9, None)]
)
def test_where_words_stand(part, places):
    assert where(["a", "b", "a", "b", "a"], part) == places


def test_a_careless_reader_sees_the_last_output_whatever_the_lengths():
    torch.manual_seed(0)
    reader = Careless(9, 3, 4).eval()
    ids, lengths = stand_ins.pad_batch([[3, 4, 5], [6]])
    torch.testing.assert_close(reader(ids, lengths), last_output(as_packed(reader))(ids, lengths))
    assert (reader(ids, lengths) - reader(nn.functional.pad(ids, (0, 9)), lengths)).abs().min() > 1e-4


def test_batches_as_they_come():
    lengths, source = torch.arange(10), torch.Generator().manual_seed(0)
    first, second = (as_they_come(lengths, 4, source) for _ in range(2))
    assert [len(batch) for batch in first] == [4, 4, 2] and sorted(torch.cat(first).tolist()) == list(range(10))
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_validation_reviews_are_the_last_of_either_label_or_drawn():
    texts = tuple(f"review {number}" for number in range(6000))
    made_up = Reviews("made up", texts, (0,) * 3000 + (1,) * 3000)
    data = prepared({"train": made_up, "test": made_up})
    rest, held_out = data.held_out()
    assert (len(rest), len(held_out)) == (3500, 2500) and held_out.labels.sum() == 1250
    assert rest.ids == data.train.ids[:1750] + data.train.ids[3000:4750]
    others, drawn = data.drawn_at_random()
    assert (len(others), len(drawn)) == (3500, 2500) and drawn.ids != held_out.ids


def test_without_the_real_reviews_a_line_says_how_to_bring_them(tmp_path, capsys):
    assert fetched_reviews(tmp_path) is None
    assert "python -m toolkit.data fetch imdb" in capsys.readouterr().out
