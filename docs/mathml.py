"""Equations as MathML, which browsers draw themselves: no script, no fonts, no network."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

__all__ = ["setup"]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append(_converted(node, "inline"))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.Element) -> None:
    number = f'<span class="eqno">({get_node_equation_number(translator, node)})</span>' if node["number"] else ""
    # it can be scrolled where it is wider than a phone, with the keyboard too
    translator.body.append(f'<div class="math" tabindex="0" role="group" aria-label="equation">{number}'
                           f"{_converted(node, 'block')}</div>")  # fmt: skip
    raise nodes.SkipNode


def _converted(node: nodes.Element, display: str) -> str:
    return convert(node.astext().strip(), display=display).replace("\\_", "_")  # the converter leaves it as it is in a text
