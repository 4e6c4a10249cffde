"""The sentence for a mistake: what the student did, what to do next, what it is worth.

`{it}` is the array, as "Your gradient of `w1`". The other blanks are filled by the facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Diagnosis, Facts, Wording
from grader.diagnosis.wording import arrays, backward, forward, loss, network, training

WORDINGS: Mapping[str, Wording] = {
    **arrays.WORDINGS,
    **backward.WORDINGS,
    **forward.WORDINGS,
    **loss.WORDINGS,
    **network.WORDINGS,
    **training.WORDINGS,
}
"""Code → what is said; no code stands in two tables."""

_BESIDES: Mapping[str, str] = {
    "sign": " Besides, its sign is turned.",
    "sum-not-mean": " Besides, it is {n} times too large: a sum where the mean is asked for.",
    "mean-twice": " Besides, it is {n} times too small: divided by the batch size too often.",
    "mean-over-classes": " Besides, it is {c} times too small: a mean over the classes too.",
    "log2": " Besides, the logarithm is to base 2.",
    "log10": " Besides, the logarithm is to base 10.",
}


def word(code: str, facts: Facts | None = None, wording: Wording | None = None) -> Diagnosis:
    """The diagnosis of this code, its blanks filled by the facts.

    `transposed+sign` is two mistakes: the second is said after the first. `wording` is that of a
    mistake which only one assignment knows.

    Raises KeyError where a code has no sentence, or a blank no fact.
    """
    facts = facts or {}
    first, _, second = code.partition("+")
    used = wording or WORDINGS[first]
    sentence, hint, fraction = used.sentence, used.hint, used.fraction
    if second:
        sentence += _BESIDES[second]
        hint = f"{hint} {WORDINGS[second].hint}"
        fraction *= WORDINGS[second].fraction
    return Diagnosis(
        code=code,
        sentence=sentence.format(**facts),
        hint=hint.format(**facts),
        fraction=round(fraction, 3),
        facts=facts,
    )
