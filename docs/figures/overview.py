"""The figures of the comparison and of the folklore."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit import plots
from toolkit.recorded import recorded


@figure("real-reviews")
def real_reviews() -> Figure:
    """A row for each model, the best one above."""
    (row,) = recorded("imdb_contest").scores.values()
    best_first = sorted(row, key=lambda name: -sum(row[name]) / len(row[name]))
    shares = {name: {"one seed": [100 * value for value in row[name]]} for name in best_first}
    return plots.plot_scores(shares, "right answers to 25,000 real test reviews (%)")
