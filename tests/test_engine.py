"""The engine: the wire, the workbench, workers and the nursery, against broken and unfriendly code."""

from __future__ import annotations

import ast
import contextlib
import gc
import os
import socket
import struct
import subprocess
import sys
import time
from typing import ClassVar

import psutil
import pytest
import torch

from grader.engine.client import Ended, Job, SpawnNursery, start_nursery
from grader.engine.codec import CodecError, decode, encode, from_file, to_file
from grader.engine.limits import LAYERS
from grader.engine.lost import Lost
from grader.engine.values import Array, Call, Failure, Given, Handle, Load, Opaque, Seen, Substitute
from grader.engine.wire import HEADER, MAX_FRAME, Wire, WireClosed, WireError, WireTimeout
from grader.engine.workbench import Workbench
from grader.notebooks import parse, runnable_cells
from grader.sessions import WorkerSession
from tests.conftest import BUDGET, ROOT

linux = pytest.mark.skipif(not hasattr(os, "fork") or not os.path.isdir("/proc"), reason="forked workers are for Linux")

# the codec


@pytest.mark.parametrize("value", [
    None, True, -3, 2.5, "text \N{SNOWMAN}", [1, (2, [3])], {"a": 1, 2: ("b",)}, Handle(4), Failure("E", "m", "f", 3, "c"),
    Seen((1, 2), None, {"x": None}, ["grad:x"]), Call("rnn", "f", (1, "x"), None, 2),
])  # fmt: skip
def test_values_come_back_as_they_went(value):
    assert decode(*encode(value)) == value


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_tensors_come_back_as_they_went(dtype, shape, tmp_path):
    tensor = torch.randn(shape).mul(3).to(dtype)
    back = decode(*encode({"x": tensor.mT if tensor.dim() > 1 else tensor}))["x"]
    assert torch.equal(back, tensor.mT if tensor.dim() > 1 else tensor) and back.dtype == dtype
    (tmp_path / "case.safetensors").write_bytes(to_file({"one": [tensor, 1], "two": [tensor + 1, 2]}))
    assert torch.equal(from_file(tmp_path / "case.safetensors")["two"][0], tensor + 1)
    (alone,) = from_file(tmp_path / "case.safetensors", "one").values()
    assert torch.equal(alone[0], tensor) and alone[1] == 1


@pytest.mark.parametrize("tree, blob", [
    (b"", b""), (b"{", b""), (b'{"c":"Handle","f":["x"]}', b""), (b'{"c":"os","f":[]}', b""), (b'{"T":"0"}', b""),
    (b'{"c":"Handle","f":[1,2]}', b""), (b'{"d":[[[],1]]}', b""), (b"[" * 100_000, b""), (b'{"T":"0"}', b"\xff" * 64),
    (b'{"c":"Seen","f":[null,3,null,[]]}', b""), (b'{"c":"Array","f":[null,[2],"torch.float32","cpu",false]}', b""),
])  # fmt: skip
def test_malformed_bytes_are_one_kind_of_error(tree, blob):
    with pytest.raises(CodecError):
        decode(tree, blob)


@pytest.mark.parametrize("value", [object(), lambda: 0, 2**70, {"x": {1, 2}}])
def test_what_can_not_travel_is_refused(value):
    with pytest.raises(CodecError):
        encode(value)


# the wire


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def test_the_deadline_is_for_the_whole_message(pair):
    wire, theirs = pair
    start = time.monotonic()
    theirs.sendall(HEADER.pack(3, 10, 0) + b"ab")  # a frame that never ends
    with pytest.raises(WireTimeout):
        wire.receive(start + 0.3)
    assert 0.25 < time.monotonic() - start < 2


def test_lengths_are_bounded_before_memory_is_taken(pair):
    wire, theirs = pair
    theirs.sendall(struct.pack("!III", 3, MAX_FRAME, MAX_FRAME))
    with pytest.raises(WireError, match="over the limits"):
        wire.receive(time.monotonic() + 1)


