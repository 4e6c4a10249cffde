"""Whose hand-in is whose, by a roster.

A person of a hand-in is found by the first of these that fits exactly one person of the roster: id,
unless the names differ; e-mail address; account; name; id alone. A name fits as it is written; if
that is nobody's, in any order of its words, without accents, with `oe` for `ö`, and in the form in
which Canvas writes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.records.person import Person
from grader.submissions.layouts.layout import HandIn
from grader.submissions.names import list_names, show_name
from grader.submissions.roster import Enrolled, call, turn

_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
"""Letters as they are spelt where there are none of them."""


def join_roster(
    hand_ins: Sequence[HandIn], roster: Sequence[Enrolled], *, github: bool = False
) -> tuple[list[HandIn], list[str]]:
    """The hand-ins with what the roster knows of their persons, and one without files for each
    person who has none; and remarks on who is not on the roster. Accounts are GitHub's where it is
    said so, and then those of the roster that are as well, if it has any.

    A student's label becomes the roster's name: whatever a file was called, its row is found.
    """
    if not roster:
        return list(hand_ins), []
    index = _Index(roster, "github" if github and any(e.github for e in roster) else "login")
    told = any(map(index.knows, (p for one in hand_ins for p in one.persons)))
    fitting = [index.find_all(one, told=told) for one in hand_ins]
    found = [[_take_only(several) for several in persons] for persons in fitting]
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
    doubtful |= {
        e for persons in fitting for several in persons if len(several) > 1 for e in several
    }
    absent = [_make_absent(e) for e in roster if e not in present | doubtful]
    remarks = _name_strangers(hand_ins, fitting)
    remarks += _name_renamed(hand_ins, joined)
    if github and index.account == "login":
        pairs = [p for p in zip(hand_ins, joined, strict=True) if not index.find_members(p[0])]
        remarks += _name_accounts(pairs)
    remarks += [
        f"Several hand-ins could be of {show_name(call(e.person))}: none was joined."
        for e, whose in claims.items()
        if len(whose) > 1
    ]
    return [*joined, *absent], remarks


def _name_strangers(hand_ins: Sequence[HandIn], fitting: Sequence[Fitting]) -> list[str]:
    """Who is nobody of the roster, and who could be several."""
    pairs = list(zip(hand_ins, fitting, strict=True))
    strangers = [one.student for one, persons in pairs if not any(persons)]
    doubtful = [one.student for one, persons in pairs if any(len(p) > 1 for p in persons)]
    return [
        *[f"Not on the roster: {list_names(strangers)}."] * bool(strangers),
        *[
            f"Several persons of the roster could be {list_names(doubtful)}: none was joined, and"
            " none of them has a row. Call the hand-ins by number, address or"
            " account, or give a roster that has theirs."
        ]
        * bool(doubtful),
    ]


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
        f"Not by name, but by number, address or account: {list_names(sorted(renamed))}."
        " Where that is a group, give a roster with a column `group`."
    ]


def _name_accounts(pairs: Iterable[tuple[HandIn, HandIn]]) -> list[str]:
    """Who was found by an account of GitHub's on a roster that says nothing of GitHub."""
    found = [
        f"{show_name(old.student)} is {show_name(new.student)}"
        for old, new in pairs
        if new.persons != old.persons
    ]
    return [
        f"Taken by accounts of GitHub's as if they were those of the roster: {list_names(found)}."
        " Where they are other people's, give a roster with a column `github_username`."
    ] * bool(found)


Key = tuple[str, str]
"""What kind of thing somebody is known by, and what it is."""
Fitting = Sequence[frozenset[Enrolled]]
"""For each person of a hand-in those of the roster that it could be."""


def _take_only(several: frozenset[Enrolled]) -> Enrolled | None:
    return next(iter(several)) if len(several) == 1 else None


