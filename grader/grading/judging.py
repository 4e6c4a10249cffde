"""Judging a class: what came out of boxes is read and judged beside the reference's.

That is hostile data, and checks are authors' code. So a class is judged in a limited child: what
dies there is open for a person, for that submission alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from grader.assignment.assignment import Measurements
from grader.assignment.loader import LoadedAssignment
from grader.data import Source
from grader.grading import judge
from grader.inside.wire import Malformed
from grader.records.causes import withdraw_advice
from grader.records.execution import ExecutionRecord, Missing, Proof
from grader.records.json_values import Json, to_json
from grader.records.measurements import Logits, Text
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import CheckResult
from grader.sandbox.limited_child import ChildDied, LimitedChild, can_fork

NOT_ASKED = Missing(why="it was not asked", needs_review=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was decided about one submission."""

    results: tuple[CheckResult, ...]
    faults: tuple[str, ...]
    """Sentences about answers that no measuring code of ours gives."""
    doubts: tuple[str, ...] = ()
    """Sentences about claims that contradict what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What the child is given."""

    record: ExecutionRecord
    places: Mapping[str, Place]
    written: Mapping[str, Text | Missing]
    reference: Measurements | None
    """None for that of the task before."""


class Judging:
    """Judges submissions of one assignment, until it is closed. In this process where it is not
    asked for apart, or where nothing can be forked.
    """

    def __init__(self, loaded: LoadedAssignment, source: Source, *, apart: bool = False) -> None:
        self._loaded, self._source = loaded, source
        self._child = LimitedChild(self._work) if apart and can_fork() else None
        self._reference: Measurements | None = None
        """In the child: that of the last task."""
        self._sent: tuple[int, Measurements] | None = None
        """In this process: which child knows which reference."""

    def close(self) -> None:
        """The child is gone."""
        if self._child is not None:
            self._child.close()

    def decide(
        self,
        record: ExecutionRecord,
        reference: Measurements,
        places: Mapping[str, Place],
        written: Mapping[str, Text | Missing],
    ) -> Judgement:
        """What these measurements earn beside the reference's; `places` says where in the
        student's file a name is defined, `written` by probe key what was answered in words.
        """
        if self._child is None:
            return self._decide_here(record, reference, places, written)
        child, bare = self._child, replace(record, notebook=None)

        def pose() -> _Task:
            known = self._sent is not None and self._sent == (child.started, reference)
            self._sent = child.started, reference
            beside = None if known else reference
            return _Task(record=bare, places=places, written=written, reference=beside)

        try:
            answer = child.do(pose)
        except ChildDied as error:
            self._sent = None
            return self._give_up(str(error))
        results = tuple(map(CheckResult.from_json, answer["results"]))
        faults, doubts = tuple(answer["faults"]), tuple(answer["doubts"])
        return Judgement(results=results, faults=faults, doubts=doubts)

    def _work(self, task: _Task) -> Json:
        """In the child: what `decide` makes of a task."""
        if task.reference is not None:
            self._reference = task.reference
        assert self._reference is not None
        return to_json(self._decide_here(task.record, self._reference, task.places, task.written))

    def _decide_here(
        self,
        record: ExecutionRecord,
        reference: Measurements,
        places: Mapping[str, Place],
        written: Mapping[str, Text | Missing],
    ) -> Judgement:
        values, faults = read_measurements(self._loaded, record)
        values |= written
        doubts = judge.contradictions(self._loaded.probes, values)
        self._loaded.set_source(self._source)
        subjects = {p.key: p.subject for p in self._loaded.probes.values()}
        student = Measurements(values).within(reference, subjects)
        results = judge.judge(self._loaded.assignment.checks, student, reference, places)
        advised = withdraw_advice(results)
        return Judgement(results=advised, faults=tuple(faults), doubts=doubts)

    def _give_up(self, why: str) -> Judgement:
        """Nothing could be decided, which is for a person to see."""
        said = Message("checks-comparison-died", {"why": why})
        checks = self._loaded.assignment.checks
        return Judgement(results=tuple(judge.give_up(c, said) for c in checks), faults=())


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
