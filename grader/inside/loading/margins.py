"""A student's source as lines, with what stands in strings and comments blotted out. Pure.

Any text will do: it need not be Python. Nothing here raises.
"""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n|\r|\n")
_SINGLE = r'"(?:\\.|[^"\\\n])*+"?|' + r"'(?:\\.|[^'\\\n])*+'?"
_TRIPLE = r'"""(?:\\.|"(?!"")|[^"\\])*+"""|' + r"'''(?:\\.|'(?!'')|[^'\\])*+'''"
_COMMENT = r"(?P<comment>#[^\n]*)"
_WHOLE = re.compile(f"{_COMMENT}|{_TRIPLE}|{_SINGLE}", re.DOTALL)
_WITHIN_LINES = re.compile(f"{_COMMENT}|{_SINGLE}")
_VISIBLE = re.compile(r"[^\n]")


def split(source: str) -> list[str]:
    """Its lines, as Python counts them."""
    return _LINE_END.split(source)


def blot(text: list[str], *, spanning: bool = True) -> list[str]:
    """The lines with comments and strings as spaces; of a string its first quote is left.

    A triple-quoted string counts as one only where it ends; without `spanning` never, for sources
    in which a closing quote was forgotten and every later one is taken for its opposite.
    """
    pattern = _WHOLE if spanning else _WITHIN_LINES
    blotted = pattern.sub(_blot_one, "\n".join(text))
    return blotted.split("\n")


def _blot_one(hit: re.Match[str]) -> str:
    first = " " if hit["comment"] else '"'
    return first + _VISIBLE.sub(" ", hit[0][1:])


def find_comments(text: list[str]) -> dict[int, str]:
    """By line, counted from 1, the comment in it."""
    joined, comments, line, seen = "\n".join(text), {}, 1, 0
    for hit in _WHOLE.finditer(joined):
        if hit["comment"]:
            line += joined.count("\n", seen, hit.start())
            seen = hit.start()
            comments[line] = hit[0]
    return comments


def measure_indent(line: str) -> int:
    """Columns before the first character; a tab reaches to the next multiple of eight."""
    bare = line.lstrip(" \t\f")
    return len(line[: len(line) - len(bare)].expandtabs(8))
