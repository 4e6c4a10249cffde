"""A roster: who is in the course, in the export of any platform; and whose hand-in is whose.

A person of a hand-in is found by the first of these that fits exactly one person of the roster: id,
unless the names differ; e-mail address; account; name; id alone. A name fits in any order of its
words, without accents, and in the form in which Canvas writes it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from grader.records.errors import UsageError
from grader.records.json_values import Json, record_to_json
from grader.records.person import Person
from grader.submissions.folder import read_path
from grader.submissions.layouts.layout import HandIn
from grader.submissions.names import Refused, show_name

_SIZE = 16 << 20
"""Bytes of a roster."""
_CELL = 300
"""Characters of a cell."""
_SHOWN = 8
"""Names that a remark lists."""
_HEADINGS: Mapping[str, str] = {
    heading: column
    for column, headings in {
        "name": "name|student|full name|student name|user full name|vollständiger name"
        "|nombre completo|nom complet|nome completo",
        "first": "first name|firstname|given name|vorname|nombre|prénom|nome",
        "last": "last name|lastname|surname|family name|nachname|apellido(s)|apellidos"
        "|nom de famille|cognome",
        "id": "id|identifier|sid|student id|orgdefinedid|org defined id|canvas user id|user id"
        "|id number|idnumber|matrikelnummer|teilnehmer|kennung|lms user id|sis user id",
        "email": "email|e-mail|email address|e-mail address|e-mail-adresse|dirección de correo",
        "login": "login|login id|sis login id|username|user name|github username|benutzername"
        "|anmeldename|netid",
        "section": "section|sections|section name|abschnitt",
        "group": "group|group name|team|gruppe",
        "role": "role|rolle",
    }.items()
    for heading in headings.split("|")
}
"""What platforms call their columns, in small letters, with blanks for underscores."""
_NO_STUDENTS = {"points possible", "student, test", "test student"}
"""What Canvas puts among the names."""
_STUDENT_ROLES = {"", "student", "learner", "teilnehmer/in", "0", "estudiante", "étudiant"}
_IDENTIFIER = re.compile(r"(?:\D+ )?(\d+)")
"""Moodle's `Participant 123456`, in whichever language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One row of a roster."""

    person: Person
    ids: tuple[str, ...] = ()
    """Every number that the roster has of the person."""
    group: str = ""
    """The group with which the person hands in."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The record of which `to_json` made this."""
        person = Person.from_json(value["person"])
        return cls(person=person, ids=tuple(map(str, value["ids"])), group=str(value["group"]))

    def to_json(self) -> dict[str, Json]:
        """For the ledger."""
        return record_to_json(self)


# reading


def read_roster(path: Path) -> list[Enrolled]:
    """Everybody on the roster, once. Raises UsageError where it cannot be read or names nobody."""
    try:
        text = _decode(read_path(path, _SIZE))
        rows = _read_rows(text)
    except (Refused, csv.Error) as error:
        raise UsageError(f"the roster {path} {error}. Give a CSV file") from None
    if rows is None:
        raise UsageError(
            f"the roster {path} has no heading for a name, an id, an e-mail address or a login."
            " Give a CSV file with a line of headings such as name,id,email,login,section"
        )
    enrolled = [one for row in rows if (one := _read_row(row)) is not None]
    if not enrolled:
        raise UsageError(f"the roster {path} names no student. Give one that was exported anew")
    return list(dict.fromkeys(enrolled))


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _read_rows(text: str) -> list[list[tuple[str, str]]] | None:
    """For each row its (column, value), as far as columns are known; None without headings."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    headings = [_fold_heading(h) for h in next(lines, [])]
    columns = [_HEADINGS.get(h, "") for h in headings]
    if not {"name", "first", "last", "id", "email", "login"} & set(columns):
        return None
    return [
        [(c, v.strip()[:_CELL]) for c, v in zip(columns, line, strict=False) if c and v.strip()]
        for line in lines
    ]


def _fold_heading(heading: str) -> str:
    return " ".join(heading.lstrip("\ufeff#").replace("_", " ").casefold().split())


def _read_row(row: Sequence[tuple[str, str]]) -> Enrolled | None:
    values = dict(reversed(row))  # the first of a kind counts
    name = values.get("name", "")
    if name.casefold() in _NO_STUDENTS or values.get("role", "").casefold() not in _STUDENT_ROLES:
        return None
    name = _turn(name) or f"{values.get('first', '')} {values.get('last', '')}".strip()
    ids = tuple(dict.fromkeys(_read_id(value) for column, value in row if column == "id"))
    email = values.get("email", "")
    if not email and ids and "@" in ids[0]:  # GitHub Classroom lets teachers take addresses
        email = ids[0]
    person = Person(
        name=name,
        id=ids[0] if ids else "",
        email=email,
        login=values.get("login", "").lstrip("#"),
        section=values.get("section", ""),
    )
    if not (person.name or person.id or person.email or person.login):
        return None
    return Enrolled(person=person, ids=ids, group=values.get("group", ""))


def _turn(name: str) -> str:
    """`Ana López` for `López, Ana`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}".strip() if comma and "," not in first else name


