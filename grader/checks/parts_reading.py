"""The parts of tasks 3.3, 3.5, 3.6 and 3.8, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, expect, part, piece
from grader.checks.test_reading import (
    classifier,
    classifier_weights,
    critic,
    filled,
    looked_up,
    reviews,
    sequences,
    table,
)
from grader.engine.values import Array, Given, Seen

# 3.3: looking up

WORDS = torch.tensor([[3, 1, 4], [2, 5, 1]])  # id 1 stands twice, and none is the padding
WITH_PADDING = torch.tensor([[3, 1, 0], [2, 0, 0]])


def gradient_rows(impl, weights: dict, ids: torch.Tensor, rows: slice | int, *padding: int) -> Seen:
    """Some rows of the gradient of the weight; none that arrives is one of zeros."""
    seen = looked_up(impl, weights, ids, *padding, gradients=True)
    agree(seen, Seen(seen.value))
    found = (seen.gradients or {}).get("weight")
    data = torch.zeros(6, 3) if found is None else found.data
    return filled(data[rows])


@part("3.3", "the row of a single word")
def part_row_of_a_word(student, reference, draw):
    weights = table(draw, 6, 3)
    agree(*(flat(looked_up(impl, weights, torch.tensor([[4]]))) for impl in (student, reference)))


def flat(seen: Seen) -> Seen:
    """The numbers alone, whatever the axes."""
    return filled(answer(seen, Array, "the vectors").data.reshape(-1))


@part("3.3", "the rows of many words")
def part_rows_of_words(student, reference, draw):
    weights = table(draw, 6, 3)
    agree(*(looked_up(impl, weights, WORDS) for impl in (student, reference)))


@part("3.3", "the row of the padding")
def part_row_of_the_padding(student, reference, draw):
    weights = {"weight": draw.normal(6, 3)}
    agree(*(flat(looked_up(impl, weights, torch.tensor([[0]]))) for impl in (student, reference)))


@part("3.3", "ids with another number of axes")
def part_other_axes(student, reference, draw):
    weights = table(draw, 6, 3)
    for shape in ((6,), (1, 2, 3), ()):
        ids = WORDS.flatten()[: max(1, len(shape) and 6)].reshape(shape)
        agree(*(looked_up(impl, weights, ids) for impl in (student, reference)))


@part("3.3", "the gradient of a word that stands once")
def part_gradient_of_a_word(student, reference, draw):
    gradients_agree_in(student, reference, draw, WORDS, 3)


def gradients_agree_in(student, reference, draw, ids: torch.Tensor, rows: slice | int, *padding: int) -> None:
    weights = table(draw, 6, 3, *padding)
    agree(*(gradient_rows(impl, weights, ids, rows, *padding) for impl in (student, reference)))


@part("3.3", "the gradient of a word that stands twice")
def part_gradient_of_a_word_twice(student, reference, draw):
    gradients_agree_in(student, reference, draw, WORDS, 1)


@part("3.3", "the gradient of the padding's row")
def part_gradient_of_the_padding(student, reference, draw):
    agree(gradient_rows(student, table(draw, 6, 3), WITH_PADDING, 0), filled(torch.zeros(3)))


@part("3.3", "the gradient of words beside padding")
def part_gradient_beside_padding(student, reference, draw):
    gradients_agree_in(student, reference, draw, WITH_PADDING, slice(1, 6))


@part("3.3", "the gradient where padding_idx is another")
def part_gradient_of_another_padding(student, reference, draw):
    gradients_agree_in(student, reference, draw, WITH_PADDING, slice(0, 6), 2)


# 3.5: reading; whether there is an axis too many is no matter here


def logits_of(impl, weights: dict, batch: tuple, cell: str, bidirectional: bool = False) -> Seen:
    seen = classifier(impl, weights, cell, bidirectional)(*batch)
    return filled(answer(seen, Array, "the logits").data.reshape(-1))


def one_length(student, reference, draw, cell: str) -> None:
    weights, batch = classifier_weights(draw, cell), reviews(draw, (4, 4, 4))
    agree(*(logits_of(impl, weights, batch, cell) for impl in (student, reference)))


@part("3.5", "an RNN where nothing is padded")
def part_rnn(student, reference, draw):
    one_length(student, reference, draw, "rnn")


@part("3.5", "a GRU where nothing is padded")
def part_gru(student, reference, draw):
    one_length(student, reference, draw, "gru")


@part("3.5", "an LSTM where nothing is padded")
def part_lstm(student, reference, draw):
    one_length(student, reference, draw, "lstm")


@part("3.5", "the head")
def part_head(student, reference, draw):
    """The state is zero, or the same everywhere: an RNN of zeros with a bias gives tanh of it at every step."""
    for bias in (0.0, 0.5):
        weights = classifier_weights(draw, "rnn")
        weights |= {name: torch.zeros_like(value) for name, value in weights.items() if name.startswith("rnn.")}
        weights["rnn.bias_ih_l0"] += bias
        batch = reviews(draw, (3, 3))
        agree(*(logits_of(impl, weights, batch, "rnn") for impl in (student, reference)))


def padded(student, reference, draw, lengths, width: int | None, garbage: bool = False) -> None:
    weights, batch = classifier_weights(draw, "gru"), reviews(draw, lengths, width, garbage=garbage)
    agree(*(logits_of(impl, weights, batch, "gru") for impl in (student, reference)))


@part("3.5", "the leaving out of padding behind a single review")
def part_padding(student, reference, draw):
    padded(student, reference, draw, (3,), 6)


@part("3.5", "the leaving out of other ids behind the end")
def part_garbage(student, reference, draw):
    """The same logits as with padding there, whatever they are."""
    weights, (ids, lengths) = classifier_weights(draw, "gru"), reviews(draw, (5, 3, 2))
    other = torch.where(torch.arange(5) < lengths.tensor[:, None], ids.tensor, 7)
    plain, beside = (logits_of(student, weights, (given, lengths), "gru") for given in (ids, Given(other, "ids")))
    agree(beside, plain)


@part("3.5", "a review of length 0")
def part_empty_review(student, reference, draw):
    """Its logit is a number, and the same wherever it stands."""
    weights = classifier_weights(draw, "gru")
    first, second = (logits_of(student, weights, reviews(draw, lengths), "gru") for lengths in ((4, 0), (0, 1, 2)))
    logit = piece(first, slice(1, 2))
    expect(bool(answer(logit, Array, "the logit").data.isfinite().all()), "no number")
    agree(piece(second, slice(0, 1)), logit)


@part("3.5", "reviews of falling lengths")
def part_falling_lengths(student, reference, draw):
    padded(student, reference, draw, (5, 3, 2), None)


@part("3.5", "reviews in another order than that of their lengths")
def part_order(student, reference, draw):
    """The same logits as in the order of their lengths, whatever they are."""
    weights, (ids, lengths) = classifier_weights(draw, "gru"), reviews(draw, (5, 4, 2))
    order = torch.tensor([2, 0, 1])
    sorted_first = logits_of(student, weights, (ids, lengths), "gru")
    other = logits_of(
        student, weights, (Given(ids.tensor[order], "ids"), Given(lengths.tensor[order], "lengths")), "gru"
    )
    agree(other, piece(sorted_first, order))


def one_direction(student, reference, draw, half: slice, lengths) -> None:
    """Two directions, of which the head sees one."""
    weights, batch = classifier_weights(draw, "gru", True), reviews(draw, lengths)
    kept = torch.zeros_like(weights["head.weight"])
    kept[:, half] = weights["head.weight"][:, half]
    weights["head.weight"] = kept
    agree(*(logits_of(impl, weights, batch, "gru", True) for impl in (student, reference)))


@part("3.5", "the forward direction of two")
def part_forward(student, reference, draw):
    one_direction(student, reference, draw, slice(0, 4), (4, 4))


@part("3.5", "the backward direction of two")
def part_backward(student, reference, draw):
    one_direction(student, reference, draw, slice(4, 8), (4, 4))


@part("3.5", "the forward direction of two beside padding")
def part_forward_beside_padding(student, reference, draw):
    one_direction(student, reference, draw, slice(0, 4), (5, 3))


@part("3.5", "the backward direction of two beside padding")
def part_backward_beside_padding(student, reference, draw):
    one_direction(student, reference, draw, slice(4, 8), (5, 3))


# 3.6: averaging


def mean_of(impl, arguments: tuple, gradients: bool = False) -> Seen:
    return impl.call("masked_mean", *arguments, gradients=gradients)


@part("3.6", "the mean of rows without padding")
def part_whole_rows(student, reference, draw):
    arguments = sequences(draw, (4, 4), 4)
    agree(*(mean_of(impl, arguments) for impl in (student, reference)))


@part("3.6", "the number that a row's sum is divided by")
def part_number_of_steps(student, reference, draw):
    """Where padding is zeros, nothing else can be wrong."""
    arguments = sequences(draw, (2, 4, 3), 5, padding=0.0)
    agree(*(mean_of(impl, arguments) for impl in (student, reference)))


@part("3.6", "the leaving out of numbers behind the end")
def part_left_out(student, reference, draw):
    """Whatever it is that comes out: other numbers there don't change it."""
    some, others = (sequences(draw, (2, 4, 3), 5) for _ in range(2))
    steps = torch.arange(5) < some[1].tensor[:, None]
    others[0].tensor[steps] = some[0].tensor[steps]
    first, second = (mean_of(student, arguments) for arguments in (some, others))
    agree(first, Seen(answer(second, Array, "the means")))


