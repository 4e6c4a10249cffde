"""Canvas, "Download submissions": all files in one folder, each with its student before its name.

`curiemarie_LATE_12345_678901_lenet.py`: the name as it is sorted, in small letters and without
what is no letter; the number of the student, or of the group's member who handed in; that of the
file. A text that was typed in is `curiemarie_12345_text.html`. In an anonymous assignment there is
a code in place of name and number. A file that is handed in again under its old name gets a number:
`lenet-1.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions.layouts.forms import Gathered, NamedForm, Part
from grader.submissions.layouts.layout import HandIn
from grader.submissions.names import is_archive, show_name

_NAME = re.compile(
    r"(?P<name>.*?)(?:(?:^|_)(?P<late>LATE))?(?:^|_)(?P<id>anon_[A-Za-z0-9]+|\d+)_"
    r"(?:\d+_(?P<file>.+)|(?P<typed>text|link)\.html)",
    re.DOTALL,
)
_AGAIN = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,3})(?P<suffix>\.[^./-]+)", re.DOTALL)


def read(name: str) -> Part | None:
    """What a name says, where it has the form."""
    match = None if "/" in name else _NAME.fullmatch(name)
    if match is None or not (match["name"] or match["id"].startswith("anon_")):
        return None
    return Part(
        who=match["id"],
        label=match["name"] or match["id"],
        file=match["file"] or f"{match['typed']}.html",
        person=Person(name=match["name"], id=match["id"]),
        place=name[: match.end("id")],
        late=bool(match["late"]),
    )


def finish(gathered: list[Gathered], asked: AskedFiles) -> Iterable[HandIn]:
    """Files that were handed in again have their old names; where both are there, each is an
    attempt of its own.
    """
    for one in gathered:
        yield from _tell_apart(one.give(), asked)


def _tell_apart(whole: HandIn, asked: AskedFiles) -> Iterator[HandIn]:
    versions: dict[str, dict[int, str]] = {}
    for name in whole.members:
        plain, number = _read_again(name, asked)
        versions.setdefault(plain, {})[number] = name
    for plain in [p for p, by in versions.items() if len(by) > 1 and 0 not in by]:
        versions |= {name: {0: name} for name in versions.pop(plain).values()}
    turns = sorted({n for by in versions.values() if len(by) > 1 for n in by})
    for attempt, turn in enumerate(turns or [0], 1):
        taken = {new: old for new, by in versions.items() if (old := _choose(by, turn))}
        notes = [
            f"`{show_name(old)}` was taken as `{show_name(new)}`."
            for new, old in taken.items()
            if old != new
        ]
        yield replace(
            whole,
            members={new: whole.members[old] for new, old in taken.items()},
            archive=None if whole.archive is None else next(iter(taken)),
            attempt=attempt if turns else 0,
            notes=[*whole.notes, *notes],
        )


def _read_again(name: str, asked: AskedFiles) -> tuple[str, int]:
    """The old name and the number of one that is code, packed or asked for; else 0."""
    match = _AGAIN.fullmatch(name)
    if match is None:
        return name, 0
    plain = match["stem"] + match["suffix"]
    known = plain.lower().endswith(ENTRY_SUFFIXES) or is_archive(plain)
    if known or plain in asked.extra_files:
        return plain, int(match["number"])
    return name, 0


def _choose(versions: Mapping[int, str], turn: int) -> str | None:
    """The newest by then; the only one counts whenever it came."""
    if len(versions) == 1:
        return next(iter(versions.values()))
    fitting = [n for n in versions if n <= turn]
    return versions[max(fitting)] if fitting else None


CANVAS = NamedForm(read=read, shape="`curiemarie_12345_678901_FILE`", finish=finish)
