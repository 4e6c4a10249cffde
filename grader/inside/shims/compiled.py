"""`torch.compile` leaves functions and networks as they are, and says so.

Compiling takes a compiler and minutes, and changes no result. Where the whole class is compiled,
its first use would be charged to the student.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from grader.inside import remarks

Decorator = Callable[[object], object]


def install() -> None:
    """Nothing is compiled from here on."""
    base: Any = torch
    base.compile = _compile
    base._dynamo.optimize = base._dynamo.optimize_assert = _optimize
    module: Any = torch.nn.Module
    module.compile = _compile_in_place
    module._orig_mod = property(_return_self)


def _return_self(network: object) -> object:
    """What a compiled network keeps of the one that it was made of."""
    return network


def _compile(model: object = None, **_: object) -> object:
    """The function, class or network itself; a decorator where none is given."""
    remarks.add("compiled")
    return _return_self if model is None else model


def _compile_in_place(_network: object, *_: object, **__: object) -> None:
    remarks.add("compiled")


def _optimize(*_: object, **__: object) -> Decorator:
    remarks.add("compiled")
    return _return_self
