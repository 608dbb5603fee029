"""What is said of mistakes that nobody listed: parts tried alone, the nearest change, the picture of a difference."""

from __future__ import annotations

import itertools
import json
import math
import re
import tomllib
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from grader.calls import written
from grader.checks.kit import Check, all_parts, parts_of, piece
from grader.compare import Compared, Mismatch, agree, close, gradients_agree
from grader.engine.cells import run_cells
from grader.engine.values import Array, Call, Failure, Given, Handle, Opaque, Seen
from grader.engine.workbench import Workbench, failure_of
from grader.examples import example_class
from grader.exceptions import hint_for_failure
from grader.explain import what_would_agree, which_parts
from grader.hints import Outcome, recognise
from grader.judge import Judge
from grader.nearest import Near, nearest, number_clause
from grader.picture import picture_of
from grader.recordings import Live, Saved, run_logged
from grader.references import Variant, nothing_judged, patched_source, reference_bench, variant_bench, variants_of
from grader.reports.card import card_html, card_text, told_once
from grader.reports.picture import difference_svg, difference_text
from grader.results import CALLED_AS, CheckResult, TaskResult, dump
from grader.sessions import LocalSession
from grader.tasks import load_course

MISTAKES = tomllib.loads(Path(__file__).with_name("unlisted_mistakes.toml").read_text(encoding="utf-8"))["mistake"]


class WithoutABank(Saved):
    """Recordings in which no mistake is listed."""

    def variants(self, check, names=None):
        return {}


def judged(course, task, sources, library=None, hidden=False):
    """One task of these sources, with what it requires taken as solved; judged in this process."""
    space: dict = {}

    def load() -> dict:
        if not space:
            with nothing_judged():  # a cell may take parts of other tasks
                space.update(run_cells(sources, "student"))
        return space

    bench = Workbench({task.space: load}, files={name: name for name, _ in sources})
    judge = Judge(course, library or WithoutABank(), LocalSession(bench, lambda task: None), hidden=hidden)
    judge.results = {name: TaskResult(name, 1, [CheckResult("", "", "passed")]) for name in task.requires}
    return judge.judge(task)


def variant(mistake) -> Variant:
    return Variant(
        mistake["task"], mistake["name"], "", tuple(map(tuple, mistake.get("replace", ()))), mistake.get("body")
    )


def with_text(course, task: str, *replace, **body):
    entry = course.tasks[task]
    return patched_source(entry, Variant(task, "made here", "", replace, body.get("body")))


@cache
def complete(name: str) -> dict[str, str]:
    return dict(example_class(load_course(), 0))[name]


# whole cards


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{entry['task']} {entry['name']}" for entry in MISTAKES])
def test_a_mistake_that_nobody_listed_is_explained(course, mistake):
    task = course.tasks[mistake["task"]]
    result = judged(course, task, patched_source(task, variant(mistake)))
    assert result.verdict != "passed"
    card = card_text(result, task)
    assert [said for said in mistake["says"] if said not in card] == [], card


@pytest.mark.parametrize("name", ["complete", "complete-einsum", "complete-fused"])
def test_a_right_solution_gets_no_hint(course, name):
    for task in course.graded:
        if task.module:
            path = f"starter/{task.module}.py"
            result = judged(course, task, [(path, complete(name)[path])], Saved())
            assert [(check.verdict, check.hint, check.difference) for check in result.checks] == [
                ("passed", "", None)
            ] * len(result.checks)


def test_a_listed_mistake_is_told_by_its_own_hint_alone(course):
    task, listed = course.tasks["1.2"], next(v for v in variants_of("1.2") if v.name == "tanh_missing")
    result = judged(course, task, patched_source(task, listed), Saved())
    assert [check.hint for check in result.checks if check.hint] == [listed.hint]


OWN_WORDS = """
if not 1 <= series.dim() <= 2:
    raise ValueError(f"a series of {series.dim()} axes")
if min(length, horizon) < 1:
    raise WindowError("below 1")
series = series if series.dim() == 2 else series[:, None]
if (count := len(series) - length - horizon + 1) < 1:
    raise WindowError(f"{count} windows")
inputs, targets = (torch.stack([series[i : i + length] for i in range(k, k + count)]) for k in (0, STEP))
return inputs, targets
"""


def own_words(step: str) -> str:
    """A body of 1.1 whose exceptions have words, and a kind, of their own."""
    return "class WindowError(ValueError):\n    pass\n" + OWN_WORDS.replace("STEP", step).strip()


