"""How the student's process reads source: what it leaves out, recovers, and finds left blank.

State of the one process that runs one submission; what it reports are claims.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence

from grader.inside import remarks
from grader.inside.loading import blanks, definitions, recovery

MOST = 20
"""Blanks that are named."""
FAULTS = recovery.FAULTS
FAILED = "as an error came before it"
LATE = "as the cells before it had used up the time for cells"
only_definitions = False
"""True where the assignment takes definitions only, and once the time of all cells is used up."""
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
    if selection.passed_over and selection.reason != LATE:  # of late cells the supervisor tells
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


def choose_rest(nodes: Sequence[ast.stmt], source: str, file: str) -> list[ast.stmt]:
    """What is still run of a cell or module of which the first of these statements raised."""
    if not nodes:
        return []
    selection.note_failed(nodes[0], source, name_source(file))
    rest = ast.Module(body=list(nodes[1:]), type_ignores=[])
    return selection.choose(rest, source, name_source(file), "" if only_definitions else FAILED)


def recover(source: str, file: str, names: Mapping[str, object], *, where: str = "") -> ast.Module:
    """The definitions that can be read of source that does not parse.

    A name that is bound already keeps what an earlier cell gave it.
    """
    body = recovery.recover(source, file, where or name_source(file))
    rule = selection if only_definitions else definitions.Selection()
    kept = rule.choose(ast.Module(body=body, type_ignores=[]), source, name_source(file))
    new = [s for s in kept if not (bound := definitions.list_names(s)) or not bound <= names.keys()]
    return ast.Module(body=new, type_ignores=[])
