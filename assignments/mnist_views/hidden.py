"""What students do not get: features from other depths, of a network that has to stay whole."""

import numpy as np
from assignment import assignment, why_failed

from grader import Measurements, Message, Verdict, compare, data, probe

DEPTHS = [2, 3, 6, 9, 13]
inner = probe.script("features", data.uniform(2, 3, 95, 95), DEPTHS)


@assignment.check(points=6)
def inner_features(student: Measurements, reference: Measurements) -> Verdict:
    """`features` finds what comes out of any layer, and leaves the network as it was."""
    own, ours = student[inner].plain, reference[inner].plain
    wrong = 0
    told: list[Message] = []
    for depth, seen, right in zip(DEPTHS, own["found"], ours["found"], strict=True):
        if not why_failed(seen) and _is_same(seen, right):
            continue
        wrong += 1
        what = why_failed(seen) or _which(seen, ours["layers"])
        told = told or [Message("views-other-layer", {"depth": depth, "seen": what})]
    share = 1 - wrong / len(DEPTHS)
    after = own["after"]
    if after is None or not np.array_equal(after, own["before"]):
        changed = Message("views-network-changed")
        return Verdict.say(*told, changed, fraction=share / 2, hint=changed.hint(), cause=changed)
    if wrong:
        return Verdict.say(*told, fraction=share)
    return Verdict.say(Message("views-depths", {"depths": str(DEPTHS)}), fraction=1.0)


def _which(seen: np.ndarray, layers: list[np.ndarray]) -> str:
    """What the features are instead."""
    same = [number for number, right in enumerate(layers, 1) if _is_same(seen, right)]
    return f"what comes out of layer {same[0]}" if same else f"other numbers, shape {seen.shape}"


def _is_same(seen: np.ndarray, right: np.ndarray) -> bool:
    return seen.shape == right.shape and compare.mismatch(seen, right, 1e-4) is None
