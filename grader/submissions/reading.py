"""One hand-in becomes a submission: its files under the names the assignment uses, within caps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from grader.records.asked_files import AskedFiles
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.submissions import code_pages, spelling
from grader.submissions.contents import GUESSED, LARGE, Contents
from grader.submissions.entry import choose
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import SUBMISSION, Member
from grader.submissions.names import (
    Refused,
    Unreadable,
    is_archive,
    is_other_archive,
    show_name,
)
from grader.submissions.unpacking import unpack

OURS = "That is a fault of the machine that grades, not yours. A person will look at it."
"""Said where something of a student's is there and could not be read."""
NOTES = 20
"""How many notes one submission keeps."""


def read_hand_in(hand_in: HandIn, asked: AskedFiles) -> Submission:
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
        attempt=hand_in.attempt,
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
