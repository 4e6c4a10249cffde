"""nbgrader: `submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb`, with the time in `timestamp.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.entry import is_entry
from grader.submissions.layouts.forms import find_wrappers, take_strays
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import Listing, Member
from grader.submissions.names import Refused, can_be_handed_in, show_bytes, show_name
from grader.submissions.times import read_time

_STAMP = "timestamp.txt"
_FOLDER = "submitted/"
_CAP = 1_000
"""Bytes of a time."""


@dataclass(slots=True)
class _Folder:
    """What one student handed in for one assignment."""

    members: dict[str, Member] = field(default_factory=dict)
    stamp: Member | None = None
    notes: list[str] = field(default_factory=list)
    unread: str = ""


class Nbgrader:
    """A hand-in for each student's folder, of the assignment that has the file asked for."""

    fallback = False
    own = frozenset("source release autograded feedback gradebook.db nbgrader_config.py".split())

    def refuse(self, listing: Listing, _asked: AskedFiles) -> str:
        """It needs a folder `submitted`, or a time where nbgrader writes it."""
        if _find_level(listing) is not None:
            return ""
        return f"holds neither `submitted/` nor STUDENT/ASSIGNMENT/{_STAMP}"

    def list_hand_ins(self, listing: Listing, asked: AskedFiles) -> list[HandIn]:
        """Who has no folder of that assignment handed in nothing."""
        prefix = _find_level(listing) or ""
        students: dict[str, dict[str, _Folder]] = {}
        for folder in sorted(f for f in listing.folders if f.startswith(prefix)):
            student, _, rest = folder.removeprefix(prefix).partition("/")
            students.setdefault(student, {})
            if rest and "/" not in rest:
                students[student].setdefault(rest, _Folder())
        _fill(listing, prefix, students)
        chosen = _choose_assignment(students, asked)
        strays = self.find_strays(listing)
        bare = {name.removeprefix(prefix).partition("/")[0] for name in strays}
        made = [
            _make(s, by.get(chosen, _Folder()), chosen)
            for s, by in students.items()
            if s and (by or s not in bare)
        ]
        return [*made, *take_strays(listing, prefix, strays, asked)]

    def find_strays(self, listing: Listing) -> list[str]:
        """Code and archives beside the students' folders, or in one and in no assignment's."""
        prefix = _find_level(listing) or ""
        inner = (n for n in listing.members if n.startswith(prefix) and can_be_handed_in(n))
        return [n for n in inner if n.removeprefix(prefix).count("/") < 2]


def _find_level(listing: Listing) -> str | None:
    for prefix in find_wrappers(listing):
        if prefix == _FOLDER or prefix.endswith(f"/{_FOLDER}"):
            return prefix
        if any(f.startswith(prefix + _FOLDER) for f in listing.folders):
            return prefix + _FOLDER
        inner = (n.removeprefix(prefix) for n in listing.members if n.startswith(prefix))
        if any(n.count("/") == 2 and n.endswith(f"/{_STAMP}") for n in inner):
            return prefix
    return None


def _fill(listing: Listing, prefix: str, students: dict[str, dict[str, _Folder]]) -> None:
    for name, member in listing.members.items():
        parts = name.removeprefix(prefix).split("/", 2)
        if not name.startswith(prefix) or len(parts) < 3:
            continue
        folder = students[parts[0]][parts[1]]
        if parts[2] == _STAMP:
            folder.stamp = member
        else:
            folder.members[parts[2]] = member
    for raw, why in listing.refused.items():
        name = show_bytes(raw.replace("\\", "/")).removeprefix("./").removeprefix(prefix)
        student, _, rest = name.partition("/")
        assignment, _, inner = rest.partition("/")
        by = students.setdefault(student, {})
        for folder in [by.setdefault(assignment, _Folder())] if inner else [*by.values()]:
            folder.notes.append(f"`{show_name(inner or name)}` {why}.")
            if raw in listing.unread:
                folder.unread = folder.notes[-1]


def _choose_assignment(students: Mapping[str, Mapping[str, _Folder]], asked: AskedFiles) -> str:
    """The only one, or the only one in which somebody has the file asked for. Raises Refused."""
    every = sorted({name for by in students.values() for name in by})
    if len(every) < 2:
        return every[0] if every else ""
    having = [n for n in every if any(_has_entry(by.get(n), asked) for by in students.values())]
    if len(having) == 1:
        return having[0]
    listed = ", ".join(f"`{show_name(n)}`" for n in (having or every)[:8])
    raise Refused(
        f"holds several assignments, {listed}. Say which one with --pattern"
        f" '(?:.*/)?(?P<student>[^/]+)/{re.escape((having or every)[0])}/(?P<file>.+)'"
    )


def _has_entry(folder: _Folder | None, asked: AskedFiles) -> bool:
    return folder is not None and any(is_entry(name, asked.entry) for name in folder.members)


def _make(student: str, folder: _Folder, assignment: str) -> HandIn:
    received, notes = _read_stamp(folder.stamp)
    return HandIn(
        student=student,
        members=folder.members,
        received=received,
        own=[folder.stamp] if folder.stamp else (),
        persons=(Person(id=student),),
        place=f"{student}/{assignment}",
        notes=[*folder.notes, *notes],
        unread=folder.unread,
    )


def _read_stamp(member: Member | None) -> tuple[str | None, tuple[str, ...]]:
    """The time, in UTC where it names no zone, as nbgrader reads it; or a note."""
    if member is None:
        return None, ()
    try:
        received = read_time(member.read(_CAP).decode("utf-8", "replace"), zone=UTC)
    except Refused as refused:
        return None, (f"`{_STAMP}` {refused}.",)
    return received, () if received else (f"`{_STAMP}` holds no time that is known.",)


NBGRADER = Nbgrader()
