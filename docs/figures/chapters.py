"""All figures: importing this enters those of every chapter into the list."""

from docs.figures import front  # noqa: F401  (each enters its figures)
from docs.figures.kit import FIGURES, IMAGES, drawn

__all__ = ["FIGURES", "IMAGES", "drawn"]
