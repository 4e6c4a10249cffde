"""Submissions in: a folder or an archive, of a class or of one student, read once as bytes.

    names      what a name may be          folder · archive · tar   listings, with caps
    listing    what a source holds         layouts                  whose is which file
    entry      which file is run           contents                 what their text defines

Nothing is unpacked to a disk, no link is followed, nothing but a regular file is opened. What is
not taken in is refused by name, in the notes of the submission it belongs to.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.submissions.archive import list_archive
from grader.submissions.contents import Contents
from grader.submissions.entry import WEIGHTS, choose
from grader.submissions.folder import describe_error, list_folder, open_root, read_path
from grader.submissions.layouts.layout import HandIn, choose_layout
from grader.submissions.listing import CLASS, SUBMISSION, Listing, Member
from grader.submissions.names import (
    Refused,
    clean,
    is_archive,
    is_other_archive,
    show_bytes,
    show_name,
)

__all__ = ["read_class", "read_one"]

NOTES = 20
"""How many notes one submission keeps."""


def read_class(path: Path, asked: AskedFiles) -> list[Submission]:
    """Every student's submission below the folder or in the archive, by name.

    Where no file is called like the entry, the one that defines most of the names asked for is run.
    One that is still the handout is run only where there is no other. A submission without its
    entry stays in the list, with notes that say what was looked for. Raises UsageError where `path`
    is no class.
    """
    with ExitStack() as stack:
        listing = _open_listing(path, stack)
        try:
            hand_ins = choose_layout(listing, asked).list_hand_ins(listing, asked)
        except Refused as refused:
            raise UsageError(f"{path} {refused}.") from None
        if not hand_ins:
            raise UsageError(
                f"there are no submissions in {path}. Give a folder with one folder,"
                f" `.py` file or archive per student."
            )
        return _read_all(path, _make_distinct(hand_ins), asked)


def read_one(files: Sequence[Path], asked: AskedFiles, *, student: str) -> Submission:
    """The submission that consists of these files, or of one folder or archive.

    Extra files that are asked for come from beside the entry, and the entry from beside them.
    Raises UsageError for a path that cannot be read.
    """
    if len(files) == 1 and (files[0].is_dir() or is_archive(files[0].name)):
        with ExitStack() as stack:
            listing = _open_listing(files[0], stack)
            notes = [f"`{show_name(raw)}` {why}." for raw, why in listing.refused.items()]
            whole = HandIn(student=show_bytes(student), members=listing.members, notes=notes)
            return _read(whole, asked)
    members: dict[str, Member] = {}
    for path in files:
        _add_path(members, path, files[0].parent)
    home = next((f.parent for f in files if f.suffix in ENTRY_SUFFIXES), None)
    if home is None:  # weights alone: what they belong to lies beside them, if anywhere
        home = files[0].parent
        for suffix in ENTRY_SUFFIXES:
            _add_beside(members, home, f"{asked.entry}{suffix}")
    for name in asked.extra_files:
        _add_beside(members, home, name)
    return _read(HandIn(student=show_bytes(student), members=members), asked)


def _open_listing(path: Path, stack: ExitStack) -> Listing:
    """What lies at the instructor's path. Raises UsageError."""
    try:
        if path.is_dir():
            return list_folder(stack.enter_context(open_root(path)))
        if path.is_file() and is_archive(path.name):
            return list_archive(stack.enter_context(path.open("rb")), CLASS)
    except OSError as error:
        raise UsageError(f"{path} {describe_error(error)}. Check its permissions.") from None
    except Refused as refused:
        raise UsageError(f"{path} {refused}. Give a folder or an archive that is whole.") from None
    if not os.path.lexists(path):
        raise UsageError(f"there is no folder or archive {path}. Check the path.")
    if path.suffix in ENTRY_SUFFIXES:
        raise UsageError(f"{path} is a single file. Run `grader check {path}`.")
    raise UsageError(f"{path} is neither a folder nor a zip, tar or tar.gz archive.")


# files that were named one by one


