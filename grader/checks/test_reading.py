"""What students see of the checks of tasks 3.3, 3.5, 3.6 and 3.8: embeddings, a classifier, a mean, an evaluation."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, agree_on_device, answer, check, expect, gradients_agree, no_effects, piece, raises
from grader.compare import close
from grader.engine.values import Array, Given, Seen

DOUBLE = torch.float64
ROWS = {"rnn": 1, "gru": 3, "lstm": 4}  # blocks of H rows in a recurrent layer's weights
UNEVEN = (3, 6, 1, 4, 2)  # lengths that are in no order


def filled(array: torch.Tensor) -> Seen:
    """A tensor as if it had been answered."""
    return Seen(Array(array, tuple(array.shape), str(array.dtype), "cpu"))


# 3.3 Embedding


def table(draw, rows: int, size: int, padding: int = 0, dtype: torch.dtype = torch.float32) -> dict:
    """A weight whose row for the padding is zero, as it is at the start and ever after."""
    weight = draw.normal(rows, size, dtype=dtype)
    weight[padding] = 0
    return {"weight": weight}


def looked_up(
    impl, weights: dict, ids: torch.Tensor, *padding: int, strided: bool = False, gradients: bool = False
) -> Seen:
    module = impl.new("Embedding", *weights["weight"].shape, *padding, weights=weights)
    return module(Given(ids, "ids", strided=strided), gradients=gradients)


def vectors_agree(student, reference, weights: dict, ids: torch.Tensor, *padding: int, gradients: bool = False,
                  strided: bool = False) -> None:  # fmt: skip
    """Both look up the same vectors, and where asked with the same gradient behind them."""
    got, want = (looked_up(impl, weights, ids, *padding, gradients=gradients, strided=strided)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the result", axes=("batch", "time", "unit")[-want.value.data.dim() :])
    if gradients:
        gradients_agree(with_a_gradient(got, want), want)


def with_a_gradient(got: Seen, want: Seen) -> Seen:
    """Where padding alone is looked up no gradient has to arrive: that is as good as one of zeros."""
    expected = want.gradients["weight"]
    if (got.gradients or {}).get("weight") is None and not expected.data.any():
        return Seen(got.value, gradients={"weight": expected})
    return got


@check("3.3")
def test_rows_are_looked_up(student, reference, draw):
    """Each id gets its row of the weight: what one-hot vectors times the weight would give."""
    vectors_agree(student, reference, table(draw, 7, 3), draw.integers(0, 7, 4, 5))


@check("3.3")
def test_ids_of_any_shape(student, reference, draw):
    """The ids may have any shape, one number alone included: the vectors stand in a new axis behind."""
    weights = table(draw, 6, 4)
    for shape in ((), (5,), (1,), (2, 3, 2), (1, 1)):
        vectors_agree(student, reference, weights, draw.integers(1, 6, *shape))


@check("3.3")
def test_no_ids(student, reference, draw):
    """Where there are no ids there are no vectors, and the axis behind has its size all the same."""
    for shape in ((0,), (2, 0), (0, 3)):
        vectors_agree(student, reference, table(draw, 6, 4), torch.zeros(shape, dtype=torch.int64))


@check("3.3")
def test_one_row_and_one_unit(student, reference, draw):
    """Vectors of one number keep their axis, and so do those of a table with few rows."""
    vectors_agree(student, reference, table(draw, 5, 1), draw.integers(0, 5, 3, 4))
    vectors_agree(student, reference, table(draw, 2, 3), draw.integers(0, 2, 3, 4))


@check("3.3")
def test_padding_is_looked_up_as_well(student, reference, draw):
    """The padding's id gets its row of the weight too, whatever stands there: only the gradient is kept away from it."""
    ids = torch.cat([torch.zeros(3, 1, dtype=torch.int64), draw.integers(0, 6, 3, 4)], dim=1)
    vectors_agree(student, reference, {"weight": draw.normal(6, 3)}, ids)


@check("3.3")
def test_gradient_of_the_rows(student, reference, draw):
    """The gradient of a row is the sum over all places where its id stands, and zero where it stands nowhere."""
    ids = 1 + draw.integers(0, 4, 3, 4)  # twelve ids of four words, none of them padding
    vectors_agree(student, reference, table(draw, 7, 3), ids, gradients=True)


