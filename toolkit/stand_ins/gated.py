"""Stand-ins of notebook 2."""

from __future__ import annotations

import torch
from torch import nn

__all__ = [
    "GRUCell",
    "LSTMCell",
    "clip_gradient_norm_",
    "echo_batch",
    "gradient_norms",
    "loss_surface",
    "masked_loss",
    "open_forget_gate_",
    "unroll",
]


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
