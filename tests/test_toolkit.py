"""The toolkit: generated series, choice of a device, the training loop."""

from __future__ import annotations

import math
import random
import re

import numpy as np
import pytest
import torch
from torch import nn

from solution import rnn
from toolkit import progress, stand_ins
from toolkit.device import pick_device, seed_everything
from toolkit.forecaster import Forecaster
from toolkit.series import mixed, noisy, period_of, sine
from toolkit.training import fit

# Series


def test_sine_has_its_period_and_phase():
    wave = sine(101, period=20, phase=math.pi / 2)
    assert wave.shape == (101,) and wave.dtype == torch.float32
    torch.testing.assert_close(wave[::20], torch.ones(6))
    torch.testing.assert_close(wave[10::20], -torch.ones(5))
    torch.testing.assert_close(sine(5, period=4), torch.tensor([0.0, 1, 0, -1, 0]), rtol=0, atol=1e-6)


def test_mixed_is_the_sum_of_its_waves():
    want = 2 * sine(50, 10) + 0.5 * sine(50, 7, phase=1.0)
    torch.testing.assert_close(mixed(50, [10, 7], heights=[2, 0.5], phases=[0, 1.0]), want)


def test_noise_has_its_scale_and_its_own_seed():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    wave = sine(20_000)
    noise = noisy(wave, 0.3, seed=4) - wave
    assert noise.std().item() == pytest.approx(0.3, rel=0.03) and abs(noise.mean().item()) < 0.01
    assert torch.equal(noisy(wave, 0.3, seed=4), noisy(wave, 0.3, seed=4))
    assert not torch.equal(noisy(wave, 0.3, seed=4), noisy(wave, 0.3, seed=5))
    assert torch.equal(noisy(wave, 0), wave)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("period", [7.3, 25.0])
def test_period_is_found_between_steps(period):
    assert period_of(sine(500, period, phase=0.4)) == pytest.approx(period, abs=0.01)


def test_period_of_a_line_is_nan():
    assert math.isnan(period_of(torch.ones(50))) and math.isnan(period_of(sine(20, period=30, phase=-0.1)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mixed(5, []), "0 periods"),
        (lambda: mixed(5, [3, 4], heights=[1]), "2 periods, 1 heights, 2 phases"),
        (lambda: sine(0), "length is 0"),
        (lambda: sine(5, period=0), "the shortest period 0"),
        (lambda: noisy(torch.zeros(3), -0.1), "scale is -0.1, expected 0 or more"),
    ],
)
def test_series_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Device


@pytest.mark.parametrize(
    ("cuda", "mps", "want"), [(1, True, "cuda"), (1, False, "cuda"), (0, True, "mps"), (0, False, "cpu")]
)
def test_the_best_device_is_taken(machine, cuda, mps, want):
    machine(cuda, mps)
    assert pick_device() == torch.device(want)


def test_argument_goes_before_variable_before_the_best(machine, monkeypatch):
    machine(cuda=2, mps=True)
    monkeypatch.setenv("UNROLLED_DEVICE", "mps")
    assert pick_device() == torch.device("mps")
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    monkeypatch.setenv("UNROLLED_DEVICE", "")
    assert pick_device() == torch.device("cuda")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("mps", "the argument asks for 'mps', not available here: use cuda or cpu"),
        ("cuda:2", "the argument asks for 'cuda:2', but CUDA devices here: 2"),
        ("gpu", "the argument asks for 'gpu', an unknown device: use cuda, mps or cpu"),
        ("meta", "'meta', an unknown device"),
    ],
)
def test_a_device_that_is_not_there_is_refused(machine, asked, message):
    machine(cuda=2)
    with pytest.raises(ValueError, match=message):
        pick_device(asked)


def test_the_variable_is_named_when_it_is_at_fault(machine, monkeypatch):
    machine()
    monkeypatch.setenv("UNROLLED_DEVICE", "cuda")
    with pytest.raises(ValueError, match="UNROLLED_DEVICE asks for 'cuda', not available here: use cpu"):
        pick_device()


