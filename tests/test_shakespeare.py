"""Tiny Shakespeare: fetched from a folder or a server, read whole, and refused in a sentence where it is not."""

from __future__ import annotations

import pytest

from tests import fetching
from tests.conftest import SHARED
from tests.fetching import files_below, message_of
from toolkit import data
from toolkit.data import download
from toolkit.texts import shakespeare

NAME = "tinyshakespeare.txt"
REAL = SHARED / NAME
COMMAND = "run python -m toolkit.data fetch shakespeare"
SET = data.load_registry()["shakespeare"]
MADE_UP = b"x" * SET.bytes  # as long as the real file

needs_real = pytest.mark.skipif(not REAL.is_file(), reason="tiny Shakespeare is not in ../shared/data")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0)
    with fetching.server() as running:
        yield running


def counted(text: str) -> dict[str, int]:
    return {"lines": text.count("\n"), "characters": len(text), "distinct_characters": len(set(text))}


@needs_real
def test_from_a_folder_it_has_what_the_registry_counts(tmp_path):
    assert data.fetch("shakespeare", tmp_path, SHARED) == [tmp_path / NAME]
    text = shakespeare(tmp_path)
    assert counted(text.whole) == SET.counts
    assert text.whole.startswith("First Citizen:\n") and len(text.held_out) == 111_540
    assert files_below(tmp_path) == [NAME]


@needs_real
def test_from_a_server_under_the_name_that_its_source_gives_it(tmp_path, server):
    body = REAL.read_bytes()
    server.routes["/class/input.txt"] = fetching.ranged(body, at_most=6 * 65_536)
    data.fetch("shakespeare", tmp_path, f"{server.base}/class/input.txt")
    assert [asked for _, asked in server.requests] == [None, "bytes=393216-", "bytes=786432-"]
    assert counted(shakespeare(tmp_path).whole) == SET.counts


def test_where_it_is_missing_the_command_is_told(tmp_path):
    assert message_of(shakespeare, tmp_path) == f"shakespeare is not in {tmp_path}: {COMMAND}"


FAULTS = {
    "empty": (b"", "has 0 bytes, expected 1,115,394"),
    "truncated": (MADE_UP[:400_000], "has 400,000 bytes, expected 1,115,394"),
    "too long": (MADE_UP + b"x", "has 1,115,395 bytes, expected 1,115,394"),
    "changed": (MADE_UP, "has SHA-256"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_file_is_told_and_never_read(fault, tmp_path):
    body, words = FAULTS[fault]
    (tmp_path / NAME).write_bytes(body)
    message = message_of(shakespeare, tmp_path)
    assert message.startswith(f"{tmp_path / NAME} {words}") and message.endswith(f"{COMMAND}, which replaces it")
    (state,) = [state for state in data.status(tmp_path) if state.name == "shakespeare"]
    assert state.state == "damaged"


@needs_real
def test_one_changed_letter_is_found(tmp_path):
    body = bytearray(REAL.read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / NAME).write_bytes(body)
    assert "has SHA-256" in message_of(shakespeare, tmp_path)
    data.fetch("shakespeare", tmp_path, SHARED)
    assert counted(shakespeare(tmp_path).whole) == SET.counts


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_file_is_not_taken_from_a_folder(fault, tmp_path):
    body, words = FAULTS[fault]
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / NAME).write_bytes(body)
    message = message_of(data.fetch, "shakespeare", tmp_path / "data", tmp_path / "stick")
    assert words in message and "--from" in message
    assert files_below(tmp_path / "data") == []


def test_a_damaged_file_is_not_taken_from_a_server(tmp_path, server):
    for body, words in ((MADE_UP[:400_000], "offers 400,000 bytes, expected 1,115,394"), (MADE_UP, "has SHA-256")):
        server.routes[f"/{NAME}"] = fetching.whole(body)
        assert words in message_of(data.fetch, "shakespeare", tmp_path, server.base)
    assert files_below(tmp_path) == []


def test_a_server_that_has_it_not_is_asked_for_both_names(tmp_path, server):
    message = message_of(data.fetch, "shakespeare", tmp_path, server.base)
    assert [path for path, _ in server.requests] == [f"/{NAME}", "/input.txt"]
    assert message.count("has no such file (404)") == 2 and "Give --from a folder or an address" in message
