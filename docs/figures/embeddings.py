"""The figures of chapter 5: how a text is cut, what a look-up is, and where the numbers of a network are."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from docs.figures.kit import figure
from docs.tables.kit import record
from toolkit import diagrams, stand_ins
from toolkit.diagrams.parts import FINE, QUIET, SMALL, canvas, label, node, title
from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.writers import best_writer

TEXT = "the unrolled nets"
CUTS = {
    "characters": tuple(TEXT),
    "pieces of words": ("the", "un", "roll", "ed", "net", "s"),
    "words": tuple(TEXT.split()),
}
VOCABULARIES = {  # cut → how many ids, and what becomes of a new word
    "characters": ("some hundred ids at most", "every text can be written"),
    "pieces of words": ("as many ids as one likes", "a new word is put together"),
    "words": ("ten thousands of ids", "a new word is <unk>"),
}
PARTS = ("embedding", "recurrent layers and attention", "head")

figure("one-hot")(diagrams.draw_one_hot)


@figure("three-cuts")
def three_cuts() -> Figure:
    fig, ax = canvas(4.0)
    title(ax, 0.3, 3.75, "Three ways to cut the same text", "each box is a token, and has an id")
    for row, (name, tokens) in enumerate(CUTS.items()):
        _cut(ax, 2.75 - 1.0 * row, name, tokens)
    label(ax, 0.3, 0.2, "The shorter the tokens, the smaller the table, and the longer the way back for a gradient.",
          colour=QUIET, size=SMALL, ha="left")  # fmt: skip
    return fig


def _cut(ax: Axes, y: float, name: str, tokens: tuple[str, ...]) -> None:
    """One row: what it is called, a box for each token above the place of its letters, and what it costs."""
    width, left = 0.28, 0.3
    label(ax, left, y + 0.37, f"{name}, L = {len(tokens)}", ha="left", size=SMALL, fontweight="bold")
    place = 0
    for token in tokens:
        place = TEXT.index(token, place)
        long = width * len(token) - 0.04
        node(ax, "input", left + width * place + long / 2, y, "␣" if token == " " else token, width=long, size=FINE)
        place += len(token)
    for line, words in enumerate(VOCABULARIES[name]):
        label(ax, 5.35, y + 0.12 - 0.24 * line, words, colour=QUIET, size=SMALL, ha="left")


@figure("where-the-numbers-are")
def where_the_numbers_are() -> Figure:
    """A bar for each network of the course, whole: the share of its parameters in each of its parts."""
    rows = {name: parts_of(*networks) for name, networks in made().items()}
    fig = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    ax = fig.add_subplot()
    names = [f"{name}\n{sum(parts.values()):,}" for name, parts in rows.items()]
    left = [0.0] * len(rows)
    looks = ((COLOURS["blue"], ""), (COLOURS["green"], "//"), (COLOURS["orange"], ".."))
    for part, (colour, hatch) in zip(PARTS, looks, strict=True):
        shares = [100 * parts[part] / sum(parts.values()) for parts in rows.values()]
        ax.barh(names, shares, left=left, color=colour, edgecolor="white", hatch=hatch, label=part, height=0.62)
        left = [before + share for before, share in zip(left, shares, strict=True)]
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the parameters (%)")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False)
    return fig


def made() -> dict[str, tuple[nn.Module, ...]]:
    """The networks of the records, as large as they were there."""
    captions = record("multi30k_attention")
    words, sizes = captions["words"], captions["settings"]["sizes"].values()  # of embedding and state
    with torch.device("meta"):  # nothing is drawn: only sizes are asked for
        return {
            "real reviews, GRU": (stand_ins.SentimentClassifier(30_000, 64, 64, "gru"),),
            "plays by the letter, LSTM": (best_writer(65),),
            "captions, with attention": (stand_ins.Encoder(words["English"], *sizes), stand_ins.Decoder(words["French"], *sizes)),
        }  # fmt: skip


def parts_of(*networks: nn.Module) -> dict[str, int]:
    """part → its parameters."""
    counts = dict.fromkeys(PARTS, 0)
    for name, parameter in (entry for network in networks for entry in network.named_parameters()):
        first = name.split(".")[0]
        part = "embedding" if first == "embedding" else "head" if first in ("head", "output") else PARTS[1]
        counts[part] += parameter.numel()
    return counts
