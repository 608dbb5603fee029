"""The figures of chapter 6: a batch padded and packed, the states that count, and what packing costs."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit import diagrams, plots, stand_ins
from toolkit.recorded import recorded

SENTENCES = ("Not bad at all.", "A bore.", "I liked the music, not the film.", "Dull, but I liked it.")

figure("last-real-state")(diagrams.draw_last_step)
figure("masked-mean")(diagrams.draw_masked_mean)


@figure("padded-and-packed")
def padded_and_packed() -> Figure:
    words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, SENTENCES))
    ids, lengths = stand_ins.pad_batch([words.encode(stand_ins.tokenize(text)) for text in SENTENCES])
    return plots.plot_packed(ids, lengths, words.words)


@figure("packing-cost")
def packing_cost() -> Figure:
    scores = {setting.replace(", ", ",\n"): row for setting, row in recorded("packing").scores.items()}
    return plots.plot_scores(scores, "seconds for a training step on each", log=True)
