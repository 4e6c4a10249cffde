"""Submissions in: a folder or an archive, of a class or of one student, read once as bytes.

    names      what a name may be          folder · archive · tar   listings, with caps
    listing    what a source holds         layouts                  whose is which file
    entry      which file is run           contents                 what their text defines

Nothing is unpacked to a disk, no link is followed, nothing but a regular file is opened. What is
not taken in is refused by name, in the notes of the submission it belongs to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from grader.ledger.database import is_ledger
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.submissions import code_pages, spelling
from grader.submissions.archive import list_archive
from grader.submissions.contents import GUESSED, LARGE, Contents
from grader.submissions.entry import WEIGHTS, choose, is_entry
from grader.submissions.folder import describe_error, list_folder, open_root, read_path
from grader.submissions.layouts.layout import HandIn, choose_layout
from grader.submissions.listing import CLASS, SUBMISSION, Listing, Member
from grader.submissions.names import (
    Damaged,
    Refused,
    Unreadable,
    clean,
    is_archive,
    is_other_archive,
    show_bytes,
    show_name,
)
from grader.submissions.unpacking import unpack

__all__ = ["read_class", "read_one"]

LEDGER = "grades.db"
"""What the ledger is called in a folder of the grader's."""
OURS = "That is a fault of the machine that grades, not yours. A person will look at it."
"""Said where something of a student's is there and could not be read."""
NOTES = 20
"""How many notes one submission keeps."""


def read_class(path: Path, asked: AskedFiles, *, out: Path | None = None) -> list[Submission]:
    """Every student's submission below the folder or in the archive, by name.

    What the grader itself wrote is nobody's: the folder `out`, and outputs of earlier runs.

    Where no file is called like the entry, the one that defines most of the names asked for is run.
    One that is still the handout is run only where there is no other. A submission without its
    entry stays in the list, with notes that say what was looked for. Raises UsageError where `path`
    is no class.
    """
    with ExitStack() as stack:
        listing = _open_listing(path, stack)
        if listing.packed:  # by the platform or the instructor
            for name, member in listing.members.items():
                listing.members[name] = replace(member, read=partial(_read_packed, member.read))
        _leave_outputs(listing, path, asked, out)
        try:
            hand_ins = choose_layout(listing, asked).list_hand_ins(listing, asked)
        except Refused as refused:
            raise UsageError(f"{path} {refused}.") from None
        if not hand_ins:
            raise UsageError(
                f"there are no submissions in {path}. Give a folder with one folder,"
                f" `.py` file or archive per student."
            )
        return _read_all(path, _make_distinct(_name_students(hand_ins)), asked)


def read_one(
    files: Sequence[Path], asked: AskedFiles, *, student: str, without: Iterable[Path] = ()
) -> Submission:
    """The submission that consists of these files, or of one folder or archive; `without` what
    lies in that folder and is not the student's.

    Extra files that are asked for come from beside the entry, and the entry from beside them.
    Raises UsageError for a path that cannot be read.
    """
    if len(files) == 1 and (files[0].is_dir() or is_archive(files[0].name)):
        with ExitStack() as stack:
            listing = _open_listing(files[0], stack)
            _leave_out(listing, files[0], without)
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


def _read_packed(read: Callable[[int], bytes], cap: int) -> bytes:
    """A file of the class's archive: nobody who handed it in has damaged that."""
    try:
        return read(cap)
    except Damaged:
        raise Unreadable("is damaged in the archive of the class") from None


# what the grader wrote


def _leave_outputs(listing: Listing, path: Path, asked: AskedFiles, out: Path | None) -> None:
    """No output of the grader's is in the listing. Raises UsageError where `out` would lie among
    the files of students.
    """
    if listing.packed:
        return
    outputs = _find_outputs(listing, path, asked)
    root, target = path.resolve(), out.resolve() if out else None
    if target is not None and target.is_relative_to(root):
        own = target.relative_to(root).as_posix()
        if own == "." or (own not in outputs and listing.holds(own)):
            raise UsageError(
                f"{out} is a folder of submissions, and reports may not lie among them. Choose"
                " another folder with -o."
            )
        outputs.add(own)
    for folder in outputs:
        listing.drop(folder)