def test_a_mistake_is_recognised_whatever_the_words_of_a_right_exception(course):
    task = course.tasks["1.1"]
    assert judged(course, task, with_text(course, "1.1", body=own_words("horizon")), Live(course, 5), True).score == 2
    for step, name in (("0", "targets_not_shifted"), ("1", "horizon_ignored_in_the_targets")):
        result = judged(course, task, with_text(course, "1.1", body=own_words(step)), Live(course, 5), hidden=True)
        listed = next(entry for entry in variants_of("1.1") if entry.name == name)
        assert [check.hint for check in result.checks if check.hint] == [listed.hint]


def test_a_hint_is_not_given_where_a_passed_check_contradicts_it(course):
    """A variant that answers one check alike and fails another that the student passed is another mistake."""
    body = """
    y, state = model(context, None)
    step = y[:, -1:]
    made = [step]
    for _ in range(steps - 2):
        step, _ = model(step, None)
        made.append(step)
    return torch.cat(made, dim=1)
    """
    result = judged(course, course.tasks["1.5"], with_text(course, "1.5", body=body), Live(course, 5), hidden=True)
    assert not any("left out" in check.hint for check in result.checks)
    assert any("the first forecast is right" in check.hint for check in result.checks)


def test_a_mistake_is_recognised_in_code_that_a_device_without_values_lets_through(course):
    body = """
    states, state = [], None
    for x_t in x.unbind(dim=1):
        state = cell(x_t, state)
        states.append(state[0] if isinstance(state, tuple) else state)
    grads = torch.autograd.grad(states[-1].sum(), states)
    return torch.tensor([g.pow(2).sum().item() for g in grads], dtype=x.dtype)
    """
    result = judged(course, course.tasks["2.5"], with_text(course, "2.5", body=body), Live(course, 5), hidden=True)
    listed = next(entry for entry in variants_of("2.5") if entry.name == "root_missing")
    assert [check.hint for check in result.checks if check.hint] == [listed.hint]


def test_zeros_are_no_sign_of_a_known_mistake(course):
    """A normalised sum of one unit is zero, as under a ReLU."""
    body = """
    h = x.new_zeros(len(x), self.hidden_size) if h is None else h
    a = x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
    return torch.tanh(nn.functional.layer_norm(a, a.shape[1:]))
    """
    result = judged(course, course.tasks["1.2"], with_text(course, "1.2", body=body), Live(course, 5), hidden=True)
    assert result.verdict != "passed" and not any("ReLU" in check.hint for check in result.checks)


class TwoMistakes:
    """A bank in which one variant gives the same number as the student's code once, and another twice, of three times."""

    def hints(self, task):
        return {"by chance": "By chance.", "confirmed": "Confirmed."}

    def variants(self, check, names=None):
        alike = {"by chance": ["first"], "confirmed": ["second", "third"]}
        return {name: [Seen(0.25 if check.name in checks else 0.75)] for name, checks in alike.items()
                if names is None or name in names}  # fmt: skip


def test_a_single_number_is_no_sign_unless_another_check_confirms_it():
    outcomes = [
        Outcome(Check(name, "5.8", "", print), CheckResult(name, "", "failed"), [Seen(0.25)],
                Mismatch("", seen=Seen(0.25), compared=Compared(0.25, 0.5)))
        for name in ("first", "second", "third")
    ]  # fmt: skip
    found, whole = recognise(outcomes, TwoMistakes())
    assert ({name: hint for name, hint in found.items() if hint}, whole) == ({"second": "Confirmed."}, False)


def test_a_hint_is_told_once(course):
    result = judged(course, course.tasks["1.3"], with_text(course, "1.3", ("self.cell(x_t, h)", "self.sell(x_t, h)")))
    hints = [check.hint for check in result.checks if check.hint]
    assert len(hints) == 1 and hints[0].startswith("There is nothing of that name here")


def test_right_numbers_of_another_type_are_told_as_that():
    for got, want, words in ((WANT.double(), WANT, "only their type"), (WANT, WANT.double(), "only their type"),
                             (WANT.double() + 1e-8, WANT.double(), "")):  # fmt: skip
        assert words in what_would_agree(Compared(array(got), array(want)))
    rounded = Compared(array(torch.exp(3 * TERM).double()), array(torch.exp(3 * TERM.double())))
    assert "pass through float32" in what_would_agree(rounded)
    one_feature = Compared(array(WANT[..., :1].double()), array(WANT[..., :1]))
    assert "reversed" not in what_would_agree(one_feature)


