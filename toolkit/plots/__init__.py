"""The pictures of the notebooks, each with a text for readers who don't see it.

A `plot_` function draws one figure and returns it, `headline` writes a prediction and its answer over it, `footnote`
marks stand-ins at its foot, `show` displays it.
"""

from toolkit.plots.answers import plot_by_length, plot_confusion
from toolkit.plots.batches import plot_lengths, plot_packed, plot_padding
from toolkit.plots.canvas import COLOURS, footnote, headline, image_html, show
from toolkit.plots.gates import plot_gates
from toolkit.plots.landscapes import plot_cliff, plot_surfaces
from toolkit.plots.memory import plot_echo, plot_held, plot_learning, plot_recall
from toolkit.plots.reading import plot_reading
from toolkit.plots.runs import plot_lines, plot_reach, plot_runs, plot_training
from toolkit.plots.scores import plot_costs, plot_horizon, plot_matrices, plot_scores
from toolkit.plots.sequences import plot_forecast, plot_series, plot_traces, plot_windows
from toolkit.plots.words import plot_words

__all__ = ["COLOURS", "footnote", "headline", "image_html", "plot_by_length", "plot_cliff", "plot_confusion",
           "plot_costs", "plot_echo", "plot_forecast", "plot_gates", "plot_held", "plot_horizon", "plot_learning",
           "plot_lengths", "plot_lines", "plot_matrices", "plot_packed", "plot_padding", "plot_reach", "plot_reading",
           "plot_recall", "plot_runs", "plot_scores", "plot_series", "plot_surfaces", "plot_traces", "plot_training",
           "plot_windows", "plot_words", "show"]  # fmt: skip
