"""The pictures of the notebooks, each with a text for readers who don't see it.

A `plot_` function draws one figure and returns it, `headline` writes a prediction and its answer over it, `footnote`
marks stand-ins at its foot, `show` displays it.
"""

from toolkit.plots.alignment import plot_links, plot_map, plot_maps
from toolkit.plots.answers import plot_by_length, plot_confusion
from toolkit.plots.batches import plot_lengths, plot_packed, plot_padding
from toolkit.plots.canvas import COLOURS, footnote, headline, image_html, show
from toolkit.plots.decoding import plot_beam_tree, plot_fed, plot_memory
from toolkit.plots.gates import plot_gates
from toolkit.plots.landscapes import plot_cliff, plot_surfaces
from toolkit.plots.language import plot_bits, plot_by_position, plot_loss_against_time, plot_orders
from toolkit.plots.memory import plot_echo, plot_held, plot_learning, plot_recall
from toolkit.plots.reading import plot_reading
from toolkit.plots.runs import plot_lines, plot_reach, plot_runs, plot_training
from toolkit.plots.sampling import plot_distributions, plot_overlap, plot_trade
from toolkit.plots.scores import plot_costs, plot_horizon, plot_matrices, plot_scores
from toolkit.plots.sequences import plot_forecast, plot_series, plot_traces, plot_windows
from toolkit.plots.spelling import plot_coloured_text, plot_sample_over_training
from toolkit.plots.stretches import plot_stretches
from toolkit.plots.translation import (
    plot_attention_cost,
    plot_forcing,
    plot_kinds,
    plot_score_by_length,
    plot_widths,
)
from toolkit.plots.words import plot_words

__all__ = ["COLOURS", "footnote", "headline", "image_html", "plot_attention_cost", "plot_beam_tree",
           "plot_bits", "plot_by_length", "plot_by_position", "plot_cliff", "plot_coloured_text",
           "plot_confusion", "plot_costs", "plot_distributions", "plot_echo", "plot_fed", "plot_forcing",
           "plot_forecast", "plot_gates", "plot_held", "plot_horizon", "plot_kinds", "plot_learning",
           "plot_lengths", "plot_lines", "plot_links", "plot_loss_against_time", "plot_map", "plot_maps",
           "plot_matrices", "plot_memory", "plot_orders", "plot_overlap", "plot_packed", "plot_padding",
           "plot_reach", "plot_reading", "plot_recall", "plot_runs", "plot_sample_over_training",
           "plot_score_by_length", "plot_scores", "plot_series", "plot_stretches", "plot_surfaces",
           "plot_traces", "plot_trade", "plot_training", "plot_widths", "plot_windows", "plot_words", "show"]  # fmt: skip
