"""Predictions: what they may be, what a session notes of them, what the release takes away, what a notebook keeps."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import replace

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from grader import check as session
from grader.engine.values import Call
from grader.experiments import Experiment, read_experiments
from grader.intake import Material, Submission, read
from grader.predictions import MIME, Ledger
from grader.release import ReleaseError, nbgrader_source, student_notebook
from grader.release.guesses import without_guesses
from grader.reports.prediction import comparison, outcome_html, predict_html, value_text
from grader.tasks import Course, Notebook

WAVE = Experiment("1.5", "Left alone", "What becomes of the wave?", choices=("fades", "grows", "drifts"))
SHARE = Experiment("2.9", "Faster", "By how much?", unit="%", low=-100, high=100, within=5)
RATIO = Experiment("2.10", "How dead", "By which factor?", factor=3)


def entry(**values) -> dict:
    return {"title": "A title", "question": "A question?"} | values


# the table


@pytest.mark.parametrize("name, values, words", [
    ("1.5", {"choices": ["a"]}, "at least two choices"), ("1.5", {"choices": ["a", "A"]}, "each once"),
    ("1.5", {"choices": "ab"}, "no list of words"), ("1.5", {"choices": ["a", "b"], "within": 1}, "choices and within"),
    ("1.5", {}, "what counts as close"), ("1.5", {"within": 1, "factor": 2}, "what counts as close"),
    ("1.5", {"factor": 1}, "a factor above 1"), ("1.5", {"within": "1"}, "a within that is no number"),
    ("1.5", {"within": 1, "low": 3, "high": 3}, "not below its high"), ("1.5", {"withing": 1}, "'withing'"),
    ("1.5", {"within": 1, "question": " "}, "needs a question"), ("1.5", {"within": 1, "title": ""}, "needs a title"),
    ("9.8", {"within": 1}, "no number of a notebook"), ("1.x", {"within": 1}, "no number of a notebook"),
])  # fmt: skip
def test_a_mistake_in_the_table_names_the_experiment(name, values, words):
    with pytest.raises(ValueError, match=f"tasks.toml: experiment {name} .*{words}"):
        read_experiments({name: entry(**values)}, {}, {"1", "2"})


def test_an_experiment_of_a_task_has_its_title_and_they_come_in_order():
    raw = {"1.10": entry(within=0), "1.4": {"question": "What?", "choices": ["a", "b"]}}
    found = read_experiments(raw, {"1.4": "The task's"}, {"1"})
    assert list(found) == ["1.4", "1.10"] and found["1.4"].title == "The task's"


def test_the_course_has_its_first_experiment(course):
    assert course.experiments["1.5"].choices == ("fades", "grows", "drifts", "stays")


# values


@pytest.mark.parametrize("experiment, value, kept", [
    (WAVE, " Drifts ", "drifts"), (WAVE, "drift", None), (WAVE, 3, None), (WAVE, None, None), (WAVE, ["fades"], None),
    (SHARE, 20, 20.0), (SHARE, -3.5, -3.5), (SHARE, 101, None), (SHARE, "20", None), (SHARE, True, None),
    (SHARE, math.nan, None), (SHARE, 10**400, None), (SHARE, torch.tensor(2.0, requires_grad=True), 2.0),
    (SHARE, torch.zeros(3), None), (SHARE, {"a": 1}, None),
])  # fmt: skip
def test_what_counts_as_a_prediction(experiment, value, kept):
    assert experiment.guess(value) == kept


@pytest.mark.parametrize("experiment, guess, measured, close", [
    (WAVE, "drifts", "drifts", True), (WAVE, "fades", "drifts", False), (WAVE, None, "drifts", None),
    (SHARE, 20.0, 25.0, True), (SHARE, 20.0, 25.1, False), (RATIO, 3e-9, 9e-9, True), (RATIO, 3e-9, 1e-8, False),
    (RATIO, -2.0, 2.0, False), (RATIO, 0.0, 0.0, True), (RATIO, 0.0, 1e-9, False),
])  # fmt: skip
def test_what_counts_as_close(experiment, guess, measured, close):
    assert experiment.close(guess, measured) is close


@pytest.mark.parametrize("value, text", [(0.0, "0 %"), (-3.0, "−3 %"), (0.00251, "0.00251 %"), (1234.0, "1,230 %"),
                                         (6.1e-9, "6.1e-9 %"),
                                         (2.5e7, "2.5e7 %"), (99.96, "100 %")])  # fmt: skip
def test_numbers_are_written_for_readers(value, text):
    assert value_text(SHARE, value) == text


# a session


def said(experiment, *steps) -> str:
    """What the sentence is after guesses, and results in a list of one."""
    ledger = Ledger()
    for step in steps:
        answered = isinstance(step, list)
        noted = ledger.answer(experiment, step[0]) if answered else ledger.commit(experiment, step)
    return comparison(experiment, noted)


@pytest.mark.parametrize("experiment, steps, sentence", [
    (WAVE, ["drifts", ["drifts"]], "You predicted drifts. Measured: drifts."),
    (WAVE, ["fades", "drifts", ["drifts"]], "You predicted drifts. Measured: drifts."),
    (WAVE, ["fades", ["drifts"], "drifts"],
     "You predicted fades first, and drifts once the result was shown. Measured: drifts."),
    (WAVE, ["fades", ["drifts"], "drifts", "fades"], "You predicted fades. Measured: drifts."),
    (WAVE, [None, ["drifts"]],
     "Measured: drifts. No prediction was made: make one next time, it is how the experiment teaches."),
    (WAVE, [None, ["drifts"], "drifts"], "Measured: drifts. Once the result was shown, you wrote drifts."),
    (WAVE, ["fades", [None]], "You predicted fades. This run gave no result to hold against a prediction."),
    (SHARE, [20.0, [-3.0]], "You predicted 20 %, measured −3 %: too high by 23 percentage points."),
    (SHARE, [20.0, [18.2]], "You predicted 20 %, measured 18.2 %: close."),
    (RATIO, [1e-3, [1e-2]], "You predicted 0.001, measured 0.01: too low by a factor of 10."),
    (RATIO, [1.0, [1e-9]], "You predicted 1, measured 1e-9: far too high."),
])  # fmt: skip
def test_prediction_and_result_in_a_sentence(experiment, steps, sentence):
    assert said(experiment, *steps) == sentence


@pytest.fixture
def cards(monkeypatch):
    """What a session displays, from its first moment on."""
    shown: list[tuple] = []
    monkeypatch.setattr(session, "_ledger", Ledger())
    monkeypatch.setattr(session, "_display", lambda page, text, kept=None: shown.append((page, text, kept)))
    return shown


class Odd(str):
    def __repr__(self):
        raise ValueError("no")


@pytest.mark.parametrize("guess", ["drift", 7, math.nan, [["fades"]], Odd("x"), "<b>" * 100, object()])
def test_an_unusable_prediction_never_raises_and_is_told(cards, guess):
    assert session.predict("1.5", "fades") == "fades"
    assert session.predict("1.5", guess) is None
    page, text, kept = cards[-1]
    assert "can't be used: expected one of" in text and "<b>" not in page.replace("<b>grows", "")
    assert kept == {MIME: {"id": "1.5", "guess": "fades", "measured": None, "revised": None}}  # what was noted stays


@pytest.mark.parametrize("name", ["7.7", None, 3, Odd("1.5 "), ["1.5"]])
def test_an_unknown_experiment_never_raises_and_is_told(cards, name):
    assert session.predict(name, "fades") is None and session.outcome(name, "fades") == ""
    assert "There is no experiment" in cards[0][1] and cards[0][2] is None


def test_the_cards_keep_guess_and_result(cards):
    session.predict("1.5", None)
    assert "None yet" in cards[-1][1]
    session.predict("1.5", "Fades")
    assert session.outcome("1.5", "drifts") == "You predicted fades. Measured: drifts."
    assert cards[-1][2][MIME] == {"id": "1.5", "guess": "fades", "measured": "drifts", "revised": None}
    session.predict("1.5", "drifts")
    assert cards[-1][2][MIME]["revised"] == "drifts" and "Both are kept" in cards[-1][1]


def test_cards_are_escaped():
    hostile = replace(WAVE, title="<script>", question="a < b", choices=("<i>", "b"))
    ledger = Ledger()
    pages = predict_html(hostile, ledger.commit(hostile, "<i>")) + outcome_html(hostile, ledger.answer(hostile, "b"))
    assert "<script>" not in pages and "<i>" not in pages and "a &lt; b" in pages


# the release

SOURCE = """\
# %% [markdown]
# ### 1.5 Left alone

