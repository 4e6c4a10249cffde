"""What a student's page says first, and how it draws what was measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from grader import compare, data
from grader.compare.error_strips import make_strips, measure_errors
from grader.data.secret import Secret
from grader.grading.changes import remember
from grader.grading.excerpts import take_excerpts
from grader.records.earlier import Earlier
from grader.records.excerpt import AROUND, WIDTH, Excerpt
from grader.records.execution import Execution, StudentError
from grader.records.measurements import Logits
from grader.records.place import Place
from grader.records.result import Graded
from grader.report import pages
from grader.report.drawing import MOST, draw
from grader.report.plots import choose_ticks, read_curve, wilson
from grader.report.strips import read_errors, read_strips
from grader.report.student_view import open_page
from kit.page import Page, words
from kit.places import NOWHERE
from kit.sample_records import check, graded
from kit.shown_records import accuracy, everything, hostile, network

ENV = pages.environment()


def shown(one: Graded) -> str:
    """The words of a student's page."""
    return words(Page(pages.student_page(one, ENV)))


# ------------------------------------------------------------------------------------ the head


def test_the_head_says_what_cost_most_and_how_to_repeat_it() -> None:
    """The first cause in a sentence, what changed since the grading before, and a command."""
    text = shown(everything())
    assert "What cost most: 7 of 10 gradients differ. It takes 30 of the 75.72 points" in text
    assert "+4.28 points since the grading before: layer shapes +14.28, test accuracy +10." in text
    assert "grader check lenet.py" in text
    assert text.index("grader check") < text.index("Mend first")


def test_full_marks_need_no_card() -> None:
    """Then the page says so, and has nothing to mend."""
    text = shown(graded("Ada"))
    assert "Every point that can be had." in text
    assert "Mend first" not in text
    assert "What cost most" not in text


def test_the_bar_has_a_segment_for_each_check() -> None:
    """As wide as its points, filled as far as it was earned."""
    segments = open_page(everything()).segments
    assert [s.check.name for s in segments] == [c.name for c in everything().checks]
    assert sum(s.width for s in segments) == pytest.approx(100, abs=2)
    assert segments[0].filled == pytest.approx(0.714 * segments[0].width, abs=0.02)


def test_a_command_is_one_word_for_each_file() -> None:
    """A name with spaces, or with a second command, is quoted for the shell."""
    one = replace(graded("Ada"), entry="a b; rm -r x.py")
    assert open_page(one).command == "grader check 'a b; rm -r x.py'"


# ----------------------------------------------------------------------------------- the cards


def test_a_card_shows_the_students_own_lines() -> None:
    """Around the place, the line itself marked, with what was seen and expected and what to do."""
    card = open_page(everything()).cards[-1]
    assert card.place == Place(file="lenet.py", line=11)
    assert [row.number for row in card.lines if row.hit] == [11]
    assert "nn" in card.lines[3].html
    assert card.sides == ("batch norm to 6 × 28 × 28", "no layer here")
    html = pages.student_page(everything(), ENV)
    assert 'class="hit"' in html
    assert 'class="py-c"' in html, "a comment has the colour of comments"


def test_the_end_of_a_run_is_the_first_card() -> None:
    """Where nothing was measured since the program stopped, the error speaks, with its lines."""
    error = StudentError(kind="NameError", message="name 'F'", file="lenet.py", line=11, code="x")
    gone = [
        check(c.name, "unmeasured", feedback="Nothing.", code="run-not-loaded")
        for c in everything().checks
    ]
    one = replace(
        everything(),
        checks=tuple(gone),
        score=0.0,
        execution=Execution(status="crashed", error=error),
    )
    card = open_page(one).cards[0]
    assert (card.title, card.stopped) == ("The submission crashed", True)
    assert [row.number for row in card.lines if row.hit] == [11]
    assert len(open_page(one).cards) == 1


def test_facts_say_what_was_seen_before_evidence_does() -> None:
    """A message's own facts are nearer to the fault."""
    lost = check("layer_shapes", "failed", facts={"seen": [6, 5], "expected": [6, 7]},
                 evidence={"layers": network()})  # fmt: skip
    assert open_page(graded("Ada", lost)).cards[0].sides == ("6 × 5", "6 × 7")


# ----------------------------------------------------------------------------------- excerpts


def test_excerpts_are_taken_around_places() -> None:
    """Of modules and of cells, once each; what is not there is left out; long lines are cut."""
    code = "\n".join(f"line{n} = {n}" for n in range(1, 21)) + "\n" + "x" * 1000
    book = {"cells": [{"cell_type": "code", "source": ["a\n", "b"]}], "nbformat": 4}
    files = {"a.py": code.encode(), "b.ipynb": json.dumps(book).encode(), "c.py": b"\xff\xfe"}
    places = [
        Place(file="a.py", line=10),
        Place(file="a.py", line=11),
        Place(file="a.py", line=21),
        Place(file="b.ipynb", cell=1, line=2),
        Place(file="b.ipynb", cell=7, line=2),
        Place(file="gone.py", line=1),
        Place(file="a.py", line=999),
    ]
    lost = [check("two_steps", "failed", at=place) for place in places]
    found = take_excerpts(lost, Execution(status="ok"), files)
    assert [(e.file, e.cell, e.first) for e in found] == [
        ("a.py", None, 10 - AROUND),
        ("a.py", None, 21 - AROUND),
        ("b.ipynb", 1, 1),
    ]
    assert len(found[0].lines) == 2 * AROUND + 1
    assert max(len(line) for e in found for line in e.lines) == WIDTH
    assert take_excerpts([replace(lost[0], outcome="passed")], Execution(status="ok"), files) == ()


