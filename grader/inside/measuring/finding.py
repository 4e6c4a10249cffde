"""The student's names: what stands under the name asked for, or what was probably meant."""

from __future__ import annotations

import difflib
import linecache
import os
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Literal

import numpy as np
import torch

from grader.inside import cell
from grader.inside.loading import absent, definitions, reading
from grader.inside.loading.namespace import Names, Unanswerable, find_place
from grader.inside.measuring import versions

ANSWERS = "answers"
"""The dictionary in which a student says what is called otherwise."""
Kind = Literal["", "network", "value"]
_VALUES = (bool, int, float, str, list, tuple, dict, np.ndarray, torch.Tensor)
_IPYTHON = {"In", "Out"}


def find_directory(names: Names) -> str:
    """The folder of the student's files."""
    return os.path.dirname(str(names.get("__file__", "/sub/x")))


def find(names: Names, name: str, kind: Kind = "", init: Sequence[object] = ()) -> object:
    """The object of that name. Raises Unanswerable with near names where there is none.

    A class that is defined more than once is the one that the weights handed in fit (`init`: the
    arguments of its constructor). Where there is no such name, `answers` may give another.
    """
    absent.refuse(names.get(name), f"`{name}`")
    if name in names:
        return versions.choose(name, names[name], init, find_directory(names))
    answers = names.get(ANSWERS)
    if isinstance(answers, dict) and name in answers:
        return _find_mapped(names, name, answers[name], init)
    raise _explain_unknown(names, name, kind)


def _find_mapped(names: Names, name: str, value: object, init: Sequence[object]) -> object:
    """What `answers` gives: an object, or the text of a name."""
    if not isinstance(value, str):
        return value
    if value in names:
        return find(names, value, init=init)
    file = _name_file(names)
    near = _list_near(names, value, "value")
    meant = f"; did you mean {_list_text(names, near)}?" if near else ""
    raise Unanswerable(
        f"`{ANSWERS}` in {file} gives {value[:80]!r} for `{name}`, and {file} defines no such name"
        f"{meant or '; give a name that it defines'}",
        undefined=True,
    )


def _explain_unknown(names: Names, name: str, kind: Kind) -> Unanswerable:
    """Why there is nothing of that name, and what to do."""
    file, own = _name_file(names), _list_own(names)
    why = reading.selection.explain(name)
    if why.endswith(definitions.ONLY):
        return Unanswerable(
            f"{file} does not define `{name}`: {why}. Make `{name}` a function, a class or a "
            "constant, at the left margin"
        )
    if why:
        return Unanswerable(f"{file} does not define `{name}`: {why}", undefined=True)
    near = _list_near(names, name, kind)
    if near:
        return Unanswerable(
            f"{file} does not define `{name}`, but {_list_text(names, near)}; rename it to `{name}`"
        )
    inner = _find_indented(str(names.get("__file__", "")), name)
    if inner:
        return Unanswerable(
            f"{inner}: `{name}` is defined inside of something else, an `if`, a "
            "function or a class; define it at the left margin"
        )
    networks = [n for n in own if kind == "network" and _is_network(names[n])]
    if len(networks) == 1:
        return Unanswerable(
            f"{file} does not define `{name}`; the only network that it defines is "
            f"{_list_text(names, networks)}. If that is the one, rename it to `{name}`",
            undefined=True,
        )
    listed = ", ".join(f"`{n}`" for n in own[:8]) or "nothing"
    return Unanswerable(
        f"{file} does not define `{name}`; it defines {listed}. Define `{name}` in this file, "
        "spelled so",
        undefined=True,
    )


def _name_file(names: Names) -> str:
    return os.path.basename(str(names.get("__file__", "the file")))


def _list_near(names: Names, name: str, kind: Kind) -> list[str]:
    """Names of the student's that differ in case and underscores, else in a few letters."""
    own = _list_own(names)
    if kind == "value":
        own += [n for n in names if n not in _IPYTHON | {*own} and _is_value(n, names[n])]
    folded = [n for n in own if _fold(n) == _fold(name)]
    return folded or difflib.get_close_matches(name, own, n=3, cutoff=0.6)


def _list_own(names: Names) -> list[str]:
    """Classes and functions that the student wrote, in whichever file."""
    directory = find_directory(names)
    return [
        n
        for n, value in names.items()
        if not (n.startswith("_") or isinstance(value, ModuleType))
        and (_is_defined_here(value, names) or find_place(value, directory))
    ]


def _is_defined_here(value: object, names: Names) -> bool:
    home = getattr(value, "__module__", None)
    return isinstance(home, str) and home == names.get("__name__")


def _is_value(name: str, value: object) -> bool:
    return not name.startswith("_") and isinstance(value, _VALUES)


def _is_network(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def _list_text(names: Names, listed: Sequence[str]) -> str:
    """`Lenet5` (cell 2, line 1), `LeNet` (net.py, line 3)."""
    return ", ".join(f"`{n}`{_describe_place(names, n)}" for n in listed)


def _describe_place(names: Names, name: str) -> str:
    """Where a name of the student's is written, in brackets; the file only if it is another one."""
    path, directory = str(names.get("__file__", "")), find_directory(names)
    place = find_place(names[name], directory)
    if place is None:
        bound = re.compile(rf"(?:class +|def +)?{re.escape(name)}\b *[=:(]")
        hits = [(f, n) for f, n, line in _read_lines(path) if bound.match(line)]
        if not hits:
            return ""
        file = os.path.relpath(hits[-1][0], directory).replace(os.sep, "/")
        place = {"file": file, "line": hits[-1][1]}
    file, _, within = place["file"].partition(", ")
    parts = [file if file != os.path.basename(path) else "", within, f"line {place['line']}"]
    return f" ({', '.join(p for p in parts if p)})"


def _find_indented(path: str, name: str) -> str:
    """The place at which `name` is defined, but not at the left margin; else an empty text."""
    begun = re.compile(rf"[ \t]+(class|def) +{re.escape(name)}\b")
    places = (
        f"{os.path.basename(f)}, line {n}" for f, n, line in _read_lines(path) if begun.match(line)
    )
    return next(places, "")


def _read_lines(path: str) -> Iterator[tuple[str, int, str]]:
    """File, number and text of each line of a module, or of the cells of a notebook that ran."""
    files = [path]
    if cell.is_notebook(path):
        begin = cell.name_cell(path, 0)[:-1]
        cells = [f for f in list(linecache.cache) if f.startswith(begin)]
        files = sorted(cells, key=lambda f: (len(f), f))
    for file in files:
        for number, line in enumerate(linecache.getlines(file), 1):
            yield file, number, line
