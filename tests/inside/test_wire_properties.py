"""The wire under whatever bytes: a frame, a sentence, or waiting; one answer a question; no memory
for what was only announced.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.inside import wire
from grader.inside.process.child import Child
from grader.inside.process.conversation import Question
from grader.inside.process.supervisor import Supervisor
from grader.inside.walls import cgroup
from grader.records.errors import SandboxError
from grader.sandbox import channel
from grader.sandbox.channel import Channel

NAMES = st.sampled_from(
    [*sorted(wire.DTYPES), "|O", "|V8", ">f8", "=f8", "f8", "<M8[s]", "|S4", "<U3", "<f16", "<c32",
     "<f8,<f8", "(2,)<f8", "object", "O8", "", "<f8\0", "\ud800", "|V1000000000"]
)  # fmt: skip
SIDES = (
    st.integers(-2, 4)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([2**31, 2**32, 2**47, 2**48 - 1, 2**48, 2**62, 2**63, 2**64, True, 1.0, "1"])
    | st.none()
)
DESCRIBED = st.lists(st.tuples(NAMES, st.lists(SIDES, max_size=34)).map(list), max_size=4)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9)
)
MARKS = st.sampled_from(
    ["$array", "$float", "$big", "$", "$x", "arrays", "nonce", "value", "answer"]
)
ANY = st.recursive(
    LEAVES | NAMES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(MARKS | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
)
TREES = st.recursive(
    LEAVES | st.integers(-1, 3).map(lambda n: {"$array": n}),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "$array", "$big", "$x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
HEADS = st.dictionaries(MARKS, ANY, max_size=4) | ANY
SIZES = st.integers(0, 200) | st.sampled_from([2**20, 2**22, 2**22 + 1, 2**26, 2**26 + 1, 2**63])


def packed(head: Any, body: bytes) -> bytes:
    """A frame of any head, as it would have to look."""
    text = json.dumps(head).encode()
    return wire.PREFIX.pack(len(text), len(body)) + text + body


def honest(**head: Any) -> bytes:
    """A frame that our own code makes."""
    arrays = [np.arange(3.0), np.zeros((2, 0), np.uint8)]
    return b"".join(wire.encode({**head, "value": [{"$array": 0}, {"$array": 1}]}, arrays))


FORGED = st.builds(packed, HEADS, st.binary(max_size=40)) | st.builds(
    lambda described, body, head: packed({**head, "arrays": described}, body),
    DESCRIBED | ANY,
    st.binary(max_size=64),
    st.dictionaries(MARKS, ANY, max_size=2),
)
PIECES = (
    FORGED
    | st.just(honest(answer={}))
    | st.binary(max_size=60)
    | st.builds(lambda head, body: struct.pack("<IQ", head, body), SIZES.filter(lambda n: n < 2**32), SIZES)
)  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Frames, true, forged, cut, repeated and interleaved, and noise."""
    pieces = draw(st.lists(PIECES, min_size=1, max_size=4))
    if draw(st.booleans()):
        pieces.insert(draw(st.integers(0, len(pieces))), draw(st.sampled_from(pieces)))
    stream = bytearray(b"".join(pieces))
    for _ in range(draw(st.integers(0, 3))):
        if stream:
            stream[draw(st.integers(0, len(stream) - 1))] = draw(st.integers(0, 255))
    return bytes(stream[: draw(st.integers(0, len(stream)) | st.just(len(stream)))])