# %%
guess = predict("1.5", "drifts")  # ändert nichts

# %%
said = outcome("1.5", "drifts")
"""
COURSE = Course({}, {"1": Notebook("1", "01_small", "Small", "mod")}, {}, {}, experiments={"1.5": WAVE})


def test_students_get_none_and_the_instructor_keeps_the_prediction():
    released = student_notebook(SOURCE, "01_small", COURSE)
    assert released.cells[1].source == 'guess = predict("1.5", None)  # ändert nichts'
    assert released.cells[1].metadata == {}  # not locked, not graded
    assert '"drifts")' in nbgrader_source(SOURCE, "01_small", COURSE).cells[1].source


def test_every_literal_goes_and_nothing_else():
    source = 'é = predict("1.5", "é"); predict(\n    "2.9",\n    -3.5,\n); model.predict(1, 2); outcome("1.5", 3)'
    gone = 'é = predict("1.5", None); predict(\n    "2.9",\n    None,\n); model.predict(1, 2); outcome("1.5", 3)'
    assert without_guesses(source) == gone
    assert without_guesses("%timeit model.predict(1)") == "%timeit model.predict(1)"


FAULTS = {
    "unknown": ('predict("1.5"', 'predict("1.7"', 5, "'1.7' is no experiment of this notebook"),
    "another notebook's": ('outcome("1.5"', 'outcome("2.9"', 8, "'2.9' is no experiment of this notebook"),
    "no literal": ('predict("1.5", "drifts")', 'predict("1.5", word)', 5, "a prediction is written out"),
    "not a choice": ('predict("1.5", "drifts")', 'predict("1.5", "sinks")', 5, "the prediction is 'sinks', expected one of"),
    "one argument": ('predict("1.5", "drifts")', 'predict("1.5")', 5, "takes the number of an experiment and a value"),
    "twice": ("guess =", 'predict("1.5", "fades")\nguess =', 6, "is predicted already (line 5)"),
    "not answered": ('said = outcome("1.5", "drifts")', "pass", 8, "has no `outcome"),
    "not predicted": ('guess = predict("1.5", "drifts")', "pass", 8, "answered before it is predicted"),
    "beside a magic": ("guess =", "!ls\nguess =", 5, "is no plain Python"),
    "heading": ("1.5 Left alone", "1.5 Right alone", 2, "the heading of experiment 1.5 is 'Right alone'"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_in_a_prediction_names_its_line(case):
    old, new, line, words = FAULTS[case]
    assert old in SOURCE
    with pytest.raises(ReleaseError) as caught:
        student_notebook(SOURCE.replace(old, new, 1), "01_small", COURSE)
    assert str(caught.value).startswith(f"solution/notebooks/01_small.py:{line}: ") and words in str(caught.value)


# what a submitted notebook keeps


def cell(source: str = "", *outputs) -> dict:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def kept(**values) -> dict:
    return {"output_type": "display_data", "data": {MIME: {"id": "1.5"} | values}}


def taken(tmp_path, course, *cells) -> list[dict]:
    """The records of the predictions in a submission with this notebook."""
    place = tmp_path / "notebooks"
    place.mkdir(exist_ok=True)
    (place / "01_sine_wave_rnn.ipynb").write_text(json.dumps({"cells": list(cells)}), encoding="utf-8")
    return read(Submission("student", (tmp_path,)), course, {}).predictions


def record(guess=None, measured=None, revised=None, close=None) -> dict:
    return {"id": "1.5", "guess": guess, "measured": measured, "revised": revised, "close": close}


def test_a_run_notebook_keeps_prediction_and_result(tmp_path, course):
    sources = [
        "from grader.check import outcome, predict",
        'predict("1.5", "fades");',
        'said = outcome("1.5", "drifts")',
        "said",
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown = [output for entry in notebook.cells for output in entry.outputs]
    assert shown[-1].data["text/plain"] == "'You predicted fades. Measured: drifts.'"
    assert all({"text/html", "text/plain", MIME} <= output.data.keys() for output in shown[:-1])
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "01_sine_wave_rnn.ipynb")
    found = read(Submission("student", (tmp_path,)), course, {}).predictions
    assert found == [record("fades", "drifts", close=False)]


def test_the_cells_of_an_experiment_may_have_run_at_different_times(tmp_path, course):
    late = [kept(guess="fades", measured="drifts", revised="grows")], [kept(guess="fades", measured="drifts")]
    assert taken(tmp_path, course, *(cell("", *outputs) for outputs in late)) == [
        record("fades", "drifts", "grows", close=False)
    ]
    again = [kept(guess="drifts")], [kept(measured="drifts")]  # the second after a restart, without the first
    assert taken(tmp_path, course, *(cell("", *outputs) for outputs in again)) == [
        record("drifts", "drifts", close=True)
    ]


def test_where_outputs_were_cleared_the_source_tells(tmp_path, course):
    assert taken(tmp_path, course, cell('guess = predict("1.5", "Grows")')) == [record("grows")]
    assert taken(tmp_path, course, cell('guess = predict("1.5", None)')) == []
    assert taken(tmp_path, course, cell('predict("1.5", "grows")', kept(guess="fades"))) == [record("fades")]


@pytest.mark.parametrize("source", [
    'predict("1.5", open("/etc/passwd").read())', 'predict("1.5", __import__("os")._exit(3))', 'predict("1.5", "sinks")',
    'predict("7.7", "grows")', 'predict("1.5", ' + "(" * 5_000, 'predict("1.5", ' + "-" * 9_000 + "1)",
    "predict(" + "1" * 9_000 + ", 2)",
    'predict("1.5", "grows")' + " " * 10_000, "predict(\x00", '!predict("1.5", "grows")', 'predict(*["1.5", "grows"])',
])  # fmt: skip
def test_source_is_read_and_never_run(tmp_path, course, source):
    assert taken(tmp_path, course, cell(source)) == []


HOSTILE = {
    "html": [kept(guess="<script>alert(1)</script>", measured="<b>")],
    "huge text": [kept(guess="fades" * 100_000)],
    "huge number": [kept(guess=10**400, measured=-(10**400))],
    "wrong types": [kept(guess=["fades"], measured={"a": 1}, revised=True)],
    "not a record": [{"data": {MIME: value}} for value in ([], "fades", 3, None, {"id": ["1.5"], "guess": "fades"})],
    "nested": [kept(guess=functools.reduce(lambda inner, _: [inner], range(200), "fades"))],
    "no outputs": [{"data": MIME}, 7, None, [], {"data": {}}, {}],
    "unknown experiment": [{"data": {MIME: {"id": "1.7", "guess": "fades"}}}],
    "many": [kept(guess="sinks")] * 10_000 + [kept(guess="fades")],
}


@pytest.mark.parametrize("outputs", HOSTILE.values(), ids=HOSTILE)
def test_outputs_are_believed_of_nobody(tmp_path, course, outputs):
    assert taken(tmp_path, course, cell("x = 1", *outputs)) == []
    assert taken(tmp_path, course, cell("x = 1", *outputs), cell("", kept(guess="fades"))) == [record("fades")]


@pytest.mark.parametrize("outputs", [None, "text", {MIME: 1}, 3])
def test_outputs_of_another_type_are_nothing(tmp_path, course, outputs):
    assert taken(tmp_path, course, {"cell_type": "code", "source": "", "outputs": outputs}) == []


def test_what_a_prediction_says_is_part_of_what_a_record_is_made_from(course):
    one, other = Material(), Material(predictions=[record("fades")])
    assert one.digest != other.digest


def test_nothing_happens_in_a_worker(open_session):
    source = 'from grader.check import check, outcome, predict, use\nguess = predict("1.5", "fades")\nsaid = outcome("1.5", 3)'
    opened = open_session({}, {"cells1": [("cell 1", source), ("cell 2", "def told():\n    return guess + said")]})
    assert opened.begin("cells1", []) is None
    assert opened.perform(Call("cells1", "told", ()), None).value == "fades"


def test_nbgrader_keeps_predictions_and_nothing_else_of_the_outputs():
    hostile = kept(guess="fades", measured="drifts", note="<script>")
    hostile["data"]["text/html"] = "<script>alert(1)</script>"
    handed_in = nbformat.from_dict(
        cell("x = 1", hostile, {"output_type": "stream", "name": "stdout", "text": "<script>"})
    )
    plugin = pytest.importorskip("grader.nbgrader_plugin")
    cleared, _ = plugin.ClearAllButPredictions().preprocess_cell(handed_in, {}, 0)
    assert "<script>" not in json.dumps(cleared) and "You predicted fades. Measured: drifts." in json.dumps(cleared)
    assert cleared.outputs[0].data[MIME] == {"id": "1.5", "guess": "fades", "measured": "drifts", "revised": None}
    plain, _ = plugin.ClearAllButPredictions().preprocess_cell(nbformat.from_dict(cell("x")), {}, 0)
    assert plain.outputs == []
