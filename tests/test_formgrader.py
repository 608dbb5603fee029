"""An instructor's hour in nbgrader's formgrader: generate, autograde by its button, mark the written answer, see the total."""

from __future__ import annotations

import json
import shutil

import pytest

from grader.course import write_course
from grader.references import variants_of, with_mistake
from tests.browsing import browser, in_a_browser
from tests.conftest import ROOT
from tests.grading import solved, solved_notebook
from tests.serving import jupyter

pytest.importorskip("nbgrader.apps")

FIRST = "01_sine_wave_rnn"
ANSWER = "Since each state needs the one before it; the input term does not."
OK = ".modal.in .modal-footer button"


@pytest.fixture
def folder(tmp_path, course):
    """A course, and a submission of its first notebook: a forecast that reads its context again, and a written answer."""
    root = tmp_path / "course"
    write_course(ROOT, course, root)
    place = root / "submitted" / "ada" / FIRST
    shutil.copytree(root / "source" / FIRST / "starter", place / "starter")
    mistake = next(variant for variant in variants_of("1.5") if variant.name == "context_read_again")
    text = with_mistake(solved(course), course.tasks["1.5"], mistake)
    (place / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    notebook = solved_notebook()
    next(cell for cell in notebook["cells"] if cell["id"] == "task-1-9")["source"] = [ANSWER]
    (place / f"{FIRST}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return root


def pressed(page, button: str) -> None:
    """Press a button that starts something of nbgrader's, and wait until it says that it has succeeded."""
    page.click(button)
    said = page.wait("document.querySelector('.modal.in .modal-body')?.innerText", 300)
    assert said.startswith("Successfully"), said
    page.click(OK)
    page.wait("!document.querySelector('.modal-backdrop')")


@in_a_browser
def test_autograded_and_marked_by_hand(folder, tmp_path):
    row = "document.querySelector('#main-table tr').innerText"
    with jupyter(folder, tmp_path) as address, browser(tmp_path) as page:
        page.open(address.format("lab"))
        page.click(".lm-MenuBar-item", "Nbgrader")
        page.click("[data-command='nbgrader:open-formgrader']")
        inside = page.wait(
            "document.querySelector('iframe').contentWindow.location.href.match(/.*manage_assignments/)?.[0]"
        )
        page.open(inside)

        pressed(page, "#main-table tr .assign a")
        page.click("#main-table tr .num-submissions a")
        pressed(page, "#main-table tr .autograde a")
        page.wait(f"{row}.includes(' / 20')")
        assert page.js(row).split("\t")[3:5] == ["needs manual grading", "16.78 / 20"]
        page.click("#main-table tr .student-name a")
        page.click("#main-table a[href*='/submissions/']")

        page.wait("window.formgrader?.grades?.loaded && formgrader.comments.loaded")
        answer = "document.getElementById('task-1-9').closest('.nbgrader_cell')"
        assert ANSWER in page.js(f"{answer}.innerText")
        assert "1 point: names the dependence" in page.js(f"{answer}.closest('.cell').nextElementSibling.innerText")
        assert "The context is read again" in page.js("document.body.innerText")
        page.click("#task-1-9")
        page.type("2.5")
        page.press("Tab")
        page.wait(
            "$.active === 0 && formgrader.grades.find(grade => grade.get('name') === 'task-1-9').get('manual_score') === 2.5"
        )

        page.open(inside.replace("manage_assignments", f"manage_submissions/{FIRST}"))
        page.wait(f"{row}.includes(' / 20')")
        assert page.js(row).split("\t")[3:5] == ["graded", "19.28 / 20"]
