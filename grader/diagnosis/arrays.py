"""Guesses that need nothing but the two arrays: factors, other places, parts that are missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.guess import Guess, close, informative
from grader.records.measurements import Array

FACTORS = ("sign", "sum-not-mean", "mean-twice", "mean-over-classes")
"""Mistakes that may come on top of another one."""


def factors(context: Context) -> dict[str, float]:
    """Kind → factor, of those mistakes that multiply everything by one number.

    A factor of 2 or 1/2 has too many causes to be traced to one.
    """
    found = {"sign": -1.0}
    n, c = context.samples, context.classes
    if n is not None and n > 2:
        found |= {"sum-not-mean": float(n), "mean-twice": 1.0 / n}
    if c is not None and c > 2:
        found["mean-over-classes"] = 1.0 / c
    if context.rate not in (None, 0.5, 1.0, 2.0) and context.before is None:
        found["rate-inside"] = context.rate
    return found


def scalings(seen: Array, expected: Array, context: Context) -> Iterator[Guess]:
    """The array times a factor: one that has a cause, and the one that fits best."""
    if seen.shape != expected.shape:
        return
    factor = _factor(seen, expected)
    if factor == 0.0:
        return
    turned = "+sign" if factor < 0 else ""
    kind = {1.0: "scaled", 2.0: "doubled", 0.5: "halved"}.get(round(abs(factor), 6), "scaled")
    family = "negative" if abs(factor + 1.0) < 1e-6 else f"{kind}{turned}"
    told = {"factor": number(abs(factor))}
    yield Guess(kind=family, values=factor * expected, blanks=told, family=True)
    for name, value in factors(context).items():
        yield Guess(kind=name, values=value * expected, within=(family,))
        if name != "sign":
            yield Guess(kind=f"{name}+sign", values=-value * expected, within=(family,))


def _factor(seen: Array, expected: Array) -> float:
    """The factor that brings the one nearest to the other; 0 where there is none."""
    size = float(np.max(np.abs(expected), initial=0.0))
    if size == 0.0:
        return 0.0
    flat = expected.reshape(-1) / size
    factor = float((seen.reshape(-1) / size) @ flat) / float(flat @ flat)
    return factor if np.isfinite(factor) else 0.0


def number(value: float) -> str:
    """`40`, `1/40` or `0.37`."""
    for shown, part in ((value, "{}"), (1.0 / value, "1/{}")):
        if abs(shown - round(shown)) <= 1e-6 * abs(shown) and round(shown) != 0:
            return part.format(round(shown))
    return f"{value:.6g}"


# ---------------------------------------------------------------------- places


def places(seen: Array, expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
    """The right numbers where they do not belong, and the right numbers in another shape."""
    if expected.ndim == 2 and min(expected.shape) > 1:
        yield Guess(kind="transposed", values=expected.T, within=("reordered",))
        if expected.shape[0] != expected.shape[1]:
            wrapped = expected.T.reshape(expected.shape)
            yield Guess(kind="reshaped", values=wrapped, within=("reordered",))
    if seen.shape != expected.shape:
        if seen.size == expected.size:
            shapes = {"seen": seen.shape, "expected": expected.shape}
            yield Guess(kind="shape", values=expected.reshape(seen.shape), blanks=shapes)
        return
    if expected.ndim == 1:
        yield Guess(kind="reversed", values=expected[::-1], within=("reordered",))
    for axis in range(expected.ndim):
        yield from _shifts(expected, axis, context)
    if expected.ndim == 2:
        yield from _lines(seen, expected)
    if close(np.sort(seen, axis=None), np.sort(expected, axis=None), rtol):
        values = np.empty(seen.size)
        values[np.argsort(seen, axis=None)] = np.sort(expected, axis=None)
        yield Guess(kind="reordered", values=values.reshape(seen.shape), family=True)


def _names(expected: Array, axis: int) -> tuple[str, ...]:
    """What describes an exchange along this axis more generally."""
    if expected.ndim != 2:
        return ("reordered",)
    return (("rows", "columns")[axis] + "-permuted", "reordered")


def _shifts(expected: Array, axis: int, context: Context) -> Iterator[Guess]:
    general = _names(expected, axis)
    for step, wrong in ((1, "i + 1"), (-1, "i - 1")):
        told = {"axis": axis, "right": "i", "wrong": wrong}
        rolled = np.roll(expected, step, axis=axis)
        yield Guess(kind="shifted", values=rolled, blanks=told, within=general)
        if axis == 0 and step == 1 and expected.ndim == 2 and context.bias == "last":
            yield Guess(kind="bias-first", values=rolled, within=("shifted", *general))
        filled = np.moveaxis(rolled.copy(), axis, 0)
        filled[0 if step == 1 else -1] = 0.0
        yield Guess(kind="shifted", values=np.moveaxis(filled, 0, axis), blanks=told)


def _lines(seen: Array, expected: Array) -> Iterator[Guess]:
    """Rows or columns in reverse or any other order."""
    for axis, name in enumerate(("rows", "columns")):
        general = (f"{name}-permuted", "reordered")
        yield Guess(kind=f"{name}-reversed", values=np.flip(expected, axis), within=general)
        own, other = (seen, expected) if axis == 0 else (seen.T, expected.T)
        order = _order(own, other)
        moved = np.flatnonzero(np.any(other[order] != other, axis=1))
        if moved.size:
            told = {"seen": int(moved[0]), "expected": int(order[moved[0]])}
            values = other[order] if axis == 0 else other[order].T
            kind = f"{name}-permuted"
            yield Guess(kind=kind, values=values, blanks=told, within=("reordered",))


def _order(seen: Array, expected: Array) -> Array:
    """Which row of `expected` each row of `seen` would be, were they the same rows."""
    width = seen.shape[1]
    direction = np.random.default_rng(0).standard_normal(width)
    order = np.empty(len(seen), np.int64)
    order[np.argsort(seen @ direction, kind="stable")] = np.argsort(
        expected @ direction, kind="stable"
    )
    return order


# ---------------------------------------------------------------------- parts


def parts(seen: Array, expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
    """Zeros, missing rows, a bias that is treated apart, a sum or mean that was not taken."""
    if seen.shape == expected.shape:
        yield Guess(kind="zero", values=np.zeros_like(expected), family=True)
        yield from _zeros(seen, expected, rtol)
        if context.bias == "last" and expected.ndim == 2 and len(expected) > 1:
            yield from _bias(seen, expected)
    if expected.ndim == 2 and seen.shape == (len(expected) - 1, expected.shape[1]):
        last = "bias-missing" if context.bias == "last" else "row-missing"
        yield Guess(kind=last, values=expected[:-1], blanks={"which": "last"})
        yield Guess(kind="row-missing", values=expected[1:], blanks={"which": "first"})
    width = expected.shape[-1:]
    if expected.ndim and seen.ndim == 2 and seen.shape[1:] == width and len(seen) > 1:
        summed = seen.sum(axis=0)
        if expected.size == summed.size and close(summed, expected.reshape(-1), rtol):
            yield Guess(kind="bias-not-summed", values=seen, blanks={"n": len(seen)})


def _zeros(seen: Array, expected: Array, rtol: float) -> Iterator[Guess]:
    """Zero in some places, right in all others."""
    gone = (seen == 0.0) & (np.abs(expected) > rtol * np.max(np.abs(expected)))
    values = np.where(gone, 0.0, expected)
    if not gone.any() or not informative(values):
        return
    where = f"in {int(gone.sum()):,} of {gone.size:,} places"
    if expected.ndim == 2:
        for axis, name in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(gone.any(axis=axis))
            rest = np.take(seen, lines, axis=1 - axis)
            if not np.any(rest):
                where = f"in {name}{_listed(lines)}"
                break
    yield Guess(kind="part-zero", values=values, blanks={"where": where}, family=True)


def _listed(indices: Array) -> str:
    """` 3`, `s 3 to 7` or `s 1, 4 and 2 more`."""
    first, last = int(indices[0]), int(indices[-1])
    if len(indices) == 1:
        return f" {first}"
    if last - first == len(indices) - 1:
        return f"s {first} to {last}"
    more = f" and {len(indices) - 2} more" if len(indices) > 2 else ""
    return f"s {first}, {int(indices[1])}{more}" if more else f"s {first} and {last}"


def _bias(seen: Array, expected: Array) -> Iterator[Guess]:
    """Zero or another factor in the last row, which belongs to the bias."""
    values = expected.copy()
    values[-1] = 0.0
    yield Guess(kind="bias-zero", values=values, within=("part-zero",))
    factor = _factor(seen[-1], expected[-1])
    if factor and informative(expected[-1]):
        values = expected.copy()
        values[-1] *= factor
        told = {"factor": ("" if factor > 0 else "-") + number(abs(factor))}
        yield Guess(kind="bias-scaled", values=values, blanks=told)
