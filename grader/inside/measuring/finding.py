"""The student's names: found under the name asked for, or told with what was probably meant."""

from __future__ import annotations

import difflib
import linecache
import os
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Literal

import numpy as np
import torch

from grader.inside import cell
from grader.inside.loading import absent, definitions, reading
from grader.inside.loading.namespace import Unanswerable, origin
from grader.inside.measuring import versions

ANSWERS = "answers"
"""The dictionary in which a student says what is called otherwise."""
Kind = Literal["", "network", "value"]
_VALUES = (bool, int, float, str, list, tuple, dict, np.ndarray, torch.Tensor)
_IPYTHON = {"In", "Out"}


def directory_of(names: dict[str, Any]) -> str:
    """The folder of the student's files."""
    return os.path.dirname(str(names.get("__file__", "/sub/x")))


def named(names: dict[str, Any], name: str, kind: Kind = "", init: Sequence[Any] = ()) -> Any:
    """The object of that name, or a sentence that tells near names.

    A class that is defined more than once is the one that the weights handed in fit (`init`: the
    arguments of its constructor). Where there is no such name, `answers` may tell another.
    """
    absent.refuse(names.get(name), f"`{name}`")
    if name in names:
        return versions.fitting(name, names[name], init, directory_of(names))
    answers = names.get(ANSWERS)
    if isinstance(answers, dict) and name in answers:
        return _mapped(names, name, answers[name], init)
    raise _unknown(names, name, kind)


def _mapped(names: dict[str, Any], name: str, value: Any, init: Sequence[Any]) -> Any:
    """What `answers` gives: an object, or the text of a name."""
    if not isinstance(value, str):
        return value
    if value in names:
        return named(names, value, init=init)
    file = _file(names)
    near = _near(names, value, "value")
    meant = f"; did you mean {_listed(names, near)}?" if near else ""
    raise Unanswerable(
        f"`{ANSWERS}` in {file} gives {value[:80]!r} for `{name}`, and {file} defines no such name"
        f"{meant or '; give a name that it defines'}",
        undefined=True,
    )


def _unknown(names: dict[str, Any], name: str, kind: Kind) -> Unanswerable:
    """Why there is nothing of that name, and what to do."""
    file, own = _file(names), _own(names)
    why = reading.selection.why(name)
    if why.endswith(definitions.ONLY):
        return Unanswerable(
            f"{file} does not define `{name}`: {why}. Make `{name}` a function, a class or a "
            "constant, at the left margin"
        )
    if why:
        return Unanswerable(f"{file} does not define `{name}`: {why}", undefined=True)
    near = _near(names, name, kind)
    if near:
        return Unanswerable(
            f"{file} does not define `{name}`, but {_listed(names, near)}; rename it to `{name}`"
        )
    inner = _indented(str(names.get("__file__", "")), name)
    if inner:
        return Unanswerable(
            f"{inner}: `{name}` is defined inside of something else, an `if`, a "
            "function or a class; define it at the left margin"
        )
    networks = [n for n in own if kind == "network" and _is_network(names[n])]
    if len(networks) == 1:
        return Unanswerable(
            f"{file} does not define `{name}`; the only network that it defines is "
            f"{_listed(names, networks)}. If that is the one, rename it to `{name}`",
            undefined=True,
        )
    listed = ", ".join(f"`{n}`" for n in own[:8]) or "nothing"
    return Unanswerable(
        f"{file} does not define `{name}`; it defines {listed}. Define `{name}` in this file, "
        "spelled so",
        undefined=True,
    )


def _file(names: dict[str, Any]) -> str:
    return os.path.basename(str(names.get("__file__", "the file")))


def _near(names: dict[str, Any], name: str, kind: Kind) -> list[str]:
    """Names of the student's that differ in case and underscores, else in a few letters."""
    own = _own(names)
    if kind == "value":
        own += [n for n in names if n not in _IPYTHON | {*own} and _is_value(n, names[n])]
    folded = [n for n in own if _folded(n) == _folded(name)]
    return folded or difflib.get_close_matches(name, own, n=3, cutoff=0.6)


def _own(names: dict[str, Any]) -> list[str]:
    """Classes and functions that the student wrote, in whichever file."""
    directory = directory_of(names)
    return [
        n
        for n, value in names.items()
        if not (n.startswith("_") or isinstance(value, ModuleType))
        and (_defined_here(value, names) or origin(value, directory))
    ]


def _defined_here(value: Any, names: dict[str, Any]) -> bool:
    home = getattr(value, "__module__", None)
    return isinstance(home, str) and home == names.get("__name__")


def _is_value(name: str, value: Any) -> bool:
    return not name.startswith("_") and isinstance(value, _VALUES)


def _is_network(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


def _listed(names: dict[str, Any], found: Sequence[str]) -> str:
    """`Lenet5` (cell 2, line 1), `LeNet` (net.py, line 3)."""
    return ", ".join(f"`{n}`{_place(names, n)}" for n in found)


def _place(names: dict[str, Any], name: str) -> str:
    """Where a name of the student's is written, in brackets; the file only if it is another one."""
    path, directory = str(names.get("__file__", "")), directory_of(names)
    place = origin(names[name], directory)
    if not place:
        bound = re.compile(rf"(?:class +|def +)?{re.escape(name)}\b *[=:(]")
        hits = [(f, n) for f, n, line in _lines(path) if bound.match(line)]
        if not hits:
            return ""
        place = {"file": os.path.relpath(hits[-1][0], directory), "line": hits[-1][1]}
    file, _, within = str(place["file"]).partition(", ")
    parts = [file if file != os.path.basename(path) else "", within, f"line {place['line']}"]
    return f" ({', '.join(p for p in parts if p)})"


def _indented(path: str, name: str) -> str:
    """The place at which `name` is defined, but not at the left margin; else an empty text."""
    begun = re.compile(rf"[ \t]+(class|def) +{re.escape(name)}\b")
    places = (
        f"{os.path.basename(f)}, line {n}" for f, n, line in _lines(path) if begun.match(line)
    )
    return next(places, "")


def _lines(path: str) -> Iterator[tuple[str, int, str]]:
    """File, number and text of each line of a module, or of the cells of a notebook that ran."""
    files = [path]
    if cell.is_notebook(path):
        begin = cell.place(path, 0)[:-1]
        cells = [f for f in list(linecache.cache) if f.startswith(begin)]
        files = sorted(cells, key=lambda f: (len(f), f))
    for file in files:
        for number, line in enumerate(linecache.getlines(file), 1):
            yield file, number, line
