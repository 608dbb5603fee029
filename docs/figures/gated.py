"""Chapter 4: the two cells, the gradient's ways through them, and how far an LSTM gets by its first forget bias."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit.diagrams import draw_gradient_paths, draw_gru_cell, draw_lstm_cell
from toolkit.plots import plot_scores
from toolkit.recorded import recorded

figure("lstm-cell")(draw_lstm_cell)
figure("gru-cell")(draw_gru_cell)
figure("gradient-paths")(draw_gradient_paths)


@figure("forget-bias")
def forget_bias() -> Figure:
    scores = {f"lag {lag}": row for lag, row in recorded("forget_bias").scores.items()}
    return plot_scores(scores, "share of right answers", lines={"chance": 0.5})
