"""What single units of an LSTM follow while it reads a text."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

__all__ = ["activations", "closest_units", "in_code", "in_play"]


@torch.no_grad()
def activations(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """(T, H), on the CPU: tanh of the cell state after each character of a text (T,).

    The layer gives the hidden states alone. All gates follow from them at once, and the cell states from the gates.

    Args:
        model: has `embedding` and `rnn`, an LSTM of one layer.

    Raises:
        ValueError: the text is empty.
    """
    if not len(ids):
        raise ValueError("the text is empty, expected one character at least")
    vectors = model.embedding(ids.to(next(model.parameters()).device))  # (T, E)
    hidden = model.rnn(vectors[None])[0][0]  # (T, H)
    before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
    weight_ih, weight_hh, *biases = model.rnn.parameters()
    gates = vectors @ weight_ih.T + before @ weight_hh.T + sum(biases)  # (T, 4H), in torch's order: i, f, g, o
    i, f, g, _ = gates.cpu().chunk(4, dim=1)
    cell, cells = torch.zeros_like(g[0]), []
    for kept, new in zip(f.sigmoid(), i.sigmoid() * g.tanh(), strict=True):
        cell = kept * cell + new
        cells.append(cell)
    return torch.stack(cells).tanh()


def in_play(text: str) -> dict[str, torch.Tensor]:
    """What there is to follow in a play, each (T,), for the state *after* a character.

    "speaker's name": 1 from the empty line to the colon; "place in the line": characters since the line began;
    "a line just ended": 1 after a line's end, 0 elsewhere.
    """
    naming, column, ended = [], [], []
    inside, place = True, 0
    for before, character in zip(("\n" + text)[:-1], text, strict=True):
        place = 0 if character == "\n" else place + 1
        inside = (character == "\n" and before == "\n") or (inside and character not in ":\n")
        naming.append(inside)
        column.append(place)
        ended.append(character == "\n")
    tracks = {"speaker's name": naming, "place in the line": column, "a line just ended": ended}
    return {name: torch.tensor(track, dtype=torch.float64) for name, track in tracks.items()}


def in_code(text: str) -> dict[str, torch.Tensor]:
    """What there is to follow in Python's source, each (T,), for the state *after* a character.

    "in the indentation": 1 from a line's end to the last space before its first other character; "its depth": how many spaces
    the line that is being read begins with, as far as they were read; "comment": 1 from a # to the line's end; "place in the
    line": characters since it began.
    """
    tracks: dict[str, list[float]] = {
        "in the indentation": [],
        "its depth": [],
        "comment": [],
        "place in the line": [],
    }
    place, depth, inside, comment = 0, 0, True, False
    for character in text:
        ended = character == "\n"
        place = 0 if ended else place + 1
        inside = ended or (inside and character == " ")
        depth = place if inside else depth
        comment = not ended and (comment or character == "#")
        for track, value in zip(tracks.values(), (inside, depth, comment, place), strict=True):
            track.append(float(value))
    return {name: torch.tensor(track, dtype=torch.float64) for name, track in tracks.items()}


def closest_units(states: torch.Tensor, tracks: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, float]]:
    """For each track the unit that goes with it most closely: its number and its correlation, negative where it falls.

    Args:
        states: (T, H).
        tracks: name → (T,).
    """
    centred = states.double() - states.double().mean(0)
    centred /= centred.norm(dim=0).clamp(min=1e-12)
    found = {}
    for name, track in tracks.items():
        line = track.double() - track.double().mean()
        shares = line @ centred / line.norm().clamp(min=1e-12)
        unit = int(shares.abs().argmax())
        found[name] = (unit, shares[unit].item())
    return found
