"""`torch.compile` leaves functions and networks as they are, and says so.

So do `torch.jit.script` and `torch.jit.trace` of networks: the layers of a scripted one cannot be
seen as they run, nor its weights replaced. Saving one works as ever.

Compiling takes a compiler and minutes, and changes no result. Where the whole class is compiled,
its first use would be charged to the student.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from grader.inside import remarks

Decorator = Callable[[object], object]
_PREFIX = "_orig_mod."
"""What stands before each name in the state_dict of a compiled network."""


def install() -> None:
    """Nothing is compiled from here on."""
    base: Any = torch
    base.compile = _compile
    base._dynamo.optimize = base._dynamo.optimize_assert = _optimize
    base.jit.script, base.jit.trace = _pass_over(torch.jit.script), _pass_over(torch.jit.trace)
    module: Any = torch.nn.Module
    module.compile = _compile_in_place
    module._orig_mod = property(_return_self)
    unused = getattr(module, "__jit_unused_properties__", [])
    module.__jit_unused_properties__ = [*unused, "_orig_mod"]  # torch.jit.script reads properties


def _pass_over(plain: Callable[..., Any]) -> Callable[..., object]:
    """The function, that leaves networks as they are but for a `save` like a scripted one's."""

    @functools.wraps(plain)
    def script(item: object = None, *args: object, **named: object) -> object:
        if not isinstance(item, torch.nn.Module) or isinstance(item, torch.jit.ScriptModule):
            return plain(item, *args, **named)
        remarks.add("scripted")
        if not hasattr(item, "save"):
            item.__dict__["save"] = lambda *to, **how: plain(item, *args, **named).save(*to, **how)
        return item

    return script


def _return_self(network: object) -> object:
    """What a compiled network keeps of the one that it was made of."""
    return network


def _compile(model: object = None, **_: object) -> object:
    """The function, class or network itself; a decorator where none is given."""
    remarks.add("compiled")
    if isinstance(model, torch.nn.Module):
        model._register_load_state_dict_pre_hook(_drop_prefix)
    return _return_self if model is None else model


def _drop_prefix(state: dict[str, object], prefix: str, *_: object) -> None:
    """What a compiled network saved at home fits the one that is not compiled."""
    for key in [k for k in state if k.startswith(prefix + _PREFIX)]:
        state[prefix + key[len(prefix + _PREFIX) :]] = state.pop(key)


def _compile_in_place(_network: object, *_: object, **__: object) -> None:
    remarks.add("compiled")


def _optimize(*_: object, **__: object) -> Decorator:
    remarks.add("compiled")
    return _return_self
