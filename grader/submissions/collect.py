"""Submissions in: a folder or an archive, of a class or of one student, read once as bytes.

    names      what a name may be               folder · archive · tar   listings, with caps
    listing    what a source holds              layout                   whose is which file
    entry      which file is run            contents                 what their text defines

Nothing is unpacked to a disk, no link is followed, nothing but a regular file is opened. What is
not taken in is refused by name, in the notes of the submission it belongs to.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.submissions.archive import list_archive
from grader.submissions.contents import Contents
from grader.submissions.entry import WEIGHTS, choose
from grader.submissions.folder import list_folder, read_path, why
from grader.submissions.layouts.plain import Group, Single, plain
from grader.submissions.listing import CLASS, SUBMISSION, Listing, Member
from grader.submissions.names import (
    Refused,
    clean,
    is_archive,
    is_other_archive,
    shown,
    visible,
)

__all__ = ["one", "submissions"]

NOTES = 20
"""How many notes one submission keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What students are to hand in."""

    entry: str
    """Stem of the file that is run."""
    extra_files: Sequence[str]
    """Further files."""
    names: Sequence[str]
    """What the entry has to define."""
    blanks: Collection[str]
    """SHA-256 of each file that students start from, hex."""


def submissions(
    path: Path,
    *,
    entry: str,
    extra_files: Sequence[str],
    names: Sequence[str] = (),
    blanks: Collection[str] = (),
) -> list[Submission]:
    """Every student's submission below the folder or in the archive, by name.

    Where no file is called like the entry, the one that defines most of `names` is run. One that is
    still the handout, of whose files `blanks` holds the SHA-256, is run only where there is no
    other. A submission without its entry stays in the list, with notes that say what was looked
    for. Raises UsageError where `path` is no class.
    """
    asked = Asked(entry=entry, extra_files=extra_files, names=names, blanks=blanks)
    with ExitStack() as stack:
        listing = _listing(path, stack)
        try:
            groups = plain(listing, entry, extra_files, packed=not path.is_dir())
        except Single:
            raise UsageError(
                f"{path} is one student's submission. Give the folder that holds all students'"
                " folders, or run `grader check` on the files."
            ) from None
        if not groups:
            raise UsageError(
                f"There are no submissions in {path}. Give a folder with one folder,"
                f" `.py` file or archive per student."
            )
        return _gathered(path, groups, asked)


def one(
    files: Sequence[Path],
    *,
    entry: str,
    extra_files: Sequence[str],
    student: str,
    names: Sequence[str] = (),
    blanks: Collection[str] = (),
) -> Submission:
    """The submission that consists of these files, or of one folder or archive.

    Files that `extra_files` names come from beside the entry. Raises UsageError for a path that
    cannot be read.
    """
    asked = Asked(entry=entry, extra_files=extra_files, names=names, blanks=blanks)
    if len(files) == 1 and (files[0].is_dir() or is_archive(files[0].name)):
        with ExitStack() as stack:
            listing = _listing(files[0], stack)
            notes = [f"`{shown(raw)}` {why}." for raw, why in listing.refused.items()]
            group = Group(student=visible(student), members=listing.members, notes=notes)
            return _gather(group, asked)
    group = Group(student=visible(student))
    for path in files:
        _add_path(group, path, files)
    home = next((f.parent for f in files if f.suffix in ENTRY_SUFFIXES), None)
    for name in extra_files:
        beside = _beside(home, name) if home is not None else []
        if beside and not {b.name for b in beside} & group.members.keys():
            found = beside[0]
            group.members[found.name] = Member(
                size=found.lstat().st_size, read=partial(read_path, found)
            )
    return _gather(group, asked)


def _listing(path: Path, stack: ExitStack) -> Listing:
    """What lies at the instructor's path. Raises UsageError."""
    try:
        if path.is_dir():
            root = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
            stack.callback(os.close, root)
            return list_folder(root)
        if path.is_file() and is_archive(path.name):
            return list_archive(stack.enter_context(path.open("rb")), CLASS)
    except OSError as error:
        raise UsageError(f"{path} {why(error)}. Check its permissions.") from None
    except Refused as refused:
        raise UsageError(f"{path} {refused}. Give a folder or an archive that is whole.") from None
    if not os.path.lexists(path):
        raise UsageError(f"There is no folder or archive {path}. Check the path.")
    if path.suffix in ENTRY_SUFFIXES:
        raise UsageError(f"{path} is a single file. Run `grader check {path}`.")
    raise UsageError(f"{path} is neither a folder nor a zip, tar or tar.gz archive.")


def _beside(home: Path, name: str) -> list[Path]:
    """The file of that name in this folder; weights in other forms after it."""
    path = home / name
    others = [path.with_suffix(s) for s in WEIGHTS if s != path.suffix]
    every = [path, *others] if path.suffix in WEIGHTS else [path]
    return [p for p in every if os.path.lexists(p)]


