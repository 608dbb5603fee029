"""The class on one page: what the instructor is told of a class that was made up, and that nothing of it is believed."""

from __future__ import annotations

import random
import re

import pytest

from grader.grading import write_reports
from grader.intake import find
from grader.reports.index import index_page
from grader.reports.student import student_page
from grader.reports.summary import LEAST_STUDENTS, summarise
from grader.results import MISSING
from grader.similarity import Alike, Found
from tests.test_reports import check, record, told
from tests.test_similarity import COPIED, work
from tests.test_similarity import a_class as alone

HINTS = (
    "The forget gate and the input gate are swapped.",
    "The mean is taken over padding as well.",
    "`W_hh h` is missing.",
)


def a_class(course, count: int = 120, seed: int = 0) -> list[dict]:
    """Records as a grading gives them: each student can so much, which decides what of notebooks 1 and 2 is solved."""
    rng = random.Random(seed)
    entries = []
    for number in range(count):
        able, far = rng.gauss(0, 1), rng.randrange(4, 17)
        states = {}
        for place, task in enumerate(task for task in course.graded if task.notebook in "12"):
            if place < far:
                states[task.id] = _checks(rng, able - task.difficulty + 2 + rng.gauss(0, 0.7), place)
        absent = [check("error", f"starter/text.py {MISSING}")]
        states |= {task.id: absent for task in course.graded if task.notebook in "345"}
        entries.append(record(course, states, student=f"student-{number:03}", predictions=_predictions(course, rng)))
    return entries


def _checks(rng: random.Random, luck: float, place: int) -> list[dict]:
    if luck > 0:
        return [check(), check(), check(hidden=True)]
    if luck > -0.6:
        return [check(), check(), check("failed", "got 1, expected 2", HINTS[place % 3], hidden=True)]
    if luck > -2.5:
        hint = HINTS[rng.randrange(3)] if rng.random() < 0.7 else ""
        return [check("failed", "got 1, expected 2", hint), check("failed", "got 3"), check("failed", hidden=True)]
    if luck > -3:
        return [check("timeout", "it was still running after 10 seconds"), check("timeout", "not run"), check()]
    return [
        check("error", "TypeError: no"),
        check("error", "TypeError: no"),
        check("error", "TypeError: no", hidden=True),
    ]


def _predictions(course, rng: random.Random) -> list[dict]:
    made = []
    for experiment in course.experiments.values():
        if experiment.notebook in "12" and rng.random() < 0.8:
            came = experiment.choices[-1] if experiment.choices else 4.0
            guess = rng.choice(experiment.choices) if experiment.choices else round(rng.lognormvariate(1.4, 0.8), 1)
            made.append({"id": experiment.id, "guess": guess, "measured": came, "revised": came if rng.random() < 0.1 else None,
                         "close": experiment.close(guess, came)})  # fmt: skip
    return made


def results(entries: list[dict]) -> dict:
    return {
        "submissions": entries,
        "ignored": [],
        "seed": 5,
        "device": "cpu",
        "versions": {"unrolled": "1"},
        "isolation": [],
    }


def page(course, entries: list[dict], alike=()) -> str:
    return index_page(results(entries), {entry["student"]: "" for entry in entries}, course, alike)


@pytest.fixture(scope="module")
def entries(course):
    return a_class(course)


@pytest.fixture(scope="module")
def summary(entries, course):
    return summarise(iter(entries), course)  # gone through once: a class is read from its files


def section(text: str, heading: str) -> str:
    """The text of a page from a heading to the next."""
    order = ["Needs a look", "How it went", "Mistakes", "Predictions", "Nearly the same: to ask about", "The class"]
    rest = text[text.rindex(f" {heading} ") :]
    ends = [rest.find(f" {other} ", 1) for other in order[order.index(heading) + 1 :]]
    return rest[: min((end for end in ends if end > 0), default=len(rest))]


# how it went


def test_every_student_is_counted_once_in_each_task_and_distribution(entries, summary):
    for notebook in summary.notebooks:
        assert sum(notebook.bins) == notebook.students
        assert {of.states.total() for of in notebook.tasks} == {len(entries)}
    first, *_, last = summary.notebooks
    assert first.students == len(entries) and last.students == 0  # of the last one nothing was handed in
    assert {of.handed_in for of in last.tasks} == {0} and {of.share for of in last.tasks} == {None}


def test_a_bar_tells_its_numbers_to_whoever_can_not_see_it(course, entries, summary):
    text = page(course, entries)
    one = summary.notebooks[0].tasks[3]
    words = ", ".join(f"{one.states[state]} {said}" for state, said in [("full", "full points"), ("part", "some points"),
                      ("none", "no points"), ("to do", "not started")] if one.states[state])  # fmt: skip
    assert f'aria-label="{words}"' in text
    widths = re.search(rf'aria-label="{words}">(.*?)</td>', text, re.DOTALL)[1]
    assert sum(map(float, re.findall(r"width: ([\d.]+)%", widths))) == pytest.approx(100, abs=0.05)
    label = re.search(r'<svg[^>]*aria-label="([^"]*notebook 1[^"]*)"', text)[1]
    assert sum(int(count) for count in re.findall(r"(\d+) from", label)) == len(entries)
    assert "Notebook 5" not in text and "5 English to French</strong>" not in text  # nobody has begun it


