"""Nothing is lost: killed at each moment, a full disk, a folder that can't be written, records that don't fit.

Most runs here grade in no time, by a grader that gives every submission the same record: what is tried is what is written,
and when.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from grader import grade as engine
from grader.cli import app
from grader.engine.lost import Lost
from grader.grade import Options, grade
from grader.intake import find
from grader.jobs import graded_in_jobs
from grader.records import Kept, Records
from grader.results import dump, dump_class, write_atomically

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
STUDENTS = ("ann", "bo", "cy")


class Quick(engine.Grader):
    """A grader that runs nothing."""

    def __enter__(self):
        self.missing = {}
        return self

    def __exit__(self, *exception): ...

    def _graded(self, submission, material, tasks):
        return self._frame(submission, material, "graded", [])


class Disturbed(engine.Grader):
    """A grader without an engine."""

    __enter__, _nursery = Quick.__enter__, None
    __exit__ = Quick.__exit__


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """A class of three in `in`, graded in no time."""
    monkeypatch.setattr(engine, "Grader", Quick)
    for name in STUDENTS:
        (tmp_path / "in" / name / "starter").mkdir(parents=True)
        (tmp_path / "in" / name / "starter" / "rnn.py").write_text(f"# {name}")
    return tmp_path


def run_quick(place: Path, out: Path, resume: bool = False, seed: int = 5) -> bytes:
    submissions, ignored = find(place / "in")
    grade(submissions, out, Options(seed, resume=resume), ignored)
    return (out / "results.json").read_bytes()


def command(place: Path, out: Path, *arguments: str):
    return CliRunner().invoke(app, ["grade", str(place / "in"), "--out", str(out), "--seed", "5", *arguments])


# killed


def killed_at(moment: int, place: Path, out: Path) -> bool:
    """Grade in a process that is killed when it is about to give a file its name for this time; whether it came to that."""
    pid = os.fork()
    if not pid:
        try:
            names = iter(range(moment))
            replace = os.replace
            os.replace = lambda *paths: (
                replace(*paths) if next(names, None) is not None else os.kill(os.getpid(), signal.SIGKILL)
            )
            run_quick(place, out)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@posix
def test_a_run_that_is_killed_at_any_write_is_resumed_to_the_same_bytes(quick):
    whole = run_quick(quick, quick / "whole")
    files = sorted(path.name for path in (quick / "whole").rglob("*"))
    moments = 0
    while killed_at(moments, quick, out := quick / f"out-{moments}"):
        assert not (out / "results.json").exists()
        assert run_quick(quick, out, resume=True) == whole
        assert sorted(path.name for path in out.rglob("*")) == files  # nothing half-written is left behind
        moments += 1
    assert moments == len(STUDENTS) + 3  # each record, the seed, timing.json and results.json


def test_results_of_an_earlier_run_do_not_pass_for_those_of_one_that_was_killed(quick):
    run_quick(quick, quick / "out", seed=4)
    assert killed_at(2, quick, quick / "out")
    assert not (quick / "out" / "results.json").exists()


# a disk that is full, a folder that can't be written


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(quick, small_disk):
    whole = run_quick(quick, quick / "whole")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(52 * 1024))  # leaves room for the seed, a record and a half
    done = command(quick, small_disk / "out")
    assert done.exit_code == 2 and "No space left on device" in done.stderr and "go on with --resume" in done.stderr
    assert "Traceback" not in done.output and not list(small_disk.rglob(".writing-*"))
    kept = {path: path.stat().st_mtime_ns for path in small_disk.glob("out/records/*.json")}
    assert 0 < len(kept) < len(STUDENTS)
    filler.unlink()
    assert run_quick(quick, small_disk / "out", resume=True) == whole
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


def test_a_read_only_file_system_is_told_before_anything_is_graded(quick, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = command(quick, small_disk)
    assert done.exit_code == 2 and "Read-only file system; give a folder that can be written" in done.stderr
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("occupied", ["out", "out/records", "out/seed/in-the-way", "out/results.json/in-the-way"])
def test_something_else_in_the_place_of_a_file_or_folder_is_told(quick, occupied):
    (quick / occupied).parent.mkdir(parents=True, exist_ok=True)
    (quick / occupied).write_text("mine")
    done = command(quick, quick / "out")
    assert done.exit_code == 2 and "give a folder that can be written with --out" in done.stderr, done.output
    assert (quick / occupied).read_text() == "mine"


def test_what_can_not_be_written_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    write_atomically(tmp_path / "file", b"old")
    with pytest.raises(ZeroDivisionError):
        write_atomically(tmp_path / "file", (bytes(1 // count) for count in (1, 0)))
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_bytes() == b"old"


# records that don't fit


def entry_of(student: str = "ann") -> dict:
    record = {"student": student, "status": "graded", "score": 1, "tasks": []}
    return {"made_from": {"student": student, "digest": "d", "seed": 5}, "record": record, "seconds": 0.1}


def test_a_record_is_taken_as_it_was_kept(tmp_path):
    records = Records(tmp_path)
    records.keep(entry_of())
    assert records.take(entry_of()["made_from"]) == entry_of()
    assert list(Kept(records, ["ann"])) == [entry_of()["record"]]


@pytest.mark.parametrize("data", [
    b"", dump(entry_of())[:60], b"[]", b"null", b"{}", b"[" * 100_000, b'"entry"', b"\xff\xfe", dump(entry_of("bo")),
    dump(entry_of() | {"made_from": entry_of()["made_from"] | {"seed": 6}}), dump(entry_of() | {"record": None}),
    dump(entry_of() | {"record": entry_of()["record"] | {"status": "harness_error"}}), dump(entry_of() | {"seconds": "0"}),
    dump(entry_of() | {"record": entry_of("bo")["record"]}),
])  # fmt: skip
def test_a_record_that_does_not_fit_is_not_taken(tmp_path, data):
    records = Records(tmp_path)
    records.keep(entry_of())
    next(tmp_path.iterdir()).write_bytes(data)
    assert records.take(entry_of()["made_from"]) is None


@pytest.mark.parametrize("changed", ["seed", "device", "content", "versions"])
def test_what_decides_a_verdict_decides_whether_a_record_is_taken(quick, monkeypatch, changed):
    run_quick(quick, quick / "out")
    submission = find(quick / "in")[0][0]
    options = Options(6 if changed == "seed" else 5, ("cuda:0" if changed == "device" else "cpu",), resume=True)
    records = Records(quick / "out" / "records")
    assert engine._taken(records, submission, Options(5, resume=True)) is not None
    for name in {"content": ["content_digest"], "versions": ["versions"]}.get(changed, ()):
        monkeypatch.setattr(engine, name, lambda: "of another release")
    assert engine._taken(records, submission, options) is None


def test_a_class_is_written_in_pieces_as_it_is_in_one():
    submissions = [entry_of(name)["record"] | {"note": "a\n  null\n}"} for name in STUDENTS]
    head = {"schema": "s", "ignored": ["x"]}
    for whole in (submissions, submissions[:1]):
        assert b"".join(dump_class(head, whole)) == dump(head | {"submissions": whole})


# the harness itself


def test_a_fault_of_the_harness_is_told_and_graded_again(quick, monkeypatch):
    def broken(self, submission, material, tasks):
        raise KeyError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(Quick, "_graded", broken)
        done = command(quick, quick / "out")
    assert done.exit_code == 3 and "no score for ann, bo, cy" in done.stderr
    results = json.loads((quick / "out" / "results.json").read_bytes())
    assert results["submissions"][0]["reason"] == "the harness failed: KeyError: 'a fault of ours'"
    assert run_quick(quick, quick / "out", resume=True) == run_quick(quick, quick / "whole")


@pytest.mark.parametrize(("disturbances", "sessions", "given_up"),
                         [(["killed", "lost", "lost", ""], 4, False), (["lost", "killed", "killed"], 3, False),
                          (["killed", "killed"], 2, False), (["lost", "lost", "lost"], 3, True)])  # fmt: skip
def test_a_killed_worker_is_forgiven_once_and_what_is_lost_twice(
    quick, monkeypatch, disturbances, sessions, given_up
):
    opened = []

    def session_for(*_):
        what = disturbances[len(opened)]
        opened.append(SimpleNamespace(lost=Lost("gone") if what == "lost" else None, killed=what == "killed"))
        return opened[-1]

    monkeypatch.setattr(engine, "session_for", session_for)
    monkeypatch.setattr(Disturbed, "_judged", lambda self, submission, material, *_: {"student": submission.student})
    with Disturbed(Options(5)) as grader:
        entry = grader.grade(find(quick / "in")[0][0])
    assert len(opened) == sessions and (entry["record"].get("status") == "harness_error") == given_up


class Mortal:
    """Grades numbers in a process of its own: 1 ends it the first time, 2 each time."""

    def __init__(self, folder: Path):
        self.missing = {"a layer": "why"}
        self._note = folder / "was here"

    def __enter__(self):
        return self

    def __exit__(self, *exception): ...

    def grade(self, number: int) -> int:
        if number == 2 or (number == 1 and not self._note.exists()):
            self._note.touch()
            os._exit(9)
        return number * 10


class Stillborn(Mortal):
    def __enter__(self):
        raise OSError("nothing works here")


def test_a_job_that_dies_is_replaced_and_what_ends_it_twice_is_given_up(tmp_path):
    told = []
    done = dict(graded_in_jobs(range(6), [partial(Mortal, tmp_path)] * 2, told.append))
    assert done == {0: 0, 1: 10, 2: None, 3: 30, 4: 40, 5: 50} and told == [{"a layer": "why"}]


def test_jobs_that_do_not_start_are_the_end(tmp_path):
    with pytest.raises(Lost, match="did not start"):
        list(graded_in_jobs(range(6), [partial(Stillborn, tmp_path)] * 2, lambda missing: None))
