"""What students see names lines of theirs: no path of the grader's, in no traceback and no warning.

A shim stands between the student's code and a library, so its frames are part of tracebacks, and
what a library warns of seems to come from the shim. Where the shim lies is nobody's business.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TextIO

_PREFIX = "<grader: "
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
Show = Callable[[Warning | str, type[Warning], str, int, TextIO | None, str | None], None]


def conceal(module: ModuleType) -> None:
    """In tracebacks the module's functions have a name in place of a path."""
    name = f"{_PREFIX}{module.__name__.rpartition('.')[2]}>"
    for function in _list_functions(module):
        function.__code__ = _rename(function.__code__, name)


def _list_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Those of the module and of its classes."""
    classes = [v for v in vars(module).values() if isinstance(v, type)]
    for owner in (module, *(c for c in classes if c.__module__ == module.__name__)):
        for value in vars(owner).values():
            plain = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            if isinstance(plain, FunctionType) and plain.__module__ == module.__name__:
                yield plain


def _rename(code: CodeType, name: str) -> CodeType:
    """The code with that of the functions within, as if it stood in a file of this name."""
    inner = (_rename(c, name) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=name, co_consts=tuple(inner))


def install() -> None:
    """A warning that seems to come from a shim names the line that called the shim."""
    warnings.showwarning = functools.partial(_show_at_caller, warnings.showwarning)


def _show_at_caller(
    show: Show,
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if _is_ours(filename):
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != filename:
            frame = frame.f_back
        while frame is not None and frame.f_code.co_filename.startswith(_PREFIX):
            frame = frame.f_back
        if frame is None or _is_ours(frame.f_code.co_filename):
            return  # the measuring code called: no line of the student's is to blame
        filename, lineno, line = frame.f_code.co_filename, frame.f_lineno, None
    show(message, category, filename, lineno, file, line)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_PREFIX, _PACKAGE))