def chunks(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The stream in as many pieces as there are cuts, and one more."""
    places = sorted(cut % (len(stream) + 1) for cut in cuts)
    for start, end in zip([0, *places], [*places, len(stream)], strict=True):
        yield stream[start:end]


def read(stream: bytes, cuts: list[int]) -> tuple[list[Any], str, int]:
    """Heads and array bytes of the frames, how reading ended, and what is pending."""
    reader, found = wire.Reader(head_cap=4096, body_cap=4096), []
    try:
        for piece in chunks(stream, cuts):
            for head, arrays in reader.feed(piece):
                found.append((repr(head), [(a.dtype.str, a.shape, a.tobytes()) for a in arrays]))
                assert all(a.dtype.str in wire.DTYPES for a in arrays)
    except wire.Malformed as error:
        return found, str(error), 0
    return found, "", reader.pending


CUTS = st.lists(st.integers(0, 4000), max_size=6)


@given(streams(), CUTS)
def test_chunks_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """The same frames, and the same sentence about the first bad one, however the bytes come."""
    whole, piecewise = read(stream, []), read(stream, cuts)
    assert whole == piecewise
    assert whole[2] < wire.PREFIX.size + 2 * 4096


@given(streams())
def test_memory_follows_what_came(stream: bytes) -> None:
    """What a head announces, lengths or shapes, reserves nothing."""
    reader = wire.Reader()
    tracemalloc.start()
    try:
        for head, arrays in reader.feed(stream):
            wire.unpack(head.get("value"), arrays)
    except wire.Malformed:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 300_000 + 300 * len(stream)


@given(DESCRIBED | ANY, st.binary(max_size=64) | st.integers(0, 300).map(bytes))
@example([["<f8", [0, 2**47, 2**47]]], b"")
@example([["<c16", [0, 2**47]]], b"")
@example([["<f8", [2**32, 2**32]]], b"")
@example([["|u1", [1] * 32]], b"1")
@example([["|u1", []]] * 8, b"12345678")
def test_arrays_are_what_their_bytes_are(described: Any, body: bytes) -> None:
    """Each accepted array has its own part of the body, in order, to the last byte."""
    text = json.dumps({"arrays": described}).encode()
    try:
        _, arrays = wire.decode(text, body)
    except wire.Malformed:
        return
    assert b"".join(a.tobytes() for a in arrays) == body
    assert [[a.dtype.str, list(a.shape)] for a in arrays] == described
    assert not any(a.flags.writeable for a in arrays)


@given(TREES, st.integers(0, 3))
@example([{"$array": 0}, {"$array": 0}], 1)
@example({"$x": 1}, 0)
@example({"$big": "--1"}, 0)
@example(10**400, 0)
@example({"a": {"$big": "9" * 400}}, 0)
def test_what_is_taken_apart_can_be_packed_again(tree: Any, count: int) -> None:
    """A value that came over the wire can be kept and sent on, and is no larger than it was."""
    arrays = [np.full(3, n, np.float32) for n in range(count)]
    try:
        value = wire.unpack(json.loads(json.dumps(tree)), arrays)
    except wire.Malformed:
        return
    again, kept = wire.pack(value)
    assert len(kept) <= count
    back = wire.unpack(again, kept)
    assert repr(back) == repr(value)
    json.dumps(again, allow_nan=False)


@given(st.integers(1, 400), st.sampled_from(["[", '{"a":', '[{"a":[']), st.booleans())
@example(980, "[", True)
@example(985, "[", False)
@example(5000, "[", False)
def test_what_can_be_read_can_be_written(depth: int, opening: str, inner: bool) -> None:  # noqa: FBT001
    """However deep: a head that a reader takes is taken by the next one, an answer wrapped once."""
    closing = opening.replace('"a":', "").translate({ord("["): "]", ord("{"): "}"})[::-1]
    nested = opening * depth + "0" + closing * depth
    text = f'{{"nonce":"", "value":{nested}}}' if inner else nested
    try:
        head, _ = wire.decode(text.encode(), b"")
    except wire.Malformed:
        return
    try:
        written = b"".join(wire.encode({"answer": head}))
    except wire.Malformed:
        assert wire.is_nested({"answer": head}, wire.NESTING_CAP)
        return
    ((again, _),) = wire.Reader().feed(written)
    assert again["answer"] == head


# ---------------------------------------------------------------------- the grader's end


@pytest.fixture(scope="module", autouse=True)
def _brief() -> Iterator[None]:
    """What is not said within a second is not said here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "GRACE_SECONDS", 1.0)
        yield


def ends() -> tuple[Channel, socket.socket, socket.socket]:
    """A line, and the far ends of its two sockets."""
    near, far = socket.socketpair()
    lifeline, far_leash = socket.socketpair()
    return Channel(near, lifeline, 0.0, lambda: None), far, far_leash


LAST = st.sampled_from(
    [b"", b"{}", b'{"failed": "oom"}', b"[", b"\xff", b"[1]", b"3", b'{"failed": [1]}']
)


@given(streams(), CUTS, LAST)
@example(b"", [], b"[1]")
@example(honest(answer={}) + honest(answer={}), [], b"")
@example(honest(answer=[]), [], b"")
@example(honest(died={}, answer={}), [], b"")
def test_a_line_gives_a_reply_or_breaks(stream: bytes, cuts: list[int], last: bytes) -> None:
    """Any bytes of a supervisor are one reply or a SandboxError, which stays."""
    held, far, far_leash = ends()
    with far, far_leash:
        for piece in chunks(stream, cuts):
            far.sendall(piece)
        far.shutdown(socket.SHUT_WR)
        far_leash.sendall(last)
        far_leash.shutdown(socket.SHUT_WR)
        try:
            kind, said, arrays = held.request({"do": "load"})
        except SandboxError:
            with pytest.raises(SandboxError):
                held.request({"do": "load"})
        else:
            assert kind in ("answer", "died", "ended")
            assert isinstance(said, dict)
            assert all(a.dtype.str in wire.DTYPES for a in arrays)
        held.drop()


@pytest.mark.parametrize(
    "stream",
    [
        honest(answer={}) * 2,
        honest(answer={}) + b"\xff" * 12,
        honest(answer=3),
        honest(score=100),
        honest(answer={})[:-1],
        wire.PREFIX.pack(2, 2**60),
    ],
    ids=["twice", "with a tail", "no object", "unknown", "cut", "oversized"],
)
def test_what_is_not_one_reply_breaks_the_line(stream: bytes) -> None:
    """Replies are never mixed up: a second one with the first is the end."""
    held, far, far_leash = ends()
    with far:
        far_leash.close()
        far.sendall(stream)
        far.shutdown(socket.SHUT_WR)
        with pytest.raises(SandboxError, match="A box broke"):
            held.request({"do": "load"})


