"""How the numbers of an operator's weights lie: as a matrix, in pieces, in a tensor's memory.

A convolution without groups is a product of its windows with a matrix (C·height·width, out), a
batch of matrices is several matrices side by side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from grader.inside.measuring.flow import Flow, count_places
from grader.inside.measuring.order import Operator, Weight


def make_matrix(weight: Weight, flow: Flow, leaves: dict[int, torch.Tensor]) -> Weight:
    """The same weight as a matrix (in, out); as it is, where its numbers cannot be followed."""
    view, places = weight.view, weight.places
    if view.dim() == 3 and view.shape[0] == 1:
        return replace(weight, view=view[0], places=None if places is None else places[0])
    if view.dim() < 3:
        return weight
    if places is None:
        places = flow.find_places(view, leaves)
    if places is None:
        return weight
    known: dict[int, int] = {}
    matrices = tuple(known.setdefault(n, len(known)) for n in places[:, 0, 0].tolist())
    first = [matrices.index(n) for n in range(len(known))]
    view, places = (
        t[first].permute(1, 0, 2).reshape(t.shape[1], -1) for t in (view.detach(), places)
    )
    return replace(weight, view=view, places=places, matrices=matrices)


def number_outputs(weight: Weight, axis: int, dims: int) -> torch.Tensor:
    """The number of each output of a product, along the dimension `axis` of its result."""
    count = weight.view.shape[1]
    if weight.matrices:
        each = count // (max(weight.matrices) + 1)
        rows = torch.tensor(weight.matrices)[:, None] * each + torch.arange(each)
        return rows[:, None, :] if axis == -1 else rows[:, :, None]
    shape = [1] * dims
    shape[axis] = count
    return torch.arange(count).reshape(shape)


def classify_outputs(weight: Weight, flow: Flow) -> torch.Tensor | None:
    """Outputs of several matrices, or of several tensors, are of several classes."""
    if weight.matrices:
        total = max(weight.matrices) + 1
        return torch.arange(total).repeat_interleave(weight.view.shape[1] // total)
    return None if weight.places is None else flow.find_owners(weight.places)


def unfold_kernel(weight: Weight, flow: Flow, leaves: dict[int, torch.Tensor]) -> Weight:
    """The weight of a convolution without groups as (C·height·width, out)."""
    view, places = weight.view, weight.places
    if places is None:
        try:
            flat = view.view(len(view), -1)
            return replace(weight, view=flat.t(), shown=tuple(view.shape))
        except RuntimeError:  # channels lie last
            places = flow.find_places(view, leaves)
    if places is None:
        return weight
    flat, places = (t.reshape(len(t), -1).t() for t in (view.detach(), places))
    return replace(weight, view=flat, places=places, shown=tuple(view.shape))


# ---------------------------------------------------------------------- pieces


def cut(
    operator: Operator,
    inputs: Sequence[Sequence[int]],
    parts: Sequence[Sequence[int]],
    flow: Flow,
) -> list[list[Weight]]:
    """The weights of an operator, in as many pieces as its outputs have parts, or else its inputs.

    `inputs` holds those in their order, part by part, or nothing for the one in which they stand.

    Raises ValueError for numbers that lie in several tensors.
    """
    if not operator.weights:
        return []
    first = operator.weights[0]
    order = list(itertools.chain.from_iterable(inputs))
    at_places = math.prod(first.shown[2:]) == 1  # no window of a convolution is larger
    fits = first.role == "weight" and first.view.dim() == 2 and at_places
    if not fits or len(first.view) != len(order):
        inputs, order = (), []
    outputs = first.view.shape[-1] if first.role == "weight" and first.view.dim() == 2 else 0
    if parts and sum(map(len, parts)) == outputs:
        if order != list(range(len(order))):
            first = operator.weights[0] = _take(first, order, axis=0)
        return _cut_outputs(operator, parts, flow)
    rest = [_own(w, flow) for w in operator.weights[1:]]
    if not inputs:
        return [[_own(first, flow), *rest]]
    pieces = [[_own(_take(first, part, axis=0), flow)] for part in inputs]
    pieces[0] += rest
    return pieces


def _cut_outputs(
    operator: Operator, parts: Sequence[Sequence[int]], flow: Flow
) -> list[list[Weight]]:
    pieces = []
    outputs = operator.weights[0].view.shape[-1:]
    for number, part in enumerate(parts):
        whole = [w for w in operator.weights if w.view.shape[-1:] == outputs]
        piece = [_own(_take(w, part), flow) for w in whole]
        if not number:
            piece += [_own(w, flow) for w in operator.weights if w not in whole]
        pieces.append(piece)
    return pieces


def _take(weight: Weight, indices: Sequence[int], axis: int = -1) -> Weight:
    """The part of a weight along its outputs, or along its inputs with `axis` 0."""
    shown = weight.shown and tuple(
        len(indices) if i == axis + 1 else n for i, n in enumerate(weight.shown)
    )
    step = indices[1] - indices[0] if len(indices) > 1 else 1
    even = step > 0 and all(b - a == step for a, b in itertools.pairwise(indices))
    if weight.places is None and even:
        chosen = slice(indices[0], indices[-1] + 1, step)
        view = weight.view[chosen] if axis == 0 else weight.view[..., chosen]
        return replace(weight, view=view, shown=shown)
    places, local, numbers = weight.places, weight.local, torch.tensor(indices)
    if places is None:
        offset = weight.view.storage_offset() - weight.leaf.storage_offset()
        every = torch.arange(count_places(weight.leaf))
        places, local = every.as_strided(weight.view.shape, weight.view.stride(), offset), True
    return replace(
        weight,
        view=weight.view.detach().index_select(axis, numbers),
        places=places.index_select(axis, numbers),
        local=local,
        shown=shown,
    )


def _own(weight: Weight, flow: Flow) -> Weight:
    """The same, with the tensor that owns its numbers."""
    if weight.places is None or weight.local:
        return weight
    found = flow.find_owner(weight.places)
    if found is None:
        raise ValueError("the numbers of a weight lie in several tensors")
    leaf, places = found
    return replace(weight, leaf=leaf, places=places, local=True)


# ---------------------------------------------------------------------- memory


def read(owner: torch.Tensor, weight: Weight) -> torch.Tensor:
    """`owner`, which lies in memory like the weight's leaf, seen as the operator saw the leaf."""
    if weight.places is not None:
        return _flatten(owner, weight)[weight.places]
    view, leaf = weight.view, weight.leaf
    offset = view.storage_offset() - leaf.storage_offset() + owner.storage_offset()
    return torch.as_strided(owner, view.shape, view.stride(), offset)


