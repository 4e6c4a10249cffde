"""Moodle, "Download all submissions": a folder for each participant and kind of submission.

`Ana López_657737_assignsubmission_file/lenet.py`, up to version 4.0 with another underscore behind
it; what was typed in lies in `Ana López_657737_assignsubmission_onlinetext`. Without folders the
same stands before each file's name. The number is that of the grading worksheet. In a team each
member has such a folder, `Group A-Ana López_…`, with the same files. Where names are hidden, all
are called `Participant`, in the platform's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.submissions.contents import Contents
from grader.submissions.layouts.forms import Gathered, NamedForm, Part
from grader.submissions.layouts.layout import HandIn

_OWNER = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+", re.DOTALL)
_HIDDEN = frozenset(
    "Participant Teilnehmerin Teilnehmer Participante Partecipante Deelnemer Deltagare Deltaker"
    " Deltager Osallistuja Uczestnik Účastník".split()
)
"""How Moodle calls everybody where names are hidden."""


def read(name: str) -> Part | None:
    """What a name says, where it or its folder has the form."""
    top, slash, inner = name.partition("/")
    if slash and (match := _OWNER.match(top)) and top[match.end() :] in ("", "_"):
        return _make_part(match, inner, "_" * top.endswith("_"))
    above, slash, base = name.rpartition("/")
    match = _OWNER.match(base)
    if match is None or not base[match.end() :].startswith("_") or base.endswith("_"):
        return None
    return _make_part(match, above + slash + base[match.end() + 1 :], "")


def _make_part(match: re.Match[str], file: str, tail: str) -> Part:
    name, number = match["name"].strip(), match["id"]
    hidden = name in _HIDDEN
    return Part(
        who=number,
        label=f"{name} {number}" if hidden else name,
        file=file,
        person=Person(name="" if hidden else name, id=number),
        place=f"{match['name']}_{number}_assignsubmission_file{tail}",
    )


def finish(gathered: list[Gathered], asked: AskedFiles) -> Iterable[HandIn]:
    """A team is one hand-in of several persons, where every folder names one."""
    alone = [one.give() for one in gathered]
    if any("-" not in one.student for one in alone):
        return alone
    begun: dict[str, list[HandIn]] = {}
    for hand_in in alone:
        begun.setdefault(hand_in.student.partition("-")[0], []).append(hand_in)
    groups = [group for several in begun.values() for group in _find_groups(several, asked)]
    if all(len(group) == 1 for group in groups):
        return alone
    return [_join_team(group, alone) for group in groups]


def _find_groups(several: Sequence[HandIn], asked: AskedFiles) -> list[list[HandIn]]:
    """Those together who handed in the same files."""
    groups: list[list[HandIn]] = []
    for one in several:
        same = next((g for g in groups if _are_same(g[0], one, asked)), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    return groups


def _join_team(group: Sequence[HandIn], everyone: Sequence[HandIn]) -> HandIn:
    inside = {id(one) for one in group}
    others = [one.student for one in everyone if id(one) not in inside]
    team = _find_team([one.student for one in group], others)
    if not team:
        return group[0]
    persons = [_cut(p, team) for one in group for p in one.persons]
    copies = [member for one in group[1:] for member in one.members.values()]
    return replace(group[0], student=team, persons=persons, own=copies)


def _find_team(names: Sequence[str], others: Sequence[str]) -> str:
    """What all begin with up to a hyphen and nobody else does, as short as it can be; else, where
    there are several, what they have in common. Teams and persons may have hyphens of their own.
    """
    parts = names[0].split("-")
    begun = ["-".join(parts[:n]) for n in range(1, len(parts))]
    shared = [team for team in begun if all(n.startswith(f"{team}-") for n in names)]
    own = [team for team in shared if not any(n.startswith(f"{team}-") for n in others)]
    return next(iter(own), shared[-1] if len(names) > 1 else "")


def _cut(person: Person, team: str) -> Person:
    return replace(person, name=person.name.removeprefix(f"{team}-"))


def _are_same(first: HandIn, second: HandIn, asked: AskedFiles) -> bool:
    """True where both have files, of the same names and with the same bytes."""
    if not first.members or first.members.keys() != second.members.keys():
        return False
    for name, member in first.members.items():
        pair = {"first": member, "second": second.members[name]}
        if not Contents(members=pair, asked=asked).are_same(["first", "second"]):
            return False
    return True


MOODLE = NamedForm(read=read, shape="`Ana López_12345_assignsubmission_file/FILE`", finish=finish)
