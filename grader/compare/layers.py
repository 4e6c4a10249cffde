"""The layers of two networks: their shapes, and from which layer on values differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.compare import alignment
from grader.compare.alignment import Row
from grader.compare.divergence import Divergence, find_divergence
from grader.compare.precision import choose_tolerance, match_precision
from grader.compare.recurrence import fold, keep_comparable
from grader.records.execution import StudentError
from grader.records.json_values import Json
from grader.records.measurements import Layers
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import Verdict
from grader.records.stops import name_stop

RTOL = 1e-6
"""Of the sketches of values."""


def shapes(student: Layers, reference: Layers) -> Verdict:
    """Every operator of the reference ran in the student's network with the same output shape.

    One missing or additional layer is one fault; each fault costs its share of the points.
    """
    student, reference = fold(student, match_precision(student, reference))
    rows = alignment.align(student.rows, reference.rows)
    rows = alignment.mark_values(rows, student, reference, choose_tolerance(student, RTOL))
    answers_the_same = not student.error and alignment.are_equal(
        student, reference, choose_tolerance(student, RTOL)
    )
    if answers_the_same:
        rows = [replace(r, fault=None) for r in rows]
    faults = [r for r in rows if r.fault]
    evidence: dict[str, Json] = {"layers": [r.to_json() for r in rows]}
    if not faults and not student.error:
        return Verdict.say(
            Message("layers-right", {"n": len(rows)}),
            fraction=1.0,
            evidence=evidence,
            trust="evidence" if answers_the_same else "claim",
        )
    share = max(0.0, 1.0 - len(faults) / max(1, len(reference.rows)))
    places = (r.seen.at for r in rows if r.fault and r.seen)
    crash = [_describe_crash(student.error)] if student.error else []
    return Verdict.say(
        *crash,
        *_describe_faults(student, rows),
        fraction=min(share, 0.5) if student.error else share,
        hint=Message("layers-table").hint(),
        evidence=evidence,
        trust="claim",
        at=_find_place(student.error) if student.error else next(places, None),
        cause=_name_crash(student.error) if student.error else None,
    )


def _describe_crash(error: StudentError) -> Message:
    """Why `forward` stopped."""
    return Message("layers-crash", {"error": error.sentence().rstrip(".")})


def _name_crash(error: StudentError) -> Message:
    """The fault that stopped `forward`."""
    why = f"{error.sentence().rstrip('.')}."
    return Message(name_stop(why) or "run-raised", {"why": why, "kind": error.kind})


def _find_place(error: StudentError) -> Place | None:
    return Place.of(error.file, error.line)


def _describe_faults(student: Layers, rows: Sequence[Row]) -> list[Message]:
    """The first fault, and how many more there are. What would have come after a crash is none."""
    if student.error:
        last = max((i for i, r in enumerate(rows) if r.seen), default=-1)
        faults = [r.fault for r in rows[: last + 1] if r.fault]
    else:
        faults = [r.fault for r in rows if r.fault]
    if not faults:
        return [Message("layers-right-before")] if any(r.seen for r in rows) else []
    more = Message("layers-more", {"faults": len(faults) - 1, "n": len(rows)})
    return [faults[0], more] if len(faults) > 1 else [faults[0]]


def values(student: Layers, reference: Layers, *, rtol: float = RTOL) -> Verdict:
    """Under equal weights the network answers what the reference's does, judged by a sketch.

    The sketch of its log-probabilities holds eight numbers and the root mean square of all. That
    costs no further run, which counts where a network has a hundred million weights.
    """
    reference, tolerance = match_precision(student, reference), choose_tolerance(student, rtol)
    if student.error:
        return Verdict.say(
            _describe_crash(student.error),
            cause=_name_crash(student.error),
            at=_find_place(student.error),
        )
    if student.unset:
        return Verdict.say(Message("layers-unset", {"why": student.unset}), needs_review=True)
    if not student.rows:
        return Verdict.say(Message("layers-none"))
    if alignment.have_same_end(student, reference, tolerance):
        return Verdict.say(Message("layers-equal"), fraction=1.0)
    where = find_divergence(*keep_comparable(student, reference), tolerance)
    other = Message("layers-otherwise")
    return Verdict.say(
        *((other, where.message) if where else (other,)),
        hint=((where.message.hint() if where else "") or other.hint()),
        at=where.at if where else None,
        cause=where.fault if where else None,
    )


def first_divergence(student: Layers, reference: Layers) -> Divergence | None:
    """The first layer whose values differ under equal weights, for `close(…, where=)`; None if
    there is none.
    """
    if student.unset or reference.unset or student.error:
        return None
    reference = match_precision(student, reference)
    tolerance = choose_tolerance(student, RTOL)
    return find_divergence(*keep_comparable(student, reference), tolerance)
