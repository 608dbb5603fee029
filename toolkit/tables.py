"""A table of measurements: in a notebook as HTML that a screen reader can follow, elsewhere as aligned text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from toolkit.plots.canvas import stand_in_note
from toolkit.session import in_notebook

__all__ = ["show_table", "table_html", "table_text"]

MISSING = "–"
LEFT, RIGHT = "text-align: left", "text-align: right; font-variant-numeric: tabular-nums"


def show_table(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], caption: str, parts: Sequence[object] = ()
) -> None:
    """Display a table in a notebook; elsewhere print it.

    Args:
        rows: column → value. What a row doesn't have, or has as None, is a dash.
        columns: heading → how its values are written, such as ",", ".2f" or "": what `format` takes.
        caption: says what the numbers are, and how they were measured.
        parts: what was measured, so that the caption says which of them are stand-ins.

    Raises:
        ValueError: the caption is empty.
    """
    caption = f"{caption.strip()} {stand_in_note(parts, 'Measured')}".strip()
    if not caption:
        raise ValueError("caption is empty: a table says what its numbers are")
    text = table_text(rows, columns, caption)
    if not in_notebook():
        print(text)
        return
    from IPython.display import display

    display({"text/html": table_html(rows, columns, caption), "text/plain": text}, raw=True)


def table_text(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], caption: str) -> str:
    """The caption, the headings and the rows in aligned columns."""
    lines = [list(columns), *([_written(row.get(name), form) for name, form in columns.items()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = _numeric(rows, columns)
    aligned = (
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, line, widths, strict=True)
        )
        for line in lines
    )
    return "\n".join([caption, "", *(line.rstrip() for line in aligned)])


def table_html(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], caption: str) -> str:
    """The same as a <table>: its headings name the columns, and the first cell of each row names the row."""
    right = _numeric(rows, columns)
    styles = {name: RIGHT if name in right else LEFT for name in columns}
    head = "".join(f'<th scope="col" style="{styles[name]}">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{_cells(row, columns, styles)}</tr>" for row in rows)
    return (f'<table><caption style="caption-side: top; {LEFT}">{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")  # fmt: skip


def _cells(row: Mapping[str, object], columns: Mapping[str, str], styles: Mapping[str, str]) -> str:
    written = {name: escape(_written(row.get(name), form)) for name, form in columns.items()}
    first, *others = columns
    return f'<th scope="row" style="{styles[first]}">{written[first]}</th>' + "".join(
        f'<td style="{styles[name]}">{written[name]}</td>' for name in others
    )


def _written(value: object, form: str) -> str:
    return MISSING if value is None else format(value, form)


def _numeric(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> set[str]:
    """The columns that hold numbers, and so stand at the right."""
    return {name for name in columns
            if all(isinstance(row.get(name), int | float | None) for row in rows)}  # fmt: skip
