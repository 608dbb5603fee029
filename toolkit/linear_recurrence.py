"""A recurrence that is linear in its state, as state-space models have it: step by step, or in log₂ L sweeps over all steps.

Shapes: N batch, L length, F features, H hidden size.
"""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["LinearRecurrence", "one_by_one", "sweeps"]


def one_by_one(keep: torch.Tensor, add: torch.Tensor) -> torch.Tensor:
    """h_t = keep_t ⊙ h_{t−1} + add_t from h_0 = 0, a step after the other: (N, L, H) both, and so are the states."""
    h, states = torch.zeros_like(add[:, 0]), []
    for keep_t, add_t in zip(keep.unbind(dim=1), add.unbind(dim=1), strict=True):
        h = keep_t * h + add_t
        states.append(h)
    return torch.stack(states, dim=1)


def sweeps(keep: torch.Tensor, add: torch.Tensor) -> torch.Tensor:
    """The same states in log₂ L sweeps (Hillis and Steele, 1986).

    Two steps of such a recurrence are one step of the same kind: keep keep′, add′ + keep′ add. So after each sweep every place
    holds what twice as many steps do together.
    """
    length, reach = add.shape[1], 1
    while reach < length:
        earlier = [nn.functional.pad(part[:, :-reach], (0, 0, reach, 0)) for part in (keep, add)]
        add = torch.addcmul(add, keep, earlier[1])
        keep = keep * earlier[0]  # 0 at places that have reached the beginning, where there is nothing to keep
        reach *= 2
    return add


class LinearRecurrence(nn.Module):
    """h_t = a_t ⊙ h_{t−1} + (1 − a_t) ⊙ (W_n x_t + b_n) with a_t = σ(W_a x_t + b_a): a GRU whose gates see the input alone.

    Called like one of torch's layers with one layer, batch first, but always from zeros.

    Args:
        input_size: F.
        hidden_size: H.
        bias: what b_a begins with; above 0 the gates begin open for keeping.
        scan: `sweeps` or `one_by_one`.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: float = 0.0, scan=sweeps):
        super().__init__()
        self.gate = nn.Linear(input_size, hidden_size)
        self.new = nn.Linear(input_size, hidden_size)
        self.scan = scan
        nn.init.constant_(self.gate.bias, bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x (N, L, F) → outputs (N, L, H) and the last state (N, H)."""
        keep = self.gate(x).sigmoid()
        outputs = self.scan(keep, (1 - keep) * self.new(x))
        return outputs, outputs[:, -1]
