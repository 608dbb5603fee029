"""Training a translator, and letting it translate: greedy and with a beam, many sentences at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import torch
from torch import nn

from toolkit.modes import evaluating
from toolkit.pairs import BOS, EOS, PAD, Batch, Lexicon, Pair, batch_of
from toolkit.progress import steps_with_bar
from toolkit.translator import Translator, hidden_places

__all__ = ["LONGEST", "Recipe", "Training", "Translation", "beam", "beams", "greedy", "sampled_loss", "train"]

POOL = 150  # batches' worth of pairs that are sorted by length together
TOGETHER = 128  # sentences in a batch that are translated, or hypotheses of a beam
LONGEST = 60  # steps, that of EOS among them


@dataclass(frozen=True)
class Recipe:
    """How a translator is trained: Adam, with a rate that grows for `warm_up` steps and falls along a cosine to 0.

    Attributes:
        epochs, batch_size: times that each pair is read, the last time perhaps not all of them; and pairs of a step.
        rate, max_norm: learning rate, greatest norm of the gradient.
        smoothing: share of the target that is spread over all words (Szegedy et al., 2016).
        words: how many words each step is scored against, see `sampled_loss`; None takes all.
    """

    epochs: float
    batch_size: int = 96
    rate: float = 0.003
    max_norm: float = 1.0
    smoothing: float = 0.1
    warm_up: int = 200
    words: int | None = None


@dataclass
class Training:
    """What a training saw.

    Attributes:
        losses: before each step, in nats per word, smoothing included.
        tested: after each epoch (seconds of training so far, what the test gave).
        seconds: of the training, without the tests.
        words: French words and ends of sentences that were learnt from.
    """

    losses: list[float] = field(default_factory=list)
    tested: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0
    words: int = 0


class Translation(NamedTuple):
    """One sentence as a translator wrote it.

    Attributes:
        words: French; `<unk>` where it named no word that it knows.
        looks: for each word the place in the English that had the largest weight.
    """

    words: list[str]
    looks: list[int]

    def copied(self, english: Sequence[str]) -> list[str]:
        """The words; for each `<unk>` the English word that was looked at, or nothing where that was the end."""
        there = [*english, ""]
        words = (there[place] if word == "<unk>" else word for word, place in zip(self.words, self.looks, strict=True))
        return [word for word in words if word]


def train(
    model: Translator,
    pairs: Sequence[Pair],
    english: Lexicon,
    french: Lexicon,
    recipe: Recipe,
    *,
    seed: int = 0,
    test: Callable[[], float] | None = None,
    bar: bool = False,
) -> Training:
    """Read the pairs several times, in batches of similar length.

    Args:
        seed: of the order, and of the words that are scored against.
        test: called after each epoch, in evaluation mode; the clock stands still meanwhile.
        bar: whether long work shows a progress bar.

    Raises:
        ValueError: there are no pairs, or a loss isn't finite.
    """
    if not pairs:
        raise ValueError("there are no pairs to learn from, expected at least one")
    device, source = next(model.parameters()).device, torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(model.parameters(), lr=recipe.rate, betas=(0.9, 0.98), fused=True)
    per_epoch = -(-len(pairs) // recipe.batch_size)
    total, seen = round(recipe.epochs * per_epoch), Training()
    steps = iter(steps_with_bar(total) if bar else range(total))
    for _ in range(math.ceil(recipe.epochs)):
        model.train()
        for part in islice(_buckets(pairs, recipe.batch_size, source), total - len(seen.losses)):
            start, step = time.perf_counter(), next(steps)
            batch = batch_of(part, english, french, device)
            _set_rate(adam, recipe.rate * _share(step, total, recipe.warm_up))
            seen.losses.append(_step(model, adam, batch, recipe, source))
            seen.seconds += time.perf_counter() - start
            seen.words += int((batch.tgt != PAD).sum())
            if not math.isfinite(seen.losses[-1]):
                raise ValueError(
                    f"the loss is {seen.losses[-1]} before step {step + 1}: lower the rate, or warm up longer"
                )
        if test is not None:
            with evaluating(model):
                seen.tested.append((seen.seconds, test()))
    next(steps, None)  # the bar ends
    model.eval()
    return seen


def sampled_loss(
    features, words, output: nn.Linear, count: int | None, smoothing: float, source: torch.Generator | None
):
    """The mean cross-entropy of the M words (M,) after the features (M, F), of which the output layer makes logits.

    Args:
        count: where there are more words than that, they are scored against the words of the batch and others drawn at
            random, `count` together. A word drawn with probability p stands for 1/p words, so that the sum over all
            words is estimated without bias (after Jean et al., 2015); None takes all words.
        smoothing: the share of the target that is spread evenly over all words.
        source: of the draws.
    """
    candidates, places, extra = _candidates(words, output.out_features, count, source)
    logits = nn.functional.linear(features, output.weight[candidates], output.bias[candidates])
    total = (logits + extra).logsumexp(1)
    gold = logits.gather(1, places[:, None])[:, 0]
    loss = total - (1 - smoothing) * gold
    if smoothing:
        loss = loss - smoothing * (logits @ extra.softmax(0))
    return loss.mean()


@torch.no_grad()
def greedy(
    model: Translator, sentences: Sequence[Sequence[str]], english: Lexicon, french: Lexicon, longest: int = LONGEST
) -> list[Translation]:
    """Translations of English sentences, the likeliest word in each step."""
    found: dict[int, Translation] = {}
    with evaluating(model):
        for places, src, lengths in _sources(sentences, english, TOGETHER, model):
            memory, state, mask = model.read(src, lengths)
            decoder, unseen = model.decoder, hidden_places(mask, memory.dtype)
            keys, token = decoder.attention.key(memory), torch.full_like(src[:, 0], BOS)
            words, looks = [], []
            done = torch.zeros_like(mask[:, 0])
            while len(words) < longest and not done.all():
                logits, state, weights = decoder.step_with_keys(token, state, memory, keys, unseen)
                token = logits.argmax(1)
                done |= token == EOS
                words.append(token)
                looks.append(weights.argmax(1))
            found |= _written(places, torch.stack(words, 1), torch.stack(looks, 1), french)
    return [found[place] for place in range(len(sentences))]


def beam(
    model: Translator,
    sentences: Sequence[Sequence[str]],
    english: Lexicon,
    french: Lexicon,
    size: int,
    power: float = 0.0,
    longest: int = LONGEST,
) -> list[Translation]:
    """Translations of English sentences, of the `size` best beginnings in each step.

    Args:
        power: in the end a hypothesis of T words, EOS included, competes with its log-probability divided by T to this
            power. 0 takes the likeliest as task 5.7 does.
    """
    return beams(model, sentences, english, french, size, [power], longest)[power]


@torch.no_grad()
def beams(
    model: Translator,
    sentences: Sequence[Sequence[str]],
    english: Lexicon,
    french: Lexicon,
    size: int,
    powers: Sequence[float],
    longest: int = LONGEST,
) -> dict[float, list[Translation]]:
    """As `beam`, for several powers after one search."""
    found: dict[float, dict[int, Translation]] = {power: {} for power in powers}
    with evaluating(model):
        for places, src, lengths in _sources(sentences, english, max(1, TOGETHER // size), model):
            words, looks, scores = _beam(model, src, lengths, size, longest)
            steps = ((words != EOS).cumprod(2).sum(2) + 1).clamp(max=words.shape[2])
            rows = torch.arange(len(src), device=src.device)
            for power in powers:
                best = (scores / steps**power).argmax(1)
                found[power] |= _written(places, words[rows, best], looks[rows, best], french)
    return {power: [written[place] for place in range(len(sentences))] for power, written in found.items()}


def _beam(model: Translator, src, lengths, size: int, longest: int) -> tuple[torch.Tensor, ...]:
    """Of each sentence the `size` best hypotheses: words and looks (N, B, T), log-probabilities (N, B)."""
    memory, state, mask = (part.repeat_interleave(size, 0) for part in model.read(src, lengths))
    decoder, unseen, count = model.decoder, hidden_places(mask, memory.dtype), len(src)
    keys, rows = decoder.attention.key(memory), torch.arange(count, device=src.device)[:, None]
    token = torch.full((count, size), BOS, device=src.device)
    scores = memory.new_full((count, size), -math.inf)
    scores[:, 0] = 0.0  # one beginning
    done, words, looks = token == EOS, token[..., None][..., :0], token[..., None][..., :0]
    for _ in range(longest):
        logits, state, weights = decoder.step_with_keys(token.flatten(), state, memory, keys, unseen)
        logp = logits.log_softmax(1).unflatten(0, (count, size))
        stay = torch.full_like(logp[0, 0], -math.inf)
        stay[EOS] = 0.0  # a finished hypothesis goes on with EOS, at no cost
        grown = torch.where(done[..., None], stay, logp) + scores[..., None]
        scores, chosen = grown.flatten(1).topk(size, dim=1)
        parent, token = chosen // logp.shape[2], chosen % logp.shape[2]
        state = state.unflatten(0, (count, size))[rows, parent].flatten(0, 1)
        looked = weights.argmax(1).unflatten(0, (count, size))[rows, parent]
        words = torch.cat([words[rows, parent], token[..., None]], 2)
        looks = torch.cat([looks[rows, parent], looked[..., None]], 2)
        done = (token == EOS) | done[rows, parent]
        if done.all():
            break
    return words, looks, scores


def _written(
    places: Sequence[int], words: torch.Tensor, looks: torch.Tensor, french: Lexicon
) -> dict[int, Translation]:
    """By the place of each sentence what was written, up to EOS."""
    found = {}
    for place, row, looked in zip(places, words.tolist(), looks.tolist(), strict=True):
        end = row.index(EOS) if EOS in row else len(row)
        found[place] = Translation([french.words[number] for number in row[:end]], looked[:end])
    return found


def _sources(sentences, english: Lexicon, size: int, model: Translator) -> Iterator[tuple]:
    """Places, ids and lengths of sentences of similar length."""
    device = next(model.parameters()).device
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place]))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        batch = batch_of([Pair(tuple(sentences[place]), ()) for place in places], english, english, device)
        yield places, batch.src, batch.lengths


def _buckets(pairs: Sequence[Pair], size: int, source: torch.Generator) -> Iterator[list[Pair]]:
    """All pairs once, in batches of similar length in random order."""
    order = torch.randperm(len(pairs), generator=source).tolist()
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = sorted(order[start : start + size * POOL], key=lambda place: _widths(pairs[place]))
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    for number in torch.randperm(len(batches), generator=source).tolist():
        yield [pairs[place] for place in batches[number]]


def _widths(pair: Pair) -> tuple[int, int]:
    """A step of the decoder costs more than one of the encoder, so the French sentences get the less padding."""
    return len(pair.french), len(pair.english)


def _step(model: Translator, optimizer: torch.optim.Optimizer, batch: Batch, recipe: Recipe, source) -> float:
    features, words = model.features(batch.src, batch.lengths, batch.tgt), batch.tgt[batch.tgt != PAD]
    loss = sampled_loss(features, words, model.decoder.output, recipe.words, recipe.smoothing, source)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), recipe.max_norm)
    optimizer.step()
    return loss.item()


def _candidates(words: torch.Tensor, known: int, count: int | None, source) -> tuple:
    """Which words are scored against, where each of the words stands among them, and −log p of each."""
    if count is None or count >= known:
        return slice(None), words, torch.zeros(known, device=words.device)
    there = words.unique()
    absent = torch.ones(known, dtype=torch.bool)
    absent[there.cpu()] = False
    absent = absent.nonzero()[:, 0]
    drawn = absent[torch.randperm(len(absent), generator=source)[: max(0, count - len(there))]].to(words.device)
    extra = torch.zeros(len(there) + len(drawn), device=words.device)
    if len(drawn):
        extra[len(there) :] = math.log(len(absent) / len(drawn))
    return torch.cat([there, drawn]), torch.searchsorted(there, words), extra


def _share(step: int, total: int, warm_up: int) -> float:
    return min(1.0, (step + 1) / max(1, warm_up)) * (1 + math.cos(math.pi * step / total)) / 2


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
