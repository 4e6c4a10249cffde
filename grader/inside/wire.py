"""What crosses the trust line: length-prefixed frames of JSON and raw arrays, read with caps.

A frame is `u32 head length, u64 body length, head, body`. The head is a JSON object; its key
`arrays` lists `[dtype, shape]` of the arrays whose little-endian bytes make up the body, in order.
Values (numbers, text, lists, dictionaries with text keys, numpy arrays) are packed into a JSON tree
in which `{"$array": i}` stands for array `i`.

Memory is never reserved in proportion to a number that the other side chose: a frame's lengths are
checked against the caps first, and bytes are kept only as they arrive.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Head = dict[str, object]
"""What was read of a frame, not yet looked at."""

PREFIX = struct.Struct("<IQ")
HEAD_CAP = 4 << 20
"""Largest head of a frame, bytes."""
ANSWER_CAP = HEAD_CAP - 1024
"""The same of an answer, around which the supervisor puts a few words."""
BODY_CAP = 64 << 20
"""Largest body of a frame that leaves the box, bytes."""
INWARD_CAP = 1 << 30
"""Largest body of a frame that enters the box, bytes: a whole test set as float32."""
DEPTH_CAP = 32
"""Deepest nesting of a value."""
NESTING_CAP = 2 * DEPTH_CAP
"""Deepest nesting of a head: far from where Python's own JSON gives up, at other depths for reading
and for writing."""
DIMENSIONS_CAP = 32
"""Most dimensions of an array."""
DIGITS_CAP = 400
"""Longest whole number."""
_LARGEST = 10**DIGITS_CAP
DTYPES = frozenset(
    [
        "|b1",
        "|u1",
        "|i1",
        "<u2",
        "<i2",
        "<u4",
        "<i4",
        "<u8",
        "<i8",
        "<f2",
        "<f4",
        "<f8",
        "<c8",
        "<c16",
    ]
)
"""What an array may consist of: no objects, no records, no strings."""
_BIG = re.compile(rf"-?[0-9]{{1,{DIGITS_CAP}}}", re.ASCII)


class Malformed(ValueError):
    """A frame or a value that breaks the rules; the text says which one."""


def pack(value: object) -> tuple[object, list[Array]]:
    """The JSON tree and the arrays of a value.

    Tuples become lists; numpy scalars become arrays without dimensions, so that their dtype stays.
    Raises Malformed for anything that has no place on the wire.
    """
    arrays: list[Array] = []

    def visit(item: object, depth: int) -> object:
        if depth > DEPTH_CAP:
            raise Malformed(f"a value is nested more than {DEPTH_CAP} deep")
        if item is None or type(item) in (bool, str):
            return item
        if type(item) is int:
            if abs(item) >= _LARGEST:
                raise Malformed(f"a number of more than {DIGITS_CAP} digits cannot cross the line")
            return item if abs(item) < 2**63 else {"$big": str(item)}
        if type(item) is float:
            return item if math.isfinite(item) else {"$float": repr(item)}
        if isinstance(item, (np.ndarray, np.generic)):
            array = np.asarray(item)
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
            if array.dtype.str not in DTYPES:
                raise Malformed(f"an array of dtype {array.dtype} cannot cross the line")
            if array.ndim > DIMENSIONS_CAP:
                raise Malformed(f"an array of {array.ndim} dimensions cannot cross the line")
            arrays.append(np.ascontiguousarray(array).reshape(array.shape))
            return {"$array": len(arrays) - 1}
        if isinstance(item, (list, tuple)):
            return [visit(i, depth + 1) for i in item]
        if isinstance(item, dict):
            if not all(isinstance(k, str) and not k.startswith("$") for k in item):
                raise Malformed("the keys of a dictionary on the wire are text without a leading $")
            return {k: visit(v, depth + 1) for k, v in item.items()}
        raise Malformed(f"a {type(item).__name__} cannot cross the line")

    return visit(value, 0), arrays


def unpack(tree: object, arrays: Sequence[Array]) -> object:
    """The value that `pack` took apart, and which `pack` takes again.

    Raises Malformed for what `pack` never makes: a reference to no array, or to one that stands
    elsewhere already, so that what comes out is never larger than what came.
    """
    taken: set[int] = set()

    def visit(item: object, depth: int) -> object:
        if depth > DEPTH_CAP:
            raise Malformed(f"a value is nested more than {DEPTH_CAP} deep")
        if isinstance(item, list):
            return [visit(i, depth + 1) for i in item]
        if isinstance(item, dict):
            if len(item) == 1 and next(iter(item)).startswith("$"):
                return _read_special(item, arrays, taken)
            if any(k.startswith("$") for k in item):
                raise Malformed("a dictionary with a key that begins with $")
            return {k: visit(v, depth + 1) for k, v in item.items()}
        if type(item) is int and abs(item) >= _LARGEST:
            raise Malformed("an unknown large number")
        return item

    return visit(tree, 0)


def _read_special(item: Head, arrays: Sequence[Array], taken: set[int]) -> object:
    """An array, a number that is not finite, or a large one."""
    (kind, value), *_ = item.items()
    if kind == "$array":
        if type(value) is not int or not 0 <= value < len(arrays):
            raise Malformed("a value refers to an array that was not sent")
        if value in taken:
            raise Malformed("a value refers to the same array twice")
        taken.add(value)
        return arrays[value]
    if kind == "$float":
        if not isinstance(value, str) or value not in ("nan", "inf", "-inf"):
            raise Malformed("an unknown special number")
        return float(value)
    if kind == "$big":
        if not isinstance(value, str) or not _BIG.fullmatch(value):
            raise Malformed("an unknown large number")
        return int(value)
    raise Malformed("a dictionary with a key that begins with $")


def encode(
    head: Mapping[str, object], arrays: Sequence[Array] = (), *, head_cap: int = HEAD_CAP
) -> Iterator[memoryview]:
    """The bytes of one frame, in pieces, without copying the arrays.

    Raises Malformed, before the first piece, for a head that no Reader takes.
    """
    _check_nesting(head)
    described = [[a.dtype.str, list(a.shape)] for a in arrays]
    text = json.dumps({**head, "arrays": described}, separators=(",", ":")).encode()
    if len(text) > head_cap:
        raise Malformed(f"a head of {len(text):,} bytes is over the cap of {head_cap:,}")
    yield memoryview(PREFIX.pack(len(text), sum(a.nbytes for a in arrays)) + text)
    for array in arrays:
        if array.nbytes:
            yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def write(
    send: Callable[[memoryview], int], head: Mapping[str, object], arrays: Sequence[Array] = ()
) -> None:
    """Send one frame through `send`, which returns how many bytes it took, as os.write does."""
    transmit(send, encode(head, arrays))


def transmit(send: Callable[[memoryview], int], pieces: Iterable[memoryview]) -> None:
    """Send what `encode` made."""
    for piece in pieces:
        rest = piece
        while rest:
            rest = rest[send(rest) :]


class Reader:
    """Takes bytes as they come and gives whole frames; the first malformed one raises Malformed."""

    def __init__(self, *, head_cap: int = HEAD_CAP, body_cap: int = BODY_CAP) -> None:
        self._head_cap, self._body_cap = head_cap, body_cap
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._buffer)

    def clear(self) -> None:
        """Forget what has not become a frame."""
        self._buffer.clear()

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[Head, list[Array]]]:
        """The frames that are complete now. Consume all of them before feeding again."""
        self._buffer += data
        while len(self._buffer) >= PREFIX.size:
            head_size, body_size = PREFIX.unpack_from(self._buffer)
            if head_size > self._head_cap:
                raise Malformed(
                    f"a head of {head_size:,} bytes is over the cap of {self._head_cap:,}"
                )
            if body_size > self._body_cap:
                raise Malformed(
                    f"a body of {body_size:,} bytes is over the cap of {self._body_cap:,}"
                )
            end = PREFIX.size + head_size + body_size
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:
                head_bytes = bytes(view[PREFIX.size : PREFIX.size + head_size])
                body = bytes(view[PREFIX.size + head_size : end])
            del self._buffer[:end]
            yield decode(head_bytes, body)


def decode(head_bytes: bytes, body: bytes) -> tuple[Head, list[Array]]:
    """Head and arrays of one frame; read-only arrays that share `body`."""
    try:
        head = json.loads(head_bytes)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a head that is not JSON ({type(error).__name__})") from None
    if not isinstance(head, dict):
        raise Malformed("a head that is not an object")
    _check_nesting(head)
    described = head.pop("arrays", [])
    if not isinstance(described, list) or len(described) > 100_000:
        raise Malformed("the arrays are not described by a list")
    arrays, offset = [], 0
    for item in described:
        array, offset = _read_array(item, body, offset)
        arrays.append(array)
    if offset != len(body):
        raise Malformed(f"{len(body) - offset:,} bytes belong to no array")
    return head, arrays


def _check_nesting(head: Mapping[str, object]) -> None:
    if is_nested(head, NESTING_CAP):
        raise Malformed(f"a head that is nested more than {NESTING_CAP} deep")


def is_nested(value: object, most: int) -> bool:
    """True where containers stand in containers more than `most` deep."""
    level: list[object] = [value]
    for _ in range(most + 1):
        containers = [i for i in level if isinstance(i, (dict, list, tuple))]
        if not containers:
            return False
        level = [i for c in containers for i in (c.values() if isinstance(c, dict) else c)]
    return True


def _read_array(item: object, body: bytes, offset: int) -> tuple[Array, int]:
    """The array that is described so and begins at `offset`, and where the next one begins."""
    if not (isinstance(item, list) and len(item) == 2 and isinstance(item[1], list)):
        raise Malformed("an array that is not described by dtype and shape")
    name, shape = item
    if not isinstance(name, str) or name not in DTYPES:
        raise Malformed(f"an array of dtype {str(name)[:40]!r}")
    if len(shape) > DIMENSIONS_CAP or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise Malformed("an array of impossible shape")
    dtype = np.dtype(name)
    count = math.prod(shape)
    if not count and math.prod(n for n in shape if n) >= 2**48:
        raise Malformed("an array of impossible shape")
    end = offset + count * dtype.itemsize
    if end > len(body):
        raise Malformed(f"an array of shape {shape} does not fit into what was sent")
    return np.frombuffer(body, dtype, count, offset).reshape(shape), end
