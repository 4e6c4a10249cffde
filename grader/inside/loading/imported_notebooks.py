"""Notebooks are imported as modules once `import_ipynb`, `nbimporter`, `importnb` or `ipynb` is.

Their cells run one after the other in the module, without lines that only IPython understands. Of
packages that take only definitions of a notebook so does this. A package of these that is installed
goes first.
"""

from __future__ import annotations

import ast
import json
import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

from grader.inside.cell import SUFFIX, name_cell
from grader.inside.loading import blanks, definitions, recovery

_FOLDERS = ("ipynb", "ipynb.fs", "ipynb.fs.full", "ipynb.fs.defs")
"""A package below whose last two folders every notebook is a module."""
_SWITCHES = {"import_ipynb": False, "nbimporter": True, "importnb": False}
"""Packages that let every import find notebooks, and whether only definitions are taken."""


class _Finder(MetaPathFinder):
    """Comes after all that finds modules of Python."""

    def __init__(self) -> None:
        self.only_definitions: bool | None = None
        """None as long as none of the packages is imported."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """One of the packages, or a notebook of that name."""
        if fullname in _SWITCHES:
            self.only_definitions = _SWITCHES[fullname]
        if fullname in (*_SWITCHES, *_FOLDERS):
            return ModuleSpec(fullname, _Empty(), is_package=fullname in _FOLDERS)
        package, _, name = fullname.rpartition(".")
        if package in _FOLDERS[2:]:
            return _find_notebook(fullname, name, sys.path, only_definitions=package == _FOLDERS[3])
        if self.only_definitions is None:
            return None
        return _find_notebook(
            fullname, name, path or sys.path, only_definitions=self.only_definitions
        )


def _find_notebook(
    fullname: str, name: str, folders: Sequence[str], *, only_definitions: bool
) -> ModuleSpec | None:
    for folder in folders:
        for stem in (name, name.replace("_", " ")):
            file = os.path.join(os.path.abspath(folder), f"{stem}{SUFFIX}")
            if os.path.isfile(file):
                return spec_from_file_location(
                    fullname, file, loader=_Cells(only_definitions=only_definitions)
                )
    return None


class _Empty(Loader):
    def exec_module(self, module: ModuleType) -> None:
        """That it is imported is all; `nbimporter` has options, and `importnb` a context."""
        module.__dict__.update(options={}, Notebook=nullcontext, imports=_enter_nothing)


def _enter_nothing(*_: object) -> AbstractContextManager[None]:
    return nullcontext()


class _Cells(Loader):
    """Runs a notebook's cells in the module."""

    def __init__(self, *, only_definitions: bool) -> None:
        self._selection = definitions.Selection() if only_definitions else None

    def exec_module(self, module: ModuleType) -> None:
        """The names of all cells are in the module. What a cell raises passes through."""
        path = str(module.__file__)
        for number, text in _list_cells(path):
            file = name_cell(path, number)
            source = blanks.strip_magics(definitions.unwrap(text))
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            body = _parse(source, file)
            if self._selection is not None:
                tree = ast.Module(body=body, type_ignores=[])
                body = self._selection.choose(tree, source, file)
            exec(
                compile(ast.Module(body=body, type_ignores=[]), file, "exec", dont_inherit=True),
                module.__dict__,
            )


def _list_cells(path: str) -> Iterator[tuple[int, str]]:
    """Number and text of each cell of code, but of those in another language or for a file.

    Raises ImportError for what is no notebook.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            cells = json.load(file)["cells"]
        texts = ["".join(c["source"]) if c["cell_type"] == "code" else "" for c in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"{os.path.basename(path)} is not a notebook ({type(error).__name__})"
        raise ImportError(what, path=path) from None
    for number, text in enumerate(texts, 1):
        if text.strip() and not definitions.unwrap(text).lstrip().startswith("%%"):
            yield number, text


def _parse(source: str, file: str) -> list[ast.stmt]:
    """The statements of a cell; of one that does not parse those that can be read."""
    try:
        return ast.parse(source, file).body
    except recovery.FAULTS:
        return recovery.recover(source, file, os.path.basename(file))


def install() -> None:
    """The packages can be imported from now on."""
    sys.meta_path.append(_Finder())
