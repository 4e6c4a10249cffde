"""The layers of the program: imports go down only, and student code is run in one place."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grader

PACKAGE = Path(grader.__file__).resolve().parent

LAYERS = (
    ("__main__",),
    ("cli",),
    ("show",),
    ("verify",),
    ("grade",),
    ("execute",),
    ("report", "gradebook", "intake", "ledger", "course", "sandbox", "judge"),
    ("assignment", "compare", "evidence", "notebook_page"),
    (
        "alignment",
        "answers",
        "explained",
        "handout",
        "learning",
        "notebook_cells",
        "parts",
        "served",
        "source",
        "specimens",
        "stepping",
    ),
    ("accuracy",),
    ("data", "descent", "diagnose", "faults"),
    ("personal", "pictures", "probe"),
    ("standin", "measurement"),
    ("fields",),
    ("shapes", "records", "neutral"),
    ("advice", "errors"),
    ("inside",),
)
"""Top first. A unit imports only what stands below it; never above, never beside."""

ANYBODY = {"__init__"}
"""The package itself may be imported by all, for its version and its place."""

PURE = (
    "judge",
    "compare",
    "descent",
    "diagnose",
    "faults",
    "fields",
    "measurement",
    "records",
    "errors",
    "probe",
    "assignment",
)
"""These neither run nor read nor write anything."""
IMPURE = {"sandbox", "ledger", "cli", "execute", "grade", "course", "intake", "report"}

SUMMONERS = {"subprocess", "multiprocessing", "pty", "_posixsubprocess"}
"""Modules that start processes."""
FORKS = {"fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen"}
"""What else does, in `os`; and every exec and spawn."""

HEAVY = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "sklearn", "jinja2", "PIL")
"""What `grader --help` does not wait for."""


def unit(path: Path) -> str:
    """The module or sub-package of grader to which a file belongs."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[tuple[str, Path, ast.Module]]:
    """Every file of the package: unit, path, syntax."""
    paths = [p for p in sorted(PACKAGE.rglob("*.py")) if "_course" not in p.parts]
    return [(unit(p), p, ast.parse(p.read_bytes())) for p in paths]


def imported(path: Path, tree: ast.Module) -> Iterator[str]:
    """Dotted names of everything of grader that a file imports, wherever in it, typing included."""
    package = ".".join(("grader", *path.relative_to(PACKAGE).parts[:-1]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "grader")
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level + (node.module or "")
            name = importlib.util.resolve_name(dots, package) if node.level else dots
            if name == "grader" or name.startswith("grader."):
                yield from (_target(name, a.name) for a in node.names)


def _target(module: str, name: str) -> str:
    """`from grader import data` imports grader.data; `from grader.data import x` as well."""
    path = PACKAGE.joinpath(*module.split(".")[1:], name)
    is_module = path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
    return f"{module}.{name}" if is_module else module


def edges() -> set[tuple[str, str]]:
    """Which unit imports which."""
    found = set()
    for source, path, tree in modules():
        for name in imported(path, tree):
            parts = name.split(".")
            found.add((source, parts[1] if len(parts) > 1 else "__init__"))
    return {(a, b) for a, b in found if a != b}


def depth(name: str) -> int:
    """The layer of a unit, 0 on top."""
    return next((i for i, layer in enumerate(LAYERS) if name in layer), -1)


def test_every_module_has_a_layer() -> None:
    """Nothing stands outside the layers, and the layers name nothing that is gone."""
    there = {name for name, _, _ in modules()} - ANYBODY
    named = {name for layer in LAYERS for name in layer}
    assert there == named


def test_imports_go_down() -> None:
    """No unit imports what stands above it or beside it."""
    wrong = []
    for source, target in sorted(edges()):
        if source in ANYBODY or target in ANYBODY:
            continue
        if depth(source) >= depth(target):
            wrong.append(f"{source} imports {target}")
    assert wrong == []


def test_inside_imports_nothing_else_of_ours() -> None:
    """What enters the sandbox imports grader.inside and nothing else of grader."""
    wrong = [
        f"{path.name} imports {name}"
        for source, path, tree in modules()
        if source == "inside"
        for name in imported(path, tree)
        if not (name + ".").startswith("grader.inside.")
    ]
    assert wrong == []


def test_the_verdict_is_pure() -> None:
    """Judge and comparisons reach neither the sandbox nor the ledger, not even by detours."""
    graph: dict[str, set[str]] = {}
    for source, target in edges():
        graph.setdefault(source, set()).add(target)
    for name in PURE:
        reached, waiting = set(), {name}
        while waiting:
            one = waiting.pop()
            reached.add(one)
            waiting |= graph.get(one, set()) - reached - ANYBODY
        assert reached & IMPURE == set(), name


def test_processes_are_started_in_one_place() -> None:
    """Only grader/sandbox and grader/inside start processes."""
    wrong = []
    for source, path, tree in modules():
        if source in ("sandbox", "inside"):
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
from grader.cli import cli, main
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
