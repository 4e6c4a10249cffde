"""The mistakes in all arrays of a pass, each said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.diagnosis import arrays, backprop
from grader.diagnosis.backprop import Pass, Suspect, suspects
from grader.diagnosis.context import Context
from grader.diagnosis.guess import Guess, alike, fits, informative, peak
from grader.diagnosis.naming import (
    LOOSEST,
    REAL,
    equal,
    named,
    plain_guesses,
    said,
    tolerance,
)
from grader.diagnosis.wording import Fault
from grader.records.measurements import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake, and the arrays in which it shows."""

    names: tuple[str, ...]
    """As the assignment calls them, in its order."""
    fault: Fault


def explain(
    seen: Sequence[Array],
    expected: Sequence[Array],
    names: Sequence[str],
    *,
    context: Context | Sequence[Context] | None = None,
    run: Pass | None = None,
    what: str = "gradient",
    rtol: float = 1e-6,
) -> tuple[Finding, ...]:
    """What explains the wrong arrays: one mistake in all of them, or one in each; often nothing.

    `context` is known of all arrays, or given for each. `run` is the pass whose gradients these
    are; then mistakes are looked for that spread from one layer to those below. `what` the arrays
    are: gradient, weight, loss; empty where their names say it.

    Raises ValueError where the numbers of arrays, names and contexts differ.
    """
    given = context or Context()
    with np.errstate(all="ignore"):
        return _explain(seen, expected, names, given, run, what, rtol)


def _explain(
    seen: Sequence[Array],
    expected: Sequence[Array],
    names: Sequence[str],
    given: Context | Sequence[Context],
    run: Pass | None,
    what: str,
    rtol: float,
) -> tuple[Finding, ...]:
    known = (given,) * len(names) if isinstance(given, Context) else tuple(given)
    if run is not None and len(derived := backprop.contexts(run)) == len(names):
        known = tuple(k.filled(d) for k, d in zip(known, derived, strict=True))
    every = [
        _Array(raw=s, seen=_floats(s), expected=_floats(e), name=n, context=k)
        for s, e, n, k in zip(seen, expected, names, known, strict=True)
    ]
    wrong = [i for i, a in enumerate(every) if not equal(a.seen, a.expected, rtol)]
    if not wrong:
        return ()
    shared = () if run is None else _shared(every, run, rtol)
    plain = all(_by_itself(every[i], rtol) for i in wrong)
    if len(shared) == 1 and not plain:
        labels = [every[i].name for i in wrong]
        kind, told, _ = shared[0]
        guess = Guess(kind=kind, values=every[wrong[0]].seen, blanks=told)
        fault = said(guess, every[wrong[0]].context, _it(labels, what))
        return (Finding(names=tuple(labels), fault=fault),)
    rivals = {
        i: tuple(Guess(kind=k, values=values[i], blanks=told) for k, told, values in shared)
        for i in wrong
    }
    return _each([(every[i], rivals[i]) for i in wrong], what, rtol)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Array:
    """One of the student's beside the reference's."""

    raw: Array
    seen: Array
    expected: Array
    name: str
    context: Context


def _floats(values: Array) -> Array:
    """As float64; what holds no real numbers is NaN."""
    values = np.asarray(values)
    if values.dtype.kind not in REAL:
        return np.full(values.shape, np.nan)
    return values.astype(np.float64)


def _it(names: Sequence[str], what: str) -> str:
    """The subject of a sentence in the singular."""
    if len(names) == 1:
        return f"Your {what} of `{names[0]}`" if what else f"Your `{names[0]}`"
    listed = ", ".join(f"`{n}`" for n in names)
    return f"Each of your {what or 'result'}s ({listed})"


def _each(
    wrong: Sequence[tuple[_Array, tuple[Guess, ...]]], what: str, rtol: float
) -> tuple[Finding, ...]:
    """One mistake for each array; those with the same sentence are said together."""
    same: dict[tuple[str, str], list[tuple[str, Fault]]] = {}
    for array, rivals in wrong:
        label = _it([array.name], what)
        fault = named(array.raw, array.expected, array.context, rtol, label, rivals)
        if fault is not None:
            key = (fault.kind, fault.sentence.removeprefix(label))
            same.setdefault(key, []).append((array.name, fault))
    found = []
    for (_, rest), members in same.items():
        labels = tuple(label for label, _ in members)
        alone = len(labels) == 1 or rest == members[0][1].sentence
        sentence = members[0][1].sentence if alone else _it(labels, what) + rest
        found.append(Finding(names=labels, fault=replace(members[0][1], sentence=sentence)))
    return tuple(found)


# ---------------------------------------------------------------------- one mistake in all


def _shared(every: Sequence[_Array], run: Pass, rtol: float) -> tuple[Suspect, ...]:
    """The mistakes in one backward pass that explain all arrays: one, or else two together."""
    right = backprop.gradients(run)
    if len(right) != len(every):
        return ()
    if not all(equal(r, a.expected, max(rtol, 1e-6)) for r, a in zip(right, every, strict=True)):
        return ()
    if not any(informative(a.expected) for a in every):
        return ()
    once, twice = [], []
    several = {k: f for k, f in arrays.factors(every[0].context).items() if k in arrays.FACTORS}
    size = peak(every[0].seen)
    for suspect in suspects(run, every[0].context.rate):
        kind, told, values = suspect
        if _explains(values, every, rtol):
            once.append(suspect)
        for second, factor in several.items():
            if once or not alike(size, abs(factor) * peak(values[0]), LOOSEST):
                continue
            both = tuple(factor * v for v in values)
            if _explains(both, every, rtol) and not _same(values, right):
                twice.append((f"{kind}+{second}", told, both))
    return _distinct(once or twice)


def _same(values: Sequence[Array], right: Sequence[Array]) -> bool:
    """True where this mistake changes nothing in this network."""
    return all(equal(v, r, 1e-9) for v, r in zip(values, right, strict=True))


def _distinct(found: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """One for each thing that would be said."""
    said_once: dict[object, Suspect] = {}
    for suspect in found:
        said_once.setdefault((suspect[0], *suspect[1].items()), suspect)
    return tuple(said_once.values())


def _explains(values: Sequence[Array], every: Sequence[_Array], rtol: float) -> bool:
    """True where all arrays are as the mistake makes them, those that are right included."""
    for array, would in zip(every, values, strict=True):
        limit = tolerance(array.seen, rtol)
        if equal(array.seen, array.expected, rtol):
            if not equal(array.seen, would, limit):
                return False
        elif not fits(Guess(kind="", values=would), array.seen, array.expected, limit):
            return False
    return True


def _by_itself(array: _Array, rtol: float) -> bool:
    """True where something that needs no context explains the array."""
    known = Context(batch=array.context.batch, bias=array.context.bias)
    return bool(np.all(np.isfinite(array.seen))) and any(
        fits(g, array.seen, array.expected, tolerance(array.seen, rtol))
        for g in plain_guesses(array.seen, array.expected, known, rtol)
    )
