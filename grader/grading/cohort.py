"""A class that is graded into one output folder: what is known of it, and how it is judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from grader.assignment.assignment import Measurements
from grader.grading import judge
from grader.grading import reference as references
from grader.grading.executor import Executor
from grader.grading.judging import Judgement, Judging, read_measurements
from grader.grading.provenance import describe_provenance
from grader.grading.written import read_answers
from grader.ledger.ledger import Ledger
from grader.records.errors import ReferenceFailed
from grader.records.execution import ExecutionRecord, Kind
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.submissions import definitions

Turn = tuple[str, int]
"""A student and an attempt."""
_LEVEL = "level"
"""Setting of the ledger: the sandbox level of the executions that it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which submissions have to be run, and which were measured before."""

    level: int | None
    """The sandbox level of these keys; None where nothing is known of it yet."""
    keys: Mapping[Turn, str]
    """The key of each submission, by student and attempt."""
    known: Collection[Turn]
    """Those of which exactly the same was measured before."""

    def waiting(self, submissions: Sequence[Submission]) -> list[Submission]:
        """Those that have to be run."""
        return [s for s in submissions if s.turn not in self.known]


class Cohort:
    """A class with its reference, its ledger, what measures it and what judges it."""

    def __init__(self, executor: Executor, ledger: Ledger, judging: Judging | None = None) -> None:
        """`judging` judges; where it is left out, that is done in this process."""
        self.executor, self.loaded, self.ledger = executor, executor.loaded, ledger
        self._judging = judging or Judging(executor.loaded, executor.source)
        self._references: dict[str, Measurements] = {}
        self.unsteady: frozenset[str] = frozenset()
        """Names of checks by which the reference differs from itself: they are open for all."""
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
        keys = {s.turn: self.executor.key(s, self._level) for s in submissions}
        known = {s.turn for s in submissions if not fresh and self._is_known(s, keys)}
        return Plan(level=self._level, keys=keys, known=known)

    def _is_known(self, submission: Submission, keys: Mapping[Turn, str]) -> bool:
        """Whether it can be judged again without a run."""
        key = keys[submission.turn]
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
            told = {n: getattr(submission, n) for n in ("received", "late", "persons", "place")}
            unclear = submission.unclear or submission.unread
            return replace(before.graded, unclear=unclear, **told)
        return None if before.graded.doubted else self._judge_part(submission, record)

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
        own = self.ledger.execution(key, kind="reference")
        return handed_in is not None and own is not None and not self.find_loss(handed_in, own)

    def require_reference(self, *, fresh: bool) -> None:
        """The reference, run now as if it had been handed in, earns every point on this machine.

        Raises ReferenceFailed otherwise, and then keeps nothing. What it is compared with is what
        was kept; where there is nothing, or where `fresh`, that is measured beside it.
        """
        submission = self.loaded.reference
        key = self.executor.key(submission, self.level)
        kept = None if fresh else self.ledger.execution(key, kind="reference")
        keeps = not fresh and self.reference_holds()
        kinds: tuple[Kind, ...] = ("student",) if kept else ("student", "reference")
        records = references.measure(self.executor, submission, kinds)
        handed_in = records["student"]
        loss = self.find_loss(handed_in, kept or records["reference"])
        if kept and self.unsteady:  # unless another machine made what was kept
            again = references.measure(self.executor, submission, ["reference"])["reference"]
            loss = self.find_loss(handed_in, again)
            if not loss and not self.unsteady:
                loss = references.describe_loss(self._judge_beside(handed_in, kept))
        if loss:
            facts = references.describe_machine(self.executor, self.level, kept=kept is not None)
            raise ReferenceFailed(f"nobody is graded, as the reference itself {loss}. {facts}")
        if not keeps:
            for record in records.values():
                self.ledger.record(key, record)

    def find_loss(self, handed_in: ExecutionRecord, own: ExecutionRecord) -> str:
        """What the reference, measured as these two, does not earn (`describe_loss`).

        Where it would earn every point if the two were the same, nothing; the checks that tell them
        apart are `unsteady` from then on.
        """
        self.unsteady = frozenset()
        both = (handed_in, own)
        graded = self._judge_beside(handed_in, own)
        loss = references.describe_loss(graded)
        if loss and all(r.execution.status == "ok" for r in both):
            if not all(references.describe_loss(self._judge_beside(r, r)) for r in both):
                lost = {c.name for c in graded.checks if c.lost and c.outcome != "skipped"}
                loss, self.unsteady = "", frozenset(lost)
            self._compare_with(own)
        return loss

    def _judge_beside(self, handed_in: ExecutionRecord, own: ExecutionRecord) -> Graded:
        """The reference as if it had been handed in, compared with its other measurement."""
        self._compare_with(own)
        return self.judge(self.loaded.reference, handed_in)

    def _compare_with(self, own: ExecutionRecord) -> None:
        """From here on this is what submissions without numbers of their own are compared with."""
        key = self.executor.key(self.loaded.reference, self.level)
        self._references[key] = self._read_reference(own)

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
        content = submission.files.get(submission.entry or "", b"")
        places = definitions.find_definitions(submission.entry, content)
        judgement, notes = self._judge_by_best(submission, record, places)
        results, execution = judgement.results, record.execution
        if faults := judgement.faults:
            said = f"{faults[0][:1].upper()}{faults[0][1:]}"
            reason = Message("run-impossible-answer", {"fault": said}).text()
            execution = replace(execution, status="tampered", reason=reason)
        if self.unsteady:
            checks = self.loaded.assignment.checks
            results = judge.open_unsteady(checks, results, self.unsteady)
        if submission.unread:
            results = tuple(judge.leave_open(r, submission.unread) for r in results)
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
            persons=submission.persons,
            place=submission.place,
            notes=(*submission.notes, *notes, *judgement.doubts),
            unclear=submission.unclear or submission.unread,
            doubtful=bool(judgement.doubts),
        )

    def _judge_by_best(
        self, submission: Submission, record: ExecutionRecord, places: Mapping[str, Place]
    ) -> tuple[Judgement, tuple[str, ...]]:
        """What is decided beside the reference, or beside the form that gives more points, and a
        note that says so.
        """
        written = read_answers(self.loaded, submission)
        decide = partial(self._judging.decide, record, places=places, written=written)
        best, note = decide(self.reference(submission)), ""
        for form in self.loaded.forms:
            if not any(c.lost for c in best.results):
                break
            other = decide(self.reference(submission, form))
            if judge.score(other.results) > judge.score(best.results):
                facts = {"form": form.student.removeprefix("forms/")}
                best, note = other, Message("checks-form", facts).text()
        return best, (note,) if note else ()