class _Index:
    """A roster, by what persons are known by."""

    def __init__(self, roster: Sequence[Enrolled], account: str) -> None:
        self.account = account
        """What kind of key a hand-in's account is."""
        self._by: dict[Key, list[Enrolled]] = {}
        self._groups: dict[str, list[Enrolled]] = {}
        for one in roster:
            for key in _list_keys(one):
                self._by.setdefault(key, []).append(one)
            if group := _squash(one.group):
                self._groups.setdefault(group, []).append(one)

    def knows(self, person: Person) -> bool:
        """True where a number says who it is, and no name something else."""
        found = self._list([("id", person.id.casefold())])
        return len(found) == 1 and all(_agree(person, one.person) for one in found)

    def find_all(self, hand_in: HandIn, *, told: bool) -> Fitting:
        """For each person of the hand-in whom the roster has; one who has only a label is looked
        for by that. Where numbers have `told` others, nobody of another number fits by name.
        """
        if members := self.find_members(hand_in):
            return [frozenset([one]) for one in members]
        persons = hand_in.persons or (Person(),)
        alone = len(persons) == 1
        label = hand_in.student if alone else ""
        found = [self._find(p, label, hand_in.place) for p in persons]
        return [_leave_others(p, f) if told else f for p, f in zip(persons, found, strict=True)]

    def find_members(self, hand_in: HandIn) -> Sequence[Enrolled]:
        """Everybody of the group after which the hand-in is called."""
        return self._groups.get(_squash(hand_in.student), ())

    def _find(self, person: Person, label: str, place: str) -> frozenset[Enrolled]:
        """The one that fits; else those that could be meant."""
        by_id = self._list([("id", person.id.casefold())])
        if self.knows(person):
            return by_id
        parts = place.split("-")  # a repository: the login may hold hyphens
        tiers = [
            [("email", person.email.casefold())],
            [(self.account, person.login.casefold())],
            *_list_forms(person.name),
            *([(kind, label.casefold())] for kind in (self.account, "id", "email")),
            *_list_forms(label),
            *([(self.account, "-".join(parts[n:]).casefold())] for n in range(1, len(parts))),
        ]
        # A number counts last where the names differ: it may be of another kind.
        found = [several for keys in (*tiers, [("id", person.id.casefold())])
                 if (several := self._list(keys))]  # fmt: skip
        return next((one for one in found if len(one) == 1), next(iter(found), frozenset()))

    def _list(self, keys: Iterable[Key]) -> frozenset[Enrolled]:
        return frozenset(one for key in keys if key[1] for one in self._by.get(key, ()))


def _leave_others(person: Person, found: frozenset[Enrolled]) -> frozenset[Enrolled]:
    """Without those who share a name alone: they have another number."""
    own = {value.casefold() for value in (person.id, person.email, person.login) if value}
    return frozenset(
        one
        for one in found
        if not person.id or not one.ids or own & {value for _, value in _list_keys(one)}
    )


def _agree(first: Person, second: Person) -> bool:
    """False where both have names, and not the same."""
    own, other = (
        {key for keys in _list_forms(person.name) for key in keys} for person in (first, second)
    )
    return not own or not other or bool(own & other)


def _list_keys(one: Enrolled) -> set[Key]:
    """All that the person is known by."""
    known = [
        *(("id", number) for number in one.ids),
        *(("login", login) for login in (one.person.login, one.github)),
        ("github", one.github),
        ("email", one.person.email),
    ]
    names = (key for keys in _list_forms(one.person.name) for key in keys)
    return {(kind, value.casefold()) for kind, value in known if value} | {*names}


def _list_forms(name: str) -> list[set[Key]]:
    """A name as it is; its words in any order; and as Canvas sorts it: the last word, or the last
    two, first. Forms of one set count the same.
    """
    whole = unicodedata.normalize("NFC", name.casefold())
    words = turn(whole).split()
    if not words:
        return []
    both = [turn(whole).split(), turn(whole.translate(_SPELT)).split()]
    known = {" ".join(sorted(re.findall(r"\w+", _fold(" ".join(w))))) for w in both}
    turned = {
        _squash(" ".join((*w[-n:], *w[:-n]))) for w in both for n in range(min(4, len(w) + 1))
    }
    return [
        {("exact", " ".join(words))},
        {("name", one) for one in known},
        {("squashed", one) for one in turned},
    ]


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
    """The roster's name and account; else the source's, and the roster's where that has none."""
    whole = own.complete(known)
    return replace(whole, name=known.name or own.name, login=known.login or own.login)


def _make_absent(one: Enrolled) -> HandIn:
    return HandIn(student=call(one.person), persons=(one.person,))
