"""The data fetcher against a real HTTP server on the loopback interface, and the readers of the real series."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from tests import fetching
from tests.fetching import files_below, in_turn, message_of, missing, open_to_all, unprivileged
from toolkit import data
from toolkit.data import archive, cli, download, registry
from toolkit.data.registry import Content

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
BODY = bytes(range(256)) * 400  # 102,400 bytes, a multiple of the pieces set below
NAME = "numbers.bin"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not in ../shared/data")


# ── a server that misbehaves as told ────────────────────────────────────────────────────────────────────────────────


def whole(body=BODY, **headers):
    return fetching.whole(body, **headers)


def ranged(body=BODY, at_most=None):
    return fetching.ranged(body, at_most)


@pytest.fixture
def server(monkeypatch):
    """A running server with `routes`, `requests` and `base`; it ends with the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0)
    monkeypatch.setattr(download, "CHUNK", 100)
    with fetching.server() as running:
        yield running


@pytest.fixture
def closed_base():
    """An address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}"


# ── a tiny registry ─────────────────────────────────────────────────────────────────────────────────────────────────


def entry(name, bases, body=BODY, file=NAME, extra="", rows=0):
    digest = hashlib.sha256(body).hexdigest()
    listed = ", ".join(f'"{base}/"' for base in bases)
    return f"""
