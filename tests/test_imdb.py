"""The film reviews: read from any packing of them, kept for the next time, and safe from what an archive may hold."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pytest

from tests import fetching
from tests.conftest import ROOT, SHARED
from tests.fetching import files_below, message_of, open_to_all, unprivileged
from toolkit import data
from toolkit.data import archive, cache, download, imdb, members, unpacking

NAME = "aclImdb.tar.gz"
CACHE = f"{NAME}.reviews"
FOLDERS = ("train/pos", "train/neg", "test/pos", "test/neg")
REVIEWS = {f"{folder}/{i}_{i + 1}.txt": f"{folder} {i}".encode() for folder in FOLDERS for i in range(3)}
ADVICE = "run python -m toolkit.data fetch imdb, which replaces it"
REAL = SHARED / "aclImdb_labelled.tar.gz"

needs_rights = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no write permission of this kind")


# ── archives and a registry ─────────────────────────────────────────────────────────────────────────────────────────


def entry(name: str, text: bytes = b"", **facts) -> bytes:
    """A header with these facts, true or not, and the text, filled up to whole blocks."""
    header = tarfile.TarInfo(name)
    header.size = len(text)
    for fact, value in facts.items():
        setattr(header, fact, value)
    return header.tobuf(tarfile.GNU_FORMAT) + text + bytes(-len(text) % 512)


def tar_of(reviews=REVIEWS, prefix="aclImdb/", end=bytes(1024)) -> bytes:
    return b"".join(entry(prefix + name, text) for name, text in reviews.items()) + end


def packed(reviews=REVIEWS, **options) -> bytes:
    return gzip.compress(tar_of(reviews, **options), mtime=0)


def in_format(tar_format: int, prefix: str) -> bytes:
    """As tarfile itself writes long names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tar_format, pax_headers={"comment": "é"}) as tar:
        for name, text in REVIEWS.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return buffer.getvalue()


def without(*gone: str) -> dict[str, bytes]:
    return {name: text for name, text in REVIEWS.items() if not name.startswith(gone)}


def fingerprint(reviews) -> str:
    lines = (f"{name} {hashlib.sha256(reviews[name]).hexdigest()}\n" for name in sorted(reviews))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def registry_text(reviews=REVIEWS, base="http://127.0.0.1:9", max_bytes=100_000) -> str:
    return f"""
[imdb]
title = "Large Movie Review Dataset"
notebook = 3
terms = "free"
source = "a test"
citation = "nobody"
bases = ["{base}/"]
[[imdb.files]]
name = "{NAME}"
bytes = {len(packed())}
sha256 = "{hashlib.sha256(packed()).hexdigest()}"
[imdb.files.content]
sha256 = "{fingerprint(reviews)}"
max_bytes = {max_bytes}
folders = {{ "train/pos" = 3, "train/neg" = 3, "test/pos" = 3, "test/neg" = 3 }}
"""


class Shelf:
    """A data folder with an archive in it, and the registry that describes the reviews."""

    def __init__(self, place: Path):
        self.folder, self.registry = place / "data", place / "registry.toml"
        self.folder.mkdir()
        self.registry.write_text(registry_text(), encoding="utf-8")
        self.archive, self.cache = self.folder / NAME, self.folder / CACHE

    def holds(self, body: bytes, reviews=None) -> Shelf:
        self.archive.write_bytes(body)
        if reviews:
            self.registry.write_text(registry_text(reviews), encoding="utf-8")
        return self

    def load(self):
        return data.load_imdb(self.folder, registry=self.registry)

    def fetch(self, source):
        return data.fetch("imdb", self.folder, source, registry=self.registry)

    def status(self) -> str:
        return data.status(self.folder, registry=self.registry)[0].state


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


@pytest.fixture
def readings(monkeypatch):
    """The paths of the archives that were read, as they are read."""
    seen = []

    def counted(path):
        seen.append(path)
        return archive.labelled_reviews(path)

    monkeypatch.setattr(imdb, "labelled_reviews", counted)
    return seen


