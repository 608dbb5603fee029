"""The wire, with anything at its other end: each frame ends in an answer or in the end of that worker.

`UNROLLED_FUZZ=100 python -m pytest tests/test_wire_fuzzed.py` tries a hundred times as much, and something else each time.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
import tracemalloc
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.engine import client, codec
from grader.engine.client import Ended, Job, Worker
from grader.engine.codec import CodecError, decode, encode
from grader.engine.values import WIRE_TYPES, Answer, Array, Ask, Call, Failure, Given, Handle, Load, Seen, is_observed
from grader.engine.wire import HEADER, MAX_FRAME, Wire
from tests.fuzzing import FAILURES, SEEN, TEXTS, VALUES, tried

# the codec

NUMBERS = st.integers() | st.sampled_from((2**63, -(2**64), 10**4299)) | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS | st.sampled_from((*WIRE_TYPES, "0", "1", "torch.float32"))
MARKS = st.sampled_from(("T", "t", "d", "c", "f", "x"))


def _nodes(inner):
    """JSON that looks like the tree of a value, more or less."""
    parts = st.lists(inner, max_size=5)
    entries = st.lists(st.lists(inner, min_size=2, max_size=2), max_size=3)
    kinds = st.fixed_dictionaries({"c": st.sampled_from((*WIRE_TYPES, "os", "Any")), "f": parts})
    return (parts | st.dictionaries(MARKS, inner, max_size=3) | kinds
            | st.fixed_dictionaries({"t": parts}) | st.fixed_dictionaries({"d": entries}))  # fmt: skip


TREES = st.recursive(LEAVES | st.sampled_from(({"T": "0"}, {"T": "1"})), _nodes, max_leaves=20).map(
    lambda tree: json.dumps(tree).encode()
)
DTYPES = (
    "F64",
    "F32",
    "F16",
    "BF16",
    "I64",
    "I32",
    "U8",
    "BOOL",
    "U16",
    "U64",
    "C64",
    "F8_E5M2",
    "F8_E4M3",
    "F4",
    "X",
    3,
    None,
)
SIZES = st.integers(0, 9) | st.sampled_from((-1, 2**31, 2**62, 2**64, 10**30, 1.5, "2", None))
ENTRIES = st.fixed_dictionaries({"dtype": st.sampled_from(DTYPES), "shape": st.lists(SIZES, max_size=4) | SIZES,
                                 "data_offsets": st.lists(SIZES, max_size=3)})  # fmt: skip
SIZE_OF = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1, "U16": 2, "U64": 8, "C64": 8,
           "F8_E5M2": 1, "F8_E4M3": 1}  # fmt: skip


@st.composite
def _blobs(draw) -> bytes:
    """The bytes of a safetensors file: sound, or with a header that lies about itself, the shapes or the data."""
    if draw(st.booleans()):
        dtype, shape = draw(st.sampled_from(sorted(SIZE_OF))), draw(st.lists(st.integers(0, 3), max_size=70))
        size = SIZE_OF[dtype] * torch.Size(shape).numel() if len(shape) < 10 else SIZE_OF[dtype]
        header = {
            "0": {"dtype": dtype, "shape": shape if len(shape) < 10 else [1] * len(shape), "data_offsets": [0, size]}
        }
        text, data = json.dumps(header).encode(), draw(st.binary(min_size=size, max_size=size))
    else:
        entries = draw(st.lists(st.tuples(st.sampled_from(("0", "1", "__metadata__")), ENTRIES | LEAVES), max_size=3))
        text = b"{" + b",".join(f"{json.dumps(name)}:{json.dumps(entry)}".encode() for name, entry in entries) + b"}"
        data = draw(st.binary(max_size=40))
    length = draw(st.just(len(text)) | st.integers(0, 2**64 - 1))
    return struct.pack("<Q", length) + text + data


BLOBS = st.just(b"") | _blobs() | st.binary(max_size=40)


@st.composite
def _damaged(draw, data: bytes) -> bytes:
    """Bytes with a few of them cut out, doubled, put in or changed."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data = data[:start] + draw(st.binary(max_size=6) | st.just(2 * data[start:end]) | TEXTS.map(_utf8)) + data[end:]
    return data


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def sound(value) -> bool:
    """Whether every class in a value holds in each field what it says."""
    if isinstance(value, list | tuple | set):
        return all(map(sound, value))
    if isinstance(value, dict):
        return all(sound(key) and sound(item) for key, item in value.items())
    if not is_dataclass(value):
        return (
            value is None
            or type(value) in (bool, float, str, torch.Tensor)
            or (type(value) is int and abs(value) < 2**63)
        )
    hints = get_type_hints(type(value))
    parts = [(getattr(value, field.name), hints[field.name]) for field in fields(value)]
    return all((hint is Any or isinstance(part, hint)) and sound(part) for part, hint in parts)


