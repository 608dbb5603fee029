"""Characters on a figure: what can't be seen is given a sign, and texts are wrapped without losing a character."""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, findfont, get_font

__all__ = ["MONO", "expect_seeds", "ink_on", "signs", "visible", "wrap"]

MONO = "DejaVu Sans Mono"  # comes with matplotlib
SIGNS = {"\n": "↵", " ": "␣", "\t": "⇥"}
UNKNOWN = "□"  # a character that can't be printed, or that the font doesn't hold
ADVANCE = 0.602  # how wide a character of MONO is, by its size


def visible(character: str) -> str:
    """A character as it is written in a figure: a space is ␣, a line break ↵, and what the font doesn't hold □."""
    sign = SIGNS.get(character, character)
    held = sign.isprintable() and ord(sign) in get_font(findfont(FontProperties(family=MONO))).get_charmap()
    return sign if held else UNKNOWN


def signs(text: str) -> str:
    """A text with what can't be seen made visible, but for its spaces."""
    return "".join(character if character == " " else visible(character) for character in text)


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text, each at most so many characters wide; joined they are the text.

    A line ends with its line break, after the last space that fits, or where a word is wider than a line.
    """
    lines: list[str] = []
    for part in re.findall(r"[^\n]*\n|[^\n]+", text):
        rest = part
        while len(rest) > width:
            cut = rest.rfind(" ", 0, width) + 1 or width
            lines.append(rest[:cut])
            rest = rest[cut:]
        lines.append(rest)
    return lines


def ink_on(ground: str | tuple) -> str:
    """Black or white, whichever has more contrast to the ground: it is always 4.5 at least (WCAG 2.1)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(ground)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 >= 1.05 * 0.05 else "white"


def expect_seeds(name: str, values: float | Iterable[float]) -> list[float]:
    """The values of the seeds as a list; a single number is that of one seed.

    Raises:
        ValueError: there is none, or they have more than one axis.
    """
    tensor = torch.as_tensor(values, dtype=torch.float64).detach().cpu()
    if tensor.dim() > 1 or not tensor.numel():
        raise ValueError(
            f"the values of {name!r} have shape {tuple(tensor.shape)}, expected a number or one for each seed"
        )
    return tensor.reshape(-1).tolist()
