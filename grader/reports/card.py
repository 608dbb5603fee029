"""The card that a self-check shows: verdict, points, what differs, the hint. HTML in a notebook, text elsewhere."""

from __future__ import annotations

from html import escape

from grader.results import TO_DO, CheckResult, TaskResult, clean

__all__ = ["card_html", "card_text", "headline"]

# colours of the Okabe-Ito palette, told apart by a sign as well
LOOK = {"passed": ("#009E73", "\u2713"), "to do": ("#7f7f7f", "\u25cb"), "harness_error": ("#CC79A7", "?")}
FAILED = ("#D55E00", "\u2717")
WORDS = {"passed": "passed", "failed": "not yet", "error": "stopped with an exception", "timeout": "ran out of time",
         "crashed": "ended the process", "out_of_memory": "ran out of memory", "skipped": "waits for another task",
         "harness_error": "could not be checked: a fault of the checks, not yours", "to do": "to do"}  # fmt: skip


def state_of(result: TaskResult) -> str:
    """The task's verdict, or "to do" where its TODO still stands."""
    untouched = result.verdict == "failed" and any(TO_DO in check.message for check in result.checks)
    return "to do" if untouched else result.verdict


def headline(result: TaskResult, title: str) -> str:
    """One line: task, title, what came of it, points."""
    sign = LOOK.get(state_of(result), FAILED)[1]
    return f"{sign} {result.id} {title}: {WORDS[state_of(result)]} ({result.score:g} of {result.points})"


def card_text(result: TaskResult, title: str) -> str:
    """The card as plain text."""
    lines = [headline(result, title)]
    for check in _shown(result):
        lines += [f"  {LOOK.get(check.verdict, FAILED)[1]} {check.sentence}"]
        lines += [f"      {clean(check.message)}"] if check.message else []
        lines += [f"      Hint: {clean(check.hint)}"] if check.hint else []
    lines += [f"  Line {finding['line']}: {clean(finding['message'])}" for finding in result.lint]
    return "\n".join(lines)


def card_html(result: TaskResult, title: str) -> str:
    """The card as HTML; everything that came from a student's code is escaped."""
    colour = LOOK.get(state_of(result), FAILED)[0]
    items = "".join(_item(check) for check in _shown(result))
    items += "".join(f"<li>Line {finding['line']}: {escape(clean(finding['message']))}</li>" for finding in result.lint)
    body = f'<ul style="margin:.4em 0 0;padding-left:1.2em">{items}</ul>' if items else ""
    return (f'<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;max-width:52em">'
            f'<strong style="color:{colour}">{escape(headline(result, title))}</strong>{body}</div>')  # fmt: skip


def _shown(result: TaskResult) -> list[CheckResult]:
    """What a student needs to read: nothing but the to-do, or the checks in order with the failures told."""
    if state_of(result) in ("passed", "to do"):
        return []
    return result.checks


def _item(check: CheckResult) -> str:
    sign = LOOK.get(check.verdict, FAILED)[1]
    message = f'<br><code style="white-space:pre-wrap">{escape(clean(check.message))}</code>' if check.message else ""
    hint = f"<br><em>Hint:</em> {escape(clean(check.hint))}" if check.hint else ""
    return f'<li style="list-style:none">{sign} {escape(check.sentence)}{message}{hint}</li>'
