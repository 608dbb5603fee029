"""Names the mistake: by recognising a wrong variant, by trying parts alone, or by the nearest change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from grader.checks.kit import Check
from grader.compare import Mismatch, needs_values, pairs, same, same_answer, same_seen
from grader.engine.values import Array, Seen
from grader.exceptions import RETURNS
from grader.explain import is_about_values, what_would_agree
from grader.results import TO_DO, CheckResult

__all__ = ["Outcome", "add_hints", "recognise"]


@dataclass
class Outcome:
    """One check that was run: its result, everything seen on the way, and what differed where values were compared."""

    check: Check
    result: CheckResult
    log: list[Seen]
    mismatch: Mismatch | None = None

    @property
    def failed(self) -> bool:
        return self.result.verdict in ("failed", "error")


def add_hints(outcomes: list[Outcome], library, try_parts: Callable[[], str]) -> None:
    """Put hints on the failed checks of one task: of the bank first; else what the parts and the nearest change tell.

    Exceptions keep the hint that goes by their type. `try_parts` runs the task's parts and gives a sentence; it is called
    only where a value is wrong and the bank does not know the whole mistake.
    """
    failed = [outcome for outcome in outcomes if outcome.failed]
    to_do = any(TO_DO in outcome.result.message for outcome in failed)
    if not failed or to_do or not any(outcome.log for outcome in outcomes):
        return
    found, whole = recognise(outcomes, library)
    for outcome in failed:
        outcome.result.hint = found.get(outcome.check.name) or ("" if whole else outcome.result.hint)
    if not whole:
        _explain([outcome for outcome in failed if _unexplained(outcome)], try_parts)
    _tell_once([outcome.result for outcome in failed])


def _tell_once(results: list[CheckResult]) -> None:
    """A hint that stands at one check already is not repeated at the next."""
    told: set[str] = set()
    for result in results:
        result.hint = "" if result.hint in told else result.hint
        told.add(result.hint)


def recognise(outcomes: list[Outcome], library) -> tuple[dict[str, str], bool]:
    """Hints for failed checks, by check: those of wrong variants that answer as the student's code does.

    A variant that answers every check of the task alike explains them all: its hint stands at the first, and the second
    value is True. Where none does, since there is more than one mistake, each failed check gets the hint of the variant
    that answers it alike and the most others besides, if it is right wherever the student's code is. An exception alone is
    no such sign, nor are zeros, nor is a single number that no other failed check confirms: it may be right by chance.
    """
    outcomes = [outcome for outcome in outcomes if not _tells_nothing(outcome)]
    hints = library.hints(outcomes[0].check.task)
    failed = [outcome for outcome in outcomes if outcome.failed]
    whole = _alike_everywhere(outcomes, library, [*hints])
    if whole:
        return {failed[0].check.name: hints[whole[0]]}, True
    alike = {outcome.check.name: _alike(outcome, library) for outcome in outcomes}
    possible = set(hints).intersection(*(_right_too(outcome, library) for outcome in outcomes if not outcome.failed))
    found: dict[str, str] = {}
    for outcome in failed:
        name = outcome.check.name
        likely = [variant for variant in alike[name] if variant in possible] if _is_telling(outcome) else []
        if _is_one_number(outcome) and len(failed) > 1:
            likely = [variant for variant in likely if sum(variant in alike[other.check.name] for other in failed) > 1]
        if likely:
            best = max(likely, key=lambda variant: sum(variant in names for names in alike.values()))
            found[name] = hints[best] if hints[best] not in found.values() else ""
    return found, False


def _tells_nothing(outcome: Outcome) -> bool:
    """Whether the code could not be judged here and was let through."""
    return not outcome.failed and _looks_at_values(outcome.log)


def _looks_at_values(log: list[Seen]) -> bool:
    """Whether it was asked on device meta, where there are no values, for one."""
    return any(needs_values(seen.failure) for seen in log if seen.failure is not None)


def _alike_everywhere(outcomes: list[Outcome], library, names: list[str]) -> list[str]:
    """The variants that answer every check alike. What failed is looked at first: it leaves few to be tried on."""
    for outcome in sorted(outcomes, key=lambda outcome: not outcome.failed):
        names = _alike(outcome, library, names)
    return names


def _alike(outcome: Outcome, library, names: list[str] | None = None) -> list[str]:
    """The variants, of all or of these, that answer this check just as the student's code did."""
    if not outcome.log or names == []:
        return []
    variants = library.variants(outcome.check, names)
    let_through = [name for name, theirs in variants.items() if not outcome.failed and _looks_at_values(theirs)]
    return [name for name, theirs in variants.items() if name in let_through or _same_log(outcome, theirs)]


