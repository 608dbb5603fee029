"""The experiments that ask for a prediction first, as tasks.toml lists them. Needs the standard library alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real

__all__ = ["Experiment", "Value", "read_experiments"]

Value = str | float  # a choice, or a number in the experiment's unit


@dataclass(frozen=True)
class Experiment:
    """A question whose answer is measured: one of some choices, or a number that counts as close when it is near."""

    id: str
    title: str
    question: str
    choices: tuple[str, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | None = None
    within: float | None = None
    factor: float | None = None

    @property
    def notebook(self) -> str:
        return self.id.split(".")[0]

    @property
    def sort_key(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.id.split("."))

    @property
    def expected(self) -> str:
        """What a prediction is, in words."""
        if self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        kind = f"a number, in {self.unit}" if self.unit else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind}, from {self.low:g} to {self.high:g}"
        return kind + (f", at least {self.low:g}" if self.low is not None else "") + (
            f", at most {self.high:g}" if self.high is not None else "")  # fmt: skip

    def guess(self, value: object) -> Value | None:
        """A prediction as it is kept; None where it is none that this experiment can use."""
        known = self.measured(value)
        if isinstance(known, float) and not (self._from() <= known <= self._to()):
            return None
        return known

    def measured(self, value: object) -> Value | None:
        """A result as it is kept; None where it is neither one of the choices nor a finite number."""
        if self.choices:
            text = value.strip().lower() if isinstance(value, str) else None
            return next((choice for choice in self.choices if choice.lower() == text), None)
        return _number(value)

    def close(self, guess: Value | None, measured: Value | None) -> bool | None:
        """Whether a prediction came close; None where there is nothing to compare."""
        if guess is None or measured is None:
            return None
        if self.choices:
            return guess == measured
        if self.within is not None:
            return abs(guess - measured) <= self.within * (1 + 1e-9)
        small, large = sorted((abs(guess), abs(measured)))
        return guess == measured or (guess * measured > 0 and large <= self.factor * small * (1 + 1e-9))

    def _from(self) -> float:
        return -math.inf if self.low is None else self.low

    def _to(self) -> float:
        return math.inf if self.high is None else self.high


def _number(value: object) -> float | None:
    """A finite number, also one of numpy or a tensor with one element; None for anything else."""
    if isinstance(value, bool | str | bytes) or not (isinstance(value, Real) or hasattr(value, "item")):
        return None
    try:
        number = float(value.item() if hasattr(value, "item") else value)
    except Exception:  # whatever the conversion of a foreign type raises
        return None
    return number if math.isfinite(number) else None


def read_experiments(raw: dict[str, dict], titles: dict[str, str], notebooks: set[str]) -> dict[str, Experiment]:
    """The table [experiments] of tasks.toml, in order; `titles` are the tasks', for those that share their number.

    Raises:
        ValueError: a mistake in it, with the experiment's id.
    """
    found = [_experiment(name, dict(entry), titles, notebooks) for name, entry in raw.items()]
    return {entry.id: entry for entry in sorted(found, key=lambda entry: entry.sort_key)}


def _experiment(name: str, values: dict, titles: dict[str, str], notebooks: set[str]) -> Experiment:
    values.setdefault("title", titles.get(name, ""))
    problem = _problem(name, values, notebooks)
    if problem:
        raise ValueError(f"tasks.toml: experiment {name} {problem}")
    values["choices"] = tuple(values.get("choices", ()))
    return Experiment(id=name, **values)


def _problem(name: str, values: dict, notebooks: set[str]) -> str:
    """What is wrong with an entry, or ""."""
    known = [field.name for field in fields(Experiment) if field.name != "id"]
    if unknown := sorted(values.keys() - set(known)):
        return f"has the key {unknown[0]!r}, expected some of {', '.join(known)}"
    number, _, rest = name.partition(".")
    if number not in notebooks or not rest.isdecimal():
        return 'is no number of a notebook\'s section, such as "1.8"'
    if missing := [key for key in ("title", "question") if not _is_text(values.get(key))]:
        return f"needs a {missing[0]}, a sentence of its own"
    return _choice_problem(values) if "choices" in values else _number_problem(values)


def _choice_problem(values: dict) -> str:
    choices = values["choices"]
    if not isinstance(choices, list) or not all(map(_is_text, choices)):
        return "has choices that are no list of words"
    if len(choices) < 2 or len({choice.lower() for choice in choices}) < len(choices):
        return "needs at least two choices, each once"
    extra = [key for key in ("unit", "low", "high", "within", "factor") if key in values]
    return f"has choices and {extra[0]}; a prediction is one of choices or a number" if extra else ""


def _number_problem(values: dict) -> str:
    if not isinstance(values.get("unit", ""), str):
        return "has a unit that is no text"
    numbers = {key: values[key] for key in ("low", "high", "within", "factor") if key in values}
    if wrong := [key for key, number in numbers.items() if _number(number) is None]:
        return f"has a {wrong[0]} that is no number"
    if ("within" in numbers) == ("factor" in numbers):
        return "needs either choices, or one of within and factor: what counts as close"
    if numbers.get("within", 0) < 0 or numbers.get("factor", 2) <= 1:
        return "needs a within of at least 0, or a factor above 1"
    if numbers.get("low", -math.inf) >= numbers.get("high", math.inf):
        return "has a low that is not below its high"
    return ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