@part("3.6", "the leaving out of NaN and infinity behind the end")
def part_nan(student, reference, draw):
    """The same as beside zeros, whatever that is."""
    values, lengths = sequences(draw, (2, 4, 3), 5, padding=0.0)
    zeros = answer(mean_of(student, (values, lengths)), Array, "the means")
    for padding in (float("nan"), float("inf")):
        beside = values.tensor.clone()
        beside[torch.arange(5) >= lengths.tensor[:, None]] = padding
        agree(mean_of(student, (Given(beside, "values"), lengths)), Seen(zeros))


@part("3.6", "the last real step")
def part_last_step(student, reference, draw):
    """It is the only one that is not zero."""
    values, lengths = sequences(draw, (2, 4, 3), 5, padding=0.0)
    values.tensor[torch.arange(5) != lengths.tensor[:, None] - 1] = 0
    agree(*(mean_of(impl, (values, lengths)) for impl in (student, reference)))


@part("3.6", "the zeros of a row of length 0")
def part_empty_row(student, reference, draw):
    arguments = sequences(draw, (0, 2), 3)
    agree(piece(mean_of(student, arguments), 0), filled(torch.zeros(3)))


# 3.8: counting

SAID = torch.tensor([0.7, -0.4, 0.0, 1.3, 0.2])  # what words 0 to 4 say


