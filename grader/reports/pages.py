"""Templates as pages: everything is escaped, nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from grader.results import clean

__all__ = ["render"]


def render(template: str, **values) -> str:
    """The page that a template of this folder makes of these values."""
    return _templates.get_template(template).render(**values)


def _marked(text: str) -> Markup:
    """A sentence of the course's as HTML, with `names` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(clean(text)))))


_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
                         lstrip_blocks=True)  # fmt: skip
_templates.filters |= {
    "clean": clean,
    "marked": _marked,
    "number": lambda value: f"{value:g}",
    "in_points": lambda value: f"{value:g} point" + "s" * (value != 1),
}
