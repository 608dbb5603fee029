"""Names the mistake: by recognising a wrong variant, or from the exception that the code raised."""

from __future__ import annotations

import re

from grader.checks.kit import Check
from grader.compare import same_seen
from grader.engine.values import Failure, Seen

__all__ = ["hint_for_failure", "recognise"]


def recognise(logs: dict[str, tuple[Check, list[Seen]]], failed: list[str], library) -> dict[str, str]:
    """Hints for failed checks, by check: those of wrong variants that answer as the student's code does.

    A variant that answers every check of the task alike explains them all, and its hint stands at the first. Where none
    does, since there is more than one mistake, each failed check gets the hint of the variant that answers it alike and
    the most others besides; an exception alone is no such sign.
    """
    alike = {name: _alike(check, log, library) for name, (check, log) in logs.items()}
    hints = library.hints(next(iter(logs.values()))[0].task)
    whole = [variant for variant in hints if all(variant in names for names in alike.values())]
    if whole:
        return {failed[0]: hints[whole[0]]}
    found: dict[str, str] = {}
    for name in failed:
        told = logs[name][1][-1:]
        likely = [variant for variant in alike[name] if told and told[0].failure is None]
        if likely:
            best = max(likely, key=lambda variant: sum(variant in names for names in alike.values()))
            found[name] = hints[best] if hints[best] not in found.values() else ""
    return found


def _alike(check: Check, log: list[Seen], library) -> list[str]:
    """The variants that answer this check just as the student's code did."""
    return [name for name, theirs in library.variants(check).items() if log and _same_log(log, theirs)]


def _same_log(log: list[Seen], theirs: list[Seen]) -> bool:
    return len(log) == len(theirs) and all(map(same_seen, log, theirs))


NONE = "Something is None here: a state that was left out, which means zeros, or a thing not made yet."
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
    ("TypeError", r"'tuple' and|and 'tuple'", "A pair is used as if it were one tensor: take it apart first."),
    ("RuntimeError", r"does not require grad", "The graph is cut: a result was detached, or made from .data or .item()."),
    ("RuntimeError", r"modified by an inplace operation", "A tensor that the backward pass needs was overwritten. "
     "Write `h = h + …` instead of `h += …`, and collect outputs in a list."),
    ("AttributeError", r"'NoneType'", NONE),
    ("TypeError", r"'NoneType'", NONE),
    ("TypeError", r"not iterable|cannot unpack|can't unpack", "A result is taken apart that has another number of parts."),
    ("NameError", r"is not defined", "A name is used that is not defined here: is it misspelt, or an import missing? "
     "(Of a notebook, cells marked as experiments are not run for a grade.)"),
    ("ModuleNotFoundError", r".", "That module isn't part of the course: use torch and the standard library."),
    ("IndentationError", r".", "Check the indentation of this line and the one before it: four spaces a level."),
    ("SyntaxError", r".", "Python can't read this line or the one before it: look for an unclosed bracket or a missing colon."),
)  # fmt: skip


def hint_for_failure(failure: Failure) -> str:
    """What an exception of this type and message usually means, or ""."""
    for kind, pattern, hint in USUAL:
        if failure.kind == kind and re.search(pattern, failure.message):
            return hint
    return ""
