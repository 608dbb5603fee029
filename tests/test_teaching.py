"""What an instructor does around a grading: names of an LMS, late days, marks, totals, changes, solutions; and bad input."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.handed_in import handed_in
from grader.intake import IntakeError, find, read
from grader.results import MISSING, dump, write_atomically
from grader.teaching.changes import changes
from grader.teaching.collect import collect, looks_like_a_download
from grader.teaching.feedback import page_name
from grader.teaching.late import Policy, lateness, read_policy
from grader.teaching.marks import MarksError, read_csv, read_gradebook
from grader.teaching.names import read_name
from grader.teaching.reading import TeachingError
from grader.teaching.solutions import still_open
from grader.teaching.summing import Asked, sum_up
from grader.teaching.totals import StaleTotals, settled, totals, totals_beside
from tests.teaching import zipped

DEADLINE = datetime(2026, 10, 16, 22, tzinfo=UTC)


def command(*arguments) -> tuple[int, str]:
    """The status of `python -m grader …`, and what it said on both streams."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, " ".join(done.output.split())


# names


@pytest.mark.parametrize("path, student, own, late, prefix", [
    ("annlee_12_345_work.zip", "annlee_12", "work.zip", False, "annlee_12_345_"),
    ("annlee_LATE_12_345_work-1.zip", "annlee_12", "work-1.zip", True, "annlee_LATE_12_345_"),
    ("ann_lee_12_345_7_8_x.py", "ann_lee_12", "7_8_x.py", False, "ann_lee_12_345_"),  # what follows is the student's
    ("submissions/müllerjörg_1_2_my work.zip", "müllerjörg_1", "my work.zip", False, "müllerjörg_1_2_"),
    ("LATE_anon_x7Fg2_345_work.zip", "anon_x7Fg2", "work.zip", True, "LATE_anon_x7Fg2_345_"),
    ("Ann Lee_12_assignsubmission_file_/a/starter/rnn.py", "Ann Lee_12", "a/starter/rnn.py", None,
     "Ann Lee_12_assignsubmission_file_"),
    ("Ann Lee_12_assignsubmission_file/work.zip", "Ann Lee_12", "work.zip", None, "Ann Lee_12_assignsubmission_file_"),
    ("x/עדה לב_12_assignsubmission_file_work.zip", "עדה לב_12", "work.zip", None, "עדה לב_12_assignsubmission_file_"),
])  # fmt: skip
def test_what_a_name_in_a_download_says(path, student, own, late, prefix):
    piece = read_name(path)
    assert (piece.student, piece.path, piece.late, piece.prefix) == (student, own, late, prefix)


@pytest.mark.parametrize("path", ["ann.zip", "ann/starter/rnn.py", "annlee_12_text.html", "rnn_2.py", "a/b/c_1_2_d.zip",
                                  "Ann Lee_12_assignsubmission_onlinetext_/onlinetext.html"])  # fmt: skip
def test_what_no_lms_has_named_belongs_to_nobody(path):
    assert read_name(path) is None


def test_two_spellings_of_one_name_are_one_student():
    assert read_name("mu\N{COMBINING DIAERESIS}ller_1_2_a.py").student == read_name("müller_1_3_b.py").student


# taking in


def taken_in(tmp_path, course, files: dict[str, str | bytes]):
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = collect(tmp_path / "all.zip", tmp_path / "in", course)
    submissions = {entry.student: entry for entry in find(tmp_path / "in")[0]} if found.students else {}
    return found, submissions


def test_the_later_of_two_uploads_counts_for_the_files_it_has(tmp_path, course):
    first = zipped({"w/starter/rnn.py": "x = 1", "w/starter/gated.py": "y = 1"})
    found, submissions = taken_in(tmp_path, course, {
        "ann_1_20_work-1.zip": zipped({"starter/rnn.py": "x = 2"}), "ann_1_9_work.zip": first,
        "ann_1_21_text-2.py": "z = 1", "bo_2_5_work.zip": first, "readme.txt": "",
        "__MACOSX/._ann_1_9_work.zip": ""})  # fmt: skip
    assert found.students == ["ann_1", "bo_2"] and found.others == ["readme.txt"]
    assert found.told == ["ann_1: of work.zip and work-1.zip the later counts, for starter/rnn.py"]
    assert read(submissions["ann_1"], course, {}).modules == {"rnn": "x = 2", "gated": "y = 1", "text": "z = 1"}
    assert (tmp_path / "in" / "bo_2.zip").read_bytes() == first


