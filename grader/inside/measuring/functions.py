"""What the student's names are bound to: built, called, and read."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from grader.inside.loading import absent
from grader.inside.loading.namespace import Unanswerable, located
from grader.inside.measuring import network
from grader.inside.measuring.finding import directory_of, named


def callable_named(names: dict[str, Any], name: str) -> Any:
    """The function of that name; refused where the name is bound to something else."""
    function = named(names, name)
    if not callable(function):
        raise Unanswerable(f"`{name}` is a {type(function).__name__}, not a function")
    return function


def maker(names: dict[str, Any], args: dict[str, Any]) -> Callable[[], Any]:
    """What builds a fresh network: the class, or function, of the name `args["module"]`."""
    target = named(names, args["module"], "network", args.get("init", []))
    file = os.path.basename(str(names.get("__file__", "the file")))
    if isinstance(target, torch.nn.Module):
        raise Unanswerable(
            f"`{args['module']}` in {file} is a finished network, not the class; write "
            f"`class {args['module']}(nn.Module):`"
        )
    if not callable(target):
        raise Unanswerable(
            f"`{args['module']}` in {file} is a {type(target).__name__}, not a class; write "
            f"`class {args['module']}(nn.Module):`"
        )

    def make() -> Any:
        net = target(*copy.deepcopy(list(args.get("init", []))))
        if args.get("without") and isinstance(net, torch.nn.Module):
            _written(net, args["module"], args["without"])
        return net

    return make


def _written(net: torch.nn.Module, name: str, package: str) -> None:
    """Raise Unanswerable where a part of the network is a class of that package."""
    kinds = (kind for part in torch.nn.Module.modules(net) for kind in type(part).__mro__)
    for kind in kinds:
        if f"{kind.__module__}.".startswith(f"{package}."):
            raise Unanswerable(
                f"`{name}` is made of {kind.__module__}.{kind.__name__}, and this assignment asks "
                f"you to write it: build it from the layers of torch.nn, without {package}"
            )


def where_written(names: dict[str, Any], net: torch.nn.Module) -> str:
    """Where the student wrote the network's `forward`, for the start of a sentence."""
    directory = directory_of(names)
    own = located(getattr(type(net), "forward", None), directory)
    return own or located(type(net), directory)


def accepts(
    function: Any, name: str, given: Sequence[Any], options: Mapping[str, Any] | None = None
) -> None:
    """Raise Unanswerable unless the student's function can be called so."""
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


def call(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """What a function returns for fresh copies of the arguments, and which of them it changed."""
    function = callable_named(names, args["name"])
    given = [_argument(a, tensors=bool(args.get("tensors"))) for a in args.get("args", [])]
    kept = [np.array(a) if isinstance(a, np.ndarray) else None for a in args.get("args", [])]
    result = returned(function(*given))
    changed = [
        i
        for i, (now, then) in enumerate(zip(given, kept, strict=True))
        if then is not None
        and not np.array_equal(_numbers(now), then, equal_nan=then.dtype.kind in "fc")
    ]
    return {"value": result, "changed": changed}


def _argument(value: Any, *, tensors: bool) -> Any:
    if isinstance(value, np.ndarray):
        fresh = np.array(value)
        return torch.from_numpy(fresh) if tensors else fresh
    return copy.deepcopy(value)


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    return network.array(value) if isinstance(value, torch.Tensor) else value


def value(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """What a name is bound to."""
    return {"value": returned(named(names, args["name"], "value")), "changed": []}


def returned(item: Any, depth: int = 0) -> Any:
    """A result as plain data with its kind kept, lists and dictionaries to a depth of eight."""
    if isinstance(item, torch.Tensor):
        return {"kind": "tensor", "item": network.array(item)}
    if isinstance(item, (np.ndarray, np.generic)):
        array = np.array(item)
        if array.dtype.kind not in "biufc":
            raise Unanswerable(f"it holds an array of {array.dtype}, not of numbers")
        return {"kind": "array", "item": array}
    if item is None or type(item) in (bool, int, float, str):
        return {"kind": type(item).__name__, "item": item}
    if type(item) in (list, tuple, torch.Size) and depth < 8 and len(item) <= 10_000:
        kind = "list" if type(item) is list else "tuple"
        return {"kind": kind, "item": [returned(i, depth + 1) for i in item]}
    if (
        type(item) is dict
        and depth < 8
        and len(item) <= 10_000
        and all(type(k) is str for k in item)
    ):
        rows = [[k, returned(v, depth + 1)] for k, v in item.items()]
        return {"kind": "dict", "item": rows}
    absent.refuse(item, "it")
    if item is ...:
        raise Unanswerable("it is `...`, a blank that was left; put your own code in its place")
    raise Unanswerable(
        f"it is a {type(item).__name__}; return a number, an array, a tensor or a list of them"
    )
