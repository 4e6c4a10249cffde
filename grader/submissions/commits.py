"""The time of the last commit of a repository, read from its files.

No program is run: a repository that somebody handed in may name programs that git would start.
Commits lie in a file of their own or in a pack, there sometimes as what changes in another one.
What cannot be read is no time; nothing is raised.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from grader.submissions.names import Refused

_SMALL, _LARGE = 1 << 20, 16 << 20
"""Bytes of a commit, and of the list of references."""
_CHAIN = 50
"""Deltas, each on the next, that are followed; git makes as many."""
_REFERENCE = re.compile(r"ref: (refs/[\w./+@-]{1,200})")
_DIGEST = re.compile(r"[0-9a-f]{40}")
_COMMITTED = re.compile(rb"^committer [^\n]{0,1000}> (\d{1,11}) ([+-]\d\d)(\d\d)$", re.MULTILINE)
_INDEX = b"\xfftOc\x00\x00\x00\x02"
_COMMIT, _BY_PLACE, _BY_DIGEST = 1, 6, 7
"""Kinds of objects in a pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The folder `.git`, of which files are read by name."""

    packs: Sequence[str]
    """Names in `objects/pack`."""
    read: Callable[[str, int, int], bytes]
    """Of the file of that name below it, from a place on, no more than so many bytes.

    Raises Refused.
    """


class _Unreadable(Exception):
    """What stands in the repository has not the form."""


def read_commit_time(repository: Repository) -> str | None:
    """When the last commit was made, ISO 8601 with its zone, by the clock of who made it."""
    try:
        text = _find_commit(repository, _read_head(repository))
        match = _COMMITTED.search(text.partition(b"\n\n")[0])
        if match is None:
            return None
        hours, minutes = int(match[2]), int(match[3])
        shift = timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes)
        return datetime.fromtimestamp(int(match[1]), UTC).astimezone(timezone(shift)).isoformat()
    except (Refused, _Unreadable, zlib.error, struct.error, IndexError, ValueError, OverflowError):
        return None


def _read_head(repository: Repository) -> str:
    """The digest of the last commit."""
    head = repository.read("HEAD", 0, _SMALL).decode("utf-8", "replace").strip()
    match = _REFERENCE.fullmatch(head)
    if match is not None and ".." not in match[1]:
        try:
            head = repository.read(match[1], 0, _SMALL).decode("ascii", "replace").strip()
        except Refused:
            listed = repository.read("packed-refs", 0, _LARGE).decode("utf-8", "replace")
            ends = f" {match[1]}"
            head = next((r[:40] for r in listed.splitlines() if r.endswith(ends)), "")
    if not _DIGEST.fullmatch(head):
        raise _Unreadable
    return head


def _find_commit(repository: Repository, digest: str, depth: int = 0) -> bytes:
    """The text of a commit, wherever it lies."""
    try:
        packed = repository.read(f"objects/{digest[:2]}/{digest[2:]}", 0, _SMALL)
    except Refused:
        for name in repository.packs:
            if name.endswith(".idx") and (place := _find_place(repository, name, digest)):
                return _read_packed(repository, name.removesuffix(".idx"), place, depth)
        raise _Unreadable from None
    head, _, text = zlib.decompressobj().decompress(packed, _SMALL).partition(b"\0")
    if not head.startswith(b"commit "):
        raise _Unreadable
    return text


def _find_place(repository: Repository, index: str, digest: str) -> int:
    """Where the object lies in the pack of that index; 0 where it does not."""
    name, wanted = f"objects/pack/{index}", bytes.fromhex(digest)
    if repository.read(name, 0, 8) != _INDEX:
        return 0
    counts = struct.unpack(">257I", b"\0" * 4 + repository.read(name, 8, 1024))
    (first, end), total = list(pairwise(counts))[wanted[0]], counts[256]
    if not first <= end <= total:
        raise _Unreadable
    digests = repository.read(name, 1032 + 20 * first, 20 * (end - first))
    rows = range(0, len(digests) - 19, 20)
    row = next((r for r in rows if digests[r : r + 20] == wanted), None)
    if row is None:
        return 0
    at = 1032 + 24 * total + 4 * (first + row // 20)
    place = struct.unpack(">I", repository.read(name, at, 4))[0]
    if place >> 31:
        at = 1032 + 28 * total + 8 * (place & 0x7FFFFFFF)
        place = struct.unpack(">Q", repository.read(name, at, 8))[0]
    return int(place)


def _read_packed(repository: Repository, pack: str, place: int, depth: int) -> bytes:
    """The commit at that place of a pack."""
    if depth > _CHAIN:
        raise _Unreadable
    data = repository.read(f"objects/pack/{pack}.pack", place, _SMALL)
    kind, at = data[0] >> 4 & 7, _skip(data, 0)
    if kind == _COMMIT:
        return zlib.decompressobj().decompress(data[at:], _SMALL)
    if kind == _BY_PLACE:
        back, at = _read_back(data, at)
        if back <= 0 or back > place:
            raise _Unreadable
        base = _read_packed(repository, pack, place - back, depth + 1)
    elif kind == _BY_DIGEST:
        base = _find_commit(repository, data[at : at + 20].hex(), depth + 1)
        at += 20
    else:
        raise _Unreadable
    return _apply(base, zlib.decompressobj().decompress(data[at:], _SMALL))


def _skip(data: bytes, at: int) -> int:
    """Behind the number that begins here."""
    while data[at] & 0x80:
        at += 1
    return at + 1


def _read_back(data: bytes, at: int) -> tuple[int, int]:
    """How far before this object its base lies, and where the number ends."""
    back = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        back = (back + 1 << 7) | data[at] & 0x7F
    return back, at + 1


def _apply(base: bytes, delta: bytes) -> bytes:
    """The object that a delta makes of its base: pieces of the base, and new ones."""
    at, made = _skip(delta, _skip(delta, 0)), bytearray()
    while at < len(delta):
        code, at = delta[at], at + 1
        if code & 0x80:
            numbers = [0] * 7
            for n in range(7):
                if code >> n & 1:
                    numbers[n], at = delta[at], at + 1
            start = int.from_bytes(bytes(numbers[:4]), "little")
            size = int.from_bytes(bytes(numbers[4:]), "little") or 0x10000
            made += base[start : start + size]
        elif code:
            made += delta[at : at + code]
            at += code
        else:
            raise _Unreadable
        if len(made) > _SMALL:
            raise _Unreadable
    return bytes(made)