def test_moodles_folders_and_names_in_other_encodings(tmp_path, course):
    """A zip without the flag for UTF-8: names are in code page 437, or in UTF-8 in spite of it."""
    data = zipped(
        {"xx_1_assignsubmission_file_/starter/rnn.py": "x = 1", "yy_2_assignsubmission_file_/starter/rnn.py": "x = 2"}
    )
    data = data.replace(b"xx_1", "üx_1".encode("cp437")).replace(b"yy_2", "ü_2".encode())
    (tmp_path / "all.zip").write_bytes(data)
    assert collect(tmp_path / "all.zip", tmp_path / "in", course).students == ["ü_2", "üx_1"]
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    assert len(collect(tmp_path / "unpacked", tmp_path / "again", course).students) == 2


def test_what_is_broken_or_too_large_costs_nobody_else_anything(tmp_path, course, monkeypatch):
    monkeypatch.setattr("grader.teaching.collect.MAX_PIECE", 2**16)
    found, submissions = taken_in(tmp_path, course, {
        "ann_1_2_work.zip": zipped({"starter/rnn.py": "x = 1"}), "bo_3_4_work.zip": b"\0" * 2**20, "cy_5_6_work.zip": b"PK",
        "di_7_8_essay.docx": "x"})  # fmt: skip
    assert found.students == ["ann_1", "bo_3", "cy_5", "di_7"] and sorted(submissions) == found.students
    assert "bo_3: work.zip has more than 0 MiB and was left out" in found.told
    assert "di_7: no file of the course was handed in" in found.told
    for student, words in (("bo_3", "no file of the course"), ("cy_5", "can't be read")):
        with pytest.raises(IntakeError, match=words):
            read(submissions[student], course, {})


def test_a_zip_with_a_lie_about_a_size_is_told(tmp_path, course):
    data = bytearray(zipped({"ann_1_2_rnn.py": "x = 1" * 100, "bo_3_4_rnn.py": "x = 1"}))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 16, 0)  # the checksum
    (tmp_path / "all.zip").write_bytes(data)
    found = collect(tmp_path / "all.zip", tmp_path / "in", course)
    assert found.students == ["ann_1", "bo_3"] and "ann_1: rnn.py can't be read" in found.told[0]


@pytest.mark.parametrize("data, words", [
    (b"hello", "can't be read as a zip"), (zipped({}), "nothing that Canvas or Moodle"),
    (zipped({"starter/rnn.py": "x"}), "nothing that Canvas or Moodle"), (None, "does not exist"),
])  # fmt: skip
def test_what_is_no_download_is_refused_and_nothing_is_written(tmp_path, data, words):
    if data is not None:
        (tmp_path / "all.zip").write_bytes(data)
    before = set(tmp_path.iterdir())
    status, said = command("collect", tmp_path / "all.zip", "--out", tmp_path / "in")
    assert status == 2 and words in said and set(tmp_path.iterdir()) == before


def test_a_folder_that_is_there_is_not_written_over_and_a_download_is_not_graded_as_a_class(tmp_path, course):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "work").write_text("mine")
    (tmp_path / "all.zip").write_bytes(zipped({"ann_1_2_work.zip": b"PK"}))
    status, said = command("collect", tmp_path / "all.zip", "--out", tmp_path / "in")
    assert status == 2 and "is there already" in said and (tmp_path / "in" / "work").read_text() == "mine"
    status, said = command("grade", tmp_path / "all.zip", "--out", tmp_path / "out")
    assert status == 2 and "python -m grader collect" in said and not (tmp_path / "out").exists()
    assert not looks_like_a_download(tmp_path / "in")


# when it was handed in


