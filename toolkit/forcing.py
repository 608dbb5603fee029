"""A translator of the course's own parts, trained step by step, with gold tokens fed or its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.answering import exact, translations
from toolkit.modes import evaluating
from toolkit.pairs import PAD, Lexicon, Pair, batch_of
from toolkit.progress import steps_with_bar

__all__ = [
    "FORCED",
    "RATIOS",
    "Forced",
    "Setting",
    "Stepping",
    "own_translator",
    "short_pairs",
    "train_forced",
    "train_steps",
]

RATIOS = (1.0, 0.5, 0.0)
SHORT = 8  # words of either sentence, the mark among them


@dataclass(frozen=True)
class Setting:
    """How such a translator is made and trained: Adam, each step on pairs drawn at random."""

    embedding: int = 64
    hidden: int = 128
    steps: int = 600
    batch_size: int = 64
    rate: float = 0.004
    max_norm: float = 1.0


FORCED = Setting()


@dataclass
class Stepping:
    """What a training saw: the loss before each step, in nats per token."""

    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Forced:
    """What a training came to, in per cent: sentences right on its own, and tokens right with the gold ones fed."""

    alone: float
    forced: float


def short_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Those of at most 8 words in either language."""
    return [pair for pair in pairs if max(len(pair.english), len(pair.french)) <= SHORT]


def own_translator(
    parts: tuple, english: Lexicon, french: Lexicon, setting: Setting = FORCED, seed: int = 0
) -> nn.Module:
    """A translator of parts as in tasks 5.1, 5.3 and 5.4, with first weights of this seed."""
    make_encoder, make_decoder, join = parts
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        sizes = setting.embedding, setting.hidden
        return join(make_encoder(len(english), *sizes), make_decoder(len(french), *sizes))


def train_steps(
    model: nn.Module,
    pairs: Sequence[Pair],
    english: Lexicon,
    french: Lexicon,
    setting: Setting = FORCED,
    *,
    loss: Callable = stand_ins.masked_cross_entropy,
    ratio: float = 1.0,
    seed: int = 0,
    bar: bool = False,
) -> Stepping:
    """Train a translator as in task 5.4, with a loss as in task 5.5."""
    device, source = next(model.parameters()).device, torch.Generator().manual_seed(seed)
    adam, seen = torch.optim.Adam(model.parameters(), lr=setting.rate), Stepping()
    for step in steps_with_bar(setting.steps) if bar else range(setting.steps):
        for group in adam.param_groups:
            group["lr"] = setting.rate * (1 - step / setting.steps)
        places = torch.randint(len(pairs), (setting.batch_size,), generator=source).tolist()
        batch = batch_of([pairs[place] for place in places], english, french, device)
        adam.zero_grad()
        found = loss(model(batch.src, batch.lengths, batch.tgt, ratio, source), batch.tgt)
        found.backward()
        nn.utils.clip_grad_norm_(model.parameters(), setting.max_norm)
        adam.step()
        seen.losses.append(found.item())
    return seen


def train_forced(
    seen: Sequence[Pair], held: Sequence[Pair], english: Lexicon, french: Lexicon, ratio: float, seed: int
) -> Forced:
    """Train with this share of gold tokens and test: stand-ins of all parts."""
    parts = stand_ins.Encoder, stand_ins.Decoder, stand_ins.Seq2Seq
    model = own_translator(parts, english, french, seed=seed)
    train_steps(model, seen, english, french, ratio=ratio, seed=seed)
    said, _ = translations(model, stand_ins.greedy_decode, [pair.english for pair in held], english, french)
    return Forced(100 * exact(said, held).float().mean().item(), 100 * forced_accuracy(model, held, english, french))


@torch.no_grad()
def forced_accuracy(model: nn.Module, pairs: Sequence[Pair], english: Lexicon, french: Lexicon) -> float:
    """The share of tokens, EOS among them, that the model gives the most to, with the gold ones fed."""
    batch = batch_of(pairs, english, french, next(model.parameters()).device)
    with evaluating(model):
        best = model(batch.src, batch.lengths, batch.tgt).argmax(dim=2)
    real = batch.tgt != PAD
    return (best == batch.tgt)[real].float().mean().item()