def test_a_closed_wire_is_told(pair):
    wire, theirs = pair
    theirs.close()
    with pytest.raises(WireClosed):
        wire.receive(time.monotonic() + 1)


def test_a_dead_process_is_noticed_behind_an_open_wire():
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(WireClosed, match="has ended"):
        Wire(ours, alive=lambda: False).receive(time.monotonic() + 5)


# the workbench


def bench(source: str, **options) -> Workbench:
    scope: dict = {"torch": torch}
    exec(compile(source, "starter/rnn.py", "exec"), scope)
    return Workbench({"rnn": lambda: scope}, files={"starter/rnn.py": "starter/rnn.py"}, **options)


def call(source: str, *args, **options) -> Seen:
    return bench(source).perform(Call("rnn", "f", args, **options))


@pytest.mark.parametrize("body, effect", [
    ("x.add_(1)", "argument:x"), ("torch.rand(1)", "random:torch"), ("__import__('random').random()", "random:python"),
    ("torch.set_default_dtype(torch.float64)", "default:settings"),
    ("(x.requires_grad_() * 2).sum().backward()", "grad:x"), ("x.requires_grad_()", "wanting:x"),
])  # fmt: skip
def test_side_effects_are_named(body, effect):
    assert effect in call(f"def f(x):\n    {body}\n    return 1", Given(torch.zeros(2), "x")).effects


def test_a_call_without_side_effects_has_none():
    assert call("def f(x): return x + 1", Given(torch.zeros(2), "x")).effects == []


def test_settings_do_not_reach_the_next_call():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    both = bench("""
import random, numpy
def f():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_num_threads(3)
    torch.manual_seed(1), random.seed(1), numpy.random.seed(1)
    torch.set_grad_enabled(False)
    globals()["kept"] = torch.inference_mode()
    kept.__enter__()
    return 1
def g():
    drawn = [float(torch.rand(1)), random.random(), numpy.random.rand()]
    one = torch.ones(1, requires_grad=True) * 2
    return drawn, str(one.dtype), one.device.type, one.requires_grad, torch.get_num_threads()
""")
    before = both.perform(Call("rnn", "g"))
    assert both.perform(Call("rnn", "f")).value == 1
    assert both.perform(Call("rnn", "g")) == before and before.value[1:] == ("torch.float32", "cpu", True, 1)
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    del both  # the mode that was kept open puts back what it found when it is collected: now, not in another test
    gc.collect()
    torch.set_grad_enabled(True)


def test_a_call_leaves_the_settings_of_a_students_own_session():
    torch.set_default_dtype(torch.float64)
    try:
        assert call("def f(): return str(torch.zeros(1).dtype)").value == "torch.float32"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_an_exception_is_told_with_the_students_own_line():
    failure = call("def g(): return [][3]\ndef f():\n    return g()").failure
    assert (failure.kind, failure.file, failure.line) == ("IndexError", "starter/rnn.py", 1)


def test_exit_is_an_exception_like_others():
    assert call("import sys\ndef f(): sys.exit()").failure.kind == "SystemExit"


@pytest.mark.parametrize("expression, kind", [
    ("torch.eye(2).to_sparse()", "sparse"), ("torch.zeros(2, dtype=torch.complex64)", "complex64"),
    ("object()", "builtins.object"), ("torch.zeros(1).expand(100_000_000)", "larger than"),
])  # fmt: skip
def test_results_that_are_no_plain_data_are_told_by_their_kind(expression, kind):
    value = call(f"def f(): return {expression}").value
    assert isinstance(value, Opaque) and kind in value.kind


def test_iterators_are_drained_up_to_a_bound():
    assert call("def f(): return iter([1, 2])").value == [1, 2]
    assert "more than" in call("import itertools\ndef f(): return itertools.count()").failure.message


def test_gradients_are_those_of_a_fixed_projection():
    x = Given(torch.randn(3), "x", grad=True)
    seen = call("def f(x): return x * 2", x, gradients=True)
    assert torch.allclose(seen.gradients["x"].data, 2 * torch.cos(torch.arange(3.0) + 1))
    assert call("def f(x): return x.detach() * 2", x, gradients=True).gradients == {"x": None}