def test_the_time_is_taken_from_what_knows_it_best(tmp_path, course):
    receipt = json.dumps({"time": "2026-10-16T20:00:00+02:00"})
    places = {"ann/01_sine_wave_rnn/timestamp.txt": "2026-10-01 10:00:00.5 UTC\n",
              "ann/01_sine_wave_rnn/01_sine_wave_rnn.ipynb": "{}",
              "ann/02_echo_memory/02_echo_memory.ipynb": "{}", "bo/starter/rnn.py": "", "bo/receipt.json": receipt,
              "cy/starter/rnn.py": "", "cy/receipt.json": '{"time": "yesterday"}'}  # fmt: skip
    for path, text in places.items():
        write_atomically(tmp_path / path, text.encode())
    (tmp_path / "di.zip").write_bytes(zipped({"top/starter/rnn.py": "", "top/receipt.json": receipt}))
    found = handed_in(find(tmp_path)[0], course, {})["submissions"]
    assert found["ann"]["times"]["1"] == {"time": "2026-10-01T10:00:00+00:00", "from": "timestamp.txt"}
    assert found["ann"]["times"]["2"]["from"] == found["cy"]["times"][""]["from"] == "the file's time"
    for student in ("bo", "di"):
        assert found[student]["times"][""] == {"time": "2026-10-16T18:00:00+00:00", "from": "receipt.json"}


# late days


def handed(days: float = 0, known_by: str = "receipt.json", late: bool | None = None) -> dict:
    when = (DEADLINE + timedelta(days=days)).isoformat()
    return {"times": {"": {"time": when, "from": known_by}}, "late": late}


@pytest.mark.parametrize("entry, days, penalty, known_by", [
    (handed(-1), 0, 0, "receipt.json"),
    (handed(0.001), 0, 0, "receipt.json"),  # within the grace
    (handed(0.5), 1, 2, "receipt.json"),
    (handed(1.5), 2, 4, "receipt.json"),
    (handed(7.5), 8, 20, "receipt.json"),  # closed
    (handed(30, late=False), 0, 0, "the LMS: in time"),
    (handed(-1, late=True), 1, 2, "the LMS: late, and receipt.json"),
    (handed(1.5, "the file's time", late=True), 2, 4, "the LMS: late, and the file's time"),
    (handed(1.5, "timestamp.txt", late=False), 2, 4, "timestamp.txt"),
])  # fmt: skip
def test_a_day_late_is_one_that_has_begun(course, entry, days, penalty, known_by):
    policy = Policy(percent=10, closed_after_days=7, grace=timedelta(minutes=15), deadlines={"1": DEADLINE})
    late = lateness(policy, "ann", entry, ["1"], course)["1"]
    assert (late.days, late.penalty, late.known_by) == (days, penalty, known_by)
    assert late.uncertain == (days > 0 and known_by.endswith("the file's time"))


def test_an_extension_moves_the_deadline_and_the_policy_knows_better(course):
    policy = Policy(points=3, deadlines={"1": DEADLINE}, extensions={"ann": {"1": DEADLINE + timedelta(days=3)}},
                    handed_in={"bo": {"1": DEADLINE}})  # fmt: skip
    assert lateness(policy, "ann", handed(2.5, late=True), ["1"], course)["1"].days == 0
    assert lateness(policy, "ann", handed(3.5), ["1"], course)["1"].penalty == 3
    assert lateness(policy, "bo", handed(9), ["1"], course)["1"].known_by == "the policy"
    assert lateness(policy, "cy", handed(9), ["2"], course)["2"].days == 0  # no deadline


def test_free_days_go_in_the_order_of_the_deadlines_and_run_out(course):
    policy = Policy(late_days=3, points=1, deadlines={"1": DEADLINE + timedelta(days=1), "2": DEADLINE})
    made = lateness(policy, "ann", handed(2.5), ["1", "2"], course)
    assert [(made[number].days, made[number].free, made[number].penalty) for number in "21"] == [(3, 3, 0), (2, 0, 2)]
    assert lateness(policy, "ann", handed(2.5), ["2"], course, used=2)["2"].penalty == 2


