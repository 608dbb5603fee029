"""How Canvas and Moodle name what students handed in, in the zip that an instructor downloads, and what goes back to them.

Canvas (lib/content_zipper.rb) writes `lovelaceada_LATE_12345_67890_work-1.zip`: the sortable name in lower case and without
blanks and commas, LATE where it came after the due date in Canvas, the number of the user and that of the upload, and the
file's own name, to which a later upload of the same name has -1, -2 and so on added. Marked anonymously, it begins with
`anon_x7Fg2` or `LATE_anon_x7Fg2`. Moodle (mod/assign/classes/downloader.php) writes
`Ada Lovelace_12345_assignsubmission_file/work.zip`, before 4.1 with `file_`, and
`…_file_work.zip` where folders are switched off.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from grader.results import clean

__all__ = ["Piece", "read_name"]

MOODLE = re.compile(r"(?P<name>[^_]*)_(?P<user>\d+)_assignsubmission_file(?:_(?P<own>.*))?", re.DOTALL)
CANVAS = re.compile(r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?P<upload>\d+)_(?P<own>.+)", re.DOTALL)
ANONYMOUS = re.compile(r"(?:(?P<late>LATE)_)?(?P<name>anon)_(?P<user>[^_]+)_(?P<upload>\d+)_(?P<own>.+)", re.DOTALL)
DEPTH = 2  # the download's own folder, which unpacking often makes, and what lies in it


@dataclass(frozen=True)
class Piece:
    """What the name of one file in a download says."""

    lms: str
    student: str  # name and number, as in "lovelaceada_12345": two students may have the same name
    user: str
    prefix: str  # what the name of a file begins with that is to go back to this student
    path: str  # the file within what this student handed in
    late: bool | None = None  # what the LMS says; None where it doesn't say
    upload: int = 0  # grows with time


def read_name(path: str) -> Piece | None:
    """What the path of a file in a download says, or None where it is not named as Canvas or Moodle do it."""
    parts = unicodedata.normalize("NFC", path).replace("\\", "/").split("/")
    for place, part in enumerate(parts[:DEPTH]):
        rest = parts[place + 1 :]
        if found := MOODLE.fullmatch(part):
            return _moodle(found, rest)
        if found := (ANONYMOUS.fullmatch(part) or CANVAS.fullmatch(part)) if not rest else None:
            return _canvas(found)
    return None


def _moodle(found: re.Match, rest: list[str]) -> Piece:
    student = f"{found['name']}_{found['user']}"
    path = "/".join(filter(None, [found["own"], *rest]))
    return Piece("moodle", _shown(student), found["user"], f"{student}_assignsubmission_file_", path)


def _canvas(found: re.Match) -> Piece:
    student = f"{found['name']}_{found['user']}"
    prefix = found[0].removesuffix(found["own"])
    return Piece(
        "canvas", _shown(student), found["user"], prefix, found["own"], bool(found["late"]), int(found["upload"])
    )


def _shown(name: str) -> str:
    """A name as it may stand in a record, and be the name of a file."""
    return re.sub(r'[<>:"/\\|?*\n\t]', "-", clean(name)).strip(". ")
