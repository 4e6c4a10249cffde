"""What a student's process remarks is read as claims, and said in words of ours."""

from __future__ import annotations

from typing import Any

import pytest

from grader.sandbox import remarks


@pytest.mark.parametrize(
    "rows",
    [None, {}, "cuda", 7, [7], [["cuda"]], [["cuda", 7]], [["cuda", "", ""]], [["unheard", "of"]]],
)
def test_what_is_no_remark_is_passed_over(rows: Any) -> None:
    """Of another form, or not of the vocabulary."""
    assert remarks.read(rows) == []


def test_details_are_short_and_plain() -> None:
    """No control characters, 200 characters, 40 remarks; braces are only braces."""
    ((key, detail),) = remarks.read([["colab", "\x1b[2J{0}\n" + "x" * 500]])
    assert (key, detail[:7], len(detail)) == ("colab", "[2J{0}x", 198)
    assert "{0}" in remarks.list_sentences({(key, detail): None})[0]
    assert len(remarks.read([["cuda", str(n)] for n in range(100)])) == remarks.CAP


def test_one_sentence_for_each_key() -> None:
    """Five details are listed, of blanks ten, each with a sentence of its own."""
    made = {("program", f"`{n}`"): None for n in range(7)}
    (text,) = remarks.list_sentences(made)
    assert "passed over: `0`, `1`, `2`, `3`, `4` and 2 more." in text
    said = remarks.list_sentences({("blank", f"a.py, line {n}: `...`"): None for n in range(11)})
    assert said[0] == "A blank is left: a.py, line 0: `...`."
    assert said[10:] == ["Blanks that are left besides: 1."]
    assert remarks.list_sentences({}) == []
