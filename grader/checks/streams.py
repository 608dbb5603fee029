"""Batches that go on where the last ones ended, judged by what has to hold whatever is dropped and however rows are placed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from grader.checks.kit import Mismatch, agree, shown
from grader.engine.values import Array, Given, Opaque, Seen

__all__ = ["Streams", "as_many", "goes_on", "in_a_row", "no_place_twice", "one_later", "streams"]

FEW = 3  # distances between places that a fingerprint lists
NAMES = ("x", "y")


@dataclass(frozen=True)
class Streams:
    """What one call gave, and what it was called with; all ids are different, so that each says where it stands."""

    seen: Seen
    ids: list[int]
    batch_size: int
    length: int

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return max(len(self.ids) - 1, 0) // (self.batch_size * self.length)

    @cached_property
    def pairs(self) -> list[tuple]:
        """The pairs (x, y), whatever is in them."""
        agree(replace(self.seen, value=None), Seen())  # an exception fails the check as one
        pairs = _unpacked(self.seen.value)
        self.expect(pairs is not None, f"the result is {shown(self.seen.value)}, expected something to go through with a "
                    "loop, of pairs (x, y)")  # fmt: skip
        parts = [_unpacked(pair) for pair in pairs]
        for number, (pair, part) in enumerate(zip(pairs, parts, strict=True)):
            self.expect(
                part is not None and len(part) == 2,
                f"chunk {number} is {shown(pair)}, expected a pair (x, y) of tensors",
            )
        return parts

    @cached_property
    def x(self) -> torch.Tensor:
        """(chunks, N, L): where in the text each entry of x stands. All shapes have to be right."""
        return self._side(0)

    @cached_property
    def y(self) -> torch.Tensor:
        """The same for y."""
        return self._side(1)

    def _side(self, side: int) -> torch.Tensor:
        parts = [self._places(f"{NAMES[side]} of chunk {number}", pair[side]) for number, pair in enumerate(self.pairs)]
        return torch.stack(parts) if parts else torch.empty(0, self.batch_size, self.length, dtype=torch.int64)

    def _places(self, name: str, part) -> torch.Tensor:
        shape = (self.batch_size, self.length)
        self.expect(isinstance(part, Array), f"{name} is {shown(part)}, expected a tensor of shape {shape}")
        self.expect(part.shape == shape, f"{name} has shape {part.shape}, expected (N, L) = {shape}")
        self.expect(part.dtype == "torch.int64", f"{name} has type {part.dtype.removeprefix('torch.')}, expected int64")
        index = {identity: place for place, identity in enumerate(self.ids)}
        found = part.data.flatten().tolist()
        strange = [identity for identity in found if identity not in index]
        self.expect(not strange, f"{name} holds {strange[0] if strange else ''}, which is no id of the text")
        return torch.tensor([index[identity] for identity in found]).view(shape)

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the check with a sentence, and with the call that it is about, unless the condition holds."""
        if not condition:
            raise Mismatch(otherwise, seen=self.seen)

    def shown(self, name: str, chunk: int, row: int) -> str:
        return f"{name} of chunk {chunk}, row {row}"


def streams(impl, ids: torch.Tensor, batch_size: int, length: int, strided: bool = False) -> Streams:
    """The chunks of a text; something else than a list or an iterator is gone through as a loop would.

    In the log stands a fingerprint of what holds of them whatever is dropped.
    """
    given = Given(ids, "ids", strided=strided)
    seen = impl.call("stream_batches", given, batch_size, length)
    if isinstance(seen.value, Opaque):  # such as a loader, which draws a seed wherever it is gone through
        looped = impl.call("props.in_a_list", impl.new("stream_batches", given, batch_size, length))
        seen = impl.log[-1] = replace(looped, effects=seen.effects)
    found = Streams(seen, ids.tolist(), batch_size, length)
    impl.remember_as(_fingerprint(_facts(found)))
    return found


