"""The student's names: what stands under the name asked for, or what was probably meant."""

from __future__ import annotations

import difflib
import linecache
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Literal

import numpy as np
import torch

from grader.inside import cell, remarks
from grader.inside.loading import absent, definitions, reading
from grader.inside.loading.namespace import Names, Unanswerable, find_place
from grader.inside.loading.own_modules import ALIAS
from grader.inside.measuring import versions

ANSWERS = "answers"
"""The dictionary in which a student says what is called otherwise."""
Kind = Literal["", "network", "value"]
_VALUES = (bool, int, float, str, list, tuple, dict, np.ndarray, torch.Tensor)
_IPYTHON = {"In", "Out"}
_PACKAGES = f"{os.sep}site-packages{os.sep}"
"""Where installed packages lie, which in a student's own folder may be an environment."""
_asked: frozenset[str] = frozenset()
"""Every name that the assignment asks for, as the question says that is being answered."""


def begin(names: Names, args: Mapping[str, Any]) -> Names:
    """The names under which a question is answered: also those in whose place the grader has
    decided to take others.
    """
    global _asked
    _asked = frozenset(args.get("asked", ()))
    substitutes: Mapping[str, str] = args.get("substitutes", {})
    if not substitutes:
        return names
    paths = {p: v for p, v in list_paths(names) if p in substitutes.values()}
    taken: Names = {}
    for name, path in substitutes.items():
        if path in paths:
            value = paths[path]
            init = args.get("init", [])
            taken[name] = versions.choose(path, value, init, find_directory(names))
            _note_called(names, path, value, name)
    return {**names, **taken}


def find_directory(names: Names) -> str:
    """The folder of the student's files."""
    return os.path.dirname(str(names.get("__file__", "/sub/x")))


def find(names: Names, name: str, kind: Kind = "", init: Sequence[object] = ()) -> object:
    """The object of that name. Raises Unanswerable with near names where there is none.

    `answers` may give another. A class that is defined more than once is the one that the weights
    handed in fit (`init`: the arguments of its constructor). Where there is no such name, it is
    looked for in the student's other modules that are loaded, and in another spelling.
    """
    answers = names.get(ANSWERS)
    if isinstance(answers, dict) and name in answers:
        return _find_mapped(names, name, answers[name], init)
    absent.refuse(names.get(name), f"`{name}`")
    if name in names:
        return versions.choose(name, names[name], init, find_directory(names))
    elsewhere = _find_elsewhere(names, name, kind)
    if elsewhere is None:
        raise _explain_unknown(names, name, kind)
    path, value = elsewhere
    _note_called(names, path, value, name)
    return versions.choose(path, value, init, find_directory(names))


def _find_mapped(names: Names, name: str, value: object, init: Sequence[object]) -> object:
    """What `answers` gives: an object, or the text of a name."""
    if not isinstance(value, str):
        return value
    if value in names:
        absent.refuse(names[value], f"`{value}`")
        return versions.choose(value, names[value], init, find_directory(names))
    file = _name_file(names)
    near = _list_near(names, value, "value", but=name)
    meant = f"; did you mean {_list_text(names, near)}?" if near else ""
    raise Unanswerable(
        f"`{ANSWERS}` in {file} gives {value[:80]!r} for `{name}`, and {file} defines no such name"
        f"{meant or '; give a name that it defines'}",
        undefined=True,
        code="names-missing",
        about=name,
    )


# ---------------------------------------------------------------------- where else it may be


def _find_elsewhere(names: Names, name: str, kind: Kind) -> tuple[str, object] | None:
    """The only thing of that name in the student's other modules, else the only one of the file's
    own whose name differs in case and underscores alone.
    """
    inner = [(p, v) for p, v in list_paths(names) if p.endswith(f".{name}")]
    own = {*_list_own(names), *(_list_values(names) if kind == "value" else ())}
    alike = [n for n in names if n in own and _fold(n) == _fold(name)]
    alike = [n for n in alike if is_free(names, n, names[n], but=name)]
    for pairs in (inner, [(n, names[n]) for n in alike]):
        fitting = [(p, v) for p, v in pairs if kind != "network" or _may_build(v)]
        if fitting:
            same = all(v is fitting[0][1] for _, v in fitting)
            return fitting[0] if same else None
    return None


def _may_build(value: object) -> bool:
    """True for a class of networks, a finished network, and a function that may return one."""
    if isinstance(value, type):
        return issubclass(value, torch.nn.Module)
    return isinstance(value, torch.nn.Module) or callable(value)


def list_paths(names: Names) -> list[tuple[str, object]]:
    """What the file binds, by name, and then what the student's other modules that are loaded do,
    each behind the name of its module; without what is private.
    """
    prefix = os.path.join(find_directory(names), "")
    listed = [(n, v) for n, v in names.items() if not n.startswith("_")]
    modules = {id(m): m for m in list(sys.modules.values()) if isinstance(m, ModuleType)}
    for module in modules.values():
        file, home = getattr(module, "__file__", None), module.__name__.removeprefix(ALIAS)
        if not isinstance(file, str) or _PACKAGES in file or file == names.get("__file__"):
            continue
        if file.startswith(prefix):
            inner = list(vars(module).items())
            listed += [(f"{home}.{n}", v) for n, v in inner if not n.startswith("_")]
    return listed


