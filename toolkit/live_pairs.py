"""The synthetic pairs as notebook 5 reads them, and translators that were trained on them beforehand."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

from toolkit.bilingual import drafts
from toolkit.bilingual.grammar import Draft
from toolkit.pairs import Lexicon, Pair
from toolkit.translation import Recipe
from toolkit.translator import Sizes, Translator

__all__ = ["RECIPE", "SIZES", "Material", "live_translator", "load_trained", "material", "save_trained"]

SIZES = Sizes(embedding=64, hidden=128)
RECIPE = Recipe(epochs=10, batch_size=64, rate=0.004, smoothing=0.0, warm_up=100)
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"


class Material(NamedTuple):
    """The synthetic pairs, and the words of both languages.

    Attributes:
        drafts: split → its pairs, each with its constructions.
        english, french: the words of the training pairs.
    """

    drafts: dict[str, list[Draft]]
    english: Lexicon
    french: Lexicon

    def pairs(self, split: str) -> list[Pair]:
        return [draft.pair for draft in self.drafts[split]]


def material(seed: int = 0) -> Material:
    """All splits of the synthetic pairs, and the lexicons of "train"."""
    with _uncollected():
        found = drafts(seed)
    pairs = [draft.pair for draft in found["train"]]
    return Material(found, Lexicon(pair.english for pair in pairs), Lexicon(pair.french for pair in pairs))


def live_translator(english: Lexicon, french: Lexicon, seed: int = 0, attention: bool = True) -> Translator:
    """A translator with first weights of this seed; torch's own random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Translator(len(english), len(french), SIZES, attention=attention)


def save_trained(name: str, model: Translator) -> None:
    """Keep the weights in half precision, as `benchmarks/results/NAME.safetensors`."""
    from safetensors.torch import save_file

    weights = {key: value.detach().half().contiguous() for key, value in model.state_dict().items()}
    save_file(weights, RESULTS / f"{name}.safetensors")


def load_trained(name: str) -> dict[str, torch.Tensor]:
    """Weights for a translator, or for the parts of tasks 5.1 to 5.4, as `python -m benchmarks.interpreting` kept them.

    Raises:
        FileNotFoundError: there are none of this name.
    """
    from safetensors.torch import load_file

    path = RESULTS / f"{name}.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"no weights {path}: run python -m benchmarks.interpreting translators")
    return {key: value.float() for key, value in load_file(path).items()}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's collector waits: nearly all that is made meanwhile stays, and it would be searched again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