def test_the_meta_device_shows_a_hard_coded_one():
    assert call("def f(x): return x * 2", torch.ones(2), device="meta").value == Array(
        None, (2,), "torch.float32", "meta"
    )
    assert call("def f(x): return torch.zeros(2)", torch.ones(2), device="meta").value.device == "cpu"


def test_stand_ins_come_and_go():
    b = bench("def g(): return 1\ndef f(): return g()", stand_ins={"g": lambda: 7})
    b.perform(Substitute("rnn", ["g"]))
    assert b.perform(Call("rnn", "f")).value == 7
    b.perform(Substitute("rnn", []))
    assert b.perform(Call("rnn", "f")).value == 1


# workers


def begun(session, space="rnn"):
    failure = session.begin(space, [])
    session.begin_check()
    return failure


@pytest.mark.parametrize("body, verdict", [
    ("os._exit(0)", "crashed"), ("os.abort()", "crashed"), ("time.sleep(60)", "timeout"),
    ("while True: pass", "timeout"), ("raise KeyboardInterrupt", "crashed"), ("os.kill(os.getpid(), 9)", "crashed"),
])  # fmt: skip
def test_the_end_of_a_worker_is_a_verdict_and_the_next_request_gets_a_fresh_one(open_session, body, verdict):
    session = open_session({"rnn": f"import os, time\ndef f():\n    {body}\ndef g(): return 5"}, check=1)
    assert begun(session) is None
    with pytest.raises(Ended) as end:
        session.perform(Call("rnn", "f"), None)
    assert end.value.verdict == verdict
    assert begun(session) is None
    assert session.perform(Call("rnn", "g"), None).value == 5


def test_how_a_worker_ended_is_told(open_session):
    session = open_session({"rnn": "import os\ndef f(): os._exit(3)\ndef g(): os.kill(os.getpid(), 11)"})
    for name, words in (("f", "exit status 3"), ("g", "SIGSEGV")):
        begun(session)
        with pytest.raises(Ended, match=words):
            session.perform(Call("rnn", name), None)


def test_the_checks_of_a_task_share_its_time(open_session):
    session = open_session({"rnn": "import time; time.sleep(1.2)\ndef f(): time.sleep(0.7); return 1"}, task=1)
    session.begin_task()
    assert begun(session) is None  # the import is not the task's
    assert session.perform(Call("rnn", "f"), None).value == 1
    session.begin_check()
    with pytest.raises(Ended, match="still running"):
        session.perform(Call("rnn", "f"), None)
    with pytest.raises(Ended, match="the 1 seconds of the task were used up before"):
        begun(session)
    session.begin_task()
    assert begun(session) is None and session.perform(Call("rnn", "f"), None).value == 1


@linux
def test_the_workers_of_a_submission_share_its_cpu_time(open_session):
    session = open_session({"rnn": "def f():\n    while True: pass\ndef g(): return 1"}, cpu=1)
    begun(session)
    with pytest.raises(Ended, match="used up the CPU time of the submission") as end:
        session.perform(Call("rnn", "f"), None)
    assert end.value.verdict == "timeout"
    with pytest.raises(Ended, match="the submission's 1 seconds of CPU time were used up before"):
        begun(session)


@linux
def test_the_cpu_time_of_a_worker_that_is_ended_counts(nursery):
    source = "import time\ndef f():\n    while time.process_time() < 0.6: pass\ndef g(): time.sleep(60)"
    worker = nursery.start(Job({"rnn": source}))
    worker.request(Call("rnn", "f"), time.monotonic() + 60)
    with pytest.raises(Ended, match="still running"):
        worker.request(Call("rnn", "g"), time.monotonic() + 0.1)
    assert worker.cpu_seconds >= 0.6


