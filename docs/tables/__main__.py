"""Write the tables of the book again, after a record has changed: python -m docs.tables"""

from __future__ import annotations

from docs.tables.pages import PAGES, rewritten

for page in sorted(PAGES.glob("*.md")):
    text = page.read_text(encoding="utf-8")
    if (new := rewritten(text)) != text:
        page.write_text(new, encoding="utf-8")
        print(f"docs/{page.name}")