def test_records_with_excerpts_come_back() -> None:
    """As JSON and as a record; a record of before has none."""
    one = everything()
    value = one.to_json()
    assert Graded.from_json(value) == one
    old = {k: v for k, v in value.items() if k not in ("entry", "excerpts", "earlier")}
    assert Graded.from_json(old) == replace(one, entry="", excerpts=(), earlier=None)
    assert one.shorten().excerpts == ()


def test_a_result_remembers_the_one_before() -> None:
    """Only where something else was decided: the same work, judged again, changes nothing."""
    first = graded("Ada")
    second = replace(graded("Ada", check("two_steps", "failed")), digest="other")
    assert remember(None, first).earlier is None
    assert remember(first, first).earlier is None
    later = remember(first, second)
    assert later.earlier == Earlier(score=100.0, checks={c.name: c.points for c in first.checks})
    assert remember(later, second) == later


def test_a_place_outside_is_not_shown() -> None:
    """An excerpt shows the lines of its own cell alone."""
    one = Excerpt(file="a.ipynb", cell=2, first=4, lines=("x", "y"))
    assert one.shows(Place(file="a.ipynb", cell=2, line=5))
    assert not one.shows(Place(file="a.ipynb", cell=2, line=6))
    assert not one.shows(Place(file="a.ipynb", cell=3, line=5))
    assert not one.shows(Place(file="a.ipynb", cell=2))


# ------------------------------------------------------------------------------------ figures


def test_long_networks_are_cut_around_the_first_difference() -> None:
    """With a count of what is left out; the number of the layer stays its own."""
    rows = [{"seen": None, "expected": None, "same": n != 700, "note": "x"} for n in range(1, 1001)]
    drawing = draw(rows)  # type: ignore[arg-type]
    assert drawing is not None
    assert drawing.first is not None
    assert drawing.first.number == 700
    assert len(drawing.shown) == MOST
    assert drawing.before + MOST + drawing.after == 1000


def test_ticks_are_round_and_take_in_both_ends() -> None:
    """Whatever the numbers."""
    for low, high in ((0.2, 2.5), (-3.0, 4.0), (1e-9, 3e-9), (5.0, 5.0), (0.0, 0.0), (0, 123456)):
        begin, step, count = choose_ticks(low, high)
        assert begin <= low
        assert begin + count * step >= high - 1e-9 * step
        assert count <= 6
    curve = read_curve({"losses": [2.3, 1.0, 0.4], "ours": [2.2, 0.3], "of": 300})
    assert curve is not None
    assert curve.heights == ["2.5", "2", "1.5", "1", "0.5", "0"]
    assert curve.steps == ["1", "75", "150", "225", "300"]


def test_the_interval_of_a_share() -> None:
    """Wilson's, as tables have it; it never leaves 0 to 1."""
    low, high = wilson(0.9, 100)
    assert (round(low, 4), round(high, 4)) == (0.8256, 0.9448)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)
    assert wilson(0.0, 10)[0] == pytest.approx(0.0)


def test_strips_say_where_the_error_is() -> None:
    """In parts of the array, as powers of ten; what is equal has none."""
    ours = np.ones(600)
    own = ours.copy()
    own[300:] += 0.02
    made = make_strips([("w", own, ours), ("b", ours, ours)], ["w"], "gradients")["strips"]
    strips = read_strips(made)
    assert strips is not None
    assert strips.rows[0].cells == [(0, 30, 0), (30, 30, 6)]
    assert strips.rows[0].worst == pytest.approx(0.01)
    assert strips.rows[1].equal
    assert measure_errors(np.ones(3), np.ones(4)) is None
    nan = measure_errors(np.array([np.nan, 1.0]), np.ones(2))
    assert nan is not None
    assert nan.tolist() == [np.inf, 0.0]


def test_errors_are_shown_of_public_pictures_only() -> None:
    """The surest first; none of altered pictures, and none where the labels are of no set."""
    rows = accuracy()["errors"]
    pictures = read_errors(rows)
    assert len(pictures) == 20
    shares = [p.share for p in pictures]
    assert shares == sorted(shares, key=lambda s: -(s or 0))
    assert all(p.label != p.answer for p in pictures)
    secret = data.test("mnist", limit=50, altered=True)
    secret.labels.set_source(data.Source(NOWHERE, stand_in=True, secret="s"))
    for labels in (secret.labels, Secret(lambda: np.arange(50) % 10, "labels")):
        wrong = Logits(own=np.eye(10)[(labels.reveal() + 1) % 10], operands=())
        verdict = compare.accuracy(wrong, wrong, labels, full=0.0, zero=-0.5)
        assert "errors" not in verdict.evidence
        assert "confusion" in verdict.evidence["accuracy"]  # type: ignore[operator]


def test_what_is_no_picture_is_left_out() -> None:
    """Evidence is of any form: only a small PNG in base 64 becomes one."""
    odd = ['"><script>', "iVBORw0KGgo" + "A" * 5000, "R0lGODlh", 7, None]
    assert read_errors({"rows": [{"png": png, "label": 1, "answer": 2} for png in odd]}) == []


def test_a_hostile_page_is_whole() -> None:
    """Every element is closed, and no script came in."""
    page = Page(pages.student_page(hostile(), ENV))
    assert "script" not in {tag for tag, _ in page.elements}
