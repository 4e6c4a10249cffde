"""Grading: measure what is new, judge everything, keep it, render it."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from grader import data
from grader.assignment.assignment import Measurements
from grader.assignment.course import LoadedAssignment
from grader.assignment.probe import Probe
from grader.export.export import write_export
from grader.grading import judge
from grader.grading.executor import Executor
from grader.inside.wire import Malformed
from grader.ledger.ledger import Ledger
from grader.records import file_names
from grader.records.errors import SandboxError
from grader.records.execution import ExecutedNotebook, ExecutionRecord, Missing, Proof
from grader.records.json_values import Json
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.report import pages
from grader.submissions import definitions

NOT_ASKED = Missing(why="it was not asked", needs_review=True)


class Progress(Protocol):
    """Who is told how far a run has come."""

    def begin(self, total: int, what: str) -> None:
        """`total` steps of `what` follow."""

    def step(self, name: str) -> None:
        """One of them is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of `grade` did."""

    graded: Sequence[Graded]
    executed: int
    """Submissions whose code was run."""
    reused: int
    """Submissions whose earlier measurements were judged."""
    regraded: int
    """Students for whom judging again decided otherwise than before."""
    level: int


def measurements(
    loaded: LoadedAssignment, recorded: ExecutionRecord
) -> tuple[Mapping[str, Any], list[str]]:
    """Checked measurements by probe key, and the sentences about answers that were malformed."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, probe in loaded.probes.items():
        answer = recorded.answers.get(probe.key, NOT_ASKED)  # None would be an answer
        value = _read(probe, answer, recorded.proofs.get(probe.key), name, faults)
        if probe.key in recorded.in_float32 and not isinstance(value, Missing):
            single = _read(probe, recorded.in_float32[probe.key], None, name, faults)
            if not isinstance(single, Missing):
                value = replace(value, single=single)
        values[probe.key] = value
    return values, faults


def _read(
    probe: Probe[Any], answer: object, proof: Proof | None, name: str, faults: list[str]
) -> Any:
    """The measurement, with what was proven about it; Missing where its form is impossible."""
    if isinstance(answer, Missing):
        return answer
    try:
        value = probe.read(answer)
        return value.with_proof(proof) if probe.recompute and proof is not None else value
    except Malformed as error:
        faults.append(f"the answer to `{name}` has an impossible form: {error}")
        return Missing(why=f"the answer had an impossible form ({error})")


class Cohort:
    """A class that is graded into one output folder."""

    def __init__(self, executor: Executor, ledger: Ledger) -> None:
        self.executor, self.loaded, self.ledger = executor, executor.loaded, ledger
        self._references: dict[str, Measurements] = {}
        kept = int(ledger.setting("level") or -1)
        self.level = kept if executor.trusts(kept) else -1

    def known(self, submission: Submission) -> ExecutionRecord | None:
        """Earlier measurements of exactly this, if there are any."""
        return self.ledger.execution(self.executor.key(submission, self.level))

    def start_sandbox(self) -> None:
        """The level in force, which takes the warm process to know."""
        self.level = self.executor.server.level
        self.ledger.set_setting("level", str(self.level))

    def reference(self, beside: Submission) -> Measurements:
        """The reference's measurements under the numbers of `beside`, made once for an output
        folder. SandboxError where it dies.
        """
        submission = replace(self.loaded.reference, numbers=beside.numbers)
        key = self.executor.key(submission, self.level)
        if key not in self._references:
            recorded = self.ledger.execution(key, kind="reference")
            if recorded is None:
                recorded = self.executor.measure_reference(submission)
                if recorded.execution.status == "ok":
                    self.ledger.record(key, recorded)
            values, _ = measurements(self.loaded, recorded)
            self._references[key] = Measurements(values, reference=True)
        return self._references[key]

    def judge(self, submission: Submission, recorded: ExecutionRecord) -> Graded:
        """Results and score of one submission from its measurements."""
        values, faults = measurements(self.loaded, recorded)
        told = [*faults, *judge.contradictions(self.loaded.probes, values)]
        execution = recorded.execution
        if told:
            reason = f"{told[0][:1].upper()}{told[0][1:]}. A person will look at it."
            execution = replace(execution, status="tampered", reason=reason)
        with data.located(self.executor.source):
            results = judge.judge(
                self.loaded.assignment.checks,
                Measurements(values),
                self.reference(submission),
                definitions.find_definitions(
                    submission.entry, submission.files.get(submission.entry or "", b"")
                ),
            )
        return Graded(
            student=submission.student,
            assignment=self.loaded.slug,
            title=self.loaded.assignment.title,
            score=judge.score(results),
            max_score=self.loaded.assignment.max_score,
            execution=execution,
            checks=results,
            provenance=self._provenance(submission),
            digest=submission.digest,
            files=tuple(sorted(submission.files)),
            received=submission.received,
            late=submission.late,
            notes=submission.notes,
        )

    def _provenance(self, submission: Submission) -> dict[str, Json]:
        executor = self.executor
        names = sorted({i.name for i in executor.images})
        shown = sorted({(i.name, i.split) for i in executor.images})
        used = [executor.source.used(name, split) for name, split in shown]
        stand_in = any(executor.source.stands_in(n) for n in names)
        return {
            "grader": executor.versions["grader"],
            "versions": dict(executor.versions),
            "level": self.level,
            "seed": executor.seed,
            "data": {"name": ", ".join(names), "stand_in": stand_in, "used": "; ".join(used)},
            "digests": {
                "submission": submission.digest,
                "reference": self.loaded.reference.digest,
                "checks": self.loaded.rules,
                "measuring": executor.measuring,
            },
            **({"numbers": dict(submission.numbers)} if submission.numbers else {}),
        }


