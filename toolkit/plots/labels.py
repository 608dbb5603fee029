"""Where labels beside points can stand without covering each other or a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "place_labels"]

DIRECTIONS = (
    (1, 0),
    (0, 1),
    (-1, 0),
    (0, -1),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
)  # right, above, left, below, corners


@dataclass(frozen=True)
class Box:
    """A rectangle with upright sides."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def inside(self, other: Box) -> bool:
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top


def place_labels(
    layouts: Sequence[Sequence[tuple[float, float]]],
    sizes: Sequence[tuple[float, float]],
    bounds: Sequence[Box],
    radius: float,
    reach: float,
) -> list[tuple[float, float] | None]:
    """For each point the way from it to the lower left corner of its label; None where no place is free.

    Each point in its turn takes the first free one of eight places around it.

    Args:
        layouts: the points, once for each layout of the figure in which labels must stand apart.
        sizes: width and height of each label.
        bounds: for each layout, what no label may leave.
        radius: how far a point's mark reaches.
        reach: how far from its point a label begins.
    """
    marks = [[Box(x - radius, y - radius, x + radius, y + radius) for x, y in points] for points in layouts]
    placed: list[list[Box]] = [[] for _ in layouts]
    found: list[tuple[float, float] | None] = []
    for number, size in enumerate(sizes):
        found.append(None)
        for offset in _offsets(size, reach):
            boxes = [_box(points[number], offset, size) for points in layouts]
            taken = (
                not box.inside(bound) or any(box.overlaps(other) for other in (*marks_here, *labels))
                for box, bound, marks_here, labels in zip(boxes, bounds, marks, placed, strict=True)
            )
            if not any(taken):
                found[-1] = offset
                for labels, box in zip(placed, boxes, strict=True):
                    labels.append(box)
                break
    return found


def _offsets(size: tuple[float, float], reach: float) -> list[tuple[float, float]]:
    width, height = size
    return [((dx * (reach + width / 2)) - width / 2, (dy * (reach + height / 2)) - height / 2) for dx, dy in DIRECTIONS]


def _box(point: tuple[float, float], offset: tuple[float, float], size: tuple[float, float]) -> Box:
    left, bottom = point[0] + offset[0], point[1] + offset[1]
    return Box(left, bottom, left + size[0], bottom + size[1])
