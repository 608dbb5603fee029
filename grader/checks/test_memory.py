"""What students see of the checks of tasks 2.8 and 2.9, in the notebook: a loss with a mask, a forget gate that begins open."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, check, gradients_agree, no_effects, piece
from grader.checks.test_gradients import still_require_gradients, weights_of
from grader.engine.values import Given, Seen

DOUBLE = torch.float64
SCALE = 2.0  # of logits that a network may give


# 2.8 masked_loss


def question(draw, mask: torch.Tensor, scale: float = SCALE, dtype: torch.dtype = torch.float32, grad: bool = False,
             strided: bool = False) -> tuple[Given, Given, Given]:  # fmt: skip
    """Logits, fair bits to be said, also where nobody asks, and this mask."""
    logits = Given(scale * draw.normal(*mask.shape, dtype=dtype), "logits", grad, strided)
    targets = Given(draw.integers(0, 2, *mask.shape).to(dtype), "targets", strided=strided)
    return logits, targets, Given(mask, "mask", strided=strided)


def rows(*kept: list[int], length: int = 6) -> torch.Tensor:
    """A mask that is True at these places of each row."""
    mask = torch.zeros(len(kept), length, dtype=torch.bool)
    for row, places in zip(mask, kept, strict=True):
        row[places] = True
    return mask


def losses_agree(student, reference, arguments, what: str = "the loss") -> None:
    agree(*(impl.call("masked_loss", *arguments) for impl in (student, reference)), what)


EVEN = rows([2, 3, 5], [0, 2, 4], [3, 4, 5], [1, 2, 3])


@check("2.8")
def test_masked_loss(student, reference, draw):
    """The loss is the mean of the binary cross-entropy over the steps where the mask is True, and over these alone."""
    losses_agree(student, reference, question(draw, EVEN))


@check("2.8")
def test_loss_where_everything_counts(student, reference, draw):
    """With a mask that is True everywhere it is the binary cross-entropy of all steps; one sequence of one step works."""
    for shape in ((3, 5), (1, 1)):
        losses_agree(student, reference, question(draw, torch.ones(shape, dtype=torch.bool)))


@check("2.8")
def test_loss_of_uneven_rows(student, reference, draw):
    """Every step that counts has the same weight, however many there are in its row; a row may have none."""
    losses_agree(student, reference, question(draw, rows([0, 1, 2, 4, 5], [3], [], [2, 5])))


@check("2.8")
def test_loss_where_nothing_counts(student, reference, draw):
    """Where the mask is True nowhere, the loss is 0."""
    arguments = question(draw, rows([], [], []))  # a plain number will do here
    got, want = (impl.call("props.number", impl.new("masked_loss", *arguments)) for impl in (student, reference))
    agree(got, want, "the loss")


@check("2.8")
def test_loss_of_large_logits(student, reference, draw):
    """Logits of up to ±20 or ±200 that are wrong cost as much as they are large: nothing overflows, nothing is cut off."""
    for size in (20.0, 200.0):
        logits = size * torch.tensor([[0.8, -1.0, 1.0], [-1.0, 0.7, -1.0]])  # so that no two wrong ones cost the same
        targets = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
        arguments = Given(logits, "logits"), Given(targets, "targets"), Given(rows([0, 2], [1, 2], length=3), "mask")
        losses_agree(student, reference, arguments, f"the loss for logits of up to ±{size:.0f}")


@check("2.8")
def test_gradient_of_the_masked_loss(student, reference, draw):
    """The gradient of the logits is that of the mean, and 0 where the mask is False."""
    arguments = question(draw, rows([1, 2, 5], [0], [3, 4, 5]), grad=True)
    got, want = (impl.call("masked_loss", *arguments, gradients=True) for impl in (student, reference))
    agree(got, want, "the loss")
    gradients_agree(got, want)


@check("2.8")
def test_loss_in_double(student, reference, draw):
    """The loss keeps the dtype of the logits, whatever the memory layout of the arguments."""
    losses_agree(student, reference, question(draw, EVEN, dtype=DOUBLE, strided=True))


@check("2.8", value=False)
def test_loss_leaves_things_alone(student, reference, draw):
    """Logits, targets and mask stay as they were, and no random numbers are drawn."""
    for mask in (EVEN, rows([], [])):
        no_effects(student.call("masked_loss", *question(draw, mask)))


# 2.9 open_forget_gate_


def lstm(impl, weights: dict, device: str | None = None):
    """A cell of torch's with these weights."""
    hidden, features = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    return impl.new("props.cell", "lstm", features, hidden, weights=weights, device=device)


