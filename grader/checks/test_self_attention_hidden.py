"""The hidden checks of task 5.9: a longer sequence, another device."""

from __future__ import annotations

from grader.checks.kit import agree_on_device, check
from grader.checks.test_self_attention import LOOKED, looks_agree, projected
from grader.engine.values import Array, Seen


@check("5.9", hidden=True)
def test_longer_sequences(student, reference, draw):
    """Longer sequences with more features are as right as short ones."""
    x, *matrices = projected(draw, 4, 23, (8, 6, 7))
    for matrix in matrices:
        matrix.tensor.mul_(0.4)
    for causal in (False, True):
        looks_agree(student, reference, (x, *matrices), causal)


@check("5.9", value=False, hidden=True)
def test_self_attention_on_another_device(student, reference, draw):
    """Outputs and weights are where x is."""
    want = Seen(tuple(Array(None, shape, "torch.float32", "meta") for shape in ((2, 4, 3), (2, 4, 4))))
    for causal in (False, True):
        seen = student.call("self_attention", *projected(draw, 2, 4), causal, device="meta")
        agree_on_device(seen, want, "the result", LOOKED)
