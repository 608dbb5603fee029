"""What a recurrent network costs: parameters, multiply-adds, memory kept for the backward pass."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["GATES", "hidden_for", "kept_for_backward", "multiply_adds", "parameter_count"]

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}  # how many products with x and with h one step makes


def parameter_count(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def hidden_for(kind: str, features: int, parameters: int) -> int:
    """The hidden size at which an RNN, GRU or LSTM of one layer comes closest to so many parameters.

    Each gate has H rows, with F + H weights and two biases each: G · H · (F + H + 2) parameters in all.
    """
    if kind not in GATES:
        raise ValueError(f"kind is {kind!r}, expected one of {', '.join(GATES)}")
    gates, rest = GATES[kind], features + 2
    below = int((rest**2 / 4 + parameters / gates) ** 0.5 - rest / 2)  # the root of G · H · (H + rest) = parameters
    return max(1, min((below, below + 1), key=lambda hidden: abs(gates * hidden * (hidden + rest) - parameters)))


def multiply_adds(rnn: nn.Module) -> int:
    """Multiplications, each with its addition, in one step of one sequence: as many as its weight matrices have entries.

    Counted are the products W_ih x and W_hh h alone. Biases and what happens unit by unit, such as sigmoid, tanh and
    the gates' own products, come to a few operations for each row and are left out; so is the backward pass, which
    takes about twice as many multiply-adds again.
    """
    return sum(parameter.numel() for parameter in rnn.parameters() if parameter.dim() == 2)


def kept_for_backward(network: nn.Module, x: torch.Tensor) -> float:
    """Bytes that autograd keeps from the forward pass for the backward pass, for each step of each sequence of x (N, L, F).

    A storage counts once and as a whole, also where only a view into it is kept. The network's parameters and x itself
    don't count: they are there anyway. What a layer of torch's keeps for its own backward pass counts, since it is handed
    to autograd as a tensor, like the workspace of the LSTM on the CPU.
    """
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage  # held, so that its place isn't used again
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(x)
    for known in (x, *network.parameters()):
        kept.pop(known.untyped_storage().data_ptr(), None)
    return sum(storage.nbytes() for storage in kept.values()) / (x.shape[0] * x.shape[1])
