"""What a network answers beside the reference's: scores, probabilities or plain numbers. Pure.

Scores are compared as log-probabilities, all other numbers as they are. Where an answer is made of
several tensors, in tuples or dictionaries, each is compared with the one that stands at its place.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.compare.differences import find_mismatch
from grader.compare.divergence import Divergence
from grader.compare.precision import choose_tolerance, match_precision, note_precision
from grader.diagnosis.network import diagnose_answers, diagnose_end
from grader.diagnosis.numerics import normalise
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array, Output, Outputs, list_arrays
from grader.records.messages import Message
from grader.records.result import Verdict

WAY = 60
"""Characters of the way to a tensor that are shown: a student's keys may be long."""
Answer = Mapping[str, Array]
"""The tensors of an answer by the way to them."""


def close_outputs(
    student: Outputs, reference: Outputs, rtol: float, where: Divergence | None
) -> Verdict:
    """The answers agree for one pairing of weights. `where` says where values part."""
    note, tolerance = note_precision(student, reference), choose_tolerance(student, rtol)
    ours = list_arrays(match_precision(student, reference).answers[0])
    output = reference.output
    answers = [_lay_out(list_arrays(a), ours, output) for a in student.answers]
    if other := _describe_form(answers[0], ours, output, student.place):
        return Verdict.say(other)
    if any(not _find_wrong(a, ours, output, tolerance) for a in answers):
        count = len(next(iter(ours.values())))
        return Verdict.say(Message("answers-equal", {"n": count, "note": note}), fraction=1.0)
    return _judge_wrong(answers[0], ours, output, tolerance, where)


def _is_of_scores(output: Output) -> bool:
    return output in ("logits", "scores")


def _lay_out(answer: Answer, ours: Answer, output: Output) -> Answer:
    """The answer; scores in our shape where only ones differ, as (N, C, 1, 1) for (N, C)."""
    first = next(iter(ours))
    if not (_is_of_scores(output) and first in answer):
        return answer
    own, wanted = answer[first], ours[first].shape
    same = _strip_ones(own.shape) == _strip_ones(wanted)
    return {**answer, first: own.reshape(wanted)} if same else answer


def _strip_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:1], *(n for n in shape[1:] if n != 1))


def _describe_form(answer: Answer, ours: Answer, output: Output, place: str) -> Message | None:
    """What is wrong with the shapes, or with how many tensors there are; None for nothing."""
    if answer.keys() != ours.keys():
        facts = {"seen": _describe_tensors(answer), "expected": _describe_tensors(ours)}
        return Message("answers-tensors", {**facts, "place": place})
    for way, expected in ours.items():
        own = answer[way].shape
        if own != expected.shape:
            facts = {"seen": str(own), "expected": str(expected.shape), "way": _format_way(way)}
            kind = "several" if len(ours) > 1 else "classes" if _is_of_scores(output) else "shape"
            return Message(f"answers-{kind}", facts)
    return None


def _describe_tensors(answer: Answer) -> str:
    """`one tensor of shape (3, 4)`, or how many there are, and where."""
    if list(answer) == [""]:
        return f"one tensor of shape {answer[''].shape}"
    shown = list(answer.items())[:4]
    listed = ", ".join(f"`{way[:WAY]}` of shape {a.shape}" for way, a in shown)
    return f"{len(answer)} tensors: {listed}{' …' if len(answer) > 4 else ''}"


def _format_way(way: str) -> str:
    return f" at `{way}`" if way else ""


# ---------------------------------------------------------------------- numbers


def _compare(own: Array, ours: Array, output: Output, *, first: bool) -> tuple[Array, Array]:
    """Both as they are compared."""
    if first and _is_of_scores(output):
        return normalise(own), normalise(ours)
    return own, ours


def _find_wrong(answer: Answer, ours: Answer, output: Output, tolerance: Tolerance) -> list[str]:
    """The ways to the tensors that differ."""
    pairs = [
        (way, *_compare(answer[way], expected, output, first=i == 0))
        for i, (way, expected) in enumerate(ours.items())
    ]
    return [way for way, own, expected in pairs if not tolerance.allows(own, expected)]


def _judge_wrong(
    answer: Answer, ours: Answer, output: Output, tolerance: Tolerance, where: Divergence | None
) -> Verdict:
    """`answer` is that of the first pairing of weights."""
    wrong = _find_wrong(answer, ours, output, tolerance)
    way, total = wrong[0], len(ours)
    scores = _is_of_scores(output) and way == next(iter(ours))
    own, expected = _compare(answer[way], ours[way], output, first=scores)
    if scores:
        reason = diagnose_answers(answer[way], expected, tolerance)
    else:
        reason = diagnose_end(own, expected, tolerance)
    several = Message("answers-several-differ", {"wrong": len(wrong), "total": total})
    of = [several] if len(wrong) > 1 else []
    if reason and reason.sentence:
        at = [Message("answers-at", {"way": way})] if total > 1 else []
        return Verdict.say(*at, reason.message, *of, hint=reason.hint, cause=reason.message)
    worst = find_mismatch(own, expected, tolerance)
    assert worst is not None
    shown = "outputs, after log-softmax" if scores else f"outputs{_format_way(way)}"
    places = [where.message] if where else []
    other = Message("answers-differ", {"way": _format_way(way)})
    hints = [m.hint() for m in (*places, other) if m.hint()]
    return Verdict.say(
        *(other, *of, *places, worst.message()),
        hint=reason.hint if reason else hints[0],
        evidence={"mismatch": worst.to_json(shown)},
        at=where.at if where else None,
        cause=reason.message if reason else where.fault if where else None,
    )
