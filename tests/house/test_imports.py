"""The house: rooms, and floors in each room; imports go down only; student code is run in one place.

The docstring of each package's `__init__.py` lists its floors, top first. A module imports only
what stands on a lower floor, never above, never beside; and of another room only what stands in a
lower room. A package's `__init__.py` may import all of its own modules, and they never import it.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import grader

PACKAGE = Path(grader.__file__).resolve().parent

PURE = (
    "compare",
    "diagnosis",
    "records",
    "grading.judge",
    "assignment.probe",
    "assignment.assignment",
)
"""These neither run nor read nor write anything, and reach nothing that does."""
IMPURE = ("sandbox", "ledger", "cli", "grading.grade", "grading.executor", "submissions")

SUMMONERS = {"subprocess", "multiprocessing", "pty", "_posixsubprocess"}
"""Modules that start processes."""
FORKS = {"fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen"}
"""What else does, in `os`; and every exec and spawn."""

HEAVY = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "sklearn", "jinja2", "PIL")
"""What `grader --help` does not wait for."""

MOST_NAMES = 14
"""Rooms and files of the package beside `__init__` and `__main__`."""

Modules = dict[str, tuple[Path, ast.Module]]
"""File and syntax of each module, by its name below `grader`: `inside.walls.root`; a package's
`__init__.py` by the package's own, the whole program's by an empty one.
"""


def modules(package: Path = PACKAGE) -> Modules:
    """Every file of the package."""
    found: Modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if "_course" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path, _parse(path.read_bytes())
    return found


@cache
def _parse(text: bytes) -> ast.Module:
    return ast.parse(text)


def imported(name: str, every: Modules) -> Iterator[str]:
    """The modules of ours that one imports, wherever in it, for typing too; by name as above."""
    path, tree = every[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level + (node.module or "")
            home = f"grader.{package}".rstrip(".")
            module = importlib.util.resolve_name(dots, home) if node.level else dots
            names = [target(module, a.name, every) for a in node.names]
        else:
            continue
        for one in names:
            if one == "grader" or one.startswith("grader."):
                yield one.removeprefix("grader").removeprefix(".")


def target(module: str, name: str, every: Modules) -> str:
    """`from grader import data` imports grader.data; `from grader.data import x` as well."""
    below = f"{module}.{name}".removeprefix("grader.")
    return f"{module}.{name}" if below in every else module


def floors(package: str, every: Modules) -> dict[str, int]:
    """The floor of each name in a package, 0 on top, as its docstring lists them."""
    text = ast.get_docstring(every[package][1]) or ""
    listed = re.search(
        r"^(?:Rooms|Floors), top first:\n((?:    \S.*(?:\n|\Z))+)", text, re.MULTILINE
    )
    lines = listed[1].splitlines() if listed else []
    return {
        name.strip(): n for n, line in enumerate(lines) for name in line.split(",") if name.strip()
    }


def faults(every: Modules) -> list[str]:
    """Every import that goes up or sideways, and every name without a floor."""
    packages = [n for n, (path, _) in every.items() if path.name == "__init__.py"]
    levels = {p: floors(p, every) for p in packages}
    found = []
    for package in packages:
        below = f"{package}." if package else ""
        there = {n.removeprefix(below).split(".")[0] for n in every if n.startswith(below)} - {""}
        if there != set(levels[package]):
            found.append(
                f"{package or 'grader'}: floors name {sorted(set(levels[package]) ^ there)} wrongly"
            )
    arrows = ((name, other) for name in every for other in imported(name, every))
    told = ((a, b, upward(a, b, levels)) for a, b in arrows)
    return [*found, *(f"{a} imports {b or 'grader'}: {fault}" for a, b, fault in told if fault)]


def upward(name: str, other: str, levels: dict[str, dict[str, int]]) -> str:
    """Why one may not import the other; empty where it may."""
    if not other or not name:  # the version and the place of the program are anybody's
        return ""
    ours, theirs = name.split("."), other.split(".")
    shared = 0
    while shared < min(len(ours), len(theirs)) and ours[shared] == theirs[shared]:
        shared += 1
    package = ".".join(ours[:shared])
    if shared == len(ours):  # a package's own __init__
        return ""
    if shared == len(theirs):
        return "a module does not import the package that it stands in"
    rank = levels[package]
    if rank.get(ours[shared], -1) < rank.get(theirs[shared], -1):
        return ""
    return f"`{ours[shared]}` does not stand above `{theirs[shared]}`"


def test_imports_go_down() -> None:
    """Between rooms and inside each room, no module imports what stands above it or beside it."""
    assert faults(modules()) == []


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("records/errors.py", "import grader.cli.main", "`records` does not stand above `cli`"),
        ("report/escape.py", "from grader.report import pages", "`escape` does not stand above"),
        ("inside/walls/linux.py", "from grader.inside.walls import root", "`linux` does not stand"),
        (
            "inside/loading/margins.py",
            "import grader.inside.process.worker",
            "does not stand above",
        ),
        ("data/shapes.py", "from grader.data import normal", "does not import the package that it"),
        ("ledger/more.py", "", "floors name ['more'] wrongly"),
    ],
)
def test_a_wrong_arrow_is_seen(tmp_path: Path, file: str, line: str, fault: str) -> None:
    """An import that goes up, sideways or to a room's own front, in any room, fails the test."""
    package = tmp_path / "grader"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    path = package / file
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    told = faults(modules(package))
    assert len(told) == 1
    assert fault in told[0]


