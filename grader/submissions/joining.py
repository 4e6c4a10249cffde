"""Whose hand-in is whose, by a roster.

A person of a hand-in is found by the first of these that fits exactly one person of the roster: id,
unless the names differ; e-mail address; account; name; id alone. A name fits in any order of its
words, without accents, with `oe` for `ö`, and in the form in which Canvas writes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from grader.records.person import Person
from grader.submissions.layouts.layout import HandIn
from grader.submissions.names import list_names, show_name
from grader.submissions.roster import Enrolled, call, turn

_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
"""Letters as they are spelt where there are none of them."""


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
    remarks = [f"Not on the roster: {list_names(strangers)}."] * bool(strangers)
    remarks += _name_renamed(hand_ins, joined)
    remarks += [
        f"Several hand-ins could be of {show_name(call(e.person))}: none was joined."
        for e in doubtful
    ]
    return [*joined, *absent], remarks


def _name_renamed(before: Iterable[HandIn], after: Iterable[HandIn]) -> list[str]:
    """Who bears a name on the roster that is another one than the source's: a group, perhaps."""
    renamed = {
        f"{show_name(old.student)} is {show_name(new.student)}"
        for old, new in zip(before, after, strict=True)
        if len(old.persons) == len(new.persons) == 1
        and new.persons[0] != old.persons[0]
        and not _agree(old.persons[0], new.persons[0])
    }
    if not renamed:
        return []
    return [
        f"By number, not by name: {list_names(sorted(renamed))}. Where that is a group, give a"
        " roster with a column `group`."
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
    whole = unicodedata.normalize("NFC", name.casefold())
    spelt = whole.translate(_SPELT)
    return [key for one in dict.fromkeys((whole, spelt)) for key in _list_orders(one)]


def _list_orders(name: str) -> list[tuple[str, str]]:
    words = turn(name).split()
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
    if members := index.find_members(hand_in):
        theirs = tuple(e.person for e in persons if e is not None)
        return replace(hand_in, student=members[0].group, persons=theirs)
    own = hand_in.persons or (Person(),)
    whole = tuple(
        _complete(mine, e.person) if e else mine for mine, e in zip(own, persons, strict=True)
    )
    named = hand_in.student == ", ".join(map(call, own))  # a team has a name of its own
    label = ", ".join(map(call, whole)) if named or len(whole) == 1 else hand_in.student
    return replace(hand_in, student=label, persons=whole)


def _complete(own: Person, known: Person) -> Person:
    """The roster's name; else the source's, and the roster's where the source has none."""
    merged = {f.name: getattr(own, f.name) or getattr(known, f.name) for f in fields(Person)}
    return Person(**merged | {"name": known.name or own.name})


def _make_absent(one: Enrolled) -> HandIn:
    return HandIn(student=call(one.person), persons=(one.person,))
