"""The page of a class: what it says of whom, what of it sorts and filters, and its size."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from grader.records import file_names
from grader.records.likeness import Likeness
from grader.records.result import Graded
from grader.report import class_page, pages, summary
from grader.report.misconceptions import find_misconceptions, list_of_class
from kit.large_class import many
from kit.page import Page, inert, words
from kit.sample_records import a_class, check, graded

ENV = pages.environment()
MOST_BYTES = 600_000


def show(rows: Sequence[Graded], alike: Sequence[Likeness] = ()) -> Page:
    """The page, parsed and found harmless."""
    stems = file_names.file_names(one.student for one in rows)
    return inert(class_page.index_page([one.shorten() for one in rows], ENV, stems, alike))


def test_who_needs_what() -> None:
    """Numbers first, then who needs a person, who has nothing, did not run, was late."""
    text = words(show(a_class()))
    assert "12 students 61.2 median of 100 points 50.28 mean 2 need a person 3 with no" in text
    assert "3 with no points Alan Turing, Emmy Noether, Maryam Mirzakhani" in text
    assert "4 did not run to the end Alan Turing, Emmy Noether, Hypatia" in text
    assert "1 handed in nothing to run Évariste Galois" in text
    assert "1 late Grace Hopper" in text
    assert "broke on our side Carl Friedrich Gauß" in text
    order = [text.rindex(name) for name in ("Évariste Galois", "Grace Hopper", "Kurt Gödel")]
    assert order == sorted(order)


def test_withdrawn_work_is_named_and_does_not_count() -> None:
    """Nor does what is excused, though its row stays."""
    rows = [graded("Ada"), dataclasses.replace(graded("Bob"), withdrawn="2026-03-01T10:00:00")]
    rows.append(dataclasses.replace(graded("Cleo"), excused=True))
    text = words(show(rows))
    assert "2 students" in text
    assert "1 withdrawn No longer among the submissions" in text
    assert text.count("Bob") == 1
    assert summary.spread([rows[0], rows[2]]) == summary.spread(rows[:1])


def test_full_marks_stand_apart() -> None:
    """They are in none of the tenths."""
    lost = check("two_steps", "failed", feedback="Another.")
    spread = summary.spread([graded("a"), graded("b"), graded("c", lost)])
    assert spread is not None
    assert spread.full == (2, 100.0)
    assert [count for _, count, _ in spread.bins] == [0] * 9 + [1]


def test_the_hardest_check_comes_first() -> None:
    """By the mean share of its points; what nobody could be judged by stands last."""
    rows = [
        graded("a", check("two_steps", "failed"), check("layer_shapes", "broken", 0.0)),
        graded("b", check("forward_values", "partial", 0.5), check("layer_shapes", "broken", 0.0)),
    ]
    lines = summary.hardest_first(summary.rubric(rows))
    assert [line.check.name for line in lines][:2] == ["two_steps", "forward_values"]
    assert lines[-1].check.name == "layer_shapes"
    assert lines[0].stack == [("passed", 0.0, 50.0), ("failed", 50.0, 50.0)]


def test_misconceptions_are_grouped_by_code() -> None:
    """Whatever their sentences say; what has no code is grouped by its own first sentence."""
    one = check("forward_values", "failed", feedback="Softmax twice at 3.", code="network-softmax")
    other = dataclasses.replace(one, feedback="Softmax twice at 4.")
    plain = check("two_steps", "failed", feedback="Another. At index [0].")
    rows = [graded("a", one), graded("b", other), graded("c", other, plain), graded("d", plain)]
    rows.append(graded("e", check("two_steps", "skipped")))
    first, second = find_misconceptions(rows, list_of_class(rows))
    assert (first.code, first.students, first.points) == ("network-softmax", ["a", "b", "c"], 60)
    assert first.checks == ["forward_values"]
    assert (second.title, second.students) == ("Another", ["c", "d"])
    text = words(show(rows))
    assert text.index("network-softmax") < text.index("Another 20 points lost")


def test_everybody_with_a_misconception_is_there() -> None:
    """More than a few stand folded, and nobody is left out."""
    lost = check("two_steps", "failed", feedback="Another.")
    page = show([graded(f"s{n:02}", lost) for n in range(40)])
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    assert all(links.count(f"s{n:02}.html") == 2 for n in range(40)), "in the list and the table"
    assert "and 32 more" in words(page)


def test_an_end_of_the_run_is_a_cause() -> None:
    """Where it is all that is known, how it ended is said."""
    assert "The submission crashed" in words(show(a_class()))


def test_a_leaderboard_where_a_check_is_ranked() -> None:
    """The best first, with who they are: the page is the instructor's."""

    def ranked(student: str, accuracy: float) -> Graded:
        evidence = {"leaderboard": {"accuracy": accuracy, "parameters": 61706}}
        return graded(student, check("test_accuracy", evidence=evidence))

    text = words(show([ranked("Ada", 0.97), ranked("Bob", 0.99), graded("Cleo")]))
    assert "Leaderboard Rank Student Accuracy Parameters 1 Bob 99.00 % 61,706 2 Ada 97" in text
    assert "Leaderboard" not in words(show([graded("Cleo")]))


def test_similar_work_is_a_hint() -> None:
    """It names both, says how much, and that it is no verdict; who is gone is not named."""
    pair = Likeness(kind="code", students=("Ada", "Bob"), share=0.96, size=340)
    gone = Likeness(kind="weights", students=("Ada", "Nobody"), share=1.0, size=61706)
    text = words(show([graded("Ada"), graded("Bob")], [pair, gone]))
    assert "a hint for a person, never a verdict" in text
    assert "96 % of the tokens: Ada and Bob (340 tokens)" in text
    assert "Nobody" not in text


def test_a_large_class_is_a_small_page() -> None:
    """300 students and 17 checks: every cell is there, in under 600 KB."""
    rows = many()
    stems = file_names.file_names(one.student for one in rows)
    html = class_page.index_page([one.shorten() for one in rows], ENV, stems)
    assert len(html.encode()) < MOST_BYTES
    cells = [a for tag, a in inert(html).elements if tag == "td"]
    assert len(cells) == 300 * (17 + 3)


@pytest.mark.parametrize("group", ["person", "zero", "stopped", "nothing", "late", "lost", "full"])
def test_every_number_leads_to_names(group: str) -> None:
    """A tile leads to a part of the page, and the filter of that name has as many rows."""
    page = show(a_class())
    rows = [a for tag, a in page.elements if tag == "tr" and group in a.get("class", "").split()]
    assert rows
    if group not in ("lost", "full"):
        assert ("a", {"href": f"#{group}"}) in page.elements
        assert group in [a.get("id") for _, a in page.elements]