def _add_path(group: Group, path: Path, files: Sequence[Path]) -> None:
    """The file that a student named is a member, under its name below the first file's folder."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Name the files in it, or the folder alone.")
    if not os.path.lexists(path):
        raise UsageError(f"There is no file {path}. Check the path.")
    below = path.is_relative_to(files[0].parent)
    try:
        name = clean(str(path.relative_to(files[0].parent)) if below else path.name)
        member = Member(size=path.lstat().st_size, read=partial(read_path, path))
        data = member.read(SUBMISSION.file_bytes)
    except Refused as refused:
        raise UsageError(f"{path} {refused}. Give a plain file.") from None
    if name in group.members:
        raise UsageError(f"Two files are called {name}. Name one of them.")
    group.members[name] = Member(size=len(data), read=lambda _cap: data)


def _gathered(path: Path, groups: Iterable[Group], asked: Asked) -> list[Submission]:
    """The submissions of all groups, as long as they fit into memory together."""
    gathered, sizes = [], {}
    for group in groups:
        submission = _gather(group, asked)
        gathered.append(submission)
        sizes[submission.student] = sum(map(len, submission.files.values()))
        if sum(sizes.values()) > CLASS.total_bytes:
            largest = max(sizes, key=lambda s: sizes[s])
            raise UsageError(
                f"The submissions in {path} hold more than {CLASS.total_bytes:,} bytes together."
                f" Grade them in parts; the largest is that of {shown(largest)}"
                f" ({sizes[largest]:,} bytes)."
            )
    return gathered


def _gather(group: Group, asked: Asked) -> Submission:
    """One student's submission, read: its files under the names the assignment uses."""
    with ExitStack() as stack:
        members = _unpacked(group, asked, stack)
        contents = Contents(members=members, names=asked.names, blanks=asked.blanks)
        choice = choose(members, asked.entry, asked.extra_files, contents)
        first = [
            n for n in (choice.entry, *asked.extra_files) if n is not None and n in choice.names
        ]
        order = dict.fromkeys([*first, *sorted(choice.names, key=lambda n: (n.count("/"), n))])
        files, notes = _read({name: members[choice.names[name]] for name in order})
    packed = [n for n in files if is_archive(n) or is_other_archive(n)]
    notes += [f"`{shown(n)}` is an archive inside the submission; not unpacked." for n in packed]
    chosen = choice.entry if choice.entry in files else None
    # What decided on the entry comes first: it is what the student has to read.
    every = [*choice.notes, *group.notes, *notes]
    if len(every) > NOTES:
        every[NOTES:] = [f"And {len(every) - NOTES:,} notes more."]
    return Submission(
        student=group.student,
        files={name: files[name] for name in sorted(files)},
        entry=chosen,
        received=group.received,
        late=group.late,
        notes=tuple(every),
    )


def _unpacked(group: Group, asked: Asked, stack: ExitStack) -> Mapping[str, Member]:
    """The group's members; those of its archive, where that is the submission.

    At most one archive is opened: an archive alone in a student's folder is the submission, one
    inside an archive is not.
    """
    name = group.archive
    if name is None:
        packed = [n for n in group.members if is_archive(n)]
        if len(packed) != 1 or choose(group.members, asked.entry, asked.extra_files).entry:
            return group.members
        name = packed[0]
    try:
        data = group.members[name].read(SUBMISSION.total_bytes)
        listing = list_archive(stack.enter_context(io.BytesIO(data)))
        total = sum(m.size for m in listing.members.values())
        if total > SUBMISSION.total_bytes:
            cap = SUBMISSION.total_bytes
            raise Refused(f"unpacks to {total:,} bytes, over the {cap:,} allowed")
        if total > max(SUBMISSION.ratio_from, SUBMISSION.ratio * len(data)):
            raise Refused(f"would grow more than {SUBMISSION.ratio}-fold when unpacked")
    except Refused as refused:
        group.notes.append(f"`{shown(name)}` {refused}.")
        return {n: m for n, m in group.members.items() if n != name}
    group.notes += [f"`{shown(raw)}` {reason}." for raw, reason in listing.refused.items()]
    if group.archive is None:
        group.notes.append(f"`{shown(name)}` was unpacked.")
    rest = {n: m for n, m in group.members.items() if n != name}
    return {**rest, **listing.members}


def _read(members: Mapping[str, Member]) -> tuple[dict[str, bytes], list[str]]:
    """Bytes of the members in this order, as far as the caps allow; and what was left out."""
    files: dict[str, bytes] = {}
    notes: list[str] = []
    left, names_left = SUBMISSION.total_bytes, SUBMISSION.names_bytes
    for number, (name, member) in enumerate(members.items()):
        if number >= SUBMISSION.members:
            more = len(members) - number
            notes.append(f"{more:,} files over the {SUBMISSION.members:,} allowed were left out.")
            break
        try:
            if name.count("/") >= SUBMISSION.depth:
                raise Refused(f"lies more than {SUBMISSION.depth} folders deep")
            if member.size > SUBMISSION.file_bytes:
                cap = SUBMISSION.file_bytes
                raise Refused(f"has {member.size:,} bytes, over the {cap:,} allowed")
            if member.size > left:
                cap = SUBMISSION.total_bytes
                raise Refused(f"was left out: all files together may have {cap:,} bytes")
            if len(name.encode()) > names_left:
                cap = SUBMISSION.names_bytes
                raise Refused(f"was left out: all names together may have {cap:,} bytes")
            files[name] = member.read(min(SUBMISSION.file_bytes, left))
            left -= len(files[name])
            names_left -= len(name.encode())
        except Refused as refused:
            notes.append(f"`{shown(name)}` {refused}.")
    return files, notes
