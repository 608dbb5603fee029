"""Which token was fed at every step, read off the logits that came back, and by which coins: for teacher forcing, 5.4."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from grader.checks.kit import Mismatch, agree, shown
from grader.compare import same
from grader.engine.props_forcing import KEYS, read_as, seen_as
from grader.engine.values import Array, Seen

__all__ = [
    "BOS",
    "MANY",
    "Forced",
    "Sentences",
    "both_are_fed",
    "each_row_for_itself",
    "each_step_anew",
    "gold_or_own",
    "is_in_shares",
    "remember",
]

BOS = 2
MANY = (200, 9)  # rows and tokens: a share of their coins is off by TOLERANCE less than once in a billion times
TOLERANCE = 0.1
OF_A_STEP = 0.25  # the same for the coins of one step
NEITHER, GOLD, OWN, EITHER = -1, 1, 0, 2  # a token that is gold and the model's own tells nothing of the coin


@dataclass(frozen=True)
class Sentences:
    """A batch: src (N, S), lengths (N,), tgt (N, T)."""

    src: torch.Tensor
    lengths: torch.Tensor
    tgt: torch.Tensor


@dataclass(frozen=True)
class Forced:
    """What one call gave, what it was called with, and the table of the decoder."""

    seen: Seen
    batch: Sentences
    table: torch.Tensor
    share: float

    @property
    def logits(self) -> torch.Tensor:
        """The logits, of the right shape and type."""
        agree(replace(self.seen, value=None), Seen())  # an exception fails the check as one
        value, shape = self.seen.value, (*self.batch.tgt.shape, self.table.shape[1])
        self.expect(isinstance(value, Array), f"the result is {shown(value)}, expected logits of shape {shape}")
        self.expect(value.shape == shape, f"the logits have shape {value.shape}, expected (N, T, V) = {shape}")
        dtype = str(self.table.dtype)
        self.expect(value.dtype == dtype, f"the logits have dtype {value.dtype}, expected {dtype}")
        return value.data

    @cached_property
    def fed(self) -> torch.Tensor:
        """(N, T): the token that each step was fed; −1 where its logits are none that the decoder has for any token."""
        rows, table = ((part - part.mean(dim=-1, keepdim=True)).double() for part in (self.logits, self.table))
        places = (table.square().sum(dim=-1) - 2 * rows @ table.T).argmin(
            dim=-1
        )  # (N, T): the nearest row of the table
        far = (rows - table[places]).abs().amax(dim=-1)
        src, lengths, _ = vars(self.batch).values()
        real = torch.arange(src.shape[1]) < lengths[:, None]
        seen = seen_as(torch.where(real, src, -1), real) + 1  # in training it takes the next row
        keys = (places - seen[:, None]) % KEYS
        before = torch.cat([read_as(src, lengths)[:, None], keys[:, :-1]], dim=1)
        tokens = (keys - 7 * before - 1) % KEYS
        known = (far < 1e-3) & (tokens < table.shape[1])
        return torch.where(known, tokens, -1)

    @cached_property
    def coins(self) -> torch.Tensor:
        """(N, T − 1): what was fed after each step but the last: GOLD, OWN, EITHER where the two are one, or NEITHER."""
        fed, gold, own = self.fed[:, 1:], self.batch.tgt[:, :-1], self.logits.argmax(dim=-1)[:, :-1]
        coins = torch.where(fed == gold, GOLD, torch.where(fed == own, OWN, NEITHER))
        return torch.where((gold == own) & (coins != NEITHER), EITHER, coins)

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the check with a sentence, and with the call that it is about, unless the condition holds."""
        if not condition:
            raise Mismatch(otherwise, seen=self.seen)


def gold_or_own(found: Forced) -> None:
    """The first step is fed BOS, every other one the gold token of the step before or the likeliest of its logits."""
    first = found.fed[:, 0]
    found.expect(bool((first == BOS).all()), f"the first step {_was_fed(int(first[first != BOS][:1].sum()))} in some rows, "
                 f"expected BOS, id {BOS}")  # fmt: skip
    for row, step in (found.coins == NEITHER).nonzero()[:1].tolist():
        gold, own = int(found.batch.tgt[row, step]), int(found.logits[row, step].argmax())
        fed = _was_fed(int(found.fed[row, step + 1]))
        found.expect(False, f"step {step + 1} of row {row} {fed}, expected id {gold}, the gold token of step {step}, or id "
                     f"{own}, the likeliest by its logits")  # fmt: skip


def both_are_fed(impl, found: Forced) -> None:
    """Of many steps, some were fed the gold token and some the model's own; the log keeps this alone."""
    kinds = set(found.coins.unique().tolist())
    impl.remember_as(sorted(kinds))
    missing = " and ".join(
        words for kind, words in ((GOLD, "no gold token"), (OWN, "none of its own")) if kind not in kinds
    )
    found.expect(not missing, f"with teacher_forcing {found.share:g} a single sentence was fed {missing} in "
                 f"{found.coins.numel()} steps, expected some of both: each row has a coin of its own")  # fmt: skip


