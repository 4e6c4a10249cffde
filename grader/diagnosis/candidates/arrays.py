"""Candidates that need nothing but the two arrays: factors, other places, missing parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grader.diagnosis.candidates.factors import list_factors
from grader.diagnosis.context import Context
from grader.diagnosis.numerics import fit_factor, is_informative
from grader.diagnosis.records import Candidate
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

NEGATIVE = Tolerance(rtol=1e-6, of="one")
"""Of the factor −1, as least squares find it."""
WHOLE = Tolerance(rtol=1e-6, of="each")
"""Of a factor that is said as a whole number."""


def list_scalings(seen: Array, expected: Array, context: Context) -> Iterator[Candidate]:
    """The array times a factor: one that has a cause, and the one that fits best."""
    if seen.shape != expected.shape:
        return
    factor = fit_factor(seen, expected)
    if factor == 0.0:
        return
    turned = "+sign" if factor < 0 else ""
    size = {1.0: "scaled", 2.0: "doubled", 0.5: "halved"}.get(round(abs(factor), 6), "scaled")
    general = "negative" if NEGATIVE.allows(factor, -1.0) else f"{size}{turned}"
    facts = {"factor": format_factor(abs(factor))}
    yield Candidate(code=general, values=factor * expected, facts=facts, general=True)
    for code, value in list_factors(context).items():
        yield Candidate(code=code, values=value * expected, within=(general,))
        if code != "sign":
            yield Candidate(code=f"{code}+sign", values=-value * expected, within=(general,))


def format_factor(value: float) -> str:
    """`40`, `1/40` or `0.37`."""
    for shown, part in ((value, "{}"), (1.0 / value, "1/{}")):
        if round(shown) != 0 and WHOLE.allows(round(shown), shown):
            return part.format(round(shown))
    return f"{value:.6g}"


# ---------------------------------------------------------------------- places


def list_places(
    seen: Array, expected: Array, context: Context, tolerance: Tolerance
) -> Iterator[Candidate]:
    """The right numbers where they do not belong, and the right numbers in another shape."""
    if expected.ndim == 2 and min(expected.shape) > 1:
        yield Candidate(code="transposed", values=expected.T, within=("reordered",))
        if expected.shape[0] != expected.shape[1]:
            wrapped = expected.T.reshape(expected.shape)
            yield Candidate(code="reshaped", values=wrapped, within=("reordered",))
    if seen.shape != expected.shape:
        if seen.size == expected.size:
            shapes = {"seen": seen.shape, "expected": expected.shape}
            yield Candidate(code="shape", values=expected.reshape(seen.shape), facts=shapes)
        return
    if expected.ndim == 1:
        yield Candidate(code="reversed", values=expected[::-1], within=("reordered",))
    for axis in range(expected.ndim):
        yield from _list_shifts(expected, axis, context)
    if expected.ndim == 2:
        yield from _list_lines(seen, expected)
    if tolerance.allows(np.sort(seen, axis=None), np.sort(expected, axis=None)):
        values = np.empty(seen.size)
        values[np.argsort(seen, axis=None)] = np.sort(expected, axis=None)
        yield Candidate(code="reordered", values=values.reshape(seen.shape), general=True)


def _name_exchanges(expected: Array, axis: int) -> tuple[str, ...]:
    """What describes an exchange along this axis more generally."""
    if expected.ndim != 2:
        return ("reordered",)
    return (("rows", "columns")[axis] + "-permuted", "reordered")


def _list_shifts(expected: Array, axis: int, context: Context) -> Iterator[Candidate]:
    general = _name_exchanges(expected, axis)
    for step, wrong in ((1, "i + 1"), (-1, "i - 1")):
        facts = {"axis": axis, "right": "i", "wrong": wrong}
        rolled = np.roll(expected, step, axis=axis)
        yield Candidate(code="shifted", values=rolled, facts=facts, within=general)
        if axis == 0 and step == 1 and expected.ndim == 2 and context.bias == "last":
            yield Candidate(code="bias-first", values=rolled, within=("shifted", *general))
        filled = np.moveaxis(rolled.copy(), axis, 0)
        filled[0 if step == 1 else -1] = 0.0
        yield Candidate(code="shifted", values=np.moveaxis(filled, 0, axis), facts=facts)


def _list_lines(seen: Array, expected: Array) -> Iterator[Candidate]:
    """Rows or columns in reverse or any other order."""
    for axis, name in enumerate(("rows", "columns")):
        general = (f"{name}-permuted", "reordered")
        yield Candidate(code=f"{name}-reversed", values=np.flip(expected, axis), within=general)
        own, other = (seen, expected) if axis == 0 else (seen.T, expected.T)
        order = _find_order(own, other)
        moved = np.flatnonzero(np.any(other[order] != other, axis=1))
        if moved.size:
            facts = {"seen": int(moved[0]), "expected": int(order[moved[0]])}
            values = other[order] if axis == 0 else other[order].T
            kind = f"{name}-permuted"
            yield Candidate(code=kind, values=values, facts=facts, within=("reordered",))


def _find_order(seen: Array, expected: Array) -> Array:
    """Which row of `expected` each row of `seen` would be, were they the same rows."""
    width = seen.shape[1]
    direction = np.random.default_rng(0).standard_normal(width)
    order = np.empty(len(seen), np.int64)
    order[np.argsort(seen @ direction, kind="stable")] = np.argsort(
        expected @ direction, kind="stable"
    )
    return order


# ---------------------------------------------------------------------- parts


def list_parts(
    seen: Array, expected: Array, context: Context, tolerance: Tolerance
) -> Iterator[Candidate]:
    """Zeros, missing rows, a bias that is treated apart, a sum or mean that was not taken."""
    if seen.shape == expected.shape:
        yield Candidate(code="zero", values=np.zeros_like(expected), general=True)
        yield from _list_zeros(seen, expected, tolerance)
        if context.bias == "last" and expected.ndim == 2 and len(expected) > 1:
            yield from _list_bias(seen, expected)
    if expected.ndim == 2 and seen.shape == (len(expected) - 1, expected.shape[1]):
        last = "bias-missing" if context.bias == "last" else "row-missing"
        yield Candidate(code=last, values=expected[:-1], facts={"which": "last"})
        yield Candidate(code="row-missing", values=expected[1:], facts={"which": "first"})
    width = expected.shape[-1:]
    if expected.ndim and seen.ndim == 2 and seen.shape[1:] == width and len(seen) > 1:
        summed = seen.sum(axis=0)
        if expected.size == summed.size and tolerance.allows(summed, expected.reshape(-1)):
            yield Candidate(code="bias-not-summed", values=seen, facts={"n": len(seen)})


def _list_zeros(seen: Array, expected: Array, tolerance: Tolerance) -> Iterator[Candidate]:
    """Zero in some places, right in all others."""
    lost = replace(tolerance, of="greatest").find_wrong(np.zeros_like(expected), expected)
    gone = (seen == 0.0) & lost
    values = np.where(gone, 0.0, expected)
    if not gone.any() or not is_informative(values):
        return
    where = f"in {int(gone.sum()):,} of {gone.size:,} places"
    if expected.ndim == 2:
        for axis, name in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(gone.any(axis=axis))
            rest = np.take(seen, lines, axis=1 - axis)
            if not np.any(rest):
                where = f"in {name}{_format_indices(lines)}"
                break
    yield Candidate(code="part-zero", values=values, facts={"where": where}, general=True)


def _format_indices(indices: Array) -> str:
    """` 3`, `s 3 to 7` or `s 1, 4 and 2 more`."""
    first, last = int(indices[0]), int(indices[-1])
    if len(indices) == 1:
        return f" {first}"
    if last - first == len(indices) - 1:
        return f"s {first} to {last}"
    more = f" and {len(indices) - 2} more" if len(indices) > 2 else ""
    return f"s {first}, {int(indices[1])}{more}" if more else f"s {first} and {last}"


def _list_bias(seen: Array, expected: Array) -> Iterator[Candidate]:
    """Zero or another factor in the last row, which belongs to the bias."""
    values = expected.copy()
    values[-1] = 0.0
    yield Candidate(code="bias-zero", values=values, within=("part-zero",))
    factor = fit_factor(seen[-1], expected[-1])
    if factor and is_informative(expected[-1]):
        values = expected.copy()
        values[-1] *= factor
        facts = {"factor": ("" if factor > 0 else "-") + format_factor(abs(factor))}
        yield Candidate(code="bias-scaled", values=values, facts=facts)
