"""A roster: who is in the course, in the export of any platform."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.records.errors import UsageError
from grader.records.json_values import record_to_json
from grader.records.person import Person
from grader.submissions.folder import read_path
from grader.submissions.names import Refused

_SIZE = 16 << 20
"""Bytes of a roster."""
_CELL = 300
"""Characters of a cell."""
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
        "login": "login|login id|sis login id|username|user name|benutzername|anmeldename|netid",
        "github": "github username|github|github login",
        "section": "section|sections|section name|abschnitt",
        "group": "group|group name|team|gruppe",
        "role": "role|roles|rolle|rollen",
    }.items()
    for heading in headings.split("|")
}
"""What platforms call their columns, in small letters, with blanks for underscores."""
_NO_STUDENTS = {"points possible", "student, test", "test student"}
"""What Canvas puts among the names."""
_STUDENT_ROLES = {"", "student", "learner", "teilnehmer/in", "0", "estudiante", "étudiant"}
_ABOVE = re.compile(r"\A(?:[ \t]*\r?\n|sep=.\r?\n)+")
"""What programs for tables write above the headings: empty lines, and which sign parts cells."""
_IDENTIFIER = re.compile(r"(?:\D+ |\D+/\D+)?(\d+)")
"""Moodle's `Participant 123456`, in whichever language; in German `Teilnehmer/in123456`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One row of a roster."""

    person: Person
    ids: tuple[str, ...] = ()
    """Every number that the roster has of the person."""
    group: str = ""
    """The group with which the person hands in."""
    github: str = ""
    """The account on GitHub, where the roster says so."""


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
    return _join_rows(enrolled)


def _join_rows(rows: Iterable[Enrolled]) -> list[Enrolled]:
    """One for each person: who is in two sections has two rows of one name and one number, address
    or account.
    """
    joined: dict[object, Enrolled] = {}
    for row in rows:
        known = row.person.id or row.person.email or row.person.login
        key = (known, row.person.name) if known else row
        first = joined.setdefault(key, row)
        joined[key] = replace(
            first,
            person=first.person.complete(row.person),
            ids=tuple(dict.fromkeys((*first.ids, *row.ids))),
            github=first.github or row.github,
            group=first.group or row.group,
        )
    return list(joined.values())


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _read_rows(text: str) -> list[list[tuple[str, str]]] | None:
    """For each row its (column, value), as far as columns are known; None without headings."""
    text = _ABOVE.sub("", text)
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    headings = [_fold_heading(h) for h in next(lines, [])]
    columns = [_HEADINGS.get(h, "") for h in headings]
    if not {"name", "first", "last", "id", "email", "login", "github"} & set(columns):
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
    roles = {one.strip() for one in values.get("role", "").casefold().split(",")}
    if name.casefold() in _NO_STUDENTS or not roles & _STUDENT_ROLES:
        return None
    name = turn(name) or f"{values.get('first', '')} {values.get('last', '')}".strip()
    ids = tuple(dict.fromkeys(_read_id(value) for column, value in row if column == "id"))
    email = values.get("email", "")
    if not email and ids and "@" in ids[0]:  # GitHub Classroom lets teachers take addresses
        email = ids[0]
    github = values.get("github", "")
    person = Person(
        name=name,
        id=ids[0] if ids else "",
        email=email,
        login=values.get("login", "").lstrip("#") or github,
        section=values.get("section", ""),
    )
    if not (person.name or person.id or person.email or person.login):
        return None
    return Enrolled(person=person, ids=ids, group=values.get("group", ""), github=github)


def turn(name: str) -> str:
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
    called = [call(person) for person in persons]
    return [
        f"{label} ({own})"
        if called.count(label) > 1 and (own := person.id or person.email or person.login)
        else label
        for label, person in zip(called, persons, strict=True)
    ]


def call(person: Person) -> str:
    """How a person is called: by name where there is one."""
    return person.name or person.login or person.id or person.email


def dump_roster(roster: Sequence[Enrolled]) -> str:
    """For the ledger."""
    return json.dumps([record_to_json(one) for one in roster])


def load_roster(text: str) -> list[Enrolled]:
    """What `dump_roster` made."""
    return [
        Enrolled(
            person=Person.from_json(r["person"]),
            ids=tuple(r["ids"]),
            group=r["group"],
            github=r.get("github", ""),
        )
        for r in json.loads(text)
    ]