@pytest.mark.parametrize("text, words", [
    ("penalty_per_da = 1", "penalty_per_da is no key; did you mean penalty_per_day?"),
    ("late_days = 1.5", "late_days is 1.5, expected a whole number"),
    ("late_days = true", "late_days is True"),
    ('penalty_per_day = "10"', "or percent as"), ('penalty_per_day = "200%"', "percent"),
    ("[deadlines]\n1 = 2026-10-16", "deadlines.1 is 2026-10-16, expected a date and time with its zone"),
    ("[deadlines]\n1 = 2026-10-16T23:59:00", "with its zone"), ('[deadlines]\n1 = "16.10.2026"', "is '16.10.2026'"),
    ("[deadlines]\n9 = 2026-10-16T23:59:00Z", "deadlines.9 names no notebook"),
    ("[deadlines]\n1 = 2026-13-16T23:59:00Z", "is no TOML"),
    ('[extensions."ann"]\n1 = 2026-10-16T23:59:00Z', "extends a deadline that is not"),
    ('[deadlines]\n1 = 2026-10-16T23:59:00Z\n[extensions."ann"]\n1 = 2026-10-15T23:59:00Z', "is before the deadline"),
    ("extensions = 3", "expected a table for each student"), ("absent = 'ann'", "expected a list of students"),
])  # fmt: skip
def test_a_mistake_in_a_policy_is_told_with_its_key(tmp_path, course, text, words):
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(TeachingError) as told:
        read_policy(tmp_path / "policy.toml", course)
    assert words in str(told.value) and "policy.toml" in str(told.value)


# marks


def marks_csv(tmp_path, text: str) -> Path:
    (tmp_path / "marks.csv").write_text(text, encoding="utf-8-sig")
    return tmp_path / "marks.csv"


def test_marks_come_from_a_csv_as_spreadsheets_write_them(tmp_path, course):
    marks = read_csv(
        marks_csv(tmp_path, 'student;task;points;comment\nann;1.9;2,5;"So; well"\nbo;1.9;;\n'), course, {"ann", "bo"}
    )
    assert {student: {task: (mark.points, mark.comment) for task, mark in own.items()} for student, own in marks.items()} == {
        "ann": {"1.9": (2.5, "So; well")}}  # fmt: skip


@pytest.mark.parametrize("text, words", [
    ("student,points\n", "has no column 'task'"), ("student,task,points\nzoe,1.9,1\n", "line 2: nobody is called 'zoe'"),
    ("student,task,points\nann,1.2,1\n", "'1.2' is no written answer"),
    ("student,task,points\nann,1.9,4\n", "a number from 0 to 3"),
    ("student,task,points\nann,1.9,nan\n", "'nan' points"),
    ("student,task,points\nann,1.9,1\nann,1.9,2\n", "line 3: ann has a mark"),
])  # fmt: skip
def test_a_mistake_in_the_marks_is_told_with_its_line(tmp_path, course, text, words):
    with pytest.raises(MarksError) as told:
        read_csv(marks_csv(tmp_path, text), course, {"ann"})
    assert words in str(told.value)


def test_marks_come_from_nbgraders_grade_book_and_a_lock_is_told(tmp_path, course, monkeypatch):
    api, sqlalchemy = pytest.importorskip("nbgrader.api"), pytest.importorskip("sqlalchemy")
    path = tmp_path / "gradebook.db"
    api.Base.metadata.create_all(sqlalchemy.create_engine(f"sqlite:///{path}"))
    with sqlite3.connect(path) as book:
        for table, values in GRADE_BOOK:
            book.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", [*values.values()]
            )
    book.close()
    marks = read_gradebook(path, course)
    assert {student: [(mark.points, mark.comment) for mark in own.values()] for student, own in marks.items()} == {
        "ann": [(2.5, "Well derived.")]}  # fmt: skip
    monkeypatch.setattr("grader.teaching.marks.WAIT", 0.1)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(MarksError, match="is locked by a program that writes into it"):
        read_gradebook(path, course)
    writer.close()
    with pytest.raises(MarksError, match="no grade book"):
        read_gradebook(marks_csv(tmp_path, "student\n"), course)
    with pytest.raises(MarksError, match="does not exist"):
        read_gradebook(tmp_path / "none.db", course)


