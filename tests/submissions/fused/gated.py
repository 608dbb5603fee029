"""A complete solution written with F.linear on fused and on split weights, torch.where and functional_call."""

from functools import reduce
from itertools import product

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


def echo_batch(batch_size, length, lag, generator, marked=False):
    if marked and not lag < length:
        raise ValueError(f"no room: {lag} of {length} steps")
    place = {"generator": generator, "device": generator.device}
    bits = torch.randint(2, (batch_size, length), dtype=torch.float32, **place)
    late = F.pad(bits, (lag, 0))[:, :length]
    asked = F.pad(torch.ones_like(bits), (lag, 0))[:, :length] > 0
    if not marked:
        return bits.unsqueeze(2), late, asked
    # the largest of random numbers marks the place; those without room for the answer are out
    ticket = torch.rand(batch_size, length, **place)
    ticket[:, length - lag :] = -1
    marker = torch.zeros_like(bits).scatter(1, ticket.argmax(dim=1, keepdim=True), 1.0)
    asked = F.pad(marker, (lag, 0))[:, :length] > 0
    return torch.stack([bits, marker], dim=-1), torch.where(asked, late, torch.zeros_like(late)), asked


class Gated(nn.Module):
    gates = 0

    def __init__(self, input_size, hidden_size):
        super().__init__()
        rows = self.gates * hidden_size
        self.input_size, self.hidden_size = input_size, hidden_size
        self.weight_ih = nn.Parameter(torch.randn(rows, input_size) / hidden_size**0.5)
        self.weight_hh = nn.Parameter(torch.randn(rows, hidden_size) / hidden_size**0.5)
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        self.bias_hh = nn.Parameter(torch.zeros(rows))

    def zeros(self, x):
        return torch.zeros(x.size(0), self.hidden_size, dtype=x.dtype, device=x.device)


class LSTMCell(Gated):
    gates = 4

    def forward(self, x, state=None):
        h, c = (self.zeros(x), self.zeros(x)) if state is None else state
        fused = torch.cat([self.weight_ih, self.weight_hh], dim=1)
        a = F.linear(torch.cat([x, h], dim=1), fused, self.bias_ih + self.bias_hh)
        write, keep, new, show = a.split(self.hidden_size, dim=1)
        c = torch.addcmul(keep.sigmoid() * c, write.sigmoid(), new.tanh())
        return show.sigmoid() * c.tanh(), c


class GRUCell(Gated):
    gates = 3

    def forward(self, x, h=None):
        h = self.zeros(x) if h is None else h
        split = [
            parameter.split(self.hidden_size)
            for parameter in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        ]
        (w_r, w_z, w_n), (u_r, u_z, u_n), (b_r, b_z, b_n), (d_r, d_z, d_n) = split
        reset = torch.sigmoid(F.linear(x, w_r, b_r) + F.linear(h, u_r, d_r))
        update = torch.sigmoid(F.linear(x, w_z, b_z) + F.linear(h, u_z, d_z))
        new = torch.tanh(F.linear(x, w_n, b_n) + reset * F.linear(h, u_n, d_n))
        return torch.lerp(new, h, update)


def unroll(cell, x, state=None):
    hs = []
    for step in x.transpose(0, 1):
        state = cell(step, state)
        match state:
            case (h, *_):
                hs.append(h)
            case h:
                hs.append(h)
    return torch.stack(hs).transpose(0, 1), state


def gradient_norms(cell, x):
    hs, state = [], None
    with torch.enable_grad():
        for step in x.transpose(0, 1):
            state = cell(step, state)
            h = state[0] if isinstance(state, tuple) else state
            if not h.requires_grad:
                h.requires_grad_()
            h.retain_grad()
            hs.append(h)
        torch.autograd.backward(hs[-1].sum(), inputs=hs)  # nothing but the states gets a .grad
    return torch.stack([h.new_zeros(()) if h.grad is None else (h.grad**2).sum() ** 0.5 for h in hs]).detach()


def clip_gradient_norm_(parameters, max_norm):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    grads = [p.grad.detach() for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    total = reduce(torch.hypot, [grad.pow(2).sum().sqrt() for grad in grads])
    scale = max_norm / (total + 1e-6)
    for grad in grads:
        grad.copy_(torch.where(scale >= 1, grad, grad * scale))
    return total


class Measured(nn.Module):
    """The loss of a model as a module, so that functional_call can lend the model other parameters."""

    def __init__(self, model, loss_fn):
        super().__init__()
        self.model, self.loss_fn = model, loss_fn

    def forward(self):
        return self.loss_fn(self.model)


def loss_surface(model, loss_fn, radius, steps, generator):
    measured = Measured(model, loss_fn)
    theta = {name: parameter.detach() for name, parameter in measured.named_parameters()}
    right, up = ({name: along(value, generator) for name, value in theta.items()} for _ in range(2))
    line = torch.linspace(-radius, radius, steps, dtype=torch.float64).tolist()
    surface = next(iter(theta.values())).new_empty(steps, steps)
    with torch.no_grad():
        for place, (a, b) in enumerate(product(line, line)):
            moved = {name: theta[name] + a * right[name] + b * up[name] for name in theta}
            surface.view(-1)[place] = functional_call(measured, moved, ())
    return surface


def along(theta, generator):
    noise = torch.randn(theta.size(), generator=generator, device=generator.device).to(theta)
    if theta.dim() < 2:
        return noise * (theta.norm() / noise.norm())
    axes = tuple(range(1, theta.dim()))
    return noise * (theta.norm(dim=axes, keepdim=True) / noise.norm(dim=axes, keepdim=True))