def opened(impl, weights: dict, *biases: float):
    """A cell after these calls, one after another."""
    cell = lstm(impl, weights)
    for bias in biases:
        said = impl.call("open_forget_gate_", cell, bias)
        agree(said, Seen(said.value), "the call")
    return cell


def gate_agrees(student, reference, weights: dict, *biases: float, what: str = "the forget gate's b_ih + b_hh") -> None:
    """b_ih + b_hh of the forget gate, in which way it may be shared out between the two."""
    hidden = weights["weight_hh"].shape[1]
    got, want = (impl.call("props.summed_biases", opened(impl, weights, *biases)) for impl in (student, reference))
    agree(*(piece(seen, slice(hidden, 2 * hidden)) for seen in (got, want)), what, axes=("unit",))


@check("2.9")
def test_forget_gate_is_open(student, reference, draw):
    """Afterwards b_ih + b_hh of the forget gate, the second of the four, is `bias` for every unit."""
    gate_agrees(student, reference, weights_of(draw, "lstm", 3, 5), 1.0)


@check("2.9", value=False)
def test_other_gates_stay(student, reference, draw):
    """The biases of the other three gates, and all weights, stay as they were."""
    weights = weights_of(draw, "lstm", 3, 5)
    got, want = (impl.call("props.but_the_forget_gate", opened(impl, weights, 1.0)) for impl in (student, reference))
    agree(got, want, "the parameters but for the forget gate's biases")


@check("2.9")
def test_forget_gates_of_other_sizes(student, reference, draw):
    """It works for any number of units, one included, and for any bias."""
    for (features, hidden), bias in (((1, 1), 2.0), ((2, 8), -1.5), ((4, 3), 3)):
        what = f"with H = {hidden} and bias = {bias:g}, the forget gate's b_ih + b_hh"
        gate_agrees(student, reference, weights_of(draw, "lstm", features, hidden), bias, what=what)


@check("2.9")
def test_bias_is_set_and_not_added(student, reference, draw):
    """The bias is set, whatever it was before: a second call with another value leaves that one."""
    gate_agrees(student, reference, weights_of(draw, "lstm", 2, 4), 2.0, 0.5, what="after 2 and then 0.5, b_ih + b_hh")


@check("2.9")
def test_forget_gate_in_double(student, reference, draw):
    """A cell in double precision stays in it."""
    weights = weights_of(draw, "lstm", 3, 4, DOUBLE)
    gate_agrees(student, reference, weights, 0.1)
    got, want = (impl.call("props.but_the_forget_gate", opened(impl, weights, 0.1)) for impl in (student, reference))
    agree(got, want, "the parameters but for the forget gate's biases")


@check("2.9", value=False)
def test_biases_are_set_in_place(student, reference, draw):
    """The biases are set in place, in the parameters that an optimiser may hold already, and still require gradients."""
    weights = weights_of(draw, "lstm", 3, 4)
    cell = lstm(student, weights)
    held = student.new("props.parameter_list", cell)
    said = student.call("open_forget_gate_", cell, 1.0)
    agree(said, Seen(said.value), "the call")
    now, kept = student.call("props.parameters", cell), student.call("props.noted", held)
    found = answer(now, dict, "the dict of parameters")
    names = tuple(f"the tensor that was {name} before the call" for name in found)
    agree(kept, Seen(list(found.values())), "the parameters from before the call", names)
    still_require_gradients(student, found)


@check("2.9", value=False)
def test_opening_leaves_things_alone(student, reference, draw):
    """The weights and the .grad of all parameters stay as they were, and no random numbers are drawn."""
    weights = weights_of(draw, "lstm", 3, 4)
    cells = [lstm(impl, weights) for impl in (student, reference)]
    for impl, cell in zip((student, reference), cells, strict=True):
        impl.call("props.fill_gradients", cell)
    no_effects(*(impl.call("open_forget_gate_", cell, 1.0)
                 for impl, cell in zip((student, reference), cells, strict=True)))  # fmt: skip
