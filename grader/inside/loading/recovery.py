"""What can be read of source that does not parse: each statement that does, and the rest as stubs.

The source is cut where statements begin at the left margin, and each block is tried by itself. Of
a class that does not parse the methods are tried so. A function that cannot be read becomes one of
the same name that says so when it is called. Lines keep their numbers. Pure, and bounded: any text
comes to an end here, and nothing is raised.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from grader.inside.loading import margins

FAULTS = (SyntaxError, ValueError, OverflowError, TypeError, MemoryError, RecursionError)
"""What compiling text may raise: each means that it cannot be read."""
LONGEST, TRIES, ROOM, REACH = 1 << 18, 500, 8 << 20, 12
"""Characters of a source, of which more is not read; attempts to compile, characters in all of
them, and blocks that one statement may span.
"""
_UNFINISHED = re.compile(r"never closed|unterminated triple|unexpected EOF")
_CLOSING = re.compile(r"\s*[)\]}]")
_CLAUSE = re.compile(r"\s*(else|elif|except|finally)\b")
_HEAD = re.compile(r"\s*(?:async\s+)?(def|class)\s+(\w+)")
_COMPOUND = re.compile(r"\s*(async|class|def|for|if|match|try|while|with)\b")
_INNER = re.compile(r"\s*(return|yield|break|continue)\b")
_HEADER_LINES = 8
_MESSAGE = 120


def recover(source: str, name: str, where: str) -> list[ast.stmt]:
    """The statements that can be read, in order, and stubs for functions that cannot.

    `name` is the file's; `where` is what it is called in a sentence, such as `cell 7`. Every
    statement compiles by itself.
    """
    if len(source) > LONGEST:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same text is compiled more than once
        statements = _Attempt(source, name, where).read()
    whole: dict[str, bool] = {}
    kept: list[ast.stmt] = []
    for statement in statements:
        defined = getattr(statement, "name", None)
        if _is_future(statement) and not all(_is_future(s) for s in kept):
            continue
        if isinstance(defined, str):
            if is_stub(statement) and whole.get(defined):
                continue  # an earlier one could be read
            whole[defined] = not is_stub(statement)
        kept.append(statement)
    return kept


def is_stub(statement: ast.stmt) -> bool:
    """True for what stands in the place of a function that could not be read."""
    return isinstance(statement, ast.FunctionDef) and getattr(statement, "unread", False)


class _Attempt:
    def __init__(self, source: str, name: str, where: str) -> None:
        self.name, self.where = name, where
        self.lines = margins.split(source)
        self.code = margins.blot(self.lines)
        self.tries, self.room = TRIES, ROOM

    def read(self) -> list[ast.stmt]:
        try:
            return self._read_lines(0, len(self.lines), 0, self.code)
        except RecursionError:  # classes within classes
            return []

    def _read_lines(self, first: int, end: int, margin: int, code: list[str]) -> list[ast.stmt]:
        """What can be read of lines `first` to `end`, in which statements begin at this margin."""
        starts = _find_starts(code, first, end, margin)
        edges = [*starts, end]
        statements: list[ast.stmt] = []
        at, before, count = 0, -1, 0
        while at < len(starts):
            block, error = self._try(edges[at], edges[at + 1], margin)
            past, last = at + 1, error
            while block is None and _is_unfinished(last) and past < min(at + REACH, len(starts)):
                past += 1
                block, last = self._try(edges[at], edges[past], margin)
            if block is None:
                past = at + 1
            if block is None and error is not None:
                if before >= 0 and _splits(code, edges[at], edges[past], margin):
                    at, statements = before, statements[:count]  # it stands in the one before
                    error = self._try(edges[at], edges[past], margin)[1] or error
                block = self._read_parts(edges[at], edges[past], margin, code, error)
            if _HEAD.match(code[edges[at]]) or code[edges[at]].lstrip().startswith("@"):
                before, count = at, len(statements)
            else:
                before = -1
            statements += block or []
            at = past
        return statements

    def _try(
        self, first: int, end: int, margin: int
    ) -> tuple[list[ast.stmt] | None, BaseException | None]:
        """The statements of these lines, or why they cannot be read."""
        inner = margin > 0 and margins.measure_indent(self.lines[first]) > 0
        head = "\n" * (first - 1) + "if 1:\n" if inner else "\n" * first
        text = head + "\n".join(self.lines[first:end]) + "\n"
        self.tries, self.room = self.tries - 1, self.room - len(text)
        if self.tries < 0 or self.room < 0:
            return None, SyntaxError("there is too much of it that cannot be read")
        try:
            tree = ast.parse(text, self.name)
            compile(tree, self.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
        except FAULTS as error:
            return None, error
        body = tree.body
        if inner and body and isinstance(body[0], ast.If):
            return [*body[0].body, *body[1:]], None
        return body, None

    def _read_parts(
        self, first: int, end: int, margin: int, code: list[str], error: BaseException
    ) -> list[ast.stmt]:
        """What can be read of a block that as a whole cannot."""
        statements = self._read_block(first, end, margin, code, error)
        plain = margins.blot(self.lines[first:end], spanning=False) if code is self.code else []
        if plain and len(_find_starts(plain, 0, end - first, margin)) > len(
            _find_starts(code, first, end, margin)
        ):  # perhaps a string that was not closed has swallowed what follows
            other = self._read_lines(first, end, margin, [""] * first + plain)
            statements = max(statements, other, key=_count_readable)
        return statements

    def _read_block(
        self, first: int, end: int, margin: int, code: list[str], error: BaseException
    ) -> list[ast.stmt]:
        """What can be read of one function or class, or of the lines before the fault."""
        at = next((n for n in range(first, end) if _HEAD.match(code[n])), None)
        head = _HEAD.match(code[at]) if at is not None and _decorates(code, first, at) else None
        if at is None or head is None:
            line = getattr(error, "lineno", None) or 0
            is_within = first < line - 1 < end
            return (self._try(first, line - 1, margin)[0] if is_within else None) or []
        kind, name = head.groups()
        if not name.isidentifier() or keyword.iskeyword(name):
            return []
        if kind == "class" and (whole := self._read_class(first, at, end, margin, code)):
            return [whole]
        return [self._make_stub(name, at + 1, end, error)]

    def _read_class(
        self, first: int, at: int, end: int, margin: int, code: list[str]
    ) -> ast.ClassDef | None:
        """The class with those of its members that can be read; None where its head cannot."""
        own = margins.measure_indent(self.lines[at])
        for body in range(at + 1, min(at + _HEADER_LINES, end)):
            if not code[body].strip():
                continue
            inner = margins.measure_indent(code[body])
            if inner <= own:
                continue
            saved = self.lines[body]
            self.lines[body] = " " * inner + "pass"
            block, _ = self._try(first, body + 1, margin)
            self.lines[body] = saved
            if block and isinstance(block[-1], ast.ClassDef):
                whole = block[-1]
                whole.body = self._read_lines(body, end, inner, code) or whole.body
                return whole
        return None

    def _make_stub(self, name: str, line: int, end: int, error: BaseException) -> ast.FunctionDef:
        """A function that raises what is wrong with the one that the student wrote."""
        fault = getattr(error, "lineno", None)
        fault = fault if isinstance(fault, int) and line <= fault <= end else line
        text = str(getattr(error, "msg", "") or error or type(error).__name__)[:_MESSAGE]
        sentence = f"`{name}` ({self.where}, line {fault}) could not be read: {text}"
        kind = type(error).__name__ if isinstance(error, SyntaxError) else "SyntaxError"
        stub = ast.parse(f"def x(*_, **__): raise {kind}('')").body[0]
        assert isinstance(stub, ast.FunctionDef)
        for node in ast.walk(stub):
            if isinstance(node, ast.Constant):
                node.value = sentence
            if "lineno" in node._attributes:
                on = line if node is stub or isinstance(node, ast.arg) else fault
                node.lineno = node.end_lineno = on  # type: ignore[attr-defined]
        stub.name, stub.unread = name, True  # type: ignore[attr-defined]
        return stub


def _find_starts(code: list[str], first: int, end: int, margin: int) -> list[int]:
    """Lines at which statements begin, decorators and clauses with what they belong to."""
    starts: list[int] = []
    decorated = False
    for number in range(first, end):
        line = code[number]
        if not line.strip() or margins.measure_indent(line) > margin or _CLOSING.match(line):
            continue
        if _CLAUSE.match(line) and starts and _COMPOUND.match(code[starts[-1]]):
            continue
        if not decorated:
            starts.append(number)
        decorated = line.lstrip().startswith("@")
    return starts


def _count_readable(statements: list[ast.stmt]) -> int:
    """How many functions could be read."""
    nodes = (node for s in statements for node in ast.walk(s) if isinstance(node, ast.FunctionDef))
    return sum(not is_stub(node) for node in nodes)


def _splits(code: list[str], first: int, end: int, margin: int) -> bool:
    """True for a line that is no Python, with lines after it that belong to what stands before.

    Git leaves such lines in the middle of a function, where it could not merge two versions.
    """
    line = code[first]
    if _INNER.match(line):
        return True
    opened = sum(map(line.count, "([{")) > sum(map(line.count, ")]}"))
    if opened or _COMPOUND.match(line) or _CLAUSE.match(line) or line.lstrip().startswith("@"):
        return False
    rest = (n for n in code[first + 1 : end] if n.strip())
    return any(margins.measure_indent(n) > margin for n in rest)


def _decorates(code: list[str], first: int, at: int) -> bool:
    """True where nothing but decorators stands before line `at`."""
    return all(
        not line.strip() or line.lstrip()[0] in "@)" or line != line.lstrip()
        for line in code[first:at]
    ) and (at == first or code[first].lstrip().startswith("@"))


def _is_unfinished(error: BaseException | None) -> bool:
    return isinstance(error, SyntaxError) and bool(_UNFINISHED.search(str(error.msg)))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
