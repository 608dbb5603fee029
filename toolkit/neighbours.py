"""What lies near what in an embedding."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["flat", "nearest", "similarities"]


def similarities(weight: torch.Tensor, number: int) -> torch.Tensor:
    """(V,): the cosine of the angle between one row of the weight (V, E) and every row; 0 for rows of zeros."""
    rows = torch.nn.functional.normalize(weight.detach().cpu(), dim=1)
    return rows @ rows[number]


def nearest(
    weight: torch.Tensor, number: int, count: int, among: Sequence[int] | None = None
) -> list[tuple[int, float]]:
    """The rows (id, cosine) that point most nearly the same way as one row, the nearest first, without that row.

    Args:
        among: the ids that may be named; all but the two special ones if it is None.
    """
    allowed = torch.tensor(list(range(2, len(weight)) if among is None else among))
    allowed = allowed[allowed != number]
    near = similarities(weight, number)[allowed]
    found = near.topk(min(count, len(near)))
    return [
        (allowed[place].item(), value)
        for value, place in zip(found.values.tolist(), found.indices.tolist(), strict=True)
    ]


def flat(weight: torch.Tensor, numbers: Sequence[int]) -> tuple[torch.Tensor, float]:
    """Some rows of the weight in the plane in which they lie farthest apart (principal components; Pearson, 1901).

    Returns:
        (len(numbers), 2), and the share of their variance that the plane keeps.
    """
    rows = weight.detach().cpu()[list(numbers)]
    rows = rows - rows.mean(dim=0)
    left, sizes, _ = torch.linalg.svd(rows, full_matrices=False)
    signs = (
        left[:, :2].sum(dim=0).sign()
    )  # a direction may come out either way: the heavier side is the right or upper one
    points = left[:, :2] * sizes[:2] * torch.where(signs == 0, 1, signs)
    return points, (sizes[:2].square().sum() / sizes.square().sum().clamp(min=1e-12)).item()
