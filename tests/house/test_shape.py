"""The shape of the code: short functions, short files, types that say something, a light checkout."""

from __future__ import annotations

import ast
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grader
from kit.places import ROOT

PACKAGE = Path(grader.__file__).resolve().parent
MEAN = 12
"""Lines of a function, on average, its docstring included."""
LONGEST_FILE = 400
"""Lines; a longer file has to be named here with its reason."""
LONG_FILES: dict[str, str] = {}
"""Name below `grader/` → why the file is one."""
MOST_ANY = 120
"""How often signatures say `Any`."""
MOST_OF_WEIGHTS, MOST_OF_THE_REST = 8_600_000, 6_400_000
"""Bytes that are tracked."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> dict[str, str]:
    """Every file of the package, by its name below it."""
    paths = (p for p in PACKAGE.rglob("*.py") if "_course" not in p.parts)
    return {p.relative_to(PACKAGE).as_posix(): p.read_text(encoding="utf-8") for p in paths}


def functions() -> Iterator[Function]:
    """Every function and method."""
    for text in sources().values():
        yield from (n for n in ast.walk(ast.parse(text)) if isinstance(n, Function))


def annotations(function: Function) -> Iterator[ast.expr]:
    """Of its parameters and what it returns."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    found = [a.annotation for a in every if a is not None]
    yield from (a for a in (*found, function.returns) if a is not None)


def test_functions_are_short() -> None:
    """On average; a long one now and then is no fault."""
    lengths = [(f.end_lineno or 0) - f.lineno + 1 for f in functions()]
    assert sum(lengths) / len(lengths) < MEAN


def test_files_are_short() -> None:
    """Those that are not stand in the list, and the list names none that is."""
    long = {name for name, text in sources().items() if text.count("\n") > LONGEST_FILE}
    assert long == LONG_FILES.keys()


def test_signatures_say_what_they_take() -> None:
    """`Any` is left to what really may be anything."""
    names = (n for f in functions() for a in annotations(f) for n in ast.walk(a))
    assert sum(isinstance(n, ast.Name) and n.id == "Any" for n in names) < MOST_ANY


def test_the_checkout_is_light() -> None:
    """Weights that can be derived are not tracked, and the rest is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    sizes = {p: p.lstat().st_size for p in paths if os.path.lexists(p)}
    weights = sum(size for path, size in sizes.items() if path.suffix == ".pt")
    assert weights <= MOST_OF_WEIGHTS
    assert sum(sizes.values()) - weights <= MOST_OF_THE_REST


def test_every_package_is_in_the_wheel() -> None:
    """`pyproject.toml` lists packages by hand, as it lists the course's folders."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = {p for p in settings["tool"]["setuptools"]["packages"] if "._course" not in p}
    inits = {p.relative_to(PACKAGE.parent).parent.as_posix() for p in PACKAGE.rglob("__init__.py")}
    assert listed == {name.replace("/", ".") for name in inits if "_course" not in name}
