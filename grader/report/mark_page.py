"""The pages on which a person marks by hand: an answer beside its rubric, and a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from grader.records import bounds
from grader.records.result import CheckResult, Graded
from grader.report import summary
from grader.report.dress import dress
from grader.report.evidence import views
from grader.report.pages import SHEET, environment
from grader.report.texts import points as show_points


class Listed(Protocol):
    """One thing that a person decides about."""

    @property
    def student(self) -> str:
        """Whose."""

    @property
    def check(self) -> str:
        """Name of the check; empty for the whole."""

    @property
    def done(self) -> bool:
        """Whether it is decided."""


class MarkPages:
    """Renders them. Addresses are relative, so that no page holds the token but by its own."""

    def __init__(self, title: str, templates: Path | None = None) -> None:
        self._env = environment(templates)
        self._env.globals.update(dress(self._env, SHEET))
        self._template = self._env.get_template("mark.html")
        self._title = title
        given = str(self._env.globals["policy"])
        self.policy = given.replace("form-action 'none'", "form-action 'self'")
        """What a page may do: the same as reports, and send its form to where it came from."""

    def _render(self, heading: str, counts: tuple[int, int] = (0, 0), **more: object) -> str:
        nothing = {"item": False, "rows": [], "fault": "", "text": "", "plain": False}
        count, left = counts
        values = {
            "title": self._title,
            "end": "end",
            "every": "all",
            "policy": self.policy,
            "count": count,
            "left": left,
        }
        return self._template.render({**nothing, **values, "heading": heading, **more})

    def show_item(
        self,
        graded: Graded,
        check: CheckResult | None,
        *,
        rubric: str,
        model: str,
        about: str,
        seen: int,
        links: tuple[str, str, str],
        counts: tuple[int, int],
        fault: str = "",
        form: Mapping[str, str] | None = None,
    ) -> str:
        """One thing to decide, with what was entered before; `links` are this, next and before,
        `about` and `seen` come back with the form: what it is about, and how many marks there were.
        """
        here, following, before = links
        given = form if form is not None else _list_entered(graded, check)
        return self._render(
            graded.student,
            counts,
            item=True,
            one=graded,
            check=check,
            view=views(check.evidence) if check else {},
            reasons=summary.reasons(graded),
            notes=() if check else (graded.unclear, *graded.notes),
            rubric=rubric,
            model=model,
            about=about,
            seen=seen,
            points=given.get("points", ""),
            comment=given.get("comment", ""),
            settled="settled" in given,
            excused="excused" in given,
            longest=bounds.FEEDBACK,
            here=here,
            next=following,
            before=before,
            fault=fault,
        )

    def show_all(self, items: Sequence[Listed], left: int) -> str:
        """A list of everything, with what is decided."""
        rows = [
            (item.check or "the whole", item.student, str(number), item.done)
            for number, item in enumerate(items)
        ]
        return self._render("All", (len(items), left), rows=rows)

    def show_done(self, count: int, left: int) -> str:
        """That nothing follows."""
        text = "Everything is marked." if not left else "The end of the list; some are still open."
        return self._render("Done" if not left else "The end", (count, left), text=text)

    def show_end(self) -> str:
        """That the server has stopped."""
        return self.show_text("The pages are being written. You may close this window.")

    def show_text(self, text: str) -> str:
        """A sentence alone."""
        return self._render(text, plain=True)


def _list_entered(graded: Graded, check: CheckResult | None) -> dict[str, str]:
    """What was decided before, as a form has it."""
    if check is not None:
        points = show_points(check.earned) if check.marked_by and not check.open else ""
        return {"points": points, "comment": check.comment}
    flags = {"settled": True, "excused": graded.excused}
    own = [a.points for a in graded.adjustments if a.kind == "person"]
    entered = {name: "yes" for name, said in flags.items() if said}
    return {"points": show_points(own[0]) if own else "", "comment": graded.comment, **entered}
