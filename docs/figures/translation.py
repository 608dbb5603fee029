"""The figures of chapter 7: one vector or the whole memory, a look, what it is worth by length, and teacher forcing."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit import diagrams, plots
from toolkit.recorded import recorded

figure("bottleneck")(diagrams.draw_bottleneck)
figure("additive-attention")(diagrams.draw_additive_attention)
figure("teacher-forcing")(diagrams.draw_teacher_forcing)


@figure("right-by-length")
def right_by_length() -> Figure:
    rows = recorded("interpreters").entries["test"]
    return plots.plot_score_by_length({name: row["by length"] for name, row in rows.items()}, "exact match (%)")
