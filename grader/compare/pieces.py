"""Layers that share work otherwise: one that gives queries, keys and values, or one for each head.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grader.records.measurements import Layer

Pair = tuple[Layer, Layer]
"""A layer of the student's, and one of the reference's of which it does at least a part."""


def pair_shared(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Pair]:
    """The layers whose pieces are the same on both sides, put together otherwise.

    In the order of the reference's; a layer may stand in several pairs. A layer with a piece that
    finds no counterpart is in none.
    """
    cut = {g for n in (*seen, *expected) if len(n.groups) > 1 for g in n.groups}
    own, ours = (
        [n for n in layers if n.groups and cut.issuperset(n.groups)] for layers in (seen, expected)
    )
    if [n.groups for n in own] == [n.groups for n in ours]:
        return []
    own, ours = _cover(own, ours), _cover(ours, own)
    slots = [(group, layer) for layer in own for group in layer.groups]
    pairs: list[Pair] = []
    for layer in ours:
        for group in layer.groups:
            index = next((i for i, (g, _) in enumerate(slots) if g == group), None)
            if index is None:
                continue
            other = slots.pop(index)[1]
            if not any(a is other and b is layer for a, b in pairs):
                pairs.append((other, layer))
    return pairs


def _cover(layers: Sequence[Layer], others: Sequence[Layer]) -> list[Layer]:
    """The layers all of whose pieces are among those of the others, each taken once."""
    left = Counter(g for n in others for g in n.groups)
    covered = []
    for layer in layers:
        needed = Counter(layer.groups)
        if all(left[g] >= n for g, n in needed.items()):
            left -= needed
            covered.append(layer)
    return covered
