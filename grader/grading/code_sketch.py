"""Code as a few numbers that stay the same when names, layout and comments are changed.

Tokens are Pygments'. Names that the text itself gives are one and the same word, and so are
numbers and texts; names of libraries stay. Of every run of `RUN` tokens a hash is made, and of
`WINDOW` neighbouring hashes the least is kept (winnowing: Schleimer, Wilkerson and Aiken, 2003).
Whatever two works share in `RUN + WINDOW - 1` tokens or more shows.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Literal, Name, Operator, Punctuation, _TokenType

from grader.records.likeness import Sketch
from grader.records.notebook_file import SUFFIX, Unreadable, read_notebook

RUN, WINDOW = 12, 8
MOST = 200_000
"""Characters of a submission's code that are looked at."""
_CHUNK = 8_000
"""Characters that are split into tokens at once: some text takes the square of its length."""
_LEXER = PythonLexer()
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_BEFORE = ("def", "class", "as", "for")
"""Words after which a name is given."""

Word = tuple[str, bool]
"""A token, and whether it is a name."""


def sketch_code(files: Mapping[str, bytes]) -> Sketch | None:
    """Of all modules and notebooks of a submission; None where there is next to nothing."""
    text = "\n".join(read_code(files))[:MOST]
    words = [word for chunk in _split(text) for word in _list_words(chunk)]
    own = _find_own(words)
    tokens = ["name" if is_name and word in own else word for word, is_name in words]
    values = _winnow(tokens)
    return Sketch(kind="code", size=len(tokens), values=values) if values else None


def read_code(files: Mapping[str, bytes]) -> Iterator[str]:
    """The text of each file that holds code, by name."""
    for name in sorted(files):
        if name.endswith(".py"):
            yield files[name].decode("utf-8", "replace")
        elif name.endswith(SUFFIX):
            try:
                cells = read_notebook(files[name]).cells
            except Unreadable:
                continue
            yield "\n".join(c.source for c in cells if c.kind == "code" and c.source)


def _split(text: str) -> Iterator[str]:
    """Whole lines, together no longer than a chunk; a longer line is cut."""
    chunk = ""
    for line in text.splitlines(keepends=True):
        if chunk and len(chunk) + len(line) > _CHUNK:
            yield chunk
            chunk = ""
        chunk += line[:_CHUNK]
    yield chunk


def _list_words(text: str) -> Iterator[Word]:
    """What means something: no comments, no documentation, no space."""
    for kind, word in _LEXER.get_tokens(text):
        role = _find_role(kind)
        if role:
            yield (word if role in ("name", "sign") else role), role == "name"


@cache
def _find_role(kind: _TokenType) -> str:
    """What a token is: a name, a sign, a text, a number; empty for what means nothing."""
    if kind in Comment or kind in Literal.String.Doc:
        return ""
    roles = {Literal.String: "text", Literal.Number: "number", Name: "name"}
    signs = (Keyword, Operator, Punctuation)
    found = (role for whole, role in roles.items() if kind in whole)
    return next(found, "sign" if any(kind in sign for sign in signs) else "")


def _find_own(words: Sequence[Word]) -> set[str]:
    """Names that are given here: what is assigned, defined, or a parameter."""
    own, heading = set(), False
    for n, (word, is_name) in enumerate(words):
        before = words[n - 1][0] if n else ""
        after = words[n + 1][0] if n + 1 < len(words) else ""
        heading = (heading and word != ":") or word == "def"
        if is_name and (heading or before in _BEFORE or after == "="):
            own.add(word)
    return own


def _winnow(tokens: Sequence[str]) -> frozenset[int]:
    if len(tokens) < RUN:
        return frozenset()
    numbers = np.array([zlib.crc32(t.encode("utf-8", "replace")) for t in tokens], np.uint64)
    hashes = np.zeros(len(tokens) - RUN + 1, np.uint64)
    for shift in range(RUN):
        hashes = (hashes ^ numbers[shift : shift + len(hashes)]) * _FACTOR
        hashes ^= hashes >> np.uint64(29)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, min(WINDOW, len(hashes)))
    return frozenset(windows.min(axis=1).tolist())
