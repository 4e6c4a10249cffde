"""File names made of names that others chose, and files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

_LONGEST = 80
"""Characters of a stem."""
_RESERVED = frozenset(
    {"index", "grades", "con", "prn", "aux", "nul", "clock"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
"""Stems that the output folder or Windows keeps for itself."""


def file_name(student: str, taken: Collection[str] = ()) -> str:
    """Give a file stem for a student: ASCII letters, digits, - and _, at most 80 of them.

    It differs from every stem in `taken` and from reserved names even where the file system does
    not tell capitals from small letters. A name that is already safe stays; any other carries
    eight digits of its hash, so that it is the same in every run.
    """
    used = {stem.casefold() for stem in taken} | _RESERVED
    plain = _keep_ascii(student)
    if plain == student and plain and plain.casefold() not in used:
        return plain
    base = plain[: _LONGEST - 9].rstrip("-_") or "student"
    again = 0
    while True:
        salt = f"{student}\0{again}" if again else student
        stem = f"{base}-{hashlib.sha256(salt.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        if stem.casefold() not in used:
            return stem
        again += 1


def file_names(students: Iterable[str]) -> dict[str, str]:
    """Give each student of a class a stem of their own, whatever order the names come in."""
    stems: dict[str, str] = {}
    for student in sorted(set(students), key=lambda name: (_keep_ascii(name) != name, name)):
        stems[student] = file_name(student, stems.values())
    return stems


def sort_key(name: str) -> tuple[str, str]:
    """A key by which names are sorted as people do: É beside E, capitals beside small letters."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold(), name


def write(path: Path, content: bytes) -> bool:
    """Put the whole content at `path` or leave what was there; False where nothing had changed.

    A reader, or a kill in the middle, never meets half a file. A link at `path` is replaced, not
    followed.
    """
    try:
        if not path.is_symlink() and path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return True


def _keep_ascii(name: str) -> str:
    """The readable ASCII rest of a name: accents dropped, runs of anything else made one hyphen."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", bare).strip("-_")[:_LONGEST].rstrip("-_")
