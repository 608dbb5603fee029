"""Batches of similar length, judged by what has to hold whatever order was drawn."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from grader.checks.kit import Mismatch, agree, shown
from grader.compare import same
from grader.engine.values import Array, Given, Seen

__all__ = [
    "Buckets",
    "each_place_once",
    "full_but_for_one",
    "in_another_order",
    "next_to_each_other",
    "nothing_stays_in_its_place",
    "shuffled",
    "split",
]  # fmt: skip

MANY = 20  # batches whose order is sorted, or turned round, by no chance


@dataclass(frozen=True)
class Buckets:
    """What one call gave, and what it was called with."""

    seen: Seen
    lengths: list[int]
    batch_size: int

    @property
    def batches(self) -> list[list[int]]:
        """The places in each batch; all of them have to be places."""
        agree(replace(self.seen, value=None), Seen())  # an exception fails the check as one
        value = self.seen.value
        self.expect(isinstance(value, list | tuple), f"the result is {shown(value)}, expected a list of tensors")
        for number, batch in enumerate(value):
            self.expect(
                _places(batch) is not None,
                f"batch {number} is {_told(batch)}, expected a tensor of places: one axis, int64",
            )
        found = [_places(batch) for batch in value]
        for number, batch in enumerate(found):
            strange = [place for place in batch if not 0 <= place < len(self.lengths)]
            if strange:
                self.expect(False, f"batch {number} holds {strange[0]}, which is no place: lengths has the places 0 to "
                            f"{len(self.lengths) - 1}")  # fmt: skip
        return found

    @property
    def order(self) -> list[int]:
        """The batches by the shortest length in each: 0 for the batch that holds the shortest of all."""
        shortest = [min((self.lengths[place] for place in batch), default=0) for batch in self.batches]
        return [sorted(shortest).index(length) for length in shortest]

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the check with a sentence, and with the call that it is about, unless the condition holds."""
        if not condition:
            raise Mismatch(otherwise, seen=self.seen)


def split(impl, seed: int | object, lengths: list[int], batch_size: int, *earlier: Buckets) -> Buckets:
    """The batches from a fresh generator with this seed, or from this one.

    In the log stands a fingerprint of what holds of them whatever was drawn, and whether they are those of `earlier` calls.
    """
    generator = impl.new("props.generator", seed) if isinstance(seed, int) else seed
    seen = impl.call(
        "length_buckets", Given(torch.tensor(lengths, dtype=torch.int64), "lengths"), batch_size, generator
    )
    found = Buckets(seen, lengths, batch_size)
    impl.remember_as(_fingerprint([_facts(found), [same(seen.value, other.seen.value) for other in earlier]]))
    return found


def each_place_once(found: Buckets) -> None:
    places = [place for batch in found.batches for place in batch]
    count = len(found.lengths)
    missing = [place for place in range(count) if place not in places]
    if missing:
        found.expect(False, f"place {missing[0]} stands in no batch; {len(missing)} of {count} places are missing")
    twice = [place for place in range(count) if places.count(place) > 1]
    if twice:
        found.expect(False, f"place {twice[0]} stands in the batches {places.count(twice[0])} times, expected once")


