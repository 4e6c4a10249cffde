"""What is kept of an answer: what is read of it, in the form in which it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np

from grader.inside.schema.questions import QUESTIONS, ReturnedItem
from grader.records.untrusted import ORDER

SCORES = 10_000
"""Class scores up to which each number is kept."""
_ITEMS = list[ReturnedItem] | list[tuple[str, ReturnedItem]]
"""What a ReturnedItem holds where it holds others."""


def drop_unread(ask: str, answer: object) -> object:
    """The answer with nothing in it but what `inside.schema` names for this question."""
    return _drop(answer, QUESTIONS[ask].answer)


def drop_weights(answer: object) -> object:
    """The answer of a trained network, if it is one, without its weights: only a proof takes them.
    Its scores are in the form in which they are judged.
    """
    if not isinstance(answer, dict) or answer.get("logits") is None:
        return answer
    weights: dict[str, object] = {n: [] for n in ("operands", "state") if n in answer}
    return {**answer, **weights, "logits": order_scores(answer["logits"])}


def order_scores(scores: object) -> object:
    """Of more than 10,000 class scores (N, classes), int8: 1 for the greatest of a row, -1 for the
    least, 0 for the others. Anything else as it is.
    """
    if not isinstance(scores, np.ndarray) or scores.ndim < 2 or scores.size <= SCORES:
        return scores
    if scores.dtype.kind not in "fi" or scores.dtype.str == ORDER:
        return scores
    rows = scores.reshape(len(scores), -1)
    every, order = np.arange(len(rows)), np.zeros(rows.shape, ORDER)
    order[every, np.argmin(np.nan_to_num(rows, nan=np.inf), axis=1)] = -1
    order[every, np.argmax(np.nan_to_num(rows, nan=-np.inf), axis=1)] = 1
    return order


def _drop(value: object, kind: Any) -> object:
    """The value without keys that its type does not name. What has another form stays as it is: it
    is refused by who reads it.
    """
    if isinstance(value, dict):
        named = next(filter(is_typeddict, _list_kinds(kind)), None)
        hints = {} if named is None else _find_hints(named)
        return {k: _drop(v, hints.get(k)) for k, v in value.items() if k in hints or not hints}
    if isinstance(value, list):
        options = [get_args(k) for k in _list_kinds(kind) if get_origin(k) in (list, Sequence)]
        tuples = [get_args(k) for k in _list_kinds(kind) if get_origin(k) is tuple]
        if tuples and len(tuples[0]) == len(value):
            return [_drop(v, k) for v, k in zip(value, tuples[0], strict=True)]
        inner = Union[tuple(k for (k,) in options)] if options else None  # noqa: UP007
        return [_drop(v, inner) for v in value]
    return value


def _list_kinds(kind: Any) -> Iterator[Any]:
    """The types of a union, or the one type."""
    yield from get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


@cache
def _find_hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {**hints, "item": _ITEMS} if kind is ReturnedItem else hints
