"""Brightspace (D2L), "Download all submissions": a folder for each time somebody handed in.

`397063-2557369 - Mary-Ann Smith - Sep 24, 2024 926 PM/lenet.py`: the numbers of the person, or of
the group, and of the assignment, the name, and the time on the platform's clock. Older versions put
the file's name behind it instead. `index.html` is the platform's.
"""

from __future__ import annotations

import re

from grader.records.person import Person
from grader.submissions.layouts.forms import NamedForm, Part
from grader.submissions.times import read_time

_OWNER = re.compile(r"(?P<id>\d{1,20})-\d{1,20} - (?P<rest>.+)", re.DOTALL)
_TIME = re.compile(
    r" - (?P<time>[^\W\d_]{3,12}\.? \d{1,2}, \d{4} \d{1,2}:?\d{2} ?(?:AM|PM))(?: - |$)",
    re.IGNORECASE,
)
_LATEST = "9999"
"""Sorts behind every time that could be read."""


def read(name: str) -> Part | None:
    """What a name says, where it or its folder has the form."""
    top, slash, inner = name.partition("/")
    match = _OWNER.fullmatch(top)
    if match is None:
        return None
    said = _TIME.search(match["rest"])
    if said is None and not slash:
        return None
    person, time = match["rest"].rpartition(" - ")[::2], ""
    label, behind = person[0] or match["rest"], ""
    if said is not None:
        label, time, behind = (
            match["rest"][: said.start()],
            said["time"],
            match["rest"][said.end() :],
        )
    received = read_time(time) if time else None
    return Part(
        who=match["id"],
        label=label.strip(),
        turn=received or f"{_LATEST}{top}",
        file=inner if slash else behind,
        person=Person(name=label.strip(), id=match["id"]),
        place=top if slash else top.removesuffix(f" - {behind}"),
        received=received,
        note="" if received else f"When it was handed in could not be read from `{top}`.",
    )


BRIGHTSPACE = NamedForm(
    read=read,
    shape="`397063-2557369 - Mary-Ann Smith - Sep 24, 2024 926 PM/FILE`",
    own=frozenset({"index.html"}),
)
