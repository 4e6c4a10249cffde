"""Loads a student's module, and says what went wrong in it, at which of the student's lines."""

from __future__ import annotations
import __future__

import ast
import contextlib
import errno
import importlib.util
import linecache
import os
import re
import shutil
import sys
from collections import deque
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, TracebackType
from typing import TypedDict

from grader.inside.loading import own_modules, reading
from grader.inside.schema.questions import ErrorFacts
from grader.inside.wire import Array

Names = dict[str, object]
"""What the student's names are bound to."""
MESSAGE_CAP = 2000
"""Largest message of an error, characters."""
_FUTURE = __future__.annotations.compiler_flag
_NAME_CAP = 200
_CODE_CAP = 400
_FRAMES_CAP = 100_000
_ROUND = 20
"""Steps of an endless recursion that are looked at: functions that call each other are fewer."""
_PARTS_CAP = 64
_OURS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""Errors of a disk or of the machine, at which no name is to blame."""
_PARSERS = ("argparse.py", "optparse.py")
_LIBRARIES = sorted(
    {os.path.join(p, "") for p in (*sys.path, sys.prefix, sys.base_prefix) if len(p) > 1},
    key=len,
    reverse=True,
)
"""Where Python and its packages lie: taken out of messages, as it is nobody's business."""

CELLS: dict[str, str] = {}
"""File names under which a kernel that is not ours compiled its cells → what the cells are called:
filled only while the names of a session are measured in its own process.
"""


class Place(TypedDict):
    """Where something of the student's is written."""

    file: str
    line: int


class Unanswerable(Exception):
    """Raised by measuring code for a question that has no answer; `why` is for the student."""

    def __init__(
        self,
        why: str,
        needs_review: bool = False,  # noqa: FBT001, FBT002
        *,
        undefined: bool = False,
        code: str = "",
        about: str = "",
    ) -> None:
        super().__init__(why)
        self.why = why
        self.needs_review = needs_review
        """True where a person has to look, as the student is not to blame."""
        self.undefined = undefined
        """True where a name is missing: in a notebook a cell that failed may be why."""
        self.code = code
        """Of the message that names the reason, such as `names-missing`."""
        self.about = about
        """The name or the file that it is about."""


