"""The files of executed notebooks: each as a page and, where it is a valid one, as a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment

from grader.records import file_names
from grader.records.causes import list_causes
from grader.records.execution import ExecutedNotebook
from grader.records.notebook_file import MOST_BYTES, Unreadable, read_notebook
from grader.records.result import Graded
from grader.report import escape
from grader.report.notebook_page import Links, notebook_page

SUFFIX = ".notebook.html"
"""How the name of a notebook's page ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Names of the pages of the notebooks before and after one; empty where there is none."""

    previous: str = ""
    following: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A student whose files are written now."""

    one: Graded
    executed: ExecutedNotebook | None
    beside: Beside


def find_neighbours(
    pairs: Iterable[tuple[Graded, ExecutedNotebook | None]], stems: Mapping[str, str]
) -> Iterator[Turn]:
    """Each student in turn; one with a notebook as soon as the next notebook is known. No more than
    two are held.
    """
    waiting, previous = None, ""
    for one, executed in pairs:
        if executed is None or not _is_readable(executed):
            yield Turn(one=one, executed=executed, beside=Beside())
            continue
        name = f"{stems[one.student]}{SUFFIX}"
        if waiting is not None:
            yield replace(waiting, beside=replace(waiting.beside, following=name))
        waiting = Turn(one=one, executed=executed, beside=Beside(previous=previous))
        previous = name
    if waiting is not None:
        yield waiting


def _is_readable(executed: ExecutedNotebook) -> bool:
    with suppress(Unreadable):
        read_notebook(executed.content)
        return True
    return False


def write_notebook(
    one: Graded, executed: ExecutedNotebook, path: Path, env: Environment, beside: Beside
) -> tuple[str, str]:
    """Write a notebook as a file and as a page; the page's name, and what could not be done."""
    fault = _describe_fault(executed.content)
    if not fault:
        file_names.write(path.with_name(f"{path.name}.ipynb"), executed.content)
    try:
        html = notebook_page(
            student=one.student,
            title=one.title,
            executed=executed,
            env=env,
            links=Links(
                here=(name := f"{path.name}{SUFFIX}"),
                back=f"{path.name}.html",
                download="" if fault else f"{path.name}.ipynb",
                previous=beside.previous,
                following=beside.following,
            ),
            causes=list_causes(one),
            note=fault,
        )
    except Unreadable as error:
        return "", f"The notebook as it ran cannot be shown. {error}"
    file_names.write(path.with_name(name), html.encode())
    return name, ""


def _describe_fault(notebook: bytes) -> str:
    """Why these bytes are not kept as a notebook, in a sentence; empty where they are valid."""
    from nbformat import validator

    if len(notebook) > MOST_BYTES:
        return f"It has {len(notebook):,} bytes."
    try:
        book = read_notebook(notebook).fields
        if book.get("nbformat") != 4:
            return "It is not in notebook format 4."
        minor = book.get("nbformat_minor")
        if type(minor) is not int or not 0 <= minor <= 5:
            return "It is in an unknown version of notebook format 4."
        error = next(validator.iter_validate(book, version=4, version_minor=minor), None)  # type: ignore[no-untyped-call]
    except Exception as fault:  # untrusted: a validator may meet anything
        return f"It cannot be read: {escape.line(str(fault))[:200]}"
    if error is None:
        return ""
    return f"It does not validate: {escape.line(str(error).strip().splitlines()[0])[:200]}"
