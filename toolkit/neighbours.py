"""What lies near what in an embedding, before and after training."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from toolkit.tables import show_table

__all__ = ["flat", "nearest_words", "neighbour_rows", "show_neighbours"]

SPECIAL = 2  # ids 0 and 1, padding and unknown words, are no one's neighbours


def nearest_words(weight: torch.Tensor, words: Sequence[str], word: str, count: int = 4) -> list[tuple[str, float]]:
    """The words whose vectors have the greatest cosine similarity with that of one word, and how great it is.

    Args:
        weight: (V, E), such as `embedding.weight`; rows 0 and 1, padding and unknown words, are left out.
        words: the word of each row, such as `vocabulary.words`.
        word: whose neighbours are looked for.
        count: how many; fewer where there are no more.

    Raises:
        ValueError: weight has no row for each word, the word isn't there, or `count` is below 1.
    """
    if weight.dim() != 2 or len(weight) != len(words):
        raise ValueError(f"weight has shape {tuple(weight.shape)}, expected ({len(words)}, E): a row for each word")
    if word not in words[SPECIAL:]:
        raise ValueError(f"{word!r} is not among the {len(words) - SPECIAL} words of the vocabulary")
    if count < 1:
        raise ValueError(f"count is {count}, expected at least 1")
    place = words.index(word)
    vectors = torch.nn.functional.normalize(weight.detach().cpu().double(), dim=1)
    similarity = vectors @ vectors[place]
    similarity[[*range(SPECIAL), place]] = -torch.inf
    best = similarity.topk(min(count, len(words) - SPECIAL - 1))
    return [(words[number], value) for value, number in zip(best.values.tolist(), best.indices.tolist(), strict=True)]


def neighbour_rows(
    before: torch.Tensor, after: torch.Tensor, words: Sequence[str], queries: Sequence[str], count: int = 4
) -> list[dict[str, str]]:
    """A row for each query: its nearest words before and after training, each with its cosine similarity."""
    return [
        {
            "word": query,
            "nearest before training": _written(nearest_words(before, words, query, count)),
            "nearest after training": _written(nearest_words(after, words, query, count)),
        }
        for query in queries
    ]


def _written(found: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{word} {value:.2f}".replace("-", "−") for word, value in found)


def show_neighbours(
    before: torch.Tensor,
    after: torch.Tensor,
    words: Sequence[str],
    queries: Sequence[str],
    caption: str,
    count: int = 4,
    parts: Sequence[object] = (),
) -> None:
    """Display the table of `neighbour_rows`; the caption says what was trained, `parts` what it was trained with.

    Raises:
        ValueError: as `nearest_words` and `show_table` do.
    """
    rows = neighbour_rows(before, after, words, queries, count)
    show_table(rows, dict.fromkeys(("word", "nearest before training", "nearest after training"), ""), caption, parts)


def flat(weight: torch.Tensor, numbers: Sequence[int]) -> tuple[torch.Tensor, float]:
    """Some rows of the weight in the plane in which they lie farthest apart (principal components; Pearson, 1901).

    Returns:
        (len(numbers), 2), and the share of their variance that the plane keeps.
    """
    rows = weight.detach().cpu()[list(numbers)]
    rows = rows - rows.mean(dim=0)
    left, sizes, _ = torch.linalg.svd(rows, full_matrices=False)
    signs = (
        left[:, :2].sum(dim=0).sign()
    )  # a direction may come out either way: the heavier side is the right or upper one
    points = left[:, :2] * sizes[:2] * torch.where(signs == 0, 1, signs)
    return points, (sizes[:2].square().sum() / sizes.square().sum().clamp(min=1e-12)).item()
