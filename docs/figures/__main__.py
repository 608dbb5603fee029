"""Draw the figures of the book into `docs/images`: python -m docs.figures [NAME …]"""

from __future__ import annotations

import sys

from docs.figures.chapters import FIGURES, IMAGES, drawn

names = sys.argv[1:] or list(FIGURES)
if unknown := [name for name in names if name not in FIGURES]:
    sys.exit(f"no figure is called {', '.join(unknown)}; there are {', '.join(sorted(FIGURES))}")
IMAGES.mkdir(exist_ok=True)
for name in names:
    (IMAGES / f"{name}.svg").write_bytes(drawn(name))
    print(f"docs/images/{name}.svg")
