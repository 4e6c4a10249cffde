"""The page of an executed notebook: every cell as it ran, with what it printed and drew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from markupsafe import escape as escape_html

from grader.inside.schema.messages import CellStatus
from grader.records.bounds import PAGE, shorten
from grader.records.causes import Cause
from grader.records.execution import ExecutedCell, ExecutedNotebook
from grader.report import escape
from grader.report.coloured_code import Colourer
from grader.report.dress import dress
from grader.report.notebook_cells import Cell, read_cells

MOST_MARKDOWN = 200_000
"""Characters set as Markdown on one page; further ones are shown as they were typed."""
_SHARES = (1 / 4, 1 / 16, 1 / 64, 1 / 256)
"""Of what a page may show at most, tried one after the other where it is too large."""
_ERROR = 1_000
"""Characters of what went wrong in a cell."""
_ENTRY = 60
"""Characters of a cell's first line in the list of cells."""
_ADDRESS = re.compile(r"(?i)(?:https?|mailto):")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A cell with its facts, ready for the template."""

    cell: Cell
    status: CellStatus
    seconds: float | None
    error: str
    """One sentence on what went wrong."""
    entry: str
    """What the list of cells calls it: its first line."""
    causes: Sequence[Cause]
    """What points were lost by in this cell."""
    body: Markup = field(repr=False)
    """Its code with lines numbered, or its text set."""

    @property
    def wrong(self) -> bool:
        """True where it did not run to its end."""
        return self.status != "ok"

    @property
    def points(self) -> float:
        """How many were lost in it."""
        return sum(cause.points for cause in self.causes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """File names to which a notebook's page leads; each empty where there is none."""

    here: str
    """The page itself."""
    back: str
    """The student's page."""
    download: str = ""
    """The notebook."""
    previous: str = ""
    """The page of the notebook of the student before this one."""
    following: str = ""
    """That of the one after."""


def notebook_page(
    *,
    student: str,
    title: str,
    executed: ExecutedNotebook,
    env: Environment,
    links: Links,
    causes: Sequence[Cause] = (),
    note: str = "",
) -> str:
    """Render an executed notebook as a page, with the `causes` of lost points where they stand.

    Where the notebook is not kept as a file, `note` says why.

    Raises:
        Unreadable: it cannot be read as a notebook.
    """

    def render(share: float) -> tuple[str, int]:
        shown = _view_cells(executed, share, _find_cells(causes))
        html = _render(shown, env, student=student, title=title, links=links, note=note)
        return html, len(html.encode()) - sum(map(_measure_pictures, shown))

    html, size = render(1.0)
    for share in _SHARES:
        if size <= PAGE:
            break
        html, size = render(share)
    return html


def _find_cells(causes: Sequence[Cause]) -> dict[int, list[Cause]]:
    """By number of a cell what was lost in it; a place in a module is none in a notebook."""
    found: dict[int, list[Cause]] = {}
    for cause in causes:
        at = cause.at
        if at is not None and at.cell is not None and (not at.file or at.file.endswith(".ipynb")):
            found.setdefault(at.cell, []).append(cause)
    return found


def _view_cells(
    executed: ExecutedNotebook, share: float, causes: Mapping[int, Sequence[Cause]]
) -> list[CellView]:
    runs, setter, colourer = {r.index: r for r in executed.cells}, _Setter(share), Colourer(share)

    def view(cell: Cell) -> CellView:
        lost = causes.get(cell.index, ())
        lines = {c.at.line for c in lost if c.at is not None and c.at.line is not None}
        body = (
            setter.set_markdown(cell.source)
            if cell.kind == "markdown"
            else colourer.colour(cell.source, lines)
        )
        return _view_cell(cell, runs.get(cell.index), lost, body)

    return [view(cell) for cell in read_cells(executed.content, share)]


def _measure_pictures(view: CellView) -> int:
    return sum(len(output.source) for output in view.cell.outputs)


