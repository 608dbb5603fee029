"""JUnit XML: a test suite for each student, a test case for each visible check, one for the hidden checks of a task.

Valid against the schema of Jenkins's xUnit plugin (junit-10.xsd). There is no time in it: results.json has none, so that the
same grading gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from grader.exports.words import hidden_line, title, visible
from grader.tasks import Course

__all__ = ["to_junit"]

# what XML 1.0 can't hold, escaped or not
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ELEMENTS = {"failed": "failure", "skipped": "skipped"}  # every other verdict but passed is an error


def to_junit(results: dict, course: Course) -> Iterator[bytes]:
    """The document, piece by piece. A verdict of failed is a failure, an exception, timeout or crash an error."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="Unrolled">\n'
    for entry in results["submissions"]:
        suite = _suite(entry, course)
        ElementTree.indent(suite, " ")
        yield ElementTree.tostring(suite, encoding="utf-8", xml_declaration=False) + b"\n"
    yield b"</testsuites>\n"


def _suite(entry: dict, course: Course) -> Element:
    suite = Element("testsuite", name=_xml(entry["student"]))
    properties = SubElement(suite, "properties")
    score = "" if entry["score"] is None else f"{entry['score']:g}"
    for name, value in {"status": entry["status"], "score": score, "max_score": f"{entry['max_score']:g}",
                        "pending": " ".join(entry["pending"])}.items():  # fmt: skip
        SubElement(properties, "property", name=name, value=_xml(value))
    for task in entry["tasks"]:
        _add_task(suite, task, title(task["id"], course))
    for name in entry["pending"]:
        _add_case(suite, title(name, course), "written answer", "skipped", "still to be marked by hand")
    if entry["status"] == "invalid":
        _add_case(suite, "submission", "there is something to grade", "error", entry.get("reason", ""))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for what, element in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(what, str(len(suite.findall(f"testcase/{element}"))))
    return suite


def _add_task(suite: Element, task: dict, name: str) -> None:
    for check in visible(task):
        _add_case(suite, name, check["sentence"], check["verdict"], check["message"], check["hint"])
    if task["lint"]:
        forfeited = not task["score"] and any(finding["forbidden"] for finding in task["lint"])
        lines = [f"line {finding['line']}: {finding['message']}" for finding in task["lint"]]
        _add_case(suite, name, "keeps to the task's rules", "failed" if forfeited else "passed", "\n".join(lines))
    if hidden_line(task):
        passed = all(check["verdict"] == "passed" for check in task["checks"] if check["hidden"])
        _add_case(suite, name, "hidden checks", "passed" if passed else "failed", hidden_line(task))


def _add_case(suite: Element, task: str, name: str, verdict: str, message: str, hint: str = "") -> None:
    case = SubElement(suite, "testcase", classname=_xml(task), name=_xml(name))
    if verdict != "passed":
        first = message.partition("\n")[0]
        told = SubElement(case, ELEMENTS.get(verdict, "error"), type=verdict, message=_xml(first))
        told.text = _xml(message + (f"\nHint: {hint}" if hint else ""))


def _xml(text: str) -> str:
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
