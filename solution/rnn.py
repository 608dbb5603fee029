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
    ### BEGIN SOLUTION 1.1
    # A plain series of shape (T,) is a series of one feature, (T, 1).
    # Step k of window i is step i + k of the series; in the targets it is step i + k + horizon.
    # Starts count from 0 to N − 1: the last window is the last one whose targets still lie inside the series.
    if series.dim() not in (1, 2):
        raise ValueError(f"series has shape {tuple(series.shape)}, expected (T,) or (T, F)")
    if length < 1 or horizon < 1:
        raise ValueError(f"length is {length} and horizon {horizon}, expected 1 or more of both")
    if len(series) < length + horizon:
        raise ValueError(
            f"series has {len(series)} steps, expected at least {length + horizon}: "
            f"length is {length}, horizon is {horizon}"
        )
    if series.dim() == 1:
        series = series[:, None]
    starts = torch.arange(len(series) - length - horizon + 1, device=series.device)
    steps = starts[:, None] + torch.arange(length, device=series.device)  # (N, L)
    return series[steps], series[steps + horizon]  # (N, L, F)
    ### END SOLUTION


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
        ### BEGIN SOLUTION 1.2
        # h' = tanh(W_ih x + b_ih + W_hh h + b_hh), for each row of the batch.
        # Each row of x and h is a vector lying on its side: a matrix acts on it from the right, transposed.
        # No state is a state of zeros, in the dtype and on the device of x; b_hh counts all the same.
        if x.dim() != 2 or x.shape[1] != self.input_size:
            raise ValueError(
                f"x has shape {tuple(x.shape)}, expected (N, F): input_size, which is F, is {self.input_size}"
            )
        if not x.is_floating_point():
            raise TypeError(f"x has dtype {x.dtype}, expected a floating-point one: {self.weight_ih.dtype}")
        if h is None:
            h = x.new_zeros(len(x), self.hidden_size)
        if h.shape != (len(x), self.hidden_size):
            raise ValueError(
                f"h has shape {tuple(h.shape)}, expected {(len(x), self.hidden_size)}: "
                f"x has {len(x)} rows, hidden_size is {self.hidden_size}"
            )
        return torch.tanh(x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh)
        ### END SOLUTION


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
        ### BEGIN SOLUTION 1.3
        # h_t = cell(x_t, h_{t−1}) for t = 1, …, L: the state that one step gives, the next one takes.
        # outputs holds h_1, …, h_L side by side on the time axis, and h_n is the last of them.
        features, hidden_size = self.cell.input_size, self.cell.hidden_size
        if x.dim() != 3 or x.shape[1] < 1 or x.shape[2] != features:
            raise ValueError(f"x has shape {tuple(x.shape)}, expected (N, L, {features}) with L at least 1")
        if h0 is not None and h0.shape != (len(x), hidden_size):
            raise ValueError(
                f"h0 has shape {tuple(h0.shape)}, expected {(len(x), hidden_size)}: "
                f"x has {len(x)} sequences, hidden_size is {hidden_size}"
            )
        h, states = h0, []
        for x_t in x.unbind(dim=1):
            h = self.cell(x_t, h)
            states.append(h)
        return torch.stack(states, dim=1), h  # (N, L, H), (N, H)
        ### END SOLUTION


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
    ### BEGIN SOLUTION 1.4
    # Go forward once and keep every state h_0, …, h_L. Then go back from t = L to 1; ℒ is the sum above:
    #   ∂ℒ/∂h_t = grad_outputs_t + W_hhᵀ ∂ℒ/∂a_{t+1}     its own output, and what the next step sends back
    #   ∂ℒ/∂a_t = ∂ℒ/∂h_t ⊙ (1 − h_t²)                   a_t is what tanh is applied to
    # One set of weights serves every step, so each gradient is a sum over the steps, and over the batch.
    shapes = {name: tuple(parameter.shape) for name, parameter in cell.named_parameters()}
    features, hidden_size = cell.weight_ih.shape[1], cell.weight_hh.shape[1]
    expected = {
        "weight_ih": (hidden_size, features),
        "weight_hh": (hidden_size, hidden_size),
        "bias_ih": (hidden_size,),
        "bias_hh": (hidden_size,),
    }
    if shapes != expected:
        raise ValueError(f"cell has the parameters {shapes}, expected those of an RNNCell, {expected}")
    if x.dim() != 3 or x.shape[1] < 1 or x.shape[2] != features:
        raise ValueError(f"x has shape {tuple(x.shape)}, expected (N, L, {features}) with L at least 1")
    if grad_outputs.shape != (*x.shape[:2], hidden_size):
        raise ValueError(
            f"grad_outputs has shape {tuple(grad_outputs.shape)}, expected {(*x.shape[:2], hidden_size)}: "
            "one gradient for each output"
        )
    if h0 is not None and h0.shape != (len(x), hidden_size):
        raise ValueError(f"h0 has shape {tuple(h0.shape)}, expected {(len(x), hidden_size)}")
    with torch.no_grad():
        states = [x.new_zeros(len(x), hidden_size) if h0 is None else h0]
        for x_t in x.unbind(dim=1):
            # h_t = tanh(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
            a = x_t @ cell.weight_ih.T + cell.bias_ih + states[-1] @ cell.weight_hh.T + cell.bias_hh
            states.append(torch.tanh(a))
        grads = {name: torch.zeros_like(parameter) for name, parameter in cell.named_parameters()}
        from_next = torch.zeros_like(states[-1])
        for t in range(x.shape[1], 0, -1):
            grad_h = grad_outputs[:, t - 1] + from_next
            grad_a = grad_h * (1 - states[t] ** 2)
            # ∂ℒ/∂W_ih = Σ_t ∂ℒ/∂a_t x_tᵀ
            grads["weight_ih"] += grad_a.T @ x[:, t - 1]
            # ∂ℒ/∂W_hh = Σ_t ∂ℒ/∂a_t h_{t−1}ᵀ
            grads["weight_hh"] += grad_a.T @ states[t - 1]
            # ∂ℒ/∂b_ih = ∂ℒ/∂b_hh = Σ_t ∂ℒ/∂a_t
            grads["bias_ih"] += grad_a.sum(dim=0)
            grads["bias_hh"] += grad_a.sum(dim=0)
            # What step t sends back is W_hhᵀ ∂ℒ/∂a_t; what step 1 sends back is the gradient of h_0.
            from_next = grad_a @ cell.weight_hh
        return grads | {"h0": from_next}
    ### END SOLUTION


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
    ### BEGIN SOLUTION 1.5
    # Read the context once: the prediction at its last step is the first forecast.
    # From there on the last forecast is the next input, one step long, with the state that the model gave:
    #   ŝ_{t+1}, h_t = model(ŝ_t, h_{t−1})
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected 1 or more")
    if context.dim() != 3 or context.shape[1] < 1:
        raise ValueError(f"context has shape {tuple(context.shape)}, expected (N, L, F) with L at least 1")
    y, state = model(context, None)
    if y.shape != context.shape:
        raise ValueError(
            f"model gave y of shape {tuple(y.shape)}, expected {tuple(context.shape)}: one prediction a step"
        )
    forecasts = [y[:, -1:]]
    while len(forecasts) < steps:
        y, state = model(forecasts[-1], state)
        forecasts.append(y)
    return torch.cat(forecasts, dim=1)  # (N, steps, F)
    ### END SOLUTION
