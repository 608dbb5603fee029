"""A complete solution written with einsum, preallocated outputs and index arithmetic."""

import math

import torch
from torch import nn


def echo_batch(batch_size, length, lag, generator, marked=False):
    if marked and length <= lag:
        raise ValueError("a marked bit needs room for its answer")
    device = generator.device
    steps = torch.arange(length, device=device)
    bits = torch.bernoulli(torch.full((batch_size, length), 0.5, device=device), generator=generator)
    echoed = bits[:, (steps - lag).clamp(min=0)]
    if not marked:
        mask = (steps >= lag).repeat(batch_size, 1)
        return bits.unsqueeze(-1), echoed * mask, mask
    place = (torch.rand(batch_size, 1, device=device, generator=generator) * (length - lag)).long()
    mask = steps == place + lag
    return torch.stack((bits, (steps == place).to(bits.dtype)), -1), echoed * mask, mask


def parameters_for(gates, input_size, hidden_size):
    shapes = dict(
        weight_ih=(gates * hidden_size, input_size),
        weight_hh=(gates * hidden_size, hidden_size),
        bias_ih=(gates * hidden_size,),
        bias_hh=(gates * hidden_size,),
    )
    scale = 1 / math.sqrt(hidden_size)
    return {name: nn.Parameter(scale * (2 * torch.rand(shape) - 1)) for name, shape in shapes.items()}


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for name, parameter in parameters_for(4, input_size, hidden_size).items():
            setattr(self, name, parameter)

    def forward(self, x, state=None):
        gates = torch.einsum("nf,ghf->gnh", x, self.weight_ih.unflatten(0, (4, self.hidden_size)))
        gates = gates + (self.bias_ih + self.bias_hh).view(4, 1, -1)
        if state is not None:
            gates = gates + torch.einsum("nk,ghk->gnh", state[0], self.weight_hh.unflatten(0, (4, self.hidden_size)))
        i, f, g, o = gates[0].sigmoid(), gates[1].sigmoid(), gates[2].tanh(), gates[3].sigmoid()
        c = i * g
        if state is not None:
            c = c + f * state[1]
        return o * c.tanh(), c


class GRUCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for name, parameter in parameters_for(3, input_size, hidden_size).items():
            setattr(self, name, parameter)

    def forward(self, x, h=None):
        if h is None:
            h = torch.zeros(x.shape[0], self.hidden_size, dtype=x.dtype, device=x.device)
        three = (3, self.hidden_size)
        driven = torch.einsum("nf,ghf->gnh", x, self.weight_ih.view(*three, -1)) + self.bias_ih.view(*three)[:, None]
        kept = torch.einsum("nk,ghk->gnh", h, self.weight_hh.view(*three, -1)) + self.bias_hh.view(*three)[:, None]
        r, z = torch.sigmoid(driven[:2] + kept[:2])
        n = torch.tanh(driven[2] + r * kept[2])
        return n + z * (h - n)


def unroll(cell, x, state=None):
    outputs = None
    for t in range(x.shape[1]):
        state = cell(x[:, t], state)
        h = state[0] if isinstance(state, tuple) else state
        if outputs is None:
            outputs = torch.empty(h.shape[0], x.shape[1], h.shape[1], dtype=h.dtype, device=h.device)
        outputs[:, t] = h
    return outputs, state


def gradient_norms(cell, x):
    # a zero added to every h_t: its gradient is that of h_t itself
    state, zeros = None, []
    with torch.enable_grad():
        for t in range(x.shape[1]):
            state = cell(x[:, t], state)
            h, *others = state if isinstance(state, tuple) else (state,)
            zeros.append(torch.zeros_like(h).requires_grad_())
            h = h + zeros[-1]
            state = (h, *others) if isinstance(state, tuple) else h
        gradients = torch.autograd.grad(h.sum(), zeros, allow_unused=True)
    norms = x.new_zeros(len(zeros)).to(h.dtype)
    for t, gradient in enumerate(gradients):
        if gradient is not None:
            norms[t] = torch.einsum("nh,nh->", gradient, gradient).sqrt()
    return norms


@torch.no_grad()
def clip_gradient_norm_(parameters, max_norm):
    if torch.is_tensor(parameters):
        parameters = (parameters,)
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if len(grads) == 0:
        return torch.zeros(())
    total = sum(torch.einsum("...,...->", grad, grad) for grad in grads).sqrt()
    factor = torch.minimum(max_norm / (total + 1e-6), torch.ones_like(total))
    for grad in grads:
        grad.mul_(factor)
    return total


@torch.no_grad()
def loss_surface(model, loss_fn, radius, steps, generator):
    own = [parameter.data for parameter in model.parameters()]
    planes = [(filtered(theta, generator), filtered(theta, generator)) for theta in own]
    surface = torch.empty(steps, steps, dtype=own[0].dtype, device=own[0].device)
    ticks = [radius * (2 * k / (steps - 1) - 1) for k in range(steps)]
    try:
        for i, a in enumerate(ticks):
            for j, b in enumerate(ticks):
                for parameter, theta, (d1, d2) in zip(model.parameters(), own, planes, strict=True):
                    parameter.data = theta + a * d1 + b * d2
                surface[i, j] = loss_fn(model)
    finally:
        for parameter, theta in zip(model.parameters(), own, strict=True):
            parameter.data = theta
    return surface


def filtered(theta, generator):
    drawn = torch.randn(theta.shape, generator=generator, device=generator.device).to(theta)
    rows = len(theta) if theta.ndim > 1 else 1
    old, new = theta.reshape(rows, -1), drawn.reshape(rows, -1)
    scale = torch.einsum("rk,rk->r", old, old).sqrt() / torch.einsum("rk,rk->r", new, new).sqrt()
    return torch.einsum("r,rk->rk", scale, new).view(theta.shape)