def test_right_values_under_other_names_and_in_another_kind_are_told():
    want = {"a": array(WANT[0]), "b": array(WANT[1])}
    got = {"a": array(WANT[0]), "cell.b": array(WANT[1])}
    assert what_would_agree(Compared(got, want)) == "The values are right, but cell.b should be called b."
    assert what_would_agree(Compared({"a": array(WANT[0])}, want)) == ""
    pair = (array(WANT), array(WANT[:, -1]))
    assert "a tuple is wanted" in what_would_agree(Compared(list(pair), pair))


def test_a_line_between_right_and_wrong_is_not_drawn_by_chance():
    speckled = WANT[0].clone()
    speckled[1, 0] += 1
    speckled[2, 3] += 1
    speckled[3, 1] += 1
    assert near(speckled, WANT[0]) == ""
    parameters = {"weight": array(torch.cat([WANT[0, :2], TERM[0, 2:]]))}
    assert what_would_agree(Compared(parameters, {"weight": array(WANT[0])})) == ""


@pytest.mark.parametrize("kind, message, said", [
    ("SyntaxError", "'return' outside function", "indent it"),
    ("SyntaxError", "'break' outside loop", "indent it"),
    ("TabError", "inconsistent use of tabs and spaces in indentation", "four spaces"),
    ("RuntimeError", "stack expects a non-empty TensorList", "ran not once"),
    ("RuntimeError", "torch.cat(): expected a non-empty list of Tensors", "ran not once"),
    ("RuntimeError", "stack expects each tensor to be equal size, but got [4, 1] at entry 0 and [3, 1]", "run past the end"),
    ("ValueError", "only one element tensors can be converted to Python scalars", "a whole tensor came"),
    ("TypeError", "len() of a 0-d tensor", "squeeze"),
    ("TypeError", "configuration() missing 1 required positional argument: 'series'", "Compare the call"),
    ("TypeError", "RNNCell.forward() takes from 2 to 3 positional arguments but 4 were given", "Compare the call"),
    ("AttributeError", "'tuple' object has no attribute 'clone'", "hand it on as it came"),
    ("AttributeError", "'RNNCell' object has no attribute 'W_ih'", "misspelt"),
    ("NameError", "name 'weight_ih' is not defined", "through self"),
    ("NotImplementedError", "Cannot copy out of meta tensor; no data!", "on a fixed device"),
    ("TypeError", "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy it first.", "on the CPU alone"),
    ("RuntimeError", "a leaf Variable that requires grad is being used in an in-place operation.", "with torch.no_grad()"),
    ("RuntimeError", "a view of a leaf Variable that requires grad is being used in an in-place operation.", "no_grad()"),
    ("RuntimeError", "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True "
     "if this is the desired behavior.", "made on the side"),
    ("RuntimeError", "Trying to backward through the graph a second time (or directly access saved tensors …).", "one pass"),
    ("RuntimeError", "grad can be implicitly created only for scalar outputs", "sum it first"),
    ("RuntimeError", "can't retain_grad on Tensor that has requires_grad=False", "under torch.no_grad()"),
    ("RuntimeError", "element 0 of tensors does not require grad and does not have a grad_fn", "The graph is cut"),
    ("RuntimeError", "all elements of input should be between 0 and 1", "with_logits"),
    ("RuntimeError", "Expected a 'cuda' device type for generator but found 'cpu'", "draws on its own device"),
    ("RuntimeError", "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.", "detach"),
    ("TypeError", "cannot assign 'torch.FloatTensor' as parameter 'bias_ih' (torch.nn.Parameter or None expected)", "into it"),
    ("TypeError", "object of type 'generator' has no len()", "make a list"),
    ("TypeError", "'generator' object is not subscriptable", "make a list"),
    ("TypeError", "unsupported operand type(s) for ** or pow(): 'NoneType' and 'int'", "skip tensors without one"),
    ("AttributeError", "'NoneType' object has no attribute 'mul_'", "skip tensors without one"),
    ("AttributeError", "'NoneType' object has no attribute 'shape'", "a state that was left out"),
    ("ZeroDivisionError", "float division by zero", "can be 0 here"),
    ("RuntimeError", "random_ expects 'from' to be less than 'to', but got from=0 >= to=0", "the range is empty"),
    ("TypeError", "only integer tensors of a single element can be converted to an index", "rows and places"),
    ("TypeError", "expected Tensor as element 0 in argument 0, but got tuple", "collect one tensor"),
    ("TypeError", "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor", "all that the cell gave"),
    ("RuntimeError", "hidden0 has inconsistent hidden_size: got 3, expected 5", "the input first"),
    ("ValueError", "not enough values to unpack (expected 4, got 3)", "another number of parts"),
])  # fmt: skip
def test_an_exception_is_explained_by_its_kind_and_message(kind, message, said):
    assert said in hint_for_failure(Failure(kind, message))


