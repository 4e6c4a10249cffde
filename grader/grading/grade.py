"""Grading: measure what is new, judge everything, keep it, render it."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from grader.export import leaderboard
from grader.export.export import write_export
from grader.grading.attempts import Attempts
from grader.grading.changes import list_decisions, remember
from grader.grading.cohort import Cohort, Plan
from grader.grading.executor import Executor
from grader.grading.judging import Judging
from grader.grading.progress import Progress, Silent
from grader.grading.receive import SETTING
from grader.grading.schedule import Schedule
from grader.grading.similarity import find_alike, keep_sketches
from grader.ledger.ledger import HIDDEN, Ledger
from grader.records import file_names
from grader.records.errors import GraderError, UsageError
from grader.records.hidden_checks import NEVER, choose_view
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.report import pages

_ASSIGNMENT = "assignment"
"""Setting of the ledger: the one whose grades the folder holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run of `grade` did."""

    graded: Sequence[Graded]
    """As the ledger has them; one is read at a time."""
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
    unsteady: Sequence[str] = ()
    """Names of checks that are open for all, as the reference differs from itself in them."""


@dataclass(slots=True)
class _Tally:
    """What has been done of a run until now."""

    graded: set[str] = field(default_factory=set)
    """Students who have a result of this run."""
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
    roster: str | None = None,
    rules: Mapping[str, str] | None = None,
) -> RunSummary:
    """Grade a class into `out`: ledger, report per student, index, grades.csv.

    A submission that was measured before is not run again unless `fresh`; every result is judged
    anew. Interrupted at any moment, everything but the submissions in flight is kept; pages of it
    are written by the next run, or by `render`.

    Nothing is decided about anybody before the reference has earned every point: run on this
    machine where a submission has to be run, else by what is kept of it. Otherwise this raises
    ReferenceFailed, and earlier results and pages stay as they are.

    `shown_as` says how students are called on a leaderboard (`leaderboard.read_choice`); None
    leaves it as it was. So does `roster`, which says who is in the course (`receive`).

    Several submissions of one student are attempts: each is measured, and the best counts.

    `rules` are settings of the ledger by which results are seen: `due`, the text of due.toml, and
    `scale`, a curve. What is left out stays as it was.

    Students of earlier runs who are not among `handed_in` are withdrawn until they are again. It
    names everybody in the class; where it is left out, those are the submissions.
    """
    submissions = [executor.loaded.assignment.admit(s) for s in submissions]
    show, tally = progress or Silent(), _Tally()
    loaded = executor.loaded
    with (
        Ledger(out / "grades.db") as ledger,
        closing(Judging(loaded, executor.source, apart=True)) as judging,
    ):
        _claim(ledger, loaded.slug)
        run = ledger.start_run(argv or sys.argv)
        if shown_as is not None:
            ledger.set_setting(leaderboard.SHOWN, shown_as)
        if roster is not None:
            ledger.set_setting(SETTING, roster)
        keep_rules(ledger, {HIDDEN: loaded.assignment.hidden_shown, **(rules or {})})
        cohort = Cohort(executor, ledger, judging)
        plan = cohort.plan(submissions, fresh=fresh)
        if plan.waiting(submissions) or not cohort.reference_holds():
            show.begin(0, "starting the sandbox")
            plan = cohort.start(submissions, plan, fresh=fresh)
            show.begin(0, "grading the reference")
            cohort.require_reference(fresh=fresh)
        everybody = [s.student for s in submissions] if handed_in is None else handed_in
        withdrawn = ledger.withdraw_others(everybody)
        attempts = Attempts(submissions, ledger.read_overlay().apply)
        with _rendered_if_it_fails(ledger, out, templates):
            _judge_known(cohort, submissions, plan, tally, attempts)
            _measure_rest(cohort, plan.waiting(submissions), plan, tally, show, attempts)
        keep_sketches(ledger, loaded, submissions)
        ledger.finish_run(run, tally.counts())
        render(ledger, out, templates)
        ordered = ledger.results_apart(list(dict.fromkeys(s.student for s in submissions)))
        level = -1 if plan.level is None else plan.level
        return RunSummary(
            graded=ordered,
            level=level,
            withdrawn=withdrawn,
            unsteady=sorted(cohort.unsteady),
            **tally.counts(),
        )


def keep_rules(ledger: Ledger, rules: Mapping[str, str]) -> None:
    """Results are seen by these from now on: due date, curve, and who sees hidden checks."""
    for name, text in rules.items():
        if (ledger.setting(name) or "") != text:
            ledger.set_setting(name, text)


@contextmanager
def _rendered_if_it_fails(ledger: Ledger, out: Path, templates: Path | None) -> Iterator[None]:
    """Where the block raises, what is known until then is shown, if it can be; the error stays the
    one that was raised.
    """
    try:
        yield
    except Exception:  # an interrupt leaves no time for pages: what was graded is kept
        with suppress(GraderError, OSError):
            render(ledger, out, templates)
        raise


def _claim(ledger: Ledger, slug: str) -> None:
    """The folder belongs to this assignment. Raises UsageError where it does to another."""
    kept = ledger.setting(_ASSIGNMENT)
    first = None if kept else next(iter(ledger.results()), None)
    owner = kept or (first.assignment if first else slug)
    if owner != slug:
        raise UsageError(
            f"{ledger.path.parent} holds the grades of {owner}, not of {slug}. Choose another"
            " folder with -o"
        )
    if not kept:
        ledger.set_setting(_ASSIGNMENT, slug)


def _judge_known(
    cohort: Cohort,
    submissions: Iterable[Submission],
    plan: Plan,
    tally: _Tally,
    attempts: Attempts,
) -> None:
    for submission in submissions:
        if submission.turn in plan.known:
            key = plan.keys[submission.turn]
            graded = cohort.judge_again(submission, key)
            assert graded is not None, "the plan has looked"
            tally.reused += submission.entry is not None  # else there is nothing to measure
            tally.graded.add(submission.student)
            if counts := attempts.add(submission, graded, key):
                before = cohort.ledger.newest_result(submission.student)
                result = remember(before.graded if before else None, counts[0])
                cohort.ledger.add_result(result, counts[1], cohort.loaded.rules)
                decided = list_decisions(result)
                tally.regraded += before is not None and list_decisions(before.graded) != decided


def _measure_rest(
    cohort: Cohort,
    waiting: Sequence[Submission],
    plan: Plan,
    tally: _Tally,
    progress: Progress,
    attempts: Attempts,
) -> None:
    if not waiting:
        return
    progress.begin(len(waiting), "submissions")
    executor, ledger, rules = cohort.executor, cohort.ledger, cohort.loaded.rules
    seconds = cohort.loaded.assignment.limits.cpu_seconds
    for submission, record in Schedule(executor, jobs=executor.jobs, cpu_seconds=seconds).run(
        waiting
    ):
        graded, key = cohort.judge(submission, record), plan.keys[submission.turn]
        before = ledger.newest_result(submission.student)
        if before is not None:
            graded = remember(before.graded, graded)
        counts = attempts.add(submission, graded, key)
        broken = record.execution.status == "broken"
        alone = not attempts.are_several(submission.student)
        if not broken:
            ledger.commit(key, record, graded if alone else None, rules)
        if counts and (broken or not alone):
            ledger.add_result(*counts, rules)
        tally.executed += 1
        tally.graded.add(submission.student)
        progress.step(submission.student)


def render(ledger: Ledger, out: Path, templates: Path | None, *, with_hidden: bool = False) -> int:
    """Every page, record and table of `out` from the newest results in the ledger; runs nothing.

    Pages and records of students show hidden checks as the assignment says, or all of them where
    asked for, which are then for the instructor alone.
    """
    ledger.require_in_place()
    graded = ledger.results()
    if graded:
        short = [one.shorten() for one in graded]
        stems = file_names.file_names(one.student for one in short)
        find = ledger.newest_notebook
        pages.render(
            graded,
            out,
            templates=templates,
            stems=stems,
            short=short,
            find_notebook=find,
            alike=find_alike(ledger, short),
            see=choose_view(ledger.setting(HIDDEN) or NEVER, with_hidden=with_hidden),
        )
        write_export("csv", short, out)
        if leaderboard.is_ranked(short):
            aliases = leaderboard.find_aliases(ledger.setting(leaderboard.SHOWN), short)
            write_export("leaderboard", short, out, aliases)
    return len(graded)


def prepare(ledger_path: Path, slug: str, seed: int | None) -> tuple[int, str]:
    """The class's seed and its secret, from which the pictures that judge are ordered and altered:
    those kept in the folder, else new ones, which are then kept. A seed that is given stands.

    Raises UsageError where the folder holds the grades of another assignment.
    """
    with Ledger(ledger_path) as ledger:
        _claim(ledger, slug)
        kept = ledger.setting("seed")
        chosen = seed if seed is not None else int(kept) if kept else secrets.randbits(31)
        if kept != str(chosen):
            ledger.set_setting("seed", str(chosen))
        secret = ledger.setting("secret") or secrets.token_hex(16)
        if secret != ledger.setting("secret"):
            ledger.set_setting("secret", secret)
        return chosen, secret
