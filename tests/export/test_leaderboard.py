"""The leaderboard: ranks, and who is called how."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from grader.export.export import Results
from grader.export.leaderboard import LEADERBOARD, find_aliases, is_ranked, read_choice
from grader.records.errors import UsageError
from grader.records.result import Graded
from kit.sample_records import check, graded


def ranked(student: str, accuracy: float, parameters: int, **more: object) -> Graded:
    """A student whose accuracy is ranked; the digest is told by the name."""
    facts = {"leaderboard": {"accuracy": accuracy, "parameters": parameters}}
    result = check("test_accuracy", "partial", 0.5, evidence=facts, **more)
    return replace(graded(student, result), digest=student.lower()[0] * 64)


CLASS = [
    ranked("Bob", 0.70, 90_000),
    ranked("Ada", 0.80, 300_000),
    ranked("Cyd", 0.80, 200_000),
    ranked("Dan", 0.80, 200_000),
    ranked("Eve", 0.99, 5, needs_review=True),
    graded("Fay"),
]


def rows(**options: object) -> list[list[str]]:
    made = LEADERBOARD.make(Results(graded=CLASS, **options))  # type: ignore[arg-type]
    return list(csv.reader(io.StringIO(made.content.decode())))


def test_the_best_come_first() -> None:
    """By accuracy, then by fewer parameters; equals share a rank, and who waits for a person or is
    not ranked is not in it.
    """
    assert rows() == [
        ["rank", "student", "accuracy", "parameters"],
        ["1", "cccccccc", "0.8", "200000"],
        ["1", "dddddddd", "0.8", "200000"],
        ["3", "aaaaaaaa", "0.8", "300000"],
        ["4", "bbbbbbbb", "0.7", "90000"],
    ]


def test_the_order_of_the_class_does_not_matter() -> None:
    """The same results make the same file."""
    forward, back = (LEADERBOARD.make(Results(graded=c)).content for c in (CLASS, CLASS[::-1]))
    assert forward == back


def test_two_who_handed_in_the_same_stand_side_by_side() -> None:
    """Equal files have an equal code."""
    twins = [ranked("Ada", 0.8, 3), ranked("Amy", 0.8, 3)]
    made = LEADERBOARD.make(Results(graded=twins)).content.decode()
    assert made.count("aaaaaaaa") == 2


def test_names_are_shown_where_the_instructor_says_so() -> None:
    """All of them, or aliases; a formula stays text."""
    assert [r[1] for r in rows(aliases=find_aliases(read_choice("names"), CLASS))[1:]] == [
        "Cyd",
        "Dan",
        "Ada",
        "Bob",
    ]
    assert rows(aliases={"Cyd": "=1+1"})[1][1] == "'=1+1"


def test_aliases_come_from_a_file(tmp_path: Path) -> None:
    """Who has none there keeps the code."""
    path = tmp_path / "aliases.csv"
    path.write_text("student,alias\nAda,Otter\nBob,\n", encoding="utf-8-sig")
    aliases = find_aliases(read_choice(str(path)), CLASS)
    assert [r[1] for r in rows(aliases=aliases)[1:]] == [
        "cccccccc",
        "dddddddd",
        "Otter",
        "bbbbbbbb",
    ]
    assert find_aliases(None, CLASS) == find_aliases(read_choice("codes"), CLASS) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,alias\nAda,Otter\n", "no columns"),
        ("student,alias\nAda,Otter\nBob,Otter\n", "'Otter' to two students"),
        (None, "cannot be read"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    """With what is wrong in it."""
    path = tmp_path / "aliases.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_choice(str(path))


def test_only_what_is_ranked_makes_one() -> None:
    """Other assignments get no file."""
    assert is_ranked(CLASS)
    assert not is_ranked([graded("Fay")])
