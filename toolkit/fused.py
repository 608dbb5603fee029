"""Recurrent networks that do for all steps at once what needs no state, to be timed beside cells in a loop."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["FusedGRU", "FusedLSTM", "FusedRNN"]


class Fused(nn.Module):
    """The outputs of one of torch's networks with one layer, its parameters under the names of a cell.

    The input's product W_ih x and the biases need no state: they are one matrix product for all steps, `driven`. In the
    loop remain one product with W_hh, for all gates together, and the gates, in as few calls of torch as it takes.
    """

    make: type[nn.Module]  # holds the parameters

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = self.make(input_size, hidden_size)

    def forward(self, x: torch.Tensor, state=None) -> tuple[torch.Tensor, object]:
        """x (N, L, F) and a state of the cell's kind → outputs (N, L, H) and the last state."""
        state = self.start(x.new_zeros(len(x), self.cell.hidden_size)) if state is None else state
        outputs = []
        for driven_t in (x @ self.cell.weight_ih.T + self.bias()).unbind(dim=1):
            state = self.step(driven_t, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs, dim=1), state

    def start(self, zeros: torch.Tensor):
        return zeros

    def bias(self) -> torch.Tensor:
        """What the biases add to `driven`."""
        return self.cell.bias_ih + self.cell.bias_hh

    def step(self, driven_t: torch.Tensor, state):
        """The next state."""
        raise NotImplementedError


class FusedRNN(Fused):
    """As `torch.nn.RNN`."""

    make = nn.RNNCell

    def step(self, driven_t: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(driven_t + h @ self.cell.weight_hh.T)


class FusedLSTM(Fused):
    """As `torch.nn.LSTM`, its state a pair (h, c) of (N, H)."""

    make = nn.LSTMCell

    def start(self, zeros: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return zeros, zeros

    def step(self, driven_t: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor]) -> tuple:
        h, c = state
        i, f, g, o = torch.addmm(driven_t, h, self.cell.weight_hh.T).chunk(4, dim=1)
        c = torch.addcmul(i.sigmoid() * g.tanh(), f.sigmoid(), c)
        return o.sigmoid() * c.tanh(), c


class FusedGRU(Fused):
    """As `torch.nn.GRU`."""

    make = nn.GRUCell

    def bias(self) -> torch.Tensor:
        return self.cell.bias_ih  # b_hh belongs to the product with the state: r acts on both

    def step(self, driven_t: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        sizes = [2 * self.cell.hidden_size, self.cell.hidden_size]
        read, read_n = driven_t.split(sizes, dim=1)
        held, held_n = torch.addmm(self.cell.bias_hh, h, self.cell.weight_hh.T).split(sizes, dim=1)
        r, z = (read + held).sigmoid().chunk(2, dim=1)
        n = torch.addcmul(read_n, r, held_n).tanh()
        return torch.lerp(n, h, z)  # from n to h, by the share z
