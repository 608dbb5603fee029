"""Draws how many came how far: a distribution as inline SVG, with the numbers in words for who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

__all__ = ["histogram"]

WIDTH, HEIGHT, ABOVE, BELOW = 260, 56, 14, 16  # of the bars, and of the words over and under them
COLOUR = "#0072b2"  # blue: told from white and from black with every kind of colour vision


def histogram(bins: Sequence[int], what: str) -> Markup:
    """Bars from 0 to 100 % of the points, a count over each that is not empty."""
    step, most = WIDTH / len(bins), max(*bins, 1)
    label = escape(f"{what}: {in_words(bins)}")
    parts = []
    for place, count in enumerate(bins):
        height = HEIGHT * count / most
        x, y = place * step, ABOVE + HEIGHT - height
        if count:
            parts.append(f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{height:.1f}" fill="{COLOUR}"/>'
                         + _word(x + step / 2, y - 3, str(count), "middle"))  # fmt: skip
    floor = ABOVE + HEIGHT
    axis = f'<path d="M0 {floor}H{WIDTH}" stroke="currentColor" stroke-opacity=".5"/>'
    ends = _word(0, floor + 12, "0 %", "start") + _word(WIDTH, floor + 12, "100 %", "end")
    return Markup(f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} '
                  f'{floor + BELOW}" width="{WIDTH}" height="{floor + BELOW}" style="max-width:100%;font:11px sans-serif">'
                  f"<title>{label}</title>{''.join(parts)}{axis}{ends}</svg>")  # fmt: skip


def in_words(bins: Sequence[int]) -> str:
    """The bins that are not empty: "3 from 80 to 90 %"."""
    width = 100 // len(bins)
    told = [f"{count} from {place * width} to {(place + 1) * width} %" for place, count in enumerate(bins) if count]
    return ", ".join(told) or "nobody"


def _word(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor">{text}</text>'
