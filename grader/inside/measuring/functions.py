"""What the student's names are bound to: built, called, and read."""

from __future__ import annotations

import copy
import inspect
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized

import numpy as np
import torch

from grader.inside import remarks
from grader.inside.loading import absent
from grader.inside.loading.namespace import Names, Unanswerable, describe_place
from grader.inside.measuring import instances, network
from grader.inside.measuring.finding import find, find_directory
from grader.inside.schema.questions import (
    CallArgs,
    NetworkArgs,
    ReturnedAnswer,
    ReturnedItem,
    ValueArgs,
)
from grader.inside.schema.sizes import (
    VALUE_DEPTH,
    VALUE_DIMENSIONS,
    VALUE_ENTRIES,
    VALUE_WRITTEN,
    VALUES,
)
from grader.inside.wire import DIGITS_CAP, Array

Function = Callable[..., object]
"""One of the student's."""
_SEQUENCES = (list, tuple, torch.Size)
_ENTRY = len('{"kind":"float","item":},')
"""Characters around each number and text."""


def find_function(names: Names, name: str) -> Function:
    """The function of that name; refused where the name is bound to something else."""
    function = find(names, name)
    if not callable(function):
        raise Unanswerable(f"`{name}` is a {type(function).__name__}, not a function")
    return function


def find_maker(names: Names, args: NetworkArgs) -> Function:
    """What builds a fresh network: the class, or function, of the name `args["module"]`."""
    target = find(names, args["module"], "network", args.get("init", []))
    file = os.path.basename(str(names.get("__file__", "the file")))
    if isinstance(target, torch.nn.Module):
        kind = type(instances.unwrap(target)).__name__
        remarks.add("instance", f"`{args['module']}` is a {kind}")
        target = instances.find_maker(target, args.get("init", []), args["module"])
    if not callable(target):
        raise Unanswerable(
            f"`{args['module']}` in {file} is a {type(target).__name__}, not a class; write "
            f"`class {args['module']}(nn.Module):`"
        )

    def make() -> object:
        net = target(*copy.deepcopy(list(args.get("init", []))))
        if args.get("without") and isinstance(net, torch.nn.Module):
            _require_own(net, args["module"], args["without"])
        return net

    return make


def _require_own(net: torch.nn.Module, name: str, package: str) -> None:
    """Raise Unanswerable where a part of the network is a class of that package."""
    kinds = (kind for part in torch.nn.Module.modules(net) for kind in type(part).__mro__)
    for kind in kinds:
        if f"{kind.__module__}.".startswith(f"{package}."):
            raise Unanswerable(
                f"`{name}` is made of {kind.__module__}.{kind.__name__}, and this assignment asks "
                f"you to write it: build it from the layers of torch.nn, without {package}"
            )


def describe_forward(names: Names, net: torch.nn.Module) -> str:
    """Where the student wrote the network's `forward`, for the start of a sentence."""
    directory = find_directory(names)
    own = describe_place(getattr(type(net), "forward", None), directory)
    return own or describe_place(type(net), directory)


def require_callable(
    function: object,
    name: str,
    given: Sequence[object],
    options: Mapping[str, object] | None = None,
) -> Function:
    """The student's function. Raises Unanswerable unless it can be called so."""
    if not callable(function):
        raise Unanswerable(f"`{name}` is a {type(function).__name__}, not a function")
    try:
        inspect.signature(function).bind(*given, **(options or {}))
    except TypeError as error:
        raise Unanswerable(
            f"`{name}` cannot be called as the brief says: {error}; take the arguments that are "
            "listed there, under those names"
        ) from None
    except ValueError:  # built-in functions tell no signature
        pass
    return function


def call(names: Names, args: CallArgs) -> ReturnedAnswer:
    """What a function returns for fresh copies of the arguments, and which of them it changed."""
    function = find_function(names, args["name"])
    given = [copy_argument(a, tensors=bool(args.get("tensors"))) for a in args.get("args", [])]
    kept = [np.array(a) if isinstance(a, np.ndarray) else None for a in args.get("args", [])]
    result = describe(function(*given), f"what `{args['name']}` returns")
    changed = [
        i
        for i, (now, then) in enumerate(zip(given, kept, strict=True))
        if then is not None
        and not np.array_equal(_read_numbers(now), then, equal_nan=then.dtype.kind in "fc")
    ]
    return {"value": result, "changed": changed}


def copy_argument(value: object, *, tensors: bool = False) -> object:
    """A copy that may be written to: what came over the wire is read-only."""
    if isinstance(value, np.ndarray):
        fresh = np.array(value)
        return torch.from_numpy(fresh) if tensors else fresh
    return copy.deepcopy(value)


def _read_numbers(value: object) -> Array:
    return network.array(value) if isinstance(value, torch.Tensor) else np.asarray(value)


def value(names: Names, args: ValueArgs) -> ReturnedAnswer:
    """What a name is bound to; `...` in a list, a blank that was left, stands there as None."""
    found = find(names, args["name"], "value")
    described = describe(found, f"`{args['name']}`", blanks=True)
    return {"value": described, "changed": []}


