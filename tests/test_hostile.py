"""The hostile class: nothing is earned that was not earned, nothing is left behind, nobody else notices."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader import grade as engine
from grader.intake import find
from grader.reports.student import student_page
from grader.reports.table import to_csv
from tests.conftest import ROOT
from tests.grading import solved, verdicts
from tests.hostile import ATTACKS, GHOST, SECRET

FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), tempfile.gettempdir())  # of the machine
PLACES = (*FOLDERS, str(ROOT), str(ROOT / "toolkit"))


class Listener:
    """Servers of this machine, TCP, UDP and one without a file, that note whoever comes."""

    def __init__(self):
        self.heard: list[str] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(f"\0{GHOST}")
        self._unix.listen()
        for name, wait in (
            ("tcp", self._tcp.accept),
            ("udp", lambda: self._udp.recv(100)),
            ("unix", self._unix.accept),
        ):
            threading.Thread(target=self._listen, args=(name, wait), daemon=True).start()

    def _listen(self, name: str, wait) -> None:
        try:
            wait()
            self.heard.append(name)
        except OSError:  # closed, and nobody came
            pass

    def close(self) -> None:
        for server in (self._tcp, self._udp, self._unix):
            server.close()


@pytest.fixture(scope="module")
def hostile_class(tmp_path_factory, course):
    """student → record, who was heard on a socket, and the layers in force; two honest ones before and after."""
    folder, listener = tmp_path_factory.mktemp("hostile"), Listener()
    untouched = (ROOT / "starter" / "rnn.py").read_text(encoding="utf-8")
    for attack in ATTACKS:
        code = attack.code.replace("PORT", str(listener.port))
        _write(folder / attack.name, f"{untouched}\n{code}" if code else solved(course, **attack.patches))
    for name in ("a-first", "zzz-last"):
        _write(folder / name, solved(course))
    _odd_submissions(folder, solved(course))
    submissions, _ = find(folder)
    submissions.sort(key=lambda entry: (entry.student != "a-first", entry.student.startswith("zz"), entry.student))
    short = replace(course, budget=course.budget | {"check": 3, "load": 5, "submission": 60})
    os.environ["UNROLLED_SECRET"] = SECRET
    try:
        with engine.Grader(engine.Options(seed=8), short) as grader:
            records = {entry.student: grader.grade(entry)["record"] for entry in submissions}
            missing = grader.missing
    finally:
        del os.environ["UNROLLED_SECRET"]
        listener.close()
    return records, listener.heard, missing


def _write(place: Path, text: str) -> None:
    (place / "starter").mkdir(parents=True)
    (place / "starter" / "rnn.py").write_text(text, encoding="utf-8", errors="surrogatepass")


def _odd_submissions(folder: Path, right: str) -> None:
    """Attacks that lie in the files themselves, beside a right rnn.py where there is one."""
    for name, target in (
        ("link-to-the-solution", ROOT / "solution" / "rnn.py"),
        ("link-to-a-device", Path("/dev/zero")),
    ):
        (folder / name / "starter").mkdir(parents=True)
        (folder / name / "starter" / "rnn.py").symlink_to(target)
    (folder / "linked-folder").mkdir()
    (folder / "linked-folder" / "starter").symlink_to(ROOT / "solution", target_is_directory=True)
    (folder / "a-pipe" / "starter").mkdir(parents=True)
    os.mkfifo(folder / "a-pipe" / "starter" / "rnn.py")
    with zipfile.ZipFile(folder / "paths-that-leave.zip", "w") as archive:
        archive.writestr("starter/rnn.py", right)
        archive.writestr(f"../{GHOST}.py", "left")
    with zipfile.ZipFile(folder / "zipped-link.zip", "w") as archive:
        link = zipfile.ZipInfo("starter/rnn.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(ROOT / "solution" / "rnn.py"))
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("starter/rnn.py", b"#" * 200_000_000)
    _write(folder / "modules-of-its-own", "import torch\nfrom torch import nn\n")
    own = {"starter/torch.py": "raise SystemExit", "torch.py": "", "grader/__init__.py": "", "grader/judge.py": "",
           "conftest.py": f"open('/tmp/{GHOST}', 'w')", "sitecustomize.py": f"open('/tmp/{GHOST}', 'w')",
           "starter/__init__.py": "raise SystemExit", "evil.pth": f"import os; open('/tmp/{GHOST}', 'w')",
           "pytest.ini": "[pytest]\naddopts = --co", "results.json": '{"score": 85}', "solution/rnn.py": right}  # fmt: skip
    for name, text in own.items():
        path = folder / "modules-of-its-own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _write(folder / "<b>bold & =1+1 'name'", "x = 1")


IN_FILES = ("link-to-the-solution", "link-to-a-device", "linked-folder", "a-pipe", "paths-that-leave", "zipped-link", "bomb",
            "modules-of-its-own", "<b>bold & =1+1 'name'")  # fmt: skip


def test_the_class_is_large_and_each_entry_says_what_it_does():
    assert len(ATTACKS) + len(IN_FILES) >= 40 and len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.does.endswith(".") and bool(attack.code) != bool(attack.patches) for attack in ATTACKS)
    assert {attack.kind for attack in ATTACKS} == {"forging", "theft", "escape", "exhaustion", "confusion"}


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_earns_nothing_that_it_did_not_earn(hostile_class, course, attack):
    if attack.kind == "theft":
        needs_files_closed(hostile_class)
    record = hostile_class[0][attack.name]
    assert record["status"] == "graded", record
    found = verdicts(record)
    mine = [task.id for task in course.graded if task.module == "rnn"]
    earned = {task for task in mine if task not in attack.costs} if attack.patches else set()
    assert {task for task, verdict in found.items() if verdict == "passed"} == earned, [found[task] for task in mine]
    assert sum(task["score"] for task in record["tasks"] if task["id"] not in earned) == 0
    assert not {found[task] for task in attack.costs} & {"passed", "harness_error"}


@pytest.mark.parametrize("name", IN_FILES)
def test_a_submission_that_is_itself_an_attack_earns_nothing(hostile_class, name):
    record = hostile_class[0][name]
    assert record["status"] in ("graded", "invalid") and record["score"] == 0


def test_the_honest_ones_are_graded_as_if_nobody_else_had_been_there(hostile_class, course):
    first, last = (hostile_class[0][name] for name in ("a-first", "zzz-last"))
    assert first["tasks"] == last["tasks"]
    assert first["score"] == sum(task.points for task in course.graded if task.module == "rnn")


def test_nothing_secret_comes_out(hostile_class):
    needs_files_closed(hostile_class)
    told = json.dumps(hostile_class[0])
    assert SECRET not in told
    assert "seen: " not in told, [name for name, record in hostile_class[0].items() if "seen: " in json.dumps(record)]


def test_nobody_was_called_over_the_network(hostile_class):
    needs(hostile_class, "no network")
    assert hostile_class[1] == []


def test_no_process_is_left(hostile_class):
    left = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if GHOST[:15] in _comm(pid)]
    assert left == []


def _comm(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def test_no_file_is_left(hostile_class):
    needs_files_closed(hostile_class)
    left = [path for place in PLACES if os.path.isdir(place) for path in Path(place).glob(f"*{GHOST}*")]
    assert left == []


def test_what_they_say_reaches_no_report_as_markup(hostile_class, course):
    records, _, _ = hostile_class
    page = student_page(records["a-report-of-its-own"], course)
    assert "<script>alert" not in page and "\x1b" not in page and "\u202e" not in page
    table = to_csv({"submissions": [*records.values()]})
    assert "\x1b" not in table and not any(
        cell.startswith("=") for row in table.splitlines() for cell in row.split(",")
    )


def needs_files_closed(hostile_class) -> None:
    if hostile_class[2]["own file system"] and hostile_class[2]["file access control"]:
        pytest.skip("neither namespaces nor Landlock are in force here")


def needs(hostile_class, *layers: str) -> None:
    lacking = [layer for layer in layers if hostile_class[2][layer]]
    if lacking:
        pytest.skip(f"not in force here: {', '.join(lacking)}")
