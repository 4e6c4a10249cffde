"""Written answers are found by their labels, wherever students write them, and nowhere else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records.measurements.text import MOST
from grader.submissions.written import find_answers, find_prompts

QS = ("Q1", "Q2")


def notebook(*cells: tuple[str, str]) -> bytes:
    """A notebook of these cells, kind and text."""
    return json.dumps(
        {
            "cells": [{"cell_type": kind, "source": text} for kind, text in cells],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    ).encode()


def texts(name: str, content: bytes | str, prompts: frozenset[str] = frozenset()) -> dict[str, str]:
    """What is found in one file, by label."""
    data = content.encode() if isinstance(content, str) else content
    return {k: a.text for k, a in find_answers({name: data}, name, QS, prompts).items()}


@pytest.mark.parametrize(
    "source",
    [
        "Q1: it saves memory\nQ2: because",
        "**Q1.** it saves memory\n\n**Q2.** because",
        "## Q1\nit saves memory\n## Q2\nbecause",
        "> q1) it saves memory\n> Q2) because",
        "- Q1 - it saves memory\n- Q2 — because",
        "1. Q1: it saves memory\n2. __Q2__: because",
        "<b>Q1</b>：it saves memory\n\u200bQ2 (2 points): because",
        "• Question Q1 → it saves memory\n• ~~Q2~~ = because",
    ],
)
def test_labels_in_a_text_cell(source: str) -> None:
    """A colon, a full stop, a bracket, a dash or the end of the line follows the label."""
    seen = texts("a.ipynb", notebook(("markdown", source)))
    assert {k: v.strip("> ") for k, v in seen.items()} == {"Q1": "it saves memory", "Q2": "because"}


def test_a_label_within_another_gets_nothing_of_its_answer() -> None:
    """`Q1.2` begins with `Q1.`, and `Q1-b` with `Q1-`."""
    found = find_answers({"a.md": b"Q1.2: two\nQ1-b: b\nQ1.3: x"}, None, ("Q1", "Q1.2", "Q1-b"))
    assert {k: a.text for k, a in found.items()} == {"Q1.2": "two", "Q1-b": "b\nQ1.3: x"}


def test_an_answer_is_found_beside_much_else() -> None:
    """Below a large picture, after long data, in a string without an end, in two bytes each."""
    picture = "![a](data:image/png;base64," + "A" * 2_000_000 + ")\nQ1: yes\n"
    for files in (
        {"a.md": picture},
        {"input.txt": "hello\n" * 60_000, "report.md": "Q1: yes"},
        {"a.py": '"""\nQ1: yes'},
        {"a.ipynb": notebook(("code", "%%markdown\nQ1: yes")).decode()},
    ):
        data = {name: text.encode() for name, text in files.items()}
        assert find_answers(data, None, QS)["Q1"].text == "yes"
    assert texts("a.txt", "Q1: yes".encode("utf-16")) == {"Q1": "yes"}
    assert texts("a.md", "Q1: ∞\nQ2: ✓") == {"Q1": "∞", "Q2": "✓"}


def test_an_answer_ends_with_its_cell() -> None:
    """What stands in the next cell belongs to nobody; the place is that of a reader's count."""
    book = notebook(("code", "x = 1"), ("markdown", "Q1: yes"), ("markdown", "Now the training."))
    found = find_answers({"a.ipynb": book}, "a.ipynb", QS)
    assert found["Q1"].text == "yes"
    assert found["Q1"].places == ("a.ipynb, cell 2",)
    assert "Q2" not in found


def test_the_cell_below_is_the_answer_where_the_label_stands_alone() -> None:
    """But not across code."""
    assert texts("a.ipynb", notebook(("markdown", "## Q1"), ("markdown", "It saves memory.")))
    assert not texts("a.ipynb", notebook(("markdown", "## Q1"), ("code", "1"), ("markdown", "No.")))


def test_comments_and_strings_of_a_module() -> None:
    """A block of comments, and a string over several lines."""
    source = 'x = 1\n# Q1: it saves\n#   memory\ny = 2  # Q2: no\n"""\nQ2: because\nof this\n"""\n'
    assert texts("a.py", source) == {"Q1": "it saves\nmemory", "Q2": "because\nof this"}


def test_text_files_with_labels_and_of_their_own() -> None:
    """`answers.md`, `Q1.txt`; the entry's answer comes first, a second one is added."""
    files = {"a.py": b"# Q1: first", "answers.md": b"Q1: second\nQ2: z", "Q2.txt": b"whole\nfile\n"}
    found = find_answers(files, "a.py", QS)
    assert found["Q1"].text == "first\n\nsecond"
    assert found["Q1"].places == ("a.py, line 1", "answers.md")
    assert found["Q2"].text == "whole\nfile\n\nz"


@pytest.mark.parametrize("blank", ["Q1:", "Q1: ...", "Q1: TODO", "Q1: *your answer here*", "Q1 is"])
def test_blanks_and_mentions_are_no_answers(blank: str) -> None:
    """Neither is a sentence that begins with the label."""
    assert texts("a.ipynb", notebook(("markdown", blank))) == {}


def test_lines_of_the_handout_are_nobodys() -> None:
    """The question itself stands below the label in many handouts."""
    blank = notebook(("markdown", "**Q1.** Why does it save memory?\nTwo sentences.\n"))
    prompts = find_prompts({"a.ipynb": blank}, QS)
    assert texts("a.ipynb", blank, prompts) == {}
    full = notebook(("markdown", "**Q1.** Why does it save memory?\nTwo sentences.\nNo graph."))
    assert texts("a.ipynb", full, prompts) == {"Q1": "No graph."}


def test_a_long_answer_is_cut_and_says_so() -> None:
    """However long."""
    (found,) = find_answers({"Q1.md": b"word " * 100_000}, None, QS).values()
    assert len(found.text) == MOST
    assert found.cut


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.ipynb", "a.md", "Q1.txt"]))
def test_any_bytes_are_read(content: bytes, name: str) -> None:
    """Nothing that a student sends raises."""
    find_answers({name: b"Q1: " + content, "x.ipynb": content}, name, QS)
