"""The card that a self-check shows: verdict, points, what differs and where, the hint. HTML in a notebook, text elsewhere."""

from __future__ import annotations

import re
from html import escape

from grader.lint import UNREADABLE
from grader.reports.picture import difference_svg, difference_text
from grader.results import CALLED_AS, TO_DO, CheckResult, TaskResult, clean
from grader.tasks import Task

__all__ = ["WORDS", "card_html", "card_text", "headline", "state_of", "told_once"]

# colours that stay apart with every kind of colour vision and are dark enough for text; a sign tells them apart as well
LOOK = {"passed": ("#00785a", "\u2713"), "to do": ("#595959", "\u25cb"), "harness_error": ("#8c4a74", "?")}
FAILED = ("#b34e00", "\u2717")
TODO_OF = re.compile(r"Task (\d+\.\d+): .* is still to do\.")  # what a TODO raises
WORDS = {"passed": "passed", "failed": "not yet", "error": "stopped with an exception", "timeout": "ran out of time",
         "crashed": "ended the process", "out_of_memory": "ran out of memory", "skipped": "waits for another task",
         "harness_error": "could not be checked: a fault of the checks, not yours", "to do": "to do"}  # fmt: skip


def state_of(result: TaskResult) -> str:
    """The task's verdict, or "to do" where its TODO still stands."""
    untouched = result.verdict == "failed" and any(TO_DO in check.message for check in result.checks)
    return "to do" if untouched else result.verdict


def headline(result: TaskResult, task: Task) -> str:
    """One line: task, title, what came of it, points."""
    sign = LOOK.get(state_of(result), FAILED)[1]
    return f"{sign} {task.id} {task.title}: {WORDS[state_of(result)]} ({result.score:g} of {task.points})"


def told_once(messages: list[str]) -> list[str]:
    """Messages of one task's checks, with each that came before, if from another call, replaced by a word."""
    said = [message.partition(CALLED_AS)[0] for message in messages]
    return ["the same" if said[place] and said[place] in said[:place] else message
            for place, message in enumerate(messages)]  # fmt: skip


def card_text(result: TaskResult, task: Task) -> str:
    """The card as plain text."""
    lines = [headline(result, task)]
    lines += [f"  {line}" for line in _remarks(result, task)]
    for check, message in _shown(result):
        lines += [f"  {LOOK.get(check.verdict, FAILED)[1]} {check.sentence}"]
        lines += [f"      {line}" for line in message.splitlines()]
        lines += [f"      {line}" for line in difference_text(check.difference).splitlines()]
        lines += [f"      Hint: {clean(check.hint)}"] if _told_hint(check, message) else []
    return "\n".join(lines)


def card_html(result: TaskResult, task: Task) -> str:
    """The card as HTML; everything that came from a student's code is escaped."""
    colour = LOOK.get(state_of(result), FAILED)[0]
    remarks = "".join(f'<div style="margin:.3em 0">{_marked(line)}</div>' for line in _remarks(result, task))
    items = _items(_shown(result), result.verdict)
    return (f'<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;max-width:52em">'
            f'<strong style="color:{colour}">{escape(headline(result, task))}</strong>{remarks}{items}</div>')  # fmt: skip


def _remarks(result: TaskResult, task: Task) -> list[str]:
    """What stands over the checks: where to begin, or which line is against the rules."""
    if state_of(result) == "to do":
        place = f"starter/{task.module}.py" if task.module else "the cell of this task"
        other = _called_first(result)
        return [f"It calls task {other}, which is still to do." if other else f"Edit `{task.symbol}` in {place}."]
    cost = "0 points, since " if result.forfeited else ""
    found = [finding for finding in result.lint if finding["message"] != UNREADABLE]
    return [f"{cost}line {finding['line']}: {clean(finding['message'])}" for finding in found]


def _called_first(result: TaskResult) -> str:
    """The other task whose TODO stopped this one; empty where it was its own."""
    found = [todo[1] for check in result.checks if (todo := TODO_OF.search(check.message))]
    return "" if not found or result.id in found else found[0]


def _shown(result: TaskResult) -> list[tuple[CheckResult, str]]:
    """The checks that a student needs to read, with what is said of each; none where all is well or all is to do."""
    if state_of(result) in ("passed", "to do"):
        return []
    return list(zip(result.checks, told_once([clean(check.message) for check in result.checks]), strict=True))


def _items(shown: list[tuple[CheckResult, str]], verdict: str) -> str:
    """The first check that failed, the first that gave the verdict, and those with a hint; the others are folded away."""
    failed = [check for check, _ in shown if check.verdict != "passed"]
    told = failed[:1] + [check for check in failed if check.verdict == verdict][:1]
    first = [(check, message) for check, message in shown if check in told or _told_hint(check, message)]
    return "".join(_item(*entry) for entry in first) + _folded([entry for entry in shown if entry not in first])


def _folded(rest: list[tuple[CheckResult, str]]) -> str:
    """Checks that mostly tell the same, under a line that counts them."""
    passed = sum(check.verdict == "passed" for check, _ in rest)
    counts = [f"{count} {word}" for count, word in ((len(rest) - passed, "not passed"), (passed, "passed")) if count]
    line = ", ".join(counts).replace(" ", " more ", 1)
    items = "".join(_item(check, message) for check, message in rest)
    # as a list item it has its triangle in nbgrader's pages too
    return f'<details><summary style="display:list-item">{line}</summary>{items}</details>' if rest else ""


def _told_hint(check: CheckResult, message: str) -> bool:
    return bool(check.hint) and message != "the same"


def _item(check: CheckResult, message: str) -> str:
    colour, sign = LOOK.get(check.verdict, FAILED)
    box = "margin:.2em 0 .2em 1.3em;padding:.2em .6em;white-space:pre-wrap;overflow-wrap:anywhere"
    said = f'<div style="{box};background:#8881;font-family:monospace">{escape(message)}</div>' if message else ""
    hint = _marked(clean(check.hint)) if _told_hint(check, message) else ""
    hint = f'<div style="{box};border-left:2px solid {colour}"><em>Hint:</em> {hint}</div>' if hint else ""
    picture = difference_svg(check.difference)
    picture = f'<div style="margin:.3em 0 .3em 1.3em">{picture}</div>' if picture else ""
    head = f'<span style="color:{colour}">{sign}</span> {_marked(check.sentence)}'
    return f'<div style="margin:.35em 0">{head}{said}{picture}{hint}</div>'


def _marked(sentence: str) -> str:
    """A sentence of ours as HTML, with `names` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(sentence))
