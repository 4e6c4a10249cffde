"""Whose row is whose: persons of the hand-ins and rows of another program's table, matched by what
both know. Pure: two lists in, pairs and everything that stays open out.

A person is matched only where everything that is known points to one row. Where it does not, the
person is refused and named with the rows: a grade in the wrong row is worse than none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.records.person import Person
from grader.records.result import Graded

Field = Literal["id", "login", "email", "name"]
"""What is known of a `Person` and can stand in a table."""
_SURE: tuple[Field, ...] = ("id", "login")
"""What nobody shares, where both sides have the same kind of it."""
_SHOWN = 3
"""Rows that a sentence lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person who was graded: alone, or as a member of a group."""

    graded: Graded
    person: Person

    @property
    def name(self) -> str:
        """As an instructor knows the person, with the hand-in where it does not say that."""
        one = self.person
        own = one.name or one.login or one.email or one.id
        student = self.graded.student
        alone = len(self.graded.persons) < 2
        return (
            student if own in ("", student) or (alone and own in student) else f"{own} ({student})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One column by which rows can be found."""

    heading: str
    fields: tuple[Field, ...]
    """What of a person may stand there."""
    values: Sequence[str]
    """One for each row; empty where nothing stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A person and the row that is the person's."""

    member: Member
    row: int
    """Its place among the values of a key, from 0."""
    by: str
    """The heading by which they were matched."""

    def read(self, field: Field) -> str:
        """What is known of the person, for whom it is no label."""
        return getattr(self.member.person, field) if self.member.graded.persons else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What became of every person, and of every row."""

    pairs: Sequence[Pair]
    unmatched: Sequence[Member]
    """Persons whom no row fits."""
    refused: Sequence[tuple[Member, str]]
    """Persons whom several rows fit, or whose row fits another person too, with a sentence."""
    rows: Sequence[int]
    """Rows whom no person fits, not even in doubt."""


def list_members(graded: Iterable[Graded]) -> list[Member]:
    """Everybody who was graded: each member of a group, and who is known by a label alone."""
    return [
        Member(graded=one, person=person)
        for one in graded
        for person in one.persons or (_read_label(one.student),)
    ]


def _read_label(label: str) -> Person:
    """A label may be any of what a table knows a person by."""
    return Person(name=label, id=label, email=label, login=label)


def match(members: Sequence[Member], keys: Sequence[Key], labels: Sequence[str]) -> Matching:
    """Match persons with rows, which `labels` name in sentences; earlier keys show first as reason.

    Ambiguous are: a value that stands in several rows where no other key tells them apart, two keys
    that point to different rows, two persons for one row, and a row that has another number or
    account than the person where such have found others.
    """
    indexes = [(key, _index(key)) for key in keys]
    pairs, unmatched, refused = list[Pair](), list[Member](), list[tuple[Member, str]]()
    doubted = set[int]()
    for member in members:
        hits = list(_find_hits(member.person, indexes))
        row = _find_common(hits)
        if row is not None:
            narrow = min(hits, key=lambda hit: len(hit[1]))
            pairs.append(Pair(member=member, row=row, by=narrow[0]))
        elif hits:
            refused.append((member, _describe_doubt(hits, labels)))
            doubted |= {row for _, rows in hits for row in rows}
        else:
            unmatched.append(member)
    taken = {pair.row for pair in pairs} | doubted
    free = [row for row in range(len(labels)) if row not in taken]
    same, other = _split_strangers(pairs, indexes, labels)
    single, double = _split_shared(same, labels)
    refused += [*other, *double]
    return Matching(pairs=single, unmatched=unmatched, refused=refused, rows=free)


Hit = tuple[str, frozenset[int]]
"""A heading, and the rows in which it has what is known of a person."""
Index = Callable[[str], frozenset[int]]
"""Gives the rows that have a value."""


def _find_hits(person: Person, indexes: Sequence[tuple[Key, Index]]) -> Iterator[Hit]:
    for key, find in indexes:
        values = dict.fromkeys(getattr(person, field) for field in key.fields)
        rows = frozenset[int]().union(*(find(value) for value in values if value.strip()))
        if rows:
            yield key.heading, rows


def _find_common(hits: Sequence[Hit]) -> int | None:
    """The one row to which every hit points; None where there is none, or more than one."""
    common = frozenset.intersection(*(rows for _, rows in hits)) if hits else frozenset()
    return next(iter(common)) if len(common) == 1 else None


def _describe_doubt(hits: Sequence[Hit], labels: Sequence[str]) -> str:
    """Why no row was chosen, with the rows."""
    told = [f"{heading} fits {_list_rows(rows, labels)}" for heading, rows in hits]
    return f"could be in several rows: {'; '.join(told)}"


def _list_rows(rows: Iterable[int], labels: Sequence[str]) -> str:
    every = sorted(rows)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return " and ".join(labels[row] for row in every[:_SHOWN]) + more


def _split_strangers(
    pairs: Sequence[Pair], indexes: Sequence[tuple[Key, Index]], labels: Sequence[str]
) -> tuple[list[Pair], list[tuple[Member, str]]]:
    """Pairs of one number or account, or of such as say nothing; and those who share the rest."""
    known = [(key, field, find) for key, find in indexes for field in key.fields if field in _SURE]
    told = [(k, f) for k, f, find in known if any(p.row in find(p.read(f)) for p in pairs)]
    same, other = list[Pair](), list[tuple[Member, str]]()
    for pair in pairs:
        against = [(k, f) for k, f in told if pair.read(f) and k.values[pair.row].strip()]
        if against and not any(pair.row in find(pair.read(f)) for _, f, find in known):
            (key, field), *_ = against
            there = f"but {key.heading} there is not {pair.read(field)}"
            other.append((pair.member, f"fits {labels[pair.row]} by {pair.by}, {there}"))
        else:
            same.append(pair)
    return same, other


def _split_shared(
    pairs: Sequence[Pair], labels: Sequence[str]
) -> tuple[list[Pair], list[tuple[Member, str]]]:
    """Pairs whose row is nobody else's, and the members of all others with the reason."""
    by_row = defaultdict[int, list[Pair]](list)
    for pair in pairs:
        by_row[pair.row].append(pair)
    single = [pair for pair in pairs if len(by_row[pair.row]) == 1]
    double = [
        (
            pair.member,
            f"fits {labels[pair.row]}, and so does {_list_others(pair, by_row[pair.row])}",
        )
        for pair in pairs
        if len(by_row[pair.row]) > 1
    ]
    return single, double


