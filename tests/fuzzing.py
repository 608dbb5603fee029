"""What the fuzzed tests share: how much is tried, and values such as a hostile worker may send."""

from __future__ import annotations

import os

import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from grader.engine.values import DENSE, Array, Failure, Handle, Opaque, Seen

__all__ = ["ARRAYS", "EFFECTS", "FAILURES", "LONGER", "SEEN", "TEXTS", "VALUES", "tried"]

LONGER = int(os.environ.get("UNROLLED_FUZZ", "0"))  # so many times as much is tried, and something else each time


def tried(examples: int) -> settings:
    """So many examples, the same in every run unless UNROLLED_FUZZ asks for more. What fails is shown as it was drawn."""
    return settings(max_examples=examples * max(LONGER, 1), derandomize=not LONGER, database=None, deadline=None,
                    phases=(Phase.generate,), suppress_health_check=list(HealthCheck))  # fmt: skip


NASTY = ("", "\0", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b2J", "\N{RIGHT-TO-LEFT OVERRIDE}cod.exe", "\ud800", "\r\n\n",
         "<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "&lt;b&gt;", "[bold red]loud[/] [/nothing]",
         "[link=file:///etc]x[/link]", "=HYPERLINK(\"x\")", "+1", "@SUM(A1)", "{0.__class__} {} %s", "`code` `", "a" * 6_000,
         "Task 1.1: Windows is still to do.", "starter/rnn.py is missing from the submission", "out of memory",
         "the same", "a.b", "1", "weight_ih", "x")  # fmt: skip
ANY = st.characters(categories=("L", "M", "N", "P", "S", "Z", "C"))  # surrogates too
TEXTS = st.sampled_from(NASTY) | st.text(ANY, max_size=30)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-3, 12)
SIZES = st.lists(st.integers(0, 5), max_size=4)
PLACES = ("cpu", "cuda", "meta", "\x1b[2J<b>")


@st.composite
def _arrays(draw) -> Array:
    """A tensor of any type and size with any numbers, on any device; or none, with any shape."""
    dtype, device, wanting = (
        draw(st.sampled_from(sorted(DENSE, key=str))),
        draw(st.sampled_from(PLACES)),
        draw(st.booleans()),
    )
    if draw(st.integers(0, 5)) == 0:
        shape = draw(SIZES | st.lists(WHOLE, max_size=3))
        return Array(None, tuple(shape), draw(st.just(str(dtype)) | TEXTS), device, wanting)
    shape = draw(SIZES)
    numbers = st.floats(width=16) if dtype.is_floating_point else st.integers(0, 1) if dtype == torch.bool else \
        st.integers(0, 127) if dtype == torch.uint8 else st.integers(-128, 127)  # fmt: skip
    data = torch.tensor(draw(numbers), dtype=dtype).repeat(shape) if shape else torch.tensor(draw(numbers), dtype=dtype)
    if data.numel():
        data.view(-1)[draw(st.integers(0, data.numel() - 1))] = draw(numbers)
    return Array(data, tuple(data.shape), str(dtype), device, wanting)


ARRAYS = _arrays()
PLAIN = st.none() | st.booleans() | WHOLE | st.floats() | TEXTS
KEYS = PLAIN | st.tuples(PLAIN) | st.builds(Handle, WHOLE)
VALUES = st.recursive(
    PLAIN | ARRAYS | st.builds(Opaque, TEXTS) | st.builds(Handle, WHOLE),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
SHORT = TEXTS.filter(lambda text: len(text) <= 5_000)
KINDS = (
    st.sampled_from(("ValueError", "RuntimeError", "NotImplementedError", "MemoryError", "TypeError", "Exception"))
    | SHORT
)
FAILURES = st.builds(Failure, KINDS, SHORT, st.none() | SHORT, st.none() | WHOLE, st.none() | SHORT,
                     st.lists(KINDS, max_size=3).map(tuple), st.none() | SHORT)  # fmt: skip
EFFECTS = st.sampled_from(("argument:x", "random:torch", ":", "{}:{}", "mode")) | TEXTS
GRADIENTS = st.none() | st.dictionaries(TEXTS | st.sampled_from(("x", "h")), st.none() | ARRAYS, max_size=3)
SEEN = st.builds(Seen, VALUES, st.none(), GRADIENTS, st.lists(EFFECTS, max_size=2)) | st.builds(
    Seen, st.none(), FAILURES
)
