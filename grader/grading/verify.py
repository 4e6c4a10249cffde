"""Verifying an assignment: the reference earns everything, the handout nothing, each mistake
loses what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.assignment.specimens import Mistake
from grader.grading import reference as references
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.judging import Judging
from grader.grading.progress import Progress, Silent
from grader.grading.reference import describe_loss
from grader.grading.schedule import Schedule
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records import file_names
from grader.records.causes import GUESSES, list_causes
from grader.records.execution import describe_end
from grader.records.extras import require_course
from grader.records.result import Graded
from grader.records.submission import Submission

HANDOUT_SHARE = 0.05
"""Largest share of the points that an untouched handout may earn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one of the assignment's own submissions did, and whether that is as it should be."""

    name: str
    graded: Graded
    fault: str
    """What is wrong with the assignment, a sentence; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimens:
    """An assignment's own submissions, each with the numbers of its student."""

    references: Sequence[Submission]
    handouts: Sequence[Submission]
    mistakes: Sequence[Mistake]

    @classmethod
    def of(cls, course: Course, loaded: LoadedAssignment) -> Specimens:
        """Those that lie in the course."""
        given = loaded.assignment.admit
        return cls(
            references=[given(s) for s in course.references(loaded)],
            handouts=[given(s) for s in course.handouts(loaded)],
            mistakes=[replace(m, submission=given(m.submission)) for m in course.mistakes(loaded)],
        )

    @property
    def submissions(self) -> list[Submission]:
        """All of them."""
        return [*self.references, *self.handouts, *(m.submission for m in self.mistakes)]

    @property
    def notebooks(self) -> bool:
        """Whether one of them is a notebook."""
        return any(is_notebook(s.entry) for s in self.submissions)


def verify(
    executor: Executor,
    specimens: Specimens,
    out: Path,
    progress: Progress | None = None,
    *,
    templates: Path | None = None,
) -> list[Finding]:
    """A finding for the reference, the handout and every mistake; nothing is kept but in `out`.

    Pages are made as well where the course has `templates` of its own. Raises CourseError where one
    of these is wrong.
    """
    graded = _grade_all(executor, specimens.submissions, out, progress or Silent())
    findings = [
        *(_find(s.student, graded[s.student], _reference_fault) for s in specimens.references),
        *(_find(s.student, graded[s.student], _handout_fault) for s in specimens.handouts),
    ]
    for mistake in specimens.mistakes:
        one = graded[mistake.name]
        fault = _mistake_fault(one, mistake.loses) or _name_other_cause(one, mistake.code)
        findings.append(Finding(name=f"mistakes/{mistake.name}", graded=one, fault=fault))
    if templates is not None and templates.is_dir():
        require_course("making pages", "jinja2", "markdown-it-py")
        from grader.report import pages

        every = list(graded.values())
        stems = file_names.file_names(g.student for g in every)
        pages.render(every, out, templates=templates, stems=stems)
    return findings + _untested(executor.loaded, findings[0].graded, findings)


def _grade_all(
    executor: Executor, submissions: Sequence[Submission], out: Path, progress: Progress
) -> dict[str, Graded]:
    """The record of each submission, by student."""
    graded: dict[str, Graded] = {}
    seconds = executor.loaded.assignment.limits.cpu_seconds
    with (
        Ledger(out / "grades.db") as ledger,
        closing(Judging(executor.loaded, executor.source, apart=True)) as judging,
    ):
        cohort = Cohort(executor, ledger, judging)
        progress.begin(0, "measuring the reference")
        first, *others = submissions
        records = references.measure(executor, first, ("student", "reference"))
        cohort.find_loss(records["student"], records["reference"])
        graded[first.student] = cohort.judge(first, records["student"])
        progress.begin(len(others), "submissions")
        schedule = Schedule(executor, jobs=executor.jobs, cpu_seconds=seconds)
        for submission, record in schedule.run(others):
            graded[submission.student] = cohort.judge(submission, record)
            progress.step(submission.student)
    return graded


def _find(name: str, graded: Graded, fault: Callable[[Graded], str]) -> Finding:
    return Finding(name=name, graded=graded, fault=fault(graded))


def lost(graded: Graded) -> frozenset[str]:
    """Names of the checks that did not give all their points."""
    return frozenset(c.name for c in graded.checks if c.lost)


def _name_other_cause(graded: Graded, code: str) -> str:
    """What a report names first in place of the mistake's own fault.

    Which of two guesses at a cause is made depends on the data that are used.
    """
    first = next((c.code for c in list_causes(graded)), "")
    if not code or first == code or {first, code} <= set(GUESSES):
        return ""
    named = f"`{first}`" if first else "no fault with a code"
    return f"has the code `{code}`, but a report names {named} first"


def _reference_fault(graded: Graded) -> str:
    loss = describe_loss(graded)
    return f"the reference itself {loss}" if loss else ""


def _handout_fault(graded: Graded) -> str:
    if fault := _find_break(graded):
        return fault
    if graded.score <= HANDOUT_SHARE * graded.max_score:
        return ""
    return (
        f"an untouched handout earns {graded.score:g} of {graded.max_score:g}; at most "
        f"{HANDOUT_SHARE:.0%} may be"
    )


def _find_break(graded: Graded) -> str:
    """What would leave a student with this submission open, for a person; empty where nothing."""
    broken = next((c for c in graded.checks if c.outcome == "broken"), None)
    if broken is not None:
        return f"a check broke on it: {broken.feedback}"
    if graded.execution.status in ("broken", "tampered"):
        return f"it {describe_end(graded.execution.status)}: {graded.execution.reason}"
    return ""


def _mistake_fault(graded: Graded, loses: frozenset[str]) -> str:
    if fault := _find_break(graded):
        return fault
    gone = lost(graded)
    parts = []
    if loses - gone:
        parts.append(f"should lose {', '.join(sorted(loses - gone))} but does not")
    if gone - loses:
        first = next(c for c in graded.checks if c.name in gone - loses)
        parts.append(f"loses {', '.join(sorted(gone - loses))} as well ({first.feedback})")
    return "; ".join(parts)


def _untested(
    loaded: LoadedAssignment, reference: Graded, findings: Sequence[Finding]
) -> list[Finding]:
    """A finding for every check that no mistake loses: a check that was never seen to fail. What
    persons mark is theirs to judge.
    """
    seen: set[str] = set().union(
        *(lost(f.graded) for f in findings if f.name.startswith("mistakes/"))
    )
    return [
        Finding(
            name=f"check {c.name}",
            graded=reference,
            fault="no mistake loses this check; write one that does",
        )
        for c in loaded.assignment.checks
        if c.name not in seen and not c.person
    ]