def _read_id(text: str) -> str:
    """The number of `Participant 123456` and of `#123456`; anything else as it is."""
    match = _IDENTIFIER.fullmatch(text)
    return match[1] if match else text.lstrip("#")


def list_labels(roster: Iterable[Enrolled]) -> list[str]:
    """How `grade` calls everybody on the roster."""
    persons = [one.person for one in roster]
    called = [_call(person) for person in persons]
    return [
        f"{label} ({own})"
        if called.count(label) > 1 and (own := person.id or person.email or person.login)
        else label
        for label, person in zip(called, persons, strict=True)
    ]


# joining


def join_roster(
    hand_ins: Sequence[HandIn], roster: Sequence[Enrolled]
) -> tuple[list[HandIn], list[str]]:
    """The hand-ins with what the roster knows of their persons, and one without files for each
    person who has none; and remarks on who is not on the roster.

    A student's label becomes the roster's name: whatever a file was called, its row is found.
    """
    if not roster:
        return list(hand_ins), []
    index = _Index(roster)
    found = [index.find_all(one) for one in hand_ins]
    claims: dict[Enrolled, set[object]] = {}
    for one, persons in zip(hand_ins, found, strict=True):
        for enrolled in filter(None, persons):
            claims.setdefault(enrolled, set()).add((one.student, tuple(one.persons)))
    doubtful = {enrolled for enrolled, whose in claims.items() if len(whose) > 1}
    joined = [
        _join(one, [None if p in doubtful else p for p in persons], index)
        for one, persons in zip(hand_ins, found, strict=True)
    ]
    present = {e for persons in found for e in persons if e is not None} - doubtful
    present |= {e for one in joined for e in index.find_members(one)}
    absent = [_make_absent(e) for e in roster if e not in present and e not in doubtful]
    strangers = [h.student for h, p in zip(hand_ins, found, strict=True) if not any(p)]
    remarks = [f"Not on the roster: {_list(strangers)}."] * bool(strangers)
    remarks += _name_renamed(hand_ins, joined)
    remarks += [
        f"Several hand-ins could be of {_call(e.person)}: none was joined." for e in doubtful
    ]
    return [*joined, *absent], remarks


def _name_renamed(before: Iterable[HandIn], after: Iterable[HandIn]) -> list[str]:
    """Who bears a name on the roster that is another one than the source's: a group, perhaps."""
    renamed = {
        f"{show_name(old.student)} is {new.student}"
        for old, new in zip(before, after, strict=True)
        if len(old.persons) == len(new.persons) == 1
        and new.persons[0] != old.persons[0]
        and not _agree(old.persons[0], new.persons[0])
    }
    if not renamed:
        return []
    return [
        f"By number, not by name: {_list(sorted(renamed))}. Where that is a group, give a roster"
        " with a column `group`."
    ]


