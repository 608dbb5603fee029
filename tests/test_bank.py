"""The bank of mistakes, and where the line runs: other right ways pass every check, near misses fail one."""

from __future__ import annotations

import itertools

import pytest

from grader.checks.kit import checks_of
from grader.compare import same_seen
from grader.recordings import Live, Saved, run_logged
from grader.references import Variant, base_of, variant_bench, variants_of
from grader.tasks import load_course

TASKS = [task.id for task in load_course().graded]


@pytest.fixture(scope="module")
def library(course):
    return Live(course, 3)


@pytest.fixture(scope="module")
def saved():
    return Saved()


def runs(course, library, variant: Variant) -> dict:
    """check → (what was seen, whether it passed), with this body for the task's region."""
    task = course.tasks[variant.task]
    bench = variant_bench(task, variant)
    return {check: run_logged(check, bench, library.get(check), task.space) for check in checks_of(task.id)}


def failed(course, library, task: str, body: str) -> list[str]:
    found = runs(course, library, Variant(task, "another", "", body=body))
    return [check.name for check, (_, passed) in found.items() if not passed]


@pytest.mark.parametrize("task", TASKS)
def test_a_bank_has_one_mistake_in_each_variant_and_tells_them_apart(course, library, saved, task):
    """The base that they are made from is right; each fails a check; two with different hints never answer alike.

    What they answered to the visible checks is read from the release; the hidden ones run where that does not suffice.
    """
    assert failed(course, library, task, base_of(task)) == []
    open_checks = checks_of(task, hidden=False)
    logs = {check: saved.variants(check) for check in open_checks}
    seen = {variant: [logs[check][variant.name] for check in open_checks] for variant in variants_of(task)}
    for variant, answers in seen.items():
        if all(variant.name in saved.get(check).passing for check in open_checks):
            found = runs(course, library, variant)
            assert not all(passed for _, passed in found.values()), f"{variant.name} passes"
        raised = [entry.failure for log in answers for entry in log if entry.failure]
        assert not {failure.kind for failure in raised} & {"SyntaxError", "NameError"}, variant.name
        assert not any("does not run" in failure.message for failure in raised), variant.name
    pairs = [(one, other) for one, other in itertools.combinations(seen, 2) if one.hint != other.hint]
    alike = [pair for pair in pairs if same_logs(seen[pair[0]], seen[pair[1]])]
    assert [(one.name, other.name) for one, other in alike if same_runs(course, library, one, other)] == []


def same_runs(course, library, one: Variant, other: Variant) -> bool:
    """Whether they answer the hidden checks alike, too."""
    return same_logs(*([log for log, _ in runs(course, library, variant).values()] for variant in (one, other)))


