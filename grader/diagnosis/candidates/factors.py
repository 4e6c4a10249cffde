"""Mistakes that multiply an array or a loss by one number."""

from __future__ import annotations

import numpy as np

from grader.diagnosis.context import Context

LOGARITHMS = {"log2": 1.0 / float(np.log(2.0)), "log10": 1.0 / float(np.log(10.0))}
STACKABLE = ("sign", "sum-not-mean", "mean-twice", "mean-over-classes", *LOGARITHMS)
"""Mistakes that may come on top of another one."""


def list_factors(context: Context) -> dict[str, float]:
    """Code → factor, of mistakes in an array.

    A factor of 2 or 1/2 has too many causes to be traced to one.
    """
    factors = {"sign": -1.0, **_list_means(context)}
    if context.rate not in (None, 0.5, 1.0, 2.0) and context.before is None:
        factors["rate-inside"] = context.rate
    return factors


def list_loss_factors(context: Context) -> dict[str, float]:
    """Code → factor, of mistakes in a loss."""
    return {"sign": -1.0, **LOGARITHMS, **_list_means(context)}


def _list_means(context: Context) -> dict[str, float]:
    """A sum or a mean over too much or too little."""
    factors: dict[str, float] = {}
    n, c = context.samples, context.classes
    if n is not None and n > 2:
        factors |= {"sum-not-mean": float(n), "mean-twice": 1.0 / n}
    if c is not None and c > 2:
        factors["mean-over-classes"] = 1.0 / c
    return factors