def _same_log(outcome: Outcome, theirs: list[Seen]) -> bool:
    """Whether all that was seen is the same. Words of exceptions count where one of them failed the check, at its end."""
    if len(outcome.log) != len(theirs):
        return False
    words = [False] * (len(theirs) - 1) + [_raised(outcome)]
    return all(map(same_seen, outcome.log, theirs, words))


def _raised(outcome: Outcome) -> bool:
    """Whether an exception failed the check, and not another value or the lack of one."""
    return outcome.failed and (outcome.mismatch is None or outcome.mismatch.failure is not None)


def _right_too(outcome: Outcome, library) -> set[str]:
    """The variants that are right in a check that the student's code passed."""
    if not outcome.log:
        return set()
    variants = library.variants(outcome.check)
    return {name for name, theirs in variants.items() if _looks_at_values(theirs) or (len(theirs) == len(outcome.log)
            and all(_as_right(outcome, *pair) for pair in zip(outcome.log, theirs, strict=True)))}  # fmt: skip


def _as_right(outcome: Outcome, mine: Seen, other: Seen) -> bool:
    """Whether another answer is as right as the student's, which passed. A property may hold of wrong values."""
    if other.effects and not mine.effects:
        return False
    if not outcome.check.is_value and mine.failure is None and other.failure is None:
        return True
    return same_answer(mine, other, messages=False)


def _is_telling(outcome: Outcome) -> bool:
    """Whether a known mistake may be read off this one answer: not off an exception, nor off one number everywhere."""
    if not outcome.log or outcome.log[-1].failure is not None:
        return False
    compared = outcome.mismatch and outcome.mismatch.compared
    if not compared:
        return True
    try:
        wrong = [got for _, got, want in pairs(compared.got, compared.want) if not same(got, want)
                 and isinstance(got, Array) and isinstance(want, Array) and got.shape == want.shape]  # fmt: skip
    except Mismatch:
        return True
    return not wrong or any(got.data is None or bool(got.data.any()) for got in wrong)


def _is_one_number(outcome: Outcome) -> bool:
    """Whether the answer was one number, such as a loss: several mistakes may come to the same."""
    got = outcome.mismatch.compared.got if outcome.mismatch and outcome.mismatch.compared else None
    return isinstance(got, int | float) or (isinstance(got, Array) and math.prod(got.shape) == 1)


def _unexplained(outcome: Outcome) -> bool:
    answered = outcome.mismatch is not None and outcome.mismatch.failure is None
    return answered and not outcome.result.hint


def _explain(outcomes: list[Outcome], try_parts: Callable[[], str]) -> None:
    """What the parts tell stands at the first wrong value, and once what would make a result agree: mend that first.

    Of a hidden check nothing is told that would give away its sizes.
    """
    empty = [outcome for outcome in outcomes if " is None, expected" in outcome.mismatch.message]
    if empty:
        empty[0].result.hint = RETURNS
        return
    wrong = [outcome for outcome in outcomes if outcome.check.is_value and _has_parts(outcome.mismatch)]
    if wrong:
        wrong[0].result.hint = try_parts()
    for outcome in outcomes:
        compared = outcome.mismatch.compared
        nearest = "" if outcome.check.hidden or compared is None else what_would_agree(compared)
        if nearest:
            outcome.result.hint = f"{outcome.result.hint} {nearest}".strip()
            return


def _has_parts(mismatch: Mismatch) -> bool:
    """Whether numbers are wrong; where the answer is of another shape or kind, its parts would all be."""
    return mismatch.compared is None or is_about_values(mismatch.compared)
