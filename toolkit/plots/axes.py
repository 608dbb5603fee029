"""Logarithmic axes with numbers that can be read, and ticks at round numbers."""

from __future__ import annotations

from matplotlib.axis import Axis

__all__ = ["log_axis", "round_step"]


def log_axis(axis: Axis) -> None:
    """Make an axis logarithmic, with numbers at the powers of ten, their twos and their fives."""
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    axis.set_major_formatter("{x:,g}")
    axis.set_minor_formatter(_minor)


def _minor(value: float, place: int) -> str:
    """The label of a tick between two powers of ten: the twos and the fives have one."""
    return f"{value:,g}" if f"{value:e}"[0] in "25" else ""


def round_step(count: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that takes at most so many steps through a count."""
    return next(
        step for power in range(12) for step in (10**power, 2 * 10**power, 5 * 10**power) if count <= step * most
    )
