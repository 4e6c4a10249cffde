"""Blackboard, "Assignment file download": all files in one folder, each with user and attempt.

`gradebook_DL101_hw1_mcurie_attempt_2026-03-01-10-00-00_lenet.py`, and beside each attempt a text of
the platform's, `…_attempt_2026-03-01-10-00-00.txt`, with the student's name, the time with its
zone, and what was typed in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.layouts.forms import Gathered, NamedForm, Part
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import Member
from grader.submissions.names import Refused
from grader.submissions.times import read_time

_NAME = re.compile(
    # The first time counts: a student may call a file as the platform would call another's.
    r"(?P<owner>.+?)_attempt_(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_(?P<file>.+)|\.txt)",
    re.DOTALL,
)
_OWN = 1 << 20
"""Bytes of the platform's text that are read."""
_HEAD = 4_000
"""Characters of it in which the name and the time stand."""
_PERSON = re.compile(r"Name:[ \t]*([^\n]{1,300}) \(([^()\n]{1,100})\)[ \t]*$", re.MULTILINE)
_SUBMITTED = re.compile(r"^Date Submitted:[ \t]*([^\n]{1,100})$", re.MULTILINE)
_TYPED = "Submission Field:\n"
_NOTHING_TYPED = "There is no student submission text data for this assignment."
_TEXT = "text.txt"


def read(name: str) -> Part | None:
    """What a name says, where it has the form."""
    match = None if "/" in name else _NAME.fullmatch(name)
    if match is None:
        return None
    user = match["owner"].rpartition("_")[2]
    return Part(
        who=match["owner"],
        label=user,
        turn=match["time"],
        file=match["file"] or "",
        person=Person(login=user),
        place=f"{match['owner']}_attempt_{match['time']}",
        received=read_time(match["time"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the platform's text says of one attempt."""

    name: str = ""
    login: str = ""
    received: str | None = None
    typed: str = ""


def finish(gathered: list[Gathered], _asked: AskedFiles) -> Iterable[HandIn]:
    """Each attempt with what its text says; a name that one of them says is that of all.

    Two owners that would be one user, as in two assignments, keep all of their names.
    """
    told = [_read_own(next(iter(one.own.values()), None)) for one in gathered]
    names: dict[str, _Told] = {}
    for one, says in zip(gathered, told, strict=True):
        if says.login and f"_{one.first.who}".endswith(f"_{says.login}"):
            names[one.first.who] = says
    heads = {who.removesuffix(says.login) for who, says in names.items()}
    owners = {one.first.who: one.first for one in gathered}
    users = {w: names.get(w) or _Told(login=_find_login(part, heads)) for w, part in owners.items()}
    often = Counter(known.login for known in users.values())
    for one, says in zip(gathered, told, strict=True):
        known = users[one.first.who]
        own = one.first.who if often[known.login] > 1 else ""
        if says.typed:
            data = says.typed.encode()
            one.members.setdefault(_TEXT, Member(size=len(data), read=partial(_give, data)))
        given = one.give()
        yield replace(
            given,
            student=own or known.name or known.login,
            persons=(Person(name=known.name, login=known.login),),
            received=says.received or given.received,
        )


def _find_login(part: Part, heads: Iterable[str]) -> str:
    """What stands behind the assignment's name, where another one's text says how long that is."""
    head = max((h for h in heads if part.who.startswith(h)), key=len, default="")
    return (part.who.removeprefix(head) if head else "") or part.label


def _read_own(member: Member | None) -> _Told:
    text = ""
    if member is not None:
        with suppress(Refused):  # the attempt counts without it
            text = member.read(_OWN).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    head, _, typed = text.partition(_TYPED)
    head = head[:_HEAD]
    typed = typed.partition("\nComments:")[0].partition("\nFiles:")[0].strip()
    person, submitted = _PERSON.search(head), _SUBMITTED.search(head)
    return _Told(
        name=person[1].strip() if person else "",
        login=person[2].strip() if person else "",
        received=read_time(submitted[1]) if submitted else None,
        typed="" if typed == _NOTHING_TYPED else typed,
    )


def _give(data: bytes, _cap: int) -> bytes:
    return data


BLACKBOARD = NamedForm(
    read=read,
    shape="`hw1_mcurie_attempt_2026-03-01-10-00-00_FILE`",
    finish=finish,
)
