"""The pages: what a student reads of an untouched, a half-done, a complete, a wrong and an invalid submission."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from grader.reports.index import index_page
from grader.reports.student import student_page
from grader.reports.terminal import class_table, progress_table
from grader.results import MISSING

PARTS = ("What works", "To mend", "Not started", "Written answers", "Predictions", "Next")
VOID = {"meta", "br", "hr", "img"}


class Reader(HTMLParser):
    """Checks that tags close in order, and gathers headings, ids and what the page refers to."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert tag not in ("script", "link", "iframe", "object"), tag
        self.links += [values[name] for name in ("href", "src") if name in values]
        if "id" in values:
            assert values["id"] not in self.ids, values["id"]
            self.ids.add(values["id"])
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(verdict="passed", message="", hint="", hidden=False, sentence="It <does> `that`.") -> dict:
    return {"name": "n", "sentence": sentence, "verdict": verdict, "hidden": hidden, "message": message, "hint": hint}


def record(course, checks: dict[str, list[dict]], student="ann", **more) -> dict:
    """A submission's record; tasks that are not named are to do."""
    tasks = []
    for task in course.graded:
        own = checks.get(task.id, [check("failed", f"Task {task.id}: {task.title} is still to do.")])
        passed = sum(entry["verdict"] == "passed" for entry in own)
        verdict = next((entry["verdict"] for entry in own if entry["verdict"] != "passed"), "passed")
        tasks.append({"id": task.id, "points": task.points, "score": task.points * passed / len(own), "verdict": verdict,
                      "checks": own, "lint": more.get("lint", {}).get(task.id, [])})  # fmt: skip
    return {"student": student, "status": "graded", "score": sum(task["score"] for task in tasks),
            "max_score": sum(task["points"] for task in tasks), "pending": [task.id for task in course.written],
            "tasks": tasks, "predictions": more.get("predictions", [])}  # fmt: skip


def told(page: str) -> str:
    """The page's text in one line, checked for form, for links that lead somewhere, and for asking nothing of a network."""
    reader = Reader(page)
    assert all(link[1:] in reader.ids for link in reader.links if link.startswith("#")), reader.links
    assert not re.search(r"https?:|@import|url\(", page)
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).split()).replace(
        "&#39;", "'"
    )


def parts(page: str) -> list[str]:
    return [part for part in PARTS if re.search(rf"<h2[^>]*>{part}</h2>", page)]


def test_an_untouched_submission_is_where_everybody_begins(course):
    page = student_page(record(course, {}), course)
    assert parts(page) == ["Not started", "Written answers", "Next"]
    text = told(page)
    assert "this is where everybody begins" in text
    assert "Begin with 1.1 Windows over a series , about 10 minutes" in text and 'check("1.1")' in page.replace(
        "&#34;", '"'
    )
    assert "1.3" not in text[text.index("Begin with") :]  # it requires 1.2


def test_half_the_work_says_what_works_and_what_comes_next(course):
    page = student_page(record(course, {name: [check()] for name in ("1.1", "1.2", "1.3")}), course)
    assert parts(page) == ["What works", "Not started", "Written answers", "Next"]
    text = told(page)
    assert "You can write one step of a recurrent network from its equation." in text
    assert "Begin with 1.4" in text and "Then 1.5" in text and f"3 of {len(course.graded)} tasks are solved" in text


def test_complete_work_is_told_what_comes_after(course):
    page = student_page(record(course, {task.id: [check()] for task in course.graded}), course)
    assert parts(page) == ["What works", "Written answers", "Next"]
    assert "Every task that can be checked is solved. If a written answer is not in yet, it is next." in told(page)


def test_what_is_wrong_is_told_with_where_and_how(course):
    wrong = [check("failed", "got 1, expected 2", "Add <one>."), check("failed", "got 3, expected 4"), check(),
             check("failed", "secret", "secret", hidden=True, sentence="secret"), check(hidden=True)]  # fmt: skip
    lint = {"1.1": [{"line": 7, "message": "torch.<x> is not allowed", "forbidden": False}]}
    page = student_page(record(course, {"1.2": wrong, "1.4": [check("error", "ValueError: no"), check()], "1.1": [check()]},
                               lint=lint), course)  # fmt: skip
    text = told(page)
    assert parts(page) == ["What works", "To mend", "Not started", "Written answers", "Next"]
    assert text.index("1.2 One step of a recurrent network not yet") < text.index(
        "1.4 Backpropagation through time by hand stopped"
    )
    assert "got 1, expected 2" in text and "Hint. Add &lt;one&gt;." in text and "<code>that</code>" in page
    assert "Further checks that don't pass: 1" in text and "Checks that pass: 1" in text
    assert "Of the further checks, 1 of 2 pass" in text and "secret" not in page
    assert "Edit RNNCell in starter/rnn.py . Try again with" in text and "python -m grader check 1.2" in text
    assert "It builds on 1.2, which comes first." in text  # 1.4 does
    assert "Line 7: torch.&lt;x&gt; is not allowed." in text


