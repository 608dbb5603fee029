"""What students see of the checks of task 5.8, in the notebook: how far an attention map is from a known alignment."""

from __future__ import annotations

from dataclasses import replace

import torch

from grader.checks.kit import agree, answer, check, expect, no_effects
from grader.engine.values import Given, Seen

Pairs = list[tuple[int, int]]  # (place in the source, place in the translation)


def maps_of(draw, *shapes: tuple[int, int], dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """Weights (T, S) for each sentence, of each row 1 together; no two are equal."""
    return [draw.normal(*shape, dtype=dtype).softmax(dim=-1) for shape in shapes]


def said_by(weights: torch.Tensor) -> Pairs:
    """The pairs that a map says: for each row the place of its largest weight."""
    return [(source, row) for row, source in enumerate(weights.argmax(dim=1).tolist())] if len(weights) else []


def links_of(draw, weights: torch.Tensor, extra: int = 2) -> Pairs:
    """About half of what a map says, and some pairs more, in an order that is drawn."""
    rows, places = weights.shape
    right = [pair for pair, kept in zip(said_by(weights), draw.integers(0, 2, rows).tolist(), strict=True) if kept]
    drawn = zip(draw.integers(0, places, extra).tolist(), draw.integers(0, rows, extra).tolist(), strict=True)
    found = sorted({*right, *drawn})
    return [found[place] for place in draw.normal(len(found)).argsort().tolist()]


def rate(impl, maps: list[torch.Tensor], links: list[Pairs], kind: str = "set") -> Seen:
    given = [Given(weights, f"maps[{place}]") for place, weights in enumerate(maps)]
    return impl.call("alignment_error_rate", given, [impl.new("props.pairs_as", kind, pairs) for pairs in links])


def rates_agree(student, reference, maps: list[torch.Tensor], links: list[Pairs], kind: str = "set") -> None:
    got, want = (rate(impl, maps, links, kind) for impl in (student, reference))
    if type(got.value) is int:  # 0 and 1 are numbers, however they are written
        got = replace(got, value=float(got.value))
    agree(got, want, "the error rate")


@check("5.8")
def test_rate_of_a_sentence(student, reference, draw):
    """Of a sentence it is 1 − 2 |A ∩ S| / (|A| + |S|), where A holds the largest weight of each row, as (source, row)."""
    for shape in ((5, 7), (6, 4)):
        maps = maps_of(draw, shape)
        rates_agree(student, reference, maps, [links_of(draw, maps[0])])


@check("5.8")
def test_rate_of_as_many_words(student, reference, draw):
    """Rows are the words of the translation, columns those of the source, also where there are as many of both."""
    for _ in range(2):
        maps = maps_of(draw, (6, 6))
        rates_agree(student, reference, maps, [links_of(draw, maps[0])])


@check("5.8")
def test_rate_of_several_sentences(student, reference, draw):
    """Pairs are counted over all sentences together, and divided once: a long sentence counts more than a short one."""
    maps = maps_of(draw, (9, 8), (2, 3), (4, 6))
    rates_agree(student, reference, maps, [links_of(draw, weights) for weights in maps])
    right, wrong = maps[1], maps[0]
    beside = [((source + 1) % wrong.shape[1], row) for source, row in said_by(wrong)]
    rates_agree(student, reference, [wrong, right], [beside, said_by(right)])


@check("5.8")
def test_rate_of_a_perfect_map(student, reference, draw):
    """Where the map says just the known pairs it is 0; where it says none of them, 1."""
    maps = maps_of(draw, (5, 6), (3, 4))
    rates_agree(student, reference, maps, [said_by(weights) for weights in maps])
    links = [[((source + 1) % weights.shape[1], row) for source, row in said_by(weights)] for weights in maps]
    rates_agree(student, reference, maps, links)


@check("5.8")
def test_words_with_many_links_or_none(student, reference, draw):
    """A word may belong to several, or to none: every known pair counts in |S|, every row in |A|."""
    (weights,) = maps_of(draw, (4, 5))
    said = said_by(weights)
    many = [(place, 0) for place in range(5)]
    for links in ([*many, *said[2:]], said[:1], [*said, ((said[0][0] + 1) % 5, 0)]):
        rates_agree(student, reference, [weights], [links])


@check("5.8")
def test_every_place_counts(student, reference, draw):
    """The first and the last column count like all others: where EOS, or another end, is looked at most, that is what is said."""
    (weights,) = maps_of(draw, (4, 5))
    weights[0, -1] = weights[1, 0] = weights[3, -1] = 2
    for links in (said_by(weights), said_by(weights)[:2], [(0, 1), (1, 0), (4, 3)]):
        rates_agree(student, reference, [weights], [links])


@check("5.8")
def test_largest_weight_alone_counts(student, reference, draw):
    """How large the largest weight is plays no part: a row that is nearly level says one pair as well."""
    level = 0.2 + 0.001 * draw.normal(4, 6).argsort(dim=-1)
    sharp = torch.nn.functional.one_hot(draw.integers(0, 6, 4), 6) * 0.99 + level / 1000
    for weights in (level, sharp, 10 * level):
        rates_agree(student, reference, [weights], [links_of(draw, weights)])


@check("5.8")
def test_links_in_other_containers(student, reference, draw):
    """The known pairs of a sentence come as a set, a frozenset, a list or a tuple, in any order."""
    maps = maps_of(draw, (5, 4), (3, 5))
    links = [links_of(draw, weights) for weights in maps]
    for kind in ("frozenset", "list", "tuple"):
        rates_agree(student, reference, maps, links, kind)


@check("5.8")
def test_maps_of_one_word(student, reference, draw):
    """One word, in source or translation, works as well."""
    for shape in ((1, 4), (4, 1), (1, 1)):
        maps = maps_of(draw, shape)
        rates_agree(student, reference, maps, [links_of(draw, maps[0], 1)])


@check("5.8")
def test_sentences_without_a_word(student, reference, draw):
    """A map without rows says nothing, and a sentence may have no known pairs: what the other side has counts all the same."""
    full, empty = *maps_of(draw, (5, 4)), torch.zeros(0, 4)
    links = links_of(draw, full)
    for other in ([(0, 0), (1, 1)], []):
        rates_agree(student, reference, [full, empty], [links, other])
    rates_agree(student, reference, [full, full], [links, []])
    rates_agree(student, reference, [full], [[]])
    rates_agree(student, reference, [empty], [[(1, 0)]])


@check("5.8")
def test_nothing_to_count(student, reference, draw):
    """Where there is nothing to count it is 0, and nothing is divided by 0."""
    for maps in ([], [torch.zeros(0, 3)], [torch.zeros(0, 1), torch.zeros(0, 4)]):
        rates_agree(student, reference, maps, [[] for _ in maps])


@check("5.8")
def test_rate_in_double(student, reference, draw):
    """Maps in double precision work as well."""
    maps = maps_of(draw, (4, 6), (3, 3), dtype=torch.float64)
    rates_agree(student, reference, maps, [links_of(draw, weights) for weights in maps])


@check("5.8", value=False)
def test_rate_is_a_float(student, reference, draw):
    """A Python float comes back, not a tensor."""
    maps = maps_of(draw, (4, 5))
    seen = rate(student, maps, [links_of(draw, maps[0])])
    answer(seen, float, "the error rate")


@check("5.8", value=False)
def test_counting_leaves_things_alone(student, reference, draw):
    """Maps and links stay as they were."""
    maps = maps_of(draw, (4, 5), (2, 3))
    links = [links_of(draw, weights) for weights in maps]
    kept = [student.new("props.pairs_as", "list", pairs) for pairs in links]
    no_effects(student.call("alignment_error_rate", [Given(weights, "maps") for weights in maps], kept))
    now = student.call("props.noted", kept)
    expect(now.value == links, "the links that were given have changed; leave them as they came")
