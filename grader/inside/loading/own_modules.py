"""The student's own files are imported first, as Python at home does.

Much is loaded here before a submission is: the grader's own package, and what torch and Jupyter
need of Python's library. `import code` would find that in place of the student's `code.py`. So
where a file of the student's has the name of something that is loaded already, import statements of
the student's get the file, and those of libraries what they were written for. Modules that are part
of the interpreter, such as `os` and `time`, go before any file at home too, and here so do the
libraries that courses are about: a `torch.py` with notes costs nobody anything. In a notebook much
of Python's library goes first as well, as kernels have loaded it: there the file is meant only
where the names that are imported are not the library's.
"""

from __future__ import annotations

import builtins
import filecmp
import functools
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FrozenImporter, ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

ALIAS = "_students_"
"""Before the name under which such a file is loaded."""
_OURS = "grader"
"""The one package that is loaded here and is not at home, not even as another version."""
_TAUGHT = frozenset({"matplotlib", "numpy", "pandas", "PIL", "scipy", "torch", "torchvision"})
"""What courses are about: whoever imports one means the library, whatever lies beside the file."""
_ALIASED = re.compile(rf"\b{ALIAS}(?=\w)")
_RELATIVE = re.compile(r"^[ \t]*from[ \t]+(\.+)", re.MULTILINE)
_PACKAGE = "submission"
"""The folder of a submission as a package, for imports such as `from .net import Net`."""
Import = Callable[..., ModuleType]


def make_module(path: str, text: str, directory: str) -> ModuleType:
    """The module for the file at `path`, in which nothing has run yet; imports find it.

    It is named after its file: one that is named like a library that is loaded, or like a package
    beside it, must not take its place. Where its text imports relatively, it is a part of the
    package in which it lies.
    """
    stem = os.path.splitext(os.path.basename(path))[0]
    beside = os.path.join(os.path.dirname(path), stem, "__init__.py")
    name = f"{ALIAS}{stem}" if stem in sys.modules or os.path.isfile(beside) else stem
    up = max((len(hit[1]) for hit in _RELATIVE.finditer(text)), default=0)
    package = _find_package(path, directory, up) if up else ""
    spec = spec_from_file_location(f"{package}.{stem}" if package else name, path)
    if spec is None:  # a suffix that Python does not know
        module = ModuleType(name)
        module.__file__ = path
    else:
        module = module_from_spec(spec)
    sys.modules[name] = sys.modules[module.__name__] = module
    return module


def _find_package(path: str, directory: str, up: int) -> str:
    """The name of the package that a file belongs to, which has so many packages to go up to.

    How the folder around everything is called at home nobody knows.
    """
    place = _find_place(path, directory)
    inner = "" if place == os.curdir else place.replace(os.sep, ".")
    if inner and up <= inner.count(".") + 1:
        return inner
    init = os.path.join(directory, "__init__.py")
    spec = spec_from_file_location(_PACKAGE, init, submodule_search_locations=[directory])
    assert spec is not None
    package = sys.modules[_PACKAGE] = module_from_spec(spec)
    if spec.loader is not None and os.path.exists(init):
        spec.loader.exec_module(package)
    return f"{_PACKAGE}.{inner}" if inner else _PACKAGE


def _find_place(path: str, directory: str) -> str:
    """The folder in which a file was handed in: one that lies at the top lies there once more."""
    folder, base = os.path.split(path)
    for place, _, files in os.walk(directory):
        if place != folder and base in files and filecmp.cmp(path, os.path.join(place, base)):
            return os.path.relpath(place, directory)
    return os.path.relpath(folder, directory)


def search_path(path: str, directory: str) -> list[str]:
    """`sys.path` for the file at `path`: the folder in which the code stands, then its own."""
    homes = list(dict.fromkeys(["", os.path.dirname(path), directory]))
    sys.dont_write_bytecode = True
    _forget(homes)
    return [*homes, *(p for p in sys.path if p not in homes)]


def _forget(folders: Sequence[str]) -> None:
    """What lies in these is looked up anew: only these, as at level 2 not all could be."""
    for folder in folders:
        sys.path_importer_cache.pop(folder or _working_folder(), None)


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


