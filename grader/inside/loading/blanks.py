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
class Found:
    """What one source leaves blank, and what its classes put in the place of their base's."""

    blanks: tuple[Blank, ...] = ()
    overrides: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Base and method."""


def find(source: str) -> Found:
    """The blanks of a module or of a cell, magics included, in order, one for each line."""
    if len(source) > LONGEST or (source.lstrip().startswith("%%") and not _WRAPPED.match(source)):
        return Found()
    lines = margins.lines(source)
    if _WRAPPED.match(source):
        lines[next(n for n, line in enumerate(lines) if line.strip())] = ""
    code = margins.code(lines)
    seen = _Finder(lines, code)
    seen.marks()
    try:
        seen.body(_tree(lines, code), "", abstract=False)
    except (RecursionError, MemoryError):  # code that nobody wrote
        pass
    rows = sorted(seen.lines.items())
    blanks = [Blank(line=n, code=_cut(lines[n - 1]), method=m) for n, m in rows if n <= len(lines)]
    return Found(tuple(blanks), frozenset(seen.overrides))


def remaining(found: Sequence[Found]) -> list[tuple[int, Blank]]:
    """Those of several cells, each with the cell's place in `found`; none that an heir fills."""
    filled = {pair for f in found for pair in f.overrides}
    return [(n, b) for n, f in enumerate(found) for b in f.blanks if b.method not in filled]


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _tree(lines: list[str], code: list[str]) -> list[ast.stmt]:
    """The statements that parse, without lines that are IPython's."""
    for text in (lines, [_python(line, bare) for line, bare in zip(lines, code, strict=True)]):
        source = "\n".join(text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(source).body
        except recovery.FAULTS:
            continue
    return [s for s in recovery.recover(source, "", "") if not recovery.is_stub(s)]


def _python(line: str, bare: str) -> str:
    """The line, or one that does nothing where only IPython understands it."""
    if not _LINE_MAGIC.match(bare) and not ("?" in bare and _HELP.match(bare)):
        return line
    return f"{line[: len(line) - len(line.lstrip())]}pass"


class _Finder:
    def __init__(self, lines: list[str], code: list[str]) -> None:
        self.text, self.code = lines, code
        self.comments = margins.comments(lines)
        self.lines: dict[int, tuple[str, str] | None] = {}
        """Lines with a blank, and the method if it is one that raises NotImplementedError."""
        self.overrides: set[tuple[str, str]] = set()

    def marks(self) -> None:
        """Question marks and names, whether or not the source parses."""
        for number, line in enumerate(self.code, 1):
            alone = len(line.strip()) > 1 and not line.strip().strip("?")
            if _LINE_MAGIC.match(line) and not alone:
                continue
            asked = _MARKS.search(line) and (alone or not _HELP.match(line))
            if asked or _NAMES.search(line):
                self.lines.setdefault(number, None)

    def body(self, block: Sequence[ast.stmt], owner: str, *, abstract: bool) -> None:
        """The statements of a module, class or function."""
        for statement in block:
            self._statement(statement, owner, abstract=abstract)

    def _statement(self, statement: ast.stmt, owner: str, *, abstract: bool) -> None:
        if isinstance(statement, _FUNCTIONS):
            self._function(statement, owner, abstract=abstract)
        elif isinstance(statement, ast.ClassDef):
            self._class(statement)
        elif isinstance(statement, ast.AnnAssign):
            self._values(statement.value)
        else:
            for node in ast.iter_child_nodes(statement):
                if isinstance(node, ast.stmt):
                    self._statement(node, owner, abstract=abstract)
                elif isinstance(node, ast.ExceptHandler):
                    if not _is_dots(node.body):  # `except ImportError: ...`
                        self.body(node.body, owner, abstract=abstract)
                elif isinstance(node, ast.match_case):
                    self.body(node.body, owner, abstract=abstract)
                else:
                    self._values(node)

    def _class(self, statement: ast.ClassDef) -> None:
        bases = [_name(b) for b in statement.bases]
        if any(_PROTOCOL.search(b) for b in bases):
            return
        abstract = any("ABC" in _name(b) for b in (*statement.bases, *_given(statement)))
        self.body(statement.body, statement.name, abstract=abstract)
        for made in statement.body:
            if isinstance(made, _FUNCTIONS) and made.body[-1].lineno not in self.lines:
                self.overrides.update((b.rpartition(".")[2], made.name) for b in bases)

    def _function(self, made: Function, owner: str, *, abstract: bool) -> None:
        if any(_ABSTRACT.search(_name(d)) for d in made.decorator_list):
            return
        for decorator in made.decorator_list:
            self._values(decorator)
        last, own = made.body[-1], _own(made.body)
        raises = isinstance(last, ast.Raise) and last.exc is not None
        if raises and _name(last.exc) == "NotImplementedError":  # type: ignore[attr-defined]
            if not abstract and not any(map(_answers, own)):
                self.lines.setdefault(last.lineno, (owner, made.name) if owner else None)
        elif all(_does_nothing(s) for s in made.body) and not any(_is_dots([s]) for s in made.body):
            for line in range(made.lineno, self._end(made) + 1):
                if _REMINDER.search(self.comments.get(line, "")):
                    self.lines.setdefault(line, None)
                    break
        self.body(made.body, "", abstract=False)

    def _end(self, made: Function) -> int:
        """The last line of a function, comments after its last statement included."""
        line = made.end_lineno or made.lineno
        for number in range(line + 1, len(self.text) + 1):
            text = self.text[number - 1]
            if text.strip() and margins.indentation(text) <= made.col_offset:
                break
            line = number
        return line

    def _values(self, node: ast.AST | None) -> None:
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
            elif isinstance(one, ast.Call) and _name(one.func).endswith(("einsum", "Field")):
                continue
            else:
                waiting += ast.iter_child_nodes(one)


def _name(node: ast.AST) -> str:
    """Dotted name of a class, a function or a call of it."""
    names: list[str] = []
    while isinstance(node, (ast.Call, ast.Subscript, ast.Attribute)):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = node.func if isinstance(node, ast.Call) else node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(names)])


def _given(made: ast.ClassDef) -> Iterator[ast.AST]:
    yield from (k.value for k in made.keywords)


def _own(block: Sequence[ast.stmt]) -> Iterator[ast.AST]:
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
            return _name(called.func) == "super.__init__"
        return isinstance(called, ast.Constant)
    return isinstance(statement, ast.Pass)


def _is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_dots(block: Sequence[ast.stmt]) -> bool:
    return len(block) == 1 and isinstance(block[0], ast.Expr) and _is_ellipsis(block[0].value)
