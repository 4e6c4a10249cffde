"""Blanks of a handout that nobody has filled in: where they stand, as far as that is certain.

`?????`, `...` as a statement or a value, `TODO` as a name, a function that only raises
NotImplementedError, and one in which a comment with TODO is all there is. What Python has these
signs for is none: `x[..., 0]`, type hints, abstract methods, IPython's `torch?`. Pure.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.inside.loading import margins, recovery

LONGEST = 1 << 18
"""Characters of a source that are looked through."""
_SHOWN = 70
_MARKS = re.compile(r"\?{2,}|(?<=[(,=\[:])\s*\?\s*(?=[,)\]]|$)")
_HELP = re.compile(r"\s*(\?{1,2}\s*[\w.*%]+|[\w.*%=\[\] ]*[\w*\]]\?{1,2})\s*;?\s*$")
_NAMES = re.compile(
    r"(?<![\w.])(TODO|FIXME|YOUR_CODE(_HERE)?|YOUR CODE( HERE)?|FILL_(ME_)?IN)(?!\w)(?!\s*=[^=])"
)
_REMINDER = re.compile(r"\b(TODO|FIXME|YOUR CODE)\b")
_LINE_MAGIC = re.compile(r"\s*([%!]|\?+\s*\w)")
_WRAPPED = re.compile(r"\s*%%(time|timeit|capture|prun)\b")
_ABSTRACT = re.compile(r"(^|\.)(abstract\w*|overload)$")
_PROTOCOL = re.compile(r"(Protocol|TypedDict|NamedTuple|Error|Exception|Warning)$")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One line with something that was left to be filled in."""

    line: int
    """Counted from 1."""
    code: str
    """Its text, cut."""
    method: tuple[str, str] | None = None
    """Class and name of a method that raises NotImplementedError: where an heir of the class has
    one of its own, it is no blank.
    """


