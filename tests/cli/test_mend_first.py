"""What to mend first: one cause, its price, the student's lines around it, and nothing twice."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console

from grader.cli import mend_first, terminal
from grader.cli.check_table import table
from grader.cli.code_lines import CodeLine, find_lines
from grader.grading.excerpts import take_excerpts
from grader.grading.self_check import SelfCheck
from grader.records.excerpt import WIDTH
from grader.records.place import Place
from grader.records.result import CheckResult, Graded
from kit.sample_records import check, graded
from kit.texts import ANY, NASTY

MODULE = b"""import torch
from torch import nn


class LeNet5(nn.Module):
    def forward(self, x):

        return torch.softmax(self.fc3(self.relu(self.fc2(self.relu(self.fc1(x))))), dim=1)
"""
AT = Place(file="lenet.py", line=8)
SEEN = "A softmax stands at the end. Your numbers sum to 1; scores are expected."
ABOVE = "What was seen stands above."
HINT = "Return the scores of `fc3` as they are."


def lost(**more: object) -> CheckResult:
    """A check that names its place."""
    one = check("forward_values", "failed", feedback=SEEN, hint=HINT)
    return replace(one, at=AT, **more)


def wait(name: str, on: str = "forward_values") -> CheckResult:
    """A check that was not judged because of that one."""
    return replace(check(name, "skipped"), code="checks-wait", facts={"check": on})


def own(*checks: CheckResult, **files: bytes) -> SelfCheck:
    """A student's check of these files, by default of a module."""
    given = {name.replace("_", "."): content for name, content in files.items()}
    return SelfCheck(graded=keep(given or {"lenet.py": MODULE}, *checks), withheld=False)


def keep(files: dict[str, bytes], *checks: CheckResult) -> Graded:
    """A record with the lines around what was lost."""
    one = graded("Ada", *(checks or (lost(),)))
    return replace(one, excerpts=take_excerpts(one.checks, one.execution, files))


def find(files: dict[str, bytes], at: Place) -> tuple[CodeLine, ...]:
    """The lines that are shown for a check that was lost there."""
    return find_lines(keep(files, replace(lost(), at=at)), at)


def printed(one: SelfCheck, width: int = 80) -> list[str]:
    """The lines on a console of this width, without colours."""
    out = io.StringIO()
    terminal.checked(
        one, Console(file=out, width=width, highlight=False, emoji=False, color_system=None)
    )
    return out.getvalue().splitlines()


# ---------------------------------------------------------------------- sentences


def test_nothing_is_to_mend_without_a_loss() -> None:
    """No card, no heading, and no empty line."""
    one = own(check("layer_shapes"), check("test_accuracy", "deferred"))
    assert mend_first.advise(one.graded) is None
    assert "Mend first" not in "\n".join(printed(one))
    assert "" not in printed(one)


def test_a_cause_and_what_it_costs() -> None:
    """Its title, the checks that show it, those that wait for it, and all of their points."""
    one = own(lost(), wait("gradient_values"), wait("two_steps", on="gradient_values"))
    advice = mend_first.advise(one.graded)
    assert advice is not None
    points = sum(c.points for c in one.graded.checks if c.lost)
    assert advice.heading == "Mend first: A softmax stands at the end"
    assert advice.cost == (
        f"It costs {points:g} points, in forward_values. 2 checks wait for it: gradient_values and two_steps."
    )
    assert advice.place == "lenet.py, line 8"
    assert advice.seen == "Your numbers sum to 1; scores are expected."
    assert advice.hint == HINT


@pytest.mark.parametrize(
    ("feedback", "seen"),
    [
        ("One sentence.", ""),
        ("One sentence. Two.", "Two."),
        ("One sentence\nwith an end.", "with an end."),
    ],
)
def test_the_title_is_not_said_twice(feedback: str, seen: str) -> None:
    """Where it is the first sentence of what was seen."""
    one = own(replace(lost(), feedback=feedback))
    advice = mend_first.advise(one.graded)
    assert advice is not None
    assert ("One sentence" in advice.heading, advice.seen) == (True, seen)


def test_a_title_of_the_words_in_use_leaves_the_feedback_whole() -> None:
    """What a message calls the fault is no part of what was seen."""
    assert mend_first._cut_title("Yours answers 3.", "Another title") == "Yours answers 3."
    assert mend_first._cut_title("A layers differs.", "A layer") == "A layers differs."


# ---------------------------------------------------------------------- lines


def test_lines_of_a_module() -> None:
    """Three on each side, without what they are all indented by, and without blank ends."""
    assert find({"lenet.py": MODULE}, AT) == (
        CodeLine(number=5, text="class LeNet5(nn.Module):", marked=False),
        CodeLine(number=6, text="    def forward(self, x):", marked=False),
        CodeLine(number=7, text="", marked=False),
        CodeLine(
            number=8,
            text="        return torch.softmax(self.fc3(self.relu(self.fc2(self.relu(self.fc1(x))))), dim=1)",
            marked=True,
        ),
    )


