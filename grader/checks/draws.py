"""Ids drawn from logits, judged by what has to hold whatever was drawn: their kind, and how often each comes."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace

import torch

from grader.checks.kit import Mismatch, agree, shown
from grader.compare import same
from grader.engine.values import Array, Given, Seen

__all__ = ["MANY", "Draws", "decided", "drawn", "fingerprint", "never_below", "rows_of", "shares_agree", "well_formed"]

MANY = 6000  # draws of which a share is off by TOLERANCE less than once in a billion times
TOLERANCE = 0.045
TELLING = 12  # rows that all take the likeliest id by no chance
LEVELS = (2.0, 1.2, 0.5, -0.3, -1.2, -2.0)  # the logits of the ids in most rows, in an order that is drawn
NAMES = ("the likeliest id", "the second", "the third", "the fourth", "the fifth", "the sixth")


@dataclass(frozen=True)
class Draws:
    """What one call gave, and what it was called with."""

    seen: Seen
    logits: torch.Tensor
    temperature: float
    top_k: int | None

    @property
    def ids(self) -> torch.Tensor:
        """The ids, of the right shape and type, and in range."""
        agree(replace(self.seen, value=None), Seen())  # an exception fails the check as one
        value, shape = self.seen.value, tuple(self.logits.shape[:-1])
        if not isinstance(value, Array):
            self.expect(False, f"the result is {shown(value)}, expected a tensor of shape {shape}, int64")
        self.expect(
            value.shape == shape, f"the result has shape {value.shape}, expected {shape}: an id for each row of logits"
        )
        self.expect(
            value.dtype == "torch.int64", f"the result has dtype {value.dtype.removeprefix('torch.')}, expected int64"
        )
        size = self.logits.shape[-1]
        wrong = value.data[(value.data < 0) | (value.data >= size)]
        self.expect(
            not wrong.numel(), f"the result holds {wrong[0] if wrong.numel() else 0}, expected ids of 0 to {size - 1}"
        )
        return value.data

    @property
    def ranks(self) -> torch.Tensor:
        """Which place each id has among those of its row, by falling logits: 0 for the likeliest."""
        return _ranks(self.logits, self.ids)

    @property
    def said(self) -> str:
        """The temperature and top_k in words, where they are more than the usual."""
        told = [f"temperature {self.temperature:g}"] if self.temperature != 1 else []
        told += [f"top_k {self.top_k}"] if self.top_k is not None else []
        return f"with {' and '.join(told)} " if told else ""

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the check with a sentence, and with the call that it is about, unless the condition holds."""
        if not condition:
            raise Mismatch(otherwise, seen=self.seen)


