"""The model of notebook 1: a recurrent network, and a linear layer that reads a prediction off every state."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Forecaster"]


class Forecaster(nn.Module):
    """Predicts the next step at every step.

    Args:
        rnn: `rnn(x (N, L, F), state) -> (outputs (N, L, H), state)`, your `RNN` or torch's with the batch first.
        hidden_size: H.
        features: F.
    """

    def __init__(self, rnn: nn.Module, hidden_size: int, features: int = 1):
        super().__init__()
        self.rnn = rnn
        self.head = nn.Linear(hidden_size, features)

    def forward(self, x: torch.Tensor, state: torch.Tensor | None = None):
        """x (N, L, F) and a state → y (N, L, F) and the new state; y[:, t] predicts the step after x[:, t]."""
        outputs, state = self.rnn(x, state)
        return self.head(outputs), state
