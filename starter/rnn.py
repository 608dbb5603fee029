# This file is yours to edit: put your code in the place of the `raise` below each TODO.
# To see how a task stands, run check("1.1") in the notebook, or in a terminal: python -m grader check 1.1
"""A recurrent network from its equations: windows, one step, a sequence, its gradients by hand, a forecast.

Shapes: N batch, T length of a series, L length of a sequence, F features, H hidden size. Batch first.

Under Raises stands what the course's own version refuses. The checks ask for it in `make_windows` alone.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["RNN", "RNNCell", "bptt", "forecast", "make_windows"]


def make_windows(series: torch.Tensor, length: int, horizon: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut a series into overlapping windows, and into the windows that lie `horizon` steps later.

    Args:
        series: (T, F), or (T,) for a single feature.
        length: L, the steps in one window.
        horizon: how many steps the targets lie ahead of the inputs.

    Returns:
        inputs (N, L, F) and targets (N, L, F), one window per start, N = T − L − horizon + 1. Window i of the
        inputs begins at step i of the series, window i of the targets at step i + horizon.

    Raises:
        ValueError: the series does not have one or two axes, is too short for a single window, or length or
            horizon is below 1.
    """
    # TODO 1.1: Windows over a series
    # A plain series of shape (T,) is a series of one feature, (T, 1).
    # Step k of window i is step i + k of the series; in the targets it is step i + k + horizon.
    # Starts count from 0 to N − 1: the last window is the last one whose targets still lie inside the series.
    raise NotImplementedError("Task 1.1: Windows over a series is still to do.")


class RNNCell(nn.Module):
    """One step of a simple recurrent network (Elman, 1990), with the parameters of `torch.nn.RNNCell`.

    Args:
        input_size: F, the features of one step.
        hidden_size: H, the units of the hidden state.

    Parameters: weight_ih (H, F), weight_hh (H, H), bias_ih (H,) and bias_hh (H,), drawn uniformly from ±1/√H.

    Raises:
        ValueError: a size is below 1.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        if input_size < 1 or hidden_size < 1:
            raise ValueError(f"the sizes are {input_size} and {hidden_size}, expected 1 or more of both")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(hidden_size))
        bound = hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: torch.Tensor, h: torch.Tensor | None = None) -> torch.Tensor:
        """Read one step of the input and give the next hidden state.

        Args:
            x: (N, F), one step of each sequence in the batch.
            h: (N, H), the state before the step; None means zeros.

        Returns:
            (N, H), the state after the step.

        Raises:
            ValueError: x or h has another shape than the cell's sizes ask for.
            TypeError: x is not of a floating-point type.
        """
        # TODO 1.2: One step of a recurrent network
        # h' = tanh(W_ih x + b_ih + W_hh h + b_hh), for each row of the batch.
        # Each row of x and h is a vector lying on its side: a matrix acts on it from the right, transposed.
        # No state is a state of zeros, in the dtype and on the device of x; b_hh counts all the same.
        raise NotImplementedError("Task 1.2: One step of a recurrent network is still to do.")


class RNN(nn.Module):
    """A simple recurrent network over whole sequences (Elman, 1990): one `RNNCell`, applied at every step.

    Args:
        input_size: F, the features of one step.
        hidden_size: H, the units of the hidden state.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = RNNCell(input_size, hidden_size)

    def forward(self, x: torch.Tensor, h0: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Read sequences from their first step to their last.

        Args:
            x: (N, L, F), with L at least 1.
            h0: (N, H), the state before the first step; None means zeros.

        Returns:
            outputs (N, L, H), the state after every step, and h_n (N, H), the state after the last one.

        Raises:
            ValueError: x or h0 has another shape than the cell's sizes ask for.
        """
        # TODO 1.3: Unrolling the cell over a sequence
        # h_t = cell(x_t, h_{t−1}) for t = 1, …, L: the state that one step gives, the next one takes.
        # outputs holds h_1, …, h_L side by side on the time axis, and h_n is the last of them.
        raise NotImplementedError("Task 1.3: Unrolling the cell over a sequence is still to do.")


def bptt(
    cell: nn.Module, x: torch.Tensor, grad_outputs: torch.Tensor, h0: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Backpropagation through time by hand (Werbos, 1990): the gradients of `(outputs * grad_outputs).sum()`.

    The outputs are the states that the cell gives on x, as in `RNN`. Autograd has no part in it, and the
    parameters' `.grad` is left alone.

    Args:
        cell: a tanh cell with the parameters weight_ih, weight_hh, bias_ih and bias_hh, such as `RNNCell`.
        x: (N, L, F), with L at least 1.
        grad_outputs: (N, L, H), the gradient that enters at every output.
        h0: (N, H), the state before the first step; None means zeros.

    Returns:
        The gradients by the names of `cell.named_parameters()`, each of its parameter's shape, and under "h0"
        that of the first state, (N, H), also when h0 is None.

    Raises:
        ValueError: the cell has other parameters, or x, grad_outputs or h0 another shape than they ask for.
    """
    # TODO 1.4: Backpropagation through time by hand
    # Go forward once and keep every state h_0, …, h_L. Then go back from t = L to 1; ℒ is the sum above:
    #   ∂ℒ/∂h_t = grad_outputs_t + W_hhᵀ ∂ℒ/∂a_{t+1}     its own output, and what the next step sends back
    #   ∂ℒ/∂a_t = ∂ℒ/∂h_t ⊙ (1 − h_t²)                   a_t is what tanh is applied to
    # One set of weights serves every step, so each gradient is a sum over the steps, and over the batch.
    # h_t = tanh(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    # ∂ℒ/∂W_ih = Σ_t ∂ℒ/∂a_t x_tᵀ
    # ∂ℒ/∂W_hh = Σ_t ∂ℒ/∂a_t h_{t−1}ᵀ
    # ∂ℒ/∂b_ih = ∂ℒ/∂b_hh = Σ_t ∂ℒ/∂a_t
    # What step t sends back is W_hhᵀ ∂ℒ/∂a_t; what step 1 sends back is the gradient of h_0.
    raise NotImplementedError("Task 1.4: Backpropagation through time by hand is still to do.")


def forecast(model: Callable, context: torch.Tensor, steps: int) -> torch.Tensor:
    """Continue sequences by a forecast that is fed back as the next input.

    Args:
        model: `model(x (N, l, F), state) -> (y (N, l, F), state)`, where y[:, t] predicts the step after
            x[:, t] and a state of None means the start. Its training mode is left as it is.
        context: (N, L, F), the known steps, L at least 1.
        steps: how many steps to forecast, at least 1.

    Returns:
        (N, steps, F), the steps that follow the context.

    Raises:
        ValueError: steps is below 1, the context has another shape, or y is not shaped like x.
    """
    # TODO 1.5: A forecast that feeds on itself
    # Read the context once: the prediction at its last step is the first forecast.
    # From there on the last forecast is the next input, one step long, with the state that the model gave:
    #   ŝ_{t+1}, h_t = model(ŝ_t, h_{t−1})
    raise NotImplementedError("Task 1.5: A forecast that feeds on itself is still to do.")
