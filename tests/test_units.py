"""What there is to follow in a text, and which unit follows it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from toolkit import stand_ins
from toolkit.units import activations, closest_units, in_code, in_play
from toolkit.writers import Writer


def digits(track: torch.Tensor) -> str:
    assert track.dtype == torch.float64
    return "".join(str(int(value)) for value in track)


def test_a_play_by_hand():
    #       name, its colon, a line, the empty line, a name again, one more line
    text = "AB:\nhi: c\nyo\n\nC D:\n\n\nE"
    tracks = in_play(text)
    assert list(tracks) == ["speaker's name", "place in the line", "a line just ended"]
    assert digits(tracks["speaker's name"]) == "110" + "0" + "000000" + "000" + "1" + "1110" + "0" + "111"
    assert digits(tracks["place in the line"]) == "1230" + "123450" + "120" + "0" + "12340" + "00" + "1"
    assert digits(tracks["a line just ended"]) == "0001" + "000001" + "001" + "1" + "00001" + "11" + "0"


def test_a_stage_direction_without_a_colon_ends_with_its_line():
    tracks = in_play("\n\nEnter X\nA: b\n")
    assert digits(tracks["speaker's name"]) == "11" + "11111110" + "00000"


def test_code_by_hand():
    text = "if a:  # b\n    c\n\n  # d #\n  e"
    tracks = in_code(text)
    assert list(tracks) == ["in the indentation", "its depth", "comment", "place in the line"]
    assert digits(tracks["in the indentation"]) == "0" * 10 + "1" + "111101" + "1" + "1100000" + "1" + "110"
    assert digits(tracks["its depth"]) == "0" * 10 + "0" + "123440" + "0" + "1222220"[:6] + "20"[0] + "0" + "122"
    assert digits(tracks["comment"]) == "0" * 7 + "1110" + "000000" + "0" + "0011111" + "0" + "000"
    assert tracks["place in the line"].tolist() == [*range(1, 11), 0, *range(1, 6), 0, 0, *range(1, 8), 0, 1, 2, 3]


def test_code_line_by_line():
    text = "def f(x):\n    # what it does\n    if x:\n        return '#'\n\n    return 1  # ok\n"
    rows = {name: [] for name in ("in the indentation", "its depth", "comment", "place in the line")}
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\n")
        spaces = len(body) - len(body.lstrip(" "))
        for column in range(1, len(body) + 1):
            values = (column <= spaces, min(column, spaces), "#" in body[:column], column)
            for row, value in zip(rows.values(), values, strict=True):
                row.append(float(value))
        for row, value in zip(rows.values(), (1.0, 0.0, 0.0, 0.0), strict=True):  # behind the line's end
            row.append(value)
    assert {name: track.tolist() for name, track in in_code(text).items()} == rows


@pytest.mark.parametrize("tracks", [in_play, in_code])
def test_tracks_of_no_text(tracks):
    assert {tuple(track.shape) for track in tracks("").values()} == {(0,)}
    assert {tuple(track.shape) for track in tracks("a").values()} == {(1,)}


# Units


def noise(rows: int = 400, units: int = 9) -> torch.Tensor:
    return torch.randn(rows, units, generator=torch.Generator().manual_seed(0)).tanh()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_unit_is_found(sign):
    states, track = noise(), (torch.arange(400) % 17).double()
    states[:, 6] = (sign * 0.03 * track + 0.2).float()
    states[:, 4] = 0.5 * (0.03 * track).float() + 0.5 * states[:, 4]
    ((unit, together),) = closest_units(states, {"the column": track}).values()
    assert unit == 6 and together == pytest.approx(sign, abs=1e-5)


def test_correlations_are_torch_s():
    states, tracks = noise(), {"one": noise()[:, 0] + noise()[:, 3], "other": (torch.arange(400) % 2).float()}
    for name, (unit, together) in closest_units(states, tracks).items():
        want = torch.corrcoef(torch.cat([states, tracks[name][:, None]], dim=1).T.double())[-1, :-1]
        assert unit == want.abs().argmax() and together == pytest.approx(want[unit].item(), abs=1e-6)


def test_each_track_has_its_own():
    states = noise()
    found = closest_units(states, {str(unit): states[:, unit].double() for unit in range(9)})
    assert {name: unit for name, (unit, _) in found.items()} == {str(unit): unit for unit in range(9)}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64, torch.bool])
def test_a_track_may_be_of_any_kind_of_number(dtype):
    states = noise()
    states[:, 2] = (torch.arange(400) % 2).float()
    assert closest_units(states, {"odd": (torch.arange(400) % 2).to(dtype)})["odd"] == (2, pytest.approx(1))


def test_what_is_constant_goes_with_nothing():
    states = noise()
    states[:, 0], states[:, 5] = 0.3, 0.0
    tracks = {"constant": torch.full((400,), 0.1), "zeros": torch.zeros(400), "unit 7": states[:, 7].double()}
    found = closest_units(states, tracks)
    assert found["constant"][1] == pytest.approx(0, abs=1e-6) and found["zeros"][1] == 0
    assert found["unit 7"] == (7, pytest.approx(1))
    alone = closest_units(torch.full((400, 3), 0.3), {"unit 7": states[:, 7].double()})["unit 7"]
    assert alone[1] == pytest.approx(0, abs=1e-3)


# Activations


@pytest.mark.parametrize("make", [lambda: stand_ins.CharLM(7, 5, 6), lambda: Writer(7, 5, 6, dropout=0.5)])
def test_activations_are_the_cell_state_of_a_loop(make):
    torch.manual_seed(0)
    model, ids = make(), torch.randint(7, (30,))
    cell = nn.LSTMCell(5, 6)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in model.rnn.state_dict().items()})
    state, want = None, []
    for vector in model.embedding(ids):
        state = cell(vector[None], state)
        want.append(state[1][0].tanh())
    got = activations(model, ids)
    torch.testing.assert_close(got, torch.stack(want).detach())
    assert not got.requires_grad and model.training
    for count in (1, 13, 30):  # and the last one is what reading at once leaves
        _, (_, c) = model.rnn(model.embedding(ids[:count])[None])
        torch.testing.assert_close(got[count - 1], c[0, 0].tanh().detach())


def test_activations_of_no_text():
    with pytest.raises(ValueError, match="the text is empty"):
        activations(stand_ins.CharLM(7, 5, 6), torch.zeros(0, dtype=torch.int64))
