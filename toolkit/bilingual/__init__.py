"""English sentences with French translations from a seeded grammar: which words say the same is known."""

from toolkit.bilingual.synthetic import SPLITS, drafts, synthetic_pairs

__all__ = ["SPLITS", "drafts", "synthetic_pairs"]
