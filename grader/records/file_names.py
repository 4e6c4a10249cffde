"""File names made of names that others chose, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import re
import secrets
import stat
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.records.errors import GraderError

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
    return _choose(student, {stem.casefold() for stem in taken} | _RESERVED)


def _choose(student: str, used: Collection[str]) -> str:
    """A stem that is not among these, which are in small letters."""
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
    used = set(_RESERVED)
    for student in sorted(set(students), key=lambda name: (_keep_ascii(name) != name, name)):
        stems[student] = _choose(student, used)
        used.add(stems[student].casefold())
    return stems


def sort_key(name: str) -> tuple[str, str]:
    """A key by which names are sorted as people do: É beside E, capitals beside small letters."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold(), name


def write(path: Path, content: bytes) -> bool:
    """Put the whole content at `path` or leave what was there; False where nothing had changed.

    A reader, or a kill in the middle, never meets half a file. What is no plain file at `path`, as
    a link, is replaced, never followed or read; a folder is refused. The permissions of a file that
    was there stay. Raises GraderError where it cannot be written.
    """
    with _name_faults(path):
        if _holds(path, content):
            return False
        mode = _find_mode(path)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with beside.open("xb") as file:
                file.write(content)
            if mode is not None:
                beside.chmod(mode)
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        return True


def make_folder(path: Path) -> None:
    """The folder is there. Raises GraderError where it cannot be made."""
    with _name_faults(path):
        path.mkdir(parents=True, exist_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    """True where a plain file has this content already."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_size == len(content)
        and path.read_bytes() == content
    )


def _find_mode(path: Path) -> int | None:
    """The permissions of a plain file that is there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None


@contextmanager
def _name_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GraderError(
            f"{path} could not be written ({error.strerror or error}). {advise_on(error)}, and run"
            " the same command again"
        ) from error


def advise_on(error: OSError) -> str:
    """What to do about a file that cannot be written, as the start of a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Free some space, or choose another folder"
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY):
        return "Move away what stands there, or choose another folder"
    return "Check the permissions of its folder, or choose another one"


def _keep_ascii(name: str) -> str:
    """The readable ASCII rest of a name: accents dropped, runs of anything else made one hyphen."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", bare).strip("-_")[:_LONGEST].rstrip("-_")