def test_answers_stand_beside_the_model_answers_and_their_csv_is_taken_back(tmp_path, course):
    cells = [{"cell_type": "markdown", "id": "task-1-9", "source": "<script>Because</script> \x1b[2J"}]
    empty = [{"cell_type": "markdown", "id": "task-1-9", "source": "*Write your answer here, in the place of this line.*"}]
    for student, own in (("=ann", cells), ("bo", empty), ("cy", [])):
        path = tmp_path / "in" / student / "notebooks" / "01_sine_wave_rnn.ipynb"
        write_atomically(path, json.dumps({"cells": own}).encode())
    write_atomically(tmp_path / "in" / "di" / "starter" / "rnn.py", b"")
    status, said = command("answers", tmp_path / "in", "--out", tmp_path / "marking", "--notebook", "1")
    assert status == 0 and "3 answers of 4 students" in said
    page = (tmp_path / "marking" / "answers.html").read_text()
    assert "&lt;script&gt;Because" in page and "<script" not in page and "\x1b" not in page and "Marking: 3 points" in page
    assert (tmp_path / "marking" / "marks.csv").read_text().splitlines() == [
        "student,task,points,comment", "'=ann,1.9,,", "bo,1.9,0,not answered", "cy,1.9,0,not answered"]  # fmt: skip
    (tmp_path / "marking" / "marks.csv").write_text("student,task,points,comment\n'=ann,1.9,2,\n")
    assert read_csv(tmp_path / "marking" / "marks.csv", course, {"=ann"})["=ann"]["1.9"].points == 2
    status, said = command("answers", tmp_path / "in", "--out", tmp_path / "marking")
    assert status == 2 and "may hold marks" in said


CELL = {"notebook_id": "n", "type": "GradeCells"}
GRADE_BOOK = [
    ("course", {"id": "c"}), ("assignment", {"id": "a", "name": "01_sine_wave_rnn", "course_id": "c"}),
    ("notebook", {"id": "n", "name": "01_sine_wave_rnn", "assignment_id": "a"}),
    ("base_cell", {"id": "w", "name": "task-1-9"} | CELL), ("base_cell", {"id": "t", "name": "check-1-2"} | CELL),
    *[row for student in ("ann", "bo") for row in (
        ("student", {"id": student}), ("submitted_assignment", {"id": student, "assignment_id": "a", "student_id": student}),
        ("submitted_notebook", {"id": student, "assignment_id": student, "notebook_id": "n"}),
        ("grade", {"id": f"t{student}", "notebook_id": student, "cell_id": "t", "auto_score": 3, "needs_manual_grade": False}),
    )],
    ("grade", {"id": "ga", "notebook_id": "ann", "cell_id": "w", "manual_score": 2.5, "needs_manual_grade": False}),
    ("grade", {"id": "gb", "notebook_id": "bo", "cell_id": "w", "needs_manual_grade": True}),
    ("comment", {"id": "k", "notebook_id": "ann", "cell_id": "w", "manual_comment": "Well derived."}),
]  # fmt: skip


# totals


def record(course, student: str = "ann", notebooks: str = "1", points: float | None = None, **more) -> dict:
    """A submission's record: all points of these notebooks, the others not handed in."""
    tasks = []
    for task in course.graded:
        there = task.notebook in notebooks
        check = {"name": "test_it", "sentence": "It is.", "verdict": "passed" if there else "error", "hidden": False, "hint": "",
                 "message": "" if there else f"starter/x.py {MISSING}"}  # fmt: skip
        tasks.append({"id": task.id, "points": task.points, "score": task.points if there else 0, "verdict": check["verdict"],
                      "checks": [check], "lint": []})  # fmt: skip
    return {"student": student, "status": "graded", "score": sum(task["score"] for task in tasks), "max_score": 85,
            "pending": [task.id for task in course.written], "tasks": tasks, "predictions": []} | more  # fmt: skip


def grading(folder: Path, *entries: dict, **more) -> Path:
    head = {"schema": "unrolled/results/v1", "seed": 1, "device": "cpu", "isolation": [], "versions": {}, "ignored": []}
    write_atomically(folder / "results.json", dump(head | more | {"submissions": list(entries)}))
    return folder