def test_the_ends_of_a_distribution_are_in_it(course):
    own = course.graded_in(course.notebooks["1"])
    all_right = record(course, {task.id: [check()] for task in own}, student="all")
    all_wrong = record(course, {own[0].id: [check("failed")]}, student="none")
    bins = summarise([all_right, all_wrong, record(course, {}, student="idle")], course).notebooks[0].bins
    assert (bins[0], bins[-1], sum(bins)) == (1, 1, 2)


def test_what_tells_apart_is_the_correlation_with_the_rest(course):
    """A task that the able solve, one that they miss, one that all solve; and few students tell nothing."""
    names = [task.id for task in course.graded_in(course.notebooks["1"])]
    with_the_rest, against_it, by_all, *rest = names

    def entry(number: int) -> dict:
        able = number % 3 == 0
        solved = {with_the_rest: able, against_it: not able, by_all: True} | dict.fromkeys(rest, able)
        return record(
            course, {name: [check("passed" if right else "failed")] for name, right in solved.items()}, str(number)
        )

    def correlations(count: int) -> dict[str, float | None]:
        notebook = summarise([entry(number) for number in range(count)], course).notebooks[0]
        return {of.task.id: of.correlation for of in notebook.tasks}

    found = correlations(LEAST_STUDENTS)
    assert found[with_the_rest] == pytest.approx(1) and found[against_it] == pytest.approx(-1) and found[by_all] is None
    assert set(correlations(LEAST_STUDENTS - 1).values()) == {None}


# what needs a look


def test_what_needs_a_look_is_told_with_the_reason_and_nothing_else_is(course):
    verdicts = {"1.1": "crashed", "1.2": "timeout", "1.3": "timeout", "1.4": "out_of_memory"}
    ended = {name: [check(verdict, f"why {verdict}"), check(verdict, "not run")] for name, verdict in verdicts.items()}
    lint = {"1.2": [{"line": 3, "message": "nn.RNN is not allowed", "forbidden": True}],
            "1.5": [{"line": 4, "message": "getattr hides", "forbidden": False},
                    {"line": 1, "message": "this source can't be read", "forbidden": False}]}  # fmt: skip
    broken = {task.id: [check("error", "SyntaxError: line 3")] * 2 for task in course.graded if task.module == "gated"}
    none = {"score": 0, "max_score": 9, "pending": [], "tasks": [], "predictions": []}
    entries = [record(course, {"1.1": [check("error", "TypeError")], "1.2": [check("failed")], "1.3": [check()]}, "fine"),
               record(course, ended, "ann", lint=lint), record(course, broken, "bo"),
               {"student": "cy", "status": "invalid", "reason": "no zip", **none},
               {"student": "di", "status": "harness_error", "reason": "the harness failed", **none},
               record(course, {"1.1": [check("harness_error", "KeyError")]}, "ed")]  # fmt: skip
    text = section(told(page(course, entries)), "Needs a look")
    for words in ("the harness failed di", "KeyError ed (1.1)", "nothing to grade no zip cy",
                  "ended its process why crashed ann (1.1)",
                  "ran out of memory why out_of_memory ann (1.4)", "ran out of time why timeout ann (1.2, 1.3)",
                  "used what is forbidden nn.RNN is not allowed ann (1.2)", "by a person getattr hides ann (1.5)",
                  "a file can't be loaded SyntaxError: line 3 bo (2.1, 2.2"):  # fmt: skip
        assert words in text, words
    assert "fine" not in text and "not run" not in text and "can't be read" not in text
    assert "5 need a look" in told(page(course, entries)) and "None needs a look" in told(page(course, entries[:1]))


# mistakes


def test_mistakes_are_counted_by_student_and_told_with_who_made_them(course):
    twice = [check("failed", "", "<Both> are `added`."), check("failed", "", "<Both> are `added`.", hidden=True)]
    hidden = [check(), check("failed", "", "Only there.", hidden=True)]
    unknown = [
        check(),
        check("failed", "got 3", sentence="It holds."),
        check("error", "ValueError", sentence="Not this."),
    ]
    entries = [record(course, {"1.1": twice, "1.2": hidden, "1.3": unknown}, student=name) for name in ("ann", "bo")]
    entries += [
        record(course, {"1.1": twice}, student="cy"),
        record(course, {"1.4": [check("failed", "", "Once.")]}, "di"),
    ]
    summary = summarise(entries, course)
    assert [(m.task.id, m.told, m.hidden, m.students) for m in summary.mistakes] == [
        ("1.1", "<Both> are `added`.", False, ["ann", "bo", "cy"]), ("1.2", "Only there.", True, ["ann", "bo"]),
        ("1.4", "Once.", False, ["di"])]  # fmt: skip
    assert [(m.task.id, m.told, m.students) for m in summary.unexplained] == [("1.3", "It holds.", ["ann", "bo"])]
    text = page(course, entries)
    assert "3 1.1 &lt;Both&gt; are added . ann , bo , cy" in told(text) and "<code>added</code>" in text
    assert "Only there. (hidden check)" in told(text) and "1 more, of one student each" in told(text)
    assert "mistake that most make : 3 students, in 1.1" in told(text)
    assert "Only there." not in student_page(entries[0], course)  # what a hidden check says is the instructor's alone


