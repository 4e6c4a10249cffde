"""Notebooks of any JSON: read or Unreadable, never a crash; outputs and files of bounded size."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbformat import NotebookNode, v4

from grader.inside import wire
from grader.inside.notebooks import notebook, outputs
from grader.records.execution import ExecutedCell
from grader.records.notebook_file import Unreadable
from kit.mutations import mutated
from kit.notebook_page import inert, page

WORDS = st.sampled_from(
    ["code", "markdown", "raw", "heading", "stream", "error", "display_data", "execute_result", "pyout",
     "stdout", "stderr", "image/png", "image/svg+xml", "text/html", "application/json", "a+json", "python",
     "R", "\ud800", "<script>alert(1)</script>", "\x1b[31m", "x" * 300, "../x", "\0", "1"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS
    | st.text(st.characters(exclude_categories=()), max_size=6)
)  # fmt: skip
KEYS = st.sampled_from(
    ["cells", "cell_type", "source", "outputs", "metadata", "id", "attachments", "nbformat",
     "nbformat_minor", "worksheets", "kernelspec", "language", "language_info", "name", "text", "data",
     "ename", "evalue", "traceback", "output_type", "input", "prompt_number", "level", "execution_count",
     "transient", "display_id", "wait", "orig_nbformat", "display_name"]
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | WORDS, inner, max_size=4),
    max_leaves=8,
)
DEEP = st.integers(1, 3000).map(lambda n: "@" * n)
"""Stands for lists so deep; JSON of them cannot be made by Python's own writer."""

CELLS = [
    {"cell_type": "code", "source": ["import torch\n", "x = 1"], "id": "a", "metadata": {"tags": ["t"]},
     "outputs": [{"output_type": "stream", "name": "stdout", "text": "1\n"}], "execution_count": 1},
    {"cell_type": "markdown", "source": "# é \U0001f600", "metadata": {}, "id": "b",
     "attachments": {"a.png": {"image/png": "aGk="}}},
    {"cell_type": "raw", "source": "", "metadata": {}, "id": "a"},
]  # fmt: skip
NEW = {
    "nbformat": 4, "nbformat_minor": 5, "cells": CELLS,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},
}  # fmt: skip
OLD = {
    "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
    "worksheets": [{"cells": [
        {"cell_type": "code", "input": ["x = 1"], "language": "python", "collapsed": False,
         "outputs": [{"output_type": "pyout", "text": "1", "prompt_number": 1}], "metadata": {}},
        {"cell_type": "heading", "level": 1, "source": ["t"], "metadata": {}},
    ], "metadata": {}}],
}  # fmt: skip
FIRST = {
    **OLD,
    "nbformat": 1,
    "cells": [{"cell_type": "code", "code": "x = 1", "prompt_number": 1}],
}


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A notebook with parts of any form, nested deeply, cut, or with bytes changed."""
    book = draw(mutated(draw(st.sampled_from([NEW, NEW, OLD, FIRST])), JSON | DEEP) | JSON)
    text = json.dumps(book)
    while '"@' in text:
        start = text.index('"@')
        end = text.index('"', start + 1)
        depth = end - start - 1
        text = f"{text[:start]}{'[' * depth}{']' * depth}{text[end + 1 :]}"
    data = bytearray(text.encode())
    for place, value in draw(
        st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=2)
    ):
        data[place % len(data)] = value
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


def deep_metadata(depth: int) -> bytes:
    """A notebook whose metadata are nested."""
    text = json.dumps({**NEW, "metadata": {"x": "@"}})
    return text.replace('"@"', "[" * depth + "]" * depth).encode()


@given(files() | st.binary(max_size=60), st.sampled_from([0, 400, 2_000, 1 << 20]))
@example(deep_metadata(1300), 1 << 20)
@example(deep_metadata(1700), 1 << 20)
@example(json.dumps({**NEW, "cells": [{**CELLS[0], "cell_type": ["code"]}]}).encode(), 1 << 20)
def test_any_file_is_a_notebook_or_unreadable(data: bytes, cap: int) -> None:
    """What is read is valid, without outputs, and can be written within any size that holds a note."""
    try:
        book = notebook.read(data, "lenet.ipynb")
    except notebook.Unreadable as error:
        text = str(error)
        assert text.startswith(("lenet.ipynb", "the notebook"))
        assert len(text) < 700
        return
    nbformat.validate(book)
    assert not any(cell.get("outputs") for cell in book.cells)
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    written = notebook.write(book, max(cap, 400))
    assert len(written) <= max(cap, 400)
    nbformat.validate(nbformat.reads(written.decode(), as_version=4))
    inert(page(written))


@given(files())
def test_any_file_makes_a_page_or_is_unreadable(data: bytes) -> None:
    """An executed notebook is shown without anything that acts, whoever wrote it."""
    with contextlib.suppress(Unreadable):
        inert(page(data, [ExecutedCell(index=1, status="error", error="no", seconds=1.0)]))


# ---------------------------------------------------------------------- what cells send

CAUGHT = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What the driver takes for a forged message."""
DATA = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/png", "image/svg+xml", "application/json", "a+json",
                     "x" * 300]) | WORDS,
    st.text(max_size=40) | st.integers(0, 3000).map(lambda n: "y" * n) | JSON,
    max_size=3,
)  # fmt: skip
CONTENT = {
    "stream": st.fixed_dictionaries(
        {"name": st.sampled_from(["stdout", "stderr"]), "text": st.integers(0, 3000).map(lambda n: "z\r\n" * n)}
    ),
    "error": st.fixed_dictionaries(
        {"ename": WORDS, "evalue": WORDS | JSON, "traceback": st.lists(st.integers(0, 900).map("t".__mul__), max_size=4)}
    ),
    "clear_output": st.fixed_dictionaries({"wait": st.booleans()}),
    **dict.fromkeys(
        ("display_data", "execute_result", "update_display_data"),
        st.fixed_dictionaries(
            {"data": DATA}, optional={"transient": st.fixed_dictionaries({"display_id": WORDS})}
        ),
    ),
}  # fmt: skip
MESSAGES = st.sampled_from(sorted(CONTENT)).flatmap(
    lambda kind: st.tuples(st.just(kind), CONTENT[kind] | JSON)
) | st.tuples(WORDS, JSON)


