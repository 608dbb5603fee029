"""A table that an LMS has exported: a few of its cells are filled in, every other byte stays as it is."""

from __future__ import annotations

import re
from codecs import BOM_UTF8

from grader.exports.reading import ExportError

__all__ = ["Sheet"]

DELIMITERS = ",;\t"
QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Sheet:
    """The rows of a CSV file, with their own quotes, line ends, delimiter and byte order mark."""

    def __init__(self, data: bytes, name: str):
        self.name = name
        self._mark, text = _decoded(data, name)
        if not text.strip():
            raise ExportError(f"{name} is empty; export it again")
        self._delimiter = max(DELIMITERS, key=QUOTED.sub("", text).partition("\n")[0].count)
        self._rows = _parsed(text, self._delimiter, name)
        self.header = [_value(cell).strip() for cell in self._rows[0][0]]
        self.rows = [row for row in range(1, len(self._rows)) if any(map(_value, self._rows[row][0]))]

    def column(self, title: str) -> int | None:
        """Where the column of this title stands, in whatever case; None if it doesn't."""
        titles = [other.casefold() for other in self.header]
        return titles.index(title.casefold()) if title.casefold() in titles else None

    def require(self, titles: list[str], advice: str) -> list[int]:
        """Where these columns stand. ExportError that names all that are missing."""
        missing = [title for title in titles if self.column(title) is None]
        if missing:
            has = ", ".join(map(repr, self.header[:20]))
            raise ExportError(
                f"{self.name} lacks the column {' and '.join(map(repr, missing))}; it has {has}. {advice}"
            )
        return [self.column(title) for title in titles]

    def value(self, row: int, column: int) -> str:
        """The text of a cell. ExportError where the row is too short to have it."""
        cells = self._rows[row][0]
        if column >= len(cells):
            raise ExportError(f"{self.name}, row {row + 1}: {len(cells)} cells, but the header has {len(self.header)}; "
                              "export it again, and don't save it from a spreadsheet")  # fmt: skip
        return _value(cells[column])

    def put(self, row: int, column: int, text: str) -> None:
        """Fill in a cell, quoted where it has to be."""
        special = any(char in text for char in f'"\r\n{self._delimiter}')
        self._rows[row][0][column] = '"' + text.replace('"', '""') + '"' if special else text

    def data(self) -> bytes:
        """The whole file."""
        return self._mark + "".join(self._delimiter.join(cells) + end for cells, end in self._rows).encode()


def _decoded(data: bytes, name: str) -> tuple[bytes, str]:
    if data.startswith(b"PK"):
        raise ExportError(f"{name} is a spreadsheet or a zip, not CSV; give the CSV file as it was downloaded")
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    try:
        text = data.removeprefix(mark).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ExportError(f"{name} is not UTF-8 ({problem.reason} at byte {problem.start}); give the file as it was "
                          "downloaded, or save it from the spreadsheet as “CSV UTF-8”") from problem  # fmt: skip
    if "\0" in text:
        raise ExportError(f"{name} is no text; give the CSV file as it was downloaded")
    return mark, text


def _parsed(text: str, delimiter: str, name: str) -> list[tuple[list[str], str]]:
    """(cells as they are written, line end) of every row. ExportError where a quote is left open."""
    cell = re.compile(rf'("(?:[^"]|"")*"|[^{delimiter}"\r\n][^{delimiter}\r\n]*|)({delimiter}|\r\n|\r|\n|\Z)')
    rows, cells, position = [], [], 0
    while position < len(text) or cells:
        found = cell.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise ExportError(f"{name}, line {line}: a quote is not closed, or text follows it; export it again")
        cells.append(found[1])
        position = found.end()
        if found[2] != delimiter:
            rows.append((cells, found[2]))
            cells = []
    return rows


def _value(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell
