"""A recurrent network that does for all steps at once what needs no state, to be timed beside one that doesn't."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["FusedRNN"]


class FusedRNN(nn.Module):
    """The outputs of `torch.nn.RNN` with one layer, its parameters under the names of a cell.

    The input's product W_ih x + b_ih + b_hh needs no state: it is one matrix product for all steps. In the loop remain
    the product with W_hh and the tanh.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size)

    def forward(self, x: torch.Tensor, h0: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """x (N, L, F) → outputs (N, L, H) and the last state (N, H)."""
        cell = self.cell
        driven = x @ cell.weight_ih.T + (cell.bias_ih + cell.bias_hh)  # (N, L, H)
        h, states = x.new_zeros(len(x), cell.hidden_size) if h0 is None else h0, []
        for driven_t in driven.unbind(dim=1):
            h = torch.tanh(driven_t + h @ cell.weight_hh.T)
            states.append(h)
        return torch.stack(states, dim=1), h
