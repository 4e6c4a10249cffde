"""Whose is which file: the members of a folder or an archive, grouped by student.

Layouts of learning platforms have their place here: a layout is a function from a listing to
groups. It looks at names alone; no byte is read before it is known whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions.entry import WEIGHTS, is_near
from grader.submissions.listing import Listing, Member
from grader.submissions.names import is_archive, is_other_archive, shown, stem, visible


@dataclass(slots=True, kw_only=True)
class Group:
    """What belongs to one student."""

    student: str
    """Label; not yet distinct from others."""
    members: dict[str, Member] = field(default_factory=dict)
    """Name within the submission → file."""
    archive: str | None = None
    """The member that is the submission, packed."""
    received: str | None = None
    late: bool = False
    notes: list[str] = field(default_factory=list)


class Single(UsageError):
    """What was given is one student's submission instead of a class."""


def plain(
    listing: Listing, entry: str, extra_files: Sequence[str], *, packed: bool = False
) -> list[Group]:
    """One group per folder, per loose file of a kind that can be run, and per archive, by name.

    A refused name becomes a note of its group, or a group of its own where it has none, so that
    nobody vanishes. In an archive (`packed`) a folder around the whole class is looked through; in
    a folder it is not, as there the instructor can name the inner one. Raises Single where the
    files of one submission lie at the top.
    """
    prefix = _wrapper(listing, entry) if packed else ""
    groups = {f: Group(student=f) for f in _tops(listing.folders, prefix)}
    loose: dict[str, Member] = {}
    for name, member in listing.members.items():
        if name.startswith(prefix):
            top, slash, inner = name.removeprefix(prefix).partition("/")
            if slash:
                groups[top].members[inner] = member
            else:
                loose[top] = member
    if _is_single(groups.values(), loose, entry, extra_files):
        raise Single("one student's submission, not a folder of submissions")
    every = [*groups.values(), *_loose(loose, entry, extra_files)]
    _note_refused(listing, prefix, groups, every)
    _make_distinct(every)
    return sorted(every, key=lambda g: (g.student.casefold(), g.student))


def _wrapper(listing: Listing, entry: str) -> str:
    """`class/` where everything lies in a folder of that name that holds several students."""
    tops = {name.partition("/")[0] for name in (*listing.members, *listing.folders)}
    if len(tops) != 1 or tops & listing.members.keys():
        return ""
    prefix = f"{tops.pop()}/"
    inner = [name.removeprefix(prefix) for name in listing.members]
    handed_in = {n.partition("/")[0] for n in inner if _is_entry(n, entry)}
    packed = {n for n in inner if "/" not in n and is_archive(n)}
    is_class = len(handed_in | packed) > 1 and not handed_in & set(inner)
    return prefix if is_class else ""


def _is_entry(name: str, entry: str) -> bool:
    return any(is_near(name.rpartition("/")[2], entry + suffix) for suffix in ENTRY_SUFFIXES)


def _tops(folders: set[str], prefix: str) -> list[str]:
    inner = {f.removeprefix(prefix) for f in folders if f.startswith(prefix) and f + "/" != prefix}
    return sorted({f.partition("/")[0] for f in inner})


def _is_single(
    folders: Iterable[Group], loose: dict[str, Member], entry: str, extra_files: Sequence[str]
) -> bool:
    """True where the entry, or a file that goes with it, lies loose and nowhere else."""
    if any(_is_entry(name, entry) for group in folders for name in group.members):
        return False
    if any(is_archive(name) for name in loose):
        return False
    return any(_is_entry(name, entry) or name in extra_files for name in loose)


def _loose(loose: dict[str, Member], entry: str, extra_files: Sequence[str]) -> list[Group]:
    """Groups of what lies beside the folders: `ada.py` with `ada.pt`, `ada.zip`."""
    groups = []
    for name, member in loose.items():
        suffix = next((s for s in ENTRY_SUFFIXES if name.lower().endswith(s)), None)
        if is_archive(name):
            groups.append(Group(student=stem(name), members={name: member}, archive=name))
        elif is_other_archive(name):
            note = f"`{shown(name)}` is an archive of a kind that is not read. Hand in a zip."
            groups.append(Group(student=stem(name), notes=[note]))
        elif suffix:
            student = name[: -len(suffix)]
            note = f"`{shown(name)}` was taken as `{entry}{suffix}`."
            group = Group(student=student, members={entry + suffix: member}, notes=[note])
            for further in extra_files:
                base, dot, ending = further.rpartition(".")
                others = WEIGHTS if dot + ending in WEIGHTS else ()
                twins = [e for e in (dot + ending, *others) if dot and student + e in loose]
                if twins:
                    group.members.setdefault(base + twins[0], loose[student + twins[0]])
            groups.append(group)
    return groups


def _note_refused(
    listing: Listing, prefix: str, folders: dict[str, Group], every: list[Group]
) -> None:
    alone: dict[str, Group] = {}
    for raw, why in listing.refused.items():
        name = visible(raw.replace("\\", "/")).removeprefix("./").removeprefix(prefix)
        top, slash, inner = name.partition("/")
        if slash and top in folders:
            folders[top].notes.append(f"`{shown(inner)}` {why}.")
        elif top in folders and not inner:
            folders[top].notes.append(f"`{shown(top)}` {why}.")
        else:
            label = shown(name)
            group = alone.setdefault(label, Group(student=label))
            group.notes.append(f"`{shown(name)}` {why}.")
    every.extend(alone.values())


def _make_distinct(groups: list[Group]) -> None:
    """No two groups have the same label; a name that occurs again gets a number and a note."""
    taken = {g.student for g in groups}
    seen: set[str] = set()
    for group in groups:
        name, number = group.student, 2
        if name in seen:
            while f"{name} ({number})" in taken:
                number += 1
            group.student = f"{name} ({number})"
            taken.add(group.student)
            group.notes.append(f"There is more than one submission of `{shown(name)}`.")
        seen.add(group.student)
