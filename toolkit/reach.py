"""How far back a gradient reaches, by each path, and what the Jacobians of the steps make of it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["by_path", "cell_of", "singular_values"]


def by_path(cell: Callable, x: torch.Tensor) -> dict[str, list[float]]:
    """The norms of the gradient of `outputs[:, -1].sum()` at the parts of each earlier state, nearest first.

    Args:
        cell: `cell(x_t, state) -> state`, as in task 2.4.
        x: (N, L, F).

    Returns:
        "h", and "c" where the state is a pair: L − 1 norms each, as shares of the norm √(N·H) at the last output itself.
        Each is what arrives at one part while the other part of the same step is held fixed.
    """
    kept, state = [], None
    with torch.enable_grad():
        for x_t in x.unbind(dim=1):
            state = _apart(cell(x_t, state))
            kept.append(_parts(state))
        h = kept[-1][0]
        leaves = [part for parts in kept[:-1] for part in parts]
        grads = torch.autograd.grad(h.sum(), leaves, materialize_grads=True)
    width, whole = len(kept[-1]), h.numel() ** 0.5
    norms = [grad.norm().item() / whole for grad in grads]
    return {name: norms[place::width][::-1] for place, name in zip(range(width), "hc", strict=False)}


def _parts(state) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def _apart(state):
    """The same state, each part as a node of its own: what flows on from h is told from what flows on from c."""
    if isinstance(state, tuple):
        return tuple(_apart(part) for part in state)
    return (state if state.requires_grad else state.requires_grad_()) + 0


def singular_values(cell: Callable, x: torch.Tensor) -> dict[str, list[float]]:
    """The largest, the middle and the smallest singular value of the product of the last 1, 2, … steps' Jacobians.

    A step's Jacobian says how the whole state after it, h and perhaps c, moves with the whole state before it.

    Args:
        cell: as in `by_path`; its rows do not look at each other.
        x: (L, F), one sequence.
    """
    jacobians = _jacobians(cell, x.double())
    product, rows = torch.eye(len(jacobians[0]), dtype=torch.float64, device=x.device), []
    for jacobian in reversed(jacobians):
        product = product @ jacobian
        rows.append(torch.linalg.svdvals(product))
    names = {"largest": 0, "middle": len(rows[0]) // 2, "smallest": -1}
    return {name: [values[place].item() for values in rows] for name, place in names.items()}


def _jacobians(cell: Callable, x: torch.Tensor) -> list[torch.Tensor]:
    """∂state_t / ∂state_{t−1} for t = 2, …, L. The batch holds as many copies of the state as it has entries."""
    state = cell(x[:1], None)
    found = []
    for x_t in x[1:, None]:
        before = tuple(part.detach() for part in _parts(state))
        size = sum(part.shape[1] for part in before)
        copies = [part.expand(size, -1).clone().requires_grad_() for part in before]
        after = cell(x_t.expand(size, -1), tuple(copies) if isinstance(state, tuple) else copies[0])
        whole = torch.cat(_parts(after), dim=1)  # (size, size), all rows alike
        grads = torch.autograd.grad(whole.diagonal().sum(), copies, materialize_grads=True)
        found.append(torch.cat(grads, dim=1))
        state = tuple(part[:1].detach() for part in after) if isinstance(after, tuple) else after[:1].detach()
    return found


def cell_of(make: Callable[[int, int], nn.Module], rnn: nn.Module) -> nn.Module:
    """A cell with the weights of one of torch's networks of one layer, such as `nn.LSTM`."""
    cell = make(rnn.input_size, rnn.hidden_size).to(next(rnn.parameters()))
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in rnn.state_dict().items()})
    return cell
