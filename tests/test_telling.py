"""What a grading says while it runs: to a person at a terminal or in a file, to a script, or nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from grader.cli import app
from grader.telling import pace, telling
from tests.conftest import ROOT
from tests.grading import points
from tests.test_reports import check, record

OUT = Path("grades")


def said(how: str, course, terminal: bool = False, count: int = 20, taken: int = 0) -> str:
    """What is said of a class with one submission that ran out of time and one that is invalid, some taken from before."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=90, highlight=False)
    entries = [record(course, {"1.1": [check()]}, student=f"s{number}") for number in range(count)]
    entries[1] = record(
        course, {"1.2": [check("timeout")], "1.4": [check("crashed")]}, student="b[red]o\x1b[2J\n\u202e"
    )
    entries[2] |= {"status": "invalid", "tasks": [], "score": 0, "reason": "no zip"}
    with telling(how, console) as told:
        told.begin(count, 7, "cpu")
        for number, entry in enumerate(entries):
            if number == taken:
                told.isolation({"one": "", "another": "why"})
            told.done(entry, 1.25)
    told.end({"submissions": entries}, ["notes.txt"], OUT)
    return console.file.getvalue()


@pytest.mark.parametrize("count, seconds, left, words", [
    (0, 5, 10, ""), (1, 0.0, 10, ""), (1, 2, 10, "30 a minute, 20 s left"), (3, 60, 57, "3.0 a minute, 19 min left"),
    (1, 150, 60, "24 an hour, 2.5 h left"), (100, 60, 0, "100 a minute, 0 s left"),
])  # fmt: skip
def test_the_pace_is_that_of_what_was_graded(count, seconds, left, words):
    assert pace(count, seconds, left) == words


@pytest.mark.parametrize("how", ["bar", "verbose", "quiet", "json"])
def test_without_a_terminal_nothing_moves_the_cursor(course, how):
    assert not [char for char in said(how, course) if ord(char) < 32 and char != "\n"]


def test_a_bar_is_drawn_at_a_terminal_alone(course):
    assert "\x1b[" in said("bar", course, terminal=True) and "20/20" in said("bar", course, terminal=True)
    lines = [line for line in said("bar", course).splitlines() if line.startswith("Graded ")]
    assert len(lines) == 10 and lines[0].startswith("Graded 2 of 20: ") and lines[-1] == "Graded 20 of 20"


def test_what_an_earlier_run_graded_says_nothing_about_the_pace(course):
    lines = [line for line in said("verbose", course, taken=19).splitlines() if line[:1].isdigit()]
    assert len(lines) == 20 and not any(" left" in line for line in lines[:19])
    assert " left" in said("verbose", course, taken=0).splitlines()[1]


def test_a_line_for_each_student_tells_points_and_what_went_wrong(course):
    text = said("verbose", course)
    whole = points(course.graded)
    assert (
        f"1/20  s0: {course.tasks['1.1'].points} of {whole}, 1.2 s" in text and "3/20  s2: not graded, no zip" in text
    )
    name = "b[red]o\N{REPLACEMENT CHARACTER}[2J \N{REPLACEMENT CHARACTER}"
    assert f"2/20  {name}: 0 of {whole}, 1.2 s; timeout in 1.2; crashed in 1.4" in text
    assert "Isolation: 1 of 2 layers. Not in force: another." in text and "notes.txt" in text and "results.json" in text


def test_where_the_isolation_is_that_of_other_machines_it_is_said(course):
    lines = {}
    for how in ("bar", "json"):
        console = Console(file=io.StringIO(), width=90, highlight=False)
        telling(how, console).isolation({"one": "", "another": "why"}, "2 Dask workers")
        lines[how] = console.file.getvalue()
    assert lines["bar"].startswith("Isolation on 2 Dask workers: 1 of 2 layers. Not in force: another.")
    assert json.loads(lines["json"])["on"] == "2 Dask workers"


def test_quiet_says_nothing(course):
    assert said("quiet", course) == "" == said("quiet", course, terminal=True)


def test_every_line_for_scripts_is_an_object(course):
    events = [json.loads(line) for line in said("json", course, terminal=True).splitlines()]
    assert [event["event"] for event in events] == ["begin", "isolation", *["graded"] * 20, "end"]
    assert events[0] == {"event": "begin", "submissions": 20, "seed": 7, "device": "cpu"}
    assert events[1]["in_force"] == ["one"] and events[1]["missing"] == {"another": "why"}
    second = events[3]
    assert (second["done"], second["of"], second["student"]) == (2, 20, "b[red]o\x1b[2J\n\u202e")
    assert second["verdicts"]["1.2"] == "timeout" and second["seconds"] == 1.25 and "reason" not in second
    assert (events[4]["status"], events[4]["reason"]) == ("invalid", "no zip")
    assert events[-1]["results"] == str(OUT / "results.json") and events[-1]["ignored"] == ["notes.txt"]


def test_two_ways_to_say_it_exclude_each_other(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--quiet", "--json"])
    assert done.exit_code == 2 and "--quiet and --json exclude each other" in done.stderr and not done.stdout