def test_a_class_in_which_each_makes_a_mistake_of_their_own_has_no_empty_table(course):
    entries = [record(course, {"1.4": [check("failed", "", f"Mistake {name}.")]}, student=name) for name in ("ann", "bo")]
    text = page(course, entries)
    assert "<summary>2, of one student each</summary>" in text and text.count('<table class="mistakes">') == 1


def test_many_names_are_folded(course, entries):
    text = page(course, entries)
    most = max(len(mistake.students) for mistake in summarise(entries, course).mistakes)
    assert f"<summary>{most} students</summary>" in text


# predictions


def test_predictions_stand_beside_what_came(course):
    numeric = next(experiment for experiment in course.experiments.values() if not experiment.choices)
    entries = []
    for number, (guess, close) in enumerate(((1.0, False), (4.0, True), (40.0, False), (None, None))):
        made = {
            "id": numeric.id,
            "guess": guess,
            "measured": 4.0,
            "revised": 4.0 if guess == 40 else None,
            "close": close,
        }
        entries.append(record(course, {}, student=f"s{number}", predictions=[made]))
    (row,) = summarise(entries, course).predictions
    assert (row.count, row.compared, row.close, row.revised) == (3, 3, 1, 1)
    unit = f" {numeric.unit}" if numeric.unit else ""
    assert (row.said, row.came) == (f"4{unit} (1 to 40)", f"4{unit}")


# nearly the same


def test_nearly_equal_work_is_a_question_that_says_what_it_measures(course, entries):
    names = [entry["student"] for entry in entries]
    found = (Found("1.4", ("starter/rnn.py, lines 88 to 120", "<nb>, cell 7"), 0.941, 17),)
    text = told(page(course, entries, [Alike((names[3], names[8]), found)]))
    own = section(text, "Nearly the same: to ask about")
    assert f"{names[3]} , {names[8]} 1.4 1.4: 94 % of the statements, 17 unusual steps" in own
    assert f"{names[8]} : &lt;nb&gt;, cell 7" in own and "proves nothing" in own and "1 question about work" in text
    assert "Nearly the same" not in page(course, entries)


def test_the_page_of_a_grading_asks_about_what_was_handed_in(course, tmp_path):
    """Also where one of the class handed in nothing that can be read."""
    works = alone(40) | {"ann": work(COPIED), "bo": work(COPIED)}
    for student, material in works.items():
        (tmp_path / "in" / student / "starter").mkdir(parents=True)
        (tmp_path / "in" / student / "starter" / "gated.py").write_text(material.modules["gated"], encoding="utf-8")
    (tmp_path / "in" / "empty").mkdir()
    submissions, _ = find(tmp_path / "in")
    write_reports(
        results([record(course, {}, student=entry.student) for entry in submissions]), submissions, tmp_path / "out"
    )
    text = told((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    assert "ann , bo 2.6 2.6: 100 % of the statements" in section(text, "Nearly the same: to ask about")
    assert len([*(tmp_path / "out" / "reports").iterdir()]) == len(submissions) == len(works) + 1


# what comes from submissions


def test_nothing_of_a_submission_is_believed(course):
    nasty = "<script>alert(1)</script>\x1b[31m\u202e{{ 7 * 7 }}\"'"
    bad = [check("crashed", nasty, nasty, sentence=nasty), check("failed", nasty, nasty, hidden=True)]
    lint = {"1.1": [{"line": 1, "message": nasty, "forbidden": True}]}
    entry = record(course, {"1.1": bad, "1.2": [check("failed", nasty)]}, student=nasty, lint=lint)
    none = {"score": 0, "max_score": 9, "pending": [], "tasks": [], "predictions": []}
    broken = {"student": nasty + "2", "status": "invalid", "reason": nasty, **none}
    alike = [Alike((nasty, nasty + "2"), (Found("1.1", (nasty, nasty), 1.0, 9),))]
    text = index_page(results([entry, broken]) | {"ignored": [nasty]}, {nasty: "", nasty + "2": ""}, course, alike)
    told(text)  # its tags close, it asks nothing of a network
    assert "<script" not in text and "\x1b" not in text and "\u202e" not in text and "{{ 7 * 7 }}" in text
    assert text.count("&lt;script&gt;") > 8


def test_a_class_of_none_and_of_untouched_work_are_pages_as_well(course):
    assert "Nobody has begun yet." in told(page(course, []))
    untouched = told(page(course, [record(course, {}, student="ann")]))
    assert "Nobody has begun yet." in untouched and "Mistakes" not in untouched and "None needs a look" in untouched
