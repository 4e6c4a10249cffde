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
    """What was received, in the layout that is compared: (in, out) for linear operators, and for
    a convolution, whose inputs are the numbers of a window.
    """
    leaf: torch.Tensor
    """The tensor that owns the storage."""
    name: str
    """`conv1.weight` where the module names it, else an empty text."""
    places: torch.Tensor | None = None
    """Where each number of the view lies, if it is a copy: its number among those of all weights,
    or, if `local`, its place in the memory of `leaf`. None where the view shares that memory.
    """
    local: bool = False
    matrices: tuple[int, ...] = ()
    """For a batch of products: the number of the matrix that each of them takes."""
    shown: tuple[int, ...] = ()
    """The shape in which it is shown: (out, in, height, width) for a convolution. () for the
    view's own.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in which it is shown."""
        return self.shown or tuple(self.view.shape)


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
    pieces: list[list[Weight]] = field(default_factory=list)
    """The weights again, cut where outputs go different ways, as the queries, keys and values of
    one product do: so it does not count how many layers share the work. Filled in at the end.
    """
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
    standings: tuple[str, ...] = ()
    """For each piece what it is and what came before, filled in by `order`. Equal where nothing
    tells two apart.
    """
    place: tuple[str, int] | None = None
    """The student's file and line that ran it, or that made it where a container of torch's ran
    it.
    """

    @property
    def groups(self) -> list[str]:
        """The group of each piece."""
        return [name_group(self.kind, piece) for piece in self.pieces]


def name_group(kind: str, weights: Sequence[Weight]) -> str:
    """What can be taken for each other: what is computed, with which shape of a weight.

    A convolution is a product of its windows with a matrix.
    """
    view = weights[0].view
    what = "linear" if kind == "convolution" and view.dim() == 2 else kind
    return f"{what}/{'x'.join(map(str, view.shape))}"


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
        parts = sorted({s for i in operator.feeds for s in operators[i].standings})
        if operator.pieces:
            operator.standings = tuple(_digest([group, *parts]) for group in operator.groups)
        else:  # poolings have many names for one thing
            operator.standings = ("".join(parts)[:64],)
    fed = frozenset[int]().union(*(o.feeds for o in operators))
    in_order: list[Operator] = []
    seen: set[int] = set()

    def rank(i: int) -> tuple[int, list[str], int]:
        return -operators[i].depth, sorted(set(operators[i].standings)), i

    def sort(indices: frozenset[int] | set[int]) -> list[int]:
        return sorted(indices, key=rank)

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


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
