"""What a student predicted of an experiment and what came: kept in a session, and read from a submitted notebook.

A prediction may be changed at any time; one that is changed after its result was shown is kept in both versions. Nothing
here earns or costs a point.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from grader.experiments import Experiment, Value

__all__ = ["MIME", "Ledger", "Prediction", "predictions_in"]

MIME = "application/vnd.unrolled.prediction+json"  # under which a cell's output keeps a prediction
MAX_SOURCE = 10_000  # characters of a cell in which a prediction is looked for
MAX_TEXT = 200


@dataclass(frozen=True)
class Prediction:
    """`guess` is what was predicted before the result was shown, `revised` what it was changed to after that."""

    id: str
    guess: Value | None = None
    measured: Value | None = None
    revised: Value | None = None

    def record(self, experiment: Experiment) -> dict:
        """As results.json holds it."""
        return asdict(self) | {"close": experiment.close(self.guess, self.measured)}


class Ledger:
    """The predictions of one session: the notebook's kernel."""

    def __init__(self):
        self._entries: dict[str, Prediction] = {}

    def commit(self, experiment: Experiment, guess: Value | None) -> Prediction:
        """Take a prediction; after the result was shown the first one stays, and this one is the revised one."""
        entry = self.entry(experiment)
        if entry.measured is None:
            entry = replace(entry, guess=guess)
        else:
            entry = replace(entry, revised=None if guess == entry.guess else guess)
        self._entries[experiment.id] = entry
        return entry

    def answer(self, experiment: Experiment, measured: Value | None) -> Prediction:
        """Take a result; one that could not be measured is no result."""
        entry = replace(self.entry(experiment), measured=measured)
        if measured is not None:
            self._entries[experiment.id] = entry
        return entry

    def entry(self, experiment: Experiment) -> Prediction:
        """What is known of an experiment so far."""
        return self._entries.get(experiment.id, Prediction(experiment.id))


def predictions_in(cells: Iterable[dict], experiments: Iterable[Experiment]) -> list[Prediction]:
    """What a notebook's cells, as `notebooks.parse` gives them, keep of predictions: untrusted, so each value is tried.

    The outputs tell, the last one first; where they were cleared, the literal in `predict("1.8", …)`.
    """
    cells = list(cells)
    kept = [bundle for cell in cells for bundle in cell["bundles"]]
    sources = [cell["source"] for cell in cells if cell["type"] == "code" and "predict(" in cell["source"]]
    found = [_from_bundles(experiment, kept) for experiment in experiments]
    written = dict(call for source in sources for call in _calls(source))
    for place, (entry, experiment) in enumerate(zip(found, experiments, strict=True)):
        if (entry.guess, entry.measured, entry.revised) == (None, None, None):
            found[place] = replace(entry, guess=experiment.guess(written.get(experiment.id)))
    return [entry for entry in found if (entry.guess, entry.measured, entry.revised) != (None, None, None)]


def _from_bundles(experiment: Experiment, bundles: list[object]) -> Prediction:
    """Each value from the last output that has it, since the cells of one experiment may have run at different times."""
    entry = Prediction(experiment.id)
    for bundle in bundles:
        if not isinstance(bundle, dict) or bundle.get("id") != experiment.id:
            continue
        values = {"guess": experiment.guess(_plain(bundle.get("guess"))),
                  "measured": experiment.measured(_plain(bundle.get("measured"))),
                  "revised": experiment.guess(_plain(bundle.get("revised")))}  # fmt: skip
        entry = replace(entry, **{name: value for name, value in values.items() if value is not None})
    return replace(entry, revised=None) if entry.revised == entry.guess else entry


def _plain(value: object) -> object:
    """A short text or a number as JSON has them; None for anything else."""
    return value if isinstance(value, int | float) or (isinstance(value, str) and len(value) <= MAX_TEXT) else None


def _calls(source: str) -> list[tuple[str, object]]:
    """(experiment, literal) of each call `predict("1.8", literal)`; the source is read, never run."""
    if len(source) > MAX_SOURCE:
        return []
    try:
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls = [node.args for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "predict"]
    return [(str(_literal(args[0])), _plain(_literal(args[1]))) for args in calls if len(args) == 2]


def _literal(node: ast.expr) -> object:
    """The text or number that stands there, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) else None
    return node.value if isinstance(node, ast.Constant) else None
