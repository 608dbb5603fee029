"""The networks of notebook 2 and the weights that they begin with: RNN, LSTM and GRU, as torch draws them and otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from toolkit.memory import Reader, Task
from toolkit.swift import SwiftRNN

__all__ = ["CONTESTANTS", "begun", "chrono_", "contestant", "open_keeping_gate_", "orthogonal_"]

HIDDEN = 32


def orthogonal_(rnn: nn.Module, task: Task) -> None:
    """W_hh turns the state and neither shortens nor lengthens it (Saxe et al., 2014)."""
    nn.init.orthogonal_(rnn.weight_hh_l0)


def open_keeping_gate_(rnn: nn.Module, task: Task, bias: float) -> None:
    """The gate that keeps begins open: an LSTM's forget gate or a GRU's update gate, each the second in its weights.

    σ(1) = 0.73, σ(2) = 0.88 (Gers et al., 2000; Jozefowicz et al., 2015).
    """
    _set_bias(rnn, 1, bias)


def chrono_(rnn: nn.Module, task: Task) -> None:
    """Every unit begins with a span of its own, uniform up to the sequence's length (Tallec and Ollivier, 2018).

    A gate that is open by σ(log s) = s / (1 + s) lets a memory fade over about s steps. An LSTM's input gate gets the
    opposite bias.
    """
    span = torch.rand(rnn.hidden_size) * max(task.length - 2, 1) + 1
    _set_bias(rnn, 1, span.log())
    if isinstance(rnn, nn.LSTM):
        _set_bias(rnn, 0, -span.log())


def _set_bias(rnn: nn.Module, gate: int, bias: float | torch.Tensor) -> None:
    """b_ih + b_hh of one gate."""
    rows = slice(gate * rnn.hidden_size, (gate + 1) * rnn.hidden_size)
    with torch.no_grad():
        rnn.bias_ih_l0[rows] = bias
        rnn.bias_hh_l0[rows] = 0


# name → (the network, what is done to the weights that torch drew)
CONTESTANTS: dict[str, tuple[type[nn.Module], Callable | None]] = {
    "RNN": (nn.RNN, None),
    "RNN, orthogonal": (nn.RNN, orthogonal_),
    "LSTM": (nn.LSTM, None),
    "LSTM, forget bias 2": (nn.LSTM, partial(open_keeping_gate_, bias=2.0)),
    "LSTM, chrono": (nn.LSTM, chrono_),
    "GRU": (nn.GRU, None),
    "GRU, update bias 2": (nn.GRU, partial(open_keeping_gate_, bias=2.0)),
}


def contestant(name: str, task: Task, seed: int = 0, hidden_size: int = HIDDEN) -> Reader:
    """The network of this name, with fresh weights."""
    return begun(*CONTESTANTS[name], task, seed, hidden_size)


def begun(
    make: type[nn.Module], begin: Callable | None, task: Task, seed: int = 0, hidden_size: int = HIDDEN
) -> Reader:
    """A network with the weights that torch draws, changed by `begin(rnn, task)`."""
    torch.manual_seed(seed)
    rnn = SwiftRNN(task.features, hidden_size) if make is nn.RNN else make(task.features, hidden_size, batch_first=True)
    if begin is not None:
        begin(rnn, task)
    return Reader(rnn, hidden_size)