@linux
def test_a_nursery_that_dies_says_nothing_about_the_code_and_is_replaced():
    nursery = start_nursery()
    job = Job({"rnn": "import os\ndef f(): os._exit(0)\ndef g(): return 1"})
    session = WorkerSession(nursery.start, job, BUDGET, {}, lambda task: None)
    begun(session)
    started = psutil.Process(nursery._process.pid)  # in namespaces of its own the nursery is a child of that
    (started if session.missing["own processes"] else started.children()[0]).kill()
    for name in ("f", "g"):
        with pytest.raises(Lost):
            session.perform(Call("rnn", name), None)
    assert session.lost is not None
    session.close()
    again = WorkerSession(nursery.start, job, BUDGET, {}, lambda task: None)
    begun(again)
    assert again.perform(Call("rnn", "g"), None).value == 1
    again.close()
    nursery.close()


def test_a_module_that_hangs_ends_its_own_tasks_alone(open_session):
    session = open_session({"rnn": "import time; time.sleep(60)", "gated": "def g(): return 1"}, load=1)
    for _ in range(2):  # the second time without waiting
        start = time.monotonic()
        with pytest.raises(Ended, match=r"while starter/rnn.py was loaded"):
            session.begin("rnn", [])
    assert time.monotonic() - start < 0.5
    assert begun(session, "gated") is None
    assert session.perform(Call("gated", "g"), None).value == 1


@pytest.mark.parametrize("source, kind", [("def f(:", "SyntaxError"), ("1 / 0", "ZeroDivisionError"),
                                          ("import sys; sys.exit(0)", "SystemExit"), ("import nothing", "ModuleNotFoundError"),
                                          ("from solution import rnn", "ModuleNotFoundError")])  # fmt: skip
def test_a_module_that_does_not_load_is_told(open_session, source, kind):
    failure = open_session({"rnn": source}).begin("rnn", [])
    assert failure.kind == kind and failure.file == "starter/rnn.py"


def test_output_goes_nowhere(open_session):
    session = open_session({"rnn": "import os\ndef f():\n    for fd in (1, 2):\n        os.write(fd, b'x' * 50_000_000)\n"
                                   "    print('y' * 50_000_000)\n    return 1"})  # fmt: skip
    begun(session)
    assert session.perform(Call("rnn", "f"), None).value == 1


def test_running_out_of_memory_is_an_exception(open_session):
    session = open_session({"rnn": "import torch\ndef f(): return torch.zeros(2**30)\ndef g(): return 'x' * 2**31"})
    begun(session)
    assert "allocate memory" in session.perform(Call("rnn", "f"), None).failure.message
    assert session.perform(Call("rnn", "g"), None).failure.kind == "MemoryError"


@linux
def test_a_worker_holds_nothing_of_the_judges(open_session):
    source = """
import os, sys
def modules(): return sorted(name for name, module in sys.modules.items() if module is not None)
def is_open(fd):
    try: return bool(os.fstat(fd))
    except OSError: return False
def fds(): return sum(map(is_open, range(4096)))
"""
    session = open_session({"rnn": source})
    begun(session)
    modules = session.perform(Call("rnn", "modules"), None).value
    held = [
        name
        for name in modules
        if name.split(".")[0] == "solution" or name.startswith(("grader.checks.", "grader.judge"))
    ]
    assert held == [] and "torch" in modules
    assert session.perform(Call("rnn", "fds"), None).value <= 4  # three streams and the wire


MARK = f"left-{os.getpid() % 10**6}"


@linux
def test_what_a_worker_started_ends_with_it(open_session):
    source = f"""
import ctypes, os, time
def f():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(15, b'{MARK}', 0, 0, 0)
            time.sleep(300)
        os._exit(0)
    return 1
"""
    session = open_session({"rnn": source})
    begun(session)
    session.perform(Call("rnn", "f"), None)
    assert _waits_until(lambda: _sleepers(MARK)), "the submission's process never started"
    session.close()
    assert _waits_until(lambda: not _sleepers(MARK)), "a process of the submission is still there"