class _Own(MetaPathFinder):
    """Knows which loaded modules the student's files are named like."""

    def __init__(self, directory: str, *, in_kernel: bool) -> None:
        self._prefix, self._in_kernel = os.path.join(directory, ""), in_kernel
        self.roots: set[str] = set()

    def look(self) -> None:
        """Files that have come, or lie where imports look now, are known."""
        folders = self._folders()
        _forget(folders)
        known = {name.partition(".")[0] for folder in folders for name in _list_folder(folder)}
        self.roots |= {name for name in known & sys.modules.keys() if self._find(name)}

    def _folders(self) -> list[str]:
        """Those of `sys.path` in which files of the student's may lie."""
        here = os.path.join(_working_folder(), "")
        own = [p for p in sys.path if os.path.join(p or here, "").startswith(self._prefix)]
        return own if here.startswith(self._prefix) else [p for p in own if p]

    def _find(self, name: str) -> ModuleSpec | None:
        """Where the student's file of that name lies, if it wins over the loaded module."""
        if name in sys.builtin_module_names or name in ("__main__", "encodings", *_TAUGHT):
            return None
        loaded = getattr(sys.modules.get(name), "__file__", None) or ""
        if loaded.startswith(self._prefix) or FrozenImporter.find_spec(name) is not None:
            return None
        spec = PathFinder.find_spec(name, self._folders())
        regular = spec is not None and spec.origin is not None
        return spec if regular or name == _OURS else None  # a folder alone comes after packages

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The student's file for the name under which it is loaded."""
        name = fullname.removeprefix(ALIAS)
        if path is not None or name == fullname or name not in self.roots:
            return None
        spec = self._find(name)
        if spec is None:
            return None
        places = spec.submodule_search_locations
        if spec.origin is None:
            alone = ModuleSpec(fullname, None, is_package=True)
            alone.submodule_search_locations = list(places or ())
            return alone
        return spec_from_file_location(fullname, spec.origin, submodule_search_locations=places)

    def is_meant(
        self, name: str, asking: Mapping[str, object] | None, wanted: Sequence[str] | None = ()
    ) -> bool:
        """True where code with these globals means the student's file by a name, of which it wants
        these names.
        """
        root = name.partition(".")[0]
        if root not in self.roots or asking is None:
            return False
        file = asking.get("__file__")
        own = isinstance(file, str) and file.startswith(self._prefix)
        if not own and asking.get("__name__") != "__main__":
            return False
        if not self._in_kernel or root not in sys.stdlib_module_names:
            return True
        return not all(n == "*" or hasattr(sys.modules.get(name), n) for n in wanted or ())


class _AtHome(MetaPathFinder):
    """Looks in the submission for folders of `sys.path` that are only where it was written.

    The file's folder is the top here, so that `../src` leads nowhere, and `/home/ada/hw1/src` is on
    another machine. Comes last.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The module, if the submission has such a folder with it, whatever else is here."""
        if path is not None:
            return None
        folders = map(self._find_folder, (p for p in sys.path if isinstance(p, str)))
        places = [folder for folder in folders if folder]
        return PathFinder.find_spec(fullname, places) if places else None

    def _find_folder(self, folder: str) -> str:
        """The one of the submission's whose path ends as this one does; empty where none is."""
        parts = [p for p in re.split(r"[/\\]", folder) if p.strip(".")]
        ends = (os.path.join(self._directory, *parts[n:]) for n in range(len(parts)))
        return next(filter(os.path.isdir, ends), "")


_finder: _Own | None = None


def begin(directory: str, *, in_kernel: bool) -> None:
    """Files in `directory` are the student's; a kernel runs them, or they run alone."""
    global _finder
    _finder = _Own(directory, in_kernel=in_kernel)
    sys.meta_path.append(_AtHome(directory))


def look() -> None:
    """What lies in the student's folders now wins over what is loaded; to be called before code
    is run.
    """
    if _finder is None:
        return
    before = bool(_finder.roots)
    _finder.look()
    if _finder.roots and not before:
        sys.meta_path.insert(0, _finder)
        builtins.__import__ = _wrap_import(_finder, builtins.__import__)
        importlib.import_module = _wrap_import_module(_finder, importlib.import_module)


def _wrap_import(finder: _Own, plain: Import) -> Import:
    @functools.wraps(plain)
    def import_name(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - as `__import__` has it
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if not level and finder.is_meant(name, globals, fromlist):
            name = ALIAS + name
        return plain(name, globals, locals, fromlist, level)

    return import_name


def _wrap_import_module(finder: _Own, plain: Import) -> Import:
    @functools.wraps(plain)
    def import_module(name: str, package: str | None = None) -> ModuleType:
        if finder.is_meant(name, sys._getframe(1).f_globals):
            name = ALIAS + name
        return plain(name, package)

    return import_module


def name_as_written(text: str) -> str:
    """A message that names modules as the student does."""
    return _ALIASED.sub("", text) if _finder is not None and _finder.roots else text


def _list_folder(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder or ".")
    except OSError:  # it was removed, or may not be listed
        return