def test_a_total_is_checks_and_marks_less_late_days_and_waits_only_for_what_was_handed_in(course):
    from grader.teaching.marks import Mark

    entry = record(course, notebooks="12")
    late = lateness(Policy(points=30, deadlines={"2": DEADLINE}), "ann", handed(0.5), ["1", "2"], course)
    total = totals(entry, {"1.9": Mark(2.0, "good")}, late, course, ["1", "2", "3"])
    assert (total["auto"], total["manual"], total["penalty"], total["score"], total["max_score"]) == (34, 2, 20, 19, 60)
    assert total["pending"] == ["2.10"] and total["notebooks"]["2"]["score"] == 0  # never below
    assert settled(entry, total) | {"tasks": []} == entry | {
        "tasks": [],
        "score": 19,
        "max_score": 60,
        "pending": ["2.10"],
    }
    broken = totals(entry | {"status": "harness_error"}, {}, {}, course, ["1"])
    assert broken["score"] is None


def test_totals_are_made_beside_the_results_and_are_not_taken_for_those_of_others(tmp_path, course):
    grades = grading(tmp_path / "g", record(course), record(course, "bo", reason="x", status="invalid", tasks=[]))
    write_atomically(grades / "handed_in.json", dump({"submissions": {"ann": handed(1.5)}}))
    (tmp_path / "policy.toml").write_text(
        f"late_days = 1\npenalty_per_day = 2\n[deadlines]\n1 = {DEADLINE.isoformat()}\n"
    )
    made, told = sum_up(grades, Asked(tmp_path / "policy.toml", notebooks=["1"]), course)
    assert [(entry["score"], entry["penalty"], entry["free_days"]) for entry in made["submissions"]] == [
        (15, 2, 1),
        (0, 0, 0),
    ]
    assert told == ["Still to be marked: ann (1.9)"]
    assert totals_beside(grades / "results.json")["ann"]["score"] == 15
    made, _ = sum_up(grades, Asked(tmp_path / "policy.toml", notebooks=["1"], before=[grades]), course)
    assert made["submissions"][0]["penalty"] == 4  # the free day is gone
    grading(grades, record(course, notebooks="12"))
    with pytest.raises(StaleTotals, match="made from other results"):
        totals_beside(grades / "results.json")
    assert totals_beside(tmp_path / "results.json") is None


