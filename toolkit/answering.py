"""A translator of the course's own parts at work: what it says, where it looked, and how much of it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from toolkit.modes import evaluating
from toolkit.pairs import BOS, Batch, Lexicon, Pair, batch_of
from toolkit.sentences import detokenize, tokenize

__all__ = ["ENDS", "bins", "exact", "forced_maps", "interpret", "share_by_length", "translations"]

TOGETHER = 64  # sentences that are translated at once
LONGEST = 48  # steps, that of EOS among them
ENDS = (6, 8, 10, 12, 15, 20, 36)  # of the English sentences' lengths, in words, the mark among them


def translations(
    model: nn.Module, decode: Callable, sentences: Sequence[Sequence[str]], english: Lexicon, french: Lexicon
) -> tuple[list[list[str]], list]:
    """Translate English sentences with a function as in task 5.6 or 5.7.

    Args:
        model: as in task 5.4.
        decode: `decode(model, src, lengths, max_length)` gives sentences of ids, and maps or scores.
        sentences: lists of words.

    Returns:
        The French words of each sentence, and the map or score of each.
    """
    said, more = {}, {}
    for places, batch in _batches([Pair(tuple(words), ()) for words in sentences], english, french, model):
        ids, rest = decode(model, batch.src, batch.lengths, LONGEST)
        said |= zip(places, map(french.decode, ids), strict=True)
        more |= zip(places, rest, strict=True)
    return [said[place] for place in range(len(sentences))], [more[place] for place in range(len(sentences))]


def exact(said: Sequence[Sequence[str]], pairs: Sequence[Pair]) -> torch.Tensor:
    """(N,), bool: which translations are the pairs' own, word for word."""
    return torch.tensor([tuple(words) == pair.french for words, pair in zip(said, pairs, strict=True)])


def bins(pairs: Sequence[Pair], ends: Sequence[int] = ENDS) -> dict[str, list[int]]:
    """Places of the pairs by the length of their English, such as "7 to 8"; bins without a pair are left out."""
    found = {}
    for low, high in zip((0, *ends[:-1]), ends, strict=True):
        places = [place for place, pair in enumerate(pairs) if low < len(pair.english) <= high]
        if places:
            found[f"{low + 1} to {high}"] = places
    return found


def share_by_length(right: torch.Tensor, pairs: Sequence[Pair], ends: Sequence[int] = ENDS) -> dict[str, float]:
    """Per cent of the translations that are right (N,), by the length of the English."""
    return {name: 100 * right[places].float().mean().item() for name, places in bins(pairs, ends).items()}


@torch.no_grad()
def forced_maps(model: nn.Module, pairs: Sequence[Pair], english: Lexicon, french: Lexicon) -> list[torch.Tensor]:
    """Where the model looks when it is fed the known translation: for each pair (French words, English words and EOS).

    Args:
        model: with `model.encoder(src, lengths)` and `model.decoder.step(token, state, memory, mask)`.
    """
    maps: dict[int, torch.Tensor] = {}
    with evaluating(model):
        for places, batch in _batches(pairs, english, french, model):
            memory, state = model.encoder(batch.src, batch.lengths)
            mask = torch.arange(batch.src.shape[1], device=memory.device) < batch.lengths.to(memory.device)[:, None]
            token, looks = torch.full_like(batch.tgt[:, 0], BOS), []
            for gold in batch.tgt.unbind(dim=1):
                _, state, weights = model.decoder.step(token, state, memory, mask)
                looks.append(weights)
                token = gold
            looks = torch.stack(looks, dim=1).cpu()  # (N, T, S)
            for place, look in zip(places, looks, strict=True):
                maps[place] = look[: len(pairs[place].french), : len(pairs[place].english) + 1]
    return [maps[place] for place in range(len(pairs))]


def interpret(text: str, model: nn.Module, decode: Callable, english: Lexicon, french: Lexicon) -> tuple:
    """Translate one sentence that somebody typed, and say which of its words are unknown.

    Returns:
        The English words, the French words, the map or score, and the French sentence as it is written.
    """
    words = tokenize(text, "en")
    if unknown := english.unknown(words):
        print(f"Unknown: {', '.join(unknown)}. The network reads <unk> in place of each.")
    (said,), (more,) = translations(model, decode, [words], english, french)
    return words, said, more, detokenize(said, "fr")


def _batches(
    pairs: Sequence[Pair], english: Lexicon, french: Lexicon, model: nn.Module
) -> Iterator[tuple[list[int], Batch]]:
    """Places of pairs of similar length, and their batch: so there is little padding to read, look at and write."""
    device = next(model.parameters()).device
    order = sorted(range(len(pairs)), key=lambda place: (len(pairs[place].english), len(pairs[place].french)))
    for start in range(0, len(order), TOGETHER):
        places = order[start : start + TOGETHER]
        yield places, batch_of([pairs[place] for place in places], english, french, device)
