"""The wire: whatever the other side sends, a frame is read whole, or Malformed is raised."""

from __future__ import annotations

import json
import math
import os
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader.inside import wire

arrays = st.sampled_from(sorted(wire.DTYPES)).flatmap(
    lambda name: nps.arrays(name, nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
keys = st.text(max_size=8).filter(lambda k: not k.startswith("$"))
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
values = st.recursive(
    plain | arrays,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def frame(value, **head) -> bytes:
    tree, parts = wire.pack(value)
    return b"".join(wire.encode({**head, "value": tree}, parts))


def equal(first, second) -> bool:
    if isinstance(first, np.ndarray):
        return (
            isinstance(second, np.ndarray)
            and first.dtype.str == second.dtype.str
            and first.shape == second.shape
            and first.tobytes() == second.tobytes()
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(equal, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[k], second[k]) for k in first)
    return type(first) is type(second) and first == second


@given(values)
def test_a_value_comes_out_as_it_went_in(value):
    ((head, parts),) = wire.Reader().feed(frame(value))
    assert equal(value, wire.unpack(head["value"], parts))


@given(st.lists(values, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_frames_are_the_same_however_their_bytes_arrive(items, random):
    stream = b"".join(frame(item, number=n) for n, item in enumerate(items))
    reader, found = wire.Reader(), []
    while stream:
        count = random.randint(1, len(stream))
        found += list(reader.feed(stream[:count]))
        stream = stream[count:]
    assert [head["number"] for head, _ in found] == list(range(len(items)))
    assert all(equal(i, wire.unpack(h["value"], p)) for i, (h, p) in zip(items, found, strict=True))
    assert reader.pending == 0


def consume(data: bytes) -> None:
    """All frames in `data` and their values are read, or ValueError says why not."""
    reader = wire.Reader(head_cap=4096, body_cap=4096)
    try:
        for head, parts in reader.feed(data):
            wire.unpack(head.get("value"), parts)
    except ValueError:
        return
    assert reader.pending <= len(data)


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_waits_for_more(data):
    consume(data)


@given(values, st.data())
def test_a_damaged_frame_does_no_harm(value, data):
    damaged = bytearray(frame(value))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    consume(bytes(damaged))


json_values = st.recursive(
    plain | st.sampled_from(["|O", "|V8", "<f8", ">f4", "<M8[s]"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, st.binary(max_size=64))
@example([["<f8", [0, 2**47, 2**47]]], b"")
@example([["<f8", [2**47, 2**47]]], b"")
@example([["<f8", [-1]]], b"")
@example([["|O", [1]]], b"12345678")
@example([["<f8", [True]]], b"12345678")
@example([["<f8", []], ["<f8", []]], b"12345678")
@example([["<f8", [1] * 33]], b"12345678")
def test_lies_about_arrays_are_refused(described, body):
    head = json.dumps({"arrays": described, "value": described}).encode()
    consume(struct.pack("<IQ", len(head), len(body)) + head + body)


@pytest.mark.parametrize(
    ("head", "body"), [(wire.HEAD_CAP + 1, 0), (2, wire.BODY_CAP + 1), (2**32 - 1, 2**64 - 1)]
)
def test_lengths_over_the_caps_are_refused_before_a_byte_is_kept(head, body):
    with pytest.raises(wire.Malformed, match="over the cap"):
        list(wire.Reader().feed(struct.pack("<IQ", head, body)))


@pytest.mark.parametrize(
    "head", [b"[]", b"1", b'{"arrays": 1}', b"{", b"\xff\xff", b"[" * 100_000, b'"' + b"1" * 9999]
)
def test_a_head_that_is_no_object_is_refused(head):
    with pytest.raises(wire.Malformed):
        wire.decode(head, b"")


@pytest.mark.parametrize(
    "tree",
    [
        {"$array": 0},
        {"$array": -1},
        {"$array": True},
        {"$array": "0"},
        {"$float": "1e999"},
        {"$float": 1},
        {"$big": "1" * 401},
        {"$big": "--1"},
        {"$big": "\u0661"},
        {"$big": 7},
    ],
)
def test_a_reference_to_nothing_is_refused(tree):
    with pytest.raises(ValueError):
        wire.unpack(tree, [])


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1: 2},
        {"$array": 0},
        b"bytes",
        {1},
        np.array([object()]),
        np.array(["text"]),
        np.datetime64("2020-01-01"),
        np.zeros(2, dtype=[("a", "f8")]),
    ],
)
def test_what_has_no_place_on_the_wire_is_refused(value):
    with pytest.raises(wire.Malformed):
        wire.pack(value)


def test_nesting_has_an_end_on_both_sides():
    deep: list = []
    for _ in range(wire.DEPTH_CAP + 2):
        deep = [deep]
    with pytest.raises(wire.Malformed, match="deep"):
        wire.pack(deep)
    with pytest.raises(wire.Malformed, match="deep"):
        wire.unpack(deep, [])


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_special_numbers_cross(number):
    ((head, parts),) = wire.Reader().feed(frame([number]))
    (found,) = wire.unpack(head["value"], parts)
    assert found == number or (math.isnan(found) and math.isnan(number))


def test_big_endian_and_strided_arrays_arrive_as_equal_numbers():
    base = np.arange(24, dtype=">f8").reshape(4, 6)
    ((head, parts),) = wire.Reader().feed(frame([base, base[::2, ::-3], base.T]))
    found = wire.unpack(head["value"], parts)
    for sent, received in zip([base, base[::2, ::-3], base.T], found, strict=True):
        np.testing.assert_array_equal(sent, received)
        assert received.dtype.str == "<f8"


def test_a_frame_is_written_whole_through_a_reluctant_pipe():
    """`write` goes on where the other side took only a part."""
    taken = bytearray()

    def reluctant(piece: memoryview) -> int:
        taken.extend(piece[:7])
        return len(piece[:7])

    value = np.frombuffer(os.urandom(8000), "<f8")
    tree, parts = wire.pack(value)
    wire.write(reluctant, {"value": tree}, parts)
    ((head, found),) = wire.Reader().feed(bytes(taken))
    assert wire.unpack(head["value"], found).tobytes() == value.tobytes()


def test_clear_forgets_half_a_frame():
    reader = wire.Reader()
    assert list(reader.feed(frame([1])[:-1])) == []
    assert reader.pending > 0
    reader.clear()
    assert len(list(reader.feed(frame([1])))) == 1