def test_lines_of_a_cell() -> None:
    """Counted from its first; other cells are not shown."""
    sources = ["# text", "import torch\n", ["x = 1\n", "y = softmax(x)"]]
    cells = [{"cell_type": "code", "source": s} for s in sources]
    files = {"lenet.ipynb": json.dumps({"cells": cells}).encode()}
    at = Place(file="lenet.ipynb", cell=3, line=2)
    assert [(c.number, c.text, c.marked) for c in find(files, at)] == [
        (1, "x = 1", False),
        (2, "y = softmax(x)", True),
    ]
    for elsewhere in (replace(at, cell=None), replace(at, cell=4), replace(at, file="a.ipynb")):
        assert find(files, elsewhere) == ()


def test_a_line_that_is_not_there() -> None:
    """Beyond the end, before the beginning, or not known."""
    for line in (None, 0, -3, 10, 10**9):
        assert find({"lenet.py": MODULE}, Place(file="lenet.py", line=line)) == ()
    assert find({}, AT) == ()


@given(some.binary(max_size=300) | (ANY | NASTY).map(lambda s: s.encode("utf-8", "replace")))
def test_whatever_a_file_holds(content: bytes) -> None:
    """At most seven short lines, each on one line."""
    for line in range(1, 5):
        lines = find({"lenet.py": content}, Place(file="lenet.py", line=line))
        assert len(lines) <= 7
        assert all(len(c.text) <= 4 * WIDTH and len(c.text.splitlines()) <= 1 for c in lines)


def test_a_long_line_is_cut_where_all_see_it() -> None:
    """A line of a megabyte does not fill a screen."""
    (line,) = find({"lenet.py": b"x" * 1_000_000}, Place(file="lenet.py", line=1))
    assert line.text == "x" * (WIDTH - 1) + "…"


# ---------------------------------------------------------------------- shown


def test_it_stands_first_and_indented() -> None:
    """Before the rubric, with the line marked by a sign that needs no colour."""
    lines = printed(own(lost(), wait("two_steps")), 200)
    end = lines.index("")
    assert lines[0] == "Mend first: A softmax stands at the end"
    assert all(text.startswith("  ") for text in lines[1:end])
    assert "      6      def forward(self, x):" in lines
    assert [text[:9] for text in lines if text.startswith("    > ")] == ["    > 8  "]
    assert lines[end + 1].startswith("✓ ")


def test_what_stands_above_is_not_said_again() -> None:
    """In the rubric a sentence leads to it; other checks keep theirs."""
    other = check("test_accuracy", "failed", feedback="Only 3 % are read rightly.", hint="Train.")
    text = "\n".join(printed(own(lost(), other), 300))
    assert text.count("Your numbers sum to 1") == 1
    assert text.count(HINT) == 1
    assert text.count(ABOVE) == 1
    assert "Only 3 % are read rightly." in text
    assert "Next step: Train." in text


@pytest.mark.parametrize("width", [30, 60, 80])
def test_a_narrow_terminal(width: int) -> None:
    """Every line fits, code too, and its parts stay below each other."""
    name = "gradient_values_of_the_third_block"
    checks = (lost(name=name), wait("two_steps", on=name))
    lines = printed(replace(own(), graded=replace(own().graded, checks=checks)), width)
    assert max(map(len, lines)) <= max(width, len(f"✗ {name}  20 / 20"))
    assert any(name in text for text in lines if not text.startswith("✗"))
    code = "".join(text.strip("> 8") for text in lines if text.startswith("    "))
    assert "torch.softmax(self.fc3(" in code


@given(ANY | NASTY)
def test_nothing_in_a_line_acts(text: str) -> None:
    """Whatever a student's line holds, it is shown."""
    content = text.encode("utf-8", "surrogatepass")
    one = own(replace(lost(), at=Place(file="lenet.py", line=1)), lenet_py=content)
    shown = ("\n".join(printed(one)), table(one, "x"))
    for page in shown:
        assert not any(c in page for c in "\x1b\x9b\u202e\x07")
    assert "<script" not in shown[1]


def test_the_table_of_a_notebook_shows_the_same() -> None:
    """Above the rows: title, price, place, lines and the next step."""
    html = table(own(lost(), wait("two_steps")), "x")
    card, _, rows = html.partition("<table")
    for text in ("Mend first: A softmax stands", "lenet.py, line 8", "&gt;    8  ", "Next step: "):
        assert text in card
    assert card.count('<div style="background:') == 2  # the block, and the line that is meant
    assert ABOVE in rows
    assert "Your numbers sum to 1" not in rows
