"""Keeping memory changes how a process asks for it, and nothing that it computes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from toolkit import allocator

# Four tensors of 24 MB live at once and are freed together. That is more than the C library keeps of its own accord, which is
# twice the largest block that it has seen freed; two or fewer it may keep or give back, as its memory happens to lie.
SCRIPT = """
import resource, torch
from toolkit.allocator import keep_memory
kept = {keep} and keep_memory()
def turn():
    alive = [torch.ones(6_000_000) for _ in range(4)]
    return float(sum(tensor.sum() for tensor in alive))
for _ in range(5): turn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
values = [turn() for _ in range(20)]
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, set(values))
"""
# where these are set, the C library obeys them rather than us
OVERRULING = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")


def faults(keep: bool) -> tuple[str, int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OVERRULING)}
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(keep=keep)], capture_output=True, text=True, check=True,
                          env=environment)
    kept, count, values = done.stdout.split()
    return kept, int(count), values


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is the GNU C library's")
def test_pages_are_not_fetched_anew():
    kept, few, values = faults(True)
    if kept != "True":
        pytest.skip("this C library has no mallopt")
    _, many, same = faults(False)
    assert values == same
    if many < 80:  # a fault for each of the eighty tensors, were every page a huge one
        pytest.skip(f"no page faults to save here: {many} without keep_memory, where 80 or more are expected")
    assert few < many / 4


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert allocator.keep_memory() is False
