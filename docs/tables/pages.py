"""The pages, and all tables: importing this enters those of every module into the list."""

from __future__ import annotations

import re
from pathlib import Path

from docs.tables import chapters, comparison, folklore  # noqa: F401  (they enter their tables)
from docs.tables.kit import TABLES

__all__ = ["PAGES", "TABLES", "rewritten"]

PAGES = Path(__file__).parent.parent
BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(\n<!-- end of table -->)", re.DOTALL)


def rewritten(page: str) -> str:
    """The page with every table as it comes out now."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block[2]]()}\n{block[3]}", page)
