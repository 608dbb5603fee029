"""Which solutions are asked about as nearly the same: copies in disguise, and not what a task makes common.

The class is made up: every statement of a solution is drawn from the ways in which one may write it, and so are its names.
"""

from __future__ import annotations

import ast
import random
import re
import textwrap
from functools import cache

import pytest

from grader.intake import Material
from grader.references import sources_of, variants_of, with_mistake
from grader.similarity import LEAST_SOLUTIONS, MAX_SOURCE, MAX_STATEMENTS, alike
from tests.conftest import ROOT

# the ways to write each part of a solution, between lines of |; a name after $ is the student's own
CLIP = """
if torch.is_tensor($all):
    $all = [$all]
else:
    $all = list($all)
|
$all = [$all] if isinstance($all, torch.Tensor) else list($all)
|
if isinstance($all, torch.Tensor):
    $all = [$all]
$all = [$p for $p in $all]
|
$all = list([$all] if torch.is_tensor($all) else $all)

$grads = [$p.grad for $p in $all if $p.grad is not None]
|
$grads = []
for $p in $all:
    if $p.grad is not None:
        $grads.append($p.grad)
|
$some = [$p for $p in $all if $p.grad is not None]
$grads = [$p.grad for $p in $some]
|
$grads = list(filter(lambda $g: $g is not None, ($p.grad for $p in $all)))

if len($grads) == 0:
    return torch.tensor(0.0)
|
if not $grads:
    return torch.zeros(())
|
if $grads == []:
    return torch.tensor(0.)

$total = 0
for $g in $grads:
    $total = $total + ($g ** 2).sum()
|
$total = sum(($g * $g).sum() for $g in $grads)
|
$total = torch.stack([$g.pow(2).sum() for $g in $grads]).sum()
|
$flat = torch.cat([$g.reshape(-1) for $g in $grads])
$total = $flat @ $flat
|
$total = torch.zeros(())
for $g in $grads:
    $total += torch.sum(torch.square($g))

$norm = $total ** 0.5
|
$norm = torch.sqrt($total)
|
$norm = $total.sqrt()

$factor = max_norm / ($norm + 1e-6)
|
$factor = max_norm / (1e-6 + $norm)
|
$tiny = 1e-6
$factor = max_norm / ($norm + $tiny)

if $factor < 1:
    for $g in $grads:
        $g.mul_($factor)
|
$factor = min(1.0, $factor)
for $g in $grads:
    $g *= $factor
|
$factor = torch.clamp($factor, max=1.0)
for $g in $grads:
    $g.mul_($factor)
|
for $p in $all:
    if $p.grad is not None:
        $p.grad.mul_(min($factor, 1))
"""
ECHO = """
$bits = torch.randint(0, 2, (10, 20), generator=max_norm).float()
|
$bits = torch.randint(2, size=(10, 20), generator=max_norm, dtype=torch.float32)
|
$bits = (torch.rand(10, 20, generator=max_norm) < 0.5).to(torch.float32)
|
$bits = torch.bernoulli(torch.full((10, 20), 0.5), generator=max_norm)

$mask = torch.zeros(10, 20, dtype=torch.bool)
$mask[:, 3:] = True
|
$mask = (torch.arange(20) >= 3).expand(10, 20)
|
$mask = torch.zeros_like($bits).bool()
$mask[:, 3:] = 1
|
$mask = torch.ones(10, 20, dtype=torch.bool)
$mask[:, :3] = False

$target = torch.zeros_like($bits)
for $t in range(3, 20):
    $target[:, $t] = $bits[:, $t - 3]
|
$target = torch.zeros(10, 20)
$target[:, 3:] = $bits[:, :-3]
|
$target = torch.roll($bits, 3, dims=1)
$target[:, :3] = 0
|
$target = torch.cat([torch.zeros(10, 3), $bits[:, :17]], dim=1)
|
$target = nn.functional.pad($bits, (3, 0))[:, :20] * $mask

$place = torch.randint(0, 17, (10,), generator=max_norm)
|
$place = torch.randint(17, size=(10,), generator=max_norm).long()
|
$place = torch.rand(10, generator=max_norm).mul(17).floor().long()

$mark = torch.zeros_like($bits)
$mark[torch.arange(10), $place] = 1
|
$mark = nn.functional.one_hot($place, 20).float()
|
$mark = torch.zeros(10, 20).scatter_(1, $place[:, None], 1.0)
|
$mark = torch.zeros(10, 20)
for $row in range(10):
    $mark[$row, $place[$row]] = 1

$both = torch.stack([$bits, $mark], dim=-1)
|
$both = torch.stack(($bits, $mark), 2)
|
$both = torch.cat([$bits.unsqueeze(2), $mark.unsqueeze(2)], dim=2)
|
$both = torch.cat([$bits[..., None], $mark[..., None]], -1)

return $both, $target * $mask, $norm
|
$target[~$mask] = 0
return ($both, $target, $norm)
|
return $both, $target.where($mask, 0), $norm
"""
ODD = """
$seen = {}
for $row, $p in enumerate($all):
    $seen[$row] = None if $p.grad is None else $p.grad.detach().clone()
while None in $seen.values():
    $seen.pop(next($row for $row in $seen if $seen[$row] is None))
$flat = [float($g.double().norm()) for $g in $seen.values()]
$norm = math.hypot(*$flat) if $flat else 0.0
$tiny = (max_norm - $norm) / max(1e-6, $norm)
for $row in sorted($seen):
    $all[$row].grad.add_($seen[$row], alpha=min($tiny, 0))
return torch.as_tensor($norm, dtype=torch.float32)
"""
TASKS = {"2.1": "echo_batch", "2.4": "unroll", "2.5": "gradient_norms", "2.6": "clip_gradient_norm_"}


