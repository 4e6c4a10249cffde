"""Packages that the box lacks: importing one works, and what comes from it does nothing.

Plots, progress and experiment trackers (seaborn, wandb, torchinfo …) are imported beside what is
graded, often in the first cell, and would take everything after them along. Calls are passed over;
only where a value of such a package is needed, in a sum, a tensor operation, a base class, is there
the error that Python gives for the import. An import in `try` fails as ever: there the student has
said what to do instead.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import NoReturn, Self

from grader.inside import remarks
from grader.inside.loading import reading
from grader.inside.loading.namespace import Unanswerable

_BETWEEN = ("<frozen importlib", "<grader: ")
"""Where frames lie that are between an import statement and what finds the module."""
_WRITER = os.sep.join(["", "torch", "utils", "tensorboard", ""])
"""torch's own code that needs a package which does not come with it."""
_NEEDS = (
    "abs add array bool bytes complex contains divmod float floordiv ge gt index instancecheck int "
    "invert iter le len lt matmul mod mro_entries mul neg next pos pow radd rdivmod reversed "
    "rfloordiv rmatmul rmod rmul round rpow rsub rtruediv sub truediv"
).split()
"""What cannot be done with nothing."""
_LIGHTNING = "lightning", "pytorch_lightning"
"""Packages whose networks are torch's, with a training loop around them."""


class Absent:
    """Something of a package that is not here."""

    def __init__(self, package: str) -> None:
        self.__dict__["__package__"] = package

    def __call__(self, *args: object, **named: object) -> object:
        """Nothing happens; as a decorator it leaves the function as it is."""
        decorates = len(args) == 1 and not named and isinstance(args[0], (FunctionType, type))
        return args[0] if decorates else Absent(find_package(self))

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(find_package(self))

    def __setattr__(self, name: str, value: object) -> None:
        pass

    def __getitem__(self, key: object) -> Absent:
        return Absent(find_package(self))

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __repr__(self) -> str:
        return f"<{find_package(self)} is not installed here>"

    @classmethod
    def __torch_function__(
        cls,
        _function: object,
        _types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> NoReturn:
        waiting: list[object] = [args, kwargs or {}]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Absent):
                _fail(find_package(one))
            waiting += one.values() if isinstance(one, dict) else ()
            waiting += one if isinstance(one, (list, tuple)) else ()
        _fail("")


def find_package(value: Absent) -> str:
    """The name of the package from which it was to come."""
    return str(value.__dict__["__package__"])


def refuse(value: object, what: str) -> None:
    """Raise Unanswerable where `what` came from a package that is not here."""
    if isinstance(value, Absent):
        raise Unanswerable(
            f"{what} comes from `{find_package(value)}`, which is not here. If that is yours, hand "
            "it in as well, as a .py file; if it is a package, do without it, as the grader "
            "installs nothing"
        )


def _fail(name: str) -> NoReturn:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _refuse_operation(self: Absent, *_: object) -> NoReturn:
    _fail(find_package(self))


for _name in _NEEDS:
    setattr(Absent, f"__{_name}__", _refuse_operation)


class _Stub(ModuleType):
    """A module that is not here."""

    __version__ = "99.0"

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        root = self.__name__.partition(".")[0]
        if root in _LIGHTNING and name in ("LightningModule", "LightningDataModule"):
            return _make_base(root, name)
        return Absent(root)


@functools.cache
def _make_base(package: str, name: str) -> type:
    """What classes of Lightning's are built on: a network is torch's own all the same.

    Its training loop is not here; the layers and `forward` need nothing of it.
    """
    from torch import nn  # the box has it; who only reads sources does not

    def ignore(*_: object, **__: object) -> None:
        """Nothing is logged here."""

    ignored = {"log": ignore, "log_dict": ignore, "save_hyperparameters": ignore}
    facts = {"hparams": Absent(package), "device": "cpu", "current_epoch": 0}
    return type(name, (nn.Module if name == "LightningModule" else object,), {**ignored, **facts})


class _Finder(MetaPathFinder):
    """Comes last: what is here goes first, and what finders of the student's find."""

    def __init__(self, directory: str) -> None:
        self._prefix = os.path.join(directory, "")

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """A stub, where a statement of the student's imports the name and no `try` is around it."""
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            if hasattr(finder, "find_spec") and (spec := finder.find_spec(fullname, path, target)):
                return spec
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_BETWEEN):
            frame = frame.f_back
        file, line = frame.f_code.co_filename, frame.f_lineno
        inner = isinstance(sys.modules.get(fullname.rpartition(".")[0]), _Stub)
        if file.startswith(self._prefix):
            if not inner and (path is not None or not _is_plain(file, line)):
                return None
            root = fullname.partition(".")[0]
            remarks.add("absent", f"`{root}` ({reading.name_source(file)}, line {line})")
        elif _WRITER in file:
            remarks.add("absent", "`tensorboard`")
        else:
            return None
        return ModuleSpec(fullname, _Maker(), is_package=True)


class _Maker(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It is empty."""


def _is_plain(file: str, line: int) -> bool:
    """True where an import statement stands on that line, outside of `try` and `with`."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except reading.FAULTS:  # of such a cell only definitions are run
        return True
    is_import = False
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            is_import = is_import or node.lineno <= line <= (node.end_lineno or node.lineno)
        elif isinstance(node, ast.With) or (isinstance(node, ast.Try) and node.handlers):
            last = node.body[-1]
            if node.body[0].lineno <= line <= (last.end_lineno or last.lineno):
                return False
    return is_import


def install(directory: str) -> None:
    """Imports in the student's files, which lie in `directory`, find a stub from now on."""
    sys.meta_path.append(_Finder(directory))