@check("3.3")
def test_padding_gets_no_gradient(student, reference, draw):
    """The row of the padding gets no gradient, however often it is looked up; the other rows get theirs."""
    weights = table(draw, 5, 3)
    ids = torch.cat([draw.integers(1, 5, 3, 3), torch.zeros(3, 2, dtype=torch.int64)], dim=1)
    vectors_agree(student, reference, weights, ids, gradients=True)
    vectors_agree(student, reference, weights, torch.zeros_like(ids), gradients=True)


@check("3.3")
def test_another_padding_idx(student, reference, draw):
    """With another padding_idx that row gets no gradient, and row 0 is a word's as any other."""
    for padding in (2, 4):
        ids = torch.tensor([0, padding, 1, 0, 3]) + torch.zeros(2, 1, dtype=torch.int64)
        vectors_agree(student, reference, table(draw, 5, 3, padding), ids, padding, gradients=True)
    vectors_agree(student, reference, {"weight": draw.normal(5, 3)}, ids, padding, gradients=True)


@check("3.3")
def test_vectors_in_double(student, reference, draw):
    """The vectors have the dtype of the weight, whatever the memory layout of the ids."""
    weights = table(draw, 6, 3, dtype=DOUBLE)
    vectors_agree(student, reference, weights, draw.integers(0, 6, 3, 4), gradients=True, strided=True)


@check("3.3", value=False)
def test_weight_at_the_start(student, reference, draw):
    """The only parameter is weight (V, E): zero in the row of the padding, and elsewhere finite and not all alike."""
    for padding in ((), (3,)):
        made = answer(student.new("Embedding", 6, 4, *padding).parameters(), dict, "the dict of parameters")
        weight = made.get("weight")
        shapes = {name: getattr(array, "shape", None) for name, array in made.items()}
        expect(shapes == {"weight": (6, 4)}, f"the parameters are {shapes}, expected {{'weight': (6, 4)}}")
        row = (*padding, 0)[0]
        others = torch.cat([weight.data[:row], weight.data[row + 1 :]])
        expect(not weight.data[row].any(), f"with padding_idx {row}, row {row} of weight is not zero at the start")
        expect(bool(others.isfinite().all()), "weight is not finite at the start")
        expect(len(others.unique(dim=0)) > 1, "every row of weight is the same at the start")


@check("3.3", value=False)
def test_looking_up_leaves_things_alone(student, reference, draw):
    """Looking up changes neither the ids nor the weight, be the padding's row zero or not."""
    ids = torch.cat([draw.integers(0, 5, 3, 3), torch.zeros(3, 2, dtype=torch.int64)], dim=1)
    for weights in (table(draw, 5, 3), {"weight": draw.normal(5, 3)}):
        no_effects(looked_up(student, weights, ids))


# 3.5 SentimentClassifier


def classifier_weights(draw, cell: str, bidirectional: bool = False, words: int = 9, size: int = 3, hidden: int = 4,
                       dtype: torch.dtype = torch.float32) -> dict:  # fmt: skip
    """Weights of every part. The row of the padding is not zero: so it shows where padding is read."""
    shapes = {"embedding.weight": (words, size)}
    for end in ("", "_reverse")[: 1 + bidirectional]:
        rows = ROWS[cell] * hidden
        shapes |= {f"rnn.weight_ih_l0{end}": (rows, size), f"rnn.weight_hh_l0{end}": (rows, hidden)}
        shapes |= {f"rnn.bias_ih_l0{end}": (rows,), f"rnn.bias_hh_l0{end}": (rows,)}
    shapes |= {"head.weight": (1, (1 + bidirectional) * hidden), "head.bias": (1,)}
    return draw.weights(shapes, dtype) | {"head.weight": draw.normal(*shapes["head.weight"], dtype=dtype)}


def classifier(impl, weights: dict, cell: str, bidirectional: bool = False, device: str | None = None):
    (words, size), hidden = weights["embedding.weight"].shape, weights["rnn.weight_hh_l0"].shape[1]
    return impl.new("SentimentClassifier", words, size, hidden, cell, bidirectional, weights=weights, device=device)


def reviews(draw, lengths, width: int | None = None, words: int = 9, garbage: bool = False) -> tuple[Given, Given]:
    """Ids of words, behind each row's end padding, or garbage; and the lengths."""
    lengths = torch.tensor(lengths)
    width = max(1, int(lengths.max())) if width is None else width
    ids = draw.integers(2, words, len(lengths), width)
    if not garbage:
        ids[torch.arange(width) >= lengths[:, None]] = 0
    return Given(ids, "ids"), Given(lengths, "lengths")