def written(rng: random.Random, ways: str = CLIP + ECHO) -> str:
    """The body of a solution. It stands for one of any task: nothing here is run."""
    parts = [rng.choice(part.strip("\n").split("\n|\n")) for part in ways.split("\n\n")]
    names = {name: f"{rng.choice(['my', 'a', 'some'])}_{name}" for name in sorted(set(re.findall(r"\$(\w+)", ways)))}
    return re.sub(r"\$(\w+)", lambda found: names[found[1]], "\n".join(parts).replace("$all", "parameters"))


def defined(body: str, symbol: str = "clip_gradient_norm_") -> str:
    return f"def {symbol}(parameters, max_norm):\n" + textwrap.indent(body, "    ") + "\n"


COPIED = defined(written(random.Random(7), ODD))


def work(*definitions: str) -> Material:
    return Material(modules={"gated": "import torch\n\n\n" + "\n\n".join(definitions)})


@cache
def a_class(count: int, symbols: tuple[str, ...] = ("clip_gradient_norm_",)) -> dict[str, Material]:
    rng = random.Random(0)
    return {f"s{number:03}": work(*(defined(written(rng), symbol) for symbol in symbols)) for number in range(count)}


def disguised(text: str) -> str:
    """The same with other names, comments and layout, a docstring, types, and a line more."""
    text = ast.unparse(ast.parse(re.sub(r"\b(my|a|some)_(\w+)", r"mine_\2", text)))
    text = text.replace("max_norm):", 'max_norm: float) -> "Tensor":\n    """Mine."""\n    print(max_norm)')
    return text.replace("    ", "  ").replace("\n  if", "\n  # my own idea\n\n  if")


def asked(works: dict[str, Material], course) -> dict[tuple[str, ...], list[str]]:
    """students → the tasks in which they are asked about."""
    return {group.students: [found.task for found in group.found] for group in alike(works.items(), course)}


def only(text: str) -> str:
    """The definition of 2.6 alone."""
    return ast.unparse(next(node for node in ast.parse(text).body if getattr(node, "name", "") == TASKS["2.6"]))


@pytest.mark.parametrize("ways", [CLIP, CLIP + ECHO], ids=["short", "long"])
def test_a_class_that_works_on_its_own_is_asked_nothing(course, ways):
    rng = random.Random(1)
    assert asked({f"s{number}": work(defined(written(rng, ways))) for number in range(120)}, course) == {}


def test_a_copy_in_disguise_is_found_and_told_where(course):
    copied = work(f"SIZE = 3\n\n\n{disguised(COPIED)}")
    (group,) = alike((a_class(40) | {"zoe": work(COPIED), "amy": copied}).items(), course)
    (found,) = group.found
    assert (group.students, found.task) == (("amy", "zoe"), "2.6") and "my_" not in copied.modules["gated"]
    assert 0.8 <= found.same < 1 and found.unusual >= 8
    assert all(re.fullmatch(r"starter/gated.py, lines \d+ to \d+", place) for place in found.places)


def test_several_tasks_tell_together_what_one_alone_does_not(course):
    rng = random.Random(2)
    texts = [defined(written(rng), symbol) for symbol in TASKS.values()]
    works = a_class(40, tuple(TASKS.values()))
    one, all_four = ({"ann": work(*some), "bo": work(*map(disguised, some))} for some in (texts[:1], texts))
    assert asked(works | one, course) == {} and asked(works | all_four, course) == {("ann", "bo"): [*TASKS]}


def test_all_who_have_the_same_are_one_group(course):
    works = a_class(40) | {name: work(COPIED) for name in ("cy", "ann", "bo")}
    assert asked(works, course) == {("ann", "bo", "cy"): ["2.6"]}


