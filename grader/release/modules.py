"""Makes the students' modules from the reference's."""

from __future__ import annotations

from grader.release.regions import check_code, check_complete, check_unique, find_regions
from grader.release.stubs import module_stub
from grader.tasks import Course

__all__ = ["starter_module"]


def starter_module(source: str, name: str, course: Course) -> str:
    """The starter's text of module `name`: every region is a TODO with its hints, all else stays.

    Raises:
        ReleaseError: the regions are not those of the module's tasks, or one can't be taken out.
    """
    file = f"solution/{name}.py"
    tasks = [task for task in course.tasks.values() if task.module == name]
    regions = find_regions(source, file, course)
    check_unique(regions, file)
    check_complete(regions, tasks, source, file, course)
    check_code(source, regions, file)
    lines = source.split("\n")
    for region in reversed(regions):
        lines[region.begin - 1 : region.end] = module_stub(source, region)
    return "\n".join([*_heading([task.id for task in tasks]), *lines])


def _heading(ids: list[str]) -> list[str]:
    return [
        "# This file is yours to edit: put your code in the place of the `raise` below each TODO.",
        f'# To see how a task stands, run check("{ids[0]}") in the notebook, or in a terminal:'
        f" python -m grader check {ids[0]}",
    ]