def characters(cell: NotebookNode) -> int:
    """Everything that is text in the outputs of a cell."""
    return len(json.dumps([o for o in cell.outputs if not _picture(o)]))


def _picture(output: NotebookNode) -> bool:
    return any(key.startswith("image/") for key in output.get("data", {}))


@given(
    st.lists(st.lists(MESSAGES, max_size=12), min_size=1, max_size=4),
    st.lists(st.integers(1, 40), min_size=4, max_size=4),
)
def test_any_messages_are_kept_within_caps(
    given_in: list[list[tuple[str, Any]]], repeats: list[int]
) -> None:
    """Outputs are valid, few and small, whatever the kernel's messages are and however many."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "TEXT_CAP": 8192,
            "TEXTS_CAP": 16384,
            "COUNT_CAP": 20,
            "_ERROR_CAP": 1024,
        }.items():
            patch.setattr(outputs, name, value)
        collected, book = outputs.Outputs(), v4.new_notebook()
        for messages, count in zip(given_in, repeats, strict=False):
            book.cells.append(v4.new_code_cell("x"))
            collected.open(book.cells[-1])
            for kind, content in messages * count:
                with contextlib.suppress(*CAUGHT):
                    collected.take(kind, content)
            for texts in collected.printed.values():
                texts.clear()
            collected.close()
            assert len(book.cells[-1].outputs) <= 20 + 3
            assert characters(book.cells[-1]) < 20 * (8192 + 2500)
        assert sum(map(len, collected._displays.values())) <= 20 * outputs._SAME_CAP
        data = notebook.write(book, 1 << 20)
        nbformat.validate(nbformat.reads(data.decode(), as_version=4))
        inert(page(data))


def test_many_cells_that_print_a_lot_are_kept_within_one_cap() -> None:
    """After the notebook's own cap a cell keeps little: the supervisor's memory does not grow."""
    collected, kept = outputs.Outputs(), []
    for _ in range(200):
        cell = v4.new_code_cell("x")
        collected.open(cell)
        for _ in range(20):
            collected.take("stream", {"name": "stdout", "text": "z" * 20_000})
        collected.take("error", {"ename": "E", "evalue": "", "traceback": ["t" * 90_000]})
        collected.printed["stdout"].clear()
        collected.close()
        kept.append(characters(cell))
    assert sum(kept) < outputs.TEXTS_CAP + 2 * outputs.TEXT_CAP + 200 * 3 * outputs._LITTLE
    assert kept[0] > 250_000
    assert kept[-1] < 3 * outputs._LITTLE
    cell = v4.new_code_cell("x")
    collected.open(cell)
    for _ in range(500):
        collected.take("display_data", {"data": {}})
    assert len(cell.outputs) < 50


@pytest.mark.parametrize(
    "content",
    [
        {"data": {}, "transient": {"display_id": "same"}},
        {"data": {"x" * 500_000: ""}},
        {"data": {}, "transient": {"display_id": "x" * 500_000}},
    ],
    ids=["empty", "long form", "long name"],
)
def test_displays_that_hold_nothing_are_counted(content: dict[str, Any]) -> None:
    """A display of nothing takes memory as well: the kernel is ended for too many of them."""
    cell, collected, sent = v4.new_code_cell("x"), outputs.Outputs(), 0
    collected.open(cell)
    while not collected.flooded and sent < 40_000:
        collected.take("display_data", content)
        sent += 1
    assert collected.flooded
    assert len(cell.outputs) <= outputs.COUNT_CAP
    assert characters(cell) < 200_000
    assert len(collected._displays.get("same", [])) <= outputs._SAME_CAP
    assert not any(len(name) > 200 for name in collected._displays)


def test_json_that_is_nested_deeply_is_left_out() -> None:
    """It is nobody's forgery, so the cell is not stopped for it; the display has its text."""
    value: Any = 0
    for _ in range(700):
        value = [value]
    cell, collected = v4.new_code_cell("x"), outputs.Outputs()
    collected.open(cell)
    collected.take("display_data", {"data": {"application/json": value, "text/plain": "deep"}})
    collected.close()
    assert collected.cut
    assert cell.outputs[0].data == {"text/plain": "deep"}


