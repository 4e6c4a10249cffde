"""What the files of a submission may hold together."""

from __future__ import annotations

import json

from grader.assignment import room
from grader.records.submission import Submission

NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "source": ["x = 1"], "outputs": [{"data": "A" * 50_000}]},
        {"cell_type": "code", "source": "y" * 100},
        {"cell_type": "code", "source": None},
    ]
}


def submission(**sizes: int) -> Submission:
    files = {name.replace("_", "."): b"x" * size for name, size in sizes.items()}
    return Submission(student="ada", files=files, entry="cifar.py")


def test_what_fits_is_left_alone() -> None:
    """To the byte."""
    whole = submission(cifar_py=24, cifar_pt=1000)
    assert room.fit(whole, ["cifar.pt"], 1) is whole
    assert room.describe_excess(whole, 1) == ""


def test_what_nobody_asked_for_is_left_out_first() -> None:
    """Code that the entry may import stays as long as there is room, and what is gone is named."""
    whole = submission(cifar_py=24, cifar_pt=600, data_bin=300, helper_py=350, tiny_txt=40)
    fitting = room.fit(whole, ["cifar.pt"], 1)
    assert sorted(fitting.files) == ["cifar.pt", "cifar.py", "helper.py", "tiny.txt"]
    (note,) = fitting.notes
    assert "`data.bin` (0 KiB) was left out, because all files together may hold 1 KiB" in note
    assert room.describe_excess(fitting, 1) == ""


def test_what_is_asked_for_is_never_left_out() -> None:
    """So it is said that it is too large, not that it is not there."""
    whole = submission(cifar_py=24, cifar_pt=4096, notes_txt=10)
    fitting = room.fit(whole, ["cifar.pt"], 1)
    assert sorted(fitting.files) == ["cifar.pt", "cifar.py"]
    told = room.describe_excess(fitting, 1)
    assert "`cifar.pt` 4 KiB" in told
    assert "may hold 1 KiB" in told


def test_outputs_of_a_notebook_do_not_count() -> None:
    """The text of its cells does; what is no notebook counts whole."""
    assert room.measure("a.ipynb", json.dumps(NOTEBOOK).encode()) == 105
    assert room.measure("a.ipynb", b"no notebook") == 11
    assert room.measure("a.json", json.dumps(NOTEBOOK).encode()) > 50_000
