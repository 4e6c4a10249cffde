"""A notebook's file is read in one place: as cells with numbers, or refused with one error."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import notebook_file
from grader.records.notebook_file import Unreadable, read_notebook

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | JSON,
        "source": st.text() | st.lists(st.text(), max_size=3) | JSON,
        "outputs": JSON,
    },
)


def write(*cells: Any) -> bytes:
    """A notebook with these cells."""
    return json.dumps({"nbformat": 4, "cells": cells}).encode()


def test_cells_are_numbered_among_all() -> None:
    """Kind and source of each; a part of another form is None, and moves no number."""
    read = read_notebook(
        write(
            {"cell_type": "markdown", "source": ["a\n", "b"]},
            7,
            {"cell_type": "code", "source": "x = 1"},
            {"cell_type": "heading", "source": ["a", 1]},
            {"source": ""},
        )
    )
    assert [(c.number, c.kind, c.source) for c in read.cells] == [
        (1, "markdown", "a\nb"),
        (2, None, None),
        (3, "code", "x = 1"),
        (4, None, None),
        (5, "raw", ""),
    ]
    assert read.fields["nbformat"] == 4
    assert [dict(c.fields) for c in read.cells][1:3] == [
        {},
        {"cell_type": "code", "source": "x = 1"},
    ]
    with pytest.raises(Unreadable, match="Cell 2 of the notebook has no text"):
        _ = read.sources


def test_other_sources() -> None:
    """Everything but code and text stays as it was, in its order."""
    book = {"cells": [{"id": "a", "source": "x", "cell_type": "code"}], "nbformat": 4}
    written = read_notebook(json.dumps(book).encode()).with_sources(["one\ntwö"])
    book["cells"][0]["source"] = ["one\n", "twö"]  # type: ignore[index]
    assert written.decode() == json.dumps(book, indent=1, ensure_ascii=False) + "\n"
    assert read_notebook(b"\xef\xbb\xbf" + written).sources == ["one\ntwö"]


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap nothing is parsed."""
    monkeypatch.setattr(notebook_file, "MOST_BYTES", 10)
    with pytest.raises(Unreadable, match="The notebook has 37 bytes; at most 10"):
        read_notebook(b" " * 37)


@given(st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()))
@pytest.mark.parametrize("before", [b"", b"[" * 100_000, b'{"cells":' * 100_000, b"9" * 5000])
def test_anything_is_read_or_refused(before: bytes, content: bytes) -> None:
    """Nothing but Unreadable is raised, whatever the bytes are."""
    with contextlib.suppress(Unreadable):
        read_notebook(before + content)


@given(st.lists(CELL | JSON, max_size=4))
def test_cells_of_any_form_are_read(cells: list[Any]) -> None:
    """Each cell is there, and what it says is text or None."""
    read = read_notebook(write(*cells))
    assert [c.number for c in read.cells] == list(range(1, len(cells) + 1))
    assert all(c.source is None or isinstance(c.source, str) for c in read.cells)
    assert {c.kind for c in read.cells} <= {None, "code", "markdown", "raw"}
