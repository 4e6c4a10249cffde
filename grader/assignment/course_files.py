"""Files of a course: read, and those that are code executed. What goes wrong there is a CourseError
with file and line.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

from grader.records.errors import CourseError, GraderError, is_interrupt, read_text

SECONDS = 5.0
"""After so long a line says at what a file is that is being executed."""


def is_there(path: Path) -> bool:
    """True where something has that name, even if it cannot be read."""
    return os.path.lexists(path)


def read_file(path: Path) -> bytes:
    """The content. Raises CourseError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{_name(path)} could not be read ({error.strerror or type(error).__name__}). It has "
            "to be a file that you may read"
        ) from error


def execute(source: bytes, path: Path, name: str) -> ModuleType:
    """A trusted file of the course, executed as a module of its own."""
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        # Not by a loader: bytecode that it keeps hides a change of the same second and size.
        # With PYTHONOPTIMIZE the docstrings of checks would be gone.
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        with _watch(path):
            exec(code, vars(module))  # noqa: S102
    except GraderError as error:
        raise CourseError(f"{_place(error, path)}: {error}") from error
    except BaseException as error:  # instructors' files may raise anything, and call exit()
        if is_interrupt(error):
            raise
        what = "it calls exit()" if isinstance(error, SystemExit) else _describe(error)
        raise CourseError(f"{_place(error, path)}: {what}") from error
    return module


def find_line(source: bytes, pattern: bytes) -> int:
    """The last line in which the pattern stands; 1 where it stands in none."""
    lines = [n for n, line in enumerate(source.splitlines(), 1) if re.search(pattern, line)]
    return lines[-1] if lines else 1


def _describe(error: BaseException) -> str:
    said = read_text(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _place(error: BaseException, path: Path) -> str:
    """File and line of the course from which an error came."""
    if isinstance(error, SyntaxError) and error.lineno:
        line = error.lineno
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.filename == str(path)]
        line = (lines[-1] if lines else None) or 1
    return f"{_name(path)}, line {line}"


def _name(path: Path) -> str:
    """`lenet5_mnist/assignment.py`."""
    return f"{path.parent.name}/{path.name}"


@contextmanager
def _watch(path: Path) -> Iterator[None]:
    """If the file takes long, a line on stderr says at which of its lines it is."""
    thread = threading.get_ident()

    def tell() -> None:
        frame: FrameType | None = sys._current_frames().get(thread)  # noqa: SLF001
        while frame is not None and frame.f_code.co_filename != str(path):
            frame = frame.f_back
        line = f", line {frame.f_lineno}," if frame is not None else ""
        sys.stderr.write(
            f"grader: {_name(path)}{line} is still being executed after {SECONDS:g} seconds. If "
            "there is a loop that does not end, press Ctrl-C and take it out.\n"
        )
        sys.stderr.flush()

    timer = threading.Timer(SECONDS, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
