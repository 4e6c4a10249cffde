"""A student's own check as a small table of HTML, for the output of a cell.

It stands in somebody else's page, light or dark: it has no script and no style sheet, its text has
the page's colour, and its marks have colours that are seen on either.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from grader.cli import terminal
from grader.records.result import CheckResult, Graded, Outcome
from grader.report.pages import prose

_GREEN, _AMBER, _RED, _VIOLET, _GREY = "#2e9e4f", "#c98500", "#e0483d", "#a45ee5", "#8a8a8a"
_SIGNS: Mapping[Outcome, tuple[str, str]] = {
    "passed": ("✓", _GREEN),
    "partial": ("~", _AMBER),
    "failed": ("✗", _RED),
    "skipped": ("–", _GREY),
    "unmeasured": ("✗", _RED),
    "deferred": ("·", _GREY),
    "broken": ("!", _VIOLET),
}
_CELL = "text-align:left;vertical-align:top;white-space:normal;padding:0.35em 0.8em 0.35em 0;"
_ROW = "background:none;border-top:1px solid rgba(128,128,128,0.35);"
_DIM = "opacity:0.7;"


def bundle(graded: Graded, what: str) -> dict[str, str]:
    """The check in the forms in which a notebook keeps output; `what` says what was checked."""
    return {"text/plain": terminal.check_text(graded), "text/html": table(graded, what)}


def table(graded: Graded, what: str) -> str:
    """A row for each check, with what is said about the whole above and below."""
    head = Markup('<div style="{}">{} · {}</div>').format(_DIM, graded.title, prose(what))
    remarks = [
        Markup('<div style="margin:0.2em 0;">{}</div>').format(prose(text))
        for text in terminal.remarks_on(graded)
    ]
    rows = Markup("").join(_row(check) for check in graded.checks)
    return str(
        Markup(
            '<div style="line-height:1.4;max-width:60em;">{}{}'
            '<table style="border-collapse:collapse;margin:0.4em 0;border:none;font-size:0.95em;">'
            "<tbody>{}</tbody></table><div><b>{}</b></div></div>"
        ).format(head, Markup("").join(remarks), rows, prose(terminal.total_of(graded)))
    )


def _row(check: CheckResult) -> Markup:
    sign, colour = _SIGNS[check.outcome]
    texts = [
        Markup('<b>{}</b> <span style="{}">{}</span>').format(check.name, _DIM, prose(check.title))
    ]
    if check.feedback:
        texts.append(Markup("<div>{}</div>").format(prose(check.feedback)))
    if check.hint:
        texts.append(Markup('<div style="{}">Next step: {}</div>').format(_DIM, prose(check.hint)))
    return Markup(
        '<tr style="{row}"><td style="{cell}color:{colour};font-weight:bold;">{sign}</td>'
        '<td style="{cell}">{text}</td>'
        '<td style="{cell}white-space:nowrap;">{points}</td></tr>'
    ).format(
        row=_ROW,
        cell=_CELL,
        colour=colour,
        sign=sign,
        text=Markup("").join(texts),
        points=terminal.points_of(check),
    )


def waiting(text: str) -> dict[str, str]:
    """One line that stands in the place of the table until that is there."""
    return {"text/plain": text, "text/html": str(Markup("<div>{}</div>").format(prose(text)))}
