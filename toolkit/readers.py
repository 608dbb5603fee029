"""The networks that are held against each other on the synthetic reviews: one size, one recipe."""

from __future__ import annotations

import torch
from torch import nn

from toolkit.review_reader import ReviewReader
from toolkit.sentiment import Recipe

__all__ = ["BINS", "ENDS", "READERS", "RECIPE", "UNITS", "reader"]

UNITS = 32  # of the embedding, and of each direction
RECIPE = Recipe(epochs=12, rate=0.015, decay=0.1)
ENDS = (20, 50, 100, 200, 400)  # bins of the reviews' lengths, in words
BINS = ("5 to 20", "21 to 50", "51 to 100", "101 to 200", "above 200")
READERS = {  # name → cell, both directions
    "RNN": ("rnn", False),
    "RNN, orthogonal": ("rnn", False),
    "LSTM": ("lstm", False),
    "GRU": ("gru", False),
    "LSTM, both directions": ("lstm", True),
}


def reader(name: str, vocab_size: int, seed: int = 0) -> ReviewReader:
    """A network of `READERS` with first weights of this seed; an orthogonal one begins with a rotation as W_hh (notebook 2)."""
    cell, both_ways = READERS[name]
    torch.manual_seed(seed)
    made = ReviewReader(vocab_size, UNITS, UNITS, cell, bidirectional=both_ways)
    if "orthogonal" in name:
        nn.init.orthogonal_(made.layers[0].weight_hh_l0)
    return made
