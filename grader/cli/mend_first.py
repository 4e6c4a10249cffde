"""What a student should mend first: the root cause of most lost points, with the lines around it.

Nothing is written here: a terminal and a notebook's table show the same `Advice` each in its way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.cli.code_lines import CodeLine, find_lines
from grader.records.causes import Cause, list_causes
from grader.records.messages import Message
from grader.records.result import CheckResult, Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One cause, as sentences and lines."""

    heading: str
    """That it comes first, and its title, without a full stop."""
    cost: str
    """What it costs, in which checks, and which checks wait for it."""
    place: str
    """Where it stands; empty where that is not known."""
    lines: tuple[CodeLine, ...]
    """The student's lines around the place; none where they are not at hand."""
    seen: str
    """What was seen and what was expected; empty where the title says it all."""
    hint: str
    """The next step, or nothing."""
    said: str
    """The feedback that need not be said again."""

    def repeats(self, check: CheckResult) -> bool:
        """True for a check whose sentences stand in it."""
        return bool(check.feedback) and check.lost and check.feedback == self.said


def advise(graded: Graded) -> Advice | None:
    """What to mend first; None where nothing was lost that a student could mend."""
    for cause in list_causes(graded):
        lead = cause.checks[0]
        return Advice(
            heading=Message("causes-title", {"title": cause.title}).text(),
            cost=_describe_cost(cause),
            place=cause.at.describe() if cause.at else "",
            lines=find_lines(graded, cause.at),
            seen=_cut_title(lead.feedback, cause.title),
            hint=lead.hint,
            said=lead.feedback,
        )
    return None


def _describe_cost(cause: Cause) -> str:
    facts: dict[str, object] = {
        "points": int(cause.points) if cause.points.is_integer() else round(cause.points, 3),
        "checks": [check.name for check in cause.checks],
    }
    if not cause.follows:
        return Message("mend-cost", facts).text()
    waiting = [check.name for check in cause.follows]
    return Message("mend-cost-and-wait", {**facts, "n": len(waiting), "waiting": waiting}).text()


def describe_next_step(hint: str) -> str:
    """The hint as a sentence, where there is one."""
    return Message("mend-next", {"hint": hint}).text() if hint else ""


def describe_check(check: CheckResult, advice: Advice | None) -> list[str]:
    """What was seen in a check and what to do next, or that it stands above."""
    if advice is not None and advice.repeats(check):
        return [Message("mend-above").text()]
    return [text for text in (check.feedback, describe_next_step(check.hint)) if text]


def _cut_title(feedback: str, title: str) -> str:
    """The feedback without the first sentence, where that is the title."""
    text = feedback.strip()
    if not text.startswith(title):
        return text
    rest = text[len(title) :]
    return text if re.match(r"\w", rest) else rest.lstrip(".").strip()
