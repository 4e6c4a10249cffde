"""Places are those of statements: in a module, a cell, a helper file, and inside of nn.Sequential."""

from __future__ import annotations

import linecache
from typing import Any

import pytest

from grader.assignment import probe
from grader.inside.loading.namespace import describe_error
from grader.records.execution import StudentError
from grader.records.place import Place
from grader.sandbox.outcome import read_error
from kit.measuring import PRECISIONS, ask

torch = pytest.importorskip("torch")

IMPORTS = "import torch\nfrom torch import nn\n"
LINES = f"""{IMPORTS}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.second = nn.Linear(3, 2)

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.second(x)
"""
STACK = f"""{IMPORTS}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(
            nn.Linear(4, 3),
            nn.ReLU(),
            nn.Sequential(
                nn.Linear(3, 2)))

    def forward(self, x):
        return self.stack(x)
"""
BARE = f"{IMPORTS}Net = lambda: nn.Sequential(\n    nn.Linear(4, 3), nn.ReLU(),\n    nn.Linear(3, 2))\n"
HELPER = f"{IMPORTS}def make():\n    return nn.Sequential(\n        nn.Linear(4, 3),\n        nn.Linear(3, 2))\n"
OWN_BLOCK = f"""{IMPORTS}
class Block(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.inner = nn.Linear(*sizes)

    def forward(self, x):
        return self.inner(x)

Net = lambda: nn.Sequential(Block(4, 3), Block(3, 2))
"""
X = [[0.1, 0.2, 0.3, 0.4]]


def run(source: str, file: str = "net.py", **names: object) -> dict[str, Any]:
    """The names of a student's file, or cell, with this content."""
    folder = f"/sub/{abs(hash((source, file)))}"
    path = f"{folder}/{file}"
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    space: dict[str, Any] = {**names, "__name__": "net", "__file__": f"{folder}/net.py"}
    exec(compile(source, path, "exec"), space)
    return space


def places(space: dict[str, Any]) -> list[Place | None]:
    """Of each layer."""
    return [row.at for row in ask(space, probe.module("Net").layers(X), PRECISIONS).rows]


@pytest.mark.parametrize(
    ("source", "lines"),
    [(LINES, [11, 12]), (STACK, [8, 11]), (BARE, [4, 5]), (OWN_BLOCK, [10, 10])],
    ids=["forward", "Sequential", "bare", "own"],
)
def test_a_layer_stands_where_it_runs_or_where_it_is_made(source: str, lines: list[int]) -> None:
    """In `forward`; where torch's own container runs it, in the line that makes it."""
    assert places(run(source)) == [Place(file="net.py", line=n) for n in lines]


def test_a_cell_has_its_number_and_its_own_lines() -> None:
    """Lines are counted from the cell's top."""
    found = places(run(STACK, "net.ipynb, cell 7"))
    assert found == [Place(file="net.ipynb", cell=7, line=n) for n in (8, 11)]


def test_a_helper_file_is_named() -> None:
    """The layers are where the helper makes them, not where it is called."""
    folder = f"/sub/{abs(hash(('Net = make', 'net.py')))}"
    space: dict[str, Any] = {"__name__": "helper"}
    exec(compile(HELPER, f"{folder}/parts/helper.py", "exec"), space)
    found = places(run("Net = make", make=space["make"]))
    assert found == [Place(file="parts/helper.py", line=n) for n in (5, 6)]


def test_building_leaves_torch_as_it_was() -> None:
    """What notes the lines is gone afterwards, also where building fails."""
    before = torch.nn.Module.__init__
    places(run(STACK))
    with pytest.raises(ZeroDivisionError):
        places(run("def Net():\n    1 / 0\n"))
    assert torch.nn.Module.__init__ is before


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("net.py", Place(file="net.py", line=2)),
        ("net.ipynb, cell 3", Place(file="net.ipynb", cell=3, line=2)),
    ],
)
def test_an_error_has_its_statement(file: str, place: Place) -> None:
    """The line of the student's that raised it."""
    try:
        run("x = 1\nx.y\n", file)
    except AttributeError as error:
        folder = f"/sub/{abs(hash(('x = 1' + chr(10) + 'x.y' + chr(10), file)))}"
        told = read_error(describe_error(error, folder, {}), {})
    assert told.at == place
    assert StudentError(kind="x", message="").at is None
