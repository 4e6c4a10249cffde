"""Code as HTML: every line an element of its own, words of Python coloured by classes."""

from __future__ import annotations

from collections.abc import Collection

from markupsafe import Markup
from pygments import format as write_tokens
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Literal, Name, Token, _TokenType

MOST_IN_A_CELL, MOST_ON_A_PAGE = 8_000, 40_000
"""Characters that are coloured; further ones are shown as they are. Some text takes time that grows
with the square of its length.
"""
_SHOWN = (
    Keyword,
    Literal.String,
    Literal.Number,
    Comment,
    Name.Function,
    Name.Class,
    Name.Builtin,
    Name.Decorator,
)
"""Kinds of words that have a colour."""
_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="py-")


def colour_lines(source: str) -> list[str]:
    """Each line as escaped HTML; words of Python are in classes that begin with `py-`."""
    tokens = ((_simplify(kind), text) for kind, text in _LEXER.get_tokens(source))
    html: str = write_tokens(tokens, _FORMATTER)
    return html.split("\n")[: source.count("\n") + 1]


class Colourer:
    """Colours the code of one page, as far as that is bearable."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is how much is coloured of what a page may have at most."""
        self._left = int(MOST_ON_A_PAGE * share)

    def colour(self, source: str, marked: Collection[int] = ()) -> Markup:
        """Each line in an element, which the style sheet numbers; the `marked` ones, counted from
        1, have the class `lost`.
        """
        source = source.rstrip("\n")
        if len(source) <= min(MOST_IN_A_CELL, self._left):
            self._left -= len(source)
            lines = colour_lines(source)
        else:
            lines = str(Markup.escape(source)).split("\n")
        spans = ("<span", '<span class="lost"')
        rows = [f"{spans[n in marked]}>{line}\n</span>" for n, line in enumerate(lines, 1)]
        return Markup("".join(rows))  # noqa: S704 - escaped by Pygments or above


def _simplify(kind: _TokenType) -> _TokenType:
    """The kind that has a colour, so that a page is small; else none."""
    return next((shown for shown in _SHOWN if kind in shown), Token.Text)