def is_right(loaded) -> bool:
    return all(
        part.name == "Large Movie Review Dataset"
        and part.labels == (0, 0, 0, 1, 1, 1)
        and part.texts == tuple(f"{split}/{kind} {i}" for kind in ("neg", "pos") for i in range(3))
        for split, part in loaded.items()
    ) and list(loaded) == ["train", "test"]


# ── packings ────────────────────────────────────────────────────────────────────────────────────────────────────────

TAR = tar_of()
MAC = entry("._aclImdb", b"attributes") + entry("aclImdb/train/pos/._0_1.txt", b"attributes")
MORE = entry("aclImdb/train/unsup/0_0.txt", b"no label") + entry("aclImdb/imdb.vocab", bytes(3000))
ODD = entry("dev", type=tarfile.CHRTYPE) + entry("link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
PACKINGS = {
    "the source's own": packed(),
    "not compressed": TAR,
    "bzip2": bz2.compress(TAR),
    "xz": lzma.compress(TAR),
    "gzip in parts": gzip.compress(TAR[:3000]) + gzip.compress(TAR[3000:]) + bytes(40),
    "bzip2 in parts": bz2.compress(TAR[:3000]) + bz2.compress(TAR[3000:]),
    "in another order": packed(dict(reversed(REVIEWS.items()))),
    "elsewhere": packed(prefix="./some/where/"),
    "with more in it": gzip.compress(MORE + MAC + TAR),
    "with a device and a link": gzip.compress(ODD + TAR),
    "without an end mark": packed(end=b""),
    "long names, GNU": in_format(tarfile.GNU_FORMAT, "folder/" * 60),
    "long names, pax": in_format(tarfile.PAX_FORMAT, "größer/" * 60),
    "old format": in_format(tarfile.USTAR_FORMAT, "folder/" * 20),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_gives_the_same_reviews_in_the_same_order(packing, shelf):
    assert is_right(shelf.holds(PACKINGS[packing]).load())
    assert is_right(shelf.load())
    assert shelf.status() == "ready"


def test_a_text_stays_as_it_is_to_the_last_character(shelf):
    texts = ["", "été “” 😀", "a\r\nb\nc\x00\u2028\x85 ", "\ufeffmark", "  edges\t"]
    reviews = REVIEWS | {f"train/neg/{i}_{i + 1}.txt": text.encode() for i, text in enumerate(texts[:3])}
    reviews |= {f"test/neg/{i}_{i + 1}.txt": text.encode() for i, text in enumerate(texts[3:])}
    shelf.holds(packed(reviews), reviews)
    for _ in range(2):
        loaded = shelf.load()
        assert [*loaded["train"].texts[:3], *loaded["test"].texts[:2]] == texts


def test_the_first_reading_has_a_bar_which_ends_also_when_the_reading_fails(shelf, monkeypatch):
    events = []

    def steps(count, name):
        try:
            for step in range(count):
                yield step
                events.append(step)
            events.append("all")
        finally:
            events.append("ended")

    monkeypatch.setattr(imdb, "steps_with_bar", steps)
    shelf.holds(packed()).load()
    assert events == [*range(12), "all", "ended"]
    events.clear()
    shelf.load()
    assert events == []
    shelf.cache.unlink()
    message_of(shelf.holds(TAR[:5000]).load)
    assert events[-1] == "ended"
    assert "all" not in events


# ── the cache ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_time_the_archive_is_not_touched(shelf, readings):
    shelf.holds(packed()).load()
    assert readings == [shelf.archive]
    assert files_below(shelf.folder) == [NAME, CACHE]
    assert [path.name for path in shelf.folder.iterdir() if path.is_dir()] == []
    assert is_right(shelf.load())
    shelf.archive.unlink()
    assert is_right(shelf.load())
    assert readings == [shelf.archive]


def test_the_archive_is_opened_once(shelf, monkeypatch):
    opened = []
    original = Path.open

    def counted(path, *arguments, **options):
        opened.append(path)
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", counted)
    shelf.holds(packed())
    opened.clear()
    shelf.load()
    shelf.load()
    assert opened.count(shelf.archive) == 1


def flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def with_sizes(body: bytes, first: str) -> bytes:
    """The size of the first review in the list replaced, the list's length adapted."""
    head, _, rest = body.partition(b"\n")
    words = head.split(b" ")
    length = int(words[-1])
    index = rest[:length].replace(b"0_1.txt 10\n", b"0_1.txt " + first.encode() + b"\n", 1)
    return b" ".join([*words[:-1], str(len(index)).encode()]) + b"\n" + index + rest[length:]


def foreign() -> bytes:
    """A cache of other reviews that claims to be of these."""
    others = {name: text.upper() for name, text in REVIEWS.items()}
    place = io.BytesIO()
    names = sorted(others)
    index = "".join(f"{name} {len(others[name])}\n" for name in names).encode()
    place.write(f"{cache.FORMAT} {fingerprint(REVIEWS)} {len(index)}\n".encode() + index)
    place.writelines(others[name] for name in names)
    return place.getvalue()


class Trap:
    """What unpickling it would do."""

    def __reduce__(self):
        return os.abort, ()


DAMAGE = {
    "empty": lambda body: b"",
    "one bit of a text": lambda body: flipped(body, len(body) - 3),
    "one bit of a name": lambda body: flipped(body, body.index(b"pos/0_1")),
    "a label exchanged": lambda body: body.replace(b"test/neg/0_1", b"test/pos/9_1", 1),
    "cut off in the texts": lambda body: body[:-1],
    "cut off in the list": lambda body: body[:200],
    "cut off in its first line": lambda body: body[:30],
    "something behind it": lambda body: body + b"x",
    "an older format": lambda body: body.replace(b"reviews 1 ", b"reviews 0 ", 1),
    "another fingerprint": lambda body: body.replace(fingerprint(REVIEWS)[:8].encode(), b"00000000", 1),
    "a negative size": lambda body: with_sizes(body, "-10"),
    "an absurd size": lambda body: with_sizes(body, "9" * 5000),
    "no size": lambda body: with_sizes(body, "ten"),
    "an absurd list": lambda body: body.replace(b" ", b" 9", 3),
    "other reviews": lambda body: foreign(),
    "too large": lambda body: body + bytes(100_000),
    "a pickle": lambda body: pickle.dumps(Trap()),
    "JSON": lambda body: json.dumps({"train": []}).encode(),
    "not text": lambda body: bytes(range(256)) * 3,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_cache_that_is_not_right_is_made_anew(damage, shelf, readings):
    shelf.holds(packed()).load()
    right = shelf.cache.read_bytes()
    wrong = DAMAGE[damage](right)
    assert wrong != right
    shelf.cache.write_bytes(wrong)
    assert is_right(shelf.load())
    assert shelf.cache.read_bytes() == right
    assert len(readings) == 2


def test_a_cache_that_is_no_file(shelf):
    shelf.holds(packed())
    shelf.cache.mkdir()
    assert is_right(shelf.load())
    assert shelf.cache.is_dir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_cache_that_would_let_its_reader_wait_for_ever(shelf):
    os.mkfifo(shelf.holds(packed()).cache)
    assert is_right(shelf.load())
    assert shelf.cache.is_file()


def test_a_cache_of_reviews_that_the_registry_no_longer_names(shelf, readings):
    shelf.holds(packed()).load()
    others = REVIEWS | {"test/neg/0_1.txt": b"another text"}
    shelf.holds(packed(others), others)
    assert "another text" in shelf.load()["test"].texts
    assert len(readings) == 2


def test_a_full_disk_costs_the_cache_alone(shelf, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    shelf.holds(packed())
    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "replace", full)
        assert is_right(shelf.load())
    assert [path.name for path in shelf.folder.iterdir()] == [NAME]


def test_what_a_killed_run_left_is_cleared_away(shelf):
    (shelf.folder / ".partial").mkdir()
    (shelf.folder / ".partial" / f"{CACHE}.123").write_bytes(b"half a ca")
    shelf.holds(packed()).load()
    assert files_below(shelf.folder) == [NAME, CACHE]


@needs_rights
def test_a_folder_that_can_only_be_read():
    with open_to_all() as place:
        shelf = Shelf(place).holds(packed())
        shelf.folder.chmod(0o555)
        with unprivileged():
            assert is_right(shelf.load())
            assert is_right(shelf.load())
            assert shelf.status() == "ready"
        assert files_below(shelf.folder) == [NAME]
        shelf.archive.chmod(0)
        with unprivileged():
            message = message_of(shelf.load)
        shelf.folder.chmod(0o755)
    assert message.startswith(f"{shelf.archive} can't be read (Permission denied): make it readable")


# ── what doesn't belong into an archive ─────────────────────────────────────────────────────────────────────────────


def test_without_the_archive(shelf):
    assert message_of(shelf.load) == f"imdb is not in {shelf.folder}: run python -m toolkit.data fetch imdb"
    (shelf.folder / "aclImdb").mkdir()
    assert message_of(shelf.load).endswith(f"fetch imdb --from {shelf.folder / 'aclImdb'}")


def extension(kind: bytes, text: bytes = b"", size: int | None = None) -> bytes:
    return entry("header", text, type=kind, size=len(text) if size is None else size)


FIRST = "aclImdb/train/pos/0_1.txt"
REST = tar_of(without("train/pos/0_1.txt"))
EVIL = "../\x1b[31mred\n" + 500 * "x"
REFUSED = {
    "empty file": (b"", "(it is empty)"),
    "empty gzip": (gzip.compress(b""), "(it is empty)"),
    "empty archive": (bytes(10240), "0 in train/pos, expected 3; 0 in train/neg, expected 3; 0 in test/pos"),
    "a class missing": (packed(without("test/neg")), "has not the right number of reviews: 0 in test/neg, expected 3"),
    "a review missing": (packed(without("train/pos/1_2.txt")), "2 in train/pos, expected 3"),
    "a review too many": (packed(REVIEWS | {"test/neg/7_1.txt": b"x"}), "4 in test/neg, expected 3"),
    "a review twice": (gzip.compress(entry(FIRST, b"again") + TAR), "holds train/pos/0_1.txt twice"),
    "twice in two folders": (gzip.compress(entry("b/train/pos/0_1.txt") + TAR), "holds train/pos/0_1.txt twice"),
    "another text": (packed(REVIEWS | {"train/pos/0_1.txt": b"x"}), "reviews of other content: its fingerprint is"),
    "no archive": (b"<html>Please log in</html>" * 100, "it is not a whole tar archive ("),
    "a zip": (b"PK\x03\x04 and so on", "not a whole tar archive (truncated header)"),
    "gzip of something": (gzip.compress(b"text" * 1000), "it is not a whole tar archive ("),
    "damaged gzip": (packed()[:60] + b"\xff" * 100, "not a whole tar archive (Error -3"),
    "damaged bzip2": (b"BZh9" + bytes(100), "not a whole tar archive (Invalid data stream)"),
    "damaged xz": (lzma.compress(TAR)[:40] + bytes(100), "not a whole tar archive (Corrupt input data)"),
    "gzip cut off": (packed()[: len(packed()) // 2], "(it was cut off)"),
    "bzip2 cut off": (bz2.compress(TAR)[:100], "(it was cut off)"),
    "xz cut off": (lzma.compress(TAR)[:200], "(it was cut off)"),
    "cut off in a header": (TAR[:1300], "(truncated header)"),
    "cut off in a text": (TAR[:515], "(it ends in the middle of a file)"),
    "cut off between two": (TAR[:4096], "1 in train/neg, expected 3"),
    "a path that leaves": (gzip.compress(entry("../" + FIRST) + REST), "leaves its folder, '../aclImdb/train/pos/0_1"),
    "a path from the root": (gzip.compress(entry("/tmp/x") + TAR), "leaves its folder, '/tmp/x': pack the folder"),
    "a path that climbs": (gzip.compress(entry("a/../../b") + TAR), "leaves its folder, 'a/../../b'"),
    "a path in a long name": (
        gzip.compress(extension(tarfile.GNUTYPE_LONGNAME, EVIL.encode()) + TAR),
        "leaves its folder, '../\\x1b[31mred\\nxxx",
    ),
    "a symbolic link": (
        gzip.compress(entry(FIRST, type=tarfile.SYMTYPE, linkname="/etc/passwd") + REST),
        "is refused: train/pos/0_1.txt in it is a link or a device, expected a file",
    ),
    "a hard link": (gzip.compress(entry(FIRST, type=tarfile.LNKTYPE, linkname="b") + REST), "is a link or a device"),
    "a device": (gzip.compress(entry(FIRST, type=tarfile.CHRTYPE) + REST), "is a link or a device"),
    "a pipe": (gzip.compress(entry(FIRST, type=tarfile.FIFOTYPE) + REST), "is a link or a device"),
    "a sparse file": (gzip.compress(entry("x", type=tarfile.GNUTYPE_SPARSE) + TAR), "holds a sparse file"),
    "a negative size": (gzip.compress(entry("x", size=-512) + TAR), "(a file of negative size)"),
    "a giant review": (gzip.compress(entry(FIRST, size=2**33) + REST), "a review has 8,589,934,592 bytes"),
    "a giant claimed": (gzip.compress(entry("x", size=2**40)), "(it ends in the middle of a file)"),
    "a broken pax header": (gzip.compress(extension(tarfile.XHDTYPE, b"99 path=x\n") + TAR), "can't be taken apart"),
    "a pax header of length 0": (
        gzip.compress(extension(tarfile.XHDTYPE, b"0 path=x\n") + TAR),
        "can't be taken apart",
    ),
    "a pax header of words": (gzip.compress(extension(tarfile.XHDTYPE, b"path=x\n" * 9) + TAR), "can't be taken apart"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_bad_archive_is_a_sentence_that_says_what_to_do(fault, shelf):
    body, expected = REFUSED[fault]
    message = message_of(shelf.holds(body).load)
    assert message.startswith(f"{shelf.archive} ")
    assert expected in message
    assert message.endswith(f": {ADVICE}")
    assert message.isprintable()
    assert len(message) < 500
    assert files_below(shelf.folder) == [NAME]
    assert shelf.status() == "damaged"


@pytest.mark.parametrize("fault", REFUSED)
def test_a_bad_archive_is_not_fetched(fault, shelf, tmp_path):
    body, expected = REFUSED[fault]
    (tmp_path / "stick.tar").write_bytes(body)
    message = message_of(shelf.fetch, tmp_path / "stick.tar")
    assert expected in message
    assert message.isprintable()
    assert files_below(shelf.folder) == []


def test_a_review_that_is_not_utf8(shelf):
    reviews = REVIEWS | {"test/pos/2_3.txt": "caf\xe9".encode("latin-1")}
    message = message_of(shelf.holds(packed(reviews), reviews).load)
    assert message.startswith("imdb: test/pos/2_3.txt is not UTF-8 (byte 3), as every review of the source is")


def test_too_many_entries_and_too_many_parts(shelf, monkeypatch):
    monkeypatch.setattr(members, "MAX_HEADERS", 20)
    shelf.holds(gzip.compress(entry("x") * 20 + TAR))
    assert "is refused: it holds more than 20 entries" in message_of(shelf.load)
    shelf.holds(gzip.compress(extension(tarfile.GNUTYPE_LONGNAME, b"x") * 21))
    assert "is refused: it holds more than 20 entries" in message_of(shelf.load)
    monkeypatch.setattr(unpacking, "MAX_STREAMS", 20)
    shelf.holds(gzip.compress(b"") * 20 + packed())
    assert "is refused: it was packed in more than 20 parts" in message_of(shelf.load)


def test_reviews_that_are_too_large_together(shelf):
    giants = {name: bytes(50_000) for name in REVIEWS}
    message = message_of(shelf.holds(packed(giants), giants).load)
    assert "holds reviews of more than 100,000 bytes together" in message


def zeros(gigabytes: int) -> bytes:
    return gzip.compress(bytes(2**24)) * (64 * gigabytes)


def greedy_xz() -> bytes:
    """A dictionary of 4 GB asked for: byte 16 of the file, in a header with a checksum."""
    body = bytearray(lzma.compress(TAR))
    end = 12 + (body[12] + 1) * 4
    body[16] = 40
    body[end - 4 : end] = struct.pack("<I", zlib.crc32(bytes(body[12 : end - 4])))
    return bytes(body)


BOMBS = {
    "pax header": (extension(tarfile.XHDTYPE, size=2**32), "it has a header of 4,294,967,296 bytes, expected"),
    "common pax header": (extension(tarfile.XGLTYPE, size=2**32), "it has a header of 4,294,967,296 bytes"),
    "long name": (extension(tarfile.GNUTYPE_LONGNAME, size=2**32), "it has a header of 4,294,967,296 bytes"),
    "long link": (extension(tarfile.GNUTYPE_LONGLINK, size=2**32), "it has a header of 4,294,967,296 bytes"),
    "a giant passed over": (entry("x", size=2**32), "it unpacks to more than 67,108,864 bytes"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is that of Linux")
def test_archives_that_unpack_to_gigabytes_are_refused_in_little_memory(tmp_path):
    """All are read in one process that may have 300 MB of addresses, and reads at most 64 MB of each."""
    for name, (head, _) in BOMBS.items():
        (tmp_path / f"{name}.tar").write_bytes(gzip.compress(head) + zeros(4))
    (tmp_path / "xz.tar").write_bytes(greedy_xz())
    code = """
import resource, sys
from pathlib import Path
from toolkit.data import archive, registry
archive.MAX_UNPACKED = 2**26
resource.setrlimit(resource.RLIMIT_AS, (300 * 10**6,) * 2)
for path in sorted(Path(sys.argv[1]).glob("*.tar")):
    print(path.stem, archive.content_trouble(path, registry.Content("", {}, 10**8)), sep=": ")
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert told.keys() == {*BOMBS, "xz"}
    for name, (_, expected) in BOMBS.items():
        assert told[name].startswith(f"is refused: {expected}")
    assert "Memory usage limit exceeded" in told["xz"]


def test_of_a_header_that_claims_gigabytes_nothing_is_read(tmp_path):
    """Of an archive that goes on for 4 GB, a hole on the disk, only the first pieces."""
    path = tmp_path / "x.tar"
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        path.write_bytes(extension(kind, size=2**32))
        os.truncate(path, 2**32)
        with path.open("rb") as file:
            stream = unpacking.Unpacked(file, archive.MAX_UNPACKED)
            with pytest.raises(data.DataError, match="it has a header of 4,294,967,296 bytes"):
                list(members.members(stream))
            assert stream.position == 512
            assert os.lseek(file.fileno(), 0, os.SEEK_CUR) < 2**20


# ── fetched, or unpacked by hand ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0)
    monkeypatch.setattr(download, "CHUNK", 16)
    with fetching.server() as running:
        yield running


@pytest.mark.parametrize("body", [packed(), bz2.compress(TAR)], ids=["the source's own", "another packing"])
@pytest.mark.parametrize("at_most", [None, 150], ids=["at once", "cut off"])
def test_fetched_over_http_and_loaded(body, at_most, shelf, server):
    server.routes[f"/{NAME}"] = fetching.ranged(body, at_most)
    shelf.fetch(server.base)
    assert (len(server.requests) > 1) == (at_most is not None)
    assert is_right(shelf.load())
    note = [] if body == packed() else [f"{NAME}.sha256"]
    assert files_below(shelf.folder) == sorted([NAME, CACHE, *note])
    assert shelf.status() == "ready"


def test_a_download_that_ends_in_the_middle_leaves_nothing_to_load(shelf, server):
    server.routes[f"/{NAME}"] = fetching.in_turn(fetching.ranged(packed(), 96), fetching.ranged(packed(), 0))
    assert f"after 96 of {len(packed())} bytes" in message_of(shelf.fetch, server.base)
    assert message_of(shelf.load).startswith("imdb is not in")
    server.routes[f"/{NAME}"] = fetching.ranged(packed())
    shelf.fetch(server.base)
    assert server.requests[-1] == (f"/{NAME}", "bytes=96-")
    assert is_right(shelf.load())


def test_a_server_that_has_it_not(shelf, server):
    assert "has no such file (404)" in message_of(shelf.fetch, server.base)
    assert files_below(shelf.folder) == []


@pytest.fixture
def unpacked(tmp_path):
    """A folder `stick` with the reviews in `aclImdb`, among other files."""
    place = tmp_path / "stick" / "aclImdb"
    for name, text in REVIEWS.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(text)
    (place / "train" / "unsup").mkdir()
    (place / "train" / "unsup" / "0_0.txt").write_bytes(b"no label")
    (place / "README").write_bytes(b"read me")
    return place


@pytest.mark.parametrize("parent", [False, True])
def test_a_folder_unpacked_by_hand_is_packed_again(parent, unpacked, shelf):
    seen = []
    source = unpacked.parent if parent else unpacked
    data.fetch("imdb", shelf.folder, source, registry=shelf.registry, report=lambda *step: seen.append(step))
    assert seen[-1] == (NAME, sum(map(len, REVIEWS.values())), None)
    assert files_below(shelf.folder) == [NAME, f"{NAME}.sha256"]
    assert is_right(shelf.load())
    assert shelf.status() == "ready"


def test_an_unpacked_folder_with_a_class_missing_or_a_link_in_it(unpacked, shelf):
    (unpacked / "train/pos/0_1.txt").rename(unpacked / "elsewhere.txt")
    (unpacked / "train/pos/0_1.txt").symlink_to(unpacked / "elsewhere.txt")
    for path in (unpacked / "test/neg").iterdir():
        path.unlink()
    (unpacked / "test/neg").rmdir()
    message = message_of(shelf.fetch, unpacked)
    assert "has not the right number of reviews: 2 in train/pos, expected 3; 0 in test/neg, expected 3" in message
    assert files_below(shelf.folder) == []


def test_an_unpacked_folder_with_a_giant_or_a_file_that_cannot_be_read(unpacked, shelf):
    os.truncate(unpacked / "train/pos/0_1.txt", 2**40)
    assert "has a review of 1,099,511,627,776 bytes, train/pos/0_1.txt" in message_of(shelf.fetch, unpacked)
    assert files_below(shelf.folder) == []


# ── status ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_status_reads_another_packing_once(shelf, monkeypatch):
    shelf.holds(bz2.compress(TAR))
    assert shelf.status() == "ready"
    with monkeypatch.context() as patch:
        patch.setattr(archive, "labelled_reviews", None)
        assert shelf.status() == "ready"
    shelf.load()
    assert shelf.status() == "ready"
    shelf.holds(b"damaged since")
    assert shelf.status() == "damaged"
    shelf.archive.unlink()
    assert shelf.status() == "absent"


# ── the real reviews ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """(the folder they were fetched to, what was loaded)"""
    if not REAL.is_file():
        pytest.skip("the real reviews are not in ../shared/data")
    folder = tmp_path_factory.mktemp("data")
    data.fetch("imdb", folder, SHARED)
    return folder, data.load_imdb(folder)


def test_the_real_reviews(real):
    folder, loaded = real
    for part in loaded.values():
        assert (len(part), len(part.labels), sum(part.labels)) == (25_000, 25_000, 12_500)
        assert part.name == "Large Movie Review Dataset"
        assert all(part.texts)
    assert files_below(folder) == [f"aclImdb_v1.tar.gz{ending}" for ending in ("", ".reviews", ".sha256")]
    assert data.status(folder)[0].state == "ready"


def test_the_real_reviews_a_second_time(real, readings):
    folder, loaded = real
    assert data.load_imdb(folder) == loaded
    assert readings == []


def test_the_card_says_how_many_real_texts_are_in_both_parts(real):
    _, loaded = real
    train, test = ({*part.texts} for part in (loaded["train"], loaded["test"]))
    card = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    assert f"{len(train & test)} texts" in card
    labels = {name: dict(zip(part.texts, part.labels, strict=True)) for name, part in loaded.items()}
    assert all(labels["train"][text] == labels["test"][text] for text in train & test)
