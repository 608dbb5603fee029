"""Sphinx's settings of the course's site. `python -m docs.site` brings the pages together and builds it."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parent))  # Sphinx runs this file where it lies, beside mathml.py

project = "Unrolled"
author = "The Unrolled authors"
copyright = "the Unrolled authors; prose CC BY 4.0, code MIT"
html_title = "Unrolled"
html_theme = "furo"  # readable on a phone, dark where the reader's system is, its search works from a folder
html_static_path = ["static"]
html_css_files = ["course.css"]
html_show_sphinx = html_show_sourcelink = html_copy_source = False
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}

extensions = ["myst_nb", "mathml"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "html_image", "tasklist"]
myst_heading_anchors = 4  # `page.md#a-heading`, as code hosts have them
myst_dmath_double_inline = True
nb_execution_mode = "off"  # what is shown was executed before, or is the student's to execute
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]
suppress_warnings = ["mystnb.unknown_mime_type"]


def setup(app) -> None:
    app.add_lexer("csv", TextLexer)
    app.connect("html-page-context", _for_readers_of_all_kinds, priority=900)


def _for_readers_of_all_kinds(app, pagename, templatename, context, doctree) -> None:
    """What Sphinx and the theme leave out: the level of the captions beside, and code and tables that the keyboard can scroll."""
    for part in ("body", "furo_navigation_tree"):
        text = context.get(part, "").replace('role="heading"', 'role="heading" aria-level="2"')
        context[part] = text.replace("<pre>", '<pre tabindex="0">').replace('<div class="table', '<div tabindex="0" class="table')