def _sleepers(mark: str) -> list[str]:
    """Processes that carry the mark in their name."""
    names = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
            names.append(file.read().strip())
    return [name for name in names if name == mark]


def _waits_until(condition, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


FORGE = """
import os, stat, struct
def is_socket(fd):
    try: return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError: return False
def wire():
    return next(fd for fd in range(3, 1024) if is_socket(fd))
def early():
    os.write(wire(), struct.pack('!III', 3, 4, 0) + b'abcnull')
    return 1
def garbage():
    os.write(wire(), b'\\xff' * 100)
    return 1
def closes():
    os.close(wire())
    import time; time.sleep(30)
"""


@linux
@pytest.mark.parametrize("name", ["early", "garbage", "closes"])
def test_forged_frames_end_the_worker(open_session, name):
    session = open_session({"rnn": FORGE})
    begun(session)
    with pytest.raises(Ended) as end:
        session.perform(Call("rnn", name), None)
    assert end.value.verdict == "crashed"


def test_the_layers_in_force_are_told(open_session):
    session = open_session({"rnn": ""})
    begun(session)
    assert [*session.missing] == [*LAYERS]
    assert session.missing["own process group"] == session.missing["no descriptor but the wire"] == ""


def test_cells_run_in_order_and_one_that_raises_stops_no_other(open_session):
    cells = [("cell 1", "%matplotlib inline\n!ls\nx = 2"), ("cell 2", "undefined"), ("cell 3", "def f(): return x + 1"),
             ("cell 4", "%%time\nz = 9")]  # fmt: skip
    session = open_session({"rnn": "y = 1"}, {"cells1": cells})
    begun(session, "cells1")
    assert session.perform(Call("cells1", "f"), None).value == 3
    missing = session.perform(Call("cells1", "g"), None).failure
    assert "g is not defined; cell 2 stopped with NameError" in missing.message


def test_cells_import_the_students_own_modules(open_session):
    cells = [
        ("cell 1", "from starter import rnn\nfrom grader.check import check, use\ncheck('1.1')\ndef f(): return rnn.y")
    ]
    session = open_session({"rnn": "y = 41"}, {"cells1": cells})
    begun(session, "cells1")
    assert session.perform(Call("cells1", "f"), None).value == 41


def imported_by_its_cells(notebook) -> set[str]:
    """The toolkit's modules that the cells of a notebook import which a worker runs."""
    cells = parse(notebook.read_bytes())
    names = set()
    for _, source in runnable_cells(notebook.name, cells, released=cells):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module == "toolkit":
                names |= {f"toolkit.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module.startswith("toolkit."):
                names.add(node.module)
    return names


def test_what_the_notebooks_import_is_warm():
    code = "import sys; from grader.engine.nursery import warm_up; warm_up(); print(*sys.modules)"
    warm = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        wanted = imported_by_its_cells(notebook)
        assert wanted and not wanted - set(warm.split()), notebook.name


def test_a_spawned_worker_answers_like_a_forked_one():
    nursery = SpawnNursery()
    worker = nursery.start(Job({"rnn": "import os\ndef f(x): return x + 1\ndef g(): os._exit(4)"}))
    deadline = time.monotonic() + 20
    assert worker.request(Load("rnn"), deadline) == Seen()
    assert worker.request(Call("rnn", "f", (torch.ones(2),)), deadline).value.data.tolist() == [2, 2]
    with pytest.raises(Ended, match="exit status"):
        worker.request(Call("rnn", "g"), deadline)
    nursery.close()


def test_waiting_for_a_worker_costs_the_submission_no_time():
    class Prompt:
        missing: ClassVar[dict] = {}

        def request(self, message, deadline, ask=None):
            assert deadline > time.monotonic()
            return Seen()

    def start(job):
        time.sleep(0.3)
        return Prompt()

    session = WorkerSession(start, Job({}), BUDGET | {"load": 0.2, "submission": 0.25}, {}, lambda task: None)
    assert session.begin("gated", []) is None