def logits_agree(student, reference, weights: dict, batch: tuple, cell: str, bidirectional: bool = False, what: str = "the logit",
                 gradients: bool = False) -> None:  # fmt: skip
    got, want = (classifier(impl, weights, cell, bidirectional)(*batch, gradients=gradients)
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, what, axes=("batch",))
    if gradients:
        gradients_agree(got, want)


@check("3.5")
def test_logits_of_an_lstm(student, reference, draw):
    """With an LSTM each logit is the head of h after the last real word of its review, be the lengths in any order."""
    logits_agree(student, reference, classifier_weights(draw, "lstm"), reviews(draw, UNEVEN), "lstm")


@check("3.5")
def test_logits_of_other_cells(student, reference, draw):
    """With an RNN and with a GRU it is the same; their state is one tensor, and no pair."""
    for cell in ("rnn", "gru"):
        weights = classifier_weights(draw, cell)
        logits_agree(student, reference, weights, reviews(draw, UNEVEN), cell, what=f"the logit ({cell})")


@check("3.5")
def test_logits_of_two_directions(student, reference, draw):
    """With two directions the head gets the forward state after the last word, then the backward state after the first."""
    weights = classifier_weights(draw, "lstm", True)
    logits_agree(student, reference, weights, reviews(draw, UNEVEN), "lstm", True)


@check("3.5")
def test_logits_of_two_directions_of_other_cells(student, reference, draw):
    """With two directions of an RNN or a GRU it is the same."""
    for cell in ("rnn", "gru"):
        weights = classifier_weights(draw, cell, True)
        logits_agree(student, reference, weights, reviews(draw, UNEVEN), cell, True, what=f"the logit ({cell})")


@check("3.5")
def test_reviews_of_one_length(student, reference, draw):
    """Reviews of one length, or in the order of their lengths, either way, get the same logits as any."""
    for lengths, bidirectional in (((4, 4, 4), True), ((5, 3, 2, 2), False), ((1, 2, 4), True)):
        weights = classifier_weights(draw, "gru", bidirectional)
        logits_agree(student, reference, weights, reviews(draw, lengths), "gru", bidirectional)


@check("3.5")
def test_a_single_review(student, reference, draw):
    """A single review, or reviews of a single word, give logits (N,): one axis, also for a batch of one."""
    for lengths, bidirectional in (((5,), False), ((5,), True), ((1, 1, 1), True), ((1,), False)):
        weights = classifier_weights(draw, "lstm", bidirectional)
        logits_agree(student, reference, weights, reviews(draw, lengths), "lstm", bidirectional)


@check("3.5")
def test_more_padding(student, reference, draw):
    """More padding than the longest review needs changes nothing."""
    for cell, bidirectional in (("lstm", False), ("gru", True)):
        weights = classifier_weights(draw, cell, bidirectional)
        logits_agree(student, reference, weights, reviews(draw, UNEVEN, width=9), cell, bidirectional)


@check("3.5")
def test_what_stands_behind_the_end(student, reference, draw):
    """What stands behind a review's end counts for nothing: only `lengths` says where that is."""
    for cell, bidirectional in (("lstm", False), ("rnn", True)):
        weights = classifier_weights(draw, cell, bidirectional)
        logits_agree(student, reference, weights, reviews(draw, UNEVEN, 7, garbage=True), cell, bidirectional)


@check("3.5")
def test_empty_reviews(student, reference, draw):
    """A review of length 0 gets a finite logit, the same in every batch, and the others' logits stay what they are."""
    for cell, bidirectional in (("lstm", False), ("gru", True)):
        empty_is_steady(student, reference, draw, cell, bidirectional)


def empty_is_steady(student, reference, draw, cell: str, bidirectional: bool) -> None:
    """What an empty review's logit is, is free; it has to be one number, whatever stands beside it."""
    weights = classifier_weights(draw, cell, bidirectional)
    batches = [reviews(draw, lengths) for lengths in ((3, 0, 5, 2), (0, 1), (0,), (0, 0))]
    models = [classifier(impl, weights, cell, bidirectional) for impl in (student, reference)]
    first = None
    for batch in batches:
        got, want = (model(*batch) for model in models)
        lengths = batch[1].tensor
        empty = lengths == 0
        agree(got, Seen(got.value), "the logit")
        expect(isinstance(got.value, Array) and got.value.shape == want.value.shape,
               f"the logits of lengths {lengths.tolist()} have shape {getattr(got.value, 'shape', None)}, "
               f"expected {want.value.shape}")  # fmt: skip
        found = got.value.data[empty]
        expect(
            bool(found.isfinite().all()), f"the logit of an empty review is {found[0].item():g}, expected a finite one"
        )
        first = first or (found[0], lengths.tolist())
        alike = close(found, first[0].expand_as(found), "torch.float32")
        expect(bool(alike.all()), f"the logit of an empty review is {first[0]:g} with lengths {first[1]} and "
               f"{found[~alike][:1].sum():g} with lengths {lengths.tolist()}: it has to be the same in every batch")  # fmt: skip
        agree(piece(got, ~empty), piece(want, ~empty), "the logit of another review")


