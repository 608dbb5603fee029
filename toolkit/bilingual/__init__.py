"""English sentences with French translations from a seeded grammar, with the words that say the same.

The rule of the links: words are linked that say the same, and a word without a counterpart goes with the word that it
serves. So both halves of `ne … pas` go with "not" and with the "does" that it needs, an auxiliary goes with what says that
it is past ("ate", or "did"), `est-ce que` with the English verb that stands before the subject, `des` (or `de`) of "apples"
with the noun, `à` of "gives the girl a book" with the girl, and `de` and the article of "the baker's cat" with `'s`.
`du` is linked as `de` and `le` are. The final marks are linked. No word of either language is without a link.
"""

from toolkit.bilingual.synthetic import SPLITS, drafts, synthetic_pairs

__all__ = ["SPLITS", "drafts", "synthetic_pairs"]
