"""Whose row is whose: never in doubt, and nobody lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.matching import Key, Matching, list_forms, list_members, match
from grader.records.person import Person
from kit.gradebooks import one

ROWS = [
    ("11", "mcurie", "m@x.edu", "Curie, Marie"),
    ("12", "aeinst", "a@x.edu", "Einstein, Albert"),
    ("13", "mcurie2", "m2@x.edu", "Curie, Marie"),
    ("14", "jlopez", "j@x.edu", "López, José"),
]
LABELS = ["row 1", "row 2", "row 3", "row 4"]


def keys(rows: list[tuple[str, str, str, str]] = ROWS) -> list[Key]:
    """As a gradebook has them."""
    ids, logins, emails, names = zip(*rows, strict=True)
    return [
        Key(heading="ID", fields=("id",), values=ids),
        Key(heading="Login", fields=("login",), values=logins),
        Key(heading="Email", fields=("email", "login"), values=emails),
        Key(heading="Name", fields=("name",), values=names),
    ]


def find(*persons: Person) -> Matching:
    """Each person handed in alone."""
    graded = [one(f"s{n}", 1, person) for n, person in enumerate(persons)]
    return match(list_members(graded), keys(), LABELS)


@pytest.mark.parametrize(
    ("person", "row", "by"),
    [
        (Person(id="13"), 2, "ID"),
        (Person(login="MCURIE2"), 2, "Login"),
        (Person(email="A@X.edu "), 1, "Email"),
        (Person(login="a@x.edu"), 1, "Email"),
        (Person(name="Albert Einstein"), 1, "Name"),
        (Person(name="einsteinalbert"), 1, "Name"),
        (Person(name="Jose Lopez"), 3, "Name"),
        (Person(name="José Lo\u0301pez"), 3, "Name"),
        (Person(name="Marie Curie", id="11"), 0, "ID"),
        (Person(name="Marie Curie", login="mcurie2"), 2, "Login"),
        (Person(name="Bert E.", id="12"), 1, "ID"),
    ],
)
def test_a_person_is_found(person: Person, row: int, by: str) -> None:
    """By number, account, address or name, however they are written."""
    (pair,) = find(person).pairs
    assert (pair.row, pair.by) == (row, by)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person(name="Marie Curie"), "could be in several rows: Name fits row 1 and row 3"),
        (Person(name="Albert Einstein", id="11"), "ID fits row 1; Name fits row 2"),
        (Person(login="mcurie", email="a@x.edu"), "Login fits row 1; Email fits row 2"),
    ],
)
def test_doubt_is_no_match(person: Person, why: str) -> None:
    """The sentence names what fits what, and the rows are not called nobody's."""
    found = find(person)
    ((member, said),) = found.refused
    assert (found.pairs, found.unmatched, member.person) == ([], [], person)
    assert why in said
    assert len(found.rows) == 4 - said.count("row ")


@pytest.mark.parametrize(
    ("field", "heading", "known"), [("id", "ID", "11"), ("login", "Login", "mcurie")]
)
def test_a_row_with_another_number_is_not_the_person_s(
    field: str, heading: str, known: str
) -> None:
    """A name is shared by many; but where no number or account of the file is known, it has to do."""
    namesake = Person(**{field: "99", "name": "Albert Einstein"})
    found = find(Person(**{field: known}), namesake)
    ((member, said),) = found.refused
    assert (member.person, said) == (namesake, f"fits row 2 by Name, but {heading} there is not 99")
    assert found.rows == [2, 3]
    assert [p.row for p in find(namesake).pairs] == [1]


def test_a_name_is_said_once() -> None:
    """Unless it does not tell the members of a group apart."""
    (alone,) = list_members([one("Bo Li (17)", 1, Person(name="Bo Li"))])
    together = list_members([one("Bo, Al", 1, Person(name="Bo"), Person(name="Al"))])
    assert alone.name == "Bo Li (17)"
    assert [m.name for m in together] == ["Bo (Bo, Al)", "Al (Bo, Al)"]


def test_two_persons_for_one_row_are_both_refused() -> None:
    """Neither is more likely; a third one is not held up by it."""
    found = find(Person(id="11"), Person(login="mcurie"), Person(id="12"))
    assert [p.row for p in found.pairs] == [1]
    assert [said for _, said in found.refused] == [
        "fits row 1, and so does mcurie (s1)",
        "fits row 1, and so does 11 (s0)",
    ]
    assert found.rows == [2, 3]


def test_a_label_is_all_that_is_known() -> None:
    """A folder's name may be a number, an account, an address or a name."""
    graded = [one(label, 1) for label in ("11", "aeinst", "j@x.edu", "nobody")]
    found = match(list_members(graded), keys(), LABELS)
    assert [(p.member.name, p.row) for p in found.pairs] == [
        ("11", 0),
        ("aeinst", 1),
        ("j@x.edu", 3),
    ]
    assert [m.name for m in found.unmatched] == ["nobody"]
    assert found.rows == [2]


def test_each_member_of_a_group_has_a_row() -> None:
    """And each is named with the group."""
    graded = [one("Group 7", 1, Person(id="11"), Person(id="12"), Person(name="Eve"))]
    found = match(list_members(graded), keys(), LABELS)
    assert [p.row for p in found.pairs] == [0, 1]
    assert [m.name for m in found.unmatched] == ["Eve (Group 7)"]


def test_nothing_finds_nothing() -> None:
    """Empty cells are no value that an unknown person has too."""
    rows = [("", "", "", ""), ("", "", "", " ")]
    found = match(list_members([one("s", 1, Person())]), keys(rows), LABELS[:2])
    assert (len(found.unmatched), found.rows) == (1, [0, 1])


def test_forms_of_a_name() -> None:
    """What a Canvas download makes of a name is among them; two names have none in common."""
    assert list_forms("Curie, Marie") & list_forms("Marie Curie") >= {"curiemarie"}
    assert list_forms("de la Cruz, Ana") & list_forms("Ana de la Cruz") >= {"anadelacruz"}
    assert not list_forms("Marie Curie") & list_forms("Pierre Curie")
    assert list_forms(" -_ ") == frozenset()


PEOPLE = st.builds(
    Person,
    id=st.sampled_from(["", "11", "12", "13", "99"]),
    login=st.sampled_from(["", "mcurie", "aeinst", "x"]),
    email=st.sampled_from(["", "m@x.edu", "a@x.edu", "y@x"]),
    name=st.sampled_from(["", "Marie Curie", "José López", "Zoë"]),
)


@given(st.lists(PEOPLE, max_size=6))
def test_everybody_is_accounted_for(people: list[Person]) -> None:
    """Each person is matched, unmatched or refused; no row is given twice, and no row is lost."""
    found = find(*people)
    assert len(found.pairs) + len(found.unmatched) + len(found.refused) == len(people)
    rows = [p.row for p in found.pairs]
    assert len(set(rows)) == len(rows)
    assert not set(rows) & set(found.rows)
    for pair in found.pairs:
        known, row = pair.member.person, ROWS[pair.row]
        assert known.id in ("", "99", row[0]), "a number that another row has is no match"
