"""What a layout is: how one source, such as a learning platform, arranges the files of a class.

A layout looks at a listing, which is names and sizes. It reads a file only where its source writes
one beside those of the students: a table of names, groups and times, or a text that came with a
submission. What students handed in is read later, within caps, by `reading`; a layout may ask
whether two of these files are the same, and never what stands in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from grader.records import extensions
from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.listing import Listing, Member
from grader.submissions.names import Refused, show_name

GROUP = "grader.layouts"
"""Entry points under which layouts are registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What one student, or one group of students, handed in at one time."""

    student: str
    """Label; it may occur again in the same class."""
    members: Mapping[str, Member] = field(default_factory=dict)
    """Name within the submission → file; files that belong to the source are not among them."""
    archive: str | None = None
    """The member that is the submission, packed."""
    received: str | None = None
    """When it was handed in, ISO 8601 with its zone, where the source says so."""
    persons: Sequence[Person] = ()
    """Who handed it in, where the source says so: several for a group."""
    place: str = ""
    """What the source calls its folder, or its files without their own names."""
    attempt: int = 0
    """Which of the attempts it is that those with this label and these persons made, counted from
    1; 0 where the source knows of one.
    """
    late: bool = False
    """True where the source says so."""
    notes: Sequence[str] = ()
    """Sentences for the student: a file that was renamed, a name that was refused."""
    unread: str = ""
    """What is there and could not be read on this machine, in a sentence: one of the notes."""
    own: Sequence[Member] = ()
    """Files that the source wrote about it, or has once more."""


@runtime_checkable
class Layout(Protocol):
    """How one source arranges the files of a class.

    What a later source knows besides becomes a field of `HandIn` with a default; no method changes.
    """

    @property
    def fallback(self) -> bool:
        """True where it is meant for what no other layout recognises."""

    def refuse(self, listing: Listing, asked: AskedFiles, /) -> str:
        """Why the listing is not of this source, in words that continue a path, without the last
        full stop; empty where the listing is recognised.
        """

    def list_hand_ins(self, listing: Listing, asked: AskedFiles, /) -> list[HandIn]:
        """What everybody handed in; nobody is left out, and no name that was refused.

        Raises Refused, in words that continue a path, where a file of the source cannot be read.
        """


@runtime_checkable
class Strict(Protocol):
    """What a layout has besides that can tell what in a listing is not of its source."""

    @property
    def own(self) -> frozenset[str]:
        """What the source calls its own files, at the top."""

    def find_strays(self, listing: Listing, /) -> Sequence[str]:
        """Names of files that somebody may have handed in, and whose form is another one."""


def load_layouts() -> dict[str, Layout]:
    """Every layout there is, by name. Raises GraderError for one that is broken: it may be the
    right one.
    """
    return {name: load_layout(name) for name in extensions.names(GROUP)}


def load_layout(name: str) -> Layout:
    """The one of that name. Raises GraderError where there is none, or where it is broken."""
    layout = extensions.load(GROUP, name)
    if isinstance(layout, type) or not isinstance(layout, Layout):
        raise extensions.blame(GROUP, name, "lacks what a layout has")
    return layout


def recognise(listing: Listing, asked: AskedFiles, layouts: Mapping[str, Layout]) -> str:
    """The name of the one layout that recognises a listing; the fallback where only that does.

    Where one finds others' hand-ins beside its own (`find_strays`), the fallback is one of those
    that are named. Raises Refused, in words that continue a path, where none fits or several do.
    """
    refusals = {name: layout.refuse(listing, asked) for name, layout in layouts.items()}
    fitting = [name for name, refusal in refusals.items() if not refusal]
    chosen = [n for n in fitting if not layouts[n].fallback] or fitting
    if len(chosen) > 1:
        raise Refused(_name_several(chosen))
    if not chosen:
        last = sorted(refusals, key=lambda name: layouts[name].fallback)[-1:]
        raise Refused(refusals[last[0]] if last else "is no class")
    strays = _find_strays(layouts[chosen[0]], listing)
    others = [n for n in layouts if layouts[n].fallback and n != chosen[0]]
    if strays and others:
        held = f"; `{show_name(strays[0])}` is none of `{chosen[0]}`"
        raise Refused(_name_several([*chosen, *others], held))
    return chosen[0]


def _name_several(names: Sequence[str], why: str = "") -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    return (
        f"could be of several sources: {listed}{why}. Say which with --layout, or give a folder of"
        " one of them"
    )


def _find_strays(layout: Layout, listing: Listing) -> Sequence[str]:
    return layout.find_strays(listing) if isinstance(layout, Strict) else ()
