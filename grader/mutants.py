"""Mutants of the reference: its text for a task with one small change, as a slip of the hand makes it.

Each changes one place of the region's syntax tree: an operator, a constant, an argument, a statement. The checks have to
notice every one, or the list of equivalents says why it is none of their business. Error messages, docstrings and
annotations are left alone. The order is that of the source, and two changes that give the same text are one mutant.
"""

from __future__ import annotations

import ast
import copy
import keyword
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from grader.references import BANK, Variant, regions_of
from grader.tasks import Task

__all__ = ["OPERATORS", "Mutant", "equivalents", "mutants_of", "mutations"]

SHOWN = 60  # characters of a changed expression that an id shows
OTHER_OPERATOR = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
                  ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)  # whose operands can't change places
OTHER_COMPARISON = {ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
                    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
                    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,)}  # fmt: skip
SIBLINGS = [("tanh", "sigmoid"), ("sum", "mean"), ("min", "max"), ("argmax", "argmin"), ("softmax", "log_softmax"),
            ("zeros_like", "ones_like"), ("new_zeros", "new_ones"), ("zeros", "ones"), ("sqrt", "square"), ("stack", "cat"),
            ("repeat_interleave", "repeat"), ("extend", "append"), ("lower", "upper"), ("tril", "triu"), ("any", "all"),
            ("eval", "train"), ("PAD", "UNK"), ("BOS", "EOS"), ("mul_", "mul"), ("log", "exp")]  # fmt: skip
SIBLING = {one: other for pair in SIBLINGS for one, other in (pair, pair[::-1])}
AXIS = ("dim", "axis", "axes", "start_dim", "end_dim")


@dataclass(frozen=True)
class Mutant:
    """One change in a task's region: where it is, counted in the region's own lines, and the text with it."""

    task: str
    part: str
    line: int
    operator: str
    before: str
    after: str
    number: int  # among those that would be called the same
    body: str
    code: tuple[str, ...]  # the lines of the body that are changed, as they run

    @property
    def id(self) -> str:
        place = f"{self.task} {self.part}".strip()
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{place}:{self.line} {self.operator}: {self.before} → {self.after}{again}"

    @property
    def variant(self) -> Variant:
        body = f"### in {self.part}\n{self.body}" if self.part else self.body
        return Variant(self.task, "mutant", "", body=body)

    @property
    def names(self) -> set[str]:
        """The names that are changed: those that stand before or after alone, or all where the same stand in both."""
        before, after = (Counter(names_in(code)) for code in (self.before, self.after))
        return {*(before - after), *(after - before)} or {*before}


def names_in(code: str) -> list[str]:
    """What can be named in code: its identifiers, but for those that stand everywhere and the article."""
    everywhere = {"self", "torch", "nn", "functional", "len", "a", "T", *keyword.kwlist}
    return [name for name in re.findall(r"[^\W\d]\w*", code) if name not in everywhere]


@cache
def mutants_of(task: Task) -> tuple[Mutant, ...]:
    """All mutants of the reference's regions for a task, in the order of the source."""
    return tuple(mutant for part, body in regions_of(task) for mutant in mutations(body, task.id, part))


@cache
def equivalents() -> dict[str, str]:
    """Mutants that no check has to notice: id → the reason."""
    return tomllib.loads((BANK / "equivalent.toml").read_text(encoding="utf-8"))


def mutations(body: str, task: str = "", part: str = "") -> Iterator[Mutant]:
    """Every mutant of a text of whole statements, in the order of its lines."""
    tree = ast.parse(textwrap.dedent(body))
    original = ast.unparse(tree)
    seen, called = {original}, Counter()
    for place in _places(tree):
        for operator, make in OPERATORS.items():
            for new in make(place.node, place):
                text, changed = place.with_(new, lambda: ast.unparse(tree))
                if text in seen:
                    continue
                seen.add(text)
                name = (_line(place.node), operator, *changed)
                called[name] += 1
                code = tuple(line for line in text.splitlines() if line not in original.splitlines())
                yield Mutant(task, part, *name, called[name], text, tuple(map(str.strip, code)))


@dataclass
class Place:
    """A node, and where it hangs in the tree: the parent's field and, in a list, the index."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None = None

    def with_(self, new: ast.AST | list[ast.AST], text: Callable[[], str]) -> tuple[str, tuple[str, str]]:
        """`text()` with another node in this place, or several; and what is changed, before and after, in a few words."""
        before = self._around(self.node)
        kept = getattr(self.parent, self.field)
        changed = new
        if self.index is not None:
            changed = list(kept)
            changed[self.index : self.index + 1] = new if isinstance(new, list) else [new]
        setattr(self.parent, self.field, changed)
        try:
            return text(), _shown(before, self._around(new))
        finally:
            setattr(self.parent, self.field, kept)

    def _around(self, node: ast.AST | list[ast.AST]) -> str:
        """A statement's first line; an expression with what stands around it."""
        around = self.parent if isinstance(self.parent, ast.expr | ast.keyword) else node
        first = around[0] if isinstance(around, list) else around
        return ast.unparse(first).partition("\n")[0]