def one_word(*pairs: tuple[int, int]) -> tuple[torch.Tensor, ...]:
    """A batch of reviews of one word each, with their labels."""
    words, labels = zip(*pairs, strict=True)
    return torch.tensor(words)[:, None], torch.ones(len(words), dtype=torch.int64), torch.tensor(labels)


def counted(impl, batches, mode: bool = False) -> torch.Tensor:
    """The four counts, whatever their type."""
    seen = impl.call("evaluate", critic(impl, {"weight": SAID}, mode=mode), batches)
    found = answer(seen, Array, "the counts")
    expect(found.shape == (2, 2), "another shape")
    return found.data.double()


def comes_to(found: torch.Tensor, want: list[list[int]]) -> None:
    expect(found.tolist() == [[float(entry) for entry in row] for row in want], "other counts")


@part("3.8", "a positive review with a positive answer")
def part_both_positive(student, reference, draw):
    comes_to(counted(student, [one_word((0, 1))]), [[0, 0], [0, 1]])


@part("3.8", "a negative review with a negative answer")
def part_both_negative(student, reference, draw):
    comes_to(counted(student, [one_word((1, 0))]), [[1, 0], [0, 0]])


@part("3.8", "a positive review with a negative answer")
def part_missed(student, reference, draw):
    comes_to(counted(student, [one_word((1, 1))]), [[0, 0], [1, 0]])