def full_but_for_one(found: Buckets) -> None:
    sizes, size = [len(batch) for batch in found.batches], found.batch_size
    number = -(-len(found.lengths) // size)
    for place, count in enumerate(sizes):
        found.expect(count <= size, f"batch {place} holds {count} places, expected no more than batch_size, {size}")
        found.expect(
            count > 0, f"batch {place} is empty; {len(found.lengths)} places make {number} batches of up to {size}"
        )
    short = [count for count in sizes if count < size]
    found.expect(len(short) < 2, f"{len(short)} batches hold fewer than {size} places, expected one at most")
    found.expect(len(sizes) == number, f"there are {len(sizes)} batches, expected {number}: {len(found.lengths)} places, up to "
                 f"{size} in each")  # fmt: skip


def next_to_each_other(found: Buckets) -> None:
    ends = sorted((min(lengths), max(lengths)) for lengths in _lengths(found))
    for (low, high), (start, end) in pairwise(ends):
        found.expect(
            high <= start, f"one batch holds lengths from {low} to {high}, another from {start} to {end}: they overlap"
        )


def shuffled(found: Buckets) -> None:
    """The order is neither sorted nor reversed, nor is it one of these turned round."""
    order = found.order
    steps = [later - earlier for earlier, later in pairwise(order)]
    found.expect(
        len(order) >= MANY, f"there are {len(order)} batches, expected {len(found.lengths) // found.batch_size}"
    )
    for step, way in ((1, "from short to long"), (-1, "from long to short")):
        followed = steps.count(step)
        if 2 * followed > len(steps):
            whole = "the batches come" if followed == len(steps) else "most batches follow each other"
            found.expect(False, f"{whole} {way}, expected an order that is drawn")


def in_another_order(one: Buckets, other: Buckets, same: bool = False, what: str = "") -> None:
    first, second = one.batches, other.batches
    if same:
        other.expect(
            first == second, "a second call with a generator in the same state gave other batches, or another order"
        )
    else:
        other.expect([set(batch) for batch in first] != [set(batch) for batch in second],
                     f"{what} the batches come in the same order, expected another")  # fmt: skip


def nothing_stays_in_its_place(student, found: list[Buckets]) -> None:
    """No batch comes at the same place in all these calls, which differ in their generators."""
    orders = [one.order for one in found]
    still = _still(found)
    student.call("props.noted", still if len(still) < len(orders[0]) // 2 else "most")
    for rank, places in still:
        name = "shortest" if rank == 0 else "longest" if rank == max(orders[0]) else f"{rank + 1}th shortest"
        end = "first" if places == 0 else "last" if places == len(orders[0]) - 1 else f"at place {places}"
        found[-1].expect(False, f"the batch with the {name} sequences came {end} in all of {len(orders)} calls")


def _still(found: list[Buckets]) -> list[tuple[int, int]]:
    """The batches that never move, by their rank in length, and where."""
    orders = [one.order for one in found]
    return [
        (rank, place)
        for place, rank in enumerate(orders[0])
        if all(order[place : place + 1] == [rank] for order in orders)
    ]


def _lengths(found: Buckets) -> list[list[int]]:
    return [sorted(found.lengths[place] for place in batch) for batch in found.batches if batch]


def _places(batch) -> list[int] | None:
    """A batch as a list of int; None where it is neither a tensor of whole numbers with one axis nor a list of them."""
    if isinstance(batch, Array):
        whole = batch.data is not None and not batch.data.is_floating_point() and batch.dtype != "torch.bool"
        return batch.data.tolist() if whole and len(batch.shape) == 1 else None
    if isinstance(batch, list) and all(type(place) is int for place in batch):
        return batch
    return None


def _told(batch) -> str:
    return (
        shown(batch) if not isinstance(batch, list) else f"a list of {type(batch[0]).__name__ if batch else 'nothing'}"
    )


# the facts by which a mistake is recognised: nothing in them depends on what was drawn


def _fingerprint(facts) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _facts(found: Buckets):
    if found.seen.failure is not None:
        return "an exception"
    try:
        batches = found.batches
    except Mismatch:
        value = found.seen.value
        kinds = sorted({_kind(batch) for batch in value}) if isinstance(value, list | tuple) else _kind(value)
        return [type(value).__name__, kinds]
    places = [place for batch in batches for place in batch]
    facts = {
        "kinds": sorted({_kind(batch) for batch in found.seen.value}),
        "sizes": sorted(map(len, batches)),
        "all": sorted(set(places)) == list(range(len(found.lengths))),
        "twice": len(places) - len(set(places)),
        "order": _order(found),
    }
    try:
        next_to_each_other(found)
    except Mismatch:
        neighbours = sum(one + 1 == other for batch in batches for one, other in pairwise(batch))
        inside = [[found.lengths[place] for place in batch] for batch in batches]
        sorted_inside = all(lengths == sorted(lengths) for lengths in inside)
        ranks = torch.tensor(found.lengths).argsort().argsort().split(found.batch_size)
        facts["ranks"] = sorted(map(sorted, batches)) == sorted(sorted(part.tolist()) for part in ranks)
        return facts | {"overlap": True, "as they came": 2 * neighbours > len(places), "sorted inside": sorted_inside}
    return facts | {"lengths": sorted(_lengths(found))}


def _kind(value) -> str:
    if isinstance(value, Array):
        return f"{value.dtype} with {len(value.shape)} axes"
    return type(value).__name__


def _order(found: Buckets) -> str:
    """Whether many batches come sorted, or turned round; fewer may do so by chance."""
    if len(found.batches) < MANY:
        return ""
    try:
        shuffled(found)
    except Mismatch as problem:
        return problem.message
    return "drawn"
