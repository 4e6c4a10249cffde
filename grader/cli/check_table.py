"""A student's own check as a small table of HTML, for the output of a cell.

It stands in somebody else's page, light or dark: it has no script and no style sheet, its text has
the page's colour, and its marks have colours that are seen on either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape as escape_html

from grader.cli import terminal
from grader.grading.self_check import SelfCheck
from grader.records.result import CheckResult, Outcome
from grader.report import escape

_GREEN, _AMBER, _RED, _VIOLET, _GREY = "#2e9e4f", "#c98500", "#e0483d", "#a45ee5", "#8a8a8a"
_SIGNS: Mapping[Outcome, tuple[str, str]] = {
    "passed": ("✓", _GREEN),
    "partial": ("~", _AMBER),
    "failed": ("✗", _RED),
    "skipped": ("–", _GREY),
    "unmeasured": ("✗", _RED),
    "deferred": ("·", _GREY),
    "open": ("·", _GREY),
    "broken": ("!", _VIOLET),
}
_CELL = "text-align:left;vertical-align:top;white-space:normal;padding:0.35em 0.8em 0.35em 0;"
_ROW = "background:none;border-top:1px solid rgba(128,128,128,0.35);"
_TABLE = "border-collapse:collapse;margin:0.4em 0;border:none;font-size:0.95em;"
_DIM = "opacity:0.7;"


def bundle(own: SelfCheck, what: str) -> dict[str, str]:
    """The check in the forms in which a notebook keeps output; `what` says what was checked."""
    return {"text/plain": terminal.check_text(own), "text/html": table(own, what)}


def table(own: SelfCheck, what: str) -> str:
    """A row for each check, with what is said about the whole above and below."""
    graded = own.graded
    head = f"{_prose(graded.title)} · {_prose(what)}"
    remarks = [_div("margin:0.2em 0;", _prose(text)) for text in terminal.remarks_on(own)]
    rows = "".join(_row(check) for check in graded.checks)
    return _div(
        "line-height:1.4;max-width:60em;",
        _div(_DIM, head),
        *remarks,
        f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>',
        *(_div("font-weight:bold;", _prose(text)) for text in terminal.totals_of(own)),
    )


def _row(check: CheckResult) -> str:
    sign, colour = _SIGNS[check.outcome]
    title = f'<span style="{_DIM}">{_prose(check.title)}</span>'
    texts = [f"<b>{_prose(check.name)}</b> {title}"]
    if check.feedback:
        texts.append(_div("", _prose(check.feedback)))
    if check.hint:
        texts.append(_div(_DIM, f"Next step: {_prose(check.hint)}"))
    return (
        f'<tr style="{_ROW}"><td style="{_CELL}color:{colour};font-weight:bold;">{sign}</td>'
        f'<td style="{_CELL}">{"".join(texts)}</td>'
        f'<td style="{_CELL}white-space:nowrap;">{terminal.points_of(check)}</td></tr>'
    )


def _div(style: str, *parts: str) -> str:
    return f'<div style="{style}">{"".join(parts)}</div>'


def _prose(text: str) -> str:
    """Text in which nothing acts or hides; what stands between backticks becomes code."""
    html = escape_html(escape.block(text.strip()))
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html)


def waiting(text: str) -> dict[str, str]:
    """One line that stands in the place of the table until that is there."""
    return {"text/plain": terminal.safe(text).plain, "text/html": _div("", _prose(text))}