def test_what_a_card_shows_is_small_and_the_same_each_time(course):
    mistake = next(entry for entry in MISTAKES if entry["name"] == "outputs in reverse")
    task = course.tasks["1.3"]
    records = [judged(course, task, patched_source(task, variant(mistake))).record() for _ in range(2)]
    assert dump(records[0]) == dump(records[1])
    pictures = [check["difference"] for check in records[0]["checks"] if "difference" in check]
    assert len(pictures) == 1 and len(json.dumps(pictures[0])) < 1000


def test_a_card_draws_the_difference_once(course):
    task = course.tasks["1.3"]
    result = judged(
        course, task, with_text(course, "1.3", ["torch.stack(states, dim=1), h", "-torch.stack(states, 1), h"])
    )
    page, text = card_html(result, task), card_text(result, task)
    assert page.count("<svg") == 1 and "Every entry" not in page and "every entry has the wrong sign" in page
    assert text.count(". right (unit down, time to the right)") == 1


def test_a_card_folds_what_tells_no_more():
    checks = [
        CheckResult(name, f"Sentence {name}.", verdict, message=message, hint=hint)
        for name, verdict, message, hint in (
            ("a", "passed", "", ""),
            ("b", "failed", "first", ""),
            ("c", "failed", "second", ""),
            ("d", "failed", "third", "Mend."),
        )
    ]
    open_part, _, folded = card_html(TaskResult("1.2", 3, checks), load_course().tasks["1.2"]).partition("<details>")
    assert all(part in open_part for part in ("first", "third", "Mend."))
    assert all(part in folded for part in ("1 more not passed, 1 passed", "Sentence a.", "second"))


def test_a_card_shows_the_check_that_gave_the_verdict():
    checks = [CheckResult(name, f"Sentence {name}.", verdict, message=name)
              for name, verdict in (("a", "failed"), ("b", "error"), ("c", "passed"))]  # fmt: skip
    open_part, _, folded = card_html(TaskResult("1.2", 3, checks), load_course().tasks["1.2"]).partition("<details>")
    assert "stopped with an exception" in open_part and "Sentence b." in open_part
    assert ">1 more passed<" in folded and "Sentence c." in folded


def test_only_values_that_are_wrong_have_the_parts_tried(course):
    """A property, a type or a gradient behind a right value says nothing of the terms."""
    for task, old, new in (("1.1", "if len(series) < length + horizon:", "if False:"),
                           ("1.2", "+ h @", "+ h.detach() @")):  # fmt: skip
        result = judged(course, course.tasks[task], with_text(course, task, (old, new)))
        assert result.verdict == "failed"
        assert not any("Tried alone" in check.hint for check in result.checks)


def test_an_exception_keeps_its_own_hint(course):
    result = judged(
        course, course.tasks["1.2"], with_text(course, "1.2", ("x @ self.weight_ih.T", "x @ self.weight_ih"))
    )
    hints = [check.hint for check in result.checks if check.verdict == "error"]
    assert hints[0].startswith("A matrix product has sides that don't meet.") and not any(hints[1:])


def test_a_hidden_check_tells_no_more_than_its_message(course):
    sources = with_text(
        course, "1.3", ("for x_t in x.unbind(dim=1):", "for x_t in (x * (1 + (x.shape[1] > 20))).unbind(dim=1):")
    )
    result = judged(course, course.tasks["1.3"], sources, Live(course, 5), hidden=True)
    failed = [check for check in result.checks if check.verdict != "passed"]
    assert [check.hidden for check in failed] == [True]
    assert failed[0].difference is None and "RNN(" not in failed[0].message
    # what is seen of the recorded answers is the one entry that differs first, as ever
    assert len(re.findall(r"-?\d+\.\d+", failed[0].message)) == 2
    assert not re.search(r"\d", failed[0].hint.replace("h0", ""))