@check("3.5")
def test_gradients_of_the_classifier(student, reference, draw):
    """Gradients reach every parameter with the right values, and none comes from what stands behind a review's end."""
    for cell, bidirectional in (("lstm", False), ("gru", True)):
        batch = reviews(draw, UNEVEN, 7, garbage=True)
        logits_agree(
            student,
            reference,
            classifier_weights(draw, cell, bidirectional),
            batch,
            cell,
            bidirectional,
            gradients=True,
        )


@check("3.5")
def test_logits_in_double(student, reference, draw):
    """Logits and gradients keep to double precision."""
    weights = classifier_weights(draw, "lstm", True, dtype=DOUBLE)
    logits_agree(student, reference, weights, reviews(draw, UNEVEN), "lstm", True, gradients=True)


@check("3.5", value=False)
def test_a_call_leaves_nothing_behind(student, reference, draw):
    """The same batch gets the same logits at every call, in training mode and in evaluation mode."""
    weights, batch = classifier_weights(draw, "lstm"), reviews(draw, UNEVEN)
    model, again = (classifier(impl, weights, "lstm") for impl in (student, reference))
    want = again(*batch)
    for mode in (True, False, True):
        student.call("props.train", model, mode)
        agree(model(*batch), want, f"the logit in {'training' if mode else 'evaluation'} mode", axes=("batch",))


@check("3.5", value=False)
def test_reading_leaves_things_alone(student, reference, draw):
    """Ids and lengths stay as they came, and so do the mode and the parameters; no random numbers are drawn."""
    for lengths in (UNEVEN, (2, 0, 3)):
        no_effects(classifier(student, classifier_weights(draw, "gru", True), "gru", True)(*reviews(draw, lengths)))


@check("3.5", value=False)
def test_cells_that_there_are(student, reference, draw):
    """A cell that is not "rnn", "lstm" or "gru" is a ValueError."""
    for cell in ("transformer", "LSTM"):
        raises(student.call("SentimentClassifier", 9, 3, 4, cell), "ValueError", f"cell={cell!r}")


@check("3.5", value=False)
def test_lengths_stay_on_the_cpu(student, reference, draw):
    """The model and the ids may lie on another device than the lengths, which packing wants on the CPU."""
    ids, lengths = reviews(draw, UNEVEN)
    model = classifier(student, classifier_weights(draw, "lstm", True), "lstm", True, "meta")
    seen = model(ids, student.new("props.on_the_cpu", lengths.tensor, device="cpu"), device="meta")
    if seen.failure is not None and "Cannot copy out of meta tensor" in seen.failure.message:
        return  # torch's own pad_packed_sequence takes an order to the CPU, which has no values there
    agree_on_device(seen, Seen(Array(None, (len(UNEVEN),), "torch.float32", "meta")), "the logit")


# 3.6 masked_mean


def sequences(draw, lengths, width: int, features: int = 3, dtype: torch.dtype = torch.float32, padding: float | None = None,
              grad: bool = False, strided: bool = False) -> tuple[Given, Given]:  # fmt: skip
    """Values, of which those behind the end are like the others, or all `padding`; and the lengths."""
    lengths = torch.tensor(lengths)
    values = draw.normal(len(lengths), width, features, dtype=dtype)
    if padding is not None:
        values[torch.arange(width) >= lengths[:, None]] = padding
    return Given(values, "values", grad, strided), Given(lengths, "lengths", strided=strided)


def means_agree(student, reference, arguments: tuple, what: str = "the mean", gradients: bool = False) -> None:
    got, want = (impl.call("masked_mean", *arguments, gradients=gradients) for impl in (student, reference))
    agree(got, want, what, axes=("batch", "feature"))
    if gradients:
        gradients_agree(got, want)


