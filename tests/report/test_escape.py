"""Text made harmless: nothing hidden, no formula, no path."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from grader.report import escape
from kit.texts import ANY, NASTY


@given(ANY | NASTY)
def test_visible_hides_nothing(text: str) -> None:
    """No control, format or surrogate is left but newline and tab, so that it can be encoded."""
    shown = escape.block(text)
    shown.encode("utf-8")
    for character in shown:
        kind = unicodedata.category(character)
        assert kind not in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in "\n\t\u200c\u200d"


@given(ANY | NASTY)
def test_visible_twice_is_visible(text: str) -> None:
    """What is visible stays as it is."""
    assert escape.block(escape.block(text)) == escape.block(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a\nb\tc"),
        ("a\r\nb", "a\nb"),
        ("50 %\r100 %", "50 %\\x0d100 %"),
        ("\x1b[31m", "\\x1b[31m"),
        ("Eve\u202egnp", "Eve\\u202egnp"),
        ("\0\x7f\x85", "\\x00\\x7f\\x85"),
        ("\udcff", "\\udcff"),
        ("\ufeffx\u2028", "\\ufeffx\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("Zoë Müller — 李", "Zoë Müller — 李"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    """Controls become escapes that one can read; letters of every script stay."""
    assert escape.block(text) == expected


@given(ANY | NASTY)
def test_line_is_one_line(text: str) -> None:
    """A line has no line end and no tab."""
    shown = escape.line(text)
    assert len(shown.splitlines()) <= 1
    assert "\t" not in shown


@given(ANY | NASTY)
def test_cell_is_no_formula(text: str) -> None:
    """No cell begins, even after spaces, with what a spreadsheet evaluates."""
    shown = escape.cell(text)
    assert not shown.strip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        (" =1", "' =1"),
        ("\t=1", "'\\t=1"),
        ("＝1", "'＝1"),
        ("a=b", "a=b"),
        (-1.5, "-1.5"),
        (100.0, "100"),
        (7, "7"),
        (True, "yes"),
        (False, "no"),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_cell(value: object, expected: str) -> None:
    """Text that looks like a formula gets an apostrophe; numbers stay numbers."""
    assert escape.cell(value) == expected


@pytest.mark.parametrize(
    "text", ["::add-mask::a", "a\n  ::error::b", "##[error]c", "##vso[task.x]d"]
)
def test_no_text_in_a_log_is_a_command(text: str) -> None:
    """Nor in a result that is printed there, as Markdown and as data."""
    for shown in (escape.log(text), escape.terminal(text), escape.markdown(text)):
        assert "##" not in shown
        assert not any(one.strip().startswith("::") for one in shown.split("\n"))