# ---------------------------------------------------------------------- sizes


def test_a_notebook_in_very_small_parts_is_refused_before_it_is_read() -> None:
    """Three bytes of JSON can take two hundred in memory."""
    data = (
        json.dumps(NEW)[:-1].encode() + b', "x": [' + b"{}," * (notebook.OBJECTS_CAP + 1) + b"0]}"
    )
    with pytest.raises(notebook.Unreadable, match="Clear all outputs"):
        notebook.read(data, "lenet.ipynb")


def test_a_notebook_of_much_code_is_refused() -> None:
    """Twelve million empty lines are a file of ten times their size."""
    cells = [CELLS[0], {"cell_type": "markdown", "source": "\n" * (notebook.SOURCE_CAP + 1)}]
    with pytest.raises(notebook.Unreadable, match="characters of code and text"):
        notebook.read(json.dumps({**NEW, "cells": cells}).encode(), "lenet.ipynb")


def test_outputs_give_way_largest_first_and_each_is_measured_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 400 cells that print, those that fit stay; the notebook is put into a file three times at most."""
    cells = [v4.new_code_cell("x") for _ in range(400)]
    for number, cell in enumerate(cells):
        text = "z" * (20 * number)
        cell.outputs = [NotebookNode(output_type="stream", name="stdout", text=text)]
    made = notebook._dump
    dumps: list[int] = []
    monkeypatch.setattr(notebook, "_dump", lambda book: dumps.append(1) or made(book))
    data = notebook.write(v4.new_notebook(cells=cells), 600_000)
    assert 500_000 < len(data) <= 600_000
    assert len(dumps) <= 3
    assert "left out" in str(cells[399].outputs)
    assert "zzz" in str(cells[100].outputs)


def test_what_cannot_be_kept_is_said() -> None:
    """Cells that are too large for the cap themselves leave a notebook with a note."""
    data = notebook.write(v4.new_notebook(cells=[v4.new_code_cell("x = 1\n" * 9000)]), 5_000)
    (cell,) = nbformat.reads(data.decode(), as_version=4).cells
    assert "too large to be kept" in cell.source


def test_nesting_is_measured_without_recursion() -> None:
    """However deep, and in both kinds of container."""
    value: Any = 0
    for _ in range(100_000):
        value = {"a": [value]}
    assert wire.is_nested(value, 1000)
    assert not wire.is_nested([[{"a": ()}]], 4)
    assert wire.is_nested([[{"a": ()}]], 3)
    while value:  # else Python frees it by recursion
        value = value["a"][0]