def decoded(tree: bytes, blob: bytes):
    """The value, which has to be sound; None where there is none."""
    try:
        value = decode(tree, blob)
    except CodecError:
        return None
    assert sound(value)
    return value


@given(TREES | st.binary(max_size=60), BLOBS)
@tried(500)
def test_any_bytes_are_a_sound_value_or_one_kind_of_error(tree, blob):
    decoded(tree, blob)


@given(SEEN, st.data())
@tried(150)
def test_so_are_the_damaged_bytes_of_a_value(seen, data):
    tree, blob = encode(seen)
    decoded(data.draw(_damaged(tree)), blob)
    decoded(tree, data.draw(_damaged(blob)))


@given(SEEN | VALUES | FAILURES)
@tried(100)
def test_a_value_comes_back_as_sound_as_it_went(value):
    assert repr(decoded(*encode(value))) == repr(value)


@pytest.mark.parametrize("tree", [
    b"[" * 70 + b"]" * 70, b'{"t":[' * 70 + b"]}" * 70, b"9" * 5000, b"9" * 20, b"[" + b"1," * 200_000 + b"1]", b"1e999999999",
    b'{"d":[[[],1]]}', b'{"d":[[{"d":[]},1]]}', b'{"d":[[{"c":"Seen","f":[]},1]]}', b'{"c":["Seen"],"f":[]}', b'{"T":{}}',
    b'{"c":"Array","f":[null,[null],"torch.float32","cpu"]}', b'{"c":"Array","f":[null,{"t":[null]},"torch.float32","cpu"]}',
    b'{"c":"Given","f":[1,"x"]}', b'{"c":"Call","f":["rnn","f",[1]]}', b'{"c":"Failure","f":["E","m",null,null,null,{"t":[1]}]}',
    b'{"c":"Failure","f":["E","' + b"m" * 6_000 + b'"]}',
])  # fmt: skip
def test_values_that_are_too_deep_too_many_too_large_or_of_the_wrong_kind(tree):
    assert decoded(tree, b"") in (None, float("inf"))