def _render(shown: Sequence[CellView], env: Environment, **more: object) -> str:
    seconds = [s for s in (one.seconds for one in shown) if s is not None]
    return env.get_template("notebook.html").render(
        cells=shown,
        wrong=[one for one in shown if one.wrong],
        costly=[one for one in shown if one.causes],
        ran=sum(one.cell.kind == "code" for one in shown),
        seconds=sum(seconds) if seconds else None,
        **more,
        **dress(env, "notebook.css", scripted=True),
    )


def _view_cell(
    cell: Cell, run: ExecutedCell | None, causes: Sequence[Cause], body: Markup
) -> CellView:
    """The cell with what became of it; one without a run is judged by its outputs."""
    raised = next((o.name for o in cell.outputs if o.kind == "error"), "")
    lines = (line.strip("# \t") for line in cell.source.splitlines())
    return CellView(
        cell=cell,
        status=run.status if run else "error" if raised else "ok",
        seconds=run.seconds if run else None,
        error=shorten(run.error if run else raised, _ERROR),
        entry=next((line for line in lines if line), "")[:_ENTRY],
        causes=causes,
        body=body,
    )


class _Setter:
    """Sets Markdown as HTML that can do nothing: no HTML, no pictures, no links that lead away."""

    def __init__(self, share: float = 1.0) -> None:
        self._left = int(MOST_MARKDOWN * share)
        self._parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable("table")
        self._parser.disable(["image", "html_block", "html_inline"])
        self._rules: Mapping[str, Callable[[Token], str]] = {
            "link_open": lambda _: '<span class="link">',
            "link_close": lambda token: f"</span>{_show_address(token)}",
            "fence": lambda token: f"<pre>{escape_html(token.content)}</pre>",
            "code_block": lambda token: f"<pre>{escape_html(token.content)}</pre>",
            "code_inline": lambda token: f"<code>{escape_html(token.content)}</code>",
            "text": lambda token: str(escape_html(token.content)),
            "softbreak": lambda _: "\n",
            "hardbreak": lambda _: "<br>",
            "hr": lambda _: "<hr>",
        }

    def set_markdown(self, source: str) -> Markup:
        """The text set; as it was typed where it cannot be, or where there is too much of it."""
        plain = Markup('<p class="text">{}</p>').format(source)
        if len(source) > self._left:
            return plain
        self._left -= len(source)
        try:
            return Markup(self._set(self._parser.parse(source)))  # noqa: S704 - made from the tags below and escaped text
        except (RecursionError, ValueError, IndexError, KeyError):  # the parser's limits, not ours
            return plain

    def _set(self, tokens: Sequence[Token]) -> str:
        html: list[str] = []
        links: list[str] = []
        for token in tokens:
            token.content = escape.block(token.content)
            if token.type == "inline":
                html.append(self._set(token.children or []))
            elif token.type in self._rules:
                if token.type == "link_open":
                    links.append(str(token.attrs.get("href", "")))
                elif token.type == "link_close":
                    token.content = links.pop() if links else ""
                html.append(self._rules[token.type](token))
            elif token.tag in _TAGS and not token.hidden:
                tag = f"h{min(6, int(token.tag[1]) + 2)}" if token.tag in _HEADINGS else token.tag
                html.append(_write_tag(token, tag))
            elif token.tag not in _TAGS:
                html.append(str(escape_html(token.content)))
        return "".join(html)


_HEADINGS = {f"h{n}" for n in range(1, 7)}
_TAGS = {*_HEADINGS, "p", "ul", "ol", "li", "blockquote", "em", "strong"} | {
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
"""Elements that Markdown may make."""


def _write_tag(token: Token, tag: str) -> str:
    if token.nesting < 0:
        return f"</{tag}>"
    start = token.attrs.get("start")
    number = f' start="{start}"' if tag == "ol" and type(start) is int else ""
    return f"<{tag}{number}>"


def _show_address(token: Token) -> str:
    """Where a link would have led, as text, if it led to a page or a person."""
    address = escape.line(token.content)
    if not _ADDRESS.match(address):
        return ""
    return str(Markup(' <span class="quiet">({})</span>').format(address[:300]))