def test_what_the_course_or_the_class_writes_is_no_sign(course):
    """The reference by heart, what a fifth of the class has from one source, and known mistakes in a right body."""
    reference = sources_of("gated")[0][1]
    works = {f"r{number}": work(disguised(only(reference))) for number in range(2)}
    works |= {f"c{number}": work(COPIED) for number in range(10)}
    assert asked(a_class(40) | works, course) == {}
    texts = {variant.name: with_mistake(reference, course.tasks["2.6"], variant) for variant in variants_of("2.6")}
    assert asked({f"{name}-{n}": work(only(text)) for name, text in texts.items() for n in range(2)}, course) == {}


def test_short_solutions_and_small_classes_are_not_asked_about(course):
    odd = defined(
        "q = sum(p.grad.norm() ** 2 for p in parameters) ** 0.5\nreturn [p.grad.mul_(max_norm / q) for p in parameters], q"
    )
    assert asked(a_class(40) | {"ann": work(odd), "bo": work(odd)}, course) == {}
    assert asked(a_class(LEAST_SOLUTIONS - 3) | {"ann": work(COPIED), "bo": work(COPIED)}, course) == {}


def test_the_starters_lines_are_nobodys(course):
    """Untouched work is no solution: among ever so many of it, what two of a few have is not unusual."""
    text = (ROOT / "starter" / "gated.py").read_text(encoding="utf-8")
    works = a_class(LEAST_SOLUTIONS - 3) | {f"u{number}": Material(modules={"gated": text}) for number in range(20)}
    assert asked(works | {"ann": work(COPIED), "bo": work(COPIED)}, course) == {}


def test_the_place_is_that_of_the_students_own_lines(course):
    """Where the starter gives the rest of a class, its first lines and its check of the arguments, say."""
    text = (ROOT / "starter" / "gated.py").read_text(encoding="utf-8")
    todo = next(line for line in text.splitlines() if 'raise NotImplementedError("Task 2.2' in line)
    body = textwrap.indent(written(random.Random(7), ODD), " " * 8)
    filled = Material(modules={"gated": text.replace(todo, body)})
    works = {f"s{number:03}": work(defined(written(random.Random(number)), "LSTMCell")) for number in range(40)}
    (group,) = alike((works | {"ann": filled, "bo": filled}).items(), course)
    first = text.splitlines().index(todo) + 1
    assert group.found[0].places[0] == f"starter/gated.py, lines {first} to {first + len(body.splitlines()) - 1}"
    assert group.found[0].task == "2.2"


def test_cells_are_compared_as_modules_are(course):
    def cells(text: str) -> Material:
        return Material(
            cells={"cells1": [("nb, cell 3", "import torch"), ("nb, cell 9", f"%matplotlib inline\n{text}")]}
        )

    copied = COPIED.replace("clip_gradient_norm_", "train_step")
    works = {f"s{number}": cells(defined(written(random.Random(number)), "train_step")) for number in range(40)}
    (group,) = alike((works | {"ann": cells(copied), "bo": cells("!ls\n" + disguised(copied))}).items(), course)
    assert group.students == ("ann", "bo") and group.found[0].task == "1.6" and "nb, cell 9" in group.found[0].places[0]


def test_a_helper_of_ones_own_belongs_to_what_uses_it(course):
    helper = COPIED.replace("clip_gradient_norm_", "_mine")
    helped = f"{helper}\n\n" + defined("return _mine(parameters, max_norm)")
    works = a_class(40) | {"ann": work(helped), "bo": work(disguised(helped.replace("_mine", "_another")))}
    assert asked(works, course) == {("ann", "bo"): ["2.6"]}


UNUSUAL = [
    "def clip_gradient_norm_(:",
    "def clip_gradient_norm_(a):\n    return " + "-" * 50_000 + "1",
    defined("return " + "+".join("x" * 9_000)),
    defined("return 0x" + "f" * 9_000),
    "def clip_gradient_norm_(a):\n    '\0'",
    defined("return '\udcff'"),
    defined("x = 1\n" * (MAX_STATEMENTS + 1)),
    defined("return 1" + " " * MAX_SOURCE),
    "clip_gradient_norm_ = print",
    "class clip_gradient_norm_:\n    clip_gradient_norm_ = clip_gradient_norm_",
    defined("match parameters:\n    case [x, *_] if x:\n        return x\n    case {'a': y}:\n        return y"),
    defined(
        "import a.b as c, d\nglobal q\ntry:\n    q: int = 2\nexcept* OSError as e:\n    raise e\nasync def f(): await f()"
    ),
]


def test_whatever_is_handed_in_the_class_is_compared(course):
    works = {f"x{number}": work(text) for number, text in enumerate(UNUSUAL)} | a_class(40)
    assert asked(works | {"ann": work(COPIED), "bo": work(COPIED)}, course) == {("ann", "bo"): ["2.6"]}
