"""Layers that share work otherwise: one that gives queries, keys and values, or one for each head.

Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from grader.records.measurements import Layer

_MATRIX = re.compile(r"(linear/[0-9]{1,9})x([0-9]{1,9})")
"""A piece by its inputs and outputs."""
Pair = tuple[Layer, Layer]
"""A layer of the student's, and one of the reference's of which it does at least a part."""


def pair_shared(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Pair]:
    """The layers whose pieces are the same on both sides, put together otherwise.

    In the order of the reference's; a layer may stand in several pairs. A layer with a piece that
    finds no counterpart is in none, unless the outputs of those that are cut otherwise add up to
    the same: then what differs is what is done with them, and no layer.
    """
    cut = {g for n in (*seen, *expected) if len(n.groups) > 1 for g in n.groups}
    own, ours = (
        [n for n in layers if n.groups and cut.issuperset(n.groups)] for layers in (seen, expected)
    )
    if [n.groups for n in own] == [n.groups for n in ours]:
        return _pair_sums(seen, expected)
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
    paired = {id(layer) for pair in pairs for layer in pair}
    rest = [[n for n in layers if id(n) not in paired] for layers in (seen, expected)]
    place = {id(n): i for i, n in enumerate(expected)}
    return sorted([*pairs, *_pair_sums(*rest)], key=lambda pair: place[id(pair[1])])


def _pair_sums(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Pair]:
    """Layers of several pieces whose outputs, of the same inputs, add up to the same."""
    pairs: list[Pair] = []
    for stem in dict.fromkeys(map(_find_stem, expected)):
        own, ours = ([n for n in layers if _find_stem(n) == stem] for layers in (seen, expected))
        ends, bounds = ([*accumulate(map(_count_outputs, layers))] for layers in (own, ours))
        if stem and ends != bounds and ends[-1:] == bounds[-1:]:
            spans = list(zip(own, [0, *ends], ends, strict=False))
            pairs += [
                (layer, other)
                for other, begin, end in zip(ours, [0, *bounds], bounds, strict=False)
                for layer, start, stop in spans
                if start < end and begin < stop
            ]
    return pairs


def _find_stem(layer: Layer) -> str:
    """`linear/12` of several pieces with 12 inputs; empty for any other layer."""
    fits = [_MATRIX.fullmatch(group) for group in layer.groups]
    stems = {fit[1] if fit else "" for fit in fits}
    return stems.pop() if len(stems) == 1 < len(fits) else ""


def _count_outputs(layer: Layer) -> int:
    fits = [_MATRIX.fullmatch(group) for group in layer.groups]
    return sum(int(fit[2]) for fit in fits if fit)


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