[{name}]
title = "Test numbers"
notebook = 1
terms = "free"
source = "a test"
citation = "nobody"
unit = "1"
bases = [{listed}]
counts = {{ rows = {rows} }}
[[{name}.files]]
name = "{file}"
bytes = {len(body)}
sha256 = "{digest}"
{extra}
"""


@pytest.fixture
def fetch(tmp_path, server):
    """fetch(bases…, source=…) of one set of one file, into `tmp_path/data`."""

    def run(*bases, source=None, **facts):
        path = tmp_path / "registry.toml"
        path.write_text(entry("numbers", bases or [server.base], **facts), encoding="utf-8")
        return data.fetch("numbers", tmp_path / "data", source, registry=path)

    return run


# ── over HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_file_arrives_and_is_not_asked_for_again(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = whole()
    assert fetch() == [tmp_path / "data" / NAME]
    assert (tmp_path / "data" / NAME).read_bytes() == BODY
    fetch()
    assert len(server.requests) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == [NAME]


def test_a_connection_cut_off_is_taken_up_where_it_broke(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = ranged(at_most=40_000)
    fetch()
    assert [asked for _, asked in server.requests] == [None, "bytes=40000-", "bytes=80000-"]
    assert files_below(tmp_path / "data") == [NAME]


def test_a_server_without_ranges_sends_the_whole_again(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = in_turn(whole(BODY[:50_000], length=len(BODY)), whole())
    fetch()
    assert (tmp_path / "data" / NAME).read_bytes() == BODY


def test_what_has_come_is_kept_and_the_next_run_goes_on(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = in_turn(ranged(at_most=30_000), ranged(at_most=0))
    message = message_of(fetch)
    assert "broke off the connection after 30,000 of 102,400 bytes" in message
    assert not (tmp_path / "data" / NAME).exists()
    (state,) = data.status(tmp_path / "data", registry=tmp_path / "registry.toml")
    assert (state.state, "cut off after 30,000 bytes" in state.detail) == ("incomplete", True)
    (tmp_path / "data" / ".partial" / "tmp_of_a_killed_run").touch()
    server.routes[f"/{NAME}"] = ranged()
    fetch()
    assert server.requests[-1] == (f"/{NAME}", "bytes=30000-")
    assert files_below(tmp_path / "data") == [NAME]


def test_halves_of_two_different_files_are_not_joined(fetch, server, tmp_path):
    other = bytes(len(BODY))
    server.routes[f"/{NAME}"] = in_turn(ranged(other, at_most=30_000), ranged())
    fetch()
    assert (tmp_path / "data" / NAME).read_bytes() == BODY


def test_a_label_of_encoding_on_the_file_itself_is_ignored(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = whole(Content_Encoding="gzip")
    fetch()
    assert (tmp_path / "data" / NAME).read_bytes() == BODY


def test_a_file_without_announced_size(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = whole(length="none")
    fetch()
    assert files_below(tmp_path / "data") == [NAME]


def test_the_second_address_serves_where_the_first_has_nothing(fetch, server):
    server.routes[f"/good/{NAME}"] = whole()
    fetch(f"{server.base}/gone", f"{server.base}/good")
    assert [path for path, _ in server.requests] == [f"/gone/{NAME}", f"/good/{NAME}"]


def test_the_second_address_serves_where_the_first_is_corrupt(fetch, server, tmp_path):
    server.routes |= {f"/bad/{NAME}": whole(bytes(len(BODY))), f"/good/{NAME}": whole()}
    fetch(f"{server.base}/bad", f"{server.base}/good")
    assert (tmp_path / "data" / NAME).read_bytes() == BODY


def test_the_second_address_serves_where_the_first_broke_off(fetch, server, tmp_path):
    server.routes |= {
        f"/bad/{NAME}": in_turn(ranged(at_most=30_000), ranged(at_most=0)),
        f"/good/{NAME}": whole(),
    }
    fetch(f"{server.base}/bad", f"{server.base}/good")
    assert files_below(tmp_path / "data") == [NAME]


FAULTS = {
    "no such file": (missing, "has no such file (404)"),
    "no access": (lambda handler: handler.reply(403), "refuses access (403)"),
    "the server's own trouble": (lambda handler: handler.reply(500), "answered with status 500"),
    "truncated at its source": (whole(BODY[:-1]), "offers 102,399 bytes, expected 102,400"),
    "truncated, without a size": (whole(BODY[:-1], length="none"), "after 102,399 of 102,400 bytes"),
    "too long, without a size": (whole(BODY + b"!", length="none"), "sends more than the 102,400 bytes expected"),
    "corrupt": (whole(bytes(len(BODY))), "sent a file that has SHA-256"),
    "a page instead": (whole(b"<html>Please log in</html>"), "offers 26 bytes"),
    "another range": (
        in_turn(ranged(at_most=30_000), lambda handler: handler.reply(206, b"x", Content_Range="bytes 0-0/102400")),
        "sent another part of the file",
    ),
    "nothing": (lambda handler: None, "broke off the connection"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_failure_is_a_sentence_and_leaves_no_file(fault, fetch, server, tmp_path):
    server.routes[f"/{NAME}"], expected = FAULTS[fault]
    message = message_of(fetch)
    assert message.startswith(f"numbers: {NAME} didn't come: {server.base}/{NAME} ")
    assert expected in message
    assert message.endswith("python -m toolkit.data fetch numbers --from FOLDER")
    left = [name for name in files_below(tmp_path / "data") if not ("kept" in message and name.endswith(".part"))]
    assert left == []


def test_a_refused_connection(fetch, closed_base, tmp_path):
    assert "refused the connection" in message_of(fetch, closed_base)
    assert not list((tmp_path / "data").iterdir())


def test_every_address_that_failed_is_named(fetch, server, closed_base):
    message = message_of(fetch, closed_base, server.base)
    assert f"{closed_base}/{NAME} refused the connection; {server.base}/{NAME} has no such file (404)" in message


def test_a_damaged_file_in_place_is_replaced(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = whole()
    (target,) = fetch()
    target.write_bytes(BODY[:10])
    (state,) = data.status(tmp_path / "data", registry=tmp_path / "registry.toml")
    assert (state.state, state.detail) == (
        "damaged",
        f"{NAME} has 10 bytes, expected 102,400: run python -m toolkit.data fetch numbers",
    )
    fetch()
    assert target.read_bytes() == BODY


def test_a_damaged_file_stays_while_nothing_better_comes(fetch, server, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / NAME).write_bytes(b"mine")
    message_of(fetch)
    assert (tmp_path / "data" / NAME).read_bytes() == b"mine"


def test_progress_is_reported_to_its_end(server, tmp_path):
    server.routes[f"/{NAME}"] = ranged(at_most=70_000)
    path = tmp_path / "registry.toml"
    path.write_text(entry("numbers", [server.base]), encoding="utf-8")
    seen = []
    data.fetch("numbers", tmp_path / "data", registry=path, report=lambda *step: seen.append(step))
    assert seen[-1] == (NAME, len(BODY), len(BODY))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


# ── folders ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def open_folder():
    with open_to_all() as folder:
        yield folder


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no write permission of this kind here")
def test_a_read_only_folder(open_folder, server):
    (open_folder / "data").mkdir(mode=0o555)
    server.routes[f"/{NAME}"] = whole()
    path = open_folder / "registry.toml"
    path.write_text(entry("numbers", [server.base]), encoding="utf-8")
    with unprivileged():
        message = message_of(data.fetch, "numbers", open_folder / "data", registry=path)
    assert message.startswith(f"can't write in {open_folder / 'data'} (Permission denied): ")
    assert "UNROLLED_DATA" in message
    assert not server.requests
    assert files_below(open_folder / "data") == []


def test_a_file_where_the_folder_should_be(fetch, tmp_path):
    (tmp_path / "data").write_text("in the way")
    assert "can't write in" in message_of(fetch)
    assert (tmp_path / "data").read_text() == "in the way"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no read permission of this kind here")
def test_a_source_that_may_not_be_read(open_folder):
    (open_folder / "stick").mkdir()
    (open_folder / "stick" / NAME).write_bytes(BODY)
    (open_folder / "stick" / NAME).chmod(0o000)
    (open_folder / "data").mkdir()
    (open_folder / "data").chmod(0o777)
    path = open_folder / "registry.toml"
    path.write_text(entry("numbers", []), encoding="utf-8")
    with unprivileged():
        message = message_of(data.fetch, "numbers", open_folder / "data", open_folder / "stick", registry=path)
    assert "can't be read (Permission denied)" in message
    assert files_below(open_folder / "data") == []


def test_from_a_folder_by_full_and_by_flat_name(fetch, tmp_path):
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / NAME).write_bytes(BODY)
    (target,) = fetch(source=tmp_path / "stick", file=f"inner/{NAME}")
    assert target == tmp_path / "data" / "inner" / NAME
    assert target.read_bytes() == BODY
    assert files_below(tmp_path / "data") == [f"inner/{NAME}"]


def test_from_the_file_itself(fetch, tmp_path):
    (tmp_path / "any name").write_bytes(BODY)
    (target,) = fetch(source=tmp_path / "any name")
    assert target.read_bytes() == BODY


def test_from_a_folder_that_has_it_not(fetch, tmp_path):
    assert f"holds no {NAME}" in message_of(fetch, source=tmp_path)
    assert "there is no such folder" in message_of(fetch, source=tmp_path / "nowhere")


def test_from_a_folder_with_a_damaged_file(fetch, tmp_path):
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / NAME).write_bytes(bytes(len(BODY)))
    message = message_of(fetch, source=tmp_path / "stick")
    assert "has SHA-256" in message
    assert "--from" in message
    assert files_below(tmp_path / "data") == []


def test_from_an_address(fetch, server, closed_base):
    server.routes[f"/class/{NAME}"] = whole()
    fetch(closed_base, source=f"{server.base}/class/")
    assert server.requests == [(f"/class/{NAME}", None)]


def test_from_the_address_of_the_file(fetch, server, tmp_path):
    server.routes["/x/renamed.txt"] = whole()
    fetch(source=f"{server.base}/x/renamed.txt")
    assert files_below(tmp_path / "data") == [NAME]


@pytest.mark.parametrize("source", ["ftp://host/x", "http://", "http://[::1", "http://host:port/", "file:///tmp"])
def test_from_what_is_no_address(fetch, source):
    assert f"--from {source} is no address" in message_of(fetch, source=source)


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    expected = "choose one of imdb, shakespeare, multi30k, temperatures, sunspots"
    assert expected in message_of(data.fetch, "mnist", tmp_path)


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    assert data.data_folder() == tmp_path
    monkeypatch.setenv("UNROLLED_DATA", "")
    assert data.data_folder() == ROOT / "datasets" / "downloads"


# ── archives ────────────────────────────────────────────────────────────────────────────────────────────────────────

FOLDERS = {"train/pos": 3, "train/neg": 3, "test/pos": 3, "test/neg": 3}
REVIEWS = {f"{folder}/{i}_{i + 1}.txt": f"{folder} {i}" for folder in FOLDERS for i in range(3)}


def packed(reviews=REVIEWS, mode="w:gz", prefix="aclImdb/", extra=()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, text in [*reviews.items(), *extra]:
            member = tarfile.TarInfo(prefix + name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def fingerprint(reviews=REVIEWS) -> str:
    lines = (f"{name} {hashlib.sha256(reviews[name].encode()).hexdigest()}\n" for name in sorted(reviews))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


CONTENT = f"""[numbers.files.content]
sha256 = "{fingerprint()}"
max_bytes = 100000
folders = {{ "train/pos" = 3, "train/neg" = 3, "test/pos" = 3, "test/neg" = 3 }}
"""


@pytest.mark.parametrize(
    "body",
    [
        packed(),
        packed(mode="w:xz"),
        packed(mode="w", prefix="./some/where/"),
        packed(dict(reversed(REVIEWS.items())), extra=[("train/unsup/0_0.txt", "no label"), ("README", "read me")]),
    ],
    ids=["gzip", "xz", "plain, elsewhere", "other order and more"],
)
def test_another_packing_of_the_same_reviews_will_do(body, fetch, server, tmp_path):
    server.routes["/imdb.tar"] = ranged(body, at_most=len(body) // 2 + 1)
    (target,) = fetch(source=f"{server.base}/imdb.tar", body=b"the source's own", file="imdb.tar", extra=CONTENT)
    assert target.read_bytes() == body
    assert files_below(tmp_path / "data") == ["imdb.tar", "imdb.tar.sha256"]
    (state,) = data.status(tmp_path / "data", registry=tmp_path / "registry.toml")
    assert state.state == "ready"


def test_a_checked_packing_is_not_read_again(fetch, server, monkeypatch):
    server.routes["/imdb.tar"] = whole(packed())
    facts = {"body": b"the source's own", "file": "imdb.tar", "extra": CONTENT}
    fetch(**facts)
    monkeypatch.setattr(archive, "labelled_reviews", None)
    fetch(**facts)


def test_a_run_that_ended_while_checking_has_nothing_to_fetch(fetch, server, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    server.routes["/imdb.tar"] = ranged(packed())
    facts = {"body": b"the source's own", "file": "imdb.tar", "extra": CONTENT}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(download, "trouble", interrupted)
        fetch(**facts)
    fetch(**facts)
    assert server.requests == [("/imdb.tar", None), ("/imdb.tar", f"bytes={len(packed())}-")]


def test_a_beginning_longer_than_the_file_is_dropped(fetch, server, tmp_path):
    server.routes[f"/{NAME}"] = in_turn(ranged(at_most=30_000), ranged(BODY[:20_000]))
    assert "offers 20,000 bytes, expected 102,400" in message_of(fetch)
    assert files_below(tmp_path / "data") == []


ALTERED = REVIEWS | {"test/neg/0_1.txt": "another text"}
FEWER = {name: text for name, text in REVIEWS.items() if name != "train/pos/0_1.txt"}
BAD_ARCHIVES = {
    "altered": (packed(ALTERED), "reviews of other content"),
    "one missing": (packed(FEWER), "2 in train/pos, expected 3"),
    "one twice": (packed(extra=[("train/pos/0_1.txt", "again")]), "holds train/pos/0_1.txt twice"),
    "cut": (packed()[:-40], "can't be read to its end"),
    "no tar": (b"PK\x03\x04 a zip, or so", "not a whole tar archive"),
    "empty": (packed({}), "0 in train/pos, expected 3"),
}


@pytest.mark.parametrize("fault", BAD_ARCHIVES)
def test_an_archive_with_other_content_is_refused(fault, fetch, server, tmp_path):
    body, expected = BAD_ARCHIVES[fault]
    server.routes["/imdb.tar"] = whole(body)
    assert expected in message_of(fetch, body=b"the source's own", file="imdb.tar", extra=CONTENT)
    assert files_below(tmp_path / "data") == []


def test_links_and_giants_in_an_archive(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        link = tarfile.TarInfo("train/pos/0_1.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (tmp_path / "links.tar").write_bytes(buffer.getvalue())
    content = Content(fingerprint(), FOLDERS, 10**6)
    assert "is a link or a device" in archive.content_trouble(tmp_path / "links.tar", content)
    (tmp_path / "giant.tar").write_bytes(packed())
    for limit, expected in (("MAX_REVIEW", "a review has 11 bytes"), ("MAX_UNPACKED", "unpacks to more than 10 bytes")):
        monkeypatch.setattr(archive, limit, 10)
        assert expected in archive.content_trouble(tmp_path / "giant.tar", content)


# ── the command line ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def command(tmp_path, server, monkeypatch):
    """command(arguments…) on a registry of two sets, of which the server has the first."""
    path = tmp_path / "registry.toml"
    path.write_text(
        entry("numbers", [server.base]) + entry("others", [server.base], file="others.bin"), encoding="utf-8"
    )
    server.routes[f"/{NAME}"] = whole()
    monkeypatch.setattr(registry, "registry_path", lambda: path)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "data"))
    return lambda *arguments: CliRunner().invoke(cli.app, arguments)


def test_fetch_says_where_the_set_lies_and_its_terms(command, tmp_path):
    result = command("fetch", "numbers")
    assert result.exit_code == 0
    assert f"numbers: ready in {tmp_path / 'data'}. Terms of use: free" in result.output


@pytest.mark.parametrize("arguments", [("others",), ("nothing",), ("numbers", "--from", "/no/such/folder")])
def test_a_failure_is_one_sentence_and_status_2(command, arguments):
    result = command("fetch", *arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1


def test_all_brings_what_it_can(command, tmp_path):
    result = command("fetch", "all")
    assert result.exit_code == 2
    assert "numbers: ready" in result.output
    assert "Error: others: others.bin didn't come" in result.output
    assert files_below(tmp_path / "data") == [NAME]


def test_status_names_each_set_and_its_state(command, tmp_path):
    command("fetch", "numbers")
    result = command("status")
    assert result.exit_code == 0
    assert re.search(r"numbers +ready +102 kB", result.output)
    assert re.search(r"others +absent +102 kB +run python -m toolkit.data fetch others", result.output)
    assert str(tmp_path / "data") in result.output


def test_an_interrupt_says_what_happens_next(command, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "fetch_one", interrupted)
    result = command("fetch", "numbers")
    assert result.exit_code == 130
    assert "goes on from there" in result.output


def test_a_damaged_registry_is_a_sentence_too(command, tmp_path):
    for text in ("not toml", "[numbers]\nfiles = 3", entry("numbers", [], file="../outside")):
        (tmp_path / "registry.toml").write_text(text, encoding="utf-8")
        result = command("status")
        assert result.exit_code == 2
        assert "restore the file" in result.output
    (tmp_path / "registry.toml").unlink()
    assert "run from a full checkout" in command("fetch", "all").output


def test_importing_the_package_loads_nothing_heavy():
    heavy = "{'torch', 'numpy', 'pooch', 'requests', 'typer', 'rich'}"
    code = f"import sys, toolkit.data; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ── the registry and the series ─────────────────────────────────────────────────────────────────────────────────────


def test_the_registry_names_every_set_with_two_addresses_and_its_card():
    sets = data.load_registry()
    assert list(sets) == ["imdb", "shakespeare", "multi30k", "temperatures", "sunspots"]
    cards = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    for dataset in sets.values():
        assert f"## {dataset.name}\n" in cards
        assert f"{dataset.bytes:,} bytes" in cards
        assert dataset.source in cards
        assert all(len(file.addresses) >= 2 for file in dataset.files)
        assert dataset.terms and dataset.citation


def test_the_readers_say_how_to_get_the_data(tmp_path):
    message = message_of(data.load_temperatures, tmp_path)
    assert message == f"temperatures is not in {tmp_path}: run python -m toolkit.data fetch temperatures"
    (tmp_path / "monthly-sunspots.csv").write_text("Month,Sunspots\n", encoding="utf-8")
    message = message_of(data.load_sunspots, tmp_path)
    assert "has 15 bytes, expected 45,039: run python -m toolkit.data fetch sunspots, which replaces it" in message


def test_a_series_is_float32_with_its_dates(tmp_path):
    body = b'"Month","Sunspots"\r\n"1749-01",58.0\r\n"1749-02",62.6'
    for rows in (2, 3):
        text = entry("sunspots", ["http://127.0.0.1"], body=body, rows=rows)
        (tmp_path / f"{rows}.toml").write_text(text, encoding="utf-8")
    (tmp_path / NAME).write_bytes(body)
    series = data.load_sunspots(tmp_path, registry=tmp_path / "2.toml")
    assert torch.equal(series.values, torch.tensor([58.0, 62.6]))
    assert (series.dates, len(series), series.unit) == (("1749-01", "1749-02"), 2, "1")
    assert "has 2 rows, expected 3" in message_of(data.load_sunspots, tmp_path, registry=tmp_path / "3.toml")


@needs_shared
def test_the_real_series_from_a_folder(tmp_path):
    for name in ("temperatures", "sunspots"):
        data.fetch(name, tmp_path, SHARED)
    temperatures, sunspots = data.load_temperatures(tmp_path), data.load_sunspots(tmp_path)
    assert (temperatures.values.shape, temperatures.values.dtype) == ((3650,), torch.float32)
    assert (temperatures.dates[0], temperatures.dates[-1], temperatures.unit) == ("1981-01-01", "1990-12-31", "°C")
    assert (sunspots.values.shape, len(sunspots)) == ((2820,), 2820)
    assert (sunspots.dates[0], sunspots.dates[-1]) == ("1749-01", "1983-12")


@needs_shared
def test_every_real_set_from_a_plain_file_server(tmp_path, monkeypatch):
    """Served as `python -m http.server` would, which knows no ranges; IMDB comes in another packing."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = functools.partial(QuietFiles, directory=str(SHARED))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        for name in data.load_registry():
            data.fetch(name, tmp_path, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert {state.state for state in data.status(tmp_path)} == {"ready"}


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass
