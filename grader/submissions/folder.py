"""Folders, walked by descriptor: no link is followed, nothing but regular files is opened.

Where a system opens no folders, as Windows does not, they are walked by path; every part of it is
looked at before it is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from grader.submissions.commits import Repository
from grader.submissions.listing import CLASS, SUBMISSION, Caps, Listing, Member
from grader.submissions.names import Refused, Unreadable, is_ignored

KINDS = {
    stat.S_IFLNK: "is a symbolic link and was not followed",
    stat.S_IFIFO: "is a pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}
"""Kinds that are refused → why."""
_CHUNK = 1 << 20
_REPOSITORIES, _PACKS = 3, 1_000
"""How deep a repository may lie, and how many packs of one are looked at."""
Root = int | Path
"""A folder: its descriptor, or its path where the system gives none."""
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.scandir in os.supports_fd


def _flags(*names: str) -> int:
    """These flags, as far as the system has them: `grader check` also runs on Windows."""
    flags = os.O_RDONLY
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


_FOLDER = _flags("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
# O_NONBLOCK: should a file become a pipe between looking and opening, opening does not wait.
_FILE = _flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")


@contextmanager
def open_root(path: Path) -> Iterator[Root]:
    """A folder that somebody named, open within; links to it are followed."""
    if not _BY_DESCRIPTOR:
        yield path
        return
    root = os.open(path, _flags("O_DIRECTORY"))
    try:
        yield root
    finally:
        os.close(root)


def list_folder(root: Root, caps: Caps = CLASS) -> Listing:
    """What lies in the folder, which stays open as long as bytes are read.

    Raises Refused where there is too much of it.
    """
    listing = Listing(caps)
    _find_repository(listing, root, "")
    for entry in _list_entries(root, caps.scanned, listing):
        inner = listing.scanned
        try:
            _visit(listing, root, entry, "", inner + SUBMISSION.scanned)
        except _Full:
            listing.refuse(entry.name, f"holds more than {SUBMISSION.scanned:,} names")
    return listing


class _Full(Exception):
    """One student's folder holds more names than are looked at."""


def _visit(listing: Listing, root: Root, entry: os.DirEntry[str], parent: str, end: int) -> None:
    name = parent + entry.name
    listing.count()
    if listing.scanned > end:
        raise _Full
    try:
        info = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            # Not into one that is refused: each of its files would be refused by name once more.
            if listing.add_folder(name) and name.count("/") < listing.caps.depth:
                _find_repository(listing, root, f"{name}/")
                with _open_folder(root, name.split("/")) as folder:
                    for inner in _list_entries(folder, end - listing.scanned, listing, f"{name}/"):
                        _visit(listing, root, inner, name + "/", end)
        elif stat.S_ISREG(info.st_mode):
            read = partial(read_inside, root, tuple(name.split("/")))
            listing.add(name, Member(size=info.st_size, read=read))
        else:
            listing.refuse(name, KINDS.get(stat.S_IFMT(info.st_mode), "is not a regular file"))
    except OSError as error:
        refuse = listing.refuse_unread if _is_ours(error) else listing.refuse
        refuse(name, _describe_listed(error))


def _find_repository(listing: Listing, root: Root, prefix: str) -> None:
    """The folder is known as a repository, where it is one and lies where a student's may lie."""
    if prefix.count("/") > _REPOSITORIES:
        return
    parts = [*prefix.split("/")[:-1], ".git"]
    try:
        with _open_folder(root, [*parts, "objects", "pack"]) as folder:
            packs = [entry.name for entry in _list_entries(folder, _PACKS)]
    except OSError:
        return

    def read(name: str, start: int, most: int) -> bytes:
        return read_inside(root, (*parts, *name.split("/")), most, start=start)

    listing.repositories[prefix[:-1]] = Repository(packs=packs, read=read)


