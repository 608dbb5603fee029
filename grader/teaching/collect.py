"""Takes in an LMS's bulk download: one zip or its unpacked folder, to a folder with one folder or zip per student."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from grader.handed_in import RECEIPT
from grader.intake import COLLECTED, IntakeError, files_in, wanted
from grader.results import clean, dump, write_atomically
from grader.tasks import Course
from grader.teaching.names import Piece, read_name

__all__ = ["Collected", "collect", "looks_like_a_download"]

MAX_PIECE = 64 * 2**20  # bytes of one file that a student handed in
MAX_ALL = 32 * 2**30
MAX_ENTRIES = 200_000
FIRST = 20
EXPECTED = "lovelaceada_12345_67890_work.zip (Canvas) or Ada Lovelace_12345_assignsubmission_file/work.zip (Moodle)"
AGAIN = re.compile(r"(?:-\d+| \(\d+\))(?=\.\w+$)")  # what an LMS or a browser adds to a name that was there already


@dataclass(frozen=True)
class Entry:
    """A file of the download."""

    path: str
    time: float
    open: Callable[[], BinaryIO]


@dataclass
class Student:
    """What one student handed in, in the order in which it was uploaded."""

    pieces: list[tuple[Piece, Path]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Collected:
    """Who handed in, what is to be told of whom, and the files that are named as no LMS does it."""

    students: list[str]
    told: list[str]
    others: list[str]


def looks_like_a_download(path: Path) -> bool:
    """Whether most files at `path` are named as in a bulk download: of the first, if there are many."""
    try:
        with _entries(path) as entries:
            first = [read_name(entry.path) for entry in islice(entries, FIRST) if not _is_litter(entry.path)]
            return 2 * sum(map(bool, first)) > len(first)
    except (IntakeError, OSError):
        return False


def collect(download: Path, out: Path, course: Course) -> Collected:
    """Write what a download holds to the folder `out`, which is made; IntakeError where that can't be done."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise IntakeError(f"{out} is there already; give a folder that is not there yet with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".collecting-") as folder:
        made, staged = Path(folder) / "made", Path(folder) / "staged"
        made.mkdir()
        students, others = _staged(download, staged)
        for name, student in students.items():
            _write(made, name, student, course)
        write_atomically(made / COLLECTED, dump({name: _note(student) for name, student in students.items()}))
        if out.exists():
            out.rmdir()
        made.chmod(0o755)
        made.replace(out)
    told = [f"{name}: {line}" for name, student in students.items() for line in student.told]
    return Collected(list(students), told, others)


def _staged(download: Path, staged: Path) -> tuple[dict[str, Student], list[str]]:
    """Each student with the files that were copied, and what belongs to nobody."""
    students: dict[str, Student] = {}
    others: list[str] = []
    whole = 0
    with _entries(download) as entries:
        for place, entry in enumerate(entries):
            if _is_litter(entry.path):
                continue
            piece = read_name(entry.path)
            if piece is None:
                others.append(clean(entry.path))
                continue
            student = students.setdefault(piece.student, Student())
            target = staged / str(place)
            whole += _copy(entry, target, student, piece)
            if place > MAX_ENTRIES or whole > MAX_ALL:
                raise IntakeError(f"{download} holds more than {MAX_ENTRIES:,} files or {MAX_ALL / 2**30:.0f} GiB")
    if not students:
        raise IntakeError(f"{download} holds nothing that Canvas or Moodle has named, such as {EXPECTED}")
    for student in students.values():
        student.pieces.sort(key=lambda item: (item[0].upload, item[1].stat().st_mtime if item[1].exists() else 0))
    return dict(sorted(students.items())), others


def _copy(entry: Entry, target: Path, student: Student, piece: Piece) -> int:
    """Copy a file, if it isn't too large or broken; how many bytes it has."""
    target.parent.mkdir(exist_ok=True)
    try:
        with entry.open() as source:
            data = source.read(MAX_PIECE + 1)
    except Exception as problem:  # whatever a broken archive makes its readers raise
        student.told.append(f"{clean(piece.path)} can't be read ({clean(str(problem))})")
        data = b""
    if len(data) > MAX_PIECE:
        student.told.append(f"{clean(piece.path)} has more than {MAX_PIECE / 2**20:.0f} MiB and was left out")
        data = b""
    if data:
        target.write_bytes(data)
        os.utime(target, (entry.time, entry.time))
    student.pieces.append((piece, target))
    return len(data)


