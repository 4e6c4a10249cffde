"""What a network returns: one tensor of scores, or any tensors in tuples, lists and dictionaries.

What an assignment says of it decides: `logits` is one tensor with a row of scores for each input,
`scores` the same but perhaps the first of several, `probabilities` and `raw` are whatever comes.
Sizes are looked at before anything is converted: a tensor of a few bytes may call itself huge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import torch

from grader.inside.loading import absent
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import network
from grader.inside.schema.questions import Output, ReturnedItem
from grader.inside.wire import BODY_CAP

DEPTH, MOST = 6, 64
"""Of what a network may return: how deep tensors lie, and how many there are."""
LARGEST = BODY_CAP // 8 - 4096
"""Numbers of all tensors of one answer together, as many as an answer can carry."""


def check(value: object, output: Output, count: int, where: str = "") -> object:
    """The value, if it is what the assignment says; else Unanswerable with the reason.

    `count` is the number of inputs, `where` the place of `forward`, as `namespace.describe_place`
    writes it.
    """
    absent.refuse(value, f"{where}what the network returns")
    if output == "logits":
        return check_scores(value, count, where)
    if output == "scores":
        check_scores(find_first(value, where), count, where)
    _require_small(value, where)
    return value


def check_scores(value: object, count: int, where: str = "", *, rows: bool = False) -> torch.Tensor:
    """One tensor of floating-point numbers with one row per input, or Unanswerable.

    `rows` asks for a row of several numbers per input, of any kind.
    """
    absent.refuse(value, f"{where}what the network returns")
    if not isinstance(value, torch.Tensor):
        raise Unanswerable(f"{where}the network returns {_name_unfit_scores(value)}")
    network.require_numbers(value, f"{where}what the network returns")
    if value.dim() < 1:
        raise Unanswerable(
            f"{where}the network returns a single number, as a loss is; return the scores, one row "
            "per input"
        )
    if value.shape[0] != count:
        raise Unanswerable(
            f"{where}for {count} inputs the network returns a tensor of shape "
            f"{tuple(value.shape)}; its first dimension has to be {count}, one row per input"
        )
    if rows and value.dim() < 2:
        raise Unanswerable(
            f"{where}the network returns one number for each input; return the scores of all "
            "classes, a row per input, without argmax"
        )
    if not rows:
        require_floats(value, where, "scores")
    _require_small(value, where)
    return value


def require_floats(value: torch.Tensor, where: str, what: str = "numbers") -> None:
    """Raise Unanswerable for numbers that have no derivative; `what` names those to return."""
    if not value.is_floating_point():
        kind = str(value.dtype).removeprefix("torch.")
        raise Unanswerable(
            f"{where}the network returns {kind} numbers; return the {what} as the last layer "
            "gives them, without argmax, round or a conversion"
        )


def _name_unfit_scores(value: object) -> str:
    """What is no tensor, and what to return in its place."""
    if value is None:
        return "nothing (None); end `forward` with `return` and the scores"
    return f"{_name(value)}; return one tensor with a row of class scores per picture"


def _name(value: object) -> str:
    more = f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else ""
    return f"a {type(value).__name__}{more}"


# ---------------------------------------------------------------------- several tensors


def list_tensors(value: object, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor with the way to it, `[1][0]` or `['code']`; an empty way for the value itself.

    Ends after `MOST`, so that a value that holds itself is no trap.
    """
    if isinstance(value, torch.Tensor):
        yield "", value
    elif depth < DEPTH:
        for key, item in _list_items(value):
            for way, tensor in list_tensors(item, depth + 1):
                yield f"[{key!r}]{way}", tensor


def _list_items(value: object) -> Iterator[tuple[object, object]]:
    """Keys and entries of a tuple, a list, a dictionary or a record; of anything else none."""
    if isinstance(value, (tuple, list)):
        yield from zip(range(MOST + 1), value, strict=False)
    elif isinstance(value, Mapping):
        yield from zip(map(str, value), value.values(), strict=False)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield field.name, getattr(value, field.name, None)


def _take(value: object) -> list[tuple[str, torch.Tensor]]:
    """The first tensors, one more than are allowed at most."""
    return [pair for _, pair in zip(range(MOST + 1), list_tensors(value), strict=False)]


def find_first(value: object, where: str = "") -> torch.Tensor:
    """The first tensor of what the network returns. Raises Unanswerable where there is none."""
    first = next(list_tensors(value), None)
    if first is None:
        raise Unanswerable(f"{where}the network returns {_name_unfit(value)}")
    return first[1]


def _name_unfit(value: object) -> str:
    if value is None:
        return "nothing (None); end `forward` with `return` and the result"
    return f"{_name(value)} without a tensor; return the result as torch gives it"


def _require_small(value: object, where: str) -> None:
    """Raise Unanswerable for what cannot be sent, by what its tensors say of themselves."""
    tensors = _take(value)
    if not tensors:
        find_first(value, where)
    if len(tensors) > MOST:
        raise Unanswerable(
            f"{where}the network returns more than {MOST} tensors; return those that the brief "
            "asks for, stacked where they belong together"
        )
    for way, tensor in tensors:
        network.require_numbers(tensor, f"{where}what the network returns{way and f' in {way}'}")
    total = sum(t.numel() for _, t in tensors)
    if total > LARGEST:
        shapes = ", ".join(str(tuple(t.shape)) for _, t in tensors[:3])
        raise Unanswerable(
            f"{where}the network returns {total:,} numbers (of shape {shapes}); {LARGEST:,} are "
            "the most that can be compared"
        )


def describe(value: object) -> ReturnedItem:
    """What a checked network returned, its tensors as arrays, in the same lists and dictionaries.

    Whole numbers and truth values become int64, complex ones pairs; what holds no tensor is None.
    """
    return _describe(value, 0)


def _describe(value: object, depth: int) -> ReturnedItem:
    if isinstance(value, torch.Tensor):
        return {"kind": "tensor", "item": network.array(_simplify(value))}
    if depth < DEPTH and next(list_tensors(value, depth), None) is not None:
        pairs = [(str(k), _describe(v, depth + 1)) for k, v in _list_items(value)]
        if isinstance(value, (tuple, list)):
            return {"kind": "tuple", "item": [item for _, item in pairs]}
        return {"kind": "dict", "item": pairs}
    return {"kind": "NoneType", "item": None}


def _simplify(tensor: torch.Tensor) -> torch.Tensor:
    dense = tensor.detach().to_dense() if tensor.layout is not torch.strided else tensor.detach()
    if dense.is_complex():
        return torch.view_as_real(dense.resolve_conj())
    return dense if dense.is_floating_point() else dense.to(torch.int64)


# ---------------------------------------------------------------------- classes


def find_classes(dimensions: int) -> int:
    """In which dimension of scores the classes stand.

    Last in (N, C) and (N, T, C), second in (N, C, H, W), as torch's layers have them.
    """
    return 1 if dimensions > 3 else dimensions - 1


def normalise(scores: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of scores, without dimensions of one; what are some stays as it is.

    Of one class there is nothing to normalise: its score says everything.
    """
    kept = [n for n in scores.shape[1:] if n != 1]
    axis, scores = find_classes(1 + len(kept)), scores.reshape(len(scores), *kept)
    return torch.log_softmax(scores, dim=axis) if axis else scores


def list_comparable(value: object, output: Output) -> list[torch.Tensor]:
    """The tensors of a checked answer, the scores normalised."""
    tensors = [t for _, t in _take(value)]
    if output in ("logits", "scores"):
        tensors[0] = normalise(tensors[0])
    return tensors