def _list_others(pair: Pair, together: Sequence[Pair]) -> str:
    return " and ".join(other.member.name for other in together if other is not pair)


# ---------------------------------------------------------------------------- values and names


def _index(key: Key) -> Index:
    """Find rows by a value of that column; a name in any of the forms that systems give it."""
    if "name" in key.fields:
        return _index_names(key.values)
    rows = _gather((value.strip().casefold(), n) for n, value in enumerate(key.values))
    return lambda value: rows.get(value.strip().casefold(), frozenset())


def _index_names(values: Sequence[str]) -> Index:
    """Names as they are written, and only where none is found, without their accents."""
    exact = _gather((form, n) for n, v in enumerate(values) for form in list_forms(v))
    bare = _gather((_drop_accents(form), n) for n, v in enumerate(values) for form in list_forms(v))

    def find(name: str) -> frozenset[int]:
        forms = list_forms(name)
        rows = [exact.get(form, frozenset()) for form in forms]
        plain = [bare.get(_drop_accents(form), frozenset()) for form in forms]
        return frozenset[int]().union(*rows) or frozenset[int]().union(*plain)

    return find


def _gather(items: Iterable[tuple[str, int]]) -> Mapping[str, frozenset[int]]:
    """Rows by value; nothing is found by an empty one."""
    found = defaultdict[str, set[int]](set)
    for value, row in items:
        if value:
            found[value].add(row)
    return {value: frozenset(rows) for value, rows in found.items()}


def list_forms(name: str) -> frozenset[str]:
    """A name as others may write it, without spaces and signs: `Curie, Marie`, `Marie Curie` and
    `curiemarie` have a form in common.
    """
    whole = unicodedata.normalize("NFKC", name).casefold()
    last, comma, first = whole.partition(",")
    words = whole.split()
    orders = [f"{first} {last}"] if comma else [" ".join([*words[-1:], *words[:-1]])]
    return frozenset(re.sub(r"[\W_]+", "", form) for form in (whole, *orders)) - {""}


def _drop_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
