"""Lines of a student's code on a page: numbered, coloured by classes, one of them marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import dedent

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer

from grader.records.excerpt import Excerpt
from grader.report import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line."""

    number: int
    html: Markup
    """Its text in colours, escaped."""
    hit: bool
    """Whether it is the one that is meant."""


@cache
def _tools() -> tuple[PythonLexer, HtmlFormatter[str]]:
    return PythonLexer(stripnl=False), HtmlFormatter(nowrap=True, classprefix="py-")


def list_lines(excerpt: Excerpt, line: int | None) -> list[Line]:
    """The lines of an excerpt, moved to the left as far as all allow; the one of that number is
    marked.
    """
    text = "\n".join(row.expandtabs(4) for row in excerpt.lines)
    return [
        Line(number=number, html=html, hit=number == line)
        for number, html in enumerate(colour(dedent(text).split("\n")), excerpt.first)
    ]


def colour(lines: Sequence[str]) -> list[Markup]:
    """Each line of a piece of Python as escaped HTML, its parts in classes that begin with
    `py-`.
    """
    shown = [escape.line(line) for line in lines]
    html = highlight("\n".join(shown), *_tools()).split("\n")
    return [Markup(part) for part in html[: len(lines)]]  # noqa: S704 - Pygments escapes it
