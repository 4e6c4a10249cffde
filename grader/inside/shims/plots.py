"""Plots are drawn without a screen, whichever of matplotlib's back ends is asked for.

`matplotlib.use('TkAgg')`, `%matplotlib qt` and the like are passed over with a note; what writes
pictures, to a file or into a notebook, is used as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from grader.inside import remarks

_WRITERS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template", "inline")
"""Back ends that need no screen."""
_INLINE = "matplotlib_inline"
_MODULES = ("matplotlib", "matplotlib.pyplot")


def install() -> None:
    """What matplotlib does with back ends is changed where it is loaded, or once it is."""
    sys.meta_path.insert(0, _Watch())
    for name in _MODULES:
        if name in sys.modules:
            _CHANGES[name](sys.modules[name])


def is_writer(backend: object) -> bool:
    """True for a back end that needs no screen."""
    name = str(backend).lower()
    return name in _WRITERS or _INLINE in name or not isinstance(backend, str)


def note(backend: object) -> None:
    """The grader will say that it was passed over."""
    remarks.add("screen", f"`{backend}`")


def _change_use(module: ModuleType) -> None:
    matplotlib: Any = module
    plain = getattr(matplotlib, "use", None)
    if plain is None:  # a file of the student's, of that name
        return

    def use(backend: object, **how: object) -> None:
        """A back end with windows is passed over."""
        if is_writer(backend):
            plain(backend, **how)
        else:
            note(backend)

    matplotlib.use = use


def _change_switch(module: ModuleType) -> None:
    pyplot: Any = module
    plain = getattr(pyplot, "switch_backend", None)
    if plain is None:
        return

    def switch_backend(newbackend: object) -> None:
        """In place of a back end with windows what is there stays, or pictures are drawn."""
        if is_writer(newbackend):
            plain(newbackend)
            return
        note(newbackend)
        if getattr(pyplot, "_backend_mod", None) is None:
            plain("agg")

    pyplot.switch_backend = switch_backend


_CHANGES: dict[str, Callable[[ModuleType], None]] = {
    "matplotlib": _change_use,
    "matplotlib.pyplot": _change_switch,
}


class _Watch(MetaPathFinder):
    """Changes each module once its own code has run."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in _CHANGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            spec.loader = _Changer(spec.loader, _CHANGES[fullname])
        return spec


class _Changer(Loader):
    def __init__(self, plain: Loader, change: Callable[[ModuleType], None]) -> None:
        self._plain, self._change = plain, change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._plain.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._plain.exec_module(module)
        self._change(module)
