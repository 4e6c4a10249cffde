"""The sentence for a mistake: what the student did, what to do next, what it is worth.

`{it}` is the array, as "Your gradient of `w1`". The other blanks are filled by the guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.diagnosis import arrays_wording, backprop_wording, loss_wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the student did, and what to do about it."""

    kind: str
    """Stable name, such as `sign` or `transposed+sign`."""
    sentence: str
    """Addressed to the student."""
    fix: str
    """What to do next."""
    share: float
    """Suggested partial credit, 0 to 1, for courses that announce it."""


_SAID = {
    **arrays_wording.WORDINGS,
    **backprop_wording.WORDINGS,
    **loss_wording.WORDINGS,
}

_BESIDES: Mapping[str, str] = {
    "sign": " Besides, its sign is turned.",
    "sum-not-mean": " Besides, it is {n} times too large: a sum where the mean is asked for.",
    "mean-twice": " Besides, it is {n} times too small: divided by the batch size too often.",
    "mean-over-classes": " Besides, it is {c} times too small: a mean over the classes too.",
    "log2": " Besides, the logarithm is to base 2.",
    "log10": " Besides, the logarithm is to base 10.",
}


def worded(kind: str, blanks: Mapping[str, object], it: str) -> Fault:
    """The fault of this kind. `transposed+sign` is two of them: the second is said after the first.

    Raises KeyError where a kind has no sentence.
    """
    first, _, second = kind.partition("+")
    sentence, fix, share = _SAID[first]
    if second:
        sentence += _BESIDES[second]
        fix = f"{fix} {_SAID[second][1]}"
        share *= _SAID[second][2]
    return Fault(
        kind=kind,
        sentence=sentence.format(it=it, **blanks),
        fix=fix.format(it=it, **blanks),
        share=round(share, 3),
    )