def test_a_task_that_only_further_checks_fail_is_told_so(course):
    page = student_page(record(course, {"1.1": [check(), check("failed", "secret", hidden=True)]}), course)
    assert "All checks that you can run pass. Of the further checks, 0 of 1 pass" in told(page) and "secret" not in page


def test_what_stops_every_task_is_told_once(course):
    broken = [check("error", "SyntaxError: invalid syntax"), check("error", "SyntaxError: invalid syntax")]
    page = student_page(record(course, {task.id: broken for task in course.graded if task.module}), course)
    assert told(page).count("SyntaxError") == 1
    stopped = [task for task in course.graded if task.module]
    assert told(page).count("What stopped 1.1 stopped this as well") == len(stopped) - 1


def test_a_file_that_was_not_handed_in_is_one_line(course):
    absent = [check("error", f"starter/rnn.py {MISSING}")] * 2
    page = student_page(record(course, {task.id: absent for task in course.graded if task.module}), course)
    assert told(page).count(MISSING) == 1 and "To mend" not in page


def test_tasks_stand_under_their_notebooks(course):
    solved = {task.id: [check()] for task in course.graded if task.id in ("1.1", "1.2", "2.1")}
    text = told(student_page(record(course, solved), course))
    for notebook, count in (("1", 2), ("2", 1)):
        own = course.graded_in(course.notebooks[notebook])
        earned = sum(task.points for task in own if task.id in solved)
        assert f"{notebook} {course.notebooks[notebook].title} {count} of {len(own)} tasks {earned} / " in text
        assert text.index(course.notebooks[notebook].title) < text.index(f"{own[-1].id} {own[-1].title}")


def test_a_notebook_for_later_is_one_line(course):
    page = student_page(record(course, {"1.1": [check()]}), course)
    own = course.graded_in(course.notebooks["2"])
    assert f"Notebook 2, Echo and recall: {len(own)} tasks, about {sum(task.minutes for task in own)} minutes" in told(
        page
    )
    assert not [task.id for task in own if f'id="task-{task.id}"' in page]
    first = student_page(record(course, {"2.1": [check()]}), course)  # whichever was begun
    assert "Notebook 1, Sine waves" in told(first) and "2 Echo and recall 1 of" in told(first)


def test_a_notebook_that_was_not_handed_in_is_told_in_its_line(course):
    absent = {task.id: [check("error", f"{place} {MISSING}")] for task in course.graded_in(course.notebooks["2"])
              for place in ["starter/gated.py" if task.module else "02_echo_memory.ipynb"]}  # fmt: skip
    text = told(student_page(record(course, {"1.1": [check()]} | absent), course))
    assert "Not in what was handed in: starter/gated.py, 02_echo_memory.ipynb. If you have worked on it" in text


def test_a_fault_of_the_checks_is_not_the_students(course):
    page = student_page(record(course, {"1.1": [check("harness_error", "KeyError")]}), course)
    assert "1.1 could not be checked: a fault of the checks, not yours." in told(page) and "KeyError" not in page


@pytest.mark.parametrize(
    "status, words", [("invalid", "Nothing is lost"), ("harness_error", "a fault of the grading, not yours")]
)
def test_what_could_not_be_graded_says_why_and_what_to_do(course, status, words):
    entry = {"student": "bo", "status": status, "score": 0, "max_score": 17, "pending": ["1.9"], "tasks": [],
             "reason": "the zip can't be read: <x>", "predictions": []}  # fmt: skip
    text = told(student_page(entry, course))
    assert "the zip can't be read: &lt;x&gt;" in text and words in text


def test_the_total_is_told_with_marks_comments_and_late_days(course):
    entry = record(course, {task.id: [check()] for task in course.graded if task.notebook == "1"})
    late = {"days": 2, "free": 1, "penalty": 1.0}
    total = {"score": 18.5, "max_score": 40, "auto": 17, "manual": 2.5, "penalty": 1.0, "pending": ["2.10"],
             "notebooks": {"1": {"late": late, "marks": {"1.9": {"points": 2.5, "comment": "Why <so>?"}}},
                           "2": {"late": late | {"days": 0}, "marks": {}}}}  # fmt: skip
    text = told(student_page(entry, course, total))
    assert "18.5 of 40 points so far: 17 from the checks, 2.5 for written answers, less 1 for days late; 3 more are for" in text
    assert "Notebook 1: 2 days late, 1 of them free. That costs 1 point." in text and "Notebook 2: 0" not in text
    assert "2.5 of 3 points. Why &lt;so&gt;?" in text and "2.10" in text and "3.9" not in text