def is_in_shares(found: Forced) -> None:
    """As often as it should, the gold token was fed, over all and at every step."""
    steps = [(f"of the rows after step {step}", column, OF_A_STEP) for step, column in enumerate(found.coins.T)]
    for where, coins, room in [("of the cases", found.coins, TOLERANCE), *steps]:
        share = _gold(coins)
        found.expect(abs(share - found.share) < room, f"with teacher_forcing {found.share:g} the gold token was fed in "
                     f"{share:.0%} {where}, expected about {found.share:.0%}")  # fmt: skip


def each_row_for_itself(found: Forced) -> None:
    """Two rows of one step have to do nothing with each other."""
    _independent(found, found.coins[1:], found.coins[:-1], "two rows that lie side by side were treated alike",
                 "each row has a coin of its own")  # fmt: skip


def each_step_anew(found: Forced) -> None:
    """Two steps of one row have to do nothing with each other."""
    _independent(found, found.coins[:, 1:], found.coins[:, :-1], "a row was treated as in the step before",
                 "there is a new coin after each step")  # fmt: skip


def _independent(found: Forced, one: torch.Tensor, other: torch.Tensor, what: str, rule: str) -> None:
    alike, usual = _alike(one, other), found.share**2 + (1 - found.share) ** 2
    found.expect(abs(alike - usual) < TOLERANCE, f"with teacher_forcing {found.share:g} {what} in {alike:.0%} of the cases, "
                 f"expected about {usual:.0%}: {rule}")  # fmt: skip


def _was_fed(token: int) -> str:
    return f"was fed id {token}" if token >= 0 else "has logits that the decoder gives for no token"


def _gold(coins: torch.Tensor) -> float:
    """The share of gold tokens among those that tell."""
    told = coins[(coins == GOLD) | (coins == OWN)]
    return float((told == GOLD).double().mean()) if len(told) else -1.0


def _alike(one: torch.Tensor, other: torch.Tensor) -> float:
    tell = ((one == GOLD) | (one == OWN)) & ((other == GOLD) | (other == OWN))
    return float((one == other)[tell].double().mean()) if bool(tell.any()) else -1.0


# the facts by which a mistake is recognised: nothing in them depends on what was drawn


def remember(impl, found: Forced, *earlier: Forced) -> None:
    """Put in the log a fingerprint of what holds of a call whatever was drawn, and whether it gave the same as `earlier` ones."""
    facts = [_facts(found), [same(found.seen.value, other.seen.value) for other in earlier]]
    impl.remember_as(hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16])


def _facts(found: Forced):
    if found.seen.failure is not None:
        return "an exception"
    try:
        coins = found.coins
    except Mismatch:
        return shown(found.seen.value)
    levels = [_level(_gold(column), found.share) for column in coins.T]
    return {
        "first": sorted(found.fed[:, 0].unique().tolist())[:3],
        "neither": _which(found) if bool((coins == NEITHER).any()) else "",
        "gold": _level(_gold(coins), found.share),
        "steps": levels if len(set(levels)) > 1 else "all alike",
        "alike": [_near(_alike(coins[1:], coins[:-1]), found), _near(_alike(coins[:, 1:], coins[:, :-1]), found)],
    }


def _level(share: float, wanted: float) -> str:
    """Which share this is; that of one step is known less well."""
    known = {"none": 0.0, "all": 1.0, "as wanted": wanted, "the rest": 1 - wanted}
    if share < 0:
        return "untold"
    exact = next((name for name in ("none", "all") if share == known[name]), None)
    return exact or next((name for name, value in known.items() if abs(share - value) < 0.13), "another")


def _near(alike: float, found: Forced) -> str:
    usual = found.share**2 + (1 - found.share) ** 2
    return "all" if alike == 1 else "usual" if abs(alike - usual) < TOLERANCE else "other"


def _which(found: Forced) -> list:
    """What was fed that is neither: which of these it always is, and how much cannot be read."""
    fed, tgt, logits = found.fed[:, 1:], found.batch.tgt, found.logits
    known = {
        "ahead": tgt[:, 1:],
        "behind": torch.cat([tgt[:, :1], tgt[:, :-2]], dim=1),
        "own before": torch.cat([fed[:, :1], logits.argmax(dim=-1)[:, :-2]], dim=1),
        "least": logits.argmin(dim=-1)[:, :-1],
        **{f"id {token}": torch.full_like(fed, token) for token in range(4)},
    }
    strange = found.coins == NEITHER
    unread = float((fed < 0).double().mean())
    return [[name for name, tokens in known.items() if bool((tokens == fed)[strange].all())],
            "none" if unread == 0 else "most" if unread > 0.5 else "some"]  # fmt: skip