def _shown(before: str, after: str) -> tuple[str, str]:
    """Two texts, where they are long from a little before the place at which they part."""
    if max(len(before), len(after)) <= SHOWN:
        return before, after
    same = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = max(len(list(same)) - SHOWN // 3, 0)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    end = start + SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if text[end:] else "")


def _line(node: ast.AST) -> int:
    """Where it begins; a comprehension's `for` has no line of its own."""
    return (node.target if isinstance(node, ast.comprehension) else node).lineno


def _places(node: ast.AST) -> Iterator[Place]:
    """Every place that may be changed, from the outside in and in the order of the source."""
    for field, value in ast.iter_fields(node):
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in items:
            if isinstance(child, ast.stmt | ast.expr | ast.keyword | ast.comprehension) and not _is_left_alone(
                child, field
            ):
                yield Place(child, node, field, index)
                yield from _places(child)


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Error messages, docstrings and annotations."""
    text = isinstance(node, ast.JoinedStr) or (field == "body" and _is_docstring(node))
    return isinstance(node, ast.Raise) or text or field in ("annotation", "returns")


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# what is changed: each takes a node and its place, and gives other nodes for it


def _operator(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """Another operator: − for +, / for ×, and without a sign or a `not`; of `total += 1` the sum left out."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OTHER_OPERATOR:
        yield _like(node, op=OTHER_OPERATOR[type(node.op)]())
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
    if isinstance(node, ast.UnaryOp):
        yield node.operand


def _operand_order(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """b − a for a − b, and B @ A for A @ B."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ORDERED):
        yield _like(node, left=node.right, right=node.left)


def _operand_dropped(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """A term or a factor left out."""
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)


def _comparison(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """Its border on the other side, or its opposite."""
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            for other in OTHER_COMPARISON[type(op)]:
                yield _like(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])


def _condition(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """`or` for `and`, or one of the conditions left out."""
    if isinstance(node, ast.BoolOp):
        yield _like(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
        for at in range(len(node.values)):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            yield _like(node, values=rest) if len(rest) > 1 else rest[0]


def _constant(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """One more or one less; twice as much or nothing; the opposite; of a text that is no word, a character less."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from map(ast.Constant, (value + 1, value - 1))
    elif isinstance(value, float):
        yield from map(ast.Constant, (2 * value, 0.0) if value else (1.0,))
    elif isinstance(value, str) and not value.isidentifier():
        yield from (ast.Constant(value[:at] + value[at + 1 :]) for at in range(len(value)))


def _axis(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """Another axis."""
    if isinstance(node, ast.keyword) and node.arg in AXIS:
        yield from (_like(node, value=value) for value in _constant(node.value, place))
        if isinstance(node.value, ast.UnaryOp):  # −1
            yield _like(node, value=node.value.operand)
            yield from (
                _like(node, value=ast.UnaryOp(ast.USub(), value)) for value in _constant(node.value.operand, place)
            )


def _order(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """Two neighbours changed about: arguments of a call, parts of a tuple or a list."""
    field = {ast.Call: "args", ast.Tuple: "elts", ast.List: "elts"}.get(type(node))
    unordered = isinstance(place.parent, ast.Compare) and isinstance(place.parent.ops[0], ast.In | ast.NotIn)
    values = getattr(node, field) if field and not unordered else []
    for at in range(len(values) - 1):
        yield _like(node, **{field: [*values[:at], values[at + 1], values[at], *values[at + 2 :]]})


def _argument(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """An argument left out: one that has a name, or the last one."""
    if isinstance(node, ast.Call):
        for at in range(len(node.keywords)):
            yield _like(node, keywords=[*node.keywords[:at], *node.keywords[at + 1 :]])
        if len(node.args) > 1:
            yield _like(node, args=node.args[:-1])


def _call(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """x for x.detach(), for torch.tanh(x) and for x.T; what a method is called on, or the first argument."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    if not isinstance(node, ast.Call) or isinstance(place.parent, ast.Expr):
        return
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        yield node.func.value
    elif node.args and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
        yield node.args[0]


def _is_module(node: ast.expr) -> bool:
    """torch, nn.functional, math, re."""
    first = node
    while isinstance(first, ast.Attribute):
        first = first.value
    return isinstance(first, ast.Name) and first.id in ("torch", "nn", "math", "re", "self")


def _function(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """A function, a method or a mode that is often mistaken for another: a mean for a sum."""
    if isinstance(node, ast.Attribute) and node.attr in SIBLING:
        yield _like(node, attr=SIBLING[node.attr])
    if isinstance(node, ast.Name) and node.id in SIBLING and isinstance(node.ctx, ast.Load):
        yield _like(node, id=SIBLING[node.id])
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in SIBLING:
        yield ast.Constant(SIBLING[node.value])


def _slice(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    """A bound of a slice left out."""
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield _like(node, **{bound: None})


def _statement(node: ast.AST, place: Place) -> Iterator[ast.AST | list[ast.AST]]:
    """A statement left out; of a `with` or a `try` what it is for, while its body runs all the same."""
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.If | ast.For | ast.While | ast.Break):
        yield ast.Pass()
    if isinstance(node, ast.With):
        yield node.body
    if isinstance(node, ast.Try):
        yield node.body
        yield [*node.body, *node.finalbody]


def _branches(node: ast.AST, place: Place) -> Iterator[ast.AST | list[ast.AST]]:
    """Branches changed about, a condition that always holds, and `continue` for `break`."""
    if isinstance(node, ast.IfExp):
        yield _like(node, body=node.orelse, orelse=node.body)
        yield from (node.body, node.orelse)
    if isinstance(node, ast.If):
        yield _like(node, test=ast.UnaryOp(ast.Not(), node.test))
        yield node.body
    if isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.comprehension) and node.ifs:
        yield _like(node, ifs=[])


OPERATORS: dict[str, Callable[[ast.AST, Place], Iterable]] = {
    "operator": _operator,
    "operand order": _operand_order,
    "operand dropped": _operand_dropped,
    "comparison": _comparison,
    "condition": _condition,
    "axis": _axis,
    "constant": _constant,
    "order": _order,
    "argument dropped": _argument,
    "call dropped": _call,
    "function": _function,
    "slice": _slice,
    "statement dropped": _statement,
    "branches": _branches,
}


def _like(node: ast.AST, **fields) -> ast.AST:
    """A shallow copy with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