def test_code_that_ends_or_hangs_in_a_part_changes_no_verdict(course, open_session, monkeypatch):
    def graded(line):
        text = complete("complete")["starter/rnn.py"].replace("torch.tanh(x @", "torch.tanh(2 * x @")
        text = text.replace(
            "        if x.dim() != 2 or x.shape[1]", f"        {line}\n        if x.dim() != 2 or x.shape[1]", 1
        )
        judge = Judge(course, WithoutABank(), open_session({"rnn": text}, load=30), hidden=False)
        return [judge.judge(course.tasks[name]) for name in ("1.1", "1.2", "1.3", "1.5")]

    only_in_parts = "if (self.weight_hh == 0).all():"
    before = graded("pass")
    assert any("Tried alone" in check.hint for check in before[1].checks)
    monkeypatch.setattr("grader.judge.PARTS_SECONDS", 2)
    for what in ("while True: pass", "import os; os._exit(3)"):
        after = graded(f"{only_in_parts}\n            {what}")
        assert [(task.verdict, task.score) for task in after] == [(task.verdict, task.score) for task in before]
        assert not any("Tried alone" in check.hint for check in after[1].checks)


def test_an_exception_in_a_part_counts_as_wrong(course):
    raising = "if (self.weight_ih == 0).all(): raise OSError('no')\n        if h is None:"
    sources = with_text(course, "1.2", ("if h is None:", raising), ("torch.tanh(x @", "torch.tanh(2 * x @"))
    result = judged(course, course.tasks["1.2"], sources)
    assert any(
        "the tanh are wrong; the start from zeros where h is left out is right" in check.hint for check in result.checks
    )


# parts


def test_the_reference_passes_every_part_and_the_release_records_them(course):
    saved, live = Saved(), Live(course, 11)
    for task in course.graded:
        assert len(parts_of(task.id)) >= 4
        assert set(saved._case(task.id)["parts"]) == {part.name for part in parts_of(task.id)}
    for part in all_parts():
        live.get(part)
        assert run_logged(part, reference_bench(course), saved.get(part), course.tasks[part.task].space)[1], part.name


def test_every_part_fails_for_some_mistake(course):
    saved = Saved()
    for task in course.graded:
        unlisted = [variant(entry) for entry in MISTAKES if entry["task"] == task.id]
        left = parts_of(task.id)
        for mistake in itertools.chain(unlisted, variants_of(task.id)):
            left = [part for part in left
                    if run_logged(part, variant_bench(task, mistake), saved.get(part), task.space)[1]]  # fmt: skip
            if not left:
                break
        assert left == []


def test_parts_make_one_sentence():
    assert which_parts({"a": True, "b": True, "c": False}) == "Tried alone, c is wrong; a and b are right."
    assert which_parts({"a": False, "b": False}) == "" and which_parts({}) == ""
    assert "each part is right, from a to b" in which_parts({"a": True, "b": True})


def test_a_piece_of_what_is_not_there_is_a_mismatch():
    assert piece(Seen((1, {"a": [2]})), 1, "a", 0).value == 2
    assert piece(Seen(array(torch.arange(6.0).view(2, 3))), (slice(None), 0)).value.data.tolist() == [0, 3]
    failed = Seen(failure=Failure("E", "m"))
    assert piece(failed, 3).failure is failed.failure
    for value in (
        None,
        3,
        (),
        {},
        "text",
        Opaque("x"),
        array(torch.zeros(())),
        Array(None, (2,), "torch.float32", "meta"),
    ):
        with pytest.raises(Mismatch):
            piece(Seen(value), 7)


# the nearest change


def array(data: torch.Tensor) -> Array:
    return Array(data, tuple(data.shape), str(data.dtype), "cpu")


def near(got, want, axes=(), terms=None) -> str:
    return nearest(Near(got, want, lambda one, other: close(one, other, str(want.dtype)), axes, terms))


DRAW = torch.Generator().manual_seed(4)
WANT = torch.tanh(torch.randn(3, 4, 5, generator=DRAW))
TERM = torch.randn(3, 4, 5, generator=DRAW)
AXES = ("batch", "time", "unit")