def test_one_seed_for_all():
    draws = []
    for _ in range(2):
        seed_everything(11)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]
    with pytest.raises(ValueError, match="seed is -1"):
        seed_everything(-1)


# Model and training


def forecaster() -> Forecaster:
    torch.manual_seed(0)
    return Forecaster(nn.RNN(1, 8, batch_first=True), 8)


def test_forecaster_takes_torchs_network_and_ours():
    torch.manual_seed(5)
    theirs = Forecaster(nn.RNN(2, 4, batch_first=True), 4, features=2)
    torch.manual_seed(5)
    ours = Forecaster(rnn.RNN(2, 4), 4, features=2)
    x = torch.randn(3, 6, 2)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0])
    y, state = ours(x[:, :4])
    torch.testing.assert_close(torch.cat([y, ours(x[:, 4:], state)[0]], dim=1), ours(x)[0])


def test_fit_learns_the_wave():
    inputs, targets = rnn.make_windows(sine(150), 20)
    model = forecaster()
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    history = fit(stand_ins.train_step, model, adam, inputs, targets, steps=60)
    assert len(history.losses) == len(history.norms) == 60
    assert history.losses[-1] < 0.05 * history.losses[0]


def test_fit_notes_the_norm_before_clipping():
    inputs, targets = rnn.make_windows(sine(60), 10)
    model = forecaster()
    sgd = torch.optim.SGD(model.parameters(), lr=0.0)
    history = fit(stand_ins.train_step, model, sgd, inputs, targets, steps=1, max_norm=1e-3, seed=9)
    picked = torch.randint(len(inputs), (32,), generator=torch.Generator().manual_seed(9))
    model.zero_grad()
    nn.functional.mse_loss(model(inputs[picked])[0], targets[picked]).backward()
    want = torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).norm().item()
    assert history.norms == [pytest.approx(want, rel=1e-5)] and want > 1e-2


def test_fit_repeats_and_leaves_no_hooks_behind():
    inputs, targets = rnn.make_windows(sine(60), 10)
    losses = []
    for _ in range(2):
        model = forecaster()
        adam = torch.optim.Adam(model.parameters())
        losses.append(fit(stand_ins.train_step, model, adam, inputs, targets, steps=5, seed=1).losses)
        assert not any(parameter._post_accumulate_grad_hooks for parameter in model.parameters())
    assert losses[0] == losses[1]


def test_fit_removes_its_hooks_when_the_step_fails():
    model = forecaster()

    def step(*args):
        raise NotImplementedError("Task 1.6")

    with pytest.raises(NotImplementedError):
        fit(step, model, None, torch.zeros(4, 2, 1), torch.zeros(4, 2, 1), steps=1)
    assert not any(parameter._post_accumulate_grad_hooks for parameter in model.parameters())


# The progress bar


@pytest.fixture
def shown(monkeypatch):
    """What a notebook shows, in turn."""
    looks = []

    class Handle:
        def update(self, look, raw):
            looks.append(look)

    def display(look, raw, display_id):
        looks.append(look)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    return looks


def test_long_work_shows_a_bar_and_leaves_a_line(shown, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "EVERY", 0)
    assert list(progress.steps_with_bar(3, "steps")) == [0, 1, 2]
    assert [look["text/plain"] for look in shown[:3]] == ["1 of 3 steps", "2 of 3 steps", "3 of 3 steps"]
    assert re.fullmatch(r"3 steps in \d+\.\d s", shown[3]["text/plain"]) and 'value="2"' in shown[1]["text/html"]


def test_short_work_shows_nothing(shown):
    assert list(progress.steps_with_bar(3)) == [0, 1, 2] and shown == []


def test_elsewhere_there_is_no_bar(capfd):
    assert list(progress.steps_with_bar(4)) == [0, 1, 2, 3] and capfd.readouterr() == ("", "")


def test_at_a_terminal_the_bar_goes_to_the_error_stream(capfd, monkeypatch):
    monkeypatch.setattr(progress, "at_terminal", lambda: True)
    assert list(progress.steps_with_bar(4, "rounds")) == [0, 1, 2, 3]
    assert capfd.readouterr().out == ""
