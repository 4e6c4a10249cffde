"""Lines of a shell of which each part only handles own files are done, and no program runs.

`!mkdir -p parts && cp net.py parts/` in a cell, `%%bash`, `os.system` and `subprocess` all come
here. What a line asks for beyond `file_programs` is told to the caller, who passes it over.
"""

from __future__ import annotations

import functools
import io
import itertools
import operator
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from grader.inside import remarks
from grader.inside.shims import file_programs
from grader.inside.shims.program_calls import Failed, Folders, NotOurs, turn_slashes

NOT_FOUND = 127
"""Exit code of a shell for a program that is not there."""
_SIGNS = ("&&", "||", ";", "&", "|", ">", ">>", "<")
_ERRORS = re.compile(r"(?<!\S)(2>\s*&1|(2|&)>>?\s*[^\s;&|]+)")
"""Where messages go: they are shown, or nowhere to be seen."""
_INNER = re.compile(r"`|\$\(")
"""A program within the words of another."""
_COMPOUND = re.compile(r"(?:if|for|while|until|case|select|function)\Z|[({]")
"""How what stands in the place of a program begins where it is no list of programs."""
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_ASSIGNED = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)
_REMOVERS = ("rm", "rmdir", "del", "rd")
_TELLS = re.compile(r"\b(echo|printf)\b")
_HERE = re.compile(r"<<\s*(['\"]?)(\w+)\1")
_BRACES = re.compile(r"\{([^{}\s]*,[^{}\s]*)\}")
_JOINED = re.compile(r"\\\n\s*")
_own: list[str] = []


