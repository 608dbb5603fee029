"""Parts built of `torch.nn`, under the tasks' names: what a notebook goes on with while one is not solved.

They never earn a point, and a figure that was drawn with one says so.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.func import functional_call

__all__ = ["STAND_INS", "is_stand_in"]


def make_windows(series, length, horizon=1):
    """Windows over a series, by `Tensor.unfold`."""
    series = series[:, None] if series.dim() == 1 else series
    if series.dim() != 2 or len(series) < length + horizon:
        raise ValueError(f"series has shape {tuple(series.shape)}, too short or not (T, F)")
    windows = series.unfold(0, length, 1).transpose(1, 2)  # (T − L + 1, L, F)
    return windows[: len(windows) - horizon].clone(), windows[horizon:].clone()


class RNNCell(nn.RNNCell):
    """One step, by `torch.nn.RNNCell`."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def forward(self, x, h=None):
        return super().forward(x, h)


class RNN(nn.Module):
    """A sequence, by `torch.nn.RNNCell` in a loop."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = RNNCell(input_size, hidden_size)

    def forward(self, x, h0=None):
        return _unrolled(self.cell, x, h0)


def bptt(cell, x, grad_outputs, h0=None):
    """Gradients through time, by `torch.autograd.grad` on copies of the parameters."""
    h0 = x.new_zeros(len(x), cell.weight_hh.shape[1]) if h0 is None else h0
    with torch.enable_grad():
        leaves = {name: part.detach().requires_grad_() for name, part in cell.named_parameters()}
        leaves["h0"] = h0.detach().requires_grad_()
        weights = {name: part for name, part in leaves.items() if name != "h0"}
        outputs, _ = _unrolled(lambda *args: functional_call(cell, weights, args), x.detach(), leaves["h0"])
        grads = torch.autograd.grad((outputs * grad_outputs.detach()).sum(), list(leaves.values()))
    return dict(zip(leaves, grads, strict=True))


def forecast(model, context, steps):
    """A forecast that is fed back, by a loop around the model."""
    y, state = model(context, None)
    forecasts = [y[:, -1:]]
    for _ in range(steps - 1):
        y, state = model(forecasts[-1], state)
        forecasts.append(y[:, -1:])
    return torch.cat(forecasts, dim=1)


def train_step(model, optimizer, x, y, max_norm):
    """One training step, by `torch.nn.functional.mse_loss` and `torch.nn.utils.clip_grad_norm_`."""
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x)[0], y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


def configuration():
    """Numbers with which the trial of task 1.7 reaches its target."""
    return {"lr": 0.02, "shift": 101_250.0, "scale": 250.0, "gain": 1.2}


def echo_batch(batch_size, length, lag, generator, marked=False):
    """Bits to be repeated, by `Tensor.roll` and `torch.nn.functional.one_hot`."""
    if marked and lag >= length:
        raise ValueError(f"lag is {lag} and length {length}: no answer fits")
    device = generator.device
    bits = torch.randint(0, 2, (batch_size, length), generator=generator, device=device).float()
    asked = torch.arange(length, device=device).expand(batch_size, length) >= lag
    inputs = bits[:, :, None]
    if marked:
        places = torch.randint(0, length - lag, (batch_size,), generator=generator, device=device)
        markers = nn.functional.one_hot(places, length)
        inputs, asked = torch.stack([bits, markers.float()], dim=2), markers.roll(lag, dims=1).bool()
    return inputs, bits.roll(lag, dims=1) * asked, asked.clone()


class LSTMCell(nn.LSTMCell):
    """One step, by `torch.nn.LSTMCell`."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def forward(self, x, state=None):
        return super().forward(x, state)


class GRUCell(nn.GRUCell):
    """One step, by `torch.nn.GRUCell`."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def forward(self, x, h=None):
        return super().forward(x, h)


def unroll(cell, x, state=None):
    """Any cell over a sequence, by a loop around it."""
    outputs = []
    for x_t in x.unbind(dim=1):
        state = cell(x_t, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(outputs, dim=1), state


def gradient_norms(cell, x):
    """Norms of the gradient at every state, by `torch.autograd.grad`."""
    states, state = [], None
    with torch.enable_grad():
        for x_t in x.unbind(dim=1):
            state = cell(x_t, state)
            states.append((state[0] if isinstance(state, tuple) else state).requires_grad_())
        grads = torch.autograd.grad(states[-1].sum(), states, materialize_grads=True)
    return torch.stack([torch.linalg.vector_norm(grad) for grad in grads])


def clip_gradient_norm_(parameters, max_norm):
    """Clipping by the joint norm, by `torch.nn.utils.clip_grad_norm_`."""
    return nn.utils.clip_grad_norm_(parameters, max_norm)


def loss_surface(model, loss_fn, radius, steps, generator):
    """The loss on a plane of filter-normalised directions, by `torch.nn.utils.parameters_to_vector`."""
    theta = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    first, second = (_direction(model, generator) for _ in range(2))
    line = torch.linspace(-radius, radius, steps).tolist()
    surface = theta.new_zeros(steps, steps)
    with torch.no_grad():
        try:
            for i, a in enumerate(line):
                for j, b in enumerate(line):
                    nn.utils.vector_to_parameters(theta + a * first + b * second, model.parameters())
                    surface[i, j] = loss_fn(model)
        finally:
            nn.utils.vector_to_parameters(theta, model.parameters())
    return surface


def _direction(model, generator):
    """A random direction, row by row as long as the parameters, as one vector."""
    rows = []
    for parameter in model.parameters():
        theta = parameter.detach().flatten(1) if parameter.dim() > 1 else parameter.detach().reshape(1, -1)
        drawn = torch.randn(theta.shape, generator=generator, device=generator.device).to(theta)
        rows.append(nn.functional.normalize(drawn, dim=1) * torch.linalg.vector_norm(theta, dim=1, keepdim=True))
    return torch.cat([row.flatten() for row in rows])


def masked_loss(logits, targets, mask):
    """Binary cross-entropy of what is asked for, by `torch.nn.functional.binary_cross_entropy_with_logits`."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return torch.where(mask, each, 0).sum() / mask.sum().clamp(min=1)


def open_forget_gate_(cell, bias):
    """The first biases of the forget gate, by `Tensor.chunk`."""
    with torch.no_grad():
        cell.bias_ih.chunk(4)[1].fill_(bias)
        cell.bias_hh.chunk(4)[1].zero_()


STAND_INS: dict[str, object] = {
    "1.1": make_windows,
    "1.2": RNNCell,
    "1.3": RNN,
    "1.4": bptt,
    "1.5": forecast,
    "1.6": train_step,
    "1.7": configuration,
    "2.1": echo_batch,
    "2.2": LSTMCell,
    "2.3": GRUCell,
    "2.4": unroll,
    "2.5": gradient_norms,
    "2.6": clip_gradient_norm_,
    "2.7": loss_surface,
    "2.8": masked_loss,
    "2.9": open_forget_gate_,
}


def is_stand_in(part: object) -> bool:
    """Whether a function, a class or an object of a class is one of these."""
    return getattr(part, "__module__", None) == __name__


def _unrolled(cell, x, h):
    """The states of every step side by side, and the last one."""
    states = []
    for x_t in x.unbind(dim=1):
        h = cell(x_t, h)
        states.append(h)
    return torch.stack(states, dim=1), h
