"""Loads a student's module, and says what went wrong in it, at which of the student's lines."""

from __future__ import annotations

import importlib.util
import linecache
import os
import sys
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import Any

from grader.inside.wire import Array

MESSAGE_CAP = 2000
"""Largest message of a trouble, characters."""
_NAME_CAP = 200
_CODE_CAP = 400
_FRAMES_CAP = 100_000
_PARTS_CAP = 64


class Unanswerable(Exception):
    """Raised by measuring code for a question that has no answer; `why` is for the student."""

    def __init__(self, why: str, person: bool = False) -> None:  # noqa: FBT001, FBT002
        super().__init__(why)
        self.why = why
        self.person = person
        """True where a person has to look, as the student is not to blame."""


def place(directory: str, names: Sequence[str], contents: Sequence[Array]) -> list[str]:
    """The files lie in `directory`; the names of those that cannot."""
    misplaced = []
    for name, content in zip(names, contents, strict=True):
        parts = name.split("/")
        odd = "\0" in name or len(parts) > _PARTS_CAP
        if odd or any(part in ("", ".", "..") for part in parts):
            misplaced.append(name)
            continue
        path = os.path.join(directory, *parts)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(path, flags, 0o644)
        except (OSError, ValueError):  # a folder where a file should be, a name too long
            misplaced.append(name)
            continue
        with open(descriptor, "wb") as file:
            file.write(content.data)
    return misplaced


def load(directory: str, entry: str) -> dict[str, Any]:
    """The names of the module `entry` of `directory`, after its code has run.

    The module is named after its file, so that `if __name__ == "__main__"` does not hold, and
    stands in `sys.modules`; the student's other files can be imported. Whatever the code raises
    passes through, SystemExit included.
    """
    path = os.path.join(directory, entry)
    sys.path[:] = search_path(path, directory)
    sys.argv[:] = [path]
    with open(path, "rb") as file:
        source = file.read()
    code = compile(source, path, "exec", dont_inherit=True)
    module = _empty_module(path)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    return module.__dict__


def search_path(path: str, directory: str) -> list[str]:
    """`sys.path` for the file at `path`: the student's other files can be imported, and first."""
    homes = list(dict.fromkeys([os.path.dirname(path), directory]))
    sys.dont_write_bytecode = True
    for home in homes:  # only these: at level 2 not every folder could be listed again
        sys.path_importer_cache.pop(home, None)
    return [*homes, *(p for p in sys.path if p not in homes)]


def _empty_module(path: str) -> ModuleType:
    stem = os.path.splitext(os.path.basename(path))[0]
    # A file named like a library that is loaded must not take its place.
    name = f"student_{stem}" if stem in sys.modules else stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:  # a suffix that Python does not know
        module = ModuleType(name)
        module.__file__ = path
        return module
    return importlib.util.module_from_spec(spec)


def trouble(error: BaseException, directory: str) -> dict[str, Any]:
    """The fields of a `records.Trouble`: the exception, and the student's line that caused it."""
    try:
        found = _place(error, directory)
        return {"kind": _kind(error), "message": _message(error, directory), **found}
    except MemoryError:
        return {"kind": "MemoryError", "message": ""}
    except Exception as second:  # an exception class can answer any question with an exception
        return {"kind": "Exception", "message": f"(cannot be shown: {type(second).__name__})"}


def _kind(error: BaseException) -> str:
    return clean(type(error).__name__, _NAME_CAP)


def _message(error: BaseException, directory: str) -> str:
    if isinstance(error, SystemExit):
        return "the file calls exit(), quit() or sys.exit(): take that line out"
    if isinstance(error, SyntaxError):
        text = clean(error.msg, MESSAGE_CAP) if isinstance(error.msg, str) else ""
        if "codec can't decode" in text:
            return "the file is not UTF-8 text: save it as UTF-8"
        return text
    try:
        text = str(error)
    except BaseException as second:
        return f"(its message cannot be shown: {type(second).__name__})"
    shown = clean(text, MESSAGE_CAP)
    return shown.replace(directory.rstrip("/") + "/", "")


def clean(text: str, cap: int) -> str:
    """At most `cap` characters, each of which can be encoded."""
    start = str.__getitem__(text, slice(cap))
    return start.encode("utf-8", "backslashreplace").decode("utf-8")[:cap]


def _place(error: BaseException, directory: str) -> dict[str, Any]:
    """File, line, text and function of the last frame that is the student's."""
    if isinstance(error, SyntaxError):
        file = _relative(error.filename, directory)
        if file is not None:
            line = error.lineno if isinstance(error.lineno, int) and error.lineno > 0 else None
            text = error.text if isinstance(error.text, str) else ""
            return {"file": file, "line": line, "code": clean(text.strip(), _CODE_CAP) or None}
    last: TracebackType | None = None
    step, count = error.__traceback__, 0
    while step is not None and count < _FRAMES_CAP:
        if _relative(step.tb_frame.f_code.co_filename, directory) is not None:
            last = step
        step, count = step.tb_next, count + 1
    if last is None:
        return {}
    code = last.tb_frame.f_code
    line = last.tb_lineno if isinstance(last.tb_lineno, int) and last.tb_lineno > 0 else None
    text = linecache.getline(code.co_filename, line).strip() if line else ""
    where = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
    return {
        "file": _relative(code.co_filename, directory),
        "line": line,
        "code": clean(text, _CODE_CAP) or None,
        "where": None if where == "<module>" else clean(where, _NAME_CAP),
    }


def _relative(file: Any, directory: str) -> str | None:
    """The name of a student's file within the submission; None for any other."""
    if not isinstance(file, str):
        return None
    prefix = directory.rstrip("/") + "/"
    return clean(file[len(prefix) :], _NAME_CAP) if file.startswith(prefix) else None
