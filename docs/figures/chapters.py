"""All figures: importing this enters those of every chapter into the list."""

from docs.figures import (  # noqa: F401  (each enters its figures)
    afterwards,
    batches,
    embeddings,
    front,
    gated,
    introduction,
    overview,
    recurrent,
    translation,
    vanishing,
)
from docs.figures.kit import FIGURES, IMAGES, drawn

__all__ = ["FIGURES", "IMAGES", "drawn"]