def grade(
    executor: Executor,
    submissions: Sequence[Submission],
    out: Path,
    *,
    fresh: bool = False,
    templates: Path | None = None,
    progress: Progress | None = None,
    argv: Sequence[str] = (),
) -> Outcome:
    """Grade a class into `out`: ledger, report per student, index, grades.csv.

    A submission that was measured before is not run again unless `fresh`; every result is judged
    anew.
    Interrupted at any moment, everything but the submissions in flight is kept.
    """
    submissions = [executor.loaded.assignment.given(s) for s in submissions]
    with Ledger(out / "grades.db") as ledger:
        run = ledger.start_run(argv or sys.argv)
        group = Cohort(executor, ledger)
        known = (
            {}
            if fresh
            else {s.student: r for s in submissions if (r := group.known(s)) is not None}
        )
        if len(known) < len(submissions):
            if progress is not None:
                progress.begin(0, "starting the sandbox")
            group.start_sandbox()
            known = (
                {}
                if fresh
                else {s.student: r for s in submissions if (r := group.known(s)) is not None}
            )
        todo = [s for s in submissions if s.student not in known]
        graded: dict[str, Graded] = {}
        counts = {"executed": 0, "reused": 0, "regraded": 0}
        try:
            _judge_known(group, submissions, known, graded, counts)
            _measure_rest(group, todo, graded, counts, progress)
        finally:
            render(ledger, out, templates)
            if len(graded) == len(submissions):
                ledger.finish_run(run, counts)
    ordered = [graded[s.student] for s in submissions]
    return Outcome(graded=ordered, level=group.level, **counts)


def _judge_known(
    group: Cohort,
    submissions: Sequence[Submission],
    known: Mapping[str, ExecutionRecord],
    graded: dict[str, Graded],
    counts: dict[str, int],
) -> None:
    before = {g.student: _decided(g) for g in group.ledger.results(known)}
    for submission in submissions:
        if submission.student in known:
            one = group.judge(submission, known[submission.student])
            key = group.executor.key(submission, group.level)
            group.ledger.add_result(one, key, group.loaded.rules)
            counts["regraded"] += before.get(one.student, _decided(one)) != _decided(one)
            counts["reused"] += 1
            graded[submission.student] = one


def _decided(graded: Graded) -> list[tuple[str, str, float]]:
    """What was decided about each check, whatever was said about it."""
    return [(c.name, c.outcome, c.earned) for c in graded.checks]


def _measure_rest(
    group: Cohort,
    todo: Sequence[Submission],
    graded: dict[str, Graded],
    counts: dict[str, int],
    progress: Progress | None,
) -> None:
    if not todo:
        return
    if progress is not None:
        progress.begin(len(todo), "submissions")
    group.reference(todo[0])
    for submission, recorded in group.executor.measure_all(todo):
        one = group.judge(submission, recorded)
        key = group.executor.key(submission, group.level)
        if recorded.execution.status == "broken":
            group.ledger.add_result(one, key, group.loaded.rules)
        else:
            group.ledger.commit(key, recorded, one, group.loaded.rules)
        counts["executed"] += 1
        graded[submission.student] = one
        if progress is not None:
            progress.step(submission.student)


def render(ledger: Ledger, out: Path, templates: Path | None) -> int:
    """Every page, record and table of `out` from the newest results in the ledger; runs nothing."""
    graded = ledger.results()
    if graded:
        stems = file_names.file_names(g.student for g in graded)
        notebooks = {g.student: e for g in graded if (e := _executed(ledger, g)) is not None}
        pages.render(graded, out, templates=templates, stems=stems, notebooks=notebooks)
        write_export("csv", graded, out)
    return len(graded)


def _executed(ledger: Ledger, graded: Graded) -> ExecutedNotebook | None:
    """The student's notebook as it ran, if it was one."""
    if not any(name.endswith(".ipynb") for name in graded.files):
        return None
    recorded = ledger.behind(graded.student)
    return recorded.notebook if recorded else None


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


__all__ = [
    "Cohort",
    "Outcome",
    "Progress",
    "SandboxError",
    "grade",
    "measurements",
    "render",
    "seed_of",
]
