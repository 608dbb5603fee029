"""torch.nn.RNN with its backward pass written out, against torch.nn.RNN."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from toolkit.swift import SwiftRNN


@pytest.mark.parametrize("length", [1, 2, 7])
def test_outputs_state_and_all_gradients_are_those_of_torch(length):
    torch.manual_seed(0)
    theirs = nn.RNN(3, 5, batch_first=True).double()
    ours = SwiftRNN(3, 5).double()
    ours.load_state_dict(theirs.state_dict())
    given = torch.randn(4, length, 3).double(), torch.randn(1, 4, 5).double()
    weights = torch.randn(4, length, 5).double(), torch.randn(1, 4, 5).double()
    found = []
    for network in (ours, theirs):
        leaves = [value.clone().requires_grad_() for value in given]
        results = network(*leaves)
        sum((result * weight).sum() for result, weight in zip(results, weights, strict=True)).backward()
        found.append([*results, *(leaf.grad for leaf in (*leaves, *network.parameters()))])
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other)


def test_it_begins_like_torch_and_needs_no_state():
    torch.manual_seed(0)
    theirs = nn.RNN(2, 4, batch_first=True)
    torch.manual_seed(0)
    ours = SwiftRNN(2, 4)
    x = torch.randn(3, 6, 2)
    with torch.no_grad():
        for mine, other in zip(ours(x), theirs(x), strict=True):
            torch.testing.assert_close(mine, other)
