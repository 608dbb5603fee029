"""All figures: importing this enters those of every chapter into the list."""

from docs.figures import afterwards, batches, embeddings, overview, translation  # noqa: F401  (they enter their figures)
from docs.figures.kit import FIGURES, IMAGES, drawn

__all__ = ["FIGURES", "IMAGES", "drawn"]