# ---------------------------------------------------------------------- the supervisor's end

JOB = {
    "level": 0,
    "seed": 1,
    "selftest": False,
    "run": "all",
    "limits": {
        "output_kib": 4, "cell_seconds": 1.0, "cpu_seconds": 1.0, "wall_seconds": 1.0, "memory_mib": 512,
        "processes": 8,
    },
}  # fmt: skip


class Asked:
    """A supervisor with one open question, the student's end of its pipe, and the grader's line.

    The child is the real class around real pipes; only its process has ended already.
    """

    def __init__(self, kind: str) -> None:
        near, far = socket.socketpair()
        lifeline, self.far_leash = socket.socketpair()
        self.line, self.far = Channel(near, lifeline, 0.0, lambda: None), far
        self.supervisor = Supervisor(JOB, "/nonexistent", far, cgroup.Entrance())
        self.child = Child.__new__(Child)
        self.child.dead, self.child.why, self.child.ended = True, None, set()
        self.child.answers, self.answers = os.pipe()
        self.child.loaded, self.loaded = os.pipe()
        self.child.stdout = self.child.stderr = -1
        for end in (self.child.answers, self.child.loaded):
            os.set_blocking(end, False)
        self.supervisor.child = self.child
        self.supervisor.question = Question(kind, 1.0)
        self.nonce = self.supervisor.question.nonce

    def hear(self, stream: bytes, cuts: list[int], *, wrong: bool) -> None:
        """The stream is written to the pipe on which the answer is awaited, or to the other one."""
        writes = {"ask": self.answers, "load": self.loaded}
        kind = self.supervisor.question.kind if self.supervisor.question else "ask"
        target = writes["load" if (kind == "ask") is wrong else "ask"]
        reads = self.child.answers if target == self.answers else self.child.loaded
        for piece in chunks(stream, cuts):
            if piece:
                os.write(target, piece)
                self.supervisor.read(self.child, reads)

    def close(self) -> None:
        """Nothing of it is open."""
        self.far_leash.close()
        self.line.drop()
        self.far.close()
        for end in (self.child.answers, self.answers, self.child.loaded, self.loaded):
            os.close(end)


def answered(asked: Asked) -> bool:
    """True where something waits on the grader's side."""
    asked.far.setblocking(False)
    near = asked.line._channel
    near.setblocking(False)
    try:
        return bool(near.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        near.settimeout(1.0)


@given(streams(), CUTS, st.sampled_from(["ask", "load"]), st.booleans(), st.booleans(), HEADS)
@example(b"", [], "ask", False, True, {"value": "é"})
@example(honest(answer={}), [], "ask", False, True, {})
def test_one_question_has_one_answer_or_none(
    stream: bytes, cuts: list[int], kind: str, wrong: bool, true: bool, head: Any  # noqa: FBT001
) -> None:  # fmt: skip
    """Whatever a student's process writes: the answer with the nonce, or the process is killed, or
    nothing has been said yet. The grader never gets a frame that it cannot read.
    """
    asked = Asked(kind)
    try:
        more = head if isinstance(head, dict) else {"value": head}
        first = packed({**more, "nonce": asked.nonce, "arrays": []}, b"") if true else b""
        asked.hear(first + stream, cuts, wrong=wrong)
        if asked.supervisor.question is None:
            reply, said, _ = asked.line.request({"do": "again"})
            assert (reply, said["nonce"]) == ("answer", asked.nonce)
            assert not answered(asked)
            assert bool(stream) == bool(asked.supervisor.unasked)
        else:
            assert not answered(asked)
            assert asked.child.why in (None, "tampered")
            if wrong:
                assert asked.supervisor.unasked == len(first + stream)
            if asked.child.why is None and not wrong:
                assert not true, "a true answer was kept back"
    finally:
        asked.close()


@pytest.mark.parametrize(
    "text",
    [
        '{"nonce":"%s","value":"' + "é" * ((wire.HEAD_CAP - 100) // 2) + '"}',
        '{"nonce":"%s","value":"' + "x" * (wire.HEAD_CAP - 57) + '"}',
        '{"nonce":"%s","value":[' + "1e15," * 800_000 + "0]}",
        '{"nonce":"%s","value":' + "[" * wire.NESTING_CAP + "]" * wire.NESTING_CAP + "}",
        '{"nonce":"%s","value":' + "[" * 975 + "]" * 975 + "}",
    ],
    ids=["letters that grow", "full to the brim", "numbers that grow", "deep", "very deep"],
)
def test_an_answer_that_does_not_fit_when_written_anew_is_forged(text: str) -> None:
    """It was read, but the grader could not: the question stays open until the kill is reported."""
    asked = Asked("ask")
    try:
        body = (text % asked.nonce).encode()
        assert len(body) <= wire.HEAD_CAP
        for piece in chunks(
            wire.PREFIX.pack(len(body), 0) + body, list(range(0, len(body), 60_000))
        ):
            asked.supervisor.take_result(asked.child, "ask", piece)
        assert asked.child.why == "tampered"
        assert asked.supervisor.question is not None
        assert not answered(asked)
    finally:
        asked.close()
