"""Submissions in: a folder or an archive, of a class or of one student, read once as bytes.

    names      what a name may be          folder · archive · tar   listings, with caps
    listing    what a source holds         layouts                  whose is which file
    roster     who is in the course        attempts                 which one counts
    entry      which file is run           contents                 what their text defines
    reading    a submission, as bytes

Nothing is unpacked to a disk, no link is followed, nothing but a regular file is opened. What is
not taken in is refused by name, in the notes of the submission it belongs to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from grader.ledger.database import is_ledger
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.submissions import spelling
from grader.submissions.archive import list_archive
from grader.submissions.asides import describe_asides, refuse_inner_class
from grader.submissions.attempts import Which, choose_attempts
from grader.submissions.entry import WEIGHTS, is_entry
from grader.submissions.folder import describe_error, list_folder, open_root, read_path
from grader.submissions.joining import join_roster
from grader.submissions.layouts.layout import HandIn, recognise
from grader.submissions.layouts.offer import offer_layouts
from grader.submissions.listing import CLASS, SUBMISSION, Listing, Member
from grader.submissions.names import (
    Damaged,
    Refused,
    Unreadable,
    clean,
    is_archive,
    show_bytes,
    show_name,
)
from grader.submissions.reading import read_hand_in
from grader.submissions.roster import Enrolled

__all__ = ["Choices", "HandedIn", "collect_class", "read_class", "read_one"]

LEDGER = "grades.db"
"""What the ledger is called in a folder of the grader's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What an instructor may say about a class that is read."""

    layout: str = ""
    """Name of the layout; empty where it is to be recognised."""
    pattern: str = ""
    """A regular expression for names, in place of a layout (`layouts.pattern`)."""
    attempt: Which = "last"
    roster: Sequence[Enrolled] = ()
    """Who is in the course; empty where nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What a class handed in, and how that was found out."""

    layout: str
    """Name of the layout."""
    submissions: Sequence[Submission]
    """By name. Several of one student, numbered, where the best attempt is to count."""
    remarks: Sequence[str] = ()
    """Sentences for the instructor: who is not on the roster, what was left aside."""


def read_class(path: Path, asked: AskedFiles, *, out: Path | None = None) -> list[Submission]:
    """Every student's submission below the folder or in the archive, by name, as `collect_class`
    finds it without any choice.
    """
    return list(collect_class(path, asked, out=out).submissions)


def collect_class(
    path: Path, asked: AskedFiles, choices: Choices = Choices(), *, out: Path | None = None
) -> HandedIn:
    """What a class handed in below the folder or in the archive.

    What the grader itself wrote is nobody's: the folder `out`, and outputs of earlier runs.

    Where no file is called like the entry, the one that defines most of the names asked for is run.
    One that is still the handout is run only where there is no other. A submission without its
    entry stays in the list, with notes that say what was looked for. Raises UsageError where `path`
    is no class.
    """
    with ExitStack() as stack:
        listing = _open_listing(path, stack)
        listing.title = path.resolve().name
        if listing.packed:  # by the platform or the instructor
            for name, member in listing.members.items():
                listing.members[name] = replace(member, read=partial(_read_packed, member.read))
        _leave_outputs(listing, path, asked, out)
        layouts = offer_layouts(choices.layout, choices.pattern)
        try:
            name = recognise(listing, asked, layouts)
            hand_ins = layouts[name].list_hand_ins(listing, asked)
            if layouts[name].fallback:
                refuse_inner_class(hand_ins, asked, layouts)
        except Refused as refused:
            raise UsageError(f"{path} {refused}.") from None
        asides = describe_asides(listing, hand_ins, layouts[name])
        if not hand_ins:
            raise UsageError(
                f"there are no submissions in {path}. Give a folder with one folder,"
                f" `.py` file or archive per student. {' '.join(asides)}".rstrip()
            )
        named = list(_name_students(hand_ins))
        joined, remarks = join_roster(named, choices.roster, github=name == "github")
        distinct = _make_distinct(choose_attempts(joined, choices.attempt))
        return HandedIn(
            layout=name, submissions=_read_all(path, distinct, asked), remarks=[*remarks, *asides]
        )


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
            return read_hand_in(whole, asked)
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
    return read_hand_in(HandIn(student=show_bytes(student), members=members), asked)


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
    """Each with its label as text, in composed letters; who has none is called by the id."""
    labels, notes = spelling.read_labels({h.student for h in hand_ins})
    for one in hand_ins:
        more = [notes[one.student]] if one.student in notes else []
        label = labels[one.student]
        label = label if label.strip() else _find_id(one) or "without a name"
        yield replace(one, student=label, notes=[*one.notes, *more])


def _make_distinct(hand_ins: Iterable[HandIn]) -> list[HandIn]:
    """By label, no two students the same: those of one label are told apart by their ids, and who
    has none gets a number and a note. Attempts of one student keep their label.
    """
    every = list(_tell_by_id(list(hand_ins)))
    taken = {h.student for h in every}
    distinct: dict[tuple[str, int], HandIn] = {}
    for hand_in in every:
        student, number = hand_in.student, 2
        if (student, hand_in.attempt) in distinct:
            while (student := f"{hand_in.student} ({number})") in taken:
                number += 1
            note = f"There is more than one submission of `{show_name(hand_in.student)}`."
            taken.add(student)
            hand_in = replace(hand_in, student=student, notes=[*hand_in.notes, note])  # noqa: PLW2901
        distinct[student, hand_in.attempt] = hand_in
    return sorted(distinct.values(), key=lambda h: (h.student.casefold(), h.student, h.attempt))


def _tell_by_id(hand_ins: Sequence[HandIn]) -> Iterator[HandIn]:
    """Where several students have one label, each that has an id of its own bears it."""
    ids: dict[str, set[str]] = {}
    for one in hand_ins:
        ids.setdefault(one.student, set()).add(_find_id(one))
    for one in hand_ins:
        own = _find_id(one)
        several = len(ids[one.student]) > 1 and own
        yield replace(one, student=f"{one.student} ({own})") if several else one


def _find_id(hand_in: HandIn) -> str:
    """What tells its persons from others of the same name."""
    return ", ".join(p.id or p.email or p.login for p in hand_in.persons)


def _read_all(path: Path, hand_ins: Iterable[HandIn], asked: AskedFiles) -> list[Submission]:
    """The submissions, as long as they fit into memory together."""
    submissions: list[Submission] = []
    sizes: dict[str, int] = {}
    for hand_in in hand_ins:
        submission = read_hand_in(hand_in, asked)
        submissions.append(submission)
        size = sum(map(len, submission.files.values()))
        sizes[submission.student] = size + sizes.get(submission.student, 0)
        if sum(sizes.values()) > CLASS.total_bytes:
            largest = max(sizes, key=lambda s: sizes[s])
            raise UsageError(
                f"the submissions in {path} hold more than {CLASS.total_bytes:,} bytes together."
                f" Grade them in parts; the largest is that of {show_name(largest)}"
                f" ({sizes[largest]:,} bytes)."
            )
    return submissions
