"""Keeping memory changes how a process asks for it, and nothing that it computes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toolkit import allocator

SCRIPT = """
import resource, torch
from toolkit.allocator import keep_memory
kept = {keep} and keep_memory()
def turn():
    return float(torch.ones(2_000_000).mul(3).sum())
for _ in range(5): turn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
values = [turn() for _ in range(20)]
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, set(values))
"""


def faults(keep: bool) -> tuple[str, int, str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(keep=keep)], capture_output=True, text=True, check=True)
    kept, count, values = done.stdout.split()
    return kept, int(count), values


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is the GNU C library's")
def test_pages_are_not_fetched_anew():
    kept, few, values = faults(True)
    if kept != "True":
        pytest.skip("this C library has no mallopt")
    _, many, same = faults(False)
    assert values == same
    if few == many:
        pytest.skip("this kernel counts no page faults, or the C library obeys its environment rather than mallopt")
    assert few < many / 4


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert allocator.keep_memory() is False