@pytest.mark.parametrize("arguments, words", [
    (("--policy", "policy.toml"), "extensions names 'zoe', who handed nothing in"), (("--policy", "none.toml"), "No such file"),
    (("--marks", "marks.csv"), "nobody is called 'zoe'"), (("--notebook", "9"), "names no notebook"),
    (("--before", "marks.csv"), "holds no totals"), (("--gradebook", "none.db"), "does not exist"),
])  # fmt: skip
def test_what_totals_can_not_take_is_told_and_nothing_is_written(tmp_path, course, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    grading(tmp_path / "g", record(course))
    moment = DEADLINE.isoformat()
    (tmp_path / "policy.toml").write_text(f'[deadlines]\n1 = {moment}\n[extensions."zoe"]\n1 = {moment}\n')
    marks_csv(tmp_path, "student,task,points\nzoe,1.9,1\n")
    status, said = command("totals", "g", *arguments)
    assert status == 2 and words in said and [path.name for path in (tmp_path / "g").iterdir()] == ["results.json"]


def test_a_student_with_an_extension_who_is_still_away_is_no_slip(tmp_path, course):
    grades, moment = grading(tmp_path / "g", record(course)), DEADLINE.isoformat()
    (tmp_path / "p.toml").write_text(f'absent = ["zoe"]\n[deadlines]\n1 = {moment}\n[extensions."zoe"]\n1 = {moment}\n')
    _, told = sum_up(grades, Asked(tmp_path / "p.toml"), course)
    assert "Not handed in yet, by the policy: zoe" in told


def test_what_is_no_grading_is_told(tmp_path):
    (tmp_path / "results.json").write_text("{}")
    for arguments in (
        ("totals", tmp_path / "no"),
        ("feedback", tmp_path, "--out", tmp_path / "f.zip"),
        ("compare", tmp_path, tmp_path),
    ):
        status, said = command(*arguments)
        assert status == 2 and ("does not exist" in said or "has the schema None" in said)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


# what a regrading changed


def changed(entry: dict, task: str, score: float, **check) -> dict:
    """The record with one task's score and its check changed."""
    tasks = [
        one | {"score": score, "checks": [one["checks"][0] | check]} if one["id"] == task else one
        for one in entry["tasks"]
    ]
    return entry | {"tasks": tasks, "score": sum(one["score"] for one in tasks)}


def test_the_table_of_changes_says_who_which_task_how_much_and_why(tmp_path, course):
    ann, bo = record(course), record(course, "bo")
    failed = changed(ann, "1.2", 0, verdict="failed", message="got 1,\nexpected 2")
    old = grading(tmp_path / "old", failed, bo)
    new = grading(
        tmp_path / "new", ann, bo | {"status": "invalid", "reason": "no zip", "score": 0}, record(course, "cy"), seed=2
    )
    for folder, content in ((old, "one"), (new, "two")):
        made = {"content": content, "digest": content}
        write_atomically(folder / "records" / "a.json", dump({"made_from": made, "record": {"student": "ann"}}))
    status, said = command("compare", old, new)
    assert status == 0 and "3 students changed" in said
    assert "The checks, the reference or the engine differ" in said and "Another seed: 1 before, 2 now" in said
    assert (new / "changes.csv").read_text().splitlines() == [
        "student,task,before,after,change,why",
        'ann,1.2,0,3,3,"the work is not the same; check test_it: failed before (got 1, expected 2), passed now"',
        "bo,all,17,0,-17,\"graded before, invalid (no zip) now\"",
        "cy,all,,17,,not in the old grading"]  # fmt: skip


def test_nothing_changed_is_nothing_and_the_checks_are_named(course):
    ann = {"submissions": [record(course)]}
    assert changes(ann, ann, set()) == []
    other = {"submissions": [changed(record(course), "1.2", 1, name="test_other", hidden=True)]}
    (change,) = changes(ann, other, set())
    assert (
        change.by == -2 and change.why == "new hidden check test_other: passed; check test_it is gone (passed before)"
    )


def test_verdicts_of_two_gradings_agree_or_are_listed(tmp_path, course):
    ann, bo = record(course), record(course, "bo")
    here = grading(tmp_path / "here", ann, bo, device="cpu")
    there = grading(tmp_path / "there", ann, bo, device="cuda")
    status, said = command("compare", here, there, "--verdicts")
    assert status == 0 and f"All verdicts agree: 2 students, {2 * len(course.graded)} checks" in said
    assert "Another device: cpu here, cuda there" in said and "Another seed" not in said
    grading(there, changed(ann, "1.2", 3, verdict="out_of_memory"), record(course, "cy"), device="cuda")
    status, said = command("compare", here, there, "--verdicts")
    rows = (there / "verdicts.csv").read_text().splitlines()
    assert status == 1 and f"{len(rows) - 1} verdicts differ" in said and "out_of_memory" in said
    assert rows[:3] == ["student,task,check,here,there", "ann,1.2,test_it,passed,out_of_memory", "bo,,,graded,none"]
    assert "cy,,,none,graded" in rows and "cy,1.2,test_it,none,passed" in rows
    status, said = command("compare", here, tmp_path / "nowhere", "--verdicts")
    assert status == 2 and "does not exist" in said


# back to the students


def test_pages_are_named_for_the_lms_or_by_the_student():
    assert page_name("ann_1", "ann_LATE_1_2_", set()) == "ann_LATE_1_2_feedback.html"
    assert page_name("Lee, Ann", "", set()) == "Lee,-Ann.html"
    assert page_name("../a", "", set()) == "-a.html" and page_name("..", "", set()) == "student.html"
    assert page_name("ANN", "", {"ann.html"}) == "ANN-2.html"


def test_solutions_wait_for_whoever_has_time(course, tmp_path):
    policy = Policy(deadlines={"1": DEADLINE}, extensions={"ann": {"1": DEADLINE + timedelta(days=2)}})
    first = [course.notebooks["1"]]
    assert still_open(policy, first, DEADLINE + timedelta(days=3)) == []
    assert [line.partition(":")[0] for line in still_open(policy, first, DEADLINE - timedelta(days=1))] == [
        "notebook 1, everybody", "notebook 1, ann"]  # fmt: skip
    (tmp_path / "p.toml").write_text("[deadlines]\n1 = 2999-01-01T00:00:00Z\n")
    status, said = command("solutions", "--out", tmp_path / "s.zip", "--policy", tmp_path / "p.toml")
    assert status == 2 and "notebook 1, everybody: until 2999-01-01" in said and not (tmp_path / "s.zip").exists()
