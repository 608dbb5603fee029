"""What the gates of an LSTM cell do on one sequence."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["gates_of", "holders"]


@torch.no_grad()
def gates_of(cell: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gates and the state at every step, (L, H) each: "i", "f", "g", "o", "c" and "h".

    Args:
        cell: an LSTM cell with torch's parameters, `cell(x_t, (h, c)) -> (h, c)`.
        x: (L, F), one sequence.
    """
    state = (x.new_zeros(1, cell.hidden_size),) * 2
    rows = []
    for x_t in x[:, None]:
        a = x_t @ cell.weight_ih.T + cell.bias_ih + state[0] @ cell.weight_hh.T + cell.bias_hh
        i, f, g, o = a[0].chunk(4)
        state = cell(x_t, state)
        rows.append((i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), state[1][0], state[0][0]))
    return {name: torch.stack(values) for name, values in zip("ifgoch", zip(*rows, strict=True), strict=True)}


def holders(zero: torch.Tensor, one: torch.Tensor, count: int) -> list[int]:
    """The units whose cell state tells two sequences apart best, from the first step to the last: the longest memory first.

    Args:
        zero, one: cell states (L, H) on two sequences that differ in the marked bit alone.
        count: how many units.
    """
    return (one - zero).abs().sum(dim=0).argsort(descending=True)[:count].tolist()