@pytest.mark.parametrize("got, clause", [
    (WANT.transpose(0, 2), "axes 0 and 2 are swapped: batch and unit"),
    (WANT.permute(2, 0, 1), "put in the order"),
    (WANT[:, :, None], "squeeze"),
    (WANT.flip(2), "reversed along axis 2 (unit)"),
    (WANT.roll(1, 1), "moved 1 step earlier along axis 1 (time)"),
    (WANT[:, 1:], "1 step too few at the beginning of axis 1 (time)"),
    (torch.cat([WANT, WANT[:, -1:]], 1), "1 step too many at the end of axis 1 (time)"),
    (WANT[:, -1], "the last step alone along axis 1 (time)"),
    (WANT.reshape(12, 5), "right and in the right order"),
    (WANT.sum(0), "the sum of what is wanted over axis 0"),
    (WANT[[2, 0, 1]], "but in another order"),
    (2 * WANT, "every entry is 2 times what it should be"),
    (-WANT, "wrong sign"),
    (WANT / 5, "1/5 of what it should be (5 is the size of axis 2 (unit))"),
    (WANT * 60, "(60 is the number of entries)"),
    (WANT / math.sqrt(5), "1/√5 of"),
    (WANT * 0.3, "0.3 times"),
    (WANT + 0.25, "0.25 too large"),
    (torch.atanh(WANT), "once tanh is applied"),
    (torch.tanh(WANT), "one tanh taken off"),
    (torch.sigmoid(torch.atanh(WANT)), "a tanh in the place of a sigmoid"),
    (torch.relu(torch.atanh(WANT)), "a tanh in the place of a ReLU"),
    (1 - WANT, "1 minus"),
    (WANT - TERM, "once the term is added"),
    (torch.cat([WANT[:, :1] + 1, WANT[:, 1:]], 1), "only index 0 is wrong"),
    (torch.cat([WANT[:, :2], TERM[:, 2:]], 1), "right up to index 1, and wrong from there on"),
    (TERM, ""), (torch.zeros_like(WANT), ""), (WANT * math.nan, ""), (TERM[0], ""), (torch.zeros(0), ""),
])  # fmt: skip
def test_the_nearest_change_is_told(got, clause):
    told = near(got, WANT, AXES, {"the term": TERM})
    assert clause in told if clause else told == ""


def test_a_check_may_name_terms_and_axes():
    with pytest.raises(Mismatch) as found:
        agree(Seen(array(WANT - TERM)), Seen(array(WANT)), terms={"the bias": TERM})
    assert what_would_agree(found.value.compared) == "It agrees once the bias is added."
    with pytest.raises(Mismatch) as found:
        agree(Seen(array(WANT.flip(1))), Seen(array(WANT)), axes=("batch", "source", "target"))
    assert what_would_agree(found.value.compared) == "It agrees when it is reversed along axis 1 (source)."


def test_softmax_and_masks_and_integers():
    scores = torch.randn(3, 5, generator=DRAW)
    assert near(scores, torch.softmax(scores, 1)) == "it agrees once softmax is taken over axis 1"
    mask = scores > 0
    assert near(~mask, mask) == "every entry is the opposite of what it should be"
    ids = torch.randperm(40, generator=DRAW).view(5, 8)
    assert "reversed" in near(ids.flip(1), ids) and near(ids * 2, ids) == ""


def test_nothing_is_told_by_chance():
    """A few entries, zeros and constants agree under anything."""
    assert near(torch.ones(1), 2 * torch.ones(1)) == "" and near(torch.ones(4, 4), 2 * torch.ones(4, 4)) == ""
    eye = torch.eye(3)
    assert near(eye.flip(0), eye) == "" and near(torch.randn(3, 4), torch.zeros(3, 4)) == ""
    tiny = 1e-6 * WANT  # all within the absolute tolerance of zero
    assert near(WANT, tiny) == ""
    for seed in range(200):
        draw = torch.Generator().manual_seed(seed)
        assert near(torch.randn(3, 4, 5, generator=draw), torch.randn(3, 4, 5, generator=draw), AXES) == ""


def test_a_single_number_is_told_by_whole_factors_alone():
    assert (
        number_clause(40.0, 1.0) == "it is 40 times what it should be"
        and number_clause(0.5, 1.0) == "it is 1/2 of what it should be"
    )
    assert number_clause(-1.5, 1.5) == "it has the wrong sign"
    assert (
        number_clause(1.37, 1.0)
        == number_clause(math.nan, 1.0)
        == number_clause(math.inf, 1.0)
        == number_clause(0.0, 1.0)
        == ""
    )


# hostile answers

