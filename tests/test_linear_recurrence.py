"""The linear recurrence gives the same states and gradients step by step and in sweeps."""

from __future__ import annotations

import pytest
import torch

from toolkit.linear_recurrence import LinearRecurrence, one_by_one, sweeps


@pytest.mark.parametrize("length", [1, 2, 7, 8, 33])
def test_sweeps_are_the_steps(length):
    torch.manual_seed(length)
    keep, add = torch.rand(3, length, 4, dtype=torch.float64), torch.randn(3, length, 4, dtype=torch.float64)
    found = []
    for scan in (one_by_one, sweeps):
        given = [keep.clone().requires_grad_(), add.clone().requires_grad_()]
        states = scan(*given)
        weights = torch.arange(states.numel(), dtype=states.dtype).view_as(states)
        gradients = torch.autograd.grad((weights * states).sum(), given, materialize_grads=True)
        found.append((states, *gradients))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_an_open_gate_keeps_and_a_shut_one_writes():
    layer = LinearRecurrence(2, 3)
    x = torch.randn(2, 5, 2)
    torch.nn.init.zeros_(layer.gate.weight)
    torch.nn.init.constant_(layer.gate.bias, -40.0)  # keeps nothing
    outputs, last = layer(x)
    torch.testing.assert_close(outputs, layer.new(x))
    assert torch.equal(last, outputs[:, -1])
    torch.nn.init.constant_(layer.gate.bias, 40.0)  # keeps all, that is, the zeros that it began with
    assert layer(x)[0].abs().max() < 1e-6
