"""What students see of the checks of task 5.9, in the notebook: every place of a sequence looks at every place."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, check, gradients_agree, no_effects, piece
from grader.checks.test_attention import none_but_zeros
from grader.engine.values import Given, Seen

DOUBLE = torch.float64
LOOKED = ("outputs", "weights")
SIZES = 5, 4, 3  # D, A, K


def projected(draw, rows: int, places: int, sizes: tuple[int, int, int] = SIZES, dtype: torch.dtype = torch.float32,
              grad: bool = False, strided: bool = False) -> tuple[Given, ...]:  # fmt: skip
    """A batch of sequences, and the three matrices."""
    features, compared, values = sizes
    options = {"dtype": dtype, "grad": grad, "strided": strided}
    return (draw.given("x", rows, places, features, **options), draw.given("w_query", features, compared, **options),
            draw.given("w_key", features, compared, **options), draw.given("w_value", features, values, **options))  # fmt: skip


def looks_agree(student, reference, given: tuple, *causal: bool, gradients: bool = False) -> Seen:
    got, want = (impl.call("self_attention", *given, *causal, gradients=gradients) for impl in (student, reference))
    what = "the causal result" if causal == (True,) else "the result"
    agree(got, want, what, LOOKED, ("batch", "query", "key"))
    if gradients:
        gradients_agree(got, want)
    return got


@check("5.9")
def test_every_place_looks_at_every_place(student, reference, draw):
    """Row l of the weights is the softmax of q_l · k_s / √A over s; outputs are the values, weighted by it."""
    looks_agree(student, reference, projected(draw, 2, 6), False)


@check("5.9")
def test_self_attention_with_one_size(student, reference, draw):
    """It holds as well where D, A and K are one number, and so are rows and places."""
    looks_agree(student, reference, projected(draw, 4, 4, (4, 4, 4)), False)


@check("5.9")
def test_scores_are_scaled(student, reference, draw):
    """Scores are divided by √A, the size of queries and keys: not by that of x, of the values, or by the length."""
    for sizes in ((2, 9, 3), (9, 2, 4), (3, 1, 2)):
        looks_agree(student, reference, projected(draw, 2, 5, sizes), False)


@check("5.9")
def test_no_place_looks_ahead(student, reference, draw):
    """With `causal` a place looks at itself and at those before it: weights are exactly 0 beyond, and sum to 1."""
    for rows, places in ((2, 6), (3, 3)):
        got = looks_agree(student, reference, projected(draw, rows, places, dtype=DOUBLE), True)
        ahead = torch.ones(rows, places, places).triu(1).bool()
        none_but_zeros(piece(got, 1), ahead, "a weight", "ahead of its place")


@check("5.9")
def test_causal_may_be_left_out(student, reference, draw):
    """Without `causal` every place is seen, as with False."""
    looks_agree(student, reference, projected(draw, 3, 4))


@check("5.9")
def test_self_attention_of_one_place(student, reference, draw):
    """A single place looks at itself; it keeps its axes, as a single sequence does, and sizes of 1."""
    for rows, places, sizes in ((3, 1, SIZES), (1, 4, SIZES), (1, 1, SIZES), (2, 3, (1, 1, 1))):
        given = projected(draw, rows, places, sizes)
        for causal in (False, True):
            looks_agree(student, reference, given, causal)


@check("5.9")
def test_large_scores_ahead(student, reference, draw):
    """Scores of thousands neither overflow nor vanish, also where those that lie ahead are by far the largest."""
    x, w_query, w_key, w_value = projected(draw, 2, 4, (4, 2, 3))
    x.tensor[..., 0] = torch.tensor([13.0, 8.0, 5.0, 3.0])
    for matrix, scale in ((w_query, -10.0), (w_key, 10.0)):  # q_l · k_s is −200 times the product of these
        matrix.tensor[:] = 0
        matrix.tensor[0] = scale
    for causal in (True, False):
        looks_agree(student, reference, (x, w_query, w_key, w_value), causal)


@check("5.9")
def test_gradients_of_self_attention(student, reference, draw):
    """Gradients reach x and the three matrices with the right values, and none comes from ahead."""
    for causal in (False, True):
        looks_agree(student, reference, projected(draw, 2, 4, grad=True), causal, gradients=True)


@check("5.9")
def test_self_attention_in_double(student, reference, draw):
    """In double precision it is exact to double precision, whatever the memory layout."""
    given = projected(draw, 3, 5, dtype=DOUBLE, grad=True, strided=True)
    for causal in (False, True):
        looks_agree(student, reference, given, causal, gradients=True)


@check("5.9", value=False)
def test_self_attention_leaves_things_alone(student, reference, draw):
    """x and the matrices stay as they came, and no random numbers are drawn."""
    for causal in (False, True):
        no_effects(student.call("self_attention", *projected(draw, 2, 4), causal))
