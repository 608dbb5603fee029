"""The picture of the README: what each notebook leads to, on embedded data, as `benchmarks/front_page.py` recorded it."""

from __future__ import annotations

import statistics
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit.plots.canvas import COLOURS
from toolkit.plots.characters import ADVANCE, MONO, ink_on, visible
from toolkit.plots.reading import LIKING
from toolkit.plots.spelling import ACTIVATION
from toolkit.recorded import recorded

RECALLED = {
    "LSTM": ("vermilion", "--", "D"),
    "RNN, orthogonal": ("blue", "-", "o"),
    "LSTM, chrono": ("green", "-.", "s"),
}
SMALL = 9
LETTER, LINE = 10.5, 17.0  # points: a character of the play, and from a line to the next
WRITTEN = 10  # lines of the play


@figure("what-you-will-build")
def what_you_will_build() -> Figure:
    fig = Figure(figsize=(12.4, 7.4), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=(1, 1.05))
    forecast, recall, review = above.subplots(1, 3, width_ratios=(1.15, 1, 0.95))
    play, attention = below.subplots(1, 2, width_ratios=(1.25, 1))
    shown = recorded("front_page").entries
    _forecast(forecast, shown["forecast"])
    _recall(recall)
    _review(review, shown["review"]["liked"])
    _play(play, shown["play"]["unit"])
    _attention(attention, shown["attention"]["weights"])
    return fig


def _title(ax: Axes, number: int, text: str) -> None:
    ax.set_title(textwrap.fill(f"{number}  {text}", 56), loc="left", fontsize=11, fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)


def _forecast(ax: Axes, shown: dict) -> None:
    read, alone, came = (shown[name]["values"] for name in ("read", "rollout", "what came"))
    after = range(len(read), len(read) + len(alone))
    ax.plot(read, color=COLOURS["black"], linewidth=1.2, label="read")
    ax.plot(after, came, color=COLOURS["sky"], linewidth=4, alpha=0.6, label="what came")
    ax.plot(after, alone, color=COLOURS["vermilion"], linestyle="--", label="its own forecast, fed back")
    ax.axvline(len(read) - 0.5, color=COLOURS["black"], linewidth=1, linestyle=":", ymax=0.78)
    _title(ax, 1, "A wave, continued")
    ax.set_xlabel("time (steps)", fontsize=SMALL)
    ax.set_ylim(-1.3, 1.9)
    ax.legend(loc="upper left", ncols=2, frameon=False, fontsize=SMALL, borderaxespad=0.1, columnspacing=1)


def _recall(ax: Axes) -> None:
    lags = recorded("memory_marked").scores
    for name, (colour, dash, mark) in RECALLED.items():
        tried = [(int(lag), 100 * statistics.mean(row[name])) for lag, row in lags.items() if name in row]
        label = f"{name}, as torch draws it" if name == "LSTM" else name
        ax.plot(
            *zip(*tried, strict=True), color=COLOURS[colour], linestyle=dash, marker=mark, markersize=5, label=label
        )
    ax.axhline(50, color=COLOURS["black"], linewidth=1, linestyle=":", label="chance")
    _title(ax, 2, "A bit, remembered")
    ax.set_xscale("log")
    ax.set_xticks([int(lag) for lag in lags], list(lags))
    ax.minorticks_off()
    ax.set_xlabel("steps between the bit and the answer", fontsize=SMALL)
    ax.set_ylabel("right answers (%)", fontsize=SMALL)
    ax.set_ylim(45, 132)
    ax.set_yticks([50, 60, 70, 80, 90, 100])
    ax.legend(loc="upper left", frameon=False, fontsize=SMALL, borderaxespad=0.1)


def _review(ax: Axes, shown: dict) -> None:
    words, percents = shown["words"], [100 * value for value in shown["values"]]
    places = range(len(words))
    ax.bar(places, [value - 50 for value in percents], bottom=50, color=[LIKING(value / 100) for value in percents],
           edgecolor="#4D4D4D", linewidth=0.5)  # fmt: skip
    ax.axhline(50, color="#7F7F7F", linewidth=0.8)
    _title(ax, 3, "A review, read word by word")
    ax.set_xticks(places, words, rotation=60, ha="right", rotation_mode="anchor", fontsize=SMALL + 1)
    ax.set_ylim(0, 100)
    ax.set_ylabel("probability of “liked”\nafter the word (%)", fontsize=SMALL)


def _play(ax: Axes, shown: dict) -> None:
    lines, values, place = shown["text"].split("\n")[:WRITTEN], shown["values"], 0
    for row, line in enumerate(lines):
        for column, character in enumerate(line + "\n"):
            _character(ax, ADVANCE * LETTER * column, LINE * row, character, values[place])
            place += 1
    _title(ax, 4, "Verse that the network writes, coloured by one unit")
    ax.set_xlim(0, ADVANCE * LETTER * (max(map(len, lines)) + 1))
    ax.set_ylim(LINE * WRITTEN, -1)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    together = f"{shown['correlation']:+.1f}".replace("-", "−")
    text = (f"Unit {shown['number']} goes with the place in the line (correlation {together} on held-out text):\n"
            "blue above 0, vermilion below. Nobody asked it to.")  # fmt: skip
    ax.set_xlabel(text, fontsize=SMALL, loc="left")


def _character(ax: Axes, x: float, y: float, character: str, value: float) -> None:
    wide, colour = ADVANCE * LETTER, ACTIVATION((value + 1) / 2)[:3]
    ax.fill([x, x + wide, x + wide, x], [y, y, y + LINE - 1.5, y + LINE - 1.5], color=colour, linewidth=0)
    if character not in " \n":
        ax.text(x + wide / 2, y + LINE / 2 - 0.5, visible(character), ha="center", va="center_baseline", fontsize=LETTER,
                fontfamily=MONO, color=ink_on(colour), parse_math=False)  # fmt: skip


def _attention(ax: Axes, shown: dict) -> None:
    ax.imshow(shown["values"], cmap="Blues", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    _title(ax, 5, "A sentence, translated")
    ax.set_xticks(
        range(len(shown["words"])), shown["words"], rotation=60, ha="right", rotation_mode="anchor", fontsize=SMALL + 1
    )
    ax.set_yticks(range(len(shown["said"])), shown["said"], fontsize=SMALL + 1)
    ax.set_xlabel("darker: looked at harder", fontsize=SMALL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#9A9A9A")
