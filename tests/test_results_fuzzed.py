"""What a student's function may give, raise or claim to be: it is told as it is, or by an exception, and can travel."""

from __future__ import annotations

import socket
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.engine.values import Array, Ask, Call, Callback, Given, Opaque, Seen, is_observed
from grader.engine.wire import Wire
from grader.engine.workbench import Workbench
from grader.engine.worker import _reply
from tests.fuzzing import tried

# each makes `lie`, which a function of the student's returns
LIES = {
    "sparse": "torch.eye(3).to_sparse()",
    "compressed": "torch.eye(3).to_sparse_csr()",
    "quantised": "torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.quint8)",
    "complex": "torch.zeros(2, dtype=torch.complex64)",
    "conjugate": "torch.zeros(2, dtype=torch.complex64).conj().imag",
    "negative": "torch._neg_view(torch.ones(2))",
    "float8": "torch.zeros(2).to(torch.float8_e5m2)",
    "unsigned": "torch.zeros(2, dtype=torch.uint16)",
    "meta": "torch.zeros(3, 4, device='meta')",
    "meta, huge": "torch.zeros(2**40, device='meta')",
    "nested": "torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])",
    "jagged": "torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged)",
    "giant on a small storage": "torch.zeros(1).expand(2**40)",
    "overlapping": "torch.zeros(4).as_strided((3, 3), (1, 1))",
    "many axes": "torch.zeros([1] * 64)",
    "empty and giant": "torch.zeros(0, 2**40)",
    "NaN": "torch.tensor([float('nan'), float('inf')])",
    "parameter": "torch.nn.Parameter(torch.zeros(2))",
    "packed": "torch.nn.utils.rnn.pack_sequence([torch.zeros(2, 1)])",
    "sizes": "torch.zeros(2, 3).size()",
    "dtype": "torch.float32",
    "return types": "torch.zeros(2, 3).max(dim=0)",
    "generator": "torch.Generator()",
    "array": "__import__('numpy').zeros(3)",
    "number of NumPy's": "__import__('numpy').float64('nan')",
    "huge number": "10 ** 5000",
    "complex number": "1j",
    "bytes": "b'x' * 10",
    "surrogate": "'\\ud800'",
    "NaN as key": "{float('nan'): 1, True: 2, None: 3, 1.5: 4, (1, 'a'): 5}",
    "tensor as key": "{torch.zeros(1): 1, torch.zeros(1): 2}",
    "function": "lambda: 0",
    "module": "torch.nn.Linear(2, 2)",
    "set": "{1, 2}",
    "cycle": "[cycle := [], cycle.append(cycle)][0]",
    "cycle of dicts": "[cycle := {}, cycle.update(x=cycle)][0]",
    "deep": "__import__('functools').reduce(lambda inner, _: [inner], range(500), 0)",
    "a bit too deep": "__import__('functools').reduce(lambda inner, _: (inner,), range(70), 0)",
    "many": "[0] * 200_001",
    "iterator": "iter([1, torch.zeros(2)])",
    "endless iterator": "__import__('itertools').count()",
    "iterator that raises": "(1 / 0 for _ in range(2))",
    "Fraction": "__import__('fractions').Fraction(1, 3)",
    "Enum": "__import__('enum').IntEnum('E', 'A').A",
    "named tuple": "__import__('collections').namedtuple('P', 'a b')(1, torch.zeros(1))",
    "Counter": "__import__('collections').Counter('aab')",
    "namespace": "globals()",
}
CLASSES = {
    "shape": "class L(torch.Tensor):\n    shape = property(lambda self: (9, 9))",
    "shape of None": "class L(torch.Tensor):\n    shape = property(lambda self: None)",
    "dtype": "class L(torch.Tensor):\n    dtype = property(lambda self: 'torch.float64')",
    "layout": "class L(torch.Tensor):\n    layout = property(lambda self: 3)",
    "device": "class L(torch.Tensor):\n    device = property(lambda self: type('D', (), {'type': 5})())",
    "size": "class L(torch.Tensor):\n    numel = element_size = lambda self: 0",
    "detached": "class L(torch.Tensor):\n    detach = lambda self: self",
    "wanting": "class L(torch.Tensor):\n    requires_grad = property(lambda self: 'yes')",
    "raising": "class L(torch.Tensor):\n    def __getattribute__(self, name): raise SystemExit(name)",
    "function": "class L(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): return 3",
    "function that raises": "class L(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): raise OSError",
    "int": "class L(int): pass", "str": "class L(str):\n    __str__ = lambda self: L('x')\n    __getitem__ = lambda self, at: 7",
    "float": "class L(float):\n    __pos__ = __float__ = lambda self: 'x'", "bool": "class L:\n    __class__ = bool",
    "text": "class L:\n    __class__ = str",
    "tuple": "class L:\n    __class__ = tuple",
    "tensor": "class L:\n    __class__ = torch.Tensor",
    "dict": "class L(dict):\n    items = lambda self: [(self, self)]", "items": "class L(dict):\n    items = lambda self: 3",
    "list": "class L(list):\n    __iter__ = lambda self: iter([object])\n    __len__ = lambda self: -1",
    "endless": "class L:\n    __class__ = list\n    def __iter__(self): raise SystemExit",
    "class that raises": "class L:\n    __class__ = property(lambda self: 1 / 0)",
    "equal": "class L:\n    __eq__ = lambda self, other: 1 / 0\n    __hash__ = lambda self: 0",
    "name": "L = type('\\x1b[31m' * 900, (), {})",
    "module": "class L: pass\nL.__module__ = 5",
    "qualified": "class M(type):\n    __qualname__ = property(lambda c: 1 / 0)\nclass L(metaclass=M): pass",
}  # fmt: skip
RAISED = {
    "text that raises": "class E(Exception):\n    def __str__(self): raise SystemExit",
    "text of a class": "class S(str):\n    __getitem__ = lambda self, at: 3\n"
    "class E(Exception):\n    def __str__(self): return S('x')",
    "name": "class M(type):\n    __name__ = property(lambda c: 5)\nclass E(Exception, metaclass=M): pass",
    "long name": "E = type('E' * 10_000, (Exception,), {})",
    "traceback": "class E(Exception):\n    __traceback__ = property(lambda self: 5)",
    "syntax": "class E(SyntaxError):\n    filename, lineno, msg, text = 'f.py', 'x', 3, object()",
    "unhashable": "class E(SyntaxError):\n    filename = []",
    "base": "class E(BaseException): pass",
    "group": "E = lambda: ExceptionGroup('g', [ValueError(1)] * 3)",
    "line": "class E(SyntaxError):\n    filename, lineno = 'f.py', -5",
    "control": "class E(Exception):\n    def __str__(self): return '\\x1b[2J\\ud800' * 900",
    "name of nothing": "class E(NameError):\n    def __str__(self): return 'x' * 9_000",
}  # fmt: skip


