"""The parts of task 5.9, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, expect, part, piece
from grader.checks.parts_attention import near, tensor_in
from grader.checks.test_self_attention import projected
from grader.engine.values import Given, Seen

ROWS, PLACES = 2, 4


def looked(impl, given: tuple, causal: bool = False) -> Seen:
    return impl.call("self_attention", *given, causal)


def weights_in(seen: Seen) -> torch.Tensor:
    return tensor_in(seen, 1, ROWS, PLACES, PLACES)


@part("5.9", "the products of queries and keys where A is 1")
def part_products(student, reference, draw):
    """There is nothing to scale."""
    given = projected(draw, ROWS, PLACES, (5, 1, 3))
    agree(*(piece(looked(impl, given), 1) for impl in (student, reference)))


@part("5.9", "the scale")
def part_scale(student, reference, draw):
    """Four features that are alike make scores twice as large as one, whatever these are."""
    x, w_query, w_key, w_value = projected(draw, ROWS, PLACES, (5, 1, 3))
    single, many = (
        weights_in(looked(student, (x, Given(queries, "w_query"), Given(keys, "w_key"), w_value)))
        for queries, keys in ((2 * w_query.tensor, w_key.tensor),
                              (w_query.tensor.expand(-1, 4).clone(), w_key.tensor.expand(-1, 4).clone()))
    )  # fmt: skip
    expect(near(single, many), "another scale")


@part("5.9", "the sum of each row of the weights")
def part_rows(student, reference, draw):
    found = weights_in(looked(student, projected(draw, ROWS, PLACES)))
    expect(bool((found > 0).all()) and near(found.sum(dim=-1), torch.ones(ROWS, PLACES)), "no shares of 1")


@part("5.9", "the sum of each row where nothing ahead is seen")
def part_causal_rows(student, reference, draw):
    found = weights_in(looked(student, projected(draw, ROWS, PLACES), True))
    expect(near(found.sum(dim=-1), torch.ones(ROWS, PLACES)), "no shares of 1")


@part("5.9", "the zeros ahead")
def part_zeros_ahead(student, reference, draw):
    found = weights_in(looked(student, projected(draw, ROWS, PLACES), True))
    expect(not found.triu(1).any(), "other numbers")


@part("5.9", "all places up to its own")
def part_seen(student, reference, draw):
    """No weight is 0 there; the last place sees all, as without `causal`."""
    given = projected(draw, ROWS, PLACES)
    found, free = (weights_in(looked(student, given, causal)) for causal in (True, False))
    expect(bool((found.tril() != 0)[:, torch.ones(PLACES, PLACES).tril().bool()].all()), "something is hidden")
    expect(near(found[:, -1], free[:, -1]), "the last place sees something else")


@part("5.9", "the outputs as sums of the values with these weights")
def part_outputs(student, reference, draw):
    """Whatever they are."""
    x, w_query, w_key, w_value = projected(draw, ROWS, PLACES)
    for causal in (False, True):
        seen = looked(student, (x, w_query, w_key, w_value), causal)
        want = weights_in(seen) @ (x.tensor @ w_value.tensor)
        expect(near(tensor_in(seen, 0, ROWS, PLACES, 3), want), "other sums")
