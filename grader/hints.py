"""Names the mistake: by recognising a wrong variant, by trying parts alone, by the nearest change, or from an exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from grader.checks.kit import Check
from grader.compare import Mismatch, same_seen
from grader.engine.values import Failure, Seen
from grader.explain import is_about_values, what_would_agree
from grader.results import TO_DO, CheckResult

__all__ = ["Outcome", "add_hints", "hint_for_failure", "recognise"]


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
        outcome.result.hint = found.get(outcome.check.name) or outcome.result.hint
    if not whole:
        _explain([outcome for outcome in failed if _unexplained(outcome)], try_parts)


def recognise(outcomes: list[Outcome], library) -> tuple[dict[str, str], bool]:
    """Hints for failed checks, by check: those of wrong variants that answer as the student's code does.

    A variant that answers every check of the task alike explains them all: its hint stands at the first, and the second
    value is True. Where none does, since there is more than one mistake, each failed check gets the hint of the variant
    that answers it alike and the most others besides; an exception alone is no such sign.
    """
    alike = {outcome.check.name: _alike(outcome, library) for outcome in outcomes}
    hints = library.hints(outcomes[0].check.task)
    failed = [outcome for outcome in outcomes if outcome.failed]
    whole = [variant for variant in hints if all(variant in names for names in alike.values())]
    if whole:
        return {failed[0].check.name: hints[whole[0]]}, True
    found: dict[str, str] = {}
    for outcome in failed:
        name, told = outcome.check.name, outcome.log[-1:]
        likely = [variant for variant in alike[name] if told and told[0].failure is None]
        if likely:
            best = max(likely, key=lambda variant: sum(variant in names for names in alike.values()))
            found[name] = hints[best] if hints[best] not in found.values() else ""
    return found, False


def _alike(outcome: Outcome, library) -> list[str]:
    """The variants that answer this check just as the student's code did."""
    if not outcome.log:
        return []
    variants = library.variants(outcome.check)
    return [name for name, theirs in variants.items() if _same_log(outcome.log, theirs)]


def _same_log(log: list[Seen], theirs: list[Seen]) -> bool:
    return len(log) == len(theirs) and all(map(same_seen, log, theirs))


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


RETURNS = "It gave None: does every way through the function end with `return`?"
NONE = "Something is None here: a state that was left out, which means zeros, or a thing not made yet."
STOPPED = "A cell above stopped before this was defined: mend that cell first."
# (type of exception, pattern in its message) → what it usually means
USUAL = (
    ("NotImplementedError", r"still to do", "Replace the line that raises NotImplementedError with your code."),
    ("RuntimeError", r"mat1 and mat2 shapes cannot be multiplied|size mismatch",
     "A matrix product has sides that don't meet. Print both shapes just before that line, and write down which axis of "
     "each is summed over. (Weights are stored as (outputs, inputs).)"),
    ("RuntimeError", r"must match the size of tensor|expanded size", "Two tensors of different shapes are added or "
     "multiplied. Print both shapes just before that line: which axis is the batch, which the features?"),
    ("RuntimeError", r"expected .* dtype|same dtype|expected scalar type", "Two dtypes meet. Make new tensors with the dtype of "
     "an argument, as in x.new_zeros(...), so that float64 inputs work as well."),
    ("RuntimeError", r"Expected all tensors to be on the same device|on the meta device|not on the expected device|is on cpu",
     "A tensor was made on a fixed device. Make it beside an argument, as in x.new_zeros(...)."),
    ("LookupError", r"^\w+ is not defined$", "Run the cell that defines it, then this one."),
    ("LookupError", r"^\w+ is not defined in ", "Nothing of this name stands in the file: has it been "
     "renamed, indented or deleted?"),
    ("LookupError", r"is not defined; .* stopped with", STOPPED),
    ("NameError", r"; .* stopped with", STOPPED),
    ("TypeError", r"'tuple' and|and 'tuple'", "A pair is used as if it were one tensor: take it apart first."),
    ("RuntimeError", r"does not require grad", "The graph is cut: a result was detached, or made from .data or .item()."),
    ("RuntimeError", r"modified by an inplace operation", "A tensor that the backward pass needs was overwritten. "
     "Write `h = h + …` instead of `h += …`, and collect outputs in a list."),
    ("AttributeError", r"'NoneType'", NONE),
    ("TypeError", r"'NoneType'", NONE),
    ("TypeError", r"not iterable|cannot unpack|can't unpack", "A result is taken apart that has another number of parts."),
    ("NameError", r"is not defined", "A name is used that is not defined here: is it misspelt, or an import missing? "
     "(Of a notebook, cells marked as experiments are not run for a grade.)"),
    ("ModuleNotFoundError", r".", "There is no such module here: is its name misspelt? Torch and the standard library "
     "are enough."),
    ("TabError", r".", "Tabs and spaces are mixed: indent with four spaces a level."),
    ("IndentationError", r".", "Check the indentation of this line and the one before it: four spaces a level."),
    ("SyntaxError", r".", "Python can't read this line or the one before it: look for an unclosed bracket or a missing colon."),
)  # fmt: skip


def hint_for_failure(failure: Failure) -> str:
    """What an exception of this type and message usually means, or ""."""
    for kind, pattern, hint in USUAL:
        if failure.kind == kind and re.search(pattern, failure.message):
            return hint
    return ""