def _add_path(members: dict[str, Member], path: Path, home: Path) -> None:
    """The file that a student named is a member, under its name below the first file's folder."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Name the files in it, or the folder alone.")
    if not os.path.lexists(path):
        raise UsageError(f"there is no file {path}. Check the path.")
    try:
        name = clean(path.relative_to(home).as_posix() if path.is_relative_to(home) else path.name)
        data = read_path(path, SUBMISSION.file_bytes)
    except Refused as refused:
        raise UsageError(f"{path} {refused}. Give a plain file.") from None
    if name in members:
        raise UsageError(f"two files are called {name}. Name one of them.")
    members[name] = Member(size=len(data), read=lambda _cap: data)


def _add_beside(members: dict[str, Member], home: Path, name: str) -> None:
    """The file of that name in this folder is a member, or weights in another form; unless one of
    them is already.
    """
    path = home / name
    others = [path.with_suffix(s) for s in WEIGHTS if s != path.suffix]
    every = [path, *others] if path.suffix in WEIGHTS else [path]
    beside = [p for p in every if os.path.lexists(p)]
    if beside and not {p.name for p in beside} & members.keys():
        size, read = beside[0].lstat().st_size, partial(read_path, beside[0])
        members[beside[0].name] = Member(size=size, read=read)


# what everybody handed in


def _make_distinct(hand_ins: Iterable[HandIn]) -> list[HandIn]:
    """By label, no two the same: one that occurs again gets a number and a note."""
    every = list(hand_ins)
    taken = {h.student for h in every}
    distinct: dict[str, HandIn] = {}
    for hand_in in every:
        student, number = hand_in.student, 2
        if student in distinct:
            while (student := f"{hand_in.student} ({number})") in taken:
                number += 1
            note = f"There is more than one submission of `{show_name(hand_in.student)}`."
            taken.add(student)
            distinct[student] = replace(hand_in, student=student, notes=[*hand_in.notes, note])
        else:
            distinct[student] = hand_in
    return sorted(distinct.values(), key=lambda h: (h.student.casefold(), h.student))


def _read_all(path: Path, hand_ins: Iterable[HandIn], asked: AskedFiles) -> list[Submission]:
    """The submissions, as long as they fit into memory together."""
    submissions, sizes = [], {}
    for hand_in in hand_ins:
        submission = _read(hand_in, asked)
        submissions.append(submission)
        sizes[submission.student] = sum(map(len, submission.files.values()))
        if sum(sizes.values()) > CLASS.total_bytes:
            largest = max(sizes, key=lambda s: sizes[s])
            raise UsageError(
                f"the submissions in {path} hold more than {CLASS.total_bytes:,} bytes together."
                f" Grade them in parts; the largest is that of {show_name(largest)}"
                f" ({sizes[largest]:,} bytes)."
            )
    return submissions


def _read(hand_in: HandIn, asked: AskedFiles) -> Submission:
    """One submission: its files under the names the assignment uses."""
    with ExitStack() as stack:
        members, unpacked = _unpack(hand_in, asked, stack)
        choice = choose(members, asked, Contents(members=members, asked=asked))
        first = [n for n in (choice.entry, *asked.extra_files) if n in choice.names]
        order = dict.fromkeys([*first, *choice.names])
        files, left_out = _read_members({n: members[choice.names[n]] for n in order})
    packed = [n for n in files if is_archive(n) or is_other_archive(n)]
    nested = [
        f"`{show_name(n)}` is an archive inside the submission; not unpacked." for n in packed
    ]
    # What decided on the entry comes first: it is what the student has to read.
    notes = [*choice.notes, *hand_in.notes, *unpacked, *left_out, *nested]
    if len(notes) > NOTES:
        notes[NOTES:] = [f"And {len(notes) - NOTES:,} notes more."]
    return Submission(
        student=hand_in.student,
        files={name: files[name] for name in sorted(files)},
        entry=choice.entry if choice.entry in files else None,
        received=hand_in.received,
        late=hand_in.late,
        notes=tuple(notes),
    )


def _unpack(
    hand_in: HandIn, asked: AskedFiles, stack: ExitStack
) -> tuple[Mapping[str, Member], list[str]]:
    """The members, those of its archive where that is the submission; and notes on it.

    At most one archive is opened: an archive alone in a student's folder is the submission, one
    inside an archive is not.
    """
    name = hand_in.archive
    if name is None:
        packed = [n for n in hand_in.members if is_archive(n)]
        if len(packed) != 1 or choose(hand_in.members, asked).entry:
            return hand_in.members, []
        name = packed[0]
    rest = {n: m for n, m in hand_in.members.items() if n != name}
    try:
        listing = _open_archive(hand_in.members[name], stack)
    except Refused as refused:
        return rest, [f"`{show_name(name)}` {refused}."]
    notes = [f"`{show_name(raw)}` {reason}." for raw, reason in listing.refused.items()]
    if hand_in.archive is None:
        notes.append(f"`{show_name(name)}` was unpacked.")
    return {**rest, **listing.members}, notes


def _open_archive(member: Member, stack: ExitStack) -> Listing:
    """What a student's archive holds. Raises Refused where that is more than the caps allow."""
    data = member.read(SUBMISSION.total_bytes)
    listing = list_archive(stack.enter_context(io.BytesIO(data)))
    total, cap = sum(m.size for m in listing.members.values()), SUBMISSION.total_bytes
    if total > cap:
        raise Refused(f"unpacks to {total:,} bytes, over the {cap:,} allowed")
    if total > max(SUBMISSION.ratio_from, SUBMISSION.ratio * len(data)):
        raise Refused(f"would grow more than {SUBMISSION.ratio}-fold when unpacked")
    return listing


def _read_members(members: Mapping[str, Member]) -> tuple[dict[str, bytes], list[str]]:
    """Bytes of the members in this order, as far as the caps allow; and notes on what is left
    out.
    """
    files: dict[str, bytes] = {}
    notes: list[str] = []
    left, names_left = SUBMISSION.total_bytes, SUBMISSION.names_bytes
    for number, (name, member) in enumerate(members.items()):
        if number >= SUBMISSION.members:
            more = len(members) - number
            notes.append(f"{more:,} files over the {SUBMISSION.members:,} allowed were left out.")
            break
        try:
            _check_caps(name, member, left, names_left)
            files[name] = member.read(min(SUBMISSION.file_bytes, left))
            left -= len(files[name])
            names_left -= len(name.encode())
        except Refused as refused:
            notes.append(f"`{show_name(name)}` {refused}.")
    return files, notes


def _check_caps(name: str, member: Member, left: int, names_left: int) -> None:
    """Raises Refused for what is too deep or too large; `left` are bytes of all files together,
    `names_left` those of their names.
    """
    caps = SUBMISSION
    if name.count("/") >= caps.depth:
        raise Refused(f"lies more than {caps.depth} folders deep")
    if member.size > caps.file_bytes:
        raise Refused(f"has {member.size:,} bytes, over the {caps.file_bytes:,} allowed")
    if member.size > left:
        raise Refused(f"was left out: all files together may have {caps.total_bytes:,} bytes")
    if len(name.encode()) > names_left:
        raise Refused(f"was left out: all names together may have {caps.names_bytes:,} bytes")
