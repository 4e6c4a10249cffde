"""Weights as a few numbers that stay the same in whatever order arrays and units stand.

A file of weights is a bag of numbers, 32 bits each. Every number is hashed, and the least hashes
are kept: of two bags they show what share of the numbers is in both (Broder, 1997). Nothing is
unpickled: arrays are read where they stand in the file, whatever they are called.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from grader.records.likeness import Sketch

KEPT = 256
"""Hashes of a submission."""
FEWEST = 500
"""Numbers that a submission must have."""
SUFFIXES = (".pt", ".pth", ".npz", ".npy", ".safetensors", ".ckpt", ".bin")
_MOST = 64 << 20
"""Bytes of numbers of a submission that are looked at."""
_MOST_ARRAYS = 4_000
_FACTOR = np.uint64(0xD6E8FEB86659FD93)
_ANGLE = np.uint32(0x7FFFFFFF)

Bits = NDArray[np.uint32]


def sketch_weights(files: Mapping[str, bytes]) -> Sketch | None:
    """Of all files of weights of a submission; None where there are too few numbers."""
    kept, size, left = np.zeros(0, np.uint64), 0, _MOST
    for name in sorted(files):
        if not name.endswith(SUFFIXES):
            continue
        for bits in _list_arrays(files[name], left):
            left -= 4 * len(bits)
            size += len(bits)
            kept = _keep_least(np.concatenate([kept, _hash(bits)]))
    if size < FEWEST or len(kept) < KEPT:
        return None
    return Sketch(kind="weights", size=size, values=frozenset(kept.tolist()))


def _hash(bits: Bits) -> NDArray[np.uint64]:
    """Of each number that is not 0 or 1: those say nothing."""
    told = bits[((bits & _ANGLE) != 0) & (bits != np.uint32(0x3F800000))]
    hashes: NDArray[np.uint64] = (told.astype(np.uint64) + np.uint64(1)) * _FACTOR
    hashes ^= hashes >> np.uint64(32)
    hashes *= _FACTOR
    return hashes


def _keep_least(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The least, each once; of an array with a value that is there very often, a few less."""
    most = 8 * KEPT
    if len(hashes) > most:
        hashes = np.partition(hashes, most)[:most]
    return np.unique(hashes)[:KEPT]


def _list_arrays(content: bytes, most: int) -> Iterator[Bits]:
    """The numbers of each array in a file, as bits; of one that is no archive, of all of it.

    No more than `most` bytes of numbers are read, however much an archive would expand to.
    """
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):
            yield _read_bits(content[:most])
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist()[:_MOST_ARRAYS]:
                if most <= 0:
                    return
                with archive.open(info) as member:
                    numbers = member.read(most)
                most -= len(numbers)
                yield _read_bits(numbers)
    except Exception:  # untrusted: an archive may raise anything
        return  # what was read until here is compared


def _read_bits(content: bytes) -> Bits:
    """Without the head of NumPy's format."""
    head = 10 + int.from_bytes(content[8:10], "little") if content[:6] == b"\x93NUMPY" else 0
    numbers = content[head:]
    return np.frombuffer(numbers[: len(numbers) // 4 * 4], np.uint32)
