"""Remembers what the last release wrote, so that an edited file is told from an old one."""

from __future__ import annotations

import json
from pathlib import Path

from grader.release.regions import ReleaseError
from grader.student.released import digest

__all__ = ["MANIFEST", "manifest_bytes", "on_disk", "read_manifest"]

MANIFEST = "grader/release/manifest.json"


def manifest_bytes(files: dict[str, bytes]) -> bytes:
    """path → SHA-256 of every file of a release, as JSON."""
    digests = {path: digest(content) for path, content in sorted(files.items())}
    return (json.dumps(digests, indent=1) + "\n").encode("utf-8")


def read_manifest(root: Path) -> dict[str, str]:
    """path → SHA-256 as the last release noted them; empty before the first."""
    content = on_disk(root, MANIFEST)
    try:
        digests = json.loads(content) if content is not None else {}
    except ValueError:  # neither JSON nor text
        digests = None
    if not isinstance(digests, dict) or not all(isinstance(entry, str) for entry in digests.values()):
        raise ReleaseError(
            f"{MANIFEST}:1: expected a JSON object of paths and SHA-256 sums; "
            f"get the committed one back with `git checkout {MANIFEST}`"
        )
    return digests


def on_disk(root: Path, path: str) -> bytes | None:
    """What stands under a path of the release, None for nothing. A path that leaves the course is a ReleaseError."""
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or not {"", ".", ".."}.isdisjoint(parts):
        raise ReleaseError(f"{path!r} is no path inside the course; expected one such as 'starter/rnn.py'")
    place = root / path
    if place.is_dir():
        raise ReleaseError(f"{path} is a folder, expected a file; move the folder away")
    return place.read_bytes() if place.exists() else None
