"""Archives that are a submission: opened where nothing beside them can be run."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from grader.records.asked_files import AskedFiles
from grader.submissions.archive import list_archive
from grader.submissions.contents import Contents
from grader.submissions.entry import choose
from grader.submissions.listing import SUBMISSION, Listing, Member
from grader.submissions.names import (
    Refused,
    Unreadable,
    is_archive,
    is_other_archive,
    show_name,
)

NESTED = 3
"""How many archives, each in the one before, are opened for one submission."""
_RIVALS = 4
"""How many archives that lie side by side are looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What there is when every archive that could be the submission is open."""

    members: Mapping[str, Member]
    notes: tuple[str, ...] = ()
    closed: str = ""
    """Why an archive is closed that may hold the submission, in sentences; one of the notes."""
    unread: str = ""
    """The same, where the archive could not be read on this machine."""
    unclear: bool = False
    """True where a person has to say which of several archives is meant."""


def unpack(
    members: Mapping[str, Member], archive: str | None, asked: AskedFiles, stack: ExitStack
) -> Unpacked:
    """The members, those of an archive among them where that is the submission.

    It is, if it is said to be the `archive`, or if nothing else can be run; what it holds stays
    readable as long as the stack does.
    """
    every, notes = dict(members), list[str]()
    name = archive or ""
    for _ in range(NESTED):
        packed = [name] if name else _list_packed(every, asked)
        if len(packed) > 1:
            packed = _find_meant(every, packed, asked)
        if len(packed) > 1:
            notes.append(_ask_which(packed))
            return Unpacked(members=every, notes=tuple(notes), closed=notes[-1], unclear=True)
        if not packed:
            break
        try:
            listing = open_archive(every.pop(packed[0]), stack)
        except Refused as refused:
            notes.append(f"`{show_name(packed[0])}` {refused}.")
            unread = notes[-1] if isinstance(refused, Unreadable) else ""
            return Unpacked(members=every, notes=tuple(notes), closed=notes[-1], unread=unread)
        notes += [f"`{show_name(raw)}` {reason}." for raw, reason in listing.refused.items()]
        if not name:
            notes.append(f"`{show_name(packed[0])}` was unpacked.")
        every |= listing.members
        name = ""
    return Unpacked(members=every, notes=tuple(notes))


def _list_packed(members: Mapping[str, Member], asked: AskedFiles) -> list[str]:
    """The archives among them, where nothing else can be run."""
    packed = [n for n in members if is_archive(n) or is_other_archive(n)]
    return [] if not packed or _has_entry(members, asked) else packed


def _has_entry(members: Mapping[str, Member], asked: AskedFiles) -> bool:
    """True where a file is called like the entry, or defines what is asked for."""
    choice, contents = choose(members, asked), Contents(members=members, asked=asked)
    return bool(choice.entry or choice.unclear) or any(map(contents.defines, members))


def _find_meant(members: Mapping[str, Member], packed: list[str], asked: AskedFiles) -> list[str]:
    """Of several archives the one with an entry, or one of those that are the same; else all."""
    if Contents(members=members, asked=asked).are_same(packed):
        return packed[:1]
    if len(packed) > _RIVALS:
        return packed
    holding = [n for n in packed if _holds_entry(members[n], asked)]
    return holding if len(holding) == 1 else packed


def _holds_entry(member: Member, asked: AskedFiles) -> bool:
    with ExitStack() as stack:
        try:
            return _has_entry(open_archive(member, stack).members, asked)
        except Refused:
            return False


def _ask_which(packed: list[str]) -> str:
    listed = ", ".join(f"`{show_name(n)}`" for n in packed[:5])
    more = f" and {len(packed) - 5:,} more" if len(packed) > 5 else ""
    return (
        f"It is not clear which archive is meant: {listed}{more}. A person will look at it; if you"
        " can hand in again, keep one of them."
    )


def open_archive(member: Member, stack: ExitStack) -> Listing:
    """What a student's archive holds. Raises Refused where that is more than the caps allow."""
    data = member.read(SUBMISSION.total_bytes)
    listing = list_archive(stack.enter_context(io.BytesIO(data)))
    total, cap = sum(m.size for m in listing.members.values()), SUBMISSION.total_bytes
    if total > cap:
        raise Refused(f"unpacks to {total:,} bytes, over the {cap:,} allowed")
    if total > max(SUBMISSION.ratio_from, SUBMISSION.ratio * len(data)):
        raise Refused(f"would grow more than {SUBMISSION.ratio}-fold when unpacked")
    return listing
