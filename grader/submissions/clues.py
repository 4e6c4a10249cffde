"""Which file is meant where no name says so: by what its text defines, and what it imports.

Each rule leaves fewer files; the first that leaves one has decided. Where more are left at the end
nobody can know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from grader.submissions.contents import Contents

_BESIDE = re.compile(r"(?:__init__|__main__|setup|conftest|test_.*|.*_test)\.py", re.IGNORECASE)
"""What lies beside programs and is none."""
Rule = Callable[[str], bool]


def find_whole(runnable: Sequence[str], contents: Contents) -> str | None:
    """The file that imports all others in which something is defined that is asked for: what is
    spread over several is whole only there.
    """
    spread = {n for n in runnable if contents.defines_of(n)}
    if len(_stems(spread)) < 2:
        return None
    whole = [n for n in runnable if spread <= _reach(n, runnable, contents)]
    return whole[0] if len(_stems(whole)) == 1 else None


def find_likely(
    runnable: Sequence[str], entry: str, contents: Contents
) -> tuple[Sequence[str], str]:
    """The files that can be meant, more than one stem where nothing tells them apart; and by what
    they were chosen.
    """
    left = [n for n in runnable if not _BESIDE.fullmatch(_base(n))] or list(runnable)
    if len(_stems(left)) < 2:
        return left, "no other file can be"
    most = max(len(contents.defines_of(n)) for n in left)
    imported = {m for n in left for m in _list_imported(n, left, contents)}
    rules: tuple[tuple[Rule, str], ...] = (
        (lambda n: 0 < most == len(contents.defines_of(n)), "it defines most of what is asked for"),
        (contents.builds_network, "no other file defines a network"),
        (lambda n: _fold(entry) in _fold(_base(n)), "by its name it is the nearest"),
        (lambda n: n not in imported, "no other file imports it"),
    )
    for rule, why in rules:
        left = [n for n in left if rule(n)] or left
        if len(_stems(left)) == 1:
            return left, why
    return left, ""


def _reach(file: str, runnable: Sequence[str], contents: Contents) -> set[str]:
    """The file and all that it imports, and so on."""
    reached, waiting = {file}, [file]
    while waiting:
        new = set(_list_imported(waiting.pop(), runnable, contents)) - reached
        reached |= new
        waiting += new
    return reached


def _list_imported(file: str, runnable: Sequence[str], contents: Contents) -> list[str]:
    words = contents.imports(file)
    return [n for n in runnable if n != file and _stem(_base(n)) in words]


def _stems(files: Sequence[str] | set[str]) -> set[str]:
    """A module and a notebook of one name are one."""
    return {_stem(n) for n in files}


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
