"""Loops, found by the text of code alone: only who wrote one that nothing leaves is told to look
for it. Code that takes too long may well be right, and slow.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CAP = 1 << 20
"""Characters that are looked at; one pass goes over them."""
_WHILE = re.compile(r"while\b")
_ALWAYS = re.compile(r"while[ \t(]+(?:True|1)[ \t)]*:")
_LEAVES = re.compile(r"\b(?:break|return|raise|yield|exit|_exit|quit)\b")


class Loop(NamedTuple):
    """A loop."""

    line: int
    """Where it begins, from 1."""
    code: str
    """That line."""


def find_endless(source: str) -> Loop | None:
    """The first `while True` in which nothing stands that could leave it."""
    inside: list[tuple[int, Loop]] = []  # with their indentation, outermost first
    for number, line in enumerate(source[:_CAP].splitlines(), 1):
        code = line.strip()
        if not code or code.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if inside and indent <= inside[-1][0]:
            break
        if _LEAVES.search(code):
            inside.clear()
        elif _ALWAYS.match(code):
            inside.append((indent, Loop(number, code[:80])))
    return inside[-1][1] if inside else None


def advise(source: str, *, waited: bool) -> str:
    """What whoever wrote this can do, as it took too long: `waited`, more by the clock than of the
    CPU. The end of a sentence.
    """
    has_while = any(_WHILE.match(line.strip()) for line in source[:_CAP].splitlines())
    if find_endless(source) or (has_while and waited):
        return "look for a loop that does not end and for something that waits"
    if waited:
        return "look for something that waits: sleep, input, a lock"
    rest = ", or check that the condition of each `while` becomes false" if has_while else ""
    return f"let it do less: fewer epochs, less data{rest}"