def is_free(names: Names, path: str, value: object, *, but: str = "") -> bool:
    """True for what no name that is asked for means: by its name, by `answers`, or by its class.

    The name `but` does not count.
    """
    answers = names.get(ANSWERS)
    mapped = {k: v for k, v in answers.items() if k != but} if isinstance(answers, dict) else {}
    if path.partition(".")[0] in _asked - {but} or any(v == path for v in _list_texts(mapped)):
        return False
    others = [names[n] for n in _asked - {but} if n in names]
    others += [names.get(v, v) if isinstance(v, str) else v for v in mapped.values()]
    return not any(value is o or type(value) is o for o in others)


def _list_texts(mapped: Mapping[object, object]) -> list[str]:
    return [v for v in mapped.values() if isinstance(v, str)]


def _note_called(names: Names, path: str, value: object, name: str) -> None:
    remarks.add("called", f"`{path}`{describe_path(names, path, value)} as `{name}`")


def _explain_unknown(names: Names, name: str, kind: Kind) -> Unanswerable:
    """Why there is nothing of that name, and what to do."""
    file, own = _name_file(names), _list_own(names)
    why = reading.selection.explain(name)
    if why.endswith(definitions.ONLY):
        return Unanswerable(
            f"{file} does not define `{name}`: {why}. Make `{name}` a function, a class or a "
            "constant, at the left margin",
            code="names-no-definition",
            about=name,
        )
    if why:
        sentence = f"{file} does not define `{name}`: {why}"
        return Unanswerable(sentence, undefined=True, code="names-unfinished", about=name)
    near = _list_near(names, name, kind)
    if near:
        return Unanswerable(
            f"{file} does not define `{name}`, but {_list_text(names, near)}; rename it to "
            f"`{name}`",
            code="names-near",
            about=name,
        )
    inner = _find_indented(str(names.get("__file__", "")), name)
    if inner:
        return Unanswerable(
            f"{inner}: `{name}` is defined inside of something else, an `if`, a "
            "function or a class; define it at the left margin",
            code="names-inside",
            about=name,
        )
    free = [n for n in own if is_free(names, n, names[n], but=name)]
    networks = [n for n in free if kind == "network" and _is_network(names[n])]
    if len(networks) == 1:
        return Unanswerable(
            f"{file} does not define `{name}`; the only network that it defines is "
            f"{_list_text(names, networks)}. If that is the one, rename it to `{name}`",
            undefined=True,
            code="names-near",
            about=name,
        )
    listed = ", ".join(f"`{n}`" for n in own[:8]) or "nothing"
    return Unanswerable(
        f"{file} does not define `{name}`; it defines {listed}. Define `{name}` in this file, "
        "spelled so",
        undefined=True,
        code="names-missing",
        about=name,
    )


def _name_file(names: Names) -> str:
    return os.path.basename(str(names.get("__file__", "the file")))


def _list_near(names: Names, name: str, kind: Kind, *, but: str = "") -> list[str]:
    """Names of the student's that differ in case and underscores, else in a few letters; none of
    them means something else that is asked for.
    """
    own = _list_own(names)
    if kind == "value":
        own += [n for n in _list_values(names) if n not in own]
    own = [n for n in own if is_free(names, n, names[n], but=but or name)]
    folded = [n for n in own if _fold(n) == _fold(name)]
    return folded or difflib.get_close_matches(name, own, n=3, cutoff=0.6)


def _list_own(names: Names) -> list[str]:
    """Classes and functions that the student wrote, in whichever file."""
    return [
        n
        for n, value in names.items()
        if not (n.startswith("_") or isinstance(value, ModuleType)) and is_own(value, names)
    ]


def is_own(value: object, names: Names) -> bool:
    """True for a class or function that the student wrote, in whichever file, and for an instance
    of such a class.
    """
    home = getattr(value, "__module__", None)
    defined_here = isinstance(home, str) and home == names.get("__name__")
    return defined_here or find_place(value, find_directory(names)) is not None


def _list_values(names: Names) -> list[str]:
    return [n for n in names if n not in _IPYTHON and _is_value(n, names[n])]


def _is_value(name: str, value: object) -> bool:
    return not name.startswith("_") and isinstance(value, _VALUES)


def _is_network(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def _list_text(names: Names, listed: Sequence[str]) -> str:
    """`Lenet5` (cell 2, line 1), `LeNet` (net.py, line 3)."""
    return ", ".join(f"`{n}`{_describe_place(names, n, names[n])}" for n in listed)


def describe_path(names: Names, path: str, value: object) -> str:
    """Where what `list_paths` gives is written, in brackets, behind a space; else nothing."""
    return _describe_place(names, path.rpartition(".")[2], value)


def _describe_place(names: Names, name: str, value: object) -> str:
    """Where a name of the student's is written, in brackets; the file only if it is another one."""
    path, directory = str(names.get("__file__", "")), find_directory(names)
    place = find_place(value, directory)
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
