"""Sources in which the name of each file, or of its folder, says whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.layouts.layout import HandIn
from grader.submissions.layouts.plain import PLAIN
from grader.submissions.listing import Listing, Member
from grader.submissions.names import can_be_handed_in, is_archive, show_bytes, show_name

TEXTS = frozenset({"text.html", "text.txt", "link.html", "onlinetext.html"})
"""What is called so was typed into the source, and is no file that a student chose."""
NOBODY = Person()
"""Of whom nothing is known."""
_AROUND = 3
"""Folders around a class that are looked through."""
_TEXT_ALONE = "A text was handed in, and no file."
_STRAY = "`{}` has not the form of the other names here; it was taken by its own."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the name of one file says."""

    who: str
    """Whose it is, for whoever compares: the same text, the same student or group."""
    label: str
    """How the student is called."""
    turn: str = ""
    """Which attempt it belongs to; later ones sort behind earlier ones."""
    file: str = ""
    """Its name within the submission; empty where the source itself wrote it."""
    person: Person = NOBODY
    place: str = ""
    """As in `HandIn`."""
    received: str | None = None
    late: bool = False
    note: str = ""
    """A sentence for the student."""


Read = Callable[[str], Part | None]
"""What a relative name says; None where it has not the form. A folder's name ends with a slash."""


@dataclass(slots=True)
class Gathered:
    """What belongs to one attempt of one student or group."""

    first: Part
    """What the first of its names says."""
    members: dict[str, Member] = field(default_factory=dict)
    """Name within the submission → file."""
    own: dict[str, Member] = field(default_factory=dict)
    """Relative name → file that the source wrote, or that was handed in twice."""
    notes: list[str] = field(default_factory=list)
    unread: str = ""
    late: bool = False
    attempt: int = 0

    def give(self) -> HandIn:
        """All of it as what was handed in."""
        notes = list(dict.fromkeys(self.notes))
        if self.members and self.members.keys() <= TEXTS:
            notes.append(_TEXT_ALONE)
        return HandIn(
            student=self.first.label,
            members=self.members,
            archive=_find_archive(self.members),
            received=self.first.received,
            persons=(self.first.person,) if self.first.person != NOBODY else (),
            place=self.first.place,
            attempt=self.attempt,
            late=self.late,
            notes=notes,
            unread=self.unread,
            own=tuple(self.own.values()),
        )


Finish = Callable[[list[Gathered], AskedFiles], Iterable[HandIn]]
"""What a source knows besides becomes part of the hand-ins."""


def give_all(gathered: list[Gathered], _asked: AskedFiles) -> Iterable[HandIn]:
    """Nothing is known besides."""
    return [one.give() for one in gathered]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedForm:
    """A layout of such a source. Folders around the whole class are looked through."""

    read: Read
    shape: str
    """The form of a name, as an example."""
    finish: Finish = give_all
    own: frozenset[str] = frozenset()
    """What the source calls its own files, at the top."""
    exact: bool = False
    """True where names count from the listing's top, and what has another form is nobody's."""
    fallback: bool = False

    def refuse(self, listing: Listing, _asked: AskedFiles) -> str:
        """It needs one name of its form."""
        return "" if self._find_level(listing) is not None else f"holds no name like {self.shape}"

    def find_strays(self, listing: Listing) -> Sequence[str]:
        """Code and archives whose names have another form."""
        prefix = self._find_level(listing) or ""
        names = () if self.exact else self._list_strays(listing, prefix)
        return [n for n in names if can_be_handed_in(n)]

    def list_hand_ins(self, listing: Listing, asked: AskedFiles) -> list[HandIn]:
        """By student and attempt; what is a stray is taken as `plain` takes it."""
        prefix = self._find_level(listing) or ""
        hand_ins = self.finish(gather(listing, prefix, self.read), asked)
        if self.exact:
            return list(hand_ins)
        rest = set(self.find_strays(listing))
        return [*hand_ins, *take_strays(listing, prefix, rest, asked, self.read)]

    def _find_level(self, listing: Listing) -> str | None:
        """The folder, with a slash, in which names have the form; None where none has."""
        names = [*listing.members, *(f"{f}/" for f in listing.folders)]
        for prefix in ("",) if self.exact else find_wrappers(listing):
            inner = (n.removeprefix(prefix) for n in names if n.startswith(prefix))
            if any(self.read(n) is not None for n in inner):
                return prefix
        return None

    def _list_strays(self, listing: Listing, prefix: str) -> Iterator[str]:
        for name in listing.members:
            inner = name.removeprefix(prefix)
            if inner not in self.own and self.read(inner) is None:
                yield name


