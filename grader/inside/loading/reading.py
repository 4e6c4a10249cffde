"""How the student's process reads source: what it leaves out, recovers, and finds left blank.

State of the one process that runs one submission; what it reports are claims.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from grader.inside import remarks
from grader.inside.loading import blanks, definitions, recovery

MOST = 20
"""Blanks that are named."""
FAULTS = recovery.FAULTS
FAILED = "as an error came before it"
LATE = "as the cells before it had used up the time for cells"
STOPPED = "as running all of it had to be stopped, so that only definitions were read"
only_definitions = False
"""True where the assignment takes definitions only, and where time allows no more."""
selection = definitions.Selection()
"""What was not run of what has been read, and why."""
unread: BaseException | None = None
"""Why not all of a module could be read or run, though parts of it were."""
_noted: list[tuple[str, blanks.Blanks]] = []
"""Of each module or cell that was read its file name and its blanks."""


def note(source: str, where: str) -> None:
    """The blanks of a module, or of a cell, are known; `where` is its file name."""
    _noted.append((where, blanks.find(source)))


def report() -> None:
    """The blanks, and whether anything was left out, go out with the next answer."""
    for number, blank in blanks.list_remaining([b for _, b in _noted])[:MOST]:
        where = os.path.basename(_noted[number][0])
        remarks.add("blank", f"{where}, line {blank.line}: `{blank.code}`")
    if selection.passed_over:
        remarks.add("definitions")


def begin(run: str) -> None:
    """What is read from now on is read for an assignment with this `run`."""
    global only_definitions
    only_definitions = run == "definitions"


def hurry() -> None:
    """The time of all cells together is used up: of what is read from now on definitions run."""
    global only_definitions
    if not only_definitions:
        only_definitions, selection.reason = True, LATE


@contextmanager
def reduced(extent: object) -> Iterator[None]:
    """Within, no more than this `Extent` is run, as all of it had to be stopped."""
    global only_definitions
    before = only_definitions, selection.reason, selection.bare
    if extent in ("definitions", "bare"):
        only_definitions, selection.reason, selection.bare = True, STOPPED, extent == "bare"
    try:
        yield
    finally:
        only_definitions, selection.reason, selection.bare = before


def choose_of_helper(source: str, path: str) -> ast.Module | None:
    """What is run of a module that the student's file imports; None for all of it.

    Where time is short it is read as the file itself is. An assignment that takes definitions only
    takes helpers whole.
    """
    if not only_definitions or selection.reason == definitions.ONLY:
        return None
    own = definitions.Selection(selection.reason)  # its names are not those of the file
    own.bare = selection.bare
    return ast.Module(own.choose(ast.parse(source, path), source, name_source(path)), [])


def name_source(file: str) -> str:
    """What a sentence calls a source: `cell 7`, or the module's name."""
    name = os.path.basename(file)
    return name.partition(", ")[2] or name


def choose(tree: ast.Module, source: str, file: str) -> ast.Module:
    """What is run of a source that was parsed: all of it, or its definitions."""
    if not only_definitions:
        selection.note(tree)
        return tree
    return ast.Module(body=selection.choose(tree, source, name_source(file)), type_ignores=[])


def choose_rest(
    nodes: Sequence[ast.stmt], source: str, file: str, error: BaseException | None
) -> list[ast.stmt]:
    """What is still run of a cell or module of which the first of these statements raised this.

    Of one that was stopped that statement may be run again: it may be an import.
    """
    if not nodes:
        return []
    where = name_source(file)
    if isinstance(error, KeyboardInterrupt):
        with reduced("bare"):
            again = selection.choose(ast.Module([nodes[0]], []), source, where)
        if not again:
            selection.note_failed(nodes[0], source, where, "was stopped at its time limit")
        rest = ast.Module(list(nodes[1:]), [])
        return [*again, *selection.choose(rest, source, where, STOPPED)]
    selection.note_failed(nodes[0], source, where, "failed")
    rest = ast.Module(body=list(nodes[1:]), type_ignores=[])
    return selection.choose(rest, source, where, "" if only_definitions else FAILED)


def recover(source: str, file: str, names: Mapping[str, object], *, where: str = "") -> ast.Module:
    """The definitions that can be read of source that does not parse.

    A name that is bound already keeps what an earlier cell gave it.
    """
    body = recovery.recover(source, file, where or name_source(file))
    rule = selection if only_definitions else definitions.Selection()
    kept = rule.choose(ast.Module(body=body, type_ignores=[]), source, name_source(file))
    new = [s for s in kept if not (bound := definitions.list_names(s)) or not bound <= names.keys()]
    return ast.Module(body=new, type_ignores=[])
