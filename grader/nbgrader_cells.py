"""What nbgrader is given of a submission: the release's own roles of cells, of outputs only predictions; and the marking."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook, SourceCell
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import ClearOutput, NbGraderPreprocessor

from grader.notebooks import bundles_of
from grader.predictions import MIME, predictions_in
from grader.release import model_answers
from grader.reports.prediction import outcome_html, outcome_text, predict_html, predict_text
from grader.tasks import load_course

__all__ = ["AsReleased", "ClearAllButPredictions", "HideMarking", "ShowMarking", "kept_outputs"]

NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell}
SOURCES = Path(__file__).parent.parent / "solution" / "notebooks"
FOR_MARKING = {"unrolled": "for marking"}
SHOWN = """\
<details open><summary style="display:list-item">For marking; the feedback leaves it out</summary>

{text}

</details>"""


class AsReleased(NbGraderPreprocessor):
    """Takes the roles of cells from the grade book, whatever the submission says: forged, doubled, foreign or missing.

    nbgrader believes the metadata in a submission: an unknown id or an old schema ends the grading, of that student or of
    the class, and a test cell that was deleted is 0 points.
    """

    def preprocess(self, nb, resources):
        known = resources["nbgrader"]
        claims = [_claim(cell) for cell in nb.cells]
        with Gradebook(known["db_url"]) as book:
            notebook = book.find_notebook(known["notebook"], known["assignment"])
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
            solutions = {cell.name for cell in notebook.solution_cells}
            for source in notebook.source_cells:
                role = _role(source, points.get(source.name), source.name in solutions)
                _find_or_add(nb, source, claims).metadata["nbgrader"] = from_dict(role)
        return nb, resources


def _claim(cell: NotebookNode) -> tuple[NotebookNode, set[str]]:
    """A cell, without what it says of its role, and the ids by which it may be known."""
    role = cell.metadata.pop("nbgrader", None)
    return cell, {str(cell.get("id")), str(role.get("grade_id")) if isinstance(role, dict) else ""}


def _role(source: SourceCell, points: float | None, solution: bool) -> dict:
    role = {"schema_version": SCHEMA_VERSION, "grade_id": source.name, "grade": points is not None, "solution": solution,
            "locked": source.locked, "task": False, "cell_type": source.cell_type, "checksum": source.checksum}  # fmt: skip
    return role | ({} if points is None else {"points": points})


def _find_or_add(nb: NotebookNode, source: SourceCell, claims: list) -> NotebookNode:
    """The submission's cell in this role. A test cell is one that has the release's text: an edited one is a student's own."""
    claiming = [cell for cell, names in claims if source.name in names]
    found = [cell for cell in claiming if "nbgrader" not in cell.metadata]
    found = [cell for cell in found if not source.locked or cell.source.strip() == source.source.strip()]
    if found:  # the last one; one that has kept its own id before that; an answer that was given before all
        return max(reversed(found), key=lambda cell: (cell.source != source.source, cell.get("id") == source.name))
    added = NEW_CELL[source.cell_type](source.source, id=f"{source.name}-released")
    nb.cells.insert(nb.cells.index(claiming[-1]) + 1 if claiming else len(nb.cells), added)
    return added


class ClearAllButPredictions(ClearOutput):
    """nbgrader's ClearOutput, which leaves the cards of predictions, written anew from what they keep."""

    def preprocess_cell(self, cell, resources, cell_index):
        kept = kept_outputs(cell)
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if kept:
            cell.outputs = kept
        return cell, resources


def kept_outputs(cell) -> list:
    """What a cell's outputs keep of predictions, as outputs that hold nothing else of what was handed in."""
    experiments = load_course().experiments
    cells = [{"type": cell.cell_type, "source": "", "bundles": bundles_of(cell.get("outputs"))}]
    made = []
    for entry in predictions_in(cells, experiments.values()):
        page, text = (predict_html, predict_text) if entry.measured is None else (outcome_html, outcome_text)
        experiment = experiments[entry.id]
        data = {"text/html": page(experiment, entry), "text/plain": text(experiment, entry), MIME: asdict(entry)}
        made.append(new_output("display_data", data))
    return made


class ShowMarking(NbGraderPreprocessor):
    """Puts under each written answer a model answer and what each point is for, where whoever marks has them at hand."""

    def preprocess(self, nb, resources):
        name = resources["nbgrader"]["notebook"]
        source = (SOURCES / f"{name}.py").read_text(encoding="utf-8")
        models = model_answers(source, name, load_course())
        answers = {f"task-{task.replace('.', '-')}": text for task, text in models.items()}
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            if text := answers.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                cells.append(new_markdown_cell(SHOWN.format(text=text), metadata=FOR_MARKING))
        nb.cells = cells
        return nb, resources


class HideMarking(NbGraderPreprocessor):
    """Takes out what ShowMarking put in, before a page is made of it for the student."""

    def preprocess(self, nb, resources):
        nb.cells = [cell for cell in nb.cells if cell.metadata.get("unrolled") != FOR_MARKING["unrolled"]]
        return nb, resources
