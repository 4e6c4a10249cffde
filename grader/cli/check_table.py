"""A student's own check as a small table of HTML, for the output of a cell.

It stands in somebody else's page, light or dark: it has no script and no style sheet, its text has
the page's colour, and its marks have colours that are seen on either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape as escape_html

from grader.cli import mend_first, terminal
from grader.cli.code_lines import CodeLine
from grader.cli.mend_first import Advice
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
_CARD = f"border-left:4px solid {_RED};padding:0.2em 0 0.2em 0.9em;margin:0.6em 0;"
_CODE = (
    "background:none;color:inherit;border:none;margin:0.3em 0;padding:0;overflow-x:auto;"
    "white-space:pre;font-family:monospace;"
)
_MARKED = "background:rgba(224,72,61,0.18);font-weight:bold;"


def bundle(own: SelfCheck, what: str) -> dict[str, str]:
    """The check in the forms in which a notebook keeps output; `what` says what was checked."""
    return {"text/plain": terminal.check_text(own), "text/html": table(own, what)}


def table(own: SelfCheck, what: str) -> str:
    """A row for each check, with what is said about the whole above and below."""
    graded = own.graded
    head = f"{_prose(graded.title)} · {_prose(what)}"
    remarks = [_div("margin:0.2em 0;", _prose(text)) for text in terminal.remarks_on(own)]
    advice = mend_first.advise(graded)
    rows = "".join(_row(check, advice) for check in graded.checks)
    return _div(
        "line-height:1.4;max-width:60em;",
        _div(_DIM, head),
        *remarks,
        *([_card(advice)] if advice else []),
        f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>',
        *(_div("font-weight:bold;", _prose(text)) for text in terminal.totals_of(own)),
    )


def _card(advice: Advice) -> str:
    """What to mend first, with the lines around it, the one that is meant marked."""
    texts = (advice.cost, advice.place)
    after = (advice.seen, mend_first.describe_next_step(advice.hint))
    code = _div(_CODE, *map(_line, advice.lines)) if advice.lines else ""
    return _div(
        _CARD,
        _div("font-weight:bold;", _prose(advice.heading)),
        *(_div("", _prose(text)) for text in texts if text),
        code,
        *(_div("", _prose(text)) for text in after if text),
    )


def _line(line: CodeLine) -> str:
    text = f"{'>' if line.marked else ' '} {line.number:>4}  {escape.block(line.text)}"
    return _div(_MARKED if line.marked else "", escape_html(text))


def _row(check: CheckResult, advice: Advice | None) -> str:
    sign, colour = _SIGNS[check.outcome]
    title = f'<span style="{_DIM}">{_prose(check.title)}</span>'
    texts = [f"<b>{_prose(check.name)}</b> {title}"]
    texts += (_div("", _prose(text)) for text in mend_first.describe_check(check, advice))
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
