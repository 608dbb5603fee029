"""Heat maps of an LSTM's gates and cell state over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, TIME, WIDTH

__all__ = ["plot_gates"]

NAMES = {"i": "input gate i", "f": "forget gate f", "g": "candidate g", "o": "output gate o", "c": "cell state c",
         "h": "output h", "d": "difference in c between a marked 1 and a marked 0"}  # fmt: skip
SIGNED = ("g", "c", "h", "d")  # between −1 and 1 or beyond; the gates lie between 0 and 1


def plot_gates(
    gates: Mapping[str, torch.Tensor], units: Sequence[int], marks: Mapping[str, int] | None = None, shown: str = "ifoc"
) -> Figure:
    """A heat map for each gate, (L, H), over time: a row for each of some units.

    Args:
        gates: as `toolkit.gates.gates_of` gives them.
        units: which units, from above.
        marks: steps that get a line through all panels, by name.
        shown: which of them, from above.
    """
    fig = Figure(figsize=(WIDTH, len(shown) * (0.55 + 0.13 * len(units)) + 0.8), layout="constrained")
    axes = fig.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for ax, name in zip(axes, shown, strict=True):
        values = gates[name][:, list(units)].T.detach().cpu()  # (units, L)
        reach = values.abs().max().item() or 1.0
        scale = (
            {"cmap": "PuOr", "vmin": -reach, "vmax": reach}
            if name in SIGNED
            else {"cmap": "cividis", "vmin": 0, "vmax": 1}
        )
        image = ax.imshow(values, aspect="auto", interpolation="nearest", **scale)
        ax.set_title(NAMES[name], loc="left", fontsize="medium")
        ax.set_yticks(range(len(units)), [str(unit) for unit in units], fontsize="x-small")
        ax.set_ylabel("unit")
        fig.colorbar(image, ax=ax, pad=0.01, aspect=8)
        for step in (marks or {}).values():
            for side in (-0.5, 0.5):
                ax.axvline(step + side, color=COLOURS["vermilion"], linewidth=1.2)
    axes[-1].set_xlabel(TIME + "".join(f"; {name}: step {step}" for name, step in (marks or {}).items()))
    return fig