def _list_entries(
    folder: Root, most: int, listing: Listing | None = None, prefix: str = ""
) -> list[os.DirEntry[str]]:
    """What lies in the folder and is looked at, by name; one more than `most` where there is. The
    listing knows what is passed over.
    """
    with os.scandir(folder) as entries:
        kept = islice(_leave_hidden(entries, listing, prefix), max(0, most) + 1)
        return sorted(kept, key=lambda e: e.name)


def _leave_hidden(
    entries: Iterable[os.DirEntry[str]], listing: Listing | None, prefix: str
) -> Iterator[os.DirEntry[str]]:
    for entry in entries:
        if not is_ignored(entry.name):
            yield entry
        elif listing is not None:
            listing.pass_over(prefix + entry.name, folder=entry.is_dir(follow_symlinks=False))


@contextmanager
def _open_folder(root: Root, parts: list[str]) -> Iterator[Root]:
    """A folder below root, reached part by part, none of them a link."""
    if isinstance(root, Path):
        yield _walk(root, parts)
        return
    with _open_below(root, parts, _FOLDER) as folder:
        yield folder


@contextmanager
def _open_file(root: Root, parts: list[str]) -> Iterator[int]:
    """The same of a file: its descriptor."""
    if isinstance(root, int):
        with _open_below(root, parts, _FILE) as file:
            yield file
        return
    file = os.open(_walk(root, parts), _FILE)
    try:
        yield file
    finally:
        os.close(file)


def _walk(root: Path, parts: list[str]) -> Path:
    """The path below root. Raises OSError, as opening would, where a part of it is a link."""
    path = root
    for part in parts:
        path /= part
        if path.is_symlink() or getattr(path, "is_junction", bool)():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return path


@contextmanager
def _open_below(root: int, parts: list[str], flags: int) -> Iterator[int]:
    """A descriptor of what lies below root, reached part by part, none of them a link."""
    folder = root
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            if folder != root:
                os.close(folder)
            folder = inner
        last = os.open(parts[-1], flags, dir_fd=folder)
    finally:
        if folder != root:
            os.close(folder)
    try:
        yield last
    finally:
        os.close(last)


def read_inside(root: Root, parts: tuple[str, ...], cap: int, *, start: int | None = None) -> bytes:
    """The bytes of a regular file below root; from `start` on no more than `cap`, where it is
    given. Raises Refused for anything else.
    """
    try:
        with _open_file(root, list(parts)) as file:
            return _read(file, cap) if start is None else _read_part(file, start, cap)
    except OSError as error:
        kind = Unreadable if _is_ours(error) else Refused
        raise kind(_describe_listed(error)) from None


def read_path(path: Path, cap: int) -> bytes:
    """The bytes of a regular file that somebody named; its folders may be links, it may not."""
    try:
        if path.is_symlink():  # as the flag says where there is one
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        file = os.open(path, _FILE)
    except OSError as error:
        raise Refused(describe_error(error)) from None
    try:
        return _read(file, cap)
    finally:
        os.close(file)


def _read(file: int, cap: int) -> bytes:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise Refused("is not a regular file")
    pieces, size = [], 0
    while piece := os.read(file, min(_CHUNK, cap + 1 - size)):
        pieces.append(piece)
        size += len(piece)
        if size > cap:
            raise Refused(f"has more than the {cap:,} bytes allowed")
    return b"".join(pieces)


def _read_part(file: int, start: int, most: int) -> bytes:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise Refused("is not a regular file")
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, most)


def _is_ours(error: OSError) -> bool:
    """True where something is there and this machine could not read it."""
    return error.errno not in (errno.ELOOP, errno.ENOTDIR)


def _describe_listed(error: OSError) -> str:
    """The reason in words that continue the name of something that was there before."""
    return "is no longer there" if error.errno == errno.ENOENT else describe_error(error)


def describe_error(error: OSError) -> str:
    """The reason in words that continue a name."""
    if error.errno == errno.ELOOP:
        return KINDS[stat.S_IFLNK]
    if error.errno == errno.ENOENT:
        return "does not exist"
    return f"could not be read ({error.strerror or type(error).__name__})"
