"""A record, a gradebook and two pages stay as they are, until somebody means to change them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.grading.grade import grade
from grader.records.causes import list_causes
from grader.records.execution import ExecutedCell
from grader.records.place import Place
from grader.sandbox import ForkServer
from kit import golden
from kit.graded import Borrower
from kit.notebook_page import page
from kit.places import GOLDEN
from kit.sample_records import check, graded
from kit.tiny import RIGHT, TANH, found

FILES = ("Grace.json", "Grace.html", "grades.csv", "index.html")
"""One student's record and page, and what there is of the whole class."""
NOTEBOOK = "notebook.html"
NO_WARNING = 3
"""From this level of the sandbox on, pages carry no warning about it."""
PARTLY = TANH.replace("2 * n", "n") + "\nprint('training <is> fun')\n"


@pytest.fixture(scope="module")
def out(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of four, graded: right, partly right, one that crashes, one without its file."""
    course = found(tmp_path_factory.mktemp("golden") / "course")
    course.submit("Ada")
    course.submit("Bob", RIGHT + "\nprint(undefined)\n")
    course.submit("Grace", PARTLY)
    course.write("class/Hedy/notes.txt", "not yet")
    with Borrower(server, course.load()) as executor:
        if executor.backend.level < NO_WARNING:
            pytest.skip(f"below level {NO_WARNING} of the sandbox, pages carry a warning")
        grade(executor, course.submissions(), course.out)
    return course.out


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_stays_the_same(
    name: str, out: Path, request: pytest.FixtureRequest
) -> None:
    """Every byte, but for what differs between machines."""
    if request.config.getoption("--update-golden"):
        golden.write(out / name, GOLDEN / name)
    assert not (told := golden.difference(out / name, GOLDEN / name)), told


def test_the_page_of_a_notebook_stays_the_same(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A heading, a loss at a line, an output of more than twenty lines, an error."""
    printed = {"output_type": "stream", "name": "stdout", "text": "\n".join(map(str, range(23)))}
    cells = [
        {"cell_type": "markdown", "source": "# Lab 2"},
        {"cell_type": "code", "source": "def f(x):\n    return x", "outputs": [printed]},
        {"cell_type": "code", "source": "f(1, 2)", "outputs": []},
    ]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    lost = check("two_steps", "failed", feedback="Sign.", at=Place(file="a.ipynb", cell=2, line=2))
    runs = [ExecutedCell(index=3, status="error", seconds=0.2, error="TypeError: f() takes one")]
    made = tmp_path / NOTEBOOK
    made.write_text(page(book.encode(), runs, list_causes(graded("Ada", lost))), encoding="utf-8")
    if request.config.getoption("--update-golden"):
        golden.write(made, GOLDEN / NOTEBOOK)
    assert not (told := golden.difference(made, GOLDEN / NOTEBOOK)), told


@pytest.mark.parametrize("name", [*FILES, NOTEBOOK])
def test_golden_files_name_no_machine(name: str) -> None:
    """They hold nothing that would be blanked, and no path."""
    text = (GOLDEN / name).read_bytes().decode()
    assert golden.normalised(text) == text
    assert not [place for place in ("/home/", "/tmp/", "/root/", "/work/") if place in text]


def test_a_changed_record_is_noticed(tmp_path: Path) -> None:
    """One other character is enough, and the line is shown as it was and as it is."""
    made = tmp_path / "Grace.json"
    text = (GOLDEN / "Grace.json").read_text(encoding="utf-8")
    made.write_text(text, encoding="utf-8")
    assert golden.difference(made, GOLDEN / "Grace.json") == ""
    made.write_text(text.replace('"score": 6.0', '"score": 6.1', 1), encoding="utf-8")
    told = golden.difference(made, GOLDEN / "Grace.json")
    assert '\n- "score": 6.0,\\n\n+ "score": 6.1,\\n\n' in told
    assert "--update-golden" in told
    assert "student" not in told.replace(' "student": "Grace"', ""), "lines that agree stay away"


def test_what_differs_between_machines_is_blanked() -> None:
    """Times, versions and last digits, and nothing beside them."""
    one = '"seconds": 0.25, "torch": "2.4.0", "seen": 0.12345678901, "points": 4.25'
    other = '"seconds": 13.0, "torch": "2.13.0+cpu", "seen": 0.12345678902, "points": 4.25'
    assert golden.normalised(one) == golden.normalised(other)
    assert golden.normalised(one).endswith('"seen": 0.123457, "points": 4.25')