def place_files(directory: str, names: Sequence[str], contents: Sequence[Array]) -> list[str]:
    """The files lie in `directory`; the names of those that cannot. OSError where it is the disk
    that cannot take them.
    """
    misplaced = []
    for name, content in zip(names, contents, strict=True):
        parts = name.split("/")
        if len(parts) > _PARTS_CAP or any(_is_odd(part, os.name) for part in parts):
            misplaced.append(name)
            continue
        path = find_path(directory, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:  # follows no link: the name has to be a new one
                file.write(content.data)
        except (OSError, ValueError) as error:  # a folder where a file should be, a name too long
            if isinstance(error, OSError) and error.errno in _OURS:
                raise
            misplaced.append(name)
    return misplaced


def clear_folder(directory: str) -> bool:
    """Nothing lies in the folder, and True; False where something of the student's stays."""
    for entry in list(os.scandir(directory)):
        with contextlib.suppress(OSError, RecursionError):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    return not os.listdir(directory)


def _is_odd(part: str, system: str) -> bool:
    """True for a part of a name that means something to the system: another folder, a device."""
    if part in ("", ".", "..") or "\0" in part:
        return True
    return system == "nt" and (bool(set(part) & set('\\:*?"<>|')) or part[-1] in ". ")


def find_path(directory: str, name: str) -> str:
    """Where the submission's file of that name lies; names have `/` on every system."""
    return os.path.join(directory, *name.split("/"))


def load(directory: str, entry: str) -> Names:
    """The names of the module `entry` of `directory`, after its code has run.

    The module is named after its file, so that `if __name__ == "__main__"` does not hold, and
    stands in `sys.modules`; the student's other files can be imported. Where the code raises,
    SystemExit included, the definitions that follow are still run, and of a file that does not
    parse those that can be read; `reading.unread` says why not all. Where the assignment takes
    definitions only, so does this. Raises what makes a file unreadable as a whole.
    """
    path = find_path(directory, entry)
    sys.path[:] = own_modules.search_path(path, directory)
    sys.argv[:] = [path]
    own_modules.look()
    source, text = _read_module(path, entry)
    reading.note(text, path)
    names = own_modules.make_module(path, text, directory).__dict__
    try:
        code = _compile(source, text, path)
    except reading.FAULTS as error:
        reading.unread = error
        _run_each(reading.recover(text, path, {}).body, path, names)
        return names
    try:
        exec(code, names)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        reading.unread = error
        rest = _choose_rest(text, path, code, error)
        stopped = isinstance(error, KeyboardInterrupt)
        with reading.reduced("definitions" if stopped else "all"):
            _run_each(rest, path, names, code.co_flags & _FUTURE)
    return names


def _read_module(path: str, entry: str) -> tuple[bytes, str]:
    """The file as it is, and decoded. Raises SyntaxError where it cannot be Python."""
    with open(path, "rb") as file:
        source = file.read()
    if fault := _find_fault(source, entry):
        raise SyntaxError(fault, (path, 1, None, None))
    try:
        return source, importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        compile(source, path, "exec", dont_inherit=True)  # raises, and says where
        raise


def _compile(source: bytes, text: str, path: str) -> CodeType:
    """What is to be run of the file. Raises one of `reading.FAULTS` where it does not parse."""
    if not reading.only_definitions:
        return compile(source, path, "exec", dont_inherit=True)
    tree = reading.choose(ast.parse(text, path), text, path)
    return compile(tree, path, "exec", dont_inherit=True)


def _choose_rest(text: str, path: str, code: CodeType, error: BaseException) -> list[ast.stmt]:
    """The definitions that follow the statement that raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    line = trace.tb_lineno if trace is not None else sys.maxsize
    body = ast.parse(text, path).body
    done = next((i for i, s in enumerate(body) if (s.end_lineno or 0) >= line), len(body))
    if not reading.only_definitions:  # else it was noted when they were chosen
        reading.selection.note(ast.Module(body=body[:done], type_ignores=[]))
    return reading.choose_rest(body[done:], text, path, error)


def _run_each(statements: Sequence[ast.stmt], path: str, names: Names, flags: int = 0) -> None:
    """Each is run by itself, so that one that raises loses only itself."""
    for statement in statements:
        with contextlib.suppress(BaseException):
            one = ast.Module(body=[statement], type_ignores=[])
            exec(compile(one, path, "exec", flags, dont_inherit=True), names)


def watch_imports(directory: str) -> None:
    """Of the student's other modules only definitions run, where time allows no more."""
    prefix = os.path.join(directory, "")
    plain = SourceFileLoader.source_to_code

    def compile_source(self: SourceFileLoader, data: bytes, path: str, **options: int) -> CodeType:
        tree = None
        if isinstance(data, bytes) and os.path.abspath(path).startswith(prefix):
            with contextlib.suppress(*reading.FAULTS):
                tree = reading.choose_of_helper(importlib.util.decode_source(data), path)
        return plain(self, tree or data, path, **options)

    SourceFileLoader.source_to_code = compile_source  # type: ignore[method-assign,assignment]


def _find_fault(source: bytes, entry: str) -> str:
    """What a file is that cannot be Python, and what to do; else an empty text."""
    if b"\0" in source:
        utf16 = source[:2] in (b"\xff\xfe", b"\xfe\xff")
        seen = "saved as UTF-16" if utf16 else "no text: it holds NUL characters"
        return f"the file is {seen}. Save it as UTF-8"
    if source.lstrip()[:1] == b"{" and b'"nbformat"' in source and b'"cells"' in source:
        other = f"{os.path.splitext(os.path.basename(entry))[0]}.ipynb"
        return f"the file is a notebook. Rename it to {other}"
    return ""


def describe_error(error: BaseException, directory: str, names: Names | None = None) -> ErrorFacts:
    """The exception, and the student's line that caused it.

    Where none did, as in a call with too few arguments, it is the line that defines what of
    `names` the message speaks of.
    """
    try:
        kind, message = clean(type(error).__name__, _NAME_CAP), _find_message(error, directory)
        facts: ErrorFacts = {"kind": kind, "message": message}
        _add_place(facts, error, directory)
        if "file" not in facts and names and (meant := _find_meant(message, names, directory)):
            facts["file"], facts["line"] = meant["file"], meant["line"]
        return facts
    except MemoryError:
        return {"kind": "MemoryError", "message": ""}
    except Exception as second:  # an exception class can answer any question with an exception
        return {"kind": "Exception", "message": f"(cannot be shown: {type(second).__name__})"}


def _find_message(error: BaseException, directory: str) -> str:
    if isinstance(error, SystemExit):
        return _explain_exit(error)
    if isinstance(error, SyntaxError):
        text = clean(error.msg, MESSAGE_CAP) if isinstance(error.msg, str) else ""
        if "codec can't decode" in text:
            return "the file is not UTF-8 text. Save it as UTF-8"
        return text
    try:
        text = str(error)
    except BaseException as second:
        return f"(its message cannot be shown: {type(second).__name__})"
    if isinstance(error, NameError) and (why := reading.selection.explain(error.name)):
        text = f"{text}: {why}"
    shown = own_modules.name_as_written(clean(text, MESSAGE_CAP))
    for path in (os.path.join(directory, ""), *_LIBRARIES):
        for written in {path, repr(path)[1:-1]}:  # on Windows a quoted path has two backslashes
            shown = shown.replace(written, "")
    return shown


def _explain_exit(error: SystemExit) -> str:
    """Which line is to go, or which option a parser of the command line misses."""
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        parser = os.path.basename(frame.f_code.co_filename) in _PARSERS
        said = frame.f_locals.get("message", frame.f_locals.get("msg")) if parser else None
        if frame.f_code.co_name == "error" and isinstance(said, str):
            return f"no options are given here, but this asks for some: {clean(said, _NAME_CAP)}"
        step = step.tb_next
    return "the file calls exit(), quit() or sys.exit(): take that line out"


def clean(text: str, cap: int) -> str:
    """At most `cap` characters, each of which can be encoded."""
    start = str.__getitem__(text, slice(cap))
    return start.encode("utf-8", "backslashreplace").decode("utf-8")[:cap]


def _add_place(facts: ErrorFacts, error: BaseException, directory: str) -> None:
    """File, line, text and function of the last frame that is the student's, where one is."""
    if isinstance(error, SyntaxError):
        file = _relative(error.filename, directory)
        if file is not None:
            text = error.text if isinstance(error.text, str) else ""
            facts["file"], facts["line"] = file, _positive(error.lineno)
            facts["code"] = clean(text.strip(), _CODE_CAP) or None
            return
    last = _find_last(error, directory)
    if last is None:
        return
    code, line = last.tb_frame.f_code, _positive(last.tb_lineno)
    text = linecache.getline(code.co_filename, line).strip() if line else ""
    where = code.co_qualname
    facts["file"], facts["line"] = _relative(code.co_filename, directory), line
    facts["code"] = clean(text, _CODE_CAP) or None
    facts["where"] = None if where == "<module>" else clean(where, _NAME_CAP)


def _find_last(error: BaseException, directory: str) -> TracebackType | None:
    """The last step of the traceback that is in a file of the student's.

    Where an endless recursion hits its bound is chance. Of the lines in its last round, and of
    their files, it is the last one. Where an interrupt comes is chance as well: it is the line at
    the top level that does not end, not what it happens to call.
    """
    own: deque[TracebackType] = deque(maxlen=_ROUND if isinstance(error, RecursionError) else 1)
    step, count, top = error.__traceback__, 0, None
    while step is not None and count < _FRAMES_CAP:
        code = step.tb_frame.f_code
        if _relative(code.co_filename, directory) is not None:
            own.append(step)
            top = step if code.co_name == "<module>" else top
        step, count = step.tb_next, count + 1
    if top is not None and isinstance(error, KeyboardInterrupt):
        return top
    return max(own, key=lambda s: (s.tb_frame.f_code.co_filename, s.tb_lineno), default=None)


def _positive(line: object) -> int | None:
    return line if isinstance(line, int) and line > 0 else None


def _find_meant(message: str, names: Names, directory: str) -> Place | None:
    """The place of `LeNet5` or of its `forward`, where a message begins with that."""
    hit = re.match(r"(?:Module \[)?([^\W\d]\w*)(?:\.(\w+)\(\))?", message)
    owner = names.get(hit[1]) if hit else None
    return find_place(getattr(owner, hit[2] or "", owner), directory) if hit and owner else None


def find_place(value: object, directory: str) -> Place | None:
    """File and line at which a class or function of the student's is written; else None."""
    try:
        codes = [getattr(v, "__code__", None) for v in (value, *vars(value).values())]
        code = min((c for c in codes if c is not None), key=lambda c: c.co_firstlineno)
        file, line = _relative(code.co_filename, directory), code.co_firstlineno
        begin = f"class {value.__name__}" if isinstance(value, type) else ""
        for above in range(line, 0, -1) if begin else ():
            if linecache.getline(code.co_filename, above).startswith(begin):
                line = above
                break
    except Exception:  # a class may answer any question with an exception
        return None
    return None if file is None else {"file": file, "line": line}


def describe_place(value: object, directory: str) -> str:
    """`lenet.py, line 12: `, or nothing."""
    place = find_place(value, directory)
    return f"{place['file']}, line {place['line']}: " if place else ""


def _relative(file: object, directory: str) -> str | None:
    """The name of a student's file within the submission; None for any other."""
    if not isinstance(file, str):
        return None
    if file in CELLS:
        return CELLS[file]
    prefix = os.path.join(directory, "")
    if not file.startswith(prefix):
        return None
    return clean(file[len(prefix) :].replace(os.sep, "/"), _NAME_CAP)
