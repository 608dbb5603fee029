"""Exports: each format read back as the tool behind it reads it, with names that break careless ones."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from grader.cli import app
from grader.exports import FORMATS
from grader.exports.on_gradescope import NOT_FOUND, SEVERAL, graded_for_gradescope
from grader.exports.sheet import Sheet
from grader.results import SCHEMA, clean, dump
from grader.teaching.totals import digest_of
from tests.conftest import ROOT
from tests.fuzzing import tried
from tests.grading import solved

NAMES = [
    "Müller, Änne",
    'O"Brien',
    "two\nlines",
    "=1+1",
    "+49",
    "-3",
    "@SUM(A1)",
    "שלום",
    "عائشة",
    "a;b",
    "<b>&amp;",
    "plain",
]
SECRET = "what a hidden check asks for"


def check(verdict: str = "passed", hidden: bool = False, **words: str) -> dict:
    told = {"sentence": SECRET, "message": SECRET, "hint": SECRET} if hidden else {"sentence": "It works.", "message": "",
                                                                                 "hint": ""}  # fmt: skip
    return {"name": SECRET if hidden else "test_it", "verdict": verdict, "hidden": hidden} | told | words


def task(name: str, score: float, *checks: dict, verdict: str = "passed") -> dict:
    return {"id": name, "points": 4, "score": score, "verdict": verdict, "checks": list(checks), "lint": []}


def entry(student: str, **changes) -> dict:
    wrong = check("failed", message="h has shape (4, 8), expected (4, 16)\x1b[31m", hint="Look at hidden_size.")
    tasks = [task("1.1", 4.0, check(), check(hidden=True)),
             task("1.2", 1.5, check(), wrong, check("failed", hidden=True), verdict="failed"),
             task("1.3", 2.0, check(), check("failed", hidden=True), verdict="failed")]  # fmt: skip
    return {
        "student": student,
        "status": "graded",
        "score": 7.5,
        "max_score": 12,
        "pending": [],
        "tasks": tasks,
    } | changes


def written(path, *entries: dict):
    path.write_bytes(dump({"schema": SCHEMA, "seed": 0, "submissions": list(entries)}))
    return path


@pytest.fixture
def results(tmp_path):
    """The results of a class with these names, all of it marked."""
    return written(tmp_path / "results.json", *map(entry, NAMES))


def export(*arguments) -> str:
    """What the command tells."""
    done = CliRunner().invoke(app, ["export", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def refused(tmp_path, *arguments) -> str:
    """What the command says where it refuses, and writes nothing."""
    out = tmp_path / "refused"
    done = CliRunner().invoke(app, ["export", *map(str, arguments), "--out", str(out)])
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit) and not done.stdout, done.output
    assert not out.exists()
    return done.stderr


def table(rows: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    return file.getvalue()


def read(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


# CSV


def test_the_table_is_quoted_and_no_formula(results, tmp_path):
    export("csv", results, "--out", tmp_path / "out.csv")
    rows = read((tmp_path / "out.csv").read_bytes())
    assert [row[0].removeprefix("'") for row in rows[1:]] == [clean(name) for name in NAMES]
    assert [row[0] for row in rows if row[0][:1] in ("=", "+", "-", "@")] == []
    assert rows[1][1:] == ["graded", "7.5", "12", "", "4.0", "1.5", "2.0"]


# Canvas

HEADER = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", "Essay, long (11)", "Unrolled (12345)",
          "Current Score", "Final Score (2026)"]  # fmt: skip
POSTING = ["", "", "", "", "", "", "", "Manual Posting", "", ""]
POINTS = ["    Points Possible", "", "", "", "", "", "10.00", "12.00", "(read only)", "(read only)"]
PLACE = 7


def grade_book(names: list[str], score: str = "") -> list[list[str]]:
    people = [[name, str(place), f"S{place}", name.upper(), "Tuesday, 9", "=x", "3.00", score, "99", ""]
              for place, name in enumerate(names)]  # fmt: skip
    return [HEADER, POSTING, POINTS, *people, ["Student, Test", "77", "", "a1b2", "Tuesday, 9", "", "", "", "", ""]]


@pytest.mark.parametrize("delimiter, mark, end", [(",", "", "\n"), (";", "\ufeff", "\r\n"), (",", "\ufeff", "\r\n")])
def test_a_canvas_grade_book_comes_back_with_one_column_filled(results, tmp_path, delimiter, mark, end):
    sheet, out = tmp_path / "book.csv", tmp_path / "out.csv"
    sheet.write_bytes((mark + table(grade_book(NAMES), delimiter, end)).encode())
    told = export("canvas", results, "--sheet", sheet, "--column", "Unrolled", "--out", out)
    assert f"Filled in {len(NAMES)} of {len(NAMES)} rows" in told and "only" not in told
    # to the byte what Canvas would have exported with these scores in it
    assert out.read_bytes() == (mark + table(grade_book(NAMES, "7.50"), delimiter, end)).encode()


def test_quotes_that_nobody_needs_stay_in_the_grade_book(results, tmp_path):
    text = "".join(
        ",".join(f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in row) + "\n" for row in grade_book(NAMES)
    )
    (tmp_path / "book.csv").write_text(text.rstrip("\n"), encoding="utf-8", newline="")
    export("canvas", results, "--sheet", tmp_path / "book.csv", "--column", "12345", "--out", tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes().decode()
    assert data.replace(',7.50,"99"', ',"","99"') == text.rstrip("\n")
    assert read(data.encode()) == grade_book(NAMES, "7.50")


def test_canvas_matches_by_sis_id_in_any_case_and_either_form_of_umlaut(tmp_path):
    rows = grade_book(["a", "b"])
    rows[3][2], rows[4][2] = "MU\u0308LLER ", "0042"  # as macOS writes it, and an id that a spreadsheet would cut
    (tmp_path / "book.csv").write_text(table(rows), encoding="utf-8", newline="")
    results = written(tmp_path / "results.json", entry("müller"), entry("0042", score=3.0))
    arguments = ["--sheet", tmp_path / "book.csv", "--by", "sis", "--column", "Unrolled (12345)"]
    export("canvas", results, *arguments, "--out", tmp_path / "out.csv")
    assert [row[PLACE] for row in read((tmp_path / "out.csv").read_bytes())[3:5]] == ["7.50", "3.00"]


def test_canvas_matches_by_the_number_in_what_collect_calls_a_student(tmp_path):
    (tmp_path / "book.csv").write_text(table(grade_book(["a", "b"])), encoding="utf-8", newline="")
    results = written(tmp_path / "results.json", entry("leeann_1", score=2.0), entry("odd_lee_0"))
    out = tmp_path / "out.csv"
    export("canvas", results, "--sheet", tmp_path / "book.csv", "--by", "id", "--column", "Unrolled", "--out", out)
    assert [row[PLACE] for row in read(out.read_bytes())[3:5]] == ["7.50", "2.00"]


def test_who_is_in_one_of_the_two_only_is_told(tmp_path):
    rows = grade_book(["a", "b", "c", "d", "e", ""])
    rows[5][PLACE], rows[6][PLACE] = "EX", "N/A"
    (tmp_path / "book.csv").write_text(table(rows), encoding="utf-8", newline="")
    results = written(tmp_path / "results.json", entry("a"), entry("stranger"), entry("c"), entry("d"),
                      entry("e", status="harness_error", score=0.0))  # fmt: skip
    told = export(
        "canvas", results, "--sheet", tmp_path / "book.csv", "--column", "Unrolled", "--out", tmp_path / "out.csv"
    )
    for line in (
        "Filled in 1 of 6 rows",
        "In the results only: stranger",
        "In book.csv only: B\n",
        "Without 'SIS Login ID': row 9",
        "Left as they were, excused (EX): c",
        "Left as they were, not assigned to them (N/A): d",
        "Left as they were, since the harness failed there (grade again): e",
    ):
        assert line in told, told
    rows[3][PLACE] = "7.50"
    assert read((tmp_path / "out.csv").read_bytes()) == rows


def test_a_total_that_waits_is_left_out_of_canvas_unless_it_is_asked_for(tmp_path):
    (tmp_path / "book.csv").write_text(table(grade_book(["a", "b"], "1.00")), encoding="utf-8", newline="")
    results = written(tmp_path / "results.json", entry("a"), entry("b", pending=["1.9", "2.10"], score=5.0))
    arguments = [
        "canvas",
        results,
        "--sheet",
        tmp_path / "book.csv",
        "--column",
        "Unrolled",
        "--out",
        tmp_path / "out.csv",
    ]
    assert "waiting for 1.9, 2.10: b" in export(*arguments)
    assert [row[PLACE] for row in read((tmp_path / "out.csv").read_bytes())[3:5]] == ["7.50", "1.00"]
    assert "Still to be marked by hand, and not in these totals: 1.9, 2.10" in export(*arguments, "--with-pending")
    assert [row[PLACE] for row in read((tmp_path / "out.csv").read_bytes())[3:5]] == ["7.50", "5.00"]
    waiting = written(tmp_path / "waiting.json", entry("b", pending=["1.9"]))
    assert "wait for written answers (1.9)" in refused(tmp_path, "canvas", waiting, *arguments[2:-2])


def test_where_totals_were_made_they_count(tmp_path):
    (tmp_path / "book.csv").write_text(table(grade_book(["a", "b"])), encoding="utf-8", newline="")
    results = written(tmp_path / "results.json", entry("a", pending=["1.9"]), entry("b"))
    totals = {"schema": "unrolled/totals/v1", "results": digest_of(results),
              "submissions": [{"student": "a", "score": 9.5, "max_score": 15, "pending": []}]}  # fmt: skip
    (tmp_path / "totals.json").write_bytes(dump(totals))
    arguments = ["canvas", results, "--sheet", tmp_path / "book.csv", "--column", "Unrolled"]
    export(*arguments, "--out", tmp_path / "out.csv")
    assert [row[PLACE] for row in read((tmp_path / "out.csv").read_bytes())[3:5]] == ["9.50", "7.50"]
    written(results, entry("a"))
    assert "was made from other results" in refused(tmp_path, *arguments)
    (tmp_path / "totals.json").write_text("{")
    assert "is damaged: run `python -m grader totals` again" in refused(tmp_path, *arguments)


def test_other_points_in_canvas_are_told(results, tmp_path):
    rows = grade_book(NAMES)
    rows[2] = [*POINTS[:PLACE], "100,00", *POINTS[PLACE + 1 :]]
    (tmp_path / "book.csv").write_text(table(rows), encoding="utf-8", newline="")
    arguments = ["--sheet", tmp_path / "book.csv", "--column", "Unrolled", "--out", tmp_path / "out.csv"]
    assert "Points Possible is 100, but the results are out of 12 (27 with" in export("canvas", results, *arguments)
    assert read((tmp_path / "out.csv").read_bytes())[3][PLACE] == "7,50"  # with the sheet's own decimal sign


def without(*titles: str) -> list[list[str]]:
    kept = [place for place, title in enumerate(HEADER) if title not in titles]
    return [[row[place] for place in kept] for row in grade_book(NAMES)]


BAD_BOOKS = {
    "no login": (table(without("SIS Login ID")), "lacks the column 'SIS Login ID'"),
    "no columns": (table([["Name", "Grade"], ["a", "1"]]), "lacks the column 'Student' and 'ID' and 'Section'"),
    "no assignment": (table(without("Essay, long (11)", "Unrolled (12345)")), "There is none: create the assignment"),
    "another class": (table(grade_book(["x", "y"])), "no student of the results is in book.csv"),
    "twice": (table([*grade_book(["x"]), grade_book(["X"])[3]]), "row 4 and row 6 are the same, 'X'"),
    "empty": ("\ufeff\n", "book.csv is empty"),
    "open quote": (table(grade_book(["a"]))[:-2] + '\r\n"b,c\r\n', "line 6: a quote is not closed"),
    "short row": (table(grade_book(["a"])) + "b,1\r\n", "row 6: 2 cells, but the header has 10"),
    "a spreadsheet": ("PK\x03\x04", "is a spreadsheet or a zip"),
}  # fmt: skip


@pytest.mark.parametrize("text, words", BAD_BOOKS.values(), ids=BAD_BOOKS)
def test_a_grade_book_that_can_not_be_filled_is_told(results, tmp_path, text, words):
    (tmp_path / "book.csv").write_text(text, encoding="utf-8", newline="")
    arguments = ["--sheet", tmp_path / "book.csv", "--column", "Unrolled"]
    assert words in refused(tmp_path, "canvas", results, *arguments)


def test_a_column_that_is_not_there_is_told_with_those_that_are(results, tmp_path):
    (tmp_path / "book.csv").write_text(table(grade_book(NAMES)), encoding="utf-8", newline="")
    for column, words in {"Essay": "'Essay' is no assignment", "Final Score (2026)": "no assignment that Canvas takes",
                          None: "say with --column which assignment"}.items():  # fmt: skip
        chosen = ["--column", column] if column else []
        said = refused(tmp_path, "canvas", results, "--sheet", tmp_path / "book.csv", *chosen)
        assert words in said and "There is Essay, long (11), Unrolled (12345)\n" in said
    (tmp_path / "book.csv").write_bytes(table(grade_book(NAMES)).encode("cp1252", "replace"))
    assert "is not UTF-8" in refused(tmp_path, "canvas", results, "--sheet", tmp_path / "book.csv")


CELLS = st.text(st.sampled_from('",;\t\r\n =ab\u05d0\u0308\u2028\x0b'), max_size=6)


@tried(100)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=4), delimiter=st.sampled_from(",;\t"),
       quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)), text=CELLS)  # fmt: skip
def test_a_sheet_is_read_as_csv_reads_it_and_changed_in_one_cell(rows, delimiter, quoting, text):
    rows = [["a", "b;,\t", "c"], *rows]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(rows)
    sheet = Sheet(file.getvalue().encode(), "sheet.csv")
    assert sheet.data() == file.getvalue().encode()
    assert [[sheet.value(row, column) for column in range(3)] for row in range(len(rows))] == rows
    sheet.put(len(rows) - 1, 1, text)
    rows[-1][1] = text
    assert read(sheet.data(), delimiter) == rows


# Moodle

WORKSHEET = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
             "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip


def worksheet(names: list[str], maximum: str = "12.00") -> list[list[str]]:
    return [WORKSHEET, *([f"Participant {place}", name, f"{place}@x.org", "Submitted for grading", "", maximum, "Yes",
                          "Monday, 1 June 2026, 9:00 AM", "-", ""] for place, name in enumerate(names))]  # fmt: skip


@pytest.mark.parametrize("maximum, grade", [("12.00", "7.50"), ("100,00", "7,50")])
def test_a_moodle_worksheet_comes_back_with_grades_and_comments(results, tmp_path, maximum, grade):
    rows = worksheet(NAMES, maximum)
    rows[2][6], rows[3][9] = "No", "Come and see me."
    (tmp_path / "sheet.csv").write_text("\ufeff" + table(rows), encoding="utf-8", newline="")
    told = export("moodle", results, "--sheet", tmp_path / "sheet.csv", "--by", "name", "--out", tmp_path / "out.csv")
    assert "Left as they were, locked in Moodle: O" in told
    got = read((tmp_path / "out.csv").read_bytes())
    assert [row[:4] + row[5:9] for row in got] == [row[:4] + row[5:9] for row in rows]
    assert [row[4] for row in got[1:4]] == [grade, "", grade]
    comment = "Unrolled: 7.5 of 12 points<br>1.1: 4 of 4<br>1.2: 1.5 of 4<br>1.3: 2 of 4"
    assert [row[9] for row in got[1:5]] == [comment, "", "Come and see me.", comment]


def test_moodle_matches_by_email_and_by_the_names_of_its_bulk_download(tmp_path):
    (tmp_path / "sheet.csv").write_text(table(worksheet(["a", "b"])), encoding="utf-8", newline="")
    mail = written(tmp_path / "mail.json", entry("0@X.org"), entry("1@x.org", pending=["1.9"]))
    files = written(tmp_path / "files.json", entry("Änne B_0_assignsubmission_file"), entry("Participant 1", score=2.0))
    arguments = ["--sheet", tmp_path / "sheet.csv", "--out", tmp_path / "out.csv"]
    export("moodle", mail, *arguments, "--with-pending")
    got = read((tmp_path / "out.csv").read_bytes())
    assert got[2][4] == "7.50" and got[2][9].endswith("<br>Still to be marked by hand: 1.9")
    export("moodle", files, *arguments, "--by", "participant")
    assert [row[4] for row in read((tmp_path / "out.csv").read_bytes())[1:]] == ["7.50", "2.00"]
    collected = written(tmp_path / "collected.json", entry("Änne B_0"), entry("Bo_1", score=3.0))
    export("moodle", collected, *arguments, "--by", "participant")
    assert [row[4] for row in read((tmp_path / "out.csv").read_bytes())[1:]] == ["7.50", "3.00"]
    others = written(tmp_path / "others.json", entry("student-0"), entry("ada1"))  # whose numbers are others' numbers
    assert "no student of the results" in refused(tmp_path, "moodle", others, *arguments[:2], "--by", "participant")


def test_what_moodle_would_ignore_in_silence_is_refused(results, tmp_path):
    def said(rows: list[list[str]], by: str = "name") -> str:
        (tmp_path / "sheet.csv").write_text(table(rows), encoding="utf-8", newline="")
        return refused(tmp_path, "moodle", results, "--sheet", tmp_path / "sheet.csv", "--by", by)

    assert "the maximum grade is 5, and Moodle leaves out" in said(worksheet(NAMES, "5.00"))
    german = [["ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Bewertung"]]
    assert "lacks the column 'Identifier' and 'Grade' and 'Last modified (grade)' and 'Full name'" in said(german)
    scale = [[*row[:5], "Scale" if row is WORKSHEET else "A\nB", *row[6:]] for row in worksheet(NAMES)]
    assert "graded by a scale" in said(scale)
    assert "lacks the column 'Username'" in said(worksheet(NAMES), "username")


# Gradescope


def gradescope(results, tmp_path, *arguments: str) -> dict:
    export("gradescope", results, *arguments, "--out", tmp_path / "out.json")
    return json.loads((tmp_path / "out.json").read_bytes())


def test_gradescope_shows_what_hidden_checks_cost_only_later(tmp_path):
    results = written(tmp_path / "results.json", entry("a", pending=["1.9"]))
    got = gradescope(results, tmp_path)
    assert got["score"] == 7.5 and "1.9 Explain" in got["output"] and got["stdout_visibility"] == "hidden"
    shown = [test for test in got["tests"] if test["visibility"] == "visible"]
    later = [test for test in got["tests"] if test["visibility"] == "after_due_date"]
    # 1.3 fails a hidden check alone: before the due date nothing tells it from 1.1
    assert [test["status"] for test in shown] == ["passed", "failed", "passed"]
    assert not any("score" in test or "Hidden" in test["output"] for test in shown) and len(shown) == len(later) == 3
    assert sum(test["score"] for test in later) == got["score"] and sum(test["max_score"] for test in later) == 12
    assert later[1]["output"] == "Hidden checks: 0 of 1 passed."
    assert "Hint: Look at hidden_size." in shown[1]["output"] and "\x1b" not in shown[1]["output"]
    at_once = gradescope(results, tmp_path, "--points", "visible")["tests"]
    assert [test["score"] for test in at_once] == [4.0, 1.5, 2.0] and {test["visibility"] for test in at_once} == {
        "visible"
    }


def test_gradescope_uses_the_words_of_the_specification(results, tmp_path):
    got = gradescope(results, tmp_path, "--student", NAMES[0], "--points", "hidden")
    assert got.keys() <= {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
                          "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"}  # fmt: skip
    for test in got["tests"]:
        assert test.keys() <= {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format",
                               "tags", "visibility", "extra_data"}  # fmt: skip
        assert test["visibility"] in ("visible", "hidden") and test["status"] in ("passed", "failed")


def test_run_autograder_grades_a_submission(tmp_path, course):
    export("autograder", "--points", "after_published", "--out", tmp_path / "autograder.zip")
    source, submission = tmp_path / "source", tmp_path / "submission"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        archive.extractall(source)
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755 and modes["course/pyproject.toml"] == 0o644
    (submission / "starter").mkdir(parents=True)
    (submission / "starter" / "rnn.py").write_text(solved(course), encoding="utf-8")
    environment = os.environ | {"AUTOGRADER_ROOT": str(tmp_path), "AUTOGRADER_PYTHON": sys.executable}
    done = subprocess.run(["bash", source / "run_autograder"], env=environment, cwd=tmp_path, timeout=900, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    got = json.loads((tmp_path / "results" / "results.json").read_bytes())
    assert got["score"] == sum(course.tasks[f"1.{number}"].points for number in range(1, 6))
    seen = {(test["number"], test["visibility"]): test for test in got["tests"]}
    assert seen["1.2", "visible"]["status"] == seen["1.2", "after_published"]["status"] == "passed"
    assert seen["2.1", "visible"]["output"] == "starter/gated.py is missing from the submission"


def test_what_can_not_be_graded_on_gradescope_tells_the_student(tmp_path):
    console = Console(file=io.StringIO())
    (tmp_path / "essay.pdf").write_bytes(b"%PDF")
    got = json.loads(graded_for_gradescope(tmp_path, "visible", console))
    assert (got["score"], got["output"]) == (0.0, f"0 points: {NOT_FOUND}")


@pytest.mark.parametrize("statuses, words", [(["invalid"], "0 points: the zip can't be read"), (["invalid", "graded"], ""),
                                             (["graded", "graded"], f"0 points: {SEVERAL}")])  # fmt: skip
def test_one_submission_counts_on_gradescope(tmp_path, monkeypatch, statuses, words):
    scores = {"graded": {"score": 7.5}, "invalid": {"score": 0.0, "tasks": [], "reason": "the zip can't be read"}}
    entries = [entry(str(place), status=status, **scores[status]) for place, status in enumerate(statuses)]
    monkeypatch.setattr("grader.exports.on_gradescope.run_grade", lambda *_, **__: {"submissions": entries})
    got = json.loads(graded_for_gradescope(tmp_path, "visible", Console(file=io.StringIO())))
    assert (got["score"], got["output"]) == (0.0 if words else 7.5, words)


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder.sh"])
def test_the_scripts_can_be_read(script):
    subprocess.run(["bash", "-n", ROOT / "grader" / "exports" / script], check=True)


# GitHub Classroom and JUnit


@pytest.mark.parametrize("name", NAMES)
def test_the_github_reporter_can_read_what_it_is_given(results, tmp_path, name):
    export("github", results, "--student", name, "--out", tmp_path / "out.txt")
    output, value = (tmp_path / "out.txt").read_text().rstrip("\n").split("=", 1)
    got = json.loads(base64.b64decode(value))
    assert output == "result" and (got["version"], got["status"], got["max_score"]) == (1, "fail", 12)
    assert sum(test["score"] for test in got["tests"]) == 7.5  # as its notify-classroom.js adds them up
    assert [test["status"] for test in got["tests"]] == ["pass", "fail", "fail"]
    assert got["tests"][0]["message"] is None and "Look at hidden_size" in got["tests"][1]["message"]


def test_a_long_message_fits_into_a_variable_of_the_environment(tmp_path, course):
    wrong = [task(name, 0.0, check("failed", message="ж" * 2_000), verdict="failed") for name in course.tasks]
    export("github", written(tmp_path / "results.json", entry("a", tasks=wrong)), "--out", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").stat().st_size < 2**17


# junit-10.xsd: what an element may hold, and its attributes, those that it must have first
JUNIT = {
    "testsuites": ({"testsuite"}, [], ["name", "time", "tests", "failures", "errors"]),
    "testsuite": (
        {"properties", "testcase"},
        ["name", "tests", "failures", "errors"],
        ["skipped", "time", "id", "package"],
    ),
    "properties": ({"property"}, [], []),
    "property": (set(), ["name", "value"], []),
    "testcase": ({"skipped", "error", "failure"}, ["name"], ["classname", "time"]),
    "failure": (set(), [], ["type", "message"]),
    "error": (set(), [], ["type", "message"]),
    "skipped": (set(), [], ["type", "message"]),
}


def test_junit_is_xml_by_the_schema_with_a_suite_for_each_student(tmp_path):
    invalid = entry("nobody", status="invalid", tasks=[], score=0, reason="it holds no file")
    results = written(tmp_path / "results.json", *map(entry, NAMES), entry("\ufffe\x07", pending=["1.9"]), invalid)
    export("junit", results, "--out", tmp_path / "out.xml")
    root = ElementTree.fromstring((tmp_path / "out.xml").read_bytes())
    for element in root.iter():
        children, needed, others = JUNIT[element.tag]
        assert {child.tag for child in element} <= children
        assert set(needed) <= set(element.keys()) and set(element.keys()) <= {*needed, *others}
    suites = list(root)
    assert [suite.get("name") for suite in suites] == [*NAMES, "\ufffd\ufffd", "nobody"]
    counts = [{what: suite.get(what) for what in ("tests", "failures", "errors", "skipped")} for suite in suites]
    assert counts[0] == {"tests": "7", "failures": "3", "errors": "0", "skipped": "0"}
    assert counts[-2]["skipped"] == "1" and counts[-1] == {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    failure = suites[0].find("testcase/failure")
    assert failure.get("message").startswith("h has shape (4, 8)") and "\x1b" not in failure.text
    assert "Hint: Look at hidden_size." in failure.text


# all formats


@pytest.mark.parametrize("kind", ["csv", "gradescope", "github", "junit"])
def test_no_export_holds_what_a_hidden_check_asks_for(tmp_path, kind):
    export(kind, written(tmp_path / "results.json", entry("a")), "--out", tmp_path / "out")
    data = (tmp_path / "out").read_bytes()
    text = base64.b64decode(data.partition(b"=")[2]).decode() if kind == "github" else data.decode()
    assert SECRET not in text and "1.3" in text


@pytest.mark.parametrize("kind", ["gradescope", "github"])
def test_where_the_harness_failed_nobody_gets_0_points(tmp_path, kind):
    broken = written(tmp_path / "results.json", entry("a", status="harness_error", score=0.0))
    assert "has no score, since the harness failed there" in refused(tmp_path, kind, broken)
    assert ",harness_error,,12," in read_csv(broken, tmp_path)


def read_csv(results, tmp_path) -> str:
    export("csv", results, "--out", tmp_path / "out.csv")
    return (tmp_path / "out.csv").read_text(encoding="utf-8")


NO_RESULTS = {
    "nothing": (b"", "is no whole results.json"),
    "no text": (b"\xff\xfe\x00", "is no whole results.json"),
    "another record": (b'{"schema": "other"}', "has the schema 'other', expected 'unrolled/results/v1'"),
    "a list": (b"[]", "has the schema None"),
    "cut off": (dump({"schema": SCHEMA, "submissions": [entry("a"), entry("b")]})[:-40], "is no whole results.json"),
    "cut before its end": (dump({"schema": SCHEMA, "submissions": [entry("a")]}).rstrip()[:-1], "is no whole results.json"),
    "no score": (dump({"schema": SCHEMA, "submissions": [entry("a") | {"score": "7"}]}), "submission 1: 'score' is '7'"),
    "infinite": (dump({"schema": SCHEMA, "submissions": [entry("a", score=-777)]}).replace(b"-777", b"1e999"), "'score' is inf"),
    "no number at all": (dump({"schema": SCHEMA, "submissions": [entry("a", score=-777)]}).replace(b"-777", b"NaN"), "is nan"),
    "no list": (dump({"schema": SCHEMA}), "has no list of submissions"),
    "no check": (dump({"schema": SCHEMA, "submissions": [entry("a", tasks=[task("1.1", 1, {})])]}), "'sentence' is missing"),
    "no number": (dump({"schema": SCHEMA, "submissions": [entry("a", tasks=[task("x", 1)])]}), "a task has the number 'x'"),
    "no name": (dump({"schema": SCHEMA, "submissions": [entry("a", pending=[1.9])]}), "'pending' holds float"),
    "no record": (dump({"schema": SCHEMA, "submissions": [3]}), "is int, expected an object"),
}  # fmt: skip


@pytest.mark.parametrize("data, words", NO_RESULTS.values(), ids=NO_RESULTS)
def test_a_file_that_is_no_results_is_told_and_nothing_written(tmp_path, data, words):
    (tmp_path / "results.json").write_bytes(data)
    for kind in ("csv", "junit"):  # in one piece, and piece by piece
        assert words in refused(tmp_path, kind, tmp_path / "results.json")
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_results_are_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.reading.PIECE", 700)
    results = written(tmp_path / "results.json", *map(entry, NAMES))
    assert len(read_csv(results, tmp_path).splitlines()) == len(NAMES) + 2  # one name is on two lines
    folder = tmp_path / "grades"
    folder.mkdir()
    written(folder / "results.json")
    assert read_csv(folder, tmp_path) == "student,status,score,max_score,pending\n"


UNUSABLE = [
    (["pdf", "R"], "'pdf' is no format; expected one of csv, canvas"),
    (["csv"], "csv needs RESULTS"),
    (["csv", "nowhere.json"], "nowhere.json: No such file"),
    (["canvas", "R"], "canvas needs --sheet"),
    (["canvas", "R", "--sheet", "nowhere.csv"], "nowhere.csv: No such file"),
    (["canvas", "R", "--sheet", "R", "--by", "email"], "--by is 'email', expected one of login, sis"),
    (["csv", "R", "--by", "login"], "csv takes no --by; it takes RESULTS"),
    (["csv", "R", "--with-pending"], "csv takes no --with-pending"),
    (["gradescope", "R"], "this format is for one submission: name it with --student. There is Müller, Änne"),
    (["github", "R", "--student", "nobody"], "--student 'nobody' is not in"),
    (["gradescope", "R", "--student", "plain", "--points", "never"], "--points is 'never', expected one of visible"),
    (["autograder", "R"], "autograder takes no RESULTS"),
]


@pytest.mark.parametrize("arguments, words", UNUSABLE)
def test_unusable_arguments_are_told_with_the_mend(results, tmp_path, arguments, words):
    assert words in refused(tmp_path, *(results if argument == "R" else argument for argument in arguments))


def test_what_is_read_is_never_written_over(results, tmp_path):
    before = results.read_bytes()
    for out, words in ((results, "is what is read"), (tmp_path, "give a file that can be written"),
                       (results / "out", "give a file that can be written")):  # fmt: skip
        done = CliRunner().invoke(app, ["export", "csv", str(results), "--out", str(out)])
        assert done.exit_code == 2 and words in done.stderr, done.output
    assert results.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_the_page_about_exports_has_every_format_and_every_option():
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m grader export (\w+) (.*)$", page, re.MULTILINE)
    assert [kind for kind, _ in commands] == list(FORMATS)
    for kind, rest in commands:
        names = {name.replace("-", "_") for name in re.findall(r"--([a-z-]+)", rest)} - {"out"}
        assert names <= set(FORMATS[kind][1]), kind
    for option in {name for _, takes, _ in FORMATS.values() for name in takes} - {"results"}:
        assert f"--{option.replace('_', '-')}" in page, option
