"""A class that is graded into one output folder: what is known of it, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from grader.assignment.assignment import Measurements
from grader.assignment.loader import LoadedAssignment
from grader.grading import judge
from grader.grading import reference as references
from grader.grading.executor import Executor
from grader.grading.provenance import describe_provenance
from grader.inside.wire import Malformed
from grader.ledger.ledger import Ledger
from grader.records.errors import ReferenceFailed
from grader.records.execution import ExecutionRecord, Kind, Missing, Proof
from grader.records.measurements import Logits
from grader.records.result import CheckResult, Graded
from grader.records.submission import Submission
from grader.submissions import definitions

NOT_ASKED = Missing(why="it was not asked", needs_review=True)
_FORM = "Compared with the accepted form `{}`, which fits this work best."
_LEVEL = "level"
"""Setting of the ledger: the sandbox level of the executions that it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which submissions have to be run, and which were measured before."""

    level: int | None
    """The sandbox level of these keys; None where nothing is known of it yet."""
    keys: Mapping[str, str]
    """The key of each submission, by student."""
    known: Collection[str]
    """Students of whom exactly the same was measured before."""

    def waiting(self, submissions: Sequence[Submission]) -> list[Submission]:
        """Those that have to be run."""
        return [s for s in submissions if s.student not in self.known]


class Cohort:
    """A class with its reference, its ledger and what measures it."""

    def __init__(self, executor: Executor, ledger: Ledger) -> None:
        self.executor, self.loaded, self.ledger = executor, executor.loaded, ledger
        self._references: dict[str, Measurements] = {}
        kept = int(ledger.setting(_LEVEL) or -1)
        self._level = kept if kept >= 0 and executor.choice.accepts(kept) else None

    @property
    def level(self) -> int:
        """The sandbox level in force: that of the measurements that are kept, or of the backend,
        which is started for it.
        """
        if self._level is None:
            self._level = self.executor.backend.level
            self.ledger.set_setting(_LEVEL, str(self._level))
        return self._level

    def plan(self, submissions: Sequence[Submission], *, fresh: bool = False) -> Plan:
        """What is known at the level of the kept measurements; runs nothing."""
        if self._level is None:
            return Plan(level=None, keys={}, known=())
        keys = {s.student: self.executor.key(s, self._level) for s in submissions}
        known = {s.student for s in submissions if not fresh and self._is_known(s, keys)}
        return Plan(level=self._level, keys=keys, known=known)

    def _is_known(self, submission: Submission, keys: Mapping[str, str]) -> bool:
        """Whether it can be judged again without a run."""
        key = keys[submission.student]
        whole = self.ledger.holds(key)
        if submission.entry is None or whole:
            return True
        return whole is not None and self.judge_again(submission, key) is not None

    def judge_again(self, submission: Submission, key: str) -> Graded | None:
        """Results and score of one from what is kept of it; None where that does not suffice.

        Without an entry nothing is run: why is told of each alone, though the keys of all who
        handed in nothing are the same.
        """
        if submission.entry is None:
            return self.judge(submission, self.executor.measure(submission))
        record = self.ledger.execution(key)
        if record is None or record.whole:
            return None if record is None else self.judge(submission, record)
        before = self.ledger.newest_result(submission.student)
        if before is None or before.execution_key != key:
            return None
        if before.checks_key == self.loaded.rules:
            told = {n: getattr(submission, n) for n in ("received", "late", "unclear")}
            return replace(before.graded, **told)
        return None if before.graded.needs_review else self._judge_part(submission, record)

    def _judge_part(self, submission: Submission, record: ExecutionRecord) -> Graded | None:
        """What follows from a part of the measurements; None where a check asks for more, or where
        the reference would have to be run for it.
        """
        beside = replace(self.loaded.reference, numbers=submission.numbers)
        measured = self.ledger.holds(self.executor.key(beside, self.level), kind="reference")
        if self.loaded.forms or not measured:
            return None
        graded = self.judge(submission, record)
        return None if any(c.outcome == "broken" for c in graded.checks) else graded

    def start(self, submissions: Sequence[Submission], plan: Plan, *, fresh: bool = False) -> Plan:
        """The backend runs; the plan at its level, which may be another than the kept one."""
        before, self._level = self._level, None
        return plan if self.level == before else self.plan(submissions, fresh=fresh)

    # ------------------------------------------------------------------ the reference

    def reference_holds(self) -> bool:
        """Whether the reference earns every point by what is kept of it; runs nothing."""
        if self._level is None:
            return False
        submission = self.loaded.reference
        key = self.executor.key(submission, self._level)
        handed_in = self.ledger.execution(key)
        if handed_in is None or self.ledger.execution(key, kind="reference") is None:
            return False
        return not references.describe_loss(self.judge(submission, handed_in))

    def require_reference(self, *, fresh: bool) -> None:
        """The reference, run now as if it had been handed in, earns every point on this machine.

        Raises ReferenceFailed otherwise, and then keeps nothing. What it is compared with is what
        was kept; where there is nothing, or where `fresh`, that is measured beside it.
        """
        submission = self.loaded.reference
        key = self.executor.key(submission, self.level)
        kept = None if fresh else self.ledger.execution(key, kind="reference")
        kinds: tuple[Kind, ...] = ("student",) if kept else ("student", "reference")
        records = references.measure(self.executor, submission, kinds)
        own, handed_in = kept or records["reference"], records["student"]
        self._references[key] = self._read_reference(own)
        if loss := references.describe_loss(self.judge(submission, handed_in)):
            facts = references.describe_machine(self.executor, self.level, kept=kept is not None)
            raise ReferenceFailed(f"nobody is graded, as the reference itself {loss}. {facts}")
        if fresh or not self.reference_holds():
            for record in records.values():
                self.ledger.record(key, record)

    def reference(self, beside: Submission, form: Submission | None = None) -> Measurements:
        """The measurements of the reference, or of another form, under the numbers of `beside`,
        made once for an output folder. Where it dies they are missing.
        """
        submission = replace(form or self.loaded.reference, numbers=beside.numbers)
        key = self.executor.key(submission, self.level)
        if key not in self._references:
            record = (self.loaded.measured if form is None else None) or self.ledger.execution(
                key, kind="reference"
            )
            if record is None:
                record = references.measure(self.executor, submission, ["reference"])["reference"]
                if record.execution.status == "ok":
                    self.ledger.record(key, record)
            self._references[key] = self._read_reference(record)
        return self._references[key]

    def _read_reference(self, record: ExecutionRecord) -> Measurements:
        values, _ = read_measurements(self.loaded, record)
        return Measurements(values, reference=True)

    # ------------------------------------------------------------------ judging

    def judge(self, submission: Submission, record: ExecutionRecord) -> Graded:
        """Results and score of one submission from its measurements."""
        values, faults = read_measurements(self.loaded, record)
        faults += judge.contradictions(self.loaded.probes, values)
        execution = record.execution
        if faults:
            reason = f"{faults[0][:1].upper()}{faults[0][1:]}. A person will look at it."
            execution = replace(execution, status="tampered", reason=reason)
        content = submission.files.get(submission.entry or "", b"")
        self.loaded.set_source(self.executor.source)
        places = definitions.find_definitions(submission.entry, content)
        results, notes = self._judge_by_best(submission, Measurements(values), places)
        return Graded(
            student=submission.student,
            assignment=self.loaded.slug,
            title=self.loaded.assignment.title,
            score=judge.score(results),
            max_score=self.loaded.assignment.max_score,
            execution=execution,
            checks=results,
            provenance=describe_provenance(self.executor, submission, self.level),
            digest=submission.digest,
            files=tuple(sorted(submission.files)),
            received=submission.received,
            late=submission.late,
            notes=(*submission.notes, *notes),
            unclear=submission.unclear,
        )

    def _judge_by_best(
        self, submission: Submission, student: Measurements, places: Mapping[str, str]
    ) -> tuple[tuple[CheckResult, ...], tuple[str, ...]]:
        """The results beside the reference, or beside the form that gives more points, and a note
        that says so.
        """
        checks, note = self.loaded.assignment.checks, ""
        best = judge.judge(checks, student, self.reference(submission), places)
        for form in self.loaded.forms:
            if not any(c.lost for c in best):
                break
            other = judge.judge(checks, student, self.reference(submission, form), places)
            if judge.score(other) > judge.score(best):
                best, note = other, _FORM.format(form.student.removeprefix("forms/"))
        return best, (note,) if note else ()


def read_measurements(
    loaded: LoadedAssignment, record: ExecutionRecord
) -> tuple[dict[str, Any], list[str]]:
    """Checked measurements by probe key, and the sentences about answers that were malformed."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, probe in loaded.probes.items():
        answer = record.answers.get(probe.key, NOT_ASKED)  # None would be an answer
        reader = partial(probe.read, output=loaded.find_output(probe))
        value = _read(reader, answer, record.proofs.get(probe.key), name, faults)
        if probe.key in record.in_float32 and not isinstance(value, Missing):
            single = _read(reader, record.in_float32[probe.key], None, name, faults)
            if not isinstance(single, Missing):
                value = replace(value, single=single)
        values[probe.key] = value
    return values, faults


def _read(
    reader: Callable[[object], Any],
    answer: object,
    proof: Proof | None,
    name: str,
    faults: list[str],
) -> Any:
    """The measurement, with what was proven about it; Missing where its form is impossible."""
    if isinstance(answer, Missing):
        return answer if proof is None else _read_proof(answer, proof)
    try:
        value = reader(answer)
        return value if proof is None else value.with_proof(proof)
    except Malformed as error:
        faults.append(f"the answer to `{name}` has an impossible form: {error}")
        return Missing(why=f"the answer had an impossible form ({error})")


def _read_proof(answer: Missing, proof: Proof) -> Logits | Missing:
    """What the weights give where the student's network gave no answers, which is `answer`."""
    if proof.logits is not None:
        return Logits.by_proof(proof, answer.why)
    if answer.error is None:
        return answer
    return replace(answer, why=f"{answer.why.rstrip('.')}. By themselves {proof.why_not}")
