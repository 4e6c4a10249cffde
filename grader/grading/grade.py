"""Grading: measure what is new, judge everything, keep it, render it."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.export import leaderboard
from grader.export.export import write_export
from grader.grading.cohort import Cohort, Plan
from grader.grading.executor import Executor
from grader.grading.progress import Progress, Silent
from grader.grading.schedule import Schedule
from grader.ledger.ledger import Ledger
from grader.records import file_names
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.report import pages


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run of `grade` did."""

    graded: Sequence[Graded]
    executed: int
    """Submissions whose code was run."""
    reused: int
    """Submissions whose earlier measurements were judged."""
    regraded: int
    """Students for whom judging again decided otherwise than before."""
    level: int
    """Sandbox level, 0 to 4; -1 where nothing ran."""
    withdrawn: Sequence[str] = ()
    """Students of earlier runs who are no longer among the hand-ins."""


@dataclass(slots=True)
class _Tally:
    """What has been done of a run until now."""

    graded: dict[str, Graded] = field(default_factory=dict)
    executed: int = 0
    reused: int = 0
    regraded: int = 0

    def counts(self) -> dict[str, int]:
        """For the ledger."""
        return {"executed": self.executed, "reused": self.reused, "regraded": self.regraded}


def grade(
    executor: Executor,
    submissions: Sequence[Submission],
    out: Path,
    *,
    fresh: bool = False,
    templates: Path | None = None,
    progress: Progress | None = None,
    argv: Sequence[str] = (),
    handed_in: Collection[str] | None = None,
    shown_as: str | None = None,
) -> RunSummary:
    """Grade a class into `out`: ledger, report per student, index, grades.csv.

    A submission that was measured before is not run again unless `fresh`; every result is judged
    anew. Interrupted at any moment, everything but the submissions in flight is kept; pages of it
    are written by the next run, or by `render`.

    Nothing is decided about anybody before the reference has earned every point: run on this
    machine where a submission has to be run, else by what is kept of it. Otherwise this raises
    ReferenceFailed, and earlier results and pages stay as they are.

    `shown_as` says how students are called on a leaderboard (`leaderboard.read_choice`); None
    leaves it as it was.

    Students of earlier runs who are not among `handed_in` are withdrawn until they are again. It
    names everybody in the class; where it is left out, those are the submissions.
    """
    submissions = [executor.loaded.assignment.admit(s) for s in submissions]
    show, tally = progress or Silent(), _Tally()
    with Ledger(out / "grades.db") as ledger:
        _require_same_assignment(ledger, executor.loaded.slug)
        run = ledger.start_run(argv or sys.argv)
        if shown_as is not None:
            ledger.set_setting(leaderboard.SHOWN, shown_as)
        cohort = Cohort(executor, ledger)
        plan = cohort.plan(submissions, fresh=fresh)
        if plan.waiting(submissions) or not cohort.reference_holds():
            show.begin(0, "starting the sandbox")
            plan = cohort.start(submissions, plan, fresh=fresh)
            show.begin(0, "grading the reference")
            cohort.require_reference(fresh=fresh)
        everybody = [s.student for s in submissions] if handed_in is None else handed_in
        withdrawn = ledger.withdraw_others(everybody)
        try:
            _judge_known(cohort, submissions, plan, tally)
            _measure_rest(cohort, plan.waiting(submissions), plan, tally, show)
        except Exception:  # an interrupt leaves no time for pages: what was graded is kept
            render(ledger, out, templates)
            raise
        render(ledger, out, templates)
        ledger.finish_run(run, tally.counts())
        ordered = [tally.graded[s.student] for s in submissions]
        level = -1 if plan.level is None else plan.level
        return RunSummary(graded=ordered, level=level, withdrawn=withdrawn, **tally.counts())


def _require_same_assignment(ledger: Ledger, slug: str) -> None:
    """Raises UsageError where the folder holds the grades of another assignment."""
    other = next((g.assignment for g in ledger.results() if g.assignment != slug), None)
    if other is not None:
        raise UsageError(
            f"{ledger.path.parent} holds the grades of {other}, not of {slug}. Choose another"
            " folder with -o."
        )


def _judge_known(
    cohort: Cohort, submissions: Iterable[Submission], plan: Plan, tally: _Tally
) -> None:
    before = {g.student: _decisions(g) for g in cohort.ledger.results(plan.known)}
    for submission in submissions:
        if submission.student in plan.known:
            graded = cohort.judge(submission, plan.known[submission.student])
            cohort.ledger.add_result(graded, plan.keys[submission.student], cohort.loaded.rules)
            decided = _decisions(graded)
            tally.regraded += before.get(graded.student, decided) != decided
            tally.reused += 1
            tally.graded[submission.student] = graded


def _decisions(graded: Graded) -> list[tuple[str, str, float]]:
    """What was decided about each check, whatever was said about it."""
    return [(c.name, c.outcome, c.earned) for c in graded.checks]


def _measure_rest(
    cohort: Cohort, waiting: Sequence[Submission], plan: Plan, tally: _Tally, progress: Progress
) -> None:
    if not waiting:
        return
    progress.begin(len(waiting), "submissions")
    executor, rules = cohort.executor, cohort.loaded.rules
    seconds = cohort.loaded.assignment.limits.cpu_seconds
    for submission, record in Schedule(executor, jobs=executor.jobs, cpu_seconds=seconds).run(
        waiting
    ):
        graded, key = cohort.judge(submission, record), plan.keys[submission.student]
        if record.execution.status == "broken":
            cohort.ledger.add_result(graded, key, rules)
        else:
            cohort.ledger.commit(key, record, graded, rules)
        tally.executed += 1
        tally.graded[submission.student] = graded
        progress.step(submission.student)


def render(ledger: Ledger, out: Path, templates: Path | None) -> int:
    """Every page, record and table of `out` from the newest results in the ledger; runs nothing."""
    graded = ledger.results()
    if graded:
        stems = file_names.file_names(g.student for g in graded)
        every = {g.student: ledger.newest_notebook(g.student) for g in graded}
        notebooks = {student: n for student, n in every.items() if n is not None}
        pages.render(graded, out, templates=templates, stems=stems, notebooks=notebooks)
        write_export("csv", graded, out)
        if leaderboard.is_ranked(graded):
            aliases = leaderboard.find_aliases(ledger.setting(leaderboard.SHOWN), graded)
            write_export("leaderboard", graded, out, aliases)
    return len(graded)


def seed_of(ledger_path: Path, given: int | None) -> int:
    """The class's seed: `given`, else the one kept in the folder, else a new one, which is then
    kept.
    """
    with Ledger(ledger_path) as ledger:
        kept = ledger.setting("seed")
        seed = given if given is not None else int(kept) if kept else secrets.randbits(31)
        if kept != str(seed):
            ledger.set_setting("seed", str(seed))
        return seed


def secret_of(ledger_path: Path) -> str:
    """The class's secret, from which the pictures that judge are ordered and altered: the one kept
    in the folder, else a new one, which is then kept.
    """
    with Ledger(ledger_path) as ledger:
        kept = ledger.setting("secret")
        if kept is None:
            kept = secrets.token_hex(16)
            ledger.set_setting("secret", kept)
        return kept
