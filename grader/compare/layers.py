"""The layers of two networks: their shapes, and from which layer on values differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.compare import alignment
from grader.compare.alignment import Row
from grader.compare.precision import choose_tolerance, match_precision
from grader.compare.recurrence import fold, keep_comparable
from grader.diagnosis.network import diagnose_layers
from grader.records.json_values import Json
from grader.records.measurements import Layers
from grader.records.result import Verdict

RTOL = 1e-6
"""Of the sketches of values."""
NEXT = "Compare your forward step by step with the brief."
"""What to do where nothing more is known."""


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
        rows = [replace(r, note="") for r in rows]
    faults = [r for r in rows if r.note]
    evidence: dict[str, Json] = {"layers": [r.to_json() for r in rows]}
    if not faults and not student.error:
        return Verdict(
            fraction=1.0,
            feedback=f"All {len(rows)} layers have the expected shape.",
            evidence=evidence,
            trust="evidence" if answers_the_same else "claim",
        )
    share = max(0.0, 1.0 - len(faults) / max(1, len(reference.rows)))
    return Verdict(
        fraction=min(share, 0.5) if student.error else share,
        feedback=f"{_describe_crash(student)} {_describe_faults(student, rows)}".strip(),
        hint="Print x.shape after each step of forward and compare it with the table in the brief.",
        evidence=evidence,
        trust="claim",
    )


def _describe_crash(student: Layers) -> str:
    """Why `forward` stopped; empty where it did not."""
    if not student.error:
        return ""
    return f"`forward` stopped before it was done. {student.error.sentence().rstrip('.')}."


def _describe_faults(student: Layers, rows: Sequence[Row]) -> str:
    """The first fault, and how many more there are. What would have come after a crash is none."""
    if student.error:
        last = max((i for i, r in enumerate(rows) if r.seen), default=-1)
        faults = [r for r in rows[: last + 1] if r.note]
    else:
        faults = [r for r in rows if r.note]
    if not faults:
        return "The layers before that are right." if any(r.seen for r in rows) else ""
    more = f" {len(faults) - 1} more of {len(rows)} layers differ." if len(faults) > 1 else ""
    return f"{faults[0].note}{more}"


def values(student: Layers, reference: Layers, *, rtol: float = RTOL) -> Verdict:
    """Under equal weights the network answers what the reference's does, judged by a sketch.

    The sketch of its log-probabilities holds eight numbers and the root mean square of all. That
    costs no further run, which counts where a network has a hundred million weights.
    """
    reference, tolerance = match_precision(student, reference), choose_tolerance(student, rtol)
    if student.error:
        return Verdict(fraction=0.0, feedback=_describe_crash(student))
    if student.unset:
        return Verdict(fraction=0.0, feedback=f"{student.unset}.", needs_review=True)
    if not student.rows:
        return Verdict(fraction=0.0, feedback="No layer ran in `forward`.")
    if alignment.have_same_end(student, reference, tolerance):
        return Verdict(fraction=1.0, feedback="From equal weights, equal answers.")
    where = alignment.find_divergence(*keep_comparable(student, reference), tolerance)
    reason = diagnose_layers(student, where)
    return Verdict(
        fraction=0.0,
        feedback=f"From equal weights and equal inputs your network answers otherwise. {where}",
        hint=reason.hint if reason else NEXT,
    )


def first_divergence(student: Layers, reference: Layers) -> str:
    """A sentence that names the first layer whose values differ under equal weights; empty if
    none.
    """
    if student.unset or reference.unset or student.error:
        return ""
    reference = match_precision(student, reference)
    tolerance = choose_tolerance(student, RTOL)
    return alignment.find_divergence(*keep_comparable(student, reference), tolerance)
