"""Film reviews from a seeded grammar, written for this course, in which the order of the words decides.

The rule: a review's label is its author's own verdict on the film as a whole, and one clause of it says so. What is
denied counts the other way round; of two clauses the one that the author lets stand counts, not the one that is conceded,
expected, said by others, or true only at first. What a story's people are like, or the popcorn, counts for nothing.
"""

from toolkit.reviews.synthetic import SPLITS, synthetic_reviews

__all__ = ["SPLITS", "synthetic_reviews"]
