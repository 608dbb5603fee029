"""An executed notebook as one HTML page that needs no network: equations as MathML, no script from elsewhere."""

from __future__ import annotations

import re

import nbformat

__all__ = ["offline_page"]

# code keeps its dollars; then $$…$$, then $…$ within a line
MATH = re.compile(r"(```.*?```|`[^`\n]+`)|\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
FOREIGN = re.compile(r'<script[^>]*\ssrc="https?://[^"]*"[^>]*>\s*</script>')


def offline_page(notebook: nbformat.NotebookNode) -> str:
    """The page. Figures are embedded by the notebook itself, as `toolkit.plots.show` writes them."""
    from nbconvert import HTMLExporter

    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    # not with embed_images: that closes every <details> before what it is to fold
    page, _ = HTMLExporter().from_notebook_node(copy)
    return FOREIGN.sub("", page)


def with_mathml(text: str) -> str:
    """Markdown with its LaTeX as MathML, which browsers draw themselves."""
    return MATH.sub(_mathml, text)


def _mathml(found: re.Match) -> str:
    from latex2mathml.converter import convert

    code, block, inline = found.groups()
    if code is not None:
        return code
    mathml = convert((block or inline).strip(), display="block" if block else "inline")
    return mathml.replace("\\_", "_")
