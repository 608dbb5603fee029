"""The hidden checks of task 5.8: more sentences, and longer ones."""

from __future__ import annotations

from grader.checks.kit import check
from grader.checks.test_alignment import links_of, maps_of, rates_agree


@check("5.8", hidden=True)
def test_rate_of_many_sentences(student, reference, draw):
    """Many sentences, short and long, are counted as well as a few."""
    shapes = draw.integers(1, 14, 30, 2).tolist()
    maps = maps_of(draw, *map(tuple, shapes))
    links = [links_of(draw, weights, 3) for weights in maps]
    for kind in ("set", "list"):
        rates_agree(student, reference, maps, links, kind)
