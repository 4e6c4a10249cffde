"""A check as a table in somebody else's page, and as the lines that stand for it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from grader.cli import terminal
from grader.cli.check_table import bundle, table, waiting
from grader.grading.self_check import SelfCheck
from grader.records.execution import Execution
from grader.records.result import Graded
from kit.sample_records import check, graded
from kit.texts import ANY, NASTY

OUTCOMES = ("passed", "partial", "failed", "skipped", "unmeasured", "deferred", "broken")


def own(one: Graded) -> SelfCheck:
    """The student's own check that this record is of, by a kit and with checks that are hidden."""
    return SelfCheck(graded=one, withheld=True, remarks=("Judged by the kit k.zip.",))


class Read(HTMLParser):
    """Tags, attributes and text of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_has_the_mark_of_the_terminal(outcome: str) -> None:
    """The same sign in both, and no cross for what is decided elsewhere."""
    one = own(replace(graded(), checks=(check("layer_shapes", outcome),)))
    sign = re.sub(r"\[.*?\]", "", terminal.MARKS[outcome])
    read = Read(table(one, "x"))
    assert read.tags.count("tr") == 1
    assert f"{sign}layer_shapes" in read.text.replace("\n", "")
    assert f"{sign} layer_shapes" in terminal.check_text(one)
    assert ("✗" in read.text) == (outcome in ("failed", "unmeasured"))


def test_everything_that_is_printed_stands_in_the_table() -> None:
    """Reason, notes, titles, feedback, hint, points and the last line."""
    row = check("layer_shapes", "failed", feedback="Seen `3`.", hint="Try `4`.")
    ended = Execution(status="time", reason="It took too long.", level=3)
    one = own(
        graded("Ada", row, check("test_accuracy", "deferred"), notes=("A note.",), execution=ended)
    )
    read = Read(table(one, "`lenet.ipynb` as saved at 14:03:12"))
    text = " ".join(read.text.split())
    for line in terminal.check_text(one).splitlines():
        for part in re.split(r"^\S |  ", line.strip()):
            assert part.replace("`", "") in text, part
    assert "lenet.ipynb as saved at 14:03:12" in text


@given(ANY | NASTY)
def test_nothing_that_a_student_writes_acts(text: str) -> None:
    """Whatever it is, it adds no tag and no attribute, and hides nothing."""
    row = check("layer_shapes", "failed", feedback=f"a{text}", hint=f"a{text}")
    one = own(graded("Ada", row, notes=(f"a{text}",)))
    read = Read(table(one, f"a{text}"))
    assert set(read.tags) <= {"div", "table", "tbody", "tr", "td", "b", "span", "code"}
    assert read.names <= {"style"}
    for shown in (read.text, *bundle(one, "x").values(), *waiting(text).values()):
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
        )
        shown.encode()