@check("3.6")
def test_means_of_the_real_steps(student, reference, draw):
    """The mean of a row is taken over its first `length` steps, be the lengths in any order."""
    means_agree(student, reference, sequences(draw, UNEVEN, 7))


@check("3.6")
def test_means_of_whole_rows(student, reference, draw):
    """Where no row has padding it is the mean over all steps."""
    for lengths, width in (((4, 4, 4), 4), ((1, 1), 1)):
        means_agree(student, reference, sequences(draw, lengths, width))


@check("3.6")
def test_mean_of_one_row(student, reference, draw):
    """One row, one real step, one feature: all axes stay."""
    for lengths, width, features in (((3,), 5, 2), ((1, 1), 4, 3), ((2, 3, 1), 3, 1), ((1,), 1, 1)):
        means_agree(student, reference, sequences(draw, lengths, width, features))


@check("3.6")
def test_means_beside_nan(student, reference, draw):
    """Padding may hold anything, NaN and infinity too: none of it counts."""
    for padding in (float("nan"), float("inf"), -float("inf"), 1e30):
        what = f"with {padding:g} behind the end, the mean"
        means_agree(student, reference, sequences(draw, UNEVEN, 7, padding=padding), what)


@check("3.6")
def test_zeros_among_the_real_steps(student, reference, draw):
    """A real step counts even if it holds nothing but zeros."""
    values, lengths = sequences(draw, (3, 5, 2), 5)
    values.tensor[:, 1] = 0
    means_agree(student, reference, (values, lengths))


@check("3.6")
def test_means_of_empty_rows(student, reference, draw):
    """A row of length 0 gives zeros, whatever stands in it, and the other rows their means."""
    for lengths, padding in (((2, 0, 4), None), ((0, 0), None), ((0, 3, 0), float("nan"))):
        means_agree(student, reference, sequences(draw, lengths, 4, padding=padding))


@check("3.6")
def test_gradients_of_the_means(student, reference, draw):
    """The gradient of each real step is that of the mean, and 0 behind the end, also where NaN stands there."""
    for padding in (None, float("nan"), float("inf")):
        arguments = sequences(draw, (3, 5, 1), 5, padding=padding, grad=True)
        means_agree(student, reference, arguments, gradients=True)


@check("3.6")
def test_gradients_of_empty_rows(student, reference, draw):
    """The gradient in a row of length 0 is 0, not NaN."""
    for padding in (None, float("nan")):
        arguments = sequences(draw, (2, 0, 4), 4, padding=padding, grad=True)
        means_agree(student, reference, arguments, gradients=True)


@check("3.6")
def test_means_in_double(student, reference, draw):
    """The means keep to the dtype of the values, whatever the memory layout of the arguments."""
    means_agree(
        student, reference, sequences(draw, (4, 0, 3), 5, dtype=DOUBLE, strided=True, grad=True), gradients=True
    )


@check("3.6", value=False)
def test_averaging_leaves_things_alone(student, reference, draw):
    """Values and lengths stay as they were, also behind the end."""
    for padding in (None, float("nan")):
        no_effects(student.call("masked_mean", *sequences(draw, (2, 0, 4), 4, padding=padding)))


# 3.8 evaluate

WORDS = 12


def verdicts(draw) -> dict:
    """What each word says: none of them nothing, and half of them for each side."""
    size = 0.2 + draw.normal(WORDS).abs()
    return {"weight": torch.where(torch.arange(WORDS) % 2 == 0, size, -size)}


def labelled(draw, *sizes: int, width: int = 4, dtype: torch.dtype = torch.int64) -> list[tuple]:
    """Batches of these sizes: ids, lengths, labels. Two reviews in three have label 1."""
    return [batch_of(draw.integers(0, WORDS, size, width), draw.integers(1, width + 1, size),
                     (draw.integers(0, 3, size) > 0).to(dtype)) for size in sizes]  # fmt: skip


def batch_of(*tensors: torch.Tensor) -> tuple[Given, ...]:
    return tuple(Given(tensor, name) for tensor, name in zip(tensors, ("ids", "lengths", "labels"), strict=True))


def critic(impl, weights: dict, *options, mode: bool = True):
    """The stand-in for a classifier, in training mode or not."""
    model = impl.new("props.Critic", len(weights["weight"]), *options, weights=weights)
    impl.call("props.train", model, mode)
    return model