def test_a_tree_of_many_parts_takes_no_memory():
    """A list takes 28 times as many bytes as its two brackets."""
    tracemalloc.start()
    try:
        for tree in (b"[" + b"[]," * 600_000 + b"[]]", b'"' + b'\\"' * 400_000):
            with pytest.raises(CodecError):
                decode(tree, b"")
        names = ",".join(f'"{place}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for place in range(100_000))
        with pytest.raises(CodecError, match="too many"):
            decode(b"1", struct.pack("<Q", len(names) + 2) + b"{" + names.encode() + b"}")
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()


def test_what_the_other_side_would_refuse_is_not_sent(monkeypatch):
    """And nothing else is refused: the bound on the JSON is one that no value within the bound on parts reaches."""
    for name, value in (("MAX_NODES", 2_000), ("MAX_TOKENS", 10_000), ("MAX_HEADER", 40_000)):
        monkeypatch.setattr(codec, name, value)
    for value in ([[]] * 2_000, [torch.zeros(1)] * 1_000):
        with pytest.raises(CodecError, match="too many parts"):
            encode(value)
    for value in (
        [{}] * 1_999,
        [{"": ()}] * 660,
        [torch.zeros(0)] * 600,
        [Array(None, (), "", "")] * 330,
        [Handle(1)] * 999,
    ):
        assert len(decode(*encode(value))) == len(value)


# a worker that sends anything

TOKEN = "a token that it was told"


def framed(token: bytes, tree: bytes, blob: bytes = b"") -> bytes:
    return HEADER.pack(len(token), len(tree), len(blob)) + token + tree + blob


def frame(message, token: str = TOKEN) -> bytes:
    return framed(token.encode(), *encode(message))


ASKS = st.builds(Ask, st.integers(-2, 3) | st.just(2**62), st.lists(VALUES, max_size=3).map(tuple))
MESSAGES = SEEN | ASKS | VALUES | st.builds(Answer, VALUES) | st.builds(Seen, st.builds(Load, TEXTS))
FRAMES = MESSAGES.map(frame)


@st.composite
def _sent(draw) -> bytes:
    """A few frames: right ones, strange ones, with another token, cut off, damaged, with lengths that lie."""
    parts = []
    for kind in draw(
        st.lists(st.sampled_from(("right", "right", "other", "cut", "damaged", "lying", "noise")), max_size=4)
    ):
        one = draw(FRAMES)
        if kind == "other":
            one = frame(draw(MESSAGES), draw(st.sampled_from(("", "an earlier token", "x" * 64, "x" * 65))))
        elif kind == "cut":
            one = one[: draw(st.integers(0, len(one)))]
        elif kind == "damaged":
            one = draw(_damaged(one))
        elif kind == "lying":
            one = struct.pack("!III", *draw(st.tuples(*[st.integers(0, 2**32 - 1) | st.integers(0, 70)] * 3))) + one
        elif kind == "noise":
            one = draw(st.binary(max_size=60))
        parts.append(one)
    return b"".join(parts)


@contextlib.contextmanager
def worker_that_sends(data: bytes, then_hangs_up: bool = True):
    """A worker whose every frame was written before it was asked anything; the token was told to it beforehand."""
    ours, theirs = socket.socketpair()
    with pytest.MonkeyPatch.context() as patch, ours, theirs:
        patch.setattr(client.secrets, "token_hex", lambda size: TOKEN)
        theirs.sendall(frame(Seen({})))
        worker = Worker(Wire(ours), Job({}), lambda grace: ("", 0.0))
        theirs.setblocking(False)
        theirs.sendall(data)
        if then_hangs_up:
            theirs.shutdown(socket.SHUT_WR)
        yield worker


def outcome(worker: Worker, answer=lambda ask: Answer(ask.args), seconds: float = 5) -> Seen | str:
    """What was seen of a call, or the verdict on the worker's end."""
    try:
        seen = worker.request(Call("rnn", "f"), time.monotonic() + seconds, answer)
    except Ended as end:
        assert end.verdict in ("crashed", "timeout")
        return end.verdict
    assert isinstance(seen, Seen) and sound(seen) and is_observed(seen.value)
    return seen


@given(_sent(), st.booleans())
@tried(200)
def test_whatever_a_worker_sends_is_an_answer_or_its_end(data, then_hangs_up):
    with worker_that_sends(data, then_hangs_up) as worker:
        if outcome(worker, seconds=5 if then_hangs_up else 0.02) in ("crashed", "timeout"):
            return
        assert outcome(worker, seconds=0.02) is not None


@pytest.mark.parametrize("data", [
    frame(Seen(1), "another token"), frame(Answer(1)), frame(3), frame(Call("rnn", "f")), frame(Seen(torch.zeros(1))),
    frame(Seen(Given(torch.zeros(1), "x"))), frame(Seen([Seen(1)])), frame(Ask(0, (Failure("E", "m"),))),
    frame(Seen({Handle(1): Load("rnn")})), b"\xff" * 200, struct.pack("!III", 4, MAX_FRAME, 1) + b"x" * 99, b"",
    frame(Seen(1))[:-1],
])  # fmt: skip
def test_frames_that_answer_nothing_end_the_worker(data):
    with worker_that_sends(data) as worker:
        assert outcome(worker) == "crashed"


def test_frames_that_come_early_or_twice_end_the_worker(monkeypatch):
    with worker_that_sends(frame(Seen(1)) * 2) as worker:
        assert outcome(worker).value == 1
        monkeypatch.setattr(client.secrets, "token_hex", lambda size: "the next token")
        assert outcome(worker) == "crashed"


@pytest.mark.parametrize(
    "answer", [None, lambda ask: Answer(2**70), lambda ask: Answer(["x" * 100])], ids=["none", "large", "far"]
)
def test_questions_without_end_are_no_answer(monkeypatch, answer):
    monkeypatch.setattr(client, "MAX_ASKED", 1_000)
    with worker_that_sends(frame(Ask(3, ([1] * 60,))) * 30) as worker:
        assert outcome(worker, answer) == "crashed"


def test_answers_that_together_are_too_large_are_no_answer(monkeypatch):
    sent = frame(Seen("x" * 400))
    monkeypatch.setattr(client, "MAX_RECEIVED", 3 * len(sent))
    with worker_that_sends(sent * 3) as worker:
        assert [isinstance(outcome(worker), Seen) for _ in range(3)] == [True, True, False]


def test_an_answer_that_can_not_travel_is_told_to_the_worker():
    with worker_that_sends(frame(Ask(0, ())) + frame(Seen(1))) as worker:
        assert outcome(worker, lambda ask: Answer(2**70)).value == 1


def test_a_worker_that_asks_while_it_starts_did_not_start():
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError, match="did not start"):
        patch.setattr(client.secrets, "token_hex", lambda size: TOKEN)
        theirs.sendall(frame(Ask(0, ())))
        Worker(Wire(ours), Job({}), lambda grace: ("", 0.0))
