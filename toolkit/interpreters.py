"""What was chosen for English to French on Multi30k, on its validation pairs alone: the words, the sizes, the recipe."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from toolkit.pairs import Lexicon, Pair
from toolkit.translation import Recipe
from toolkit.translator import Dropout, Sizes, Translator

__all__ = ["BEAM", "LENGTH_POWERS", "MIN_FREQ", "RECIPE", "SIZES", "interpreter", "lexicons"]

MIN_FREQ = 2  # what the training pairs have once stays unknown
SIZES = Sizes(embedding=384, hidden=224)
DROPOUT = Dropout(words=0.1, output=0.2)
RECIPE = Recipe(epochs=5.5, batch_size=96, rate=0.003, smoothing=0.1, words=500)
BEAM = 5
LENGTH_POWERS = (0.0, 0.6, 1.0)  # of which one is chosen on the validation pairs


def lexicons(pairs: Sequence[Pair], min_freq: int = MIN_FREQ) -> tuple[Lexicon, Lexicon]:
    """The English and the French words of the training pairs."""
    return Lexicon((pair.english for pair in pairs), min_freq), Lexicon((pair.french for pair in pairs), min_freq)


def interpreter(english: Lexicon, french: Lexicon, seed: int = 0, attention: bool = True) -> Translator:
    """The translator that was chosen, with first weights of this seed; torch's own random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Translator(len(english), len(french), SIZES, DROPOUT, attention)