def _flatten(owner: torch.Tensor, weight: Weight) -> torch.Tensor:
    """All its numbers in the order of its memory."""
    return torch.as_strided(owner, (count_places(weight.leaf),), (1,), owner.storage_offset())


def store(owner: torch.Tensor, weight: Weight, numbers: torch.Tensor) -> None:
    """Put numbers of the view's shape into `owner`, which lies in memory like the leaf."""
    if weight.places is not None:
        _flatten(owner, weight)[weight.places] = numbers.to(owner.dtype)
    else:
        read(owner, weight).copy_(numbers)


def show(weight: Weight, numbers: torch.Tensor) -> torch.Tensor:
    """Numbers of the view's shape in the shape in which the weight is shown."""
    return numbers.t().reshape(weight.shown) if weight.shown else numbers


def fill(owner: torch.Tensor, weight: Weight, numbers: torch.Tensor) -> None:
    """Put the same numbers into `owner` again and again, in the order of the transposed matrix.

    That is how most keep a large one in memory, so nothing has to be made beside it.
    """
    whole = None
    if weight.places is None:
        target = read(owner, weight)
        turned = target.t() if target.dim() == 2 else target
        if turned.is_contiguous():
            repeat(turned.view(-1), numbers.to(owner.dtype))
            return
        whole = torch.empty(turned.shape, dtype=owner.dtype)
    else:
        whole = torch.empty(weight.view.t().shape, dtype=owner.dtype)
    repeat(whole.view(-1), numbers.to(owner.dtype))
    store(owner, weight, whole.t() if whole.dim() == 2 else whole)


def repeat(flat: torch.Tensor, numbers: torch.Tensor) -> None:
    """`flat` (N,) holds the numbers again and again."""
    for part in flat.split(len(numbers)):
        part.copy_(numbers[: len(part)])
