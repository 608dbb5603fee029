"""A progress bar for work in a loop: in a notebook and at a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator

from toolkit.session import at_terminal, in_notebook

__all__ = ["steps_with_bar"]

PATIENCE = 0.5  # seconds of work before a bar appears: what is done by then needs none
EVERY = 0.1  # seconds between two looks of the bar


def steps_with_bar(count: int, name: str = "training steps") -> Iterator[int]:
    """0, 1, …, count − 1, with a bar that says how far they are; in a notebook a line with the seconds stays."""
    if in_notebook():
        return _in_notebook(count, name)
    return _at_terminal(count, name) if at_terminal() else iter(range(count))


def _in_notebook(count: int, name: str) -> Iterator[int]:
    from IPython.display import display

    start = looked = time.monotonic()
    shown = None
    for step in range(count):
        yield step
        now = time.monotonic()
        if now - start < PATIENCE or now - looked < EVERY:
            continue
        looked, look = now, _look(step + 1, count, name)
        if shown is None:
            shown = display(look, raw=True, display_id=True)
        else:
            shown.update(look, raw=True)
    if shown is not None:
        shown.update({"text/plain": f"{count} {name} in {time.monotonic() - start:.1f} s"}, raw=True)


def _look(done: int, count: int, name: str) -> dict[str, str]:
    text = f"{done} of {count} {name}"
    return {"text/plain": text, "text/html": f'<progress value="{done}" max="{count}"></progress> {text}'}


def _at_terminal(count: int, name: str) -> Iterator[int]:
    from rich.console import Console
    from rich.progress import track

    return iter(track(range(count), name, console=Console(stderr=True), transient=True))
