"""Arrays that a student computed by hand, compared one by one, with what was done instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader import diagnosis
from grader.compare import differences
from grader.records.measurements import Array
from grader.records.result import Verdict


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
    pairs = list(zip(names, student, reference, strict=True))
    odd = {n: (np.shape(s), np.shape(r)) for n, s, r in pairs if np.shape(s) != np.shape(r)}
    wrong = {
        n: m
        for n, s, r in pairs
        if n not in odd and (m := differences.mismatch(s, r, rtol)) is not None
    }
    if not wrong and not odd:
        return Verdict(fraction=1.0, feedback=f"All {len(names)} agree with ours.")
    found = diagnosis.explain(
        student, reference, names, what=what, run=run, context=context, rtol=rtol
    )
    worth = {n: f.fault.share for f in found for n in f.names}
    told = [f.fault.sentence for f in found]
    for name in [n for n in (*odd, *wrong) if n not in worth]:
        it = f"Your {what} of `{name}`" if what else f"Your `{name}`"
        told.append(
            f"{it} has shape {odd[name][0]}, expected is {odd[name][1]}."
            if name in odd
            else f"{it} differs. {wrong[name].sentence()}"
        )
    first = next(iter(wrong), "")
    shares = [worth.get(n, 0.0) if n in wrong or n in odd else 1.0 for n in names]
    return Verdict(
        fraction=min(float(np.mean(shares)), 0.99) if partial else 0.0,
        feedback=" ".join(told),
        hint=found[0].fault.fix if found else "",
        evidence={"mismatch": wrong[first].to_json(first)} if first else {},
    )
