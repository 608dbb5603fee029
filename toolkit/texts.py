"""Texts for a language model of characters: a play of this course's own, Python's library, and the real plays."""

from __future__ import annotations

import platform
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.data.errors import DataError

if TYPE_CHECKING:
    import torch

__all__ = ["Text", "fetched_plays", "library_source", "lost_fathom", "shakespeare"]

PLAY = Path(__file__).parent.parent / "datasets" / "the_lost_fathom.txt"
# modules of the standard library that every Python has: long in words, short in tables
MODULES = ("textwrap", "heapq", "csv", "shlex", "json/decoder", "queue", "contextlib")


@dataclass(frozen=True)
class Text:
    """A text of which the last tenth is held out.

    Attributes:
        name: what it is, in a few words.
        whole: the text from its beginning to its end.
    """

    name: str
    whole: str

    @property
    def training(self) -> str:
        return self.whole[: self._cut]

    @property
    def held_out(self) -> str:
        return self.whole[self._cut :]

    @property
    def _cut(self) -> int:
        return len(self.whole) * 9 // 10

    def ids(self, vocabulary) -> tuple[torch.Tensor, torch.Tensor]:
        """The ids of the training text and of the held-out text, (T,) each, with a vocabulary as in task 4.1."""
        import torch

        return tuple(
            torch.tensor(vocabulary.encode(part), dtype=torch.int64) for part in (self.training, self.held_out)
        )


def lost_fathom() -> Text:
    """The Lost Fathom, a verse play in early modern English, written for this course."""
    return Text("The Lost Fathom", PLAY.read_text(encoding="utf-8"))


def library_source() -> Text:
    """Source of some modules of the standard library of the Python that runs, its ASCII lines alone.

    Raises:
        FileNotFoundError: this Python has no sources on disk.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    paths = [folder / f"{name}.py" for name in MODULES]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise FileNotFoundError(
            f"{', '.join(missing)} not found in {folder}: this Python came without the sources of its library; "
            "use another Python, or another text such as lost_fathom()"
        )
    sources = [path.read_text(encoding="utf-8") for path in paths]
    lines = [line for source in sources for line in source.splitlines(keepends=True) if line.isascii()]
    return Text(f"the library of Python {platform.python_version()}", "".join(lines).expandtabs())


def shakespeare(folder: Path | str | None = None) -> Text:
    """Tiny Shakespeare: 40,000 lines of the plays.

    Raises:
        DataError: not fetched, or damaged.
    """
    from toolkit.data.readers import checked_file

    path = checked_file("shakespeare", folder)
    return Text("tiny Shakespeare", path.read_text(encoding="utf-8"))


def fetched_plays(folder: Path | str | None = None) -> Text | None:
    """Tiny Shakespeare; None where it isn't there or can't be used, and a line that says why."""
    try:
        return shakespeare(folder)
    except DataError as problem:
        print(f"Without the real plays: {problem}")
        return None
