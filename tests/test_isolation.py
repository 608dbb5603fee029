"""The layers around a worker: each in force where the system has it, told where it hasn't, refused by a strict grading."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.doctor import MEND
from grader.engine import client, landlock, namespaces, room
from grader.engine.client import Job, probe, start_nursery
from grader.engine.limits import LAYERS, OPEN_FILES, PROCESSES
from grader.engine.values import Call
from grader.sessions import WorkerSession
from tests.conftest import BUDGET, ROOT

linux = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
pytestmark = linux


@pytest.fixture(scope="module")
def here(nursery):
    return probe(nursery)


@pytest.fixture(scope="module")
def bare():
    """A nursery without namespaces, as in a container that allows none."""
    nursery = start_nursery(device="cuda")
    yield nursery
    nursery.close()


def told(nursery, body: str, *args):
    """What a function with this body returns, in a worker."""
    session = WorkerSession(nursery.start, Job({"rnn": f"import os\ndef f(*args):\n{body}"}, memory_bytes=2**30), BUDGET, {},
                            lambda task: None)  # fmt: skip
    try:
        assert session.begin("rnn", []) is None
        session.begin_check()
        seen = session.perform(Call("rnn", "f", args), None)
        return f"{seen.failure.kind}: {seen.failure.message}" if seen.failure else seen.value
    finally:
        session.close()


def needs(missing: dict[str, str], *layers: str) -> None:
    lacking = [layer for layer in layers if missing[layer]]
    if lacking:
        pytest.skip(f"not in force here: {', '.join(lacking)}")


# each layer, from the inside


def test_every_layer_is_told_with_its_reason(here):
    assert [*here] == [*LAYERS] == [*MEND] and all(isinstance(why, str) for why in here.values())


def test_the_worker_is_nobody_and_has_no_rights(nursery, here):
    needs(here, "unprivileged user")
    rights = """
    import ctypes
    ask = ctypes.CDLL(None).prctl
    return os.getresuid(), [ask(23, n) for n in range(5)], ask(39, 0, 0, 0, 0)"""
    users, bounding, no_new = told(nursery, rights)
    assert 0 not in users and bounding == [0] * 5 and no_new == 1


def test_the_worker_sees_no_file_but_those_it_needs(nursery, here):
    needs(here, "own file system")
    there = "    return [name for name in args if os.path.exists(name)]"
    names = (
        "toolkit",
        "grader/engine",
        "solution",
        "grader/checks",
        "grader/cases",
        "grader/judge.py",
        "tests",
        "notebooks",
    )
    assert told(nursery, there, *(str(ROOT / name) for name in names)) == [
        str(ROOT / "toolkit"),
        str(ROOT / "grader/engine"),
    ]
    assert told(nursery, there, "/proc", "/home", "/etc/passwd", "/sys", "/bin/sh", room.SCRATCH) == [room.SCRATCH]
    assert told(nursery, "    return os.listdir(os.getcwd())") == []


@pytest.mark.parametrize(
    "name", ["solution/rnn.py", "grader/cases/1.2.safetensors", "grader/checks/test_rnn.py", "README.md"]
)
@pytest.mark.parametrize("kind", ["apart", "bare"])
def test_what_is_secret_can_not_be_opened(nursery, bare, kind, name):
    needs(probe(bare if kind == "bare" else nursery), "file access control")
    said = told(bare if kind == "bare" else nursery, "    return len(open(args[0], 'rb').read())", str(ROOT / name))
    assert "FileNotFoundError" in said or "PermissionError" in said


def test_it_can_read_what_it_needs_and_write_to_its_own_folder(nursery):
    reading = "    import toolkit\n    return len(open(toolkit.__file__).read())"
    assert told(nursery, reading) > 0
    assert told(nursery, "    open('x', 'w').write('abc'); return open('x').read()") == "abc"
    assert told(nursery, "    open(os.devnull, 'w').write('x'); return 1") == 1


def test_the_scratch_folder_is_small_and_gone_afterwards(nursery, here):
    needs(here, "scratch folder of bounded size")
    full = """
    try:
        for n in range(100): open(str(n), 'wb').write(bytes(2**20))
    except OSError as problem: return problem.errno"""
    assert told(nursery, full) == 28
    assert told(nursery, "    return os.listdir('.')") == []


def test_it_is_alone_with_its_own_processes(nursery, here):
    needs(here, "own processes")
    assert told(nursery, "    return os.getpid(), os.getppid()") == (2, 1)
    assert "ProcessLookupError" in told(nursery, "    os.kill(args[0], 0)", os.getpid())


@pytest.mark.parametrize("kind", ["AF_INET, socket.SOCK_STREAM", "AF_INET, socket.SOCK_DGRAM", "AF_INET6, socket.SOCK_DGRAM",
                                  "AF_UNIX, socket.SOCK_STREAM"])  # fmt: skip
def test_no_socket_can_be_had(nursery, bare, kind):
    for each in (nursery, bare):
        needs(probe(each), "no network")
        assert "PermissionError" in told(each, f"    import socket\n    socket.socket(socket.{kind})")
    assert told(nursery, "    import socket\n    a, b = socket.socketpair(); a.send(b'x'); return len(b.recv(1))") == 1


def test_no_memory_can_be_had_that_outlives_its_process(nursery, bare):
    asking = """
    import ctypes
    libc = ctypes.CDLL(None)
    return libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600)"""
    for each in (nursery, bare):
        needs(probe(each), "filtered system calls")
        assert told(each, asking) == (-1, -1, -1)


def test_no_program_can_be_started(nursery, bare):
    for each in (nursery, bare):
        needs(probe(each), "filtered system calls")
        assert "PermissionError" in told(each, "    import subprocess, sys\n    subprocess.run([sys.executable, '-V'])")


def test_limits_are_set(nursery, here):
    asking = """
    import resource as r
    return [r.getrlimit(kind)[1] for kind in (r.RLIMIT_NOFILE, r.RLIMIT_NPROC, r.RLIMIT_CORE)]"""
    limits = told(nursery, asking)
    assert limits[0] == OPEN_FILES and limits[2] == 0
    assert limits[1] == PROCESSES or here["limit on processes"]


def test_forks_are_bounded_and_end_with_their_worker(nursery, here):
    needs(here, "limit on processes", "own processes")
    forks = """
    import time
    for count in range(200):
        try:
            if os.fork() == 0: time.sleep(300)
        except OSError: return count
    return 200"""
    assert 0 < told(nursery, forks) < PROCESSES
    assert told(nursery, "    return os.waitpid(os.fork() or os._exit(7), 0)[1] >> 8") == 7


def test_a_new_user_namespace_is_refused(nursery, bare):
    for each in (nursery, bare):
        needs(probe(each), "filtered system calls")
        assert told(each, "    import ctypes\n    return ctypes.CDLL(None).unshare(0x10000000)") == -1


# without namespaces


def test_without_namespaces_it_says_why_and_still_grades(bare):
    missing = probe(bare)
    assert all(missing[layer] for layer in namespaces.LAYERS if layer != "no network")
    assert told(bare, "    open('x', 'w').write('abc'); return open('x').read()") == "abc"


def test_without_namespaces_what_a_worker_leaves_is_ended_and_removed(bare):
    leaving = """
    import time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open('pid', 'w').write(str(os.getpid())); time.sleep(300)
        os._exit(0)
    os.wait()
    while not os.path.exists('pid') or not open('pid').read(): time.sleep(0.01)
    return os.getcwd(), int(open('pid').read())"""
    folder, pid = told(bare, leaving)
    assert Path(folder).parent == Path(tempfile.gettempdir()) and not os.path.exists(folder)
    assert not os.path.exists(f"/proc/{pid}")


# what may be read


def test_the_lists_holds_nothing_secret():
    paths = [Path(path) for path in room.readable()]
    for name in ("solution", "grader/checks", "grader/cases", "tests", "notebooks", "build"):
        assert not any((ROOT / name).is_relative_to(path) for path in paths), name
    assert not any(Path.home() == path or Path.home().is_relative_to(path) for path in paths)


def test_a_course_among_the_packages_is_taken_apart(tmp_path, monkeypatch):
    packages = tmp_path / "env" / "lib" / "site-packages"
    for name in ("solution", "grader/checks", "grader/engine", "toolkit", "torch", "tests"):
        (packages / name).mkdir(parents=True)
    (packages / "grader" / "__init__.py").touch()
    monkeypatch.setattr(room, "COURSE", packages)
    for name in ("prefix", "base_prefix", "exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path / "env"))
    monkeypatch.setattr(sys, "path", [str(packages)])
    found = {str(Path(path).relative_to(packages)) for path in room.readable() if path.startswith(str(packages))}
    assert found == {"toolkit", "torch", "grader/engine", "grader/__init__.py"}


def test_a_kernel_without_landlock_is_told(monkeypatch):
    monkeypatch.setattr(landlock, "syscall", refused)
    with pytest.raises(OSError, match="no Landlock"):
        landlock.allow_only([], [])


def test_where_namespaces_are_refused_nothing_has_changed(monkeypatch):
    monkeypatch.setattr(namespaces.linux, "unshare", refused)
    before = os.getuid(), os.getcwd(), os.getpid()
    apart = namespaces.enter(room.readable())
    assert not apart and "not permitted" in apart.reason
    assert (os.getuid(), os.getcwd(), os.getpid()) == before


def refused(*arguments):
    raise PermissionError(1, "Operation not permitted")


# as another user, and strictly

AS_A_USER = """
import os, sys
from grader.engine import linux, room
linux.unshare(linux.CLONE_NEWNS)
room.build_room([*room.readable(), str(room.COURSE), "/proc"], sys.argv[1])
linux.mount("proc", "/proc", "")
linux.mount("tmpfs", room.SCRATCH, "mode=1777")
os.chdir(room.COURSE)
os.setgroups([])
os.setresgid(1000, 1000, 1000)
os.setresuid(1000, 1000, 1000)
environment = {"HOME": room.SCRATCH, "TMPDIR": room.SCRATCH, "PATH": "", "COLUMNS": "200"}
os.execve(sys.executable, [sys.executable, "-m", "grader", "doctor"], environment)
"""


def test_an_ordinary_user_has_the_same_layers_as_root(here, tmp_path):
    """Root shows the course to a user in a mount namespace, whatever the rights on the folders above it are."""
    needs(here, *LAYERS)
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    done = subprocess.run(
        [sys.executable, "-c", AS_A_USER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == len(LAYERS)


def _submission(folder: Path) -> None:
    (folder / "starter").mkdir(parents=True)
    (folder / "starter" / "rnn.py").write_text("x = 1")


def test_strict_refuses_to_grade_with_less_and_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(client, "start_nursery", lambda **options: start_nursery(device="cuda"))
    _submission(tmp_path / "in")
    arguments = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--isolation", "strict"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2 and "own file system" in done.output and "doctor" in done.output
    assert not (tmp_path / "out" / "results.json").exists()


def test_the_first_line_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(client, "start_nursery", lambda **options: start_nursery(device="cuda"))
    _submission(tmp_path / "in")
    done = CliRunner().invoke(app, ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")])
    first = done.output.splitlines()[0]
    assert done.exit_code == 0 and first.startswith("Isolation: ") and "own file system" in first
