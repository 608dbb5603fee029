"""The networks of notebook 4 that learn a text, and how each was trained where a measurement was recorded."""

from __future__ import annotations

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.streaming import Recipe
from toolkit.transformer import Transformer

__all__ = ["BEST", "BEST_RECIPE", "CONTEXT", "LIVE", "Writer", "best_writer", "half_pays", "half_runs", "live_writer", "rivals"]

EMBEDDING = 64
CONTEXT = 128  # places that the Transformer sees, and steps of the LSTM's chunks
LIVE = Recipe(epochs=6, batch_size=16, length=32, rate=0.02)  # what the notebook trains on the embedded play
BEST = "LSTM, 512 units"
BEST_RECIPE = Recipe(epochs=8, batch_size=32, length=128, rate=0.004, half=True)


class Writer(nn.Module):
    """Embedding, LSTM and linear layer, with dropout before and behind the LSTM: `forward(ids, state)` as in task 4.3."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: torch.Tensor, state: tuple | None = None) -> tuple[torch.Tensor, tuple]:
        outputs, state = self.rnn(self.dropout(self.embedding(ids)), state)
        return self.head(self.dropout(outputs)), state


def half_pays(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; without them it is slower than single precision, not quicker."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public name for it yet
    return device.type == "cpu" and known is not None and known() and half_runs(device)


def half_runs(device: torch.device) -> bool:
    """Whether an LSTM runs in bfloat16 there at all: on some processors torch's library of kernels has none for it."""
    lstm = nn.LSTM(2, 2).to(device)
    try:
        with torch.autocast(device.type, torch.bfloat16):
            lstm(torch.zeros(1, 1, 2, device=device))[0].sum().backward()
    except RuntimeError:
        return False
    return True


def best_writer(vocab_size: int, seed: int = 0) -> Writer:
    """The LSTM that was chosen for tiny Shakespeare."""
    return _drawn(seed, lambda: Writer(vocab_size, EMBEDDING, 512, dropout=0.1))


def live_writer(vocab_size: int, seed: int = 0, hidden_size: int = 128) -> nn.Module:
    """An LSTM that learns a text of some ten thousand characters within seconds."""
    return _drawn(seed, lambda: stand_ins.CharLM(vocab_size, EMBEDDING, hidden_size))


def rivals(vocab_size: int, seed: int = 0, context: int = CONTEXT) -> dict[str, nn.Module]:
    """An LSTM and a Transformer with nearly as many parameters, 350,000 and 360,000 for 65 characters and 128 places."""
    return {
        "LSTM": _drawn(seed, lambda: Writer(vocab_size, EMBEDDING, 256, dropout=0.1)),
        "Transformer": _drawn(seed, lambda: Transformer(vocab_size, 96, blocks=3, context=context, dropout=0.1)),
    }


def _drawn(seed: int, make) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()
