"""Labelled reviews, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reviews"]


@dataclass(frozen=True)
class Reviews:
    """Texts and what they say of a film.

    Attributes:
        name: where they come from, as a figure says it.
        texts: N reviews.
        labels: for each, 1 where it speaks for the film, else 0.
        decisive: for each, the words of the text that decide its label; empty where nobody knows, as with real reviews.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[int, ...]
    decisive: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)