def describe(
    item: object,
    what: str = "it",
    *,
    most: int = VALUES,
    longest: float = VALUE_WRITTEN,
    blanks: bool = False,
) -> ReturnedItem:
    """A result as plain data with its kind kept, of at most so many numbers and characters, of
    which `longest` may be written down outside arrays. With `blanks` each `...` in a list or tuple
    is None.

    Sizes are looked at before anything is converted. `what` begins the sentences that refuse it.
    """
    return _Description(what, most, longest, blanks=blanks).of(item)


class _Description:
    """What one result is as plain data, as long as it holds no more than is allowed."""

    def __init__(self, what: str, most: int, longest: float, *, blanks: bool) -> None:
        self.what, self.most, self.longest, self.blanks = what, most, longest, blanks
        self.count = 0
        """Numbers and characters so far."""
        self.written = 0
        """Characters so far of what is no array, as it is sent."""

    def of(self, item: object, depth: int = 0) -> ReturnedItem:
        """The item itself, at that depth of the result."""
        if isinstance(item, (torch.Tensor, np.ndarray, np.generic)):
            return self._of_array(item)
        if type(item) is int and abs(item) >= 10**DIGITS_CAP:
            raise Unanswerable(
                f"{self.what} is a whole number of more than {DIGITS_CAP} digits; look for a power "
                "or a product that grows without end"
            )
        if item is None or type(item) in (bool, int, float, str):
            self._count_plain(item)
            return {"kind": type(item).__name__, "item": item}
        exact = type(item)  # what a subclass would answer is unknown
        if isinstance(item, (list, tuple)) and exact in _SEQUENCES and _is_small(item, depth):
            self._count_plain(None)
            entries = (None if self.blanks and i is ... else i for i in item)
            parts = [self.of(i, depth + 1) for i in entries]
            return {"kind": "list" if exact is list else "tuple", "item": parts}
        if isinstance(item, dict) and exact is dict and _is_small(item, depth) and _has_texts(item):
            for key in item:
                self._count_plain(key)
            pairs = [(k, self.of(v, depth + 1)) for k, v in item.items()]
            return {"kind": "dict", "item": pairs}
        absent.refuse(item, self.what)
        raise Unanswerable(_explain_unfit(item, self.what, depth))

    def _of_array(self, item: torch.Tensor | Array | np.generic) -> ReturnedItem:
        if isinstance(item, torch.Tensor):
            network.require_numbers(item, self.what)
        _require_small(tuple(item.shape), self.what, self.most)
        self._add(math.prod(item.shape))
        if isinstance(item, torch.Tensor):
            dense = item if item.layout is torch.strided else item.detach().to_dense()
            return {"kind": "tensor", "item": network.array(dense)}
        array = np.array(item)
        if array.dtype.kind not in "biufc":
            raise Unanswerable(f"{self.what} is an array of {array.dtype}, not of numbers")
        if array.dtype in (np.longdouble, np.clongdouble):  # no two machines have the same
            array = array.astype(np.float64 if array.dtype == np.longdouble else np.complex128)
        return {"kind": "array", "item": array}

    def _count_plain(self, item: object) -> None:
        """A text by its characters, anything else as one."""
        self._add(max(1, len(item)) if isinstance(item, str) else 1)
        self.written += _ENTRY + len(json.dumps(item) if isinstance(item, str) else repr(item))
        if self.written > self.longest:
            raise Unanswerable(
                f"{self.what} is longer than {self.longest:,} characters where it is written "
                "down; return an array, or less"
            )

    def _add(self, count: int) -> None:
        self.count += count
        if self.count > self.most:
            raise Unanswerable(
                f"{self.what} holds more than {self.most:,} numbers and characters, which are the "
                "most that can be compared"
            )


def _explain_unfit(item: object, what: str, depth: int) -> str:
    """Why something is no result."""
    kind = type(item)
    if item is ...:
        return f"{what} is `...`, a blank that was left; put your own code in its place"
    if kind is complex:
        return f"{what} is a complex number; a real one is needed"
    if kind in (*_SEQUENCES, dict) and isinstance(item, Sized):
        if depth >= VALUE_DEPTH:
            return f"{what} is nested more than {VALUE_DEPTH} deep; return fewer levels"
        if len(item) > VALUE_ENTRIES:
            return (
                f"{what} is a {kind.__name__} of {len(item):,} entries; {VALUE_ENTRIES:,} are the "
                "most that can be compared, or an array of more"
            )
    return f"{what} is a {kind.__name__}; return a number, an array, a tensor or a list of them"


def _require_small(shape: tuple[int, ...], what: str, most: int) -> None:
    """Raise Unanswerable, before a copy is made, for an array that cannot be compared.

    One without numbers may still have rows without end.
    """
    if len(shape) > VALUE_DIMENSIONS:
        raise Unanswerable(
            f"{what} is an array of {len(shape)} dimensions; {VALUE_DIMENSIONS} are the most that "
            "can be compared"
        )
    count = math.prod(n for n in shape if n)
    if count > most:
        held = f"{count:,} numbers" if all(shape) else "no numbers, but rows without end,"
        raise Unanswerable(
            f"{what} holds {held} in shape {shape}; {most:,} are the most that can be compared"
        )


def _is_small(item: Sized, depth: int) -> bool:
    return depth < VALUE_DEPTH and len(item) <= VALUE_ENTRIES


def _has_texts(keys: Iterable[object]) -> bool:
    return all(type(k) is str for k in keys)
