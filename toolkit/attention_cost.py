"""What it costs to look at a sequence: step by step with additive attention, all at once, or not at all."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import torch
from torch import nn

from toolkit.cost import kept_for_backward
from toolkit.timing import one_thread, side_by_side

__all__ = ["WAYS", "AtOnce", "OnlyState", "Stepped", "attention_costs"]


class Stepped(nn.Module):
    """A cell that attends to the whole sequence before each step, and reads what it saw: steps have to wait for each other.

    Args:
        attention: an additive attention as in task 5.2, made for D features.
        features: D.
    """

    def __init__(self, attention: nn.Module, features: int):
        super().__init__()
        self.attention = attention
        self.cell = nn.GRUCell(2 * features, features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, L, D) → states (N, L, D)."""
        state, states = torch.zeros_like(x[:, 0]), []
        mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        for step in x.unbind(dim=1):
            context, _ = self.attention(state, x, mask)
            state = self.cell(torch.cat([step, context], dim=1), state)
            states.append(state)
        return torch.stack(states, dim=1)


class AtOnce(nn.Module):
    """Self-attention as in task 5.9, causal: no step waits for another."""

    def __init__(self, self_attention: Callable, features: int):
        super().__init__()
        self.self_attention = self_attention
        draws = torch.randn(3, features, features, generator=torch.Generator().manual_seed(0))
        self.weights = nn.ParameterList((draws / features**0.5).unbind())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, L, D) → (N, L, D)."""
        return self.self_attention(x, *self.weights, causal=True)[0]


class OnlyState(nn.Module):
    """A GRU, which sees what went before in its state alone."""

    def __init__(self, features: int):
        super().__init__()
        self.rnn = nn.GRU(features, features, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, L, D) → states (N, L, D)."""
        return self.rnn(x)[0]


WAYS = ("additive, stepped", "self-attention, at once", "GRU, no attention")


def attention_costs(
    attention: nn.Module,
    self_attention: Callable,
    features: int,
    lengths: Sequence[int],
    rows: int = 4,
    repeats: int = 3,
) -> list[dict]:
    """Milliseconds of a forward and a backward pass, and MiB kept in between, for each way and each length.

    Args:
        attention: an additive attention as in task 5.2, made for D features.
        self_attention: a function as in task 5.9.
        features: D.
        lengths: L, of the sequences.
        rows: N.
        repeats: times that each is measured, in turns; the median counts.
    """
    made = (Stepped(attention, features), AtOnce(self_attention, features), OnlyState(features))
    networks = dict(zip(WAYS, made, strict=True))
    found = []
    for length in lengths:
        x = torch.randn(rows, length, features, generator=torch.Generator().manual_seed(length))
        with one_thread():
            turns = side_by_side({way: _pass(network, x) for way, network in networks.items()}, repeats, warmups=1)
        for way, network in networks.items():
            kept = kept_for_backward(network, x) * rows * length / 2**20
            found.append({"way": way, "length": length, "milliseconds": 1000 * statistics.median(turns[way]),
                          "MiB": kept})  # fmt: skip
    return found


def _pass(network: nn.Module, x: torch.Tensor) -> Callable[[], None]:
    def forward_and_backward() -> None:
        network(x).sum().backward()
        network.zero_grad()

    return forward_and_backward