def _write(made: Path, name: str, student: Student, course: Course) -> None:
    """Write one student's work: a single zip as it is, else a folder with the course's files in their places."""
    there = [(piece, path) for piece, path in student.pieces if path.exists()]
    zips = [path for piece, path in there if piece.path.lower().endswith(".zip")]
    if len(there) == 1 and zips:
        shutil.move(zips[0], made / f"{name}.zip")
        return
    files = _merged(there, student, course)
    if not files and zips:  # broken ones: the grading says why
        shutil.move(zips[-1], made / f"{name}.zip")
        return
    (made / name).mkdir()
    for path, (data, when, _) in files.items():
        write_atomically(made / name / path, data)
        os.utime(made / name / path, (when, when))
    if not files:
        student.told.append("no file of the course was handed in")


def _merged(pieces: list[tuple[Piece, Path]], student: Student, course: Course) -> dict[str, tuple[bytes, float, str]]:
    """path → bytes, time and where they come from. Of a file that is there twice the later upload counts."""
    files: dict[str, tuple[bytes, float, str]] = {}
    replaced: dict[tuple[str, str], list[str]] = {}
    for piece, staged in pieces:
        when = staged.stat().st_mtime
        for path, data in _contents(piece, staged, course):
            if isinstance(data, str):
                student.told.append(f"{path} in {clean(piece.path)} {data}")
                continue
            if path in files and files[path][0] != data:
                replaced.setdefault((piece.path, files[path][2]), []).append(path)
            files[path] = (data, when, piece.path)
    for (later, earlier), paths in replaced.items():
        student.told.append(f"of {clean(earlier)} and {clean(later)} the later counts, for {', '.join(paths)}")
    return files


def _contents(piece: Piece, staged: Path, course: Course) -> Iterator[tuple[str, bytes | str]]:
    """The course's files in a piece: in a zip, or the piece itself."""
    places = wanted(course) | {RECEIPT: 2**16}
    if piece.path.lower().endswith(".zip"):
        try:
            yield from files_in(staged, places)
        except IntakeError as problem:
            yield "what lies", str(problem)
        return
    name = AGAIN.sub("", piece.path.rsplit("/", 1)[-1])
    place = next((path for path in places if path.rsplit("/", 1)[-1] == name), None)
    if place:
        yield place, staged.read_bytes() if staged.stat().st_size <= places[place] else "is too large"


def _note(student: Student) -> dict:
    """What is kept of the download's names: for late days, and for what goes back to the LMS."""
    last = student.pieces[-1][0]
    return {"lms": last.lms, "user": last.user, "late": last.late, "prefix": last.prefix,
            "files": [clean(piece.path) for piece, _ in student.pieces]}  # fmt: skip


@contextmanager
def _entries(download: Path) -> Iterator[Iterator[Entry]]:
    if download.is_dir():
        yield _in_folder(download)
        return
    if not download.is_file():
        raise IntakeError(
            f"{download} does not exist; give the zip that the LMS wrote, or the folder it was unpacked to"
        )
    try:
        archive = zipfile.ZipFile(download)
    except Exception as problem:
        raise IntakeError(f"{download} can't be read as a zip: {problem}") from problem
    with archive:
        yield (Entry(_decoded(info), _when(info), lambda info=info: archive.open(info))
               for info in archive.infolist() if not info.is_dir())  # fmt: skip


def _is_litter(path: str) -> bool:
    """What an operating system leaves behind."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def _in_folder(folder: Path) -> Iterator[Entry]:
    """The regular files of a folder; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(place) / name for name in sorted(names)):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and path.name != COLLECTED:
                name = os.fsencode(path.relative_to(folder).as_posix()).decode(errors="backslashreplace")
                yield Entry(name, found.st_mtime, lambda path=path: path.open("rb"))


def _decoded(info: zipfile.ZipInfo) -> str:
    """A name in a zip. Without the flag for UTF-8 it is in code page 437 by the standard, and in UTF-8 by habit."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _when(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0