def made(guess=None, measured=None, revised=None, close=None) -> dict:
    return {"id": "1.5", "guess": guess, "measured": measured, "revised": revised, "close": close}


@pytest.mark.parametrize("prediction, words", [
    (made("drifts", "drifts", close=True), "drifts drifts as you said"),
    (made("fades", "drifts", "drifts", False), "fades (drifts once the result was shown) drifts another outcome than you said"),
    (made(None, "drifts"), "none drifts no prediction to compare"),
    (made("grows"), "grows not run yet run the experiment to see"),
])  # fmt: skip
def test_predictions_stand_beside_results(course, prediction, words):
    page = student_page(record(course, {}, predictions=[prediction]), course)
    assert words in told(page) and "A wrong prediction costs nothing" in page and "Predictions" in parts(page)


def test_a_record_from_before_there_were_predictions_is_a_page_as_well(course):
    entry = record(course, {})
    del entry["predictions"]
    assert "Predictions" not in student_page(entry, course)


def test_the_class_shows_what_it_predicted(course):
    entries = [record(course, {}, student=f"s<{n}>", predictions=[made(guess, "drifts", close=guess == "drifts")])
               for n, guess in enumerate(["fades", "drifts", "drifts", None])]  # fmt: skip
    results = {"submissions": entries, "ignored": [], "seed": 0, "device": "cpu", "versions": {}, "isolation": []}
    page = index_page(results, {entry["student"]: "#top" for entry in entries}, course).replace('"#top"', '""')
    assert "1.5 What becomes of a rollout 3 fades 1, grows 0, drifts 2, stays 0 drifts 4 2 of 4 0" in told(page)
    assert "<0>" not in page


def test_the_class_is_a_table_by_notebook(course):
    absent = {
        task.id: [check("error", f"starter/gated.py {MISSING}")] for task in course.graded_in(course.notebooks["2"])
    }
    states = {"1.1": [check()], "1.2": [check("failed")], "1.3": [check("timeout")], "1.4": [check("harness_error")]}
    entry = record(course, states | absent, student="bo")
    broken = {
        "student": "cy",
        "status": "invalid",
        "score": 0,
        "max_score": 34,
        "pending": [],
        "tasks": [],
        "reason": "no zip",
    }
    results = {
        "submissions": [entry, broken],
        "ignored": [],
        "seed": 0,
        "device": "cpu",
        "versions": {},
        "isolation": [],
    }
    page = index_page(results, {"bo": "", "cy": ""}, course)
    signs = re.findall(r'<td class="sign[^>]*>(.)</td>', page)
    of_task = dict(zip([task.id for task in course.graded], signs, strict=True))
    assert signs[:5] == ["✓", "✗", "!", "?", "○"]
    assert {sign for task, sign in of_task.items() if task in absent} == {"·"}
    assert "·" not in {sign for task, sign in of_task.items() if task not in absent}
    assert f'colspan="{len(course.graded) + 1}">not graded: no zip' in page
    for notebook in course.notebooks.values():
        assert f'colspan="{len(course.graded_in(notebook))}">{notebook.number} {notebook.title}</th>' in page


def printed(table, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(table)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_class_fits_a_terminal(course, width):
    entries = [record(course, {"1.2": [check("error")]}, student="a name of more than twenty-six characters"),
               record(course, {task.id: [check()] for task in course.graded}, student="bo")]  # fmt: skip
    lines = printed(class_table({"submissions": entries}, course), width)
    own, all_signs = next(line for line in lines if "a name of" in line), next(line for line in lines if " bo " in line)
    assert own.count("○") == len(course.graded) - 1 and own.count("!") == 1 and "…" in own
    assert all_signs.count("✓") == len(course.graded)
    numbers = next(line for line in lines if "student" in line)
    column = numbers.index("123")
    assert own[column + 1] == "!"  # the sign of 1.2 stands under its number


def test_progress_is_told_by_notebook_in_80_columns(course):
    state = {
        "1.1": {"score": 2, "verdict": "passed", "digest": "x"},
        "2.1": {"score": 1, "verdict": "failed", "digest": ""},
    }
    lines = printed(progress_table(course, state, {"1.1": "y"}), 80)
    assert max(map(len, lines)) <= 80
    for number, earned in (("1", 2), ("2", 1)):
        tasks = [task for task in course.tasks.values() if task.notebook == number]
        head = next(line for line in lines if line.split()[:1] == [number])
        assert course.notebooks[number].title in head and f"{earned} / {sum(task.points for task in tasks)}" in head
        assert all(any(line.split()[:1] == [task.id] for line in lines) for task in tasks)
    assert any(
        "changed since" in " ".join(lines[place : place + 2]) for place, line in enumerate(lines) if " 1.1 " in line
    )


def test_every_task_says_what_it_teaches(course):
    assert all(re.fullmatch(r"You can .*\.", task.skill) for task in course.graded)
