"""Networks that a student's file defines more than once: which of them the weights belong to.

Cells are copied and changed, and the weights may come from the first version. That is help, and no
verdict: whichever class is chosen answers all questions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import torch

from grader.inside import remarks
from grader.inside.loading import handed_in
from grader.inside.loading.namespace import find_place
from grader.inside.measuring import weights

CAP = 1000
"""Classes that are remembered."""
_FILES = 4
"""Files of weights that are tried."""
_defined: dict[str, list[type]] = {}
"""The classes of each name, in the order in which they were defined."""
_chosen: dict[str, tuple[type, type]] = {}
"""By name the last definition, and the one that answers for it."""


def watch(directory: str) -> None:
    """Every network class that code in `directory` defines from now on is remembered.

    In the base class and not in `builtins.__build_class__`, as that would put a line of ours into
    the traceback of each class that fails.
    """
    prefix = os.path.join(directory, "")

    def remember(cls: type[torch.nn.Module], /, **options: object) -> None:
        super(torch.nn.Module, cls).__init_subclass__(**options)
        here = sys._getframe(1).f_code.co_filename.startswith(prefix)
        if here and "." not in cls.__qualname__ and len(_defined) < CAP:
            _defined.setdefault(cls.__qualname__, []).append(cls)
            del _defined[cls.__qualname__][:-CAP]

    torch.nn.Module.__init_subclass__ = classmethod(remember)  # type: ignore[method-assign,assignment]


def choose(name: str, last: object, init: Sequence[object], directory: str) -> object:
    """The definition that a file of weights in `directory` fits, if it fits one other than `last`.

    Else `last`, which is what the name means to Python.
    """
    earlier = [c for c in _defined.get(name, []) if c is not last]
    if not earlier or not isinstance(last, type):
        return last
    if name not in _chosen or _chosen[name][0] is not last:
        _chosen[name] = (last, _choose(name, last, earlier, init, directory))
    return _chosen[name][1]


def _choose(
    name: str, last: type, earlier: Sequence[type], init: Sequence[object], directory: str
) -> type:
    files = (handed_in.list_weights(directory) or handed_in.list_saved(directory))[:_FILES]
    if not files or any(_fits(last, init, directory, f) for f in files):
        return last
    fit = [c for c in earlier if any(_fits(c, init, directory, f) for f in files)]
    if len(fit) != 1:
        return last
    others = [_describe_place(c, directory) for c in (*earlier, last) if c is not fit[0]]
    here = _describe_place(fit[0], directory)
    remarks.add("twice", f"`{name}` in {here} (also in {', '.join(others)})")
    return fit[0]


def _fits(definition: type, init: Sequence[object], directory: str, file: str) -> bool:
    try:
        return weights.fits(definition(*init), directory, file)
    except Exception:  # a class that cannot be built is no candidate
        return False


def _describe_place(definition: type, directory: str) -> str:
    place = find_place(definition, directory)
    if place is None:
        return "another place"
    cell = place["file"].partition(", ")[2]
    return cell or f"{place['file']}, line {place['line']}"
