"""Arrays that a student computed by hand, compared one by one, with what was done instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from grader import diagnosis
from grader.compare.differences import Mismatch, mismatch
from grader.records.measurements import Array
from grader.records.messages import Message
from grader.records.result import Verdict

MOST = 0.99
"""Greatest share of the points for arrays of which one is wrong."""


def explained(
    student: Sequence[Array],
    reference: Sequence[Array],
    names: Sequence[str],
    *,
    what: str = "gradient",
    run: diagnosis.Pass | None = None,
    context: diagnosis.Context | Sequence[diagnosis.Context] | None = None,
    rtol: float = 1e-6,
    partial: bool = False,
) -> Verdict:
    """All arrays agree up to `rtol`; where not, the mistake that explains every number, if any.

    `names` are those of the brief. `run` is the reference's pass whose gradients these are, and
    `context` what else is known of it (see `grader.diagnosis`). With `partial` each right array
    earns its share, and a wrong one what the diagnosed mistake is worth.
    """
    if len(student) != len(reference):
        facts = {"seen": len(student), "expected": len(reference), "what": what}
        return Verdict.say(Message("arrays-count", facts))
    faults = _find_faults(zip(names, student, reference, strict=True), rtol)
    if not faults:
        return Verdict.say(Message("arrays-right", {"n": len(names)}), fraction=1.0)
    diagnoses = diagnosis.explain(
        student, reference, names, what=what, run=run, context=context, rtol=rtol
    )
    worth = {n: d.fraction for d in diagnoses for n in d.names}
    subject = f"Your {what} of " if what else "Your "
    unknown = [
        Message(m.code, {**m.facts, "it": f"{subject}`{n}`"})
        for n, (m, _) in faults.items()
        if n not in worth
    ]
    shares = [worth.get(n, 0.0) if n in faults else 1.0 for n in names]
    numbers = next((worst.to_json(n) for n, (_, worst) in faults.items() if worst), None)
    first = diagnoses[0].message if diagnoses else unknown[0]
    return Verdict(
        fraction=min(float(np.mean(shares)), MOST) if partial else 0.0,
        feedback=" ".join([*(d.sentence for d in diagnoses), *(m.text() for m in unknown)]),
        hint=diagnoses[0].hint if diagnoses else "",
        evidence={"mismatch": numbers} if numbers else {},
        code=first.code,
        facts=first.to_facts(),
    )


def _find_faults(
    arrays: Iterable[tuple[str, Array, Array]], rtol: float
) -> dict[str, tuple[Message, Mismatch | None]]:
    """(what is wrong, the numbers) by name; those of another shape come first."""
    odd: dict[str, tuple[Message, Mismatch | None]] = {}
    wrong: dict[str, tuple[Message, Mismatch | None]] = {}
    for name, seen, expected in arrays:
        own, ours = np.shape(seen), np.shape(expected)
        if own != ours:
            odd[name] = Message("arrays-shape", {"seen": str(own), "expected": str(ours)}), None
        elif (worst := mismatch(seen, expected, rtol)) is not None:
            wrong[name] = Message("arrays-differ", {"worst": worst.sentence()}), worst
    return {**odd, **wrong}