WANTED = {
    "matrix": array(WANT[0]), "cube": array(WANT), "vector": array(WANT[0, 0]), "number": 0.5,
    "scalar": array(WANT[0, 0, 0]), "pair": (array(WANT), array(WANT[:, -1])),
    "dict": {"a": array(WANT[0]), "b": array(WANT[1])}, "ids": array(torch.arange(20).view(4, 5)),
    "mask": array(WANT[0] > 0), "list": [1, [2, "x"]], "meta": Array(None, (3, 4), "torch.float32", "meta"),
}  # fmt: skip
HOSTILE = [
    None, True, 3, -(2**62), 1e308, math.nan, math.inf, "<script>alert(1)</script>" * 50, b"".hex(), [], (), {}, [[[[[]]]]],
    Opaque("<b>evil</b>\x1b[31m"), {"a": "x", "b": None}, {1: 2}, {"a": array(WANT[1]), "b": array(WANT[0])},
    (array(WANT[:, -1]), array(WANT)), [array(WANT)] * 3, ("x",) * 1000,
    array(torch.full((3, 4, 5), math.nan)), array(torch.full((4, 5), math.inf)), array(torch.zeros(1, 1, 1, 1, 1, 1, 1)),
    array(torch.randn(2, 2, 2, 2, 2, 2, 2)), array(torch.zeros(())), array(torch.zeros(0)), array(torch.zeros(0, 5)),
    array(torch.zeros(2000, 2000)), array(torch.full((4, 5), 1e38)), array(torch.full((4, 5), 1e-45)), array(WANT.double()),
    array(WANT.half()), array(WANT > 0), array(torch.zeros(3, 4, 5, dtype=torch.int8)), array(torch.full((4, 5), 2**62)),
    Array(None, (3, 4, 5), "torch.float32", "meta"), Array(None, (10**9, 10**9), "torch.float32", "meta"),
]  # fmt: skip


@pytest.mark.parametrize("want", WANTED)
def test_no_answer_breaks_a_message_a_hint_or_a_picture(want):
    for got in HOSTILE:
        try:
            agree(Seen(got), Seen(WANTED[want]), "the result", ("outputs", "h_n"))
        except Mismatch as found:
            picture = picture_of(found.compared)
            card = CheckResult("n", "One step.", "failed", message=found.message, hint=what_would_agree(found.compared),
                               difference=picture)  # fmt: skip
            page = card_html(TaskResult("1.2", 3, [card]), load_course().tasks["1.2"])
            assert "<script" not in page and "<b>" not in page and "\x1b" not in page
            assert len(json.dumps(picture)) < 1000 and len(card.hint) < 600
            ElementTree.fromstring(page)


def test_gradients_of_any_kind_are_compared():
    want = Seen(array(WANT), gradients={"x": array(WANT), "h": array(WANT[0]), "unused": None})
    for found in (None, array(WANT[1]), array(WANT), Opaque("evil")):
        with pytest.raises(Mismatch) as failed:
            gradients_agree(Seen(array(WANT), gradients={"x": found, "h": array(-WANT[0])}), want)
        told = what_would_agree(failed.value.compared)
        assert "the gradient of h: every entry has the wrong sign" in told
        picture_of(failed.value.compared)


SOUND = {"rows": ["04dn"], "axes": ["a", "b"], "sizes": [1, 4], "part": "", "at": "", "largest": ""}


@pytest.mark.parametrize("record", [
    None, {}, [], "x", 3, SOUND | {"rows": None}, SOUND | {"rows": []}, SOUND | {"axes": ["a"]}, SOUND | {"rows": ["0" * 41]},
    SOUND | {"rows": ["0"] * 13}, SOUND | {"rows": ["01", "0"]}, SOUND | {"rows": ["<>"]}, SOUND | {"sizes": ["x", 1]},
])  # fmt: skip
def test_a_record_of_another_form_is_drawn_as_nothing(record):
    assert difference_svg(record) == difference_text(record) == ""


def test_words_in_a_picture_are_escaped_and_bounded():
    record = SOUND | {"axes": ["<a>", "b&\n"], "part": "<svg onload=x>" * 20, "at": '"', "largest": "</title>"}
    drawn = difference_svg(record)
    root = ElementTree.fromstring(drawn)
    assert "<svg onload" not in drawn and "no number" in drawn and root.get("aria-label").count("<svg onload=x>") < 8
    assert all(len(line) < 260 for line in difference_text(record).splitlines())


# pictures


def test_time_runs_to_the_right_and_large_matrices_shrink():
    got = WANT.clone()
    got[1, 2] += torch.tensor([1.0, -1, 0.5, 0, math.nan])
    picture = picture_of(
        Compared((array(got), array(WANT)), (array(WANT), array(WANT)), "the result", ("outputs", "h_n"))
    )
    assert picture == {"part": "outputs", "at": "batch 1", "axes": ["unit", "time"], "sizes": [5, 4], "largest": "1",
                       "rows": ["0040", "00d0", "0020", "0000", "00n0"]}  # fmt: skip
    large = torch.zeros(100, 300)
    large[99, 299] = 1
    picture = picture_of(Compared(array(large), array(torch.zeros(100, 300)), axes=("unit", "weight")))
    assert (len(picture["rows"]), len(picture["rows"][0]), picture["rows"][-1][-1]) == (12, 38, "4")
    assert picture["axes"] == ["unit", "weight"] and picture["sizes"] == [100, 300]
    one_feature = picture_of(Compared(array(WANT[..., :1] + 1), array(WANT[..., :1])))
    assert one_feature["axes"] == ["batch", "time"] and one_feature["at"] == ""


