"""What goes wrong with data, as sentences for the person at the keyboard."""

from __future__ import annotations

__all__ = ["DataError", "OriginFailed", "Refused"]


class DataError(Exception):
    """A data set can't be fetched or read. The message says what was expected, what came and what to do."""


class OriginFailed(DataError):
    """One address or folder didn't deliver a file; another one may."""


class Refused(DataError):
    """An archive is built as no packing of a data set would be. The message is a sentence about "it"."""
