"""What lies beside the hand-ins and is nobody's, in sentences: nobody is left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack

from grader.records.asked_files import AskedFiles
from grader.submissions.layouts.forms import find_wrappers
from grader.submissions.layouts.layout import HandIn, Layout, Strict
from grader.submissions.listing import Listing
from grader.submissions.names import Refused, list_names, show_name
from grader.submissions.unpacking import open_archive


def describe_asides(listing: Listing, hand_ins: Iterable[HandIn], layout: Layout) -> list[str]:
    """Remarks on names at the level of the class of which no hand-in has a file."""
    wrappers = find_wrappers(listing)
    hidden = sorted(n for n in listing.hidden if n[: n.rfind("/") + 1] in wrappers)
    own = layout.own if isinstance(layout, Strict) else ()
    left = _list_left(listing, hand_ins, wrappers, own)
    return [
        *[
            f"Left aside, as names that begin with a dot are hidden: {list_names(hidden, '`')}. If"
            " one is a student's, call it otherwise."
        ]
        * bool(hidden),
        *[
            f"Left aside, as nobody's: {list_names(left, '`')}. If one is a student's, put"
            " it into a folder of the student's, or say with --pattern whose it is."
        ]
        * bool(left),
    ]


def refuse_inner_class(
    hand_ins: Sequence[HandIn], asked: AskedFiles, layouts: Mapping[str, Layout]
) -> None:
    """Raises Refused where all there is is an archive, and that is the download of a class: it
    would be one student's.
    """
    packed = hand_ins[0].archive if len(hand_ins) == 1 else None
    if packed is None:
        return
    platforms = {name: one for name, one in layouts.items() if isinstance(one, Strict)}
    with ExitStack() as stack:
        try:
            inner = open_archive(hand_ins[0].members[packed], stack)
        except Refused:  # that is said of the hand-in
            return
        found = [name for name, one in platforms.items() if not one.refuse(inner, asked)]
    if found:
        raise Refused(
            f"holds `{show_name(packed)}`, which looks like the download of a class from"
            f" `{found[0]}`. Give that archive itself; where it is a student's, say --layout plain"
        )


def _list_left(
    listing: Listing, hand_ins: Iterable[HandIn], wrappers: Sequence[str], own: Collection[str]
) -> list[str]:
    taken = {id(m) for one in hand_ins for m in (*one.members.values(), *one.own)}
    tops: dict[tuple[str, str], bool] = {}
    for name, member in listing.members.items():
        prefix = next(p for p in wrappers if name.startswith(p))
        top = prefix, name.removeprefix(prefix).partition("/")[0]
        tops[top] = tops.get(top, False) or id(member) in taken
    return sorted(top for (_, top), has in tops.items() if not has and top not in own)
