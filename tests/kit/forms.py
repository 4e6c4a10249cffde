"""Compares values with the types of `inside.schema`, key by key, and notes which keys are read."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import numpy as np

from grader.inside.schema.questions import ReturnedItem
from grader.inside.wire import Array


def hints(form: Any) -> dict[str, Any]:
    """The type of each key of a TypedDict, without saying whether it is required."""
    given = get_type_hints(form, include_extras=True)
    return {k: get_args(t)[0] if get_origin(t) is NotRequired else t for k, t in given.items()}


def required(form: Any) -> set[str]:
    """Keys that are always there. (`__required_keys__` cannot see NotRequired in text.)"""
    given = get_type_hints(form, include_extras=True)
    return {k for k in form.__required_keys__ if get_origin(given[k]) is not NotRequired}


def faults(value: Any, form: Any, where: str = "value") -> list[str]:
    """Where a value that has crossed the line differs from its type."""
    origin = get_origin(form)
    if is_typeddict(form):
        return list(_faults_of_object(value, form, where))
    if origin in (Union, types.UnionType):
        told = [faults(value, part, where) for part in get_args(form)]
        return [] if [] in told else min(told, key=len)
    if origin in (list, tuple, Sequence):
        return list(_faults_of_list(value, form, where))
    if origin in (dict, Mapping):
        if isinstance(value, dict):
            inner = get_args(form)[1]
            return [f for k, v in value.items() for f in faults(v, inner, f"{where}.{k}")]
    elif _is_plain(value, form):
        return []
    return [f"{where} is {value!r:.60}, not {form}"]


def _faults_of_list(value: Any, form: Any, where: str) -> Iterator[str]:
    parts = get_args(form)
    together = get_origin(form) is tuple
    if not isinstance(value, list) or (together and len(value) != len(parts)):
        yield f"{where} is {value!r:.60}, not {form}"
        return
    for n, item in enumerate(value):
        yield from faults(item, parts[n] if together else parts[0], f"{where}[{n}]")


def _faults_of_object(value: Any, form: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is a {type(value).__name__}, not a {form.__name__}"
        return
    types_of = hints(form)
    if more := value.keys() - types_of.keys():
        yield f"{where} has {sorted(more)}, which {form.__name__} does not name"
    if lacking := required(form) - value.keys():
        yield f"{where} lacks {sorted(lacking)} of {form.__name__}"
    for key in types_of.keys() & value.keys():
        yield from faults(value[key], types_of[key], f"{where}.{key}")


def _is_plain(value: Any, form: Any) -> bool:
    if form in (object, Any):
        return True
    if get_origin(form) is Literal:
        return value in get_args(form)
    if form == Array:  # as an origin, some versions of numpy have a name and others a class
        return isinstance(value, np.ndarray)
    if form in (None, type(None)):
        return value is None
    if form is float:
        return type(value) in (int, float)
    return type(value) is form


class Watched(dict[str, Any]):
    """An object that notes which of its keys are read, those that it lacks as well."""

    def __init__(self, value: Mapping[str, Any], form: Any) -> None:
        super().__init__(value)
        self.form = form
        self.read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """As ever."""
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)


def watch(value: Any, form: Any, seen: list[Watched]) -> Any:
    """The value with each of its objects that has a type watched, and added to `seen`."""
    origin, parts = get_origin(form), get_args(form)
    if origin in (Union, types.UnionType):
        fitting = next(p for p in parts if not faults(value, p))
        return watch(value, fitting, seen)
    if form is object and isinstance(value, dict):
        form = ReturnedItem
    if is_typeddict(form):
        types_of = hints(form)
        seen.append(Watched({k: watch(v, types_of[k], seen) for k, v in value.items()}, form))
        return seen[-1]
    if isinstance(value, list):
        inner = parts if origin is tuple else [*(parts or [object])] * len(value)
        return [watch(v, t, seen) for v, t in zip(value, inner, strict=True)]
    return value
