"""What notebook 1 measures with: baselines, the contest on a series, order, trials, timing, the samples."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from tests.conftest import ROOT, SHARED
from toolkit import order
from toolkit.baselines import (
    autoregression,
    error_over_horizon,
    persistence,
    seasonal_mean,
    seasonal_naive,
    what_came,
)
from toolkit.contest import baseline_forecasts, network_forecasts, share_of
from toolkit.cost import parameter_count
from toolkit.data import samples
from toolkit.forecaster import WindowNetwork
from toolkit.recorded import RESULTS, recorded
from toolkit.series import cycles, seasonal, sine
from toolkit.timing import side_by_side
from toolkit.trial import FAULTY, TARGET, barometer, final_error, trial

GOOD = {"lr": 0.01, "shift": 101_300.0, "scale": 300.0, "gain": 1.0}

# Baselines


def test_baselines_give_what_their_names_say():
    series = torch.arange(20.0)
    assert persistence(series, [5, 9], 3).tolist() == [[4, 4, 4], [8, 8, 8]]
    assert seasonal_naive(series, [5, 9], 3, period=4).tolist() == [[1, 2, 3], [5, 6, 7]]
    assert what_came(series, [5, 9], 3).tolist() == [[5, 6, 7], [9, 10, 11]]


def test_the_seasonal_mean_is_that_of_the_known_steps_alone():
    series = torch.tensor([1.0, 10, 3, 30, 1000, 1000])
    assert seasonal_mean(series, [4], 2, period=2, known=4, width=1).tolist() == [[2, 20]]


def test_the_smoothing_goes_round_the_year():
    series = torch.tensor([0.0, 0, 0, 9] * 3)
    assert seasonal_mean(series, [8], 4, period=4, known=8, width=3).tolist() == [[3, 0, 3, 3]]


def test_an_autoregression_continues_a_sine_wave_to_the_last_digits():
    wave = sine(200, period=17)
    forecasts = autoregression(wave, [120, 150], 30, order=4, known=100)
    torch.testing.assert_close(forecasts, what_came(wave, [120, 150], 30), atol=1e-3, rtol=0)


def test_no_baseline_looks_ahead():
    series, other = seasonal(800), seasonal(800)
    other[700:] += 100
    for mine, theirs in zip(
        *(baseline_forecasts(s, [700], 14, 690, 365).values() for s in (series, other)), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("call, message", [
    (lambda: what_came(torch.zeros(9), [7], 3), "no 3 steps after every origin"),
    (lambda: what_came(torch.zeros(9, 1), [7], 1), r"shape \(9, 1\), expected \(T,\)"),
    (lambda: seasonal_naive(torch.zeros(9), [5], 3, 2), "period is 2, expected 3"),
    (lambda: autoregression(torch.zeros(9), [2], 1, 3, 9), "order is 3"),
    (lambda: error_over_horizon(torch.zeros(3), torch.zeros(2)), "expected .2,."),
])  # fmt: skip
def test_baselines_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_error_is_taken_over_the_origins():
    assert error_over_horizon(torch.tensor([[3.0, 0], [4, 0]]), torch.zeros(2, 2)).tolist() == [math.sqrt(12.5), 0]
    assert share_of(torch.tensor(3.0), torch.tensor(4.0)) == 25


# The contest


def test_a_network_beats_repeating_the_last_value_on_the_generated_season():
    series, origins = seasonal(), range(2920, 3630, 5)
    truth = what_came(series, origins, 1)
    errors = [error_over_horizon(forecasts, truth)[0]
              for forecasts in (network_forecasts(series, origins, 1, 2920), persistence(series, origins, 1))]  # fmt: skip
    assert share_of(*errors) > 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real series are not here")
def test_the_real_series_are_taken_where_they_are(tmp_path):
    for name in ("daily-min-temperatures.csv", "monthly-sunspots.csv"):
        (tmp_path / name).write_bytes((SHARED / name).read_bytes())
    assert samples.temperatures(tmp_path).name.startswith("Daily minimum")
    assert samples.sunspots(tmp_path).name.startswith("Monthly sunspot")


def test_elsewhere_the_samples_say_that_they_are_generated(tmp_path):
    for sample, length in ((samples.temperatures, 3650), (samples.sunspots, 2820)):
        series = sample(tmp_path)
        assert series.name.startswith("generated") and len(series) == len(series.values) == length


def test_generated_series_repeat_and_look_like_what_they_stand_for():
    assert torch.equal(seasonal(500, seed=3), seasonal(500, seed=3)) and not torch.equal(seasonal(), seasonal(seed=1))
    assert 10 < seasonal().mean() < 12 and 3.4 < seasonal().std() < 4.4
    assert cycles().min() == 0 and 90 < cycles().max() < 350


@pytest.mark.parametrize("make", [lambda: seasonal(0), lambda: cycles(0), lambda: cycles(5, period=3)])
def test_generated_series_refuse(make):
    with pytest.raises(ValueError, match="expected"):
        make()


# Order


def test_the_contestants_are_of_equal_size():
    assert {parameter_count(make()) for make in order.contestants().values()} == {321}
    assert WindowNetwork(18, 4)(torch.zeros(5, 18, 1))[0].shape == (5, 1, 1)


def test_out_of_order_nothing_can_be_predicted(monkeypatch):
    monkeypatch.setattr(order, "STEPS", 60)
    make = order.contestants()["feed-forward, a window at once"]
    assert order.error_in("in order", make) < 0.3
    assert order.error_in("series shuffled", make) > 1.3


# Trials


def test_each_of_the_four_numbers_alone_keeps_a_trial_from_the_target():
    assert final_error(trial(GOOD)) < 0.9 * TARGET
    for name, value in FAULTY.items():
        assert final_error(trial(GOOD | {name: value})) > 1.5 * TARGET, name


def test_a_trial_draws_from_its_own_seed_and_leaves_the_global_one_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second, other = trial(GOOD), trial(GOOD), trial(GOOD, seed=1)
    assert first == second != other and torch.equal(before, torch.get_rng_state())
    assert barometer().std() > 250


@pytest.mark.parametrize("change, message", [
    ({"lr": 0.0}, "lr is 0, expected a number above 0"),
    ({"lr": "0.1"}, "lr is '0.1', expected a finite number"),
    ({"scale": math.nan}, "scale is nan, expected a finite number"),
    ({"momentum": 0.9}, "expected a dict with the keys lr, shift, scale, gain"),
])  # fmt: skip
def test_a_trial_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        trial(GOOD | change)


def test_a_trial_takes_numbers_of_torch_and_numpy():
    assert trial(GOOD | {"scale": torch.tensor(300.0), "shift": np.float32(101_300)}) == trial(GOOD)


def test_a_trial_that_explodes_has_an_infinite_error():
    assert final_error([1.0] * 30 + [math.nan]) == math.inf


# Timing


def test_functions_are_timed_in_turns():
    calls = []
    seconds = side_by_side({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3, warmups=1)
    assert calls == ["a", "b"] * 4 and [len(row) for row in seconds.values()] == [3, 3]
    with pytest.raises(ValueError, match="repeats is 0"):
        side_by_side({}, repeats=0)


# What is recorded


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_record_says_how_to_make_it_again(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    command = record["command"].split()
    assert command[:2] == ["python", "-m"] and (ROOT / f"{command[2].replace('.', '/')}.py").is_file()
    assert {"seeds", "commit", "cores", "processor", "python", "torch", "rows"} <= record.keys()


@pytest.mark.parametrize("name", ["order", "rollouts", "clipping", "rnn_speed", "real_series_temperatures"])
def test_records_are_read_as_scores_with_their_source(name):
    record = recorded(name)
    assert "Recorded with `python -m benchmarks." in record.source
    assert all(values for row in record.scores.values() for values in row.values())


def test_a_record_that_is_not_there_is_told():
    with pytest.raises(FileNotFoundError, match=r"no record .nothing. in .*; there: .*order"):
        recorded("nothing")
