"""Grading on a Dask cluster of two workers on this machine: the same bytes, whoever is lost on the way; and what is refused."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.grade import ClusterError, Grader, Options, grade
from grader.intake import Submission, find
from grader.records import Records
from grader.results import write_atomically
from tests.grading import solved

distributed = pytest.importorskip("distributed")

from grader import clusters  # noqa: E402  (it needs Dask)
from grader.clusters import graded_on_cluster  # noqa: E402

HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
STRANGER = "tcp://127.0.0.1:1"


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, each started anew where it dies, and nothing that leaves the machine."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **HERE) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, course):
    """Right, wrong and broken work, a broken zip, an empty folder."""
    folder = tmp_path_factory.mktemp("class")
    right = solved(course)
    modules = {"ann": right, "bo": solved(course, make_windows="return series"), "cy": "def f(:\n", "di": right}
    for name, text in modules.items():
        write_atomically(folder / name / "starter" / "rnn.py", text.encode())
    write_atomically(folder / "eve.zip", b"PK nonsense")
    (folder / "fay").mkdir()
    return folder


def run(place: Path, out: Path, on_done=lambda record: None, **options) -> bytes:
    submissions, ignored = find(place)
    grade(submissions, out, Options(5, **options), ignored, lambda record, seconds: on_done(record))
    return (out / "results.json").read_bytes()


def test_a_cluster_gives_the_bytes_of_this_machine_resumed_and_with_a_worker_killed(cluster, handed_in, tmp_path):
    def kill_a_worker(record):
        done.append(record["student"])
        if record["student"] not in kept and not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    whole = run(handed_in, tmp_path / "here")
    kept, done, killed = ["ann", "eve"], [], []
    for student in kept:
        records, others = (Records(tmp_path / name / "records") for name in ("here", "out"))
        others.keep(records.read(student))
    assert run(handed_in, tmp_path / "out", kill_a_worker, scheduler=cluster.scheduler_address, resume=True) == whole
    assert sorted(done) == ["ann", "bo", "cy", "di", "eve", "fay"] and done[:2] == kept and killed


@pytest.mark.parametrize(("changed", "there", "words"), [
    ("content_digest", "0123456789abcdef", r"content of grader/, solution/ and toolkit/ \w{12}, here 0123456789ab\. Install"),
    ("versions", {"torch": "2.0.0"}, r"127\.0\.0\.1:\d+: torch \d.*, here 2\.0\.0\. Install the same release"),
])  # fmt: skip
def test_workers_with_another_version_are_refused_before_anything_is_graded(
    cluster, handed_in, tmp_path, monkeypatch, changed, there, words
):
    monkeypatch.setattr(clusters, changed, lambda: there)
    with pytest.raises(ClusterError, match=words):
        run(handed_in, tmp_path / "out", scheduler=cluster.scheduler_address)
    assert not (tmp_path / "out").exists()


def test_a_device_that_no_worker_has_is_refused(cluster, handed_in, tmp_path):
    with pytest.raises(ClusterError, match="--device mps not available, here available"):
        run(handed_in, tmp_path / "out", scheduler=cluster.scheduler_address, places=("mps",))


def test_a_worker_is_no_scheduler(cluster, handed_in, tmp_path):
    address = next(iter(cluster.scheduler.workers))
    with pytest.raises(ClusterError, match="is a Dask worker, no scheduler"):
        run(handed_in, tmp_path / "out", scheduler=address)


class Mortal:
    """Grades nothing. One submission ends the worker that has it each time, another the first time."""

    def __init__(self, options: Options, place: str):
        self.missing = {"a layer": "why"}

    def __enter__(self):
        return self

    def __exit__(self, *exception): ...

    def grade(self, submission: Submission) -> dict:
        note = Path(submission.student)
        if note.name == "always" or (note.name == "once" and not note.exists()):
            note.touch()
            os._exit(9)
        return {"graded": note.name}


class Mortals(distributed.WorkerPlugin):
    """Has every worker, also one that comes later, grade with a Mortal."""

    def setup(self, worker):
        clusters.Grader = Mortal

    def teardown(self, worker):
        clusters.Grader = Grader


def test_a_submission_that_ends_its_worker_twice_is_given_up_and_costs_no_other_anything(cluster, tmp_path):
    names = ["first", "once", "always", "last"]
    submissions = [Submission(str(tmp_path / name), ()) for name in names]
    told = []
    with distributed.Client(cluster) as client:
        client.register_plugin(Mortals(), name="mortals")
        try:
            options = Options(5, scheduler=cluster.scheduler_address)
            harmless = [submissions[0], submissions[-1]]
            with contextlib.closing(graded_on_cluster(harmless, options, lambda *said: None)) as stopped:
                next(stopped)  # leaves nothing on the workers that would be in the way of the next run
            done = graded_on_cluster(submissions, options, lambda *said: told.append(said))
            entries = {Path(submission.student).name: entry for submission, entry in done}
        finally:
            client.unregister_worker_plugin("mortals")
    assert entries == {"always": None} | {name: {"graded": name} for name in ("first", "once", "last")}
    assert told[0][0] == {"a layer": "why"} and told[0][1].startswith(("1 Dask worker", "2 Dask workers"))


def test_a_scheduler_without_workers_is_told(handed_in, tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, **HERE) as empty,
        pytest.raises(ClusterError, match="has no worker; start"),
    ):
        run(handed_in, tmp_path / "out", scheduler=empty.scheduler_address)


def command(place: Path, out: Path, *arguments: str):
    from grader.cli import app

    return CliRunner().invoke(app, ["grade", str(place), "--out", str(out), *arguments])


def test_a_scheduler_that_can_not_be_reached_is_told_within_seconds(handed_in, tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # which accepts, and says nothing
        for address in (STRANGER, f"tcp://127.0.0.1:{silent.getsockname()[1]}", "127.0.0.1", "mail://127.0.0.1:1"):
            done = command(handed_in, tmp_path / "out", "--executor", "dask", "--scheduler", address)
            assert done.exit_code == 2 and f"no Dask scheduler answers at '{address}' (" in done.stderr, done.output
            assert "Start one with `dask scheduler`" in done.stderr and not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize(("arguments", "words"), [
    (["--executor", "slurm"], "expected local or dask"), (["--executor", "dask"], "needs --scheduler ADDRESS"),
    (["--scheduler", STRANGER], "is for --executor dask"),
    (["--executor", "dask", "--scheduler", STRANGER, "--jobs", "2"], "takes no --jobs"),
    (["--executor", "dask", "--scheduler", STRANGER, "--device", "cuda:0,cuda:1"], "expected cpu, mps or cuda"),
])  # fmt: skip
def test_what_does_not_go_together_is_told(handed_in, tmp_path, arguments, words):
    done = command(handed_in, tmp_path / "out", *arguments)
    assert done.exit_code == 2 and words in done.stderr and not (tmp_path / "out").exists()
