"""Operators of a network, and the order in which they depend on each other.

Where two branches meet, as around a residual block, it says nothing which of them ran first. So
operators are put in an order that follows from what feeds what: the longer branch before the
shorter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from grader.inside.schema.questions import Setting, Sketch

REACH = 16
"""Layers with weights behind the deepest one, up to which a source is kept. A recurrent state holds
a part of every step before, and there are hundreds.
"""


@dataclass(eq=False)
class Weight:
    """A parameter or buffer as one operator receives it."""

    role: str
    """weight, bias, running_mean or running_var."""
    view: torch.Tensor
    """The received tensor, in the layout that is compared: (in, out) for linear operators."""
    leaf: torch.Tensor
    """The tensor that owns the storage."""
    name: str
    """`conv1.weight` where the module names it, else an empty text."""


@dataclass(eq=False)
class Operator:
    """One operator with parameters, or one pooling."""

    kind: str
    name: str
    """Module path, or the parameter's prefix, or empty."""
    shape: tuple[int, ...]
    """Shape of its result without the batch dimension."""
    result: Sketch
    """What is kept of what it returned."""
    weights: list[Weight] = field(default_factory=list)
    settings: dict[str, Setting] = field(default_factory=dict)
    """Stride, padding and the like, where the operator has them."""
    dropped: list[float] = field(default_factory=list)
    """Shares that dropout takes away between this operator and the next."""
    steps: list[str] = field(default_factory=list)
    """Activations between this operator and the next that it feeds."""
    start: Sketch = None
    """Of what it received."""
    end: Sketch = None
    """Of what the next operator that it feeds received."""
    feeds: frozenset[int] = frozenset()
    """Places in the order of use of the operators whose results it received."""
    depth: int = 0
    """Operators with weights on the longest way that leads to it, itself included."""
    standing: str = ""
    """What it is and what came before it, filled in by `order`. Equal where nothing tells two
    apart.
    """
    place: tuple[str, int] | None = None
    """The student's file and line that ran it."""

    @property
    def group(self) -> str:
        """Kind and shape of its weight; empty where it has none."""
        if not self.weights:
            return ""
        return f"{self.kind}/{'x'.join(map(str, self.weights[0].view.shape))}"


def keep_near(sources: frozenset[int], operators: Sequence[Operator]) -> frozenset[int]:
    """Of places of operators that feed one thing those within `REACH` of the deepest."""
    if len(sources) <= REACH:
        return sources
    deepest = max(operators[i].depth for i in sources)
    return frozenset(i for i in sources if operators[i].depth > deepest - REACH)


def order(operators: Sequence[Operator]) -> list[Operator]:
    """The operators, given in the order of use, each after those that feed it.

    Branches stay together. A chain stays as it is, and so do operators that nothing tells apart.
    """
    for operator in operators:  # what feeds an operator was run before it
        parts = sorted({operators[i].standing for i in operator.feeds})
        if operator.group:
            text = "\n".join([operator.group, *parts])
            operator.standing = hashlib.sha256(text.encode()).hexdigest()[:16]
        else:  # poolings have many names for one thing
            operator.standing = "".join(parts)[:64]
    fed = frozenset[int]().union(*(o.feeds for o in operators))
    in_order: list[Operator] = []
    seen: set[int] = set()

    def sort(indices: frozenset[int] | set[int]) -> list[int]:
        return sorted(indices, key=lambda i: (-operators[i].depth, operators[i].standing, i))

    stack = [(i, False) for i in reversed(sort({*range(len(operators))} - fed))]
    while stack:
        index, ready = stack.pop()
        if ready:
            in_order.append(operators[index])
        elif index not in seen:
            seen.add(index)
            stack.append((index, True))
            stack += [(i, False) for i in reversed(sort(operators[index].feeds - seen))]
    return in_order