def rows_of(draw, count: int = MANY, levels: tuple[float, ...] = LEVELS) -> torch.Tensor:
    """Logits (count, V): these levels, in a few orders that are drawn, each row moved up or down as a whole."""
    orders = draw.normal(12, len(levels)).argsort(dim=1)
    moved = draw.integers(-3, 4, 12, 1)
    rows = torch.tensor(levels)[orders] + moved
    return rows.repeat(-(-count // 12), 1)[:count]


def drawn(impl, logits, temperature: float = 1.0, top_k: int | None = None, seed: int | object = 0, earlier: tuple = (),
          plain: bool = False) -> Draws:  # fmt: skip
    """The ids from a fresh generator with this seed, or from this one; `plain` leaves all but the logits out.

    In the log stands a fingerprint of what holds of them whatever was drawn, and whether they are those of `earlier` calls.
    """
    given = logits if isinstance(logits, Given) else Given(logits, "logits")
    if plain:
        seen = impl.call("sample", given)
    else:
        source = impl.new("props.generator_beside", torch.zeros(1), seed) if isinstance(seed, int) else seed
        seen = impl.call("sample", given, temperature, top_k, source)
    found = Draws(seen, given.tensor, temperature, top_k)
    impl.remember_as(fingerprint([_facts(found), [same(seen.value, other.seen.value) for other in earlier]]))
    return found


def well_formed(found: Draws) -> None:
    """The ids are ids, whichever."""
    _ = found.ids


def decided(found: Draws) -> None:
    """Every row takes its likeliest id."""
    ids = found.ids
    wrong = (found.logits.gather(-1, ids[..., None])[..., 0] < found.logits.amax(dim=-1)).nonzero().tolist()
    if wrong:
        place = tuple(wrong[0])
        row = found.logits[place]
        found.expect(False, f"{found.said}id {int(ids[place])} was drawn"
                     + (f" in row {', '.join(map(str, place))}" if place else "")
                     + f", whose logit is {float(row[ids[place]]):.3g}; expected id {int(row.argmax())} "
                     f"with {float(row.max()):.3g}")  # fmt: skip


def never_below(found: Draws, count: int) -> None:
    """None but the `count` likeliest ids of a row was drawn, and each of those was."""
    counts = torch.bincount(found.ranks.flatten(), minlength=found.logits.shape[-1]).tolist()
    strange = [rank for rank, times in enumerate(counts) if times and rank >= count]
    if strange:
        found.expect(False, f"{found.said}{NAMES[strange[0]]} was drawn in {counts[strange[0]]} of {sum(counts)} rows, expected "
                     f"none but the {count} likeliest")  # fmt: skip
    missing = [rank for rank in range(count) if not counts[rank]]
    if missing:
        found.expect(False, f"{found.said}{NAMES[missing[0]]} was never drawn in {sum(counts)} rows, expected the {count} "
                     "likeliest, each of them")  # fmt: skip


def shares_agree(found: Draws) -> None:
    """Each id comes as often as it is likely, and one row knows nothing of the next."""
    ranks = found.ranks.flatten()
    want = _shares(_levels(found.logits), found.temperature, found.top_k)
    got = torch.bincount(ranks, minlength=len(want)).double() / len(ranks)
    off = (got - want).abs()
    if off.max() > TOLERANCE:
        rank = int(off.argmax())
        found.expect(False, f"{found.said}{NAMES[rank]} was drawn in {got[rank]:.0%} of {len(ranks)} rows, expected about "
                     f"{want[rank]:.0%}")  # fmt: skip
    alike, usual = float((ranks[1:] == ranks[:-1]).double().mean()), float(want.square().sum())
    found.expect(abs(alike - usual) < TOLERANCE, f"{found.said}{alike:.0%} of the rows drew the same as the row before, expected "
                 f"about {usual:.0%}: each row draws for itself")  # fmt: skip


def _ranks(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return (order == ids[..., None]).int().argmax(dim=-1)


def _levels(logits: torch.Tensor) -> torch.Tensor:
    """The logits of the first row by falling size: all rows have the same, but for a constant."""
    row = logits.reshape(-1, logits.shape[-1])[0].double()
    return row.sort(descending=True).values - row.max()


def _shares(levels: torch.Tensor, temperature: float, top_k: int | None) -> torch.Tensor:
    """How likely each rank is."""
    kept = torch.arange(len(levels)) < (top_k or len(levels))
    return torch.where(kept, levels / temperature, -math.inf).softmax(dim=0)


# the facts by which a mistake is recognised: nothing in them depends on what was drawn


def fingerprint(facts) -> str:
    """Facts in a few characters: a bank of mistakes holds thousands of them."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _facts(found: Draws):
    value, logits = found.seen.value, found.logits
    if found.seen.failure is not None:
        return "an exception"
    if not isinstance(value, Array) or value.data is None:
        return shown(value)
    facts: dict = {"kind": shown(value)}
    size = logits.shape[-1]
    if value.shape != tuple(logits.shape[:-1]) or value.data.is_floating_point() or value.dtype == "torch.bool":
        return facts
    ids = value.data.long()
    facts["out of range"] = bool(((ids < 0) | (ids >= size)).any())
    if facts["out of range"] or ids.numel() < TELLING:
        return facts
    ranks = _ranks(logits, ids).flatten()
    facts["ranks"] = next((f"all {rank}" for rank in range(size) if bool((ranks == rank).all())), "several")
    if ids.numel() < MANY:
        return facts
    return facts | _of_shares(found, ids.flatten(), ranks)


def _of_shares(found: Draws, ids: torch.Tensor, ranks: torch.Tensor) -> dict:
    """Which ids and ranks were drawn at all, which distribution fits, and whether neighbours draw alike."""
    size = found.logits.shape[-1]
    got = torch.bincount(ranks, minlength=size).double() / len(ranks)
    alike = float((ranks[1:] == ranks[:-1]).double().mean())
    return {
        "ids": len(ids.unique()),
        "drawn": ranks.unique().tolist() if found.temperature == 1 or found.top_k is not None else "",
        "fits": _fitting(got, _tempered(found)) or _fitting(got, _of_other_weights(found)) or _unknown(got),
        "alike": "as drawn" if abs(alike - float(got.square().sum())) < 2 * TOLERANCE else "more",
    }


def _unknown(got: torch.Tensor) -> list[float]:
    """The shares of a mistake that nobody listed: so it is taken for none of those in the bank."""
    return [round(share, 2) for share in got.tolist()]


def _fitting(got: torch.Tensor, known: dict[str, torch.Tensor]) -> str:
    """The distribution that is nearest, if it is near; of those that are too much alike to be told apart, the first."""
    nearest = min(known, key=lambda name: float((got - known[name]).abs().max()))
    if (got - known[nearest]).abs().max() >= TOLERANCE:
        return ""
    return next(name for name, shares in known.items() if (shares - known[nearest]).abs().max() < TOLERANCE)


def _tempered(found: Draws) -> dict[str, torch.Tensor]:
    """Distributions that mistakes about the temperature and top_k come to."""
    levels, temperature, top_k = _levels(found.logits), found.temperature, found.top_k
    counts = (top_k, *((max(1, top_k - 1), top_k + 1, None) if top_k else ()))
    temperatures = {"right": temperature, "upside down": 1 / temperature, "ignored": 1.0, "squared": temperature**2}
    known = {
        f"temperature {name}, {count}": _shares(levels, value, count)
        for name, value in temperatures.items()
        for count in counts
    }
    known["all alike"] = torch.full_like(levels, 1 / len(levels))
    known["turned round"] = known[f"temperature right, {top_k}"].flip(0)
    return known


def _of_other_weights(found: Draws) -> dict[str, torch.Tensor]:
    """Distributions that come of other weights than exp(logits / temperature), from the rows as they are."""
    rows = found.logits.reshape(-1, found.logits.shape[-1]).double()
    scaled, order = rows / found.temperature, rows.argsort(dim=-1, descending=True, stable=True)
    left = torch.arange(rows.shape[-1]) < (found.top_k or rows.shape[-1])
    kept = torch.zeros_like(rows, dtype=torch.bool).scatter(1, order, left.expand_as(order))
    masked = scaled.masked_fill(~kept, -math.inf)
    lowest = masked.masked_fill(masked.isinf(), math.inf).amin(dim=-1, keepdim=True)
    weights = {
        "softmax twice": masked.softmax(dim=-1).exp(),
        "softmax of probabilities": (rows.softmax(dim=-1) / found.temperature).masked_fill(~kept, -math.inf).exp(),
        "sigmoid": masked.sigmoid(),
        "softmax over the batch": masked.softmax(dim=0),
        "moved up": (masked - lowest).clamp(min=0),
        "left out at 0": scaled.masked_fill(~kept, 0).softmax(dim=-1),
        "alike among top_k": (~masked.isinf()).double(),
    }
    return {name: (part / part.sum(dim=-1, keepdim=True)).gather(1, order).nan_to_num().mean(dim=0)
            for name, part in weights.items()}  # fmt: skip