def find_wrappers(listing: Listing) -> list[str]:
    """Where the class may lie, the innermost first: the listing itself is empty text, then each
    folder beside which nothing lies in the one before but loose files that nobody hands in.
    """
    prefixes = [""]
    while len(prefixes) <= _AROUND:
        prefix = prefixes[0]
        names = (n.removeprefix(prefix) for n in listing.members if n.startswith(prefix))
        inner = {n.partition("/")[0] for n in names if "/" in n or can_be_handed_in(n)}
        folders = (f.removeprefix(prefix) for f in listing.folders if f.startswith(prefix))
        inner |= {f.partition("/")[0] for f in folders} - {""}
        folder = f"{prefix}{next(iter(inner), '')}"
        if len(inner) != 1 or folder not in listing.folders:
            break
        prefixes.insert(0, f"{folder}/")
    return prefixes


def gather(listing: Listing, prefix: str, read: Read) -> list[Gathered]:
    """The files below `prefix` by whose they are, and which attempt: in the order of attempts."""
    found: dict[tuple[str, str], Gathered] = {}
    for name, member in listing.members.items():
        if (part := _read_below(name, prefix, read)) is None:
            continue
        one = _find(found, part)
        if not part.file:
            one.own[name.removeprefix(prefix)] = member
        elif part.file in one.members:
            one.own[name.removeprefix(prefix)] = member
            one.notes.append(f"`{show_name(part.file)}` was handed in twice; the first was taken.")
        else:
            one.members[part.file] = member
    for folder in sorted(listing.folders):
        if (part := _read_below(f"{folder}/", prefix, read)) is not None:
            _find(found, part)
    for raw, why in listing.refused.items():
        if (part := _read_below(_clean_refused(raw), prefix, read)) is not None:
            one = _find(found, part)
            one.notes.append(f"`{show_name(part.file or raw)}` {why}.")
            if raw in listing.unread:
                one.unread = one.notes[-1]
    return _count_attempts(found)


def _find(found: dict[tuple[str, str], Gathered], part: Part) -> Gathered:
    one = found.setdefault((part.who, part.turn), Gathered(part))
    one.late |= part.late
    if part.note:
        one.notes.append(part.note)
    return one


def _read_below(name: str, prefix: str, read: Read) -> Part | None:
    return read(name.removeprefix(prefix)) if name.startswith(prefix) and name != prefix else None


def _clean_refused(raw: str) -> str:
    return show_bytes(raw.replace("\\", "/")).removeprefix("./")


def _count_attempts(found: Mapping[tuple[str, str], Gathered]) -> list[Gathered]:
    """All of them; those of one student are numbered where the source tells them apart."""
    last: dict[str, int] = {}
    for (who, turn), one in sorted(found.items(), key=lambda item: item[0]):
        if turn:
            one.attempt = last[who] = last.get(who, 0) + 1
    return list(found.values())


def take_strays(
    listing: Listing,
    prefix: str,
    names: Iterable[str],
    asked: AskedFiles,
    read: Read | None = None,
) -> Iterator[HandIn]:
    """What others handed in beside the source's, as plain folders and files; and names that were
    refused, as far as they say nobody's name to `read`.
    """
    rest = Listing(listing.caps)
    for name in sorted(names):
        rest.members[name.removeprefix(prefix)] = listing.members[name]
        inner = name.removeprefix(prefix)
        rest.folders.update(inner[: m.start()] for m in re.finditer("/", inner))
    for raw, why in listing.refused.items():
        name = _clean_refused(raw)
        if read and name.startswith(prefix) and read(name.removeprefix(prefix)) is None:
            rest.refused[name.removeprefix(prefix)] = why
            if raw in listing.unread:
                rest.unread[name.removeprefix(prefix)] = why
    for one in PLAIN.list_hand_ins(rest, asked):
        yield replace(one, notes=[*one.notes, _STRAY.format(show_name(one.student))])


def _find_archive(members: Mapping[str, Member]) -> str | None:
    """The only file, where it is an archive."""
    names = [n for n in members if n not in TEXTS]
    return names[0] if len(names) == 1 and is_archive(names[0]) else None
