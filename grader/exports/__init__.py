"""The results for the outside: each format a pure function of results.json, a module to a format."""

from grader.exports.command import FORMATS, Choices, export
from grader.exports.reading import ExportError

__all__ = ["FORMATS", "Choices", "ExportError", "export"]
