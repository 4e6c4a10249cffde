"""`google.colab` for notebooks that were written there: it can be imported, and does nothing.

What a drive holds is not here; the sentence about files that are missing says so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from grader.inside import remarks

_CALLS = {
    "drive": ("mount", "flush_and_unmount"),
    "files": ("upload", "download", "view"),
    "userdata": ("get",),
    "output": ("clear", "eval_js", "enable_custom_widget_manager", "no_vertical_scroll"),
    "auth": ("authenticate_user",),
    "patches": ("cv2_imshow",),
    "runtime": ("unassign",),
}
"""Modules of google.colab, with the functions in them that students call."""


class Uploads(dict[str, bytes]):
    """What `files.upload()` gives: a file that was handed in, by its name."""

    def __missing__(self, name: str) -> bytes:
        with open(os.path.basename(name), "rb") as file:
            return file.read()


_GIVEN: dict[str, Callable[[], object]] = {"files.upload": Uploads, "userdata.get": str}
"""What a call returns that returns something."""


class _Finder(MetaPathFinder):
    """Comes last: a real package of that name goes first."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        known = {"google", "google.colab", *(f"google.colab.{n}" for n in _CALLS)}
        return ModuleSpec(fullname, _Maker(), is_package=True) if fullname in known else None


class _Maker(Loader):
    def exec_module(self, module: ModuleType) -> None:
        """The functions are there."""
        part = module.__name__.rpartition(".")[2]
        for name in _CALLS.get(part, ()):
            setattr(module, name, _make_inert(f"{part}.{name}"))


def _make_inert(name: str) -> Callable[..., object]:
    def call(*_: object, **__: object) -> object:
        remarks.add("colab", f"`{name}`")
        return _GIVEN.get(name, lambda: None)()

    call.__name__ = call.__qualname__ = name.partition(".")[2]
    return call


def install() -> None:
    """`from google.colab import drive` works from now on."""
    if not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.append(_Finder())
