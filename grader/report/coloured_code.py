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


class Colourer:
    """Colours the code of one page, as far as that is bearable."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is how much is coloured of what a page may have at most."""
        self._left = int(MOST_ON_A_PAGE * share)
        self._lexer = PythonLexer(stripnl=False, ensurenl=False)
        self._formatter = HtmlFormatter(nowrap=True)

    def colour(self, source: str, marked: Collection[int] = ()) -> Markup:
        """Each line in an element, which the style sheet numbers; the `marked` ones, counted from
        1, have the class `lost`.
        """
        source = source.rstrip("\n")
        if len(source) <= min(MOST_IN_A_CELL, self._left):
            self._left -= len(source)
            tokens = ((_simplify(k), text) for k, text in self._lexer.get_tokens(source))
            html = write_tokens(tokens, self._formatter)
        else:
            html = str(Markup.escape(source))
        lines = html.removesuffix("\n").split("\n")
        spans = ("<span", '<span class="lost"')
        rows = [f"{spans[n in marked]}>{line}\n</span>" for n, line in enumerate(lines, 1)]
        return Markup("".join(rows))  # noqa: S704 - escaped by Pygments or above


def _simplify(kind: _TokenType) -> _TokenType:
    """The kind that has a colour, so that a page is small; else none."""
    return next((shown for shown in _SHOWN if kind in shown), Token.Text)
