"""Plain folders and archives: a folder, a loose file or an archive for each student."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from grader.records.asked_files import AskedFiles
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions.entry import WEIGHTS, is_entry
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import Listing, Member
from grader.submissions.names import (
    can_be_handed_in,
    is_archive,
    is_other_archive,
    show_bytes,
    show_name,
    stem,
)

_SINGLE = (
    "is one student's submission. Give the folder that holds all students' folders, or run"
    " `grader check` on the files"
)


class Plain:
    """One hand-in per folder, per loose file of a kind that can be run, and per archive.

    In an archive a folder around the whole class is looked through; in a folder it is not, as there
    the instructor can name the inner one.
    """

    fallback = True

    def refuse(self, listing: Listing, asked: AskedFiles) -> str:
        """Where the files of one submission lie at the top, it is no class."""
        parts = _take_apart(listing, asked.entry)
        inner = (name for members in parts.folders.values() for name in members)
        return _SINGLE if _is_single(parts.loose, inner, asked) else ""

    def list_hand_ins(self, listing: Listing, asked: AskedFiles) -> list[HandIn]:
        """By folder, then what lies beside the folders.

        A refused name becomes a note of its folder, or a hand-in of its own where it has none.
        """
        parts = _take_apart(listing, asked.entry)
        notes = _note_refused(listing, parts)
        return [
            *(
                HandIn(
                    student=folder,
                    members=members,
                    notes=notes.inside.get(folder, ()),
                    unread=notes.unread.get(folder, ""),
                )
                for folder, members in parts.folders.items()
            ),
            *_list_loose(parts.loose, asked),
            *(
                HandIn(student=label, notes=alone, unread=notes.unread.get(label, ""))
                for label, alone in notes.alone.items()
            ),
        ]


PLAIN = Plain()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The files of a listing, by where they lie."""

    prefix: str
    """The folder around the whole class, `class/`; empty where there is none."""
    folders: Mapping[str, dict[str, Member]]
    """Folder at the top, by name → its files."""
    loose: Mapping[str, Member]
    """Files beside the folders."""


def _take_apart(listing: Listing, entry: str) -> _Parts:
    prefix = _find_wrapper(listing, entry) if listing.packed else ""
    folders: dict[str, dict[str, Member]] = {f: {} for f in _tops(listing.folders, prefix)}
    loose: dict[str, Member] = {}
    for name, member in listing.members.items():
        if name.startswith(prefix):
            top, slash, inner = name.removeprefix(prefix).partition("/")
            if slash:
                folders[top][inner] = member
            else:
                loose[top] = member
    return _Parts(prefix=prefix, folders=folders, loose=loose)


def _find_wrapper(listing: Listing, entry: str) -> str:
    """`class/` where everything that can be somebody's lies in a folder of that name that holds
    several students.
    """
    loose = {n for n in listing.members if "/" not in n and not can_be_handed_in(n)}
    tops = {name.partition("/")[0] for name in (*listing.members, *listing.folders)} - loose
    if len(tops) != 1 or tops & listing.members.keys():
        return ""
    prefix = f"{tops.pop()}/"
    inner = [name.removeprefix(prefix) for name in listing.members]
    handed_in = {n.partition("/")[0] for n in inner if is_entry(n, entry)}
    packed = {n for n in inner if "/" not in n and is_archive(n)}
    code = {n for n in inner if n.lower().endswith(ENTRY_SUFFIXES)}
    named = code if not handed_in and not any("/" in n for n in code) else set()  # by students
    is_class = len(handed_in | packed | named) > 1 and not handed_in & set(inner)
    return prefix if is_class else ""


def _tops(folders: Collection[str], prefix: str) -> list[str]:
    inner = {f.removeprefix(prefix) for f in folders if f.startswith(prefix) and f + "/" != prefix}
    return sorted({f.partition("/")[0] for f in inner})


def _is_single(loose: Collection[str], inner: Iterable[str], asked: AskedFiles) -> bool:
    """True where the entry, or a file that goes with it, lies loose and nowhere else."""
    if any(is_entry(name, asked.entry) for name in inner):
        return False
    if any(is_archive(name) for name in loose):
        return False
    return any(is_entry(name, asked.entry) or name in asked.extra_files for name in loose)


def _list_loose(loose: Mapping[str, Member], asked: AskedFiles) -> Iterable[HandIn]:
    """Hand-ins of what lies beside the folders: `ada.py` with `ada.pt`, `ada.zip`."""
    for name, member in loose.items():
        suffix = next((s for s in ENTRY_SUFFIXES if name.lower().endswith(s)), None)
        if is_archive(name) or is_other_archive(name):
            yield HandIn(student=stem(name), members={name: member}, archive=name)
        elif suffix:
            student, entry = name[: -len(suffix)], asked.entry + suffix
            members = {entry: member}
            for extra_file in asked.extra_files:
                members = {**_find_twin(student, extra_file, loose), **members}
            note = f"`{show_name(name)}` was taken as `{entry}`."
            yield HandIn(student=student, members=members, notes=[note])


def _find_twin(student: str, extra_file: str, loose: Mapping[str, Member]) -> dict[str, Member]:
    """The file `ada.pt` under the name `lenet.pt`, or weights in another form; none if absent."""
    base, dot, ending = extra_file.rpartition(".")
    endings = (dot + ending, *(WEIGHTS if dot + ending in WEIGHTS else ()))
    twin = next((e for e in endings if dot and student + e in loose), None)
    return {} if twin is None else {base + twin: loose[student + twin]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notes:
    """Sentences on names that were refused."""

    inside: dict[str, list[str]] = field(default_factory=dict)
    """By the folder that they lie in."""
    alone: dict[str, list[str]] = field(default_factory=dict)
    """By the name itself, where it lies in none."""
    unread: dict[str, str] = field(default_factory=dict)
    """By either, where something is there and could not be read."""


def _note_refused(listing: Listing, parts: _Parts) -> _Notes:
    notes = _Notes()
    for raw, why in listing.refused.items():
        name = show_bytes(raw.replace("\\", "/")).removeprefix("./").removeprefix(parts.prefix)
        top, slash, inner = name.partition("/")
        if top in parts.folders:
            note = f"`{show_name(inner if slash else top)}` {why}."
            notes.inside.setdefault(top, []).append(note)
        else:
            top = show_name(name)
            note = f"`{top}` {why}."
            notes.alone.setdefault(top, []).append(note)
        if raw in listing.unread:
            notes.unread.setdefault(top, note)
    return notes