@part("3.8", "a negative review with a positive answer")
def part_false_alarm(student, reference, draw):
    comes_to(counted(student, [one_word((0, 0))]), [[0, 1], [0, 0]])


@part("3.8", "the answer for a logit of 0")
def part_zero(student, reference, draw):
    comes_to(counted(student, [one_word((2, 0))]), [[1, 0], [0, 0]])


@part("3.8", "the answer for a small logit above 0")
def part_small(student, reference, draw):
    comes_to(counted(student, [one_word((4, 1))]), [[0, 0], [0, 1]])


@part("3.8", "the counts of several reviews in a batch")
def part_several(student, reference, draw):
    comes_to(counted(student, [one_word((0, 1), (3, 1), (1, 0), (1, 0), (1, 1), (0, 0))]), [[2, 1], [1, 2]])


@part("3.8", "the sum over batches of one size")
def part_sum_over_batches(student, reference, draw):
    """Twice what the batch alone has, whatever that is."""
    batch = one_word((0, 1), (1, 0), (1, 1), (3, 1))
    alone, twice = counted(student, [batch]), counted(student, [batch, batch])
    expect(bool(alone.any()) and torch.equal(twice, 2 * alone), "not twice as much")


@part("3.8", "the sum over batches of unequal sizes")
def part_sum_over_uneven_batches(student, reference, draw):
    """What they have apart, whatever that is."""
    one, other = one_word((0, 1), (1, 0), (1, 1)), one_word((3, 1))
    both = counted(student, [one, other])
    expect(bool(both.any()) and torch.equal(both, counted(student, [one]) + counted(student, [other])), "not the sum")


@part("3.8", "the evaluation mode in which the model is asked")
def part_mode(student, reference, draw):
    """It comes to the same in which mode the model comes."""
    batch = one_word((0, 1), (1, 0), (3, 1), (1, 1))
    expect(torch.equal(*(counted(student, [batch], mode) for mode in (True, False))), "another answer in training mode")


@part("3.8", "the length up to which each review is read")
def part_lengths(student, reference, draw):
    """Its first word alone says yes, its first two together no, and all three yes again."""
    words, lengths = torch.tensor([[4, 1, 3]] * 3), torch.tensor([1, 2, 3])
    comes_to(counted(student, [(words, lengths, torch.ones(3, dtype=torch.int64))]), [[0, 0], [1, 2]])


@part("3.8", "labels that are floats or truth values")
def part_types_of_labels(student, reference, draw):
    """The same as with whole numbers, whatever that is."""
    ids, lengths, labels = one_word((0, 1), (1, 0), (1, 1), (3, 1))
    found = [counted(student, [(ids, lengths, labels.to(kind))]) for kind in (torch.int64, torch.float32, torch.bool)]
    expect(all(torch.equal(found[0], other) for other in found), "another")


@part("3.8", "the reading of a generator")
def part_generator(student, reference, draw):
    """The same as from a list, whatever that is."""
    batches = [one_word((0, 1), (1, 0)), one_word((3, 1))]
    expect(
        torch.equal(counted(student, batches), counted(student, student.new("props.one_by_one", batches))), "another"
    )
