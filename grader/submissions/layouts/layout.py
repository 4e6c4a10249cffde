"""What a layout is: how one source, such as a learning platform, arranges the files of a class.

A layout looks at a listing, which is names and sizes. It reads a file only where its source writes
one beside those of the students: a table of names, groups and times, or a text that came with a
submission. What students handed in is read later, within caps, by `collect`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from grader.records import extensions
from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.listing import Listing, Member
from grader.submissions.names import Refused

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
    """Which of the student's attempts it is, counted from 1; 0 where the source counts none."""
    late: bool = False
    """True where the source says so."""
    notes: Sequence[str] = ()
    """Sentences for the student: a file that was renamed, a name that was refused."""
    unread: str = ""
    """What is there and could not be read on this machine, in a sentence: one of the notes."""


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


def load_layouts() -> dict[str, Layout]:
    """Every layout there is, by name. Raises GraderError for one that is broken: it may be the
    right one.
    """
    layouts: dict[str, Layout] = {}
    for name in extensions.names(GROUP):
        layout = extensions.load(GROUP, name)
        if isinstance(layout, type) or not isinstance(layout, Layout):
            raise extensions.blame(GROUP, name, "lacks what a layout has")
        layouts[name] = layout
    return layouts


def choose_layout(
    listing: Listing, asked: AskedFiles, layouts: Mapping[str, Layout] | None = None
) -> Layout:
    """The one of the layouts, of all there are where none are given, that recognises the listing.

    Raises Refused, in words that continue a path, where none does or several do.
    """
    every = load_layouts() if layouts is None else layouts
    refusals = {name: layout.refuse(listing, asked) for name, layout in every.items()}
    fitting = [name for name, refusal in refusals.items() if not refusal]
    chosen = [n for n in fitting if not every[n].fallback] or fitting
    if len(chosen) > 1:
        listed = ", ".join(f"`{name}`" for name in chosen)
        raise Refused(f"could be of several sources: {listed}. Give a folder of one of them")
    if not chosen:
        raise Refused(next((r for n, r in refusals.items() if every[n].fallback), "is no class"))
    return every[chosen[0]]
