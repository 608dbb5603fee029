"""Draws where two matrices differ, from the record that `grader.picture` makes: as SVG for pages, as text elsewhere.

Nothing in a record is trusted: what is not of its form is drawn as nothing, text is escaped and bounded.
"""

from __future__ import annotations

from html import escape

from grader.results import clean

__all__ = ["difference_svg", "difference_text"]

MAX_ROWS, MAX_COLUMNS, MAX_NAME, MAX_TITLE = 12, 40, 80, 44
# blue and orange stay apart with every kind of colour vision; by opacity they fade into a light or a dark page alike
TOO_LARGE, TOO_SMALL, NO_NUMBER = "#d55e00", "#0072b2", "#8c4a74"
OPACITY = {"1": ".4", "2": ".6", "3": ".8", "4": "1", "a": ".4", "b": ".6", "c": ".8", "d": "1", "n": "1"}
MARKS = {"0": "."} | dict.fromkeys("1234", "+") | dict.fromkeys("abcd", "-") | {"n": "!"}
WIDTH, HEIGHT, LARGEST_CELL = 260, 120, 18  # the most that the cells take, in pixels
LEFT, TOP, BELOW = 30, 16, 34  # room for the words around them


def difference_svg(difference: dict | None) -> str:
    """The picture as one inline SVG element with a title; "" where there is nothing to draw."""
    record = _read(difference)
    if record is None:
        return ""
    rows, (down, across) = record["rows"], record["axes"]
    side = min(LARGEST_CELL, WIDTH / len(rows[0]), HEIGHT / len(rows))
    width, height = side * len(rows[0]), side * len(rows)
    total = max(LEFT + width + 4, 250)
    cells = "".join(_cell(value, LEFT + column * side, TOP + row * side, side)
                    for row, line in enumerate(rows) for column, value in enumerate(line))  # fmt: skip
    frame = (f'<rect x="{LEFT}" y="{TOP}" width="{width:.1f}" height="{height:.1f}" '
             'fill="none" stroke="currentColor" stroke-opacity=".5"/>')  # fmt: skip
    words = (_word(LEFT, 11, _title(record)[:MAX_TITLE]) + _word(LEFT + width / 2, TOP + height + 12, f"{across} →", "middle")
             + _word(LEFT - 5, TOP + height / 2, down, "middle", turned=True)
             + _legend(TOP + height + 28, record))  # fmt: skip
    label = escape(_alternative(record))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" width="{total:.0f}" '
            f'height="{TOP + height + BELOW:.0f}" viewBox="0 0 {total:.0f} {TOP + height + BELOW:.0f}" '
            f'style="max-width:100%;font:11px sans-serif"><title>{label}</title>{cells}{frame}{words}</svg>')  # fmt: skip


def difference_text(difference: dict | None) -> str:
    """The picture in characters: + too large, - too small, ! no number, . right."""
    record = _read(difference)
    if record is None:
        return ""
    down, across = record["axes"]
    lines = [f"{_title(record)}: + too large, - too small, ! no number, . right ({down} down, {across} to the right)"]
    return "\n".join(lines + ["  " + "".join(MARKS[value] for value in row) for row in record["rows"]])


def _read(difference) -> dict | None:
    """The record, if it is one: its text cleaned, its rows of one length and within bounds."""
    try:
        rows = [str(row) for row in difference["rows"]]
        axes = [_name(axis) for axis in difference["axes"]]
        sizes = [int(size) for size in difference["sizes"]]
        text = {name: _name(difference[name]) for name in ("part", "at", "largest")}
    except (TypeError, KeyError, ValueError):
        return None
    widths = {len(row) for row in rows}
    sound = (
        len(rows) <= MAX_ROWS and len(widths) == 1 and 0 < max(widths) <= MAX_COLUMNS and len(axes) == len(sizes) == 2
    )
    return text | {"rows": rows, "axes": axes, "sizes": sizes} if sound and set("".join(rows)) <= MARKS.keys() else None


def _name(value) -> str:
    return clean(str(value)[:MAX_NAME]).replace("\n", " ")


def _title(record: dict) -> str:
    return f"{record['part']}, {record['at']}" if record["at"] else record["part"]


def _alternative(record: dict) -> str:
    """The picture in a sentence, for whoever can't see it."""
    cells = "".join(record["rows"])
    (down, across), (height, width) = record["axes"], record["sizes"]
    wrong = len(cells) - cells.count("0")
    return (f"Where {_title(record)} differs from what is expected, {down} ({height}) by {across} ({width}): "
            f"{wrong} of {len(cells)} cells, by at most {record['largest']}")  # fmt: skip


def _cell(value: str, x: float, y: float, side: float) -> str:
    if value == "0":
        return ""
    colour = NO_NUMBER if value == "n" else TOO_LARGE if value.isdigit() else TOO_SMALL
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="{colour}"'
    return f'{box} fill-opacity="{OPACITY[value]}"/>'


def _legend(y: float, record: dict) -> str:
    """The colours in words; that of what is no number only where there is such an entry."""
    entries = [(TOO_LARGE, "too large"), (TOO_SMALL, "too small")]
    entries += [(NO_NUMBER, "no number")] if any("n" in row for row in record["rows"]) else []
    drawn, x = "", LEFT
    for colour, text in entries:
        drawn += f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{colour}"/>' + _word(x + 13, y, text)
        x += 72
    return drawn


def _word(x: float, y: float, text: str, anchor: str = "start", turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{turn}>{escape(text)}</text>'
