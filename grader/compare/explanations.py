"""Arrays that a student computed by hand, compared one by one, with what was done instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from grader import diagnosis
from grader.compare.differences import Mismatch, mismatch
from grader.compare.error_strips import make_strips
from grader.records.measurements import Array
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
        text = f"There are {len(student)} {what}s, expected are {len(reference)}."
        return Verdict(fraction=0.0, feedback=text)
    faults = _find_faults(zip(names, student, reference, strict=True), rtol)
    if not faults:
        return Verdict(fraction=1.0, feedback=f"All {len(names)} agree with ours.")
    diagnoses = diagnosis.explain(
        student, reference, names, what=what, run=run, context=context, rtol=rtol
    )
    worth = {n: d.fraction for d in diagnoses for n in d.names}
    unknown = {n: text for n, (text, _) in faults.items() if n not in worth}
    subject = f"Your {what} of " if what else "Your "
    shares = [worth.get(n, 0.0) if n in faults else 1.0 for n in names]
    numbers = next((worst.to_json(n) for n, (_, worst) in faults.items() if worst), None)
    return Verdict(
        fraction=min(float(np.mean(shares)), MOST) if partial else 0.0,
        feedback=" ".join(
            [*(d.sentence for d in diagnoses), *(f"{subject}`{n}` {t}" for n, t in unknown.items())]
        ),
        hint=diagnoses[0].hint if diagnoses else "",
        evidence={
            **make_strips(
                zip(names, student, reference, strict=True), faults, f"{what or 'array'}s"
            ),
            **({"mismatch": numbers} if numbers else {}),
        },
    )


def _find_faults(
    arrays: Iterable[tuple[str, Array, Array]], rtol: float
) -> dict[str, tuple[str, Mismatch | None]]:
    """(what is wrong as a predicate, the numbers) by name; those of another shape come first."""
    odd: dict[str, tuple[str, Mismatch | None]] = {}
    wrong: dict[str, tuple[str, Mismatch | None]] = {}
    for name, seen, expected in arrays:
        own, ours = np.shape(seen), np.shape(expected)
        if own != ours:
            odd[name] = f"has shape {own}, expected is {ours}.", None
        elif (worst := mismatch(seen, expected, rtol)) is not None:
            wrong[name] = f"differs. {worst.sentence()}", worst
    return {**odd, **wrong}
