"""Memory that is given back to the system after each training step has to be fetched again before the next."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_memory"]

# numbers and limits of mallopt(3) in the GNU C library
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
SETTINGS = {MMAP_THRESHOLD: 32 * 2**20, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 256 * 2**20}  # bytes


def keep_memory() -> bool:
    """From now on this process keeps the memory that it frees; whether that could be arranged.

    A training step on a CPU frees tensors of some megabytes, which the C library hands back to the system at once; then the
    next step pays for every page anew. On a virtual machine an LSTM of 512 units trained 1.4 times as fast without. Done in a
    script of its own, not in a notebook, which would keep its largest size for good. Elsewhere than on Linux with the GNU C
    library nothing happens.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, value) == 1 for name, value in SETTINGS.items())