def same_logs(one: list, other: list) -> bool:
    return all(len(a) == len(b) and all(map(same_seen, a, b)) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("task", TASKS)
def test_hints_are_short_and_calm(task):
    for variant in variants_of(task):
        assert "!" not in variant.hint and variant.hint.endswith("."), variant.name
        assert len(variant.hint) <= 200, f"{variant.name}: {len(variant.hint)}"


# other right ways

RIGHT = {
    "1.1 unfold and movedim": ("1.1", """
if series.dim() not in (1, 2) or min(length, horizon) < 1 or series.shape[0] - length - horizon < 0:
    raise ValueError
windows = series.reshape(series.shape[0], -1).unfold(0, length, 1).movedim(-1, 1)
return windows[:-horizon], windows[horizon:]
"""),
    "1.1 preallocated": ("1.1", """
if series.ndim == 1:
    return make_windows(series.view(-1, 1) if series.is_contiguous() else series[:, None], length, horizon)
if series.ndim != 2:
    raise ValueError("two axes, please")
n = series.size(0) - length - horizon + 1
if n <= 0 or length <= 0 or horizon <= 0:
    raise ValueError("too short")
inputs = torch.empty(n, length, series.size(1), dtype=series.dtype, device=series.device)
targets = torch.empty_like(inputs)
for i in range(n):
    inputs[i], targets[i] = series[i : i + length], series[i + horizon : i + horizon + length]
return inputs, targets
"""),
    "1.2 linear": ("1.2", """
import torch.nn.functional as F
if h is None:
    h = torch.zeros_like(x[:, :1]).expand(-1, self.weight_hh.shape[0])
return F.linear(x, self.weight_ih, self.bias_ih).add(F.linear(h, self.weight_hh, self.bias_hh)).tanh()
"""),
    "1.2 addmm": ("1.2", """
a = torch.addmm(self.bias_ih + self.bias_hh, x, self.weight_ih.t())
return torch.tanh(a if h is None else torch.addmm(a, h, self.weight_hh.t()))
"""),
    "1.2 columns": ("1.2", """
h = x.new_zeros((1, len(self.bias_hh))) if h is None else h
return ((self.weight_ih @ x.mT + self.weight_hh @ h.mT) + (self.bias_ih + self.bias_hh)[:, None]).tanh().mT
"""),
    "1.3 preallocated": ("1.3", """
outputs = torch.empty(*x.shape[:2], self.cell.hidden_size, dtype=x.dtype, device=x.device)
for t in range(x.size(1)):
    h0 = outputs[:, t] = self.cell(x[:, t, :], h0)
return outputs, h0
"""),
    "1.3 time in front": ("1.3", """
h, outputs = torch.zeros(x.size(0), self.cell.hidden_size).to(x) if h0 is None else h0, []
for x_t in x.transpose(0, 1):
    outputs.append(h := self.cell(x_t, h))
outputs = torch.stack(outputs).permute(1, 0, 2)
return outputs, outputs[:, -1]
"""),
    "1.3 slices joined": ("1.3", """
h, outputs = h0, torch.empty(len(x), 0, self.cell.hidden_size, dtype=x.dtype, device=x.device)
for x_t in x.split(1, dim=1):
    h = self.cell(x_t.squeeze(1), h)
    outputs = torch.cat([outputs, h.unsqueeze(1)], dim=1)
return outputs, h
"""),
    "1.4 detached copies": ("1.4", """
w_ih, w_hh = cell.weight_ih.detach(), cell.weight_hh.detach()
b = (cell.bias_ih + cell.bias_hh).detach()
x, grad_outputs = x.detach(), grad_outputs.detach()
h = torch.zeros(len(x), len(b), dtype=x.dtype, device=x.device) if h0 is None else h0.detach()
states = [h]
for x_t in x.unbind(1):
    states.append(torch.tanh(x_t @ w_ih.T + states[-1] @ w_hh.T + b))
back, deltas = torch.zeros_like(h), []
for h, g in zip(states[:0:-1], grad_outputs.flip(1).unbind(1)):
    deltas.append((g + back) * (1 - h * h))
    back = deltas[-1] @ w_hh
deltas = torch.stack(deltas[::-1], dim=1).flatten(0, 1)
before = torch.stack(states[:-1], dim=1).flatten(0, 1)
bias = deltas.sum(0)
return dict(h0=back, weight_ih=deltas.mT @ x.flatten(0, 1), weight_hh=deltas.mT @ before, bias_ih=bias, bias_hh=bias)
"""),
    "1.4 inference mode": ("1.4", """
with torch.inference_mode():
    first = h0 if h0 is not None else torch.zeros_like(grad_outputs[:, 0])
    hs = [first]
    for t in range(x.shape[1]):
        hs += [(cell.weight_ih @ x[:, t].T + cell.weight_hh @ hs[-1].T + (cell.bias_ih + cell.bias_hh)[:, None]).tanh().T]
    dW, dU, db, dh = 0, 0, 0, 0
    for t in range(x.shape[1])[::-1]:
        da = (grad_outputs[:, t] + dh) * (1 - hs[t + 1].pow(2))
        dW, dU, db, dh = dW + da.T @ x[:, t], dU + da.T @ hs[t], db + da.sum(0), da @ cell.weight_hh
return {"weight_ih": dW, "weight_hh": dU, "bias_ih": db, "bias_hh": db, "h0": dh}
"""),
    "1.5 without gradients": ("1.5", """
with torch.no_grad():
    out, feed, state = [], context, None
    for _ in range(steps):
        y, state = model(feed, state)
        feed = y[:, -1].unsqueeze(1)
        out.append(feed)
    return torch.cat(out, 1)
"""),
    "1.5 state detached": ("1.5", """
y, state = model(context)
result = context.new_empty(len(context), steps, context.shape[-1])
result[:, 0] = y[:, -1]
for t in range(1, steps):
    state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    y, state = model(result[:, t - 1 : t].detach(), state)
    result[:, t] = y.detach()[:, 0]
return result
"""),
    "1.5 evaluation mode put back": ("1.5", """
mode = model.training
model.eval()
y, state = model(context, None)
parts = (y[:, -1:],)
while len(parts) < steps:
    y, state = model(parts[-1], state)
    parts += (y,)
model.train(mode)
return torch.cat(parts, dim=-2)
"""),
    "1.6 by hand, cleared at both ends": ("1.6", """
model.zero_grad()
y_hat = model(x)[0]
loss = (y_hat - y).pow(2).mean()
loss.backward()
norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
if norm > max_norm:
    for p in model.parameters():
        p.grad = p.grad * (max_norm / norm)
optimizer.step()
optimizer.zero_grad()
return float(loss.detach())
"""),
    "1.6 refuses what is not a number": ("1.6", """
y_hat, state = model(x, None)
loss = torch.nn.MSELoss()(y_hat, y)
if not torch.isfinite(loss):
    raise FloatingPointError("the loss is not finite")
optimizer.zero_grad(set_to_none=False)
loss.backward()
torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=max_norm, error_if_nonfinite=True)
optimizer.step()
return loss.detach().cpu().tolist()
"""),
    "1.6 a number of NumPy's that is a float": ("1.6", """
import numpy as np
optimizer.zero_grad()
loss = torch.nn.functional.mse_loss(model(x)[0], y)
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
optimizer.step()
return np.float64(loss.item())
"""),
    "1.7 from the data, as tensors": ("1.7", """
return {"lr": 0.01, "shift": barometer().mean(), "scale": barometer().std(), "gain": 1}
"""),
    "1.7 from the data, as NumPy's numbers": ("1.7", """
import numpy as np
readings = barometer().numpy()
return {"lr": np.float64(0.01), "shift": readings.mean(), "scale": np.std(readings), "gain": np.int64(1)}
"""),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, library, name):
    assert failed(course, library, *RIGHT[name]) == []


# near misses: right on ordinary inputs, each fails this check

WRONG = {
    "1.1 no axis at all": ("windows_refuse_bad_series", "if series.dim() not in (1, 2):", "if series.dim() > 2:"),
    "1.1 length 0": ("windows_refuse_bad_lengths", "length < 1 or horizon", "length < 0 or horizon"),
    "1.1 horizon 0": ("windows_refuse_bad_lengths", "or horizon < 1", "or horizon < 0"),
    "1.1 a seed of its own": ("windows_leave_the_series_alone", "return torch", "torch.manual_seed(0)\nreturn torch"),
    "1.2 a state kept on self": (
        "step_without_a_state", "if h is None:",
        "h, self.kept = h if h is not None else getattr(self, 'kept', h), self.bias_hh + 0 * x[:, :1]\nif h is None:"),
    "1.2 memory that nobody wrote to": ("step_without_a_state", "torch.zeros(len(x), self.hidden_size, dtype=x.dtype",
                                        "torch.Tensor(len(x), self.hidden_size).to(dtype=x.dtype"),
    "1.3 memory that nobody wrote to": ("outputs_and_last_state", "h, outputs = h0, []",
                                        "h, outputs = x.new_empty(len(x), self.cell.hidden_size) if h0 is None else h0, []"),
    "1.4 a graph is held": ("gradients_by_hand_hold_no_graph", "with torch.no_grad():", "if True:"),
    "1.4 old gradients cleared": ("gradients_by_hand_leave_things_alone", "return grads", "cell.zero_grad()\n    return grads"),
    "1.4 zeros of another dtype": ("gradients_by_hand_without_a_state", "x.new_zeros(len(x), len(cell.weight_hh))",
                                   "torch.zeros(len(x), len(cell.weight_hh), device=x.device)"),
    "1.5 old gradients cleared": ("forecast_leaves_things_alone", "made = [step]", "model.zero_grad()\nmade = [step]"),
    "1.5 a call more": ("context_is_read_once", "return ", "model(step, state)\nreturn "),
    "1.6 evaluation mode for the pass": ("step_works_in_the_mode_it_finds", "y_hat, _ = model(x)",
                                         "mode = model.training\nmodel.eval()\ny_hat, _ = model(x)\nmodel.train(mode)"),
    "1.6 a little too long": ("step_with_clipping", "max_norm)", "1.01 * max_norm)"),
    "1.6 clips to 2 at most": ("step_without_clipping", "max_norm)", "min(max_norm, 2.0))"),
    "1.6 a rounded loss": ("loss_before_the_step", "return loss.item()", "return round(loss.item(), 4)"),
    "1.6 NaN made zero": ("loss_that_is_not_a_number", "return loss.item()", "return loss.nan_to_num().item()"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, library, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, library, task, base_of(task).replace(old, new))