def test_the_house_has_few_rooms() -> None:
    """Who opens `grader/` sees the rooms, and no more than one can keep in mind."""
    names = {p.name for p in PACKAGE.iterdir()} - {"__pycache__", "__init__.py", "__main__.py"}
    assert len(names) <= MOST_NAMES


def test_inside_imports_nothing_else_of_ours() -> None:
    """What enters the sandbox imports grader.inside and nothing else of grader."""
    every = modules()
    wrong = [
        f"{name} imports {other}"
        for name in every
        if name.split(".")[0] == "inside"
        for other in imported(name, every)
        if not (other + ".").startswith("inside.")
    ]
    assert wrong == []


def test_the_verdict_is_pure() -> None:
    """Judge and comparisons reach neither the sandbox nor the ledger, not even by detours."""
    every = modules()
    graph = {name: set(imported(name, every)) - {""} for name in every}
    for name in (n for n in every if within(n, PURE)):
        reached, waiting = set(), {name}
        while waiting:
            one = waiting.pop()
            reached.add(one)
            waiting |= graph.get(one, set()) - reached
        assert [r for r in reached if within(r, IMPURE)] == [], name


def within(name: str, places: tuple[str, ...]) -> bool:
    """True for one of these modules and packages, and what lies in them."""
    return any((name + ".").startswith(place + ".") for place in places)


def test_processes_are_started_in_one_place() -> None:
    """Only grader/sandbox and grader/inside start processes."""
    wrong = []
    for name, (path, tree) in modules().items():
        if name.split(".")[0] in ("sandbox", "inside"):
            continue
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [a.name.split(".")[0] for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").split(".")[0]]
                if node.module == "os":
                    names += [f"os.{a.name}" for a in node.names if starts(a.name)]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = [f"os.{node.attr}"] if node.value.id == "os" and starts(node.attr) else []
            wrong += [f"{path.name}, line {node.lineno}: {n}" for n in names if summons(n)]
    assert wrong == []


def starts(name: str) -> bool:
    """True for functions of `os` that start a process or become one."""
    return name in FORKS or name.startswith(("exec", "spawn"))


def summons(name: str) -> bool:
    """True for modules and functions that start processes."""
    return name in SUMMONERS or name.startswith("os.")


def test_help_waits_for_nothing_heavy() -> None:
    """`grader --help`, and that of each verb, imports no library that takes long."""
    program = f"""
import sys
from grader.cli.command import cli
from grader.cli.main import main
for words in [["--help"], *([name, "--help"] for name in cli.commands)]:
    try:
        main(words)
    except SystemExit as end:
        assert not end.code
import json
print()
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_package_is_small_to_import() -> None:
    """What an assignment imports from grader is there, and nothing of it needs torch."""
    program = "import sys, grader\nfrom grader import *\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert sorted(grader.__all__) == list(grader.__all__)
    assert all(hasattr(grader, name) for name in grader.__all__)
