"""The course as a site. The students' has the book and the notebooks as they are handed out; the instructors' has the pages
for teaching besides, and the solution notebooks, executed.

    python -m docs.site [student] [instructor] [--out build/site]

Pages lie in `docs/`, and which of them are for instructors alone stands in the list of `docs/teaching.md`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
AUDIENCES = ("student", "instructor")
TAUGHT = "teaching"  # the page whose list names those for instructors
LISTED = re.compile(r"^```\{toctree\}(.*?)^```", re.DOTALL | re.MULTILINE)
NOTEBOOK = re.compile(r"\]\(\.\./(notebooks/[\w.-]+\.ipynb)\)")
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([\w./-]+)(?:#[\w-]*)?\)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "audiences", nargs="*", metavar="AUDIENCE", help="student, instructor; both where none is named"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    wanted = parser.parse_args()
    for audience in wanted.audiences or AUDIENCES:
        if audience not in AUDIENCES:
            parser.error(f"there is a site for {' and one for '.join(AUDIENCES)}, none for {audience!r}")
        notebooks = solutions(wanted.out) if audience == "instructor" else released()
        print(build(audience, notebooks, wanted.out) / "index.html")


def build(audience: str, notebooks: Iterable[tuple[str, str]], out: Path) -> Path:
    """Bring the pages together and make them HTML; the folder of the site. SystemExit where Sphinx finds anything wrong."""
    from sphinx.cmd.build import build_main

    source, site = out / f"{audience}-pages", out / audience
    for folder in (source, site):
        shutil.rmtree(folder, ignore_errors=True)
    bring_together(audience, notebooks, source)
    if build_main(
        ["-W", "--keep-going", "-q", "-b", "html", "-d", str(out / f"{audience}-trees"), str(source), str(site)]
    ):
        sys.exit(f"the site for the {audience} was not built: what Sphinx says above is to be mended in docs/")
    return site


def bring_together(audience: str, notebooks: Iterable[tuple[str, str]], source: Path) -> None:
    """All that Sphinx reads, in one folder."""
    docs = ROOT / "docs"
    for folder in ("images", "static"):
        shutil.copytree(docs / folder, source / folder)
    for name in ("conf.py", "mathml.py"):
        shutil.copy(docs / name, source / name)
    for name, text in pages(audience):
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    for name, text in notebooks:
        place = source / f"{name}.ipynb"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")


def pages(audience: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each page for this audience. What a page links to beside `docs/` is named there, not linked."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
    hidden = {TAUGHT, *listed(texts[TAUGHT])} if audience == "student" else set()
    for name, text in texts.items():
        if name not in hidden:
            yield name, OUTSIDE.sub(r"\1 (`\2`)", NOTEBOOK.sub(r"](\1)", _without(text, hidden)))


def listed(text: str) -> set[str]:
    """The pages that the lists of a page name."""
    lines = [line for found in LISTED.findall(text) for line in found.splitlines()[1:]]
    return {line.strip() for line in lines if line.strip() and not line.startswith(":")}


def _without(text: str, hidden: set[str]) -> str:
    """A page without the lines of its lists that name what is hidden."""
    return "\n".join(line for line in text.split("\n") if line.strip() not in hidden)


def released() -> Iterator[tuple[str, str]]:
    """The notebooks as students get them."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        yield f"notebooks/{path.stem}", path.read_text(encoding="utf-8")


def solutions(out: Path) -> Iterator[tuple[str, str]]:
    """The solution notebooks, executed on embedded data. They take the place of the students'."""
    import nbformat
    from rich.console import Console

    from grader.demo import executed
    from grader.tasks import load_course

    course, console = load_course(), Console()
    for notebook in course.notebooks.values():
        yield f"notebooks/{notebook.name}", nbformat.writes(executed(notebook.name, course, console))


if __name__ == "__main__":
    main()