@dataclass(slots=True)
class Done:
    """What became of a text for a shell."""

    code: int = 0
    printed: str = ""
    said: str = ""
    """On standard error."""
    passed_over: list[str] = field(default_factory=list)
    """Lines of which a part is not done here."""
    variables: dict[str, str] = field(default_factory=dict)
    """What the lines have set."""

    def show(self) -> None:
        """What is printed and said is so, as text."""
        for text, stream in ((self.printed, sys.stdout), (self.said, sys.stderr)):
            stream.write(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def install(directory: str, home: str) -> None:
    """Files below these two are own files; `os.system` and `subprocess` handle them from now on."""
    _own[:] = [os.path.realpath(directory), os.path.realpath(home)]
    base: Any = os
    base.system = _wrap_system(os.system)
    module: Any = subprocess
    module.Popen = Popen


def run(text: str, here: str | None = None) -> Done:
    """The lines of a shell, one after the other, in the folder `here`."""
    done = Done()
    folders = Folders(tuple(_own), os.path.abspath(here or os.getcwd()))
    for line, piped in _list_lines(text):
        if _is_compound(line):  # the lines that follow belong to it, perhaps
            done.code = NOT_FOUND
            done.passed_over.append(text.strip())
            break
        folders = _run_line(line, piped, folders, done)
    return done


def _list_lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line, and the text that follows below its `<<EOF`."""
    lines = iter(_JOINED.sub(" ", text).splitlines())
    for line in map(str.strip, lines):
        hit = _HERE.search(line)
        if hit:
            end = functools.partial(operator.ne, hit[2])
            own = "".join(f"{one}\n" for one in itertools.takewhile(end, lines))
            yield line.replace(hit[0], " "), own
        elif line:
            yield line, ""


def _run_line(line: str, piped: str, folders: Folders, done: Done) -> Folders:
    """The parts of a line between `&&`, `||` and `;`; the folder in which the next one begins.

    A part that is passed over is taken to have gone well, as it did at home.
    """
    before, printed, said = ";", done.printed, done.said
    for sign, words in _split(line):
        skipped = (before == "&&" and done.code) or (before == "||" and not done.code)
        before = sign
        if skipped or not words:
            continue
        try:
            done.code, folders = _run_pipeline(words, piped, folders, done)
        except NotOurs:
            done.code = 0
            if line not in done.passed_over:
                done.passed_over.append(line)
    for hit in _ERRORS.finditer(line):
        if hit[0].endswith("/dev/null"):
            done.said, done.printed = said, printed if hit[2] == "&" else done.printed
    if line in done.passed_over:
        done.code = NOT_FOUND
    return folders


def _is_compound(line: str) -> bool:
    """True for a line that is more than a list of programs."""
    return bool(_INNER.search(line)) or any(w and _COMPOUND.match(w[0]) for _, w in _split(line))


def _split(line: str) -> Iterator[tuple[str, list[str]]]:
    """Each pipeline, and the sign behind it. Quotes that do not close make the line one word."""
    text = _ERRORS.sub(" ", line)
    if not _TELLS.search(text):
        text = turn_slashes(text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="&|;><")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError:
        tokens = [line]
    for token in tokens:
        if token in ("&&", "||", ";", "&"):
            yield token, words
            words = []
        else:
            words += _expand_braces(token)
    yield ";", words


def _expand_braces(word: str) -> list[str]:
    """`data/{train,test}` are two words."""
    hit = _BRACES.search(word)
    if hit is None:
        return [word]
    each = (word[: hit.start()] + part + word[hit.end() :] for part in hit[1].split(","))
    return [w for one in each for w in _expand_braces(one)][:1000]


def _run_pipeline(
    words: list[str], piped: str, folders: Folders, done: Done
) -> tuple[int, Folders]:
    """Exit code, and the folder afterwards. Raises NotOurs before anything of it was done.

    Where something was passed over nothing is removed: what was to take its place may not be here.
    """
    known = {**os.environ, "PWD": folders.here, **done.variables}
    words = [_fill_in(word, known) for word in words]
    if all(set_ := [_ASSIGNED.fullmatch(w) for w in words if w != "export"]):
        done.variables |= {hit[1]: hit[2] for hit in set_ if hit}
        return 0, folders
    programs = _cut(words, "|")
    if any(not p or not _is_known(p[0]) for p in programs):
        raise NotOurs(words[0])
    if done.passed_over and any(p[0] in _REMOVERS for p in programs):
        raise NotOurs(words[0])
    text = piped
    try:
        for number, program in enumerate(programs):
            if program[0] == "cd":
                return 0, _enter(program, folders)
            if program[0] not in ("export", "set"):
                text = _run_program(program, folders, text, last=number == len(programs) - 1)
    except Failed as failed:
        done.said += f"{failed}\n" if str(failed) else ""
        return 1, folders
    done.printed += text
    return 0, folders


def _fill_in(word: str, variables: Mapping[str, str]) -> str:
    """The word with the values of variables. Raises NotOurs for what else a dollar begins."""
    if re.search(r"\$[?!#@*{(]", _VARIABLE.sub("", word)):
        raise NotOurs(word)
    return _VARIABLE.sub(lambda hit: variables.get(hit[1] or hit[2], ""), word)


def _is_known(name: str) -> bool:
    return name in ("cd", "export", "set") or file_programs.knows(os.path.basename(name))


def _enter(words: list[str], folders: Folders) -> Folders:
    place = folders.find(words[1] if len(words) > 1 else "~")
    if not place.is_dir():
        raise Failed(f"cd: {words[-1]}: No such file or directory")
    return Folders(folders.own, os.path.normpath(place))


def _run_program(words: list[str], folders: Folders, piped: str, *, last: bool) -> str:
    """What is printed, or an empty text where it goes into a file."""
    target: tuple[str, str] | None = None
    for sign, mode in ((">>", "ab"), (">", "wb")):
        if sign in words:
            at = words.index(sign)
            if not last or at + 1 >= len(words):
                raise NotOurs(sign)
            target, words = (words[at + 1], mode), words[:at] + words[at + 2 :]
    if "<" in words[:-1]:
        at = words.index("<")
        piped = file_programs.run(["cat", words[at + 1]], folders)
        words = words[:at] + words[at + 2 :]
    text = file_programs.run(words, folders, piped)
    if target is None or target[0] == os.devnull:
        return "" if target else text
    path = folders.find(target[0])
    try:
        with open(path, target[1]) as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise Failed(f"{target[0]}: {error.strerror}") from None
    return ""


def _cut(words: list[str], sign: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == sign:
            parts.append([])
        elif word in _SIGNS and word not in (">", ">>", "<"):
            raise NotOurs(word)
        else:
            parts[-1].append(word)
    return parts


# os.system and subprocess


def _wrap_system(plain: Any) -> Any:
    def system(command: object) -> int:
        if not isinstance(command, str) or not _is_ours(command):
            code: int = plain(command)
            return code
        done = run(command)
        done.show()
        _remark(done)
        return done.code << 8

    return system


class Popen(subprocess.Popen):  # type: ignore[type-arg]
    """A program that only handles own files is over as soon as it is started."""

    def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
        done = _run_words(args, options)
        if done is None:
            super().__init__(args, *rest, **options)
            return
        self.args, self.pid, self.returncode = args, 0, done.code
        self.stdin = io.BytesIO() if options.get("stdin") == subprocess.PIPE else None
        is_text = any(options.get(o) for o in ("text", "universal_newlines", "encoding", "errors"))
        joined = options.get("stderr") == subprocess.STDOUT
        printed = done.printed + (done.said if joined else "")
        self.stdout = _hand_over(printed, options.get("stdout"), sys.stdout, is_text)
        said = "" if joined else done.said
        self.stderr = _hand_over(said, options.get("stderr"), sys.stderr, is_text)

    def communicate(self, input: Any = None, timeout: float | None = None) -> Any:  # noqa: A002
        """What was printed, on standard output and on standard error."""
        if self.pid:
            return super().communicate(input, timeout)
        return tuple(None if s is None else s.read() for s in (self.stdout, self.stderr))


def _run_words(args: object, options: Mapping[str, Any]) -> Done | None:
    """What became of the program, or None where it is not done here."""
    if options.get("shell"):
        text = args if isinstance(args, str) else ""
    elif isinstance(args, str):
        text = shlex.quote(args)
    elif isinstance(args, Sequence) and all(isinstance(a, (str, os.PathLike)) for a in args):
        text = " ".join(shlex.quote(os.fspath(a)) for a in args)
    else:
        text = ""
    if not text.strip() or not _is_ours(text):
        return None
    done = run(text, options.get("cwd"))
    _remark(done)
    return done


def _remark(done: Done) -> None:
    for line in done.passed_over:
        remarks.add("program", f"`{line}`")


def _is_ours(text: str) -> bool:
    """True where every program of a text is one that is done here."""
    lines = [line for line, _ in _list_lines(text)]
    if any(map(_is_compound, lines)):
        return False
    parts = [w for line in lines for _, w in _split(line) if w]
    try:
        return all(_is_known(p[0]) for words in parts for p in _cut(words, "|") if p)
    except NotOurs:
        return False


def _hand_over(text: str, to: object, own: IO[str], is_text: bool) -> Any:  # noqa: FBT001
    """A stream to read it from, or nothing where it went where it belongs."""
    data = text.encode("utf-8", "surrogateescape")
    if to == subprocess.PIPE:
        return io.StringIO(text) if is_text else io.BytesIO(data)
    if to is None:
        own.write(text)
    elif isinstance(to, int) and to >= 0:
        os.write(to, data)
    elif hasattr(to, "fileno"):
        os.write(to.fileno(), data)
    return None