def counts_agree(
    student, reference, weights: dict, batches: list, what: str = "the confusion matrix", mode: bool = True
) -> None:
    got, want = (impl.call("evaluate", critic(impl, weights, mode=mode), batches) for impl in (student, reference))
    agree(got, want, what, axes=("label", "answer"))


@check("3.8")
def test_counts(student, reference, draw):
    """Entry [i, j] counts the reviews with label i that get answer j, as int64."""
    counts_agree(student, reference, verdicts(draw), labelled(draw, 40, 40), mode=False)


@check("3.8")
def test_counts_in_evaluation_mode(student, reference, draw):
    """A model that comes in training mode is asked in evaluation mode: training drops words here, as dropout would."""
    counts_agree(student, reference, verdicts(draw), labelled(draw, 40, 40, 40))


@check("3.8")
def test_counts_of_uneven_batches(student, reference, draw):
    """Every review counts once, however large its batch is: counts are summed over batches."""
    counts_agree(student, reference, verdicts(draw), labelled(draw, 17, 5, 1), mode=False)


@check("3.8")
def test_counts_of_one_review(student, reference, draw):
    """One batch is enough, and so is one review; what never occurs is counted 0."""
    weights = verdicts(draw)
    for word in (0, 1):
        for label in (0, 1):
            batch = batch_of(torch.tensor([[word, word]]), torch.tensor([2]), torch.tensor([label]))
            counts_agree(student, reference, weights, [batch], mode=False)


@check("3.8")
def test_a_logit_of_zero(student, reference, draw):
    """A logit of exactly 0 is answer 0, and the smallest one above it answer 1: no other threshold."""
    weights = verdicts(draw)
    weights["weight"][:4] = torch.tensor([0.0, 1e-6, -1e-6, 0.3])
    words = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0])
    labels = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0])
    ids = words[:, None].expand(9, 2).contiguous()  # each word twice: what training leaves out decides nothing here
    counts_agree(student, reference, weights, [batch_of(ids, torch.full((9,), 2), labels)], mode=False)


@check("3.8")
def test_counts_of_a_generator(student, reference, draw):
    """The batches may come from a generator, which has no length and is gone after one pass."""
    weights, batches = verdicts(draw), labelled(draw, 9, 4)
    got, want = (impl.call("evaluate", critic(impl, weights, mode=False), impl.new("props.one_by_one", batches))
                 for impl in (student, reference))  # fmt: skip
    agree(got, want, "the confusion matrix", axes=("label", "answer"))


@check("3.8")
def test_counts_of_nothing(student, reference, draw):
    """Without any batch all four counts are 0."""
    counts_agree(student, reference, verdicts(draw), [])


@check("3.8")
def test_labels_of_other_types(student, reference, draw):
    """Labels may be int64, as floats that a loss wants, or bool: the counts are the same."""
    weights = verdicts(draw)
    for dtype in (torch.float32, torch.bool):
        what = f"with labels of {str(dtype).removeprefix('torch.')}, the confusion matrix"
        counts_agree(student, reference, weights, labelled(draw, 12, 7, dtype=dtype), what, mode=False)


@check("3.8", value=False)
def test_mode_is_put_back(student, reference, draw):
    """Afterwards the model is in the mode in which it came, be it training or evaluation; nothing else is changed."""
    for mode in (True, False):
        no_effects(student.call("evaluate", critic(student, verdicts(draw), mode=mode), labelled(draw, 3, 2)))


@check("3.8", value=False)
def test_no_gradients_are_recorded(student, reference, draw):
    """The model is asked without recording gradients, and in evaluation mode, for every batch."""
    model = critic(student, verdicts(draw))
    seen = student.call("evaluate", model, labelled(draw, 3, 2))
    agree(seen, Seen(seen.value), "the confusion matrix")
    asked = answer(student.call("props.how_asked", model), list, "the list of calls")
    expect(bool(asked), "the model was never asked")
    expect(not any(gradients for _, gradients in asked), "gradients were recorded while the model was asked")
    expect(not any(training for training, _ in asked), "the model was asked in training mode")


@check("3.8", value=False)
def test_mode_is_put_back_after_an_exception(student, reference, draw):
    """Where the model raises in the middle, the exception goes on to the caller, and the mode is put back all the same."""
    for mode in (True, False):
        model = critic(student, verdicts(draw), 2, mode=mode)
        raises(
            student.call("evaluate", model, labelled(draw, 3, 2, 4)), "FloatingPointError", "a model that raises one"
        )
        now = student.call("props.in_training", model)
        agree(now, Seen(mode), "after the exception, model.training")