def test_a_picture_has_a_sentence_for_whoever_cannot_see_it():
    picture = picture_of(Compared(array(WANT[0] + 1), array(WANT[0]), "h'"))
    root = ElementTree.fromstring(difference_svg(picture))
    title = root.find("{http://www.w3.org/2000/svg}title").text
    assert (
        title
        == root.get("aria-label")
        == "Where h' differs from what is expected, row (4) by column (5): 20 of 20 cells, by at most 1"
    )
    assert float(root.get("width")) <= 320


# messages


def problem(got, want, what="the result", names=()) -> str:
    with pytest.raises(Mismatch) as found:
        agree(Seen(got), Seen(want), what, names)
    return str(found.value)


def test_the_entries_of_a_dict_go_by_their_keys():
    want = {name: array(WANT[0]) for name in ("weight_ih", "weight_hh", "h0")}
    got = want | {"weight_hh": array(-WANT[0]), "h0": array(2 * WANT[0])}
    message = problem(got, want, "the dict")
    assert message.startswith("weight_hh is ") and message.endswith("; wrong too: h0; right: weight_ih")
    assert problem(got, want, "the parameters after the step").startswith("weight_hh after the step is ")
    same_keys = [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}]
    assert problem(*same_keys).startswith("a is 2, expected 3")


def test_numbers_that_read_alike_are_told_to_more_digits():
    one, other = torch.tensor([1.0, 2.0], dtype=torch.float64), torch.tensor([1.0, 2.0 + 3e-6], dtype=torch.float64)
    assert "2.000003 at [1], expected 2 (a difference of 3e-06)" in problem(array(other), array(one))
    assert "0.5 at" in problem(array(one / 2), array(one)) and "difference of" not in problem(
        array(one / 2), array(one)
    )
    assert "2 of them NaN" in problem(array(one * math.nan), array(one))


def test_iterators_are_told():
    assert "a list (or an iterator) of 2" in problem([array(WANT), array(WANT)], (array(WANT), array(WANT)))
    told = problem((Opaque("builtins.map"), array(WANT)), (array(WANT), array(WANT)), names=("inputs", "targets"))
    assert told.startswith("inputs is a map, which holds no values yet") and told.endswith("; right: targets")
    assert "is a NumPy array, expected" in problem(Opaque("numpy.ndarray"), array(WANT))


def test_a_call_is_written_with_its_arguments():
    labels = {1: "RNNCell(3, 5)", 2: "optimizer"}
    call = Call(
        "rnn",
        "bptt",
        (Handle(1), Given(torch.zeros(2, 3), "x"), torch.zeros(4, dtype=torch.float64), None, 0.05, [1, "a"]),
    )
    assert (
        written(call, labels)
        == "bptt(RNNCell(3, 5), x of shape (2, 3), a tensor of 4 values in float64, None, 0.05, [1, 'a'])"
    )
    assert written(Call("", "", (Handle(2),), Handle(1)), labels) == "RNNCell(3, 5)(optimizer)"
    assert written(Call("props", "parameters", (Handle(1),)), labels) == ""
    assert len(written(Call("rnn", "f", ("x" * 99,) * 99), labels)) < 300


def test_a_message_repeated_by_another_call_is_told_once():
    messages = [f"ValueError: no{CALLED_AS}f(1)", f"ValueError: no{CALLED_AS}f(2)", "", "", "other"]
    assert told_once(messages) == [messages[0], "the same", "", "", "other"]


def test_an_exception_in_a_helper_names_the_way_to_it():
    space: dict = {}
    exec(compile("def helper():\n    raise OSError('no')\ndef f():\n    return helper()", "mine", "exec"), space)
    for name, through in (("f", "in helper, which f came to from line 4"), ("helper", None)):
        try:
            space[name]()
        except OSError as raised:
            assert failure_of(raised, {"mine": "mine"}).through == through


def test_a_missing_name_mentions_the_cell_that_stopped():
    bench = Workbench({"cells1": lambda: run_cells([("cell 1", "size = 1 / 0"), ("cell 2", "def f(): return size")])})
    failure = bench.perform(Call("cells1", "f")).failure
    assert failure.message == "name 'size' is not defined; cell 1 stopped with ZeroDivisionError: division by zero"
    assert hint_for_failure(failure).startswith("A cell above stopped")
    assert hint_for_failure(bench.perform(Call("cells1", "g")).failure).startswith("A cell above stopped")
