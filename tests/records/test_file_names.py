"""Names of files that students' names are turned into: plain, short, and no two alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import file_names
from grader.records.errors import GraderError
from kit.texts import ANY, NASTY


@given(ANY | NASTY, st.lists(NASTY, max_size=4))
def test_file_name_is_safe(student: str, others: list[str]) -> None:
    """A stem is short, plain, new in every case, and no name that a system keeps for itself."""
    taken = list(file_names.file_names(others).values())
    stem = file_names.file_name(student, taken)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", stem)
    assert stem.casefold() not in {name.casefold() for name in taken}
    assert stem.casefold() not in {"index", "grades", "con", "prn", "aux", "nul", "com1", "lpt9"}
    assert stem == file_names.file_name(student, taken), "the same in every run"


@given(st.lists(ANY | NASTY, max_size=30))
def test_file_names_are_distinct(students: list[str]) -> None:
    """Every student of a class has a stem, whatever order the names come in."""
    stems = file_names.file_names(students)
    assert set(stems) == set(students)
    assert len({stem.casefold() for stem in stems.values()}) == len(stems)
    assert file_names.file_names(reversed(students)) == stems


@pytest.mark.parametrize("student", ["ada", "Ada_Lovelace", "s-123", "a" * 80])
def test_plain_names_stay(student: str) -> None:
    """A name that is safe already is its own stem."""
    assert file_names.file_name(student) == student


@pytest.mark.parametrize(
    ("student", "start"),
    [
        ("Ada Lovelace", "Ada-Lovelace-"),
        ("Zoë", "Zoe-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("-rf", "rf-"),
        ("index", "index-"),
        ("CON", "CON-"),
        ("李", "student-"),
        ("", "student-"),
        ("..", "student-"),
        ("a" * 255, "a" * 71 + "-"),
    ],
)
def test_changed_names_carry_a_hash(student: str, start: str) -> None:
    """A name that had to be changed stays readable and carries eight digits of its hash."""
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{8}", file_names.file_name(student))


def test_collisions_are_told_apart() -> None:
    """Names that differ only in capitals, accents or form get stems that differ."""
    students = ["zoe", "Zoe", "ZOE", "Zoë", "Zoe\u0308", "Zoe!", "Zoe?"]
    stems = file_names.file_names(students)
    assert len({stem.casefold() for stem in stems.values()}) == len(students)
    twice = file_names.file_name("Zoë", [file_names.file_name("Zoë")])
    assert twice != file_names.file_name("Zoë")


def test_order_is_that_of_people() -> None:
    """Accents and capitals do not send a name to the end."""
    names = ["Zoe", "évariste", "Emmy", "Eva", "alan"]
    assert sorted(names, key=file_names.sort_key) == ["alan", "Emmy", "Eva", "évariste", "Zoe"]


def test_write_is_whole(tmp_path: Path) -> None:
    """A file appears with all its content, says whether it changed, and leaves nothing beside it."""
    path = tmp_path / "x.html"
    assert file_names.write(path, b"one")
    assert not file_names.write(path, b"one")
    assert file_names.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_leaves_the_old(tmp_path: Path) -> None:
    """Where the new file cannot take its place, no half of it stays behind."""
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(GraderError, match="Is a directory"):
        file_names.write(path, b"one")
    assert list(tmp_path.iterdir()) == [path]