def _leave_out(listing: Listing, root: Path, others: Iterable[Path]) -> None:
    """No file or folder of others is in the listing."""
    top = root.resolve()
    for path in map(Path.resolve, others):
        if top in path.parents:
            name = path.relative_to(top).as_posix()
            listing.drop(name)
            listing.members.pop(name, None)


def _find_outputs(listing: Listing, path: Path, asked: AskedFiles) -> set[str]:
    """Folders below this one into which the grader wrote: a ledger with its pages, and nothing that
    could be run by its name.
    """
    ends = (f"/{LEDGER}", "/index.html")
    holders = [{n.removesuffix(e) for n in listing.members if n.endswith(e)} for e in ends]
    written = {f for f in set.intersection(*holders) if is_ledger(path / f / LEDGER)}
    return {f for f in written if not any(is_entry(n, asked.entry) for n in listing.list_in(f))}


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


def _name_students(hand_ins: Collection[HandIn]) -> Iterator[HandIn]:
    """Each with its label as text, in composed letters."""
    labels, notes = spelling.read_labels({h.student for h in hand_ins})
    for one in hand_ins:
        more = [notes[one.student]] if one.student in notes else []
        yield replace(one, student=labels[one.student], notes=[*one.notes, *more])


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
        unpacked = unpack(hand_in.members, hand_in.archive, asked, stack)
        members, spelt = spelling.match_names(unpacked.members, asked)
        withheld = bool(hand_in.members or hand_in.notes)
        contents = Contents(members=members, asked=asked)
        choice = choose(members, asked, contents, withheld=withheld)
        first = [n for n in (choice.entry, *asked.extra_files) if n in choice.names]
        order = dict.fromkeys([*first, *choice.names])
        files, left_out, unread = _read_members({n: members[choice.names[n]] for n in order})
        converted = _read_codes(files)
    packed = [n for n in files if is_archive(n) or is_other_archive(n)]
    nested = [
        f"`{show_name(n)}` is an archive inside the submission; not unpacked." for n in packed
    ]
    unread = unread or unpacked.unread or hand_in.unread
    # What decided on the entry comes first: it is what the student has to read. Nobody knows what
    # is lacking in what stays closed.
    unknown = choice.entry is None and bool(unpacked.closed or unread)
    chosen = () if unknown else choice.notes
    said = [*hand_in.notes, *unpacked.notes, *spelt, *converted, *left_out]
    notes = [*chosen, *said, *([] if unpacked.unclear else nested)]
    if len(notes) > NOTES:
        notes[NOTES:] = [f"And {len(notes) - NOTES:,} notes more."]
    closed = unpacked.closed if unpacked.unclear else ""
    entry = choice.entry if choice.entry in files else None
    return Submission(
        student=hand_in.student,
        files={name: files[name] for name in sorted(files)},
        entry=entry,
        received=hand_in.received,
        persons=tuple(hand_in.persons),
        place=hand_in.place,
        late=hand_in.late,
        notes=tuple(notes),
        unclear=choice.unclear or closed,
        unread=unread and f"{unread} {OURS}",
    )


def _read_members(members: Mapping[str, Member]) -> tuple[dict[str, bytes], list[str], str]:
    """Bytes of the members in this order, as far as the caps allow; notes on what is left out; and
    the one on what this machine could not read.
    """
    unread = ""
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
            if isinstance(refused, Unreadable):
                unread = unread or notes[-1]
    return files, notes, unread


def _read_codes(files: dict[str, bytes]) -> list[str]:
    """Code that is not UTF-8, or says so, becomes UTF-8 where it can be told what it is; a note on
    each.
    """
    notes: list[str] = []
    known: dict[bytes, bytes] = {}  # by content, as one file may stand in several places
    left = GUESSED
    for name, content in files.items():
        if not name.lower().endswith(ENTRY_SUFFIXES) or len(content) > min(LARGE, left):
            continue
        if content not in known and (read := code_pages.read_source(content)):
            known[content], left = read[0], left - len(content)
            notes.append(f"`{show_name(name)}` {read[1]}")
        files[name] = known.get(content, content)
        if len(notes) == NOTES:
            break
    return notes


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
