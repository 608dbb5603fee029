"""The models of notebook 1: a recurrent network with a linear layer on every state, and a feed-forward one to compare."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Forecaster", "LastStep", "WindowNetwork"]


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


class LastStep(nn.Module):
    """A model of sequences of which only the prediction at the last step counts: y has shape (N, 1, F)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor, state: torch.Tensor | None = None):
        y, state = self.model(x, state)
        return y[:, -1:], state


class WindowNetwork(nn.Module):
    """A feed-forward network: sees a window (N, length, 1) at once, one weight for each place, and has no state."""

    def __init__(self, length: int, hidden_size: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(length, hidden_size), nn.Tanh(), nn.Linear(hidden_size, 1))

    def forward(self, x: torch.Tensor, state: None = None):
        return self.layers(x)[:, :, None], state