@dataclass(frozen=True, slots=True)
class Blanks:
    """What one source leaves blank, and what its classes put in the place of their base's."""

    blanks: tuple[Blank, ...] = ()
    overrides: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Base and method."""


def find(source: str) -> Blanks:
    """The blanks of a module or of a cell, magics included, in order, one for each line."""
    if len(source) > LONGEST or (source.lstrip().startswith("%%") and not _WRAPPED.match(source)):
        return Blanks()
    lines = margins.split(source)
    if _WRAPPED.match(source):
        lines[next(n for n, line in enumerate(lines) if line.strip())] = ""
    code = margins.blot(lines)
    finder = _Finder(lines, code)
    finder.find_marks()
    try:
        finder.search(_parse(lines, code), "", abstract=False)
    except (RecursionError, MemoryError):  # code that nobody wrote
        pass
    rows = sorted(finder.lines.items())
    blanks = [Blank(line=n, code=_cut(lines[n - 1]), method=m) for n, m in rows if n <= len(lines)]
    return Blanks(tuple(blanks), frozenset(finder.overrides))


def list_remaining(cells: Sequence[Blanks]) -> list[tuple[int, Blank]]:
    """Those of several cells, each with the cell's place; none that an heir fills."""
    filled = {pair for cell in cells for pair in cell.overrides}
    return [(n, b) for n, cell in enumerate(cells) for b in cell.blanks if b.method not in filled]


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _parse(lines: list[str], code: list[str]) -> list[ast.stmt]:
    """The statements that parse, without lines that are IPython's."""
    python = [_replace_magic(line, bare) for line, bare in zip(lines, code, strict=True)]
    for text in (lines, python):
        source = "\n".join(text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(source).body
        except recovery.FAULTS:
            continue
    return [s for s in recovery.recover(source, "", "") if not recovery.is_stub(s)]


def strip_magics(source: str) -> str:
    """A cell as Python: `pass` stands where a line is only IPython's."""
    lines = margins.split(source)
    pairs = zip(lines, margins.blot(lines), strict=True)
    return "\n".join(_replace_magic(line, bare) for line, bare in pairs)


def _replace_magic(line: str, bare: str) -> str:
    """The line, or one that does nothing where only IPython understands it."""
    if not _LINE_MAGIC.match(bare) and not ("?" in bare and _HELP.match(bare)):
        return line
    return f"{line[: len(line) - len(line.lstrip())]}pass"


class _Finder:
    def __init__(self, lines: list[str], code: list[str]) -> None:
        self.text, self.code = lines, code
        self.comments = margins.find_comments(lines)
        self.lines: dict[int, tuple[str, str] | None] = {}
        """Lines with a blank, and the method if it is one that raises NotImplementedError."""
        self.overrides: set[tuple[str, str]] = set()

    def find_marks(self) -> None:
        """Question marks and names, whether or not the source parses."""
        for number, line in enumerate(self.code, 1):
            alone = len(line.strip()) > 1 and not line.strip().strip("?")
            if _LINE_MAGIC.match(line) and not alone:
                continue
            asked = _MARKS.search(line) and (alone or not _HELP.match(line))
            if asked or _NAMES.search(line):
                self.lines.setdefault(number, None)

    def search(self, block: Sequence[ast.stmt], owner: str, *, abstract: bool) -> None:
        """The statements of a module, class or function."""
        for statement in block:
            self._search_one(statement, owner, abstract=abstract)

    def _search_one(self, statement: ast.stmt, owner: str, *, abstract: bool) -> None:
        if isinstance(statement, _FUNCTIONS):
            self._search_function(statement, owner, abstract=abstract)
        elif isinstance(statement, ast.ClassDef):
            self._search_class(statement)
        elif isinstance(statement, ast.AnnAssign):
            self._search_values(statement.value)
        else:
            for node in ast.iter_child_nodes(statement):
                if isinstance(node, ast.stmt):
                    self._search_one(node, owner, abstract=abstract)
                elif isinstance(node, ast.ExceptHandler):
                    if not _is_dots(node.body):  # `except ImportError: ...`
                        self.search(node.body, owner, abstract=abstract)
                elif isinstance(node, ast.match_case):
                    self.search(node.body, owner, abstract=abstract)
                else:
                    self._search_values(node)

    def _search_class(self, statement: ast.ClassDef) -> None:
        bases = [_find_name(b) for b in statement.bases]
        if any(_PROTOCOL.search(b) for b in bases):
            return
        keywords = (k.value for k in statement.keywords)
        abstract = any("ABC" in _find_name(b) for b in (*statement.bases, *keywords))
        self.search(statement.body, statement.name, abstract=abstract)
        for member in statement.body:
            if isinstance(member, _FUNCTIONS) and member.body[-1].lineno not in self.lines:
                self.overrides.update((b.rpartition(".")[2], member.name) for b in bases)

    def _search_function(self, function: Function, owner: str, *, abstract: bool) -> None:
        if any(_ABSTRACT.search(_find_name(d)) for d in function.decorator_list):
            return
        for decorator in function.decorator_list:
            self._search_values(decorator)
        last, own = function.body[-1], _walk(function.body)
        raises = isinstance(last, ast.Raise) and last.exc is not None
        if raises and _find_name(last.exc) == "NotImplementedError":  # type: ignore[attr-defined]
            if not abstract and not any(map(_answers, own)):
                self.lines.setdefault(last.lineno, (owner, function.name) if owner else None)
        elif all(_does_nothing(s) and not _is_dots([s]) for s in function.body):
            for line in range(function.lineno, self._find_end(function) + 1):
                if _REMINDER.search(self.comments.get(line, "")):
                    self.lines.setdefault(line, None)
                    break
        self.search(function.body, "", abstract=False)

    def _find_end(self, function: Function) -> int:
        """The last line of a function, comments after its last statement included."""
        line = function.end_lineno or function.lineno
        for number in range(line + 1, len(self.text) + 1):
            text = self.text[number - 1]
            if text.strip() and margins.measure_indent(text) <= function.col_offset:
                break
            line = number
        return line

    def _search_values(self, node: ast.AST | None) -> None:
        """`...` in an expression, where it is no index and nothing is compared with it."""
        waiting = [node] if node is not None else []
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.Constant) and one.value is ...:
                self.lines.setdefault(one.lineno, None)
            elif isinstance(one, ast.Subscript):
                waiting.append(one.value)
            elif isinstance(one, ast.Lambda):
                waiting.append(one.body)
            elif isinstance(one, ast.Compare):
                waiting += [p for p in (one.left, *one.comparators) if not _is_ellipsis(p)]
            elif isinstance(one, ast.Tuple) and not all(map(_is_ellipsis, one.elts)):
                waiting += [p for p in one.elts if not _is_ellipsis(p)]  # perhaps an index
            elif isinstance(one, ast.Call) and _find_name(one.func).endswith(("einsum", "Field")):
                continue
            else:
                waiting += ast.iter_child_nodes(one)


def _find_name(node: ast.AST) -> str:
    """Dotted name of a class, a function or a call of it."""
    names: list[str] = []
    while isinstance(node, (ast.Call, ast.Subscript, ast.Attribute)):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = node.func if isinstance(node, ast.Call) else node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(names)])


def _walk(block: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of a function, without those of functions and classes within."""
    waiting: list[ast.AST] = list(block)
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(one)


def _answers(node: ast.AST) -> bool:
    """True for what gives the caller something: then an error at the end is for the other cases."""
    return isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom))


def _does_nothing(statement: ast.stmt) -> bool:
    """A docstring, `pass`, `...` or `super().__init__()`."""
    if isinstance(statement, ast.Expr):
        called = statement.value
        if isinstance(called, ast.Call):
            return _find_name(called.func) == "super.__init__"
        return isinstance(called, ast.Constant)
    return isinstance(statement, ast.Pass)


def _is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_dots(block: Sequence[ast.stmt]) -> bool:
    return len(block) == 1 and isinstance(block[0], ast.Expr) and _is_ellipsis(block[0].value)
