"""What is declared is what is imported, and a student's check takes no more than the base of it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

import grader
from grader.records.errors import GraderError
from grader.records.extras import require_course
from kit.places import ROOT
from kit.slow import in_proofs
from kit.tiny import RIGHT, Tiny

PACKAGE = Path(grader.__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BROUGHT = {"IPython", "google", "jupyter_core"}
"""Imported, and brought by what is: ipykernel, jupyter-client, and Colab's own machines."""


def plain(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: Iterable[str]) -> set[str]:
    """The distributions that requirements name; those of extras and of other systems are left out."""
    kept = [r for r in requirements if "extra ==" not in r and "win32" not in r]
    return {plain(re.match(r"[\w.-]+", r)[0]) for r in kept}  # type: ignore[index]


BASE = named(PROJECT["dependencies"])
COURSE = named(PROJECT["optional-dependencies"]["course"])


def closure(names: Iterable[str]) -> set[str]:
    """These distributions, as far as they are installed, and all that they require."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            try:
                waiting += named(metadata.requires(name) or [])
            except metadata.PackageNotFoundError:
                found.discard(name)
    return found


def modules(wanted: set[str]) -> set[str]:
    """What can be imported of these distributions."""
    every = metadata.packages_distributions().items()
    return {m for m, homes in every if wanted & {plain(h) for h in homes}}


def imported() -> Iterator[tuple[str, str]]:
    """Each module that is not ours nor Python's, with the file that imports it, wherever in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for top in {n.partition(".")[0] for n in names}:
                if top not in {*sys.stdlib_module_names, "grader", "_typeshed"} | BROUGHT:
                    yield top, path.relative_to(PACKAGE).as_posix()


def test_what_is_imported_is_declared() -> None:
    """Itself, and not only by a package that happens to require it."""
    declared = modules(BASE | COURSE)
    assert [(m, path) for m, path in imported() if m not in declared] == []


@pytest.mark.proof
def test_what_is_declared_is_imported() -> None:
    """But for what students' programs import: a notebook plots, a loop has a bar."""
    used = {m for m, _ in imported()}
    idle = {d for d in BASE | COURSE if not modules({d}) & used}
    assert idle <= {"matplotlib"}, idle


BLOCK = """
import sys
from importlib.machinery import PathFinder

class Block:
    'Finds what PathFinder finds, as if some of it were not installed.'

    def find_spec(self, name, path=None, target=None):
        blocked = name.partition('.')[0] in {modules!r}
        return None if blocked else PathFinder.find_spec(name, path, target)

    def find_distributions(self, *context):
        found = PathFinder.find_distributions(*context)
        return [d for d in found if (d.name or '') not in {distributions!r}]

sys.meta_path = [Block() if f is PathFinder else f for f in sys.meta_path]
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`grader` in an environment of its own, in which nothing can be imported but Python, this
    checkout, and what the base requires: no package of the extra, nor of a developer's.
    """
    home = tmp_path_factory.mktemp("base")
    venv.create(home, with_pip=False)
    (site,) = (home / "lib").glob("python*/site-packages")
    every = {plain(d.name) for d in metadata.distributions()}
    others = every - closure(BASE)
    assert others > COURSE - closure(BASE)
    blocked = modules(others) - modules(closure(BASE)) - {"grader"}
    assert {"pandas", "torchvision", "sklearn", "matplotlib", "tqdm", "pytest"} <= blocked
    distributions = sorted(d.name for d in metadata.distributions() if plain(d.name) in others)
    block = BLOCK.format(modules=sorted(blocked), distributions=distributions)
    (site / "block.py").write_text(block)
    (site / "base.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{ROOT}\nimport block\n")
    command = home / "bin" / "grader"
    command.write_text(f"#!{home}/bin/python\nfrom grader.cli.main import main\nmain()\n")
    command.chmod(0o755)
    return command


def run(program: Path, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
    """The command, without data sets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GRADER_", "PYTHON"))}
    home = str(program.parent)
    return subprocess.run(
        [program, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, "HOME": home, "XDG_CACHE_HOME": home, **more},
    )


@pytest.mark.proof
def test_a_module_is_checked(program: Path, course: Tiny) -> None:
    """With the base alone."""
    done = run(program, "check", course.write("a/tiny.py", RIGHT), "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 of 12 points" in done.stdout


@pytest.mark.proof
def test_a_notebook_is_checked(program: Path, course: Tiny) -> None:
    """Likewise; what it imports and is not there is named, and costs nothing."""
    sources = ("import matplotlib.pyplot as plt", RIGHT)
    cells = [{"cell_type": "code", "source": s, "metadata": {}, "outputs": []} for s in sources]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path = course.write("a/tiny.ipynb", json.dumps(book))
    done = run(program, "check", path, "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 of 12 points" in done.stdout
    assert "matplotlib" in done.stdout


@pytest.mark.proof
def test_the_demonstrations_own_file_is_checked(program: Path) -> None:
    """A network with weights, as a module and as a notebook; accuracy is decided elsewhere."""
    for name in ("lenet.py", "lenet.ipynb"):
        done = run(program, "check", ROOT / "reference/lenet5_mnist" / name, "--course", ROOT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "70 of 70 points" in done.stdout


@pytest.mark.proof
@pytest.mark.parametrize(
    ("words", "what", "missing"),
    [
        (("grade", "tiny", "class"), "grading a class", "pandas"),
        (("report", "out"), "grading a class", "pandas"),
        (("demo",), "grading a class", "pandas"),
        (
            ("check", ROOT / "reference/lenet5_mnist/lenet.py", "--stand-in"),
            "stand-in",
            "scikit-learn",
        ),
        *in_proofs((("verify", "lenet5_mnist", "--stand-in"), "stand-in", "scikit-learn")),
        (("data", "fetch", "mnist"), "MNIST", "torchvision"),
    ],
    ids=lambda v: v[0] if isinstance(v, tuple) else "",
)
def test_what_is_missing_is_named(
    program: Path, tmp_path: Path, words: tuple[object, ...], what: str, missing: str
) -> None:
    """One sentence: what needs which package, and how it is installed."""
    done = run(program, *words, GRADER_COURSE=str(ROOT), GRADER_DATA=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    sentence = done.stderr.splitlines()[-1]  # on a busy machine it has said how far it had come
    assert re.match(rf"grader: .*{what}.* needs .*{missing}", sentence), done.stderr
    assert "pip install 'torch-grader[course]'" in sentence
    assert "Traceback" not in done.stderr


@pytest.mark.proof
def test_a_data_set_that_is_here_needs_a_reader(program: Path, tmp_path: Path) -> None:
    """It is not called damaged where torchvision is missing."""
    from grader.data import catalogue

    mnist = catalogue.find("mnist")
    for name in mnist.files:
        path = tmp_path / mnist.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    file = ROOT / "reference/lenet5_mnist/lenet.py"
    done = run(program, "check", file, "--course", ROOT, GRADER_DATA=str(tmp_path))
    assert done.returncode == 2
    assert "needs torchvision, which is not installed" in done.stderr
    assert "Delete" not in done.stderr


def test_several_are_missing() -> None:
    """They are listed together; what is there is not."""
    with pytest.raises(GraderError, match="x needs no-such-a and no-such-b, which are not inst"):
        require_course("x", "no-such-a", "markdown-it-py", "no-such-b")
    require_course("x", "markdown-it-py", "jinja2")
