"""The mistakes in all arrays of a pass, each said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from grader.diagnosis.candidates import backward
from grader.diagnosis.candidates.backward import Pass, Suspect
from grader.diagnosis.candidates.factors import STACKABLE, list_factors
from grader.diagnosis.context import Context
from grader.diagnosis.matching.case import LOOSEST, Case, are_equal
from grader.diagnosis.matching.fitting import fits, may_be_close
from grader.diagnosis.matching.naming import list_plain, name_case, say
from grader.diagnosis.numerics import is_informative, peak
from grader.diagnosis.records import Candidate, Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

RIGHT_PASS = 1e-6
"""Up to this the pass has to yield the right gradients."""
UNCHANGED = Tolerance(rtol=1e-9)
"""A mistake that changes less changes nothing in this network."""


def explain(
    seen: Sequence[Array],
    expected: Sequence[Array],
    names: Sequence[str],
    *,
    context: Context | Sequence[Context] | None = None,
    run: Pass | None = None,
    what: str = "gradient",
    rtol: float = 1e-6,
) -> tuple[Diagnosis, ...]:
    """What explains the wrong arrays: one mistake in all of them, or one in each; often nothing.

    `context` is known of all arrays, or given for each. `run` is the pass whose gradients these
    are; then mistakes are looked for that spread from one layer to those below. `what` the arrays
    are: gradient, weight, loss; empty where their names say it.

    Raises ValueError where the numbers of arrays, names and contexts differ.
    """
    with np.errstate(all="ignore"):
        contexts = _fill_contexts(context or Context(), run, len(names))
        cases = [
            Case.read(s, e, c, rtol, n)
            for s, e, n, c in zip(seen, expected, names, contexts, strict=True)
        ]
        return _explain(cases, run, what)


def _fill_contexts(
    given: Context | Sequence[Context], run: Pass | None, count: int
) -> tuple[Context, ...]:
    """One context for each array, with what the pass tells."""
    known = (given,) * count if isinstance(given, Context) else tuple(given)
    if run is not None and len(derived := backward.list_contexts(run)) == count:
        return tuple(k.fill(d) for k, d in zip(known, derived, strict=True))
    return known


def _explain(cases: Sequence[Case], run: Pass | None, what: str) -> tuple[Diagnosis, ...]:
    places = [i for i, case in enumerate(cases) if not case.is_right]
    if not places:
        return ()
    wrong = [cases[i] for i in places]
    shared = () if run is None else _find_shared(cases, run)
    if len(shared) == 1 and not all(_shows_by_itself(case) for case in wrong):
        return (_say_shared(shared[0], wrong, what),)
    rivals = [
        tuple(Candidate(code=s.code, values=s.gradients[i], facts=s.facts) for s in shared)
        for i in places
    ]
    return _explain_each(list(zip(wrong, rivals, strict=True)), what)


def _say_shared(suspect: Suspect, wrong: Sequence[Case], what: str) -> Diagnosis:
    """One mistake in the whole pass."""
    names = tuple(case.name for case in wrong)
    candidate = Candidate(code=suspect.code, values=wrong[0].seen, facts=suspect.facts)
    return replace(say(candidate, wrong[0].context, _subject(names, what)), names=names)


def _subject(names: Sequence[str], what: str) -> str:
    """The subject of a sentence in the singular."""
    if len(names) == 1:
        return f"Your {what} of `{names[0]}`" if what else f"Your `{names[0]}`"
    listed = ", ".join(f"`{n}`" for n in names)
    return f"Each of your {what or 'result'}s ({listed})"


def _explain_each(
    wrong: Sequence[tuple[Case, tuple[Candidate, ...]]], what: str
) -> tuple[Diagnosis, ...]:
    """One mistake for each array; those with the same sentence are said together."""
    same: dict[tuple[str, str], list[Diagnosis]] = {}
    for case, rivals in wrong:
        subject = _subject([case.name], what)
        diagnosis = name_case(case, subject, rivals)
        if diagnosis is not None:
            key = (diagnosis.code, diagnosis.sentence.removeprefix(subject))
            same.setdefault(key, []).append(replace(diagnosis, names=(case.name,)))
    return tuple(_join(rest, members, what) for (_, rest), members in same.items())


def _join(rest: str, members: Sequence[Diagnosis], what: str) -> Diagnosis:
    """One diagnosis of several arrays; `rest` is what all sentences say of their subjects."""
    first, names = members[0], tuple(d.names[0] for d in members)
    if len(names) == 1 or rest == first.sentence:
        return replace(first, names=names)
    return replace(first, names=names, sentence=_subject(names, what) + rest)


# ---------------------------------------------------------------------- one mistake in all


def _find_shared(cases: Sequence[Case], run: Pass) -> tuple[Suspect, ...]:
    """The mistakes in one backward pass that explain all arrays: one, or else two together."""
    right = backward.compute_gradients(run)
    if not _yields(right, cases) or not any(is_informative(c.expected) for c in cases):
        return ()
    once: list[Suspect] = []
    twice: list[Suspect] = []
    for suspect in backward.list_suspects(run, cases[0].context.rate):
        if _explains(suspect.gradients, cases):
            once.append(suspect)
        if not once:
            twice += _stack(suspect, cases, right)
    return _distinct(once or twice)


def _yields(right: Sequence[Array], cases: Sequence[Case]) -> bool:
    """True where the pass gives the reference's gradients."""
    return len(right) == len(cases) and all(
        are_equal(r, c.expected, c.tolerance.at_least(RIGHT_PASS))
        for r, c in zip(right, cases, strict=True)
    )


def _stack(suspect: Suspect, cases: Sequence[Case], right: Sequence[Array]) -> list[Suspect]:
    """The mistake with a factor on top of it, where both explain all arrays."""
    size, pairs = peak(cases[0].seen), []
    for code, factor in list_factors(cases[0].context).items():
        own = abs(factor) * peak(suspect.gradients[0])
        if code not in STACKABLE or not may_be_close(size, own, LOOSEST):
            continue
        both = tuple(factor * g for g in suspect.gradients)
        if _explains(both, cases) and not _changes_nothing(suspect, right):
            pairs.append(replace(suspect, code=f"{suspect.code}+{code}", gradients=both))
    return pairs


def _changes_nothing(suspect: Suspect, right: Sequence[Array]) -> bool:
    """True where this mistake changes nothing in this network."""
    pairs = zip(suspect.gradients, right, strict=True)
    return all(are_equal(g, r, UNCHANGED) for g, r in pairs)


def _distinct(suspects: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """One for each thing that would be said."""
    first: dict[object, Suspect] = {}
    for suspect in suspects:
        first.setdefault((suspect.code, *suspect.facts.items()), suspect)
    return tuple(first.values())


def _explains(gradients: Sequence[Array], cases: Sequence[Case]) -> bool:
    """True where all arrays are as the mistake makes them, those that are right included."""
    for case, would in zip(cases, gradients, strict=True):
        if case.is_right:
            if not are_equal(case.seen, would, case.limit):
                return False
        else:
            candidate = Candidate(code="", values=would)
            if not fits(candidate, case.seen, case.expected, case.limit):
                return False
    return True


def _shows_by_itself(case: Case) -> bool:
    """True where something that needs no context explains the array."""
    known = Context(batch=case.context.batch, bias=case.context.bias)
    return bool(np.all(np.isfinite(case.seen))) and any(
        fits(candidate, case.seen, case.expected, case.limit)
        for candidate in list_plain(replace(case, context=known), case.tolerance)
    )