def as_many(found: Streams) -> None:
    """As many chunks as fit."""
    count = len(found.pairs)
    total, size = len(found.ids), f"{found.batch_size} · {found.length}"
    found.expect(
        count == found.count,
        f"there {_are(count, 'chunk')}, expected {found.count}: (T − 1) // (N · L) = {total - 1} // ({size})",
    )


def in_a_row(found: Streams) -> None:
    """Within a row of x each entry follows the one before in the text."""
    x = found.x
    for chunk, row, step in (x.diff(dim=2) != 1).nonzero().tolist():
        here, there = x[chunk, row, step : step + 2].tolist()
        found.expect(False, f"in {found.shown('x', chunk, row)}, place {here} of the text is followed by place {there}, "
                     f"expected {here + 1}: a row is a stretch of the text")  # fmt: skip


def goes_on(found: Streams) -> None:
    """Each row of a chunk goes on where the same row of the chunk before ended."""
    x = found.x
    for chunk, row in (x[1:, :, 0] - x[:-1, :, -1] != 1).nonzero().tolist():
        ended, begins = int(x[chunk, row, -1]), int(x[chunk + 1, row, 0])
        found.expect(False, f"{found.shown('x', chunk, row)} ends at place {ended} of the text, and the same row of chunk "
                     f"{chunk + 1} begins at place {begins}, expected {ended + 1}")  # fmt: skip


def one_later(found: Streams) -> None:
    """Every entry of y stands one place after that of x."""
    x, y = found.x, found.y
    for chunk, row, step in (y - x != 1).nonzero().tolist():
        here, there = int(x[chunk, row, step]), int(y[chunk, row, step])
        found.expect(False, f"at [{row}, {step}] of chunk {chunk}, x holds place {here} of the text and y place {there}, "
                     f"expected {here + 1}: y comes one later")  # fmt: skip


def no_place_twice(found: Streams) -> None:
    """No two entries of x stand at the same place."""
    x = found.x
    twice = [place for place, times in Counter(x.flatten().tolist()).items() if times > 1]
    if twice:
        one, other = (x == twice[0]).nonzero()[:2, :2].tolist()
        found.expect(
            False,
            f"place {twice[0]} of the text stands in {found.shown('x', *one)}, and again in chunk {other[0]}, row "
            f"{other[1]}: no two rows share a place",
        )


def _are(count: int, what: str) -> str:
    return f"is 1 {what}" if count == 1 else f"are {count} {what}s"


def _unpacked(value) -> list | None:
    """What a loop over it would give: the entries of a list or tuple, or a tensor's along its first axis."""
    if isinstance(value, Array) and value.shape and value.data is not None:
        return [Array(part, tuple(part.shape), value.dtype, value.device) for part in value.data]
    return list(value) if isinstance(value, list | tuple) else None


# the facts by which a mistake is recognised: nothing in them depends on the ids, nor on what a right way may drop


def _fingerprint(facts) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _facts(found: Streams):
    if found.seen.failure is not None:
        return "an exception"
    try:
        x, y = found.x, found.y
    except Mismatch as problem:
        strange = "which is no id" in problem.message
        return [_kinds(found.seen.value), strange]
    return {
        "count": len(x),
        "within": _distances(x.diff(dim=2)),
        "from chunk to chunk": _distances(x[1:, :, 0] - x[:-1, :, -1]),
        "targets": _distances(y - x),
        "twice": x.numel() - len(x.unique()),
    }


def _kinds(value) -> list:
    """The shapes and types in an answer, as deep as pairs go."""
    if isinstance(value, Array):
        return [list(value.shape), value.dtype]
    if isinstance(value, list | tuple):
        return [_kinds(part) for part in value]
    return [type(value).__name__]


def _distances(steps: torch.Tensor) -> list[int] | str:
    found = steps.unique().tolist()
    return found if len(found) <= FEW else "many"
