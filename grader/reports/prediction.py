"""A prediction and its result in a sentence, and as the cards that a notebook shows."""

from __future__ import annotations

import re
from html import escape

from grader.experiments import Experiment, Value
from grader.predictions import Prediction

__all__ = ["comparison", "notice_html", "outcome_html", "outcome_text", "predict_html", "predict_text", "value_text"]

NONE_MADE = "No prediction was made: make one next time, it is how the experiment teaches."
BOX = "border-left:4px solid #0072b2;padding:.4em .8em;margin:.3em 0;max-width:52em"


def value_text(experiment: Experiment, value: Value | None, digits: int = 3) -> str:
    """A choice, or a number with its unit: 0.0025, −3 %, 1,200 steps, 6e-9."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    rounded = float(f"{value:.{digits}g}")
    plain = rounded == 0 or 1e-4 <= abs(rounded) < 1e6
    text = (
        f"{rounded:,.10g}"
        if plain
        else re.sub(r"e([+-])0*(\d)", lambda e: "e" + e[1].strip("+") + e[2], f"{rounded:g}")
    )
    return text.replace("-", "\N{MINUS SIGN}", text.startswith("-")) + (
        f" {experiment.unit}" if experiment.unit else ""
    )


def comparison(experiment: Experiment, entry: Prediction) -> str:
    """The prediction beside the result, as a sentence that a figure can carry."""
    measured = value_text(experiment, entry.measured)
    if entry.measured is None:
        return f"{_predicted(experiment, entry)} This run gave no result to hold against a prediction."
    if entry.guess is None:
        return f"Measured: {measured}. {_predicted(experiment, entry)}"
    if experiment.choices or entry.revised is not None:
        return f"{_predicted(experiment, entry)} Measured: {measured}."
    guess = value_text(experiment, entry.guess, 6)
    return f"You predicted {guess}, measured {measured}: {distance(experiment, entry)}."


def distance(experiment: Experiment, entry: Prediction) -> str:
    """How far a prediction was from its result, in words."""
    if experiment.close(entry.guess, entry.measured):
        return "close" if entry.guess != entry.measured else "exactly right"
    if experiment.choices:
        return "otherwise"
    side = "high" if entry.guess > entry.measured else "low"
    if experiment.factor is not None and entry.guess * entry.measured > 0:
        small, large = sorted((abs(entry.guess), abs(entry.measured)))
        return f"too {side} by a factor of {large / small:,.2g}" if large / small < 100 else f"far too {side}"
    apart = value_text(experiment, abs(entry.guess - entry.measured))
    return f"too {side} by {apart.replace(' %', ' percentage points')}"


def _predicted(experiment: Experiment, entry: Prediction) -> str:
    guess, revised = (value_text(experiment, value, 6) for value in (entry.guess, entry.revised))
    if entry.guess is None:
        late = f"Once the result was shown, you wrote {revised}." if entry.revised is not None else ""
        return late or NONE_MADE
    after = f" first, and {revised} once the result was shown" if entry.revised is not None else ""
    return f"You predicted {guess}{after}."


def predict_text(experiment: Experiment, entry: Prediction, problem: str = "") -> str:
    """The card of `predict` as plain text."""
    return "\n".join(
        [_title("Prediction", experiment), f"  {experiment.question}", f"  {_committed(experiment, entry, problem)}"]
    )


def predict_html(experiment: Experiment, entry: Prediction, problem: str = "") -> str:
    """The card of `predict` as HTML."""
    chosen = entry.revised if entry.revised is not None else entry.guess
    marked = [
        f"<strong>{escape(choice)}</strong>" if choice == chosen else escape(choice) for choice in experiment.choices
    ]
    choices = f"<div>{' · '.join(marked)}</div>" if marked else ""
    return _box(_title("Prediction", experiment), f"<div>{escape(experiment.question)}</div>{choices}"
                f"<div>{escape(_committed(experiment, entry, problem))}</div>")  # fmt: skip


def outcome_text(experiment: Experiment, entry: Prediction) -> str:
    """The card of `outcome` as plain text."""
    return f"{_title('Result', experiment)}\n  {comparison(experiment, entry)}"


def outcome_html(experiment: Experiment, entry: Prediction) -> str:
    """The card of `outcome` as HTML."""
    return _box(_title("Result", experiment), f"<div>{escape(comparison(experiment, entry))}</div>")


def notice_html(text: str) -> str:
    """A sentence in the frame of a card."""
    return _box("", escape(text))


def _title(kind: str, experiment: Experiment) -> str:
    return f"{kind} {experiment.id}: {experiment.title}"


def _committed(experiment: Experiment, entry: Prediction, problem: str) -> str:
    """What is committed, and what to do where nothing is."""
    if problem:
        return f"{problem}: expected {experiment.expected}. Nothing was noted; correct it and run this cell again."
    if entry.revised is not None:
        first = "there was none" if entry.guess is None else f"it was {value_text(experiment, entry.guess, 6)}"
        now = value_text(experiment, entry.revised, 6)
        return f"Your prediction is now {now}; before the result was shown {first}. Both are kept."
    if entry.guess is None:
        return f"None yet. Put {experiment.expected} in the place of None, and run this cell before you go on."
    return f"Your prediction: {value_text(experiment, entry.guess, 6)}."


def _box(title: str, body: str) -> str:
    head = f"<strong>{escape(title)}</strong>" if title else ""
    return f'<div role="status" style="{BOX}">{head}{body}</div>'