def bench(source: str) -> Workbench:
    scope: dict = {"torch": torch}
    return Workbench(
        {"rnn": lambda: exec(compile(source, "f.py", "exec"), scope) or scope}, files={"f.py": "starter/rnn.py"}
    )


def received(source: str, *args, ask=None, **options) -> Seen:
    """What the judge's side gets of a call: over a wire, as it would in a grading."""
    seen = bench(source).perform(Call("rnn", "f", args, **options), ask)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        _reply(Wire(theirs), "token", seen)
        token, back = Wire(ours).receive(time.monotonic() + 5)
    assert token == "token" and isinstance(back, Seen) and is_observed(back.value)
    return back


@pytest.mark.parametrize("kind", LIES)
@pytest.mark.parametrize("around", ["{}", "(1, {})", "{{'x': {}}}"], ids=["alone", "in a tuple", "in a dict"])
def test_any_result_is_told(kind, around):
    received(f"def f(): return {around.format(LIES[kind])}")


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "made", ["L()", "[L()]", "{L(): 1}", "torch.zeros(2, 3).as_subclass(L)", "(torch.zeros(2).as_subclass(L),)"]
)
def test_a_result_that_lies_about_itself_is_told(kind, made):
    received(f"{CLASSES[kind]}\ndef f(): return {made}")


@pytest.mark.parametrize("kind", RAISED)
def test_an_exception_that_lies_about_itself_is_told(kind):
    assert received(f"{RAISED[kind]}\ndef f(): raise E()").failure is not None
    assert received(f"{RAISED[kind]}\nraise E()").failure is not None


@pytest.mark.parametrize("kind", [*LIES, *CLASSES])
def test_gradients_of_anything_are_told(kind):
    made = LIES.get(kind, "torch.zeros(2).as_subclass(L)")
    received(
        f"{CLASSES.get(kind, '')}\ndef f(x): return (x * 2, {made})",
        Given(torch.ones(2), "x", grad=True),
        gradients=True,
    )


@pytest.mark.parametrize("kind", [*LIES, *CLASSES])
def test_anything_may_be_asked_about(kind):
    made = LIES.get(kind, "torch.zeros(2).as_subclass(L)")
    asked: list[Ask] = []

    def ask(one: Ask):
        asked.append(one)
        assert all(map(is_observed, one.args)) or kind == "namespace"
        raise RuntimeError("no answer")

    assert received(f"{CLASSES.get(kind, '')}\ndef f(g): return g({made})", Callback(0), ask=ask).failure is not None


def test_what_is_no_lie_comes_as_it_is():
    assert received("def f(): return torch.nn.Parameter(torch.ones(2))").value.requires_grad
    derived = received("class T(torch.Tensor): pass\ndef f(): return torch.ones(2).as_subclass(T)").value
    assert isinstance(derived, Array) and torch.equal(derived.data, torch.ones(2))
    assert isinstance(received("def f(): return torch.eye(2).to_sparse()").value, Opaque)


def _nested(inner):
    parts = st.lists(inner, min_size=1, max_size=3).map(", ".join)
    return parts.map("[{}]".format) | parts.map("({},)".format) | parts.map("[{{'x': y}} for y in ({},)]".format)


@given(st.recursive(st.sampled_from(sorted(LIES.values())), _nested, max_leaves=6))
@tried(30)
def test_results_of_many_parts_are_told(expression):
    received(f"def f(): return {expression}")