class _Index:
    """A roster, by what persons are known by."""

    def __init__(self, roster: Sequence[Enrolled]) -> None:
        self._by: dict[tuple[str, str], list[Enrolled]] = {}
        self._groups: dict[str, list[Enrolled]] = {}
        for one in roster:
            for key in set(_list_keys(one.person, one.ids)):
                self._by.setdefault(key, []).append(one)
            if one.group:
                self._groups.setdefault(_squash(one.group), []).append(one)

    def find_all(self, hand_in: HandIn) -> list[Enrolled | None]:
        """For each person of the hand-in whom the roster has; one who has only a label is looked
        for by that.
        """
        if members := self.find_members(hand_in):
            return list(members)
        persons = hand_in.persons or (Person(),)
        alone = len(persons) == 1
        return [self._find(p, hand_in.student if alone else "", hand_in.place) for p in persons]

    def find_members(self, hand_in: HandIn) -> Sequence[Enrolled]:
        """Everybody of the group after which the hand-in is called."""
        return self._groups.get(_squash(hand_in.student), ())

    def _find(self, person: Person, label: str, place: str) -> Enrolled | None:
        by_id = self._only(("id", person.id.casefold()))
        if by_id is not None and _agree(person, by_id.person):
            return by_id
        parts = place.split("-")  # a repository: the login may hold hyphens
        keys = [
            *_list_keys(person, ()),
            *((kind, label.casefold()) for kind in ("login", "id", "email")),
            *_list_names(label),
            *(("login", "-".join(parts[n:]).casefold()) for n in range(1, len(parts))),
        ]
        # A number counts last where the names differ: it may be of another kind.
        return next((one for key in keys if (one := self._only(key))), by_id)

    def _only(self, key: tuple[str, str]) -> Enrolled | None:
        found = self._by.get(key, ()) if key[1] else ()
        return found[0] if len(found) == 1 else None


def _agree(first: Person, second: Person) -> bool:
    """False where both have names, and not the same."""
    own, other = {*_list_names(first.name)}, {*_list_names(second.name)}
    return not own or not other or bool(own & other)


def _list_keys(person: Person, ids: Iterable[str]) -> list[tuple[str, str]]:
    """What the person is known by, what tells most first."""
    return [
        *(("id", one.casefold()) for one in ids if one),
        *(
            (kind, value.casefold())
            for kind in ("email", "login")
            if (value := getattr(person, kind))
        ),
        *_list_names(person.name),
    ]


def _list_names(name: str) -> list[tuple[str, str]]:
    """A name in any order, and as Canvas sorts it: the last word, or the last two, first."""
    words = _turn(name).split()
    if not words:
        return []
    turned = {
        _squash(" ".join((*words[-n:], *words[:-n]))) for n in range(1, min(4, len(words) + 1))
    }
    known = " ".join(sorted(re.findall(r"\w+", _fold(name))))
    return [("name", known), *(("squashed", t) for t in sorted({*turned, _squash(name)}))]


def _fold(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def _squash(text: str) -> str:
    return re.sub(r"[\W_]+", "", _fold(text))


def _join(hand_in: HandIn, persons: Sequence[Enrolled | None], index: _Index) -> HandIn:
    if not any(persons):
        return hand_in
    if index.find_members(hand_in):
        members = tuple(e.person for e in persons if e is not None)
        return replace(hand_in, persons=members)
    own = hand_in.persons or (Person(),)
    whole = tuple(
        _complete(mine, e.person) if e else mine for mine, e in zip(own, persons, strict=True)
    )
    named = hand_in.student == ", ".join(map(_call, own))  # a team has a name of its own
    label = ", ".join(map(_call, whole)) if named or len(whole) == 1 else hand_in.student
    return replace(hand_in, student=label, persons=whole)


def _complete(own: Person, known: Person) -> Person:
    """The roster's name; else the source's, and the roster's where the source has none."""
    merged = {f.name: getattr(own, f.name) or getattr(known, f.name) for f in fields(Person)}
    return Person(**merged | {"name": known.name or own.name})


def _make_absent(one: Enrolled) -> HandIn:
    return HandIn(student=_call(one.person), persons=(one.person,))


def _call(person: Person) -> str:
    return person.name or person.login or person.id or person.email


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(show_name(n) for n in names[:_SHOWN]) + more


def dump_roster(roster: Sequence[Enrolled]) -> list[Json]:
    """For the ledger."""
    return [one.to_json() for one in roster]


def load_roster(value: Iterable[Mapping[str, Any]]) -> list[Enrolled]:
    """What `dump_roster` made."""
    return [Enrolled.from_json(one) for one in value]
