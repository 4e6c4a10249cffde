"""What is said of a notebook whose cells did not all run."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from grader.inside.schema.messages import CellStatus
from grader.sandbox.cells import CellRun, describe_unfinished

NETWORK = "from torch import nn\n\nclass LeNet5(nn.Module):\n    def forward(self, x):\n        return x\n"


def book(*sources: str) -> dict[str, bytes]:
    """A notebook of these cells of code."""
    cells = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": [], "execution_count": None}
        for s in sources
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {"lenet.ipynb": json.dumps(content).encode()}


def say(files: dict[str, bytes], statuses: Sequence[CellStatus], name: str = "LeNet5") -> str:
    """What is said where that name is missing."""
    cells = [CellRun(index=n, status=status) for n, status in enumerate(statuses, 1)]
    return describe_unfinished(name, "lenet.ipynb", files, cells)


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("error", "failed"),
        ("skipped", "was not run"),
        ("died", "ended the kernel"),
        ("time", "was interrupted"),
    ],
)
def test_the_cell_that_holds_the_network_is_named(status: CellStatus, end: str) -> None:
    """Cell 3 holds what is asked for: "it defines nothing" is not said, but what became of it."""
    said = say(book("import os", "os._exit(1)", NETWORK, "def train(): ..."), ["ok", "died", status, "skipped"])  # fmt: skip
    assert said == (
        f"lenet.ipynb does not define `LeNet5`: cell 3, which is to define `LeNet5`, {end}"
    )


def test_what_else_did_not_run_is_named_with_what_it_holds() -> None:
    """Where no cell has that very name, up to three cells and what they define."""
    said = say(book("x = 1", "class Net: ...", "def train(): ..."), ["ok", "skipped", "error"])
    assert "cell 2, which is to define `Net`, was not run; cell 3" in said
    many = say(book(*("def f(): ...",) * 5), ["skipped"] * 5)
    assert many.endswith("and 2 more cells did not run")


def test_a_notebook_that_ran_is_not_explained() -> None:
    """Nor cells that define nothing."""
    assert say(book(NETWORK), ["ok"]) == ""
    assert say(book("x = 1"), ["skipped"]) == ""
