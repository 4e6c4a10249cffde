"""Lines of a student's code on a page: numbered, coloured by classes, one of them marked."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from markupsafe import Markup

from grader.records.excerpt import Excerpt
from grader.report import escape
from grader.report.coloured_code import colour_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line."""

    number: int
    html: Markup
    """Its text in colours, escaped."""
    hit: bool
    """Whether it is the one that is meant."""


def list_lines(excerpt: Excerpt, line: int | None) -> list[Line]:
    """The lines of an excerpt, moved to the left as far as all allow; the one of that number is
    marked.
    """
    text = dedent("\n".join(row.expandtabs(4) for row in excerpt.lines))
    shown = "\n".join(escape.line(row) for row in text.split("\n"))
    return [
        Line(number=number, html=Markup(html), hit=number == line)  # noqa: S704 - Pygments escapes
        for number, html in enumerate(colour_lines(shown), excerpt.first)
    ]
