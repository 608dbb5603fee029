"""The entries of `folklore.md`: what is said stands in `folklore.toml`, and the figures come from the records that it names."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from pathlib import Path

from docs.tables.kit import cell, grid, measured, record, spread, table

__all__ = ["CLAIMS", "Claim"]

PLACE = re.compile(r"\{([^{}|]+)(?:\|([a-z%]+)(\d?))?\}")  # {record/setting/contestant|how} or {name}
NOTEBOOKS = (
    "",
    "01_sine_wave_rnn",
    "02_echo_memory",
    "03_imdb_sentiment",
    "04_shakespeare_generation",
    "05_seq2seq_attention",
)


@dataclass(frozen=True)
class Claim:
    """What is said, and what became of it.

    Attributes:
        theme: the part of the page.
        said: the claim, as it is heard.
        verdict: a few words.
        measured: a template, whose places the records fill.
        holds: how far that goes.
        notebook: the number of the one in which it is seen.
    """

    theme: str
    said: str
    verdict: str
    measured: str
    holds: str
    notebook: int

    @property
    def records(self) -> list[str]:
        """The records that it takes its figures from."""
        named = [path.split("/")[0] for path, _, _ in PLACE.findall(self.measured)]
        return list(dict.fromkeys(FROM[name][0] if name in FROM else name for name in named))

    def filled(self) -> str:
        return _joined(PLACE.sub(_figure, self.measured))


def _joined(text: str) -> str:
    return " ".join(text.split())


def _figure(place: re.Match) -> str:
    path, how, digits = place.groups()
    if how is None:
        return FROM[path][1]()
    name, *keys = path.split("/")
    return WRITTEN[how](reduce(dict.__getitem__, keys, record(name)["rows"]), int(digits or 0))


def _steps(entry: dict, _: int) -> str:
    """Training steps until it was solved, over the seeds that solved it."""
    steps = [step for step in entry["steps"] if step is not None]
    return f"{min(steps):,} to {max(steps):,}"


WRITTEN: dict[str, Callable[[dict, int], str]] = {
    "%": lambda entry, digits: f"{cell(entry, 100, digits)} %",
    "all": lambda entry, digits: cell(entry, 1, digits),
    "mid": lambda entry, digits: f"{entry['median']:,.{digits}f}",
    "range": lambda entry, digits: spread(entry, 1, digits),
    "steps": _steps,
}

# Figures that lie elsewhere in their record, or have to be computed


def _exploded() -> str:
    least = measured("clipping", "SGD, lr 0.2, momentum 0.9, W_hh × 2: not clipped", "loss, last 20 steps")["least"]
    return f"10<sup>{math.floor(math.log10(least))}</sup>"


def _by_film() -> str:
    last = [100 * seed[-1] for seed in measured("imdb_contest", "22,500 training reviews", "GRU")["validation"]]
    return f"{min(last):.1f} to {max(last):.1f} %"


def _beam(place: int) -> str:
    """BLEU on validation captions by the power of the length: the first is 0, the last the largest that was tried."""
    scores = [seed[place][1] for seed in record("multi30k_attention")["beam on validation"]]
    return f"{min(scores):.1f} to {max(scores):.1f}"


def _translated() -> str:
    return ", ".join(f"{right:.1f}" for right in measured("interpreters", "test", "attention")["values"]) + " %"


def _misaligned() -> str:
    errors = measured("interpreters", "test", "attention")["alignment error"]["after"]
    return ", ".join(f"{100 * seed['all']:.0f}" for seed in errors) + " %"


def _best_bits() -> str:
    return f"{measured('shakespeare_best', 'tiny Shakespeare', 'LSTM, 512 units')['median'] / math.log(2):.2f}"


FROM: dict[str, tuple[str, Callable[[], str]]] = {  # name → the record, and what writes the figure
    "exploded": ("clipping", _exploded),
    "padded": ("padding", lambda: f"{100 * record('padding')['padding']:.0f}"),
    "by_film": ("imdb_contest", _by_film),
    "undivided": ("multi30k_attention", lambda: _beam(0)),
    "divided": ("multi30k_attention", lambda: _beam(-1)),
    "translated": ("interpreters", _translated),
    "misaligned": ("interpreters", _misaligned),
    "best_bits": ("shakespeare_best", _best_bits),
}

CLAIMS = [
    Claim(**entry)
    for entry in tomllib.loads((Path(__file__).parent / "folklore.toml").read_text(encoding="utf-8"))["claims"]
]


@table("verdicts")
def verdicts() -> str:
    """All claims in short, each with a link to its entry."""
    return grid(
        ["what is said", "here"], [[f"[{one.said}](#{_anchor(one.said)})", one.verdict] for one in CLAIMS], words=2
    )


@table("claims")
def claims() -> str:
    """Each claim with what was measured, how far that goes, and how to measure it again."""
    parts = []
    for theme, found in groupby(CLAIMS, key=lambda one: one.theme):
        parts += [f"## {theme}", *map(_entry, found)]
    return "\n\n".join(parts)


def _entry(claim: Claim) -> str:
    commands = ", ".join(dict.fromkeys(f"`{record(name)['command']}`" for name in claim.records))
    book = f"[notebook {claim.notebook}](../notebooks/{NOTEBOOKS[claim.notebook]}.ipynb)"
    return (f"### {claim.said}\n\n**{claim.verdict[0].upper()}{claim.verdict[1:]}.** {claim.filled()}\n\n"
            f"*How far that goes.* {_joined(claim.holds)}\n\n*Again:* {commands}; seen in {book}.")  # fmt: skip


def _anchor(heading: str) -> str:
    """What a heading is called in a link, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
