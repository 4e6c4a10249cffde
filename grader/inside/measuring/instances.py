"""Finished networks: what builds fresh ones like them.

A name that should mean a class is often bound to an instance, `LeNet5 = LeNet5()` or a Sequential.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch

from grader.inside.loading.namespace import Unanswerable

Maker = Callable[..., object]
"""Builds a fresh network when it is called with the arguments of the constructor."""
_WRAPPED = ("module", "_orig_mod")
"""Where DataParallel and torch.compile keep the network that they wrap."""
_LAYERS = 5
"""Wrappers around wrappers that are taken off."""


def unwrap(net: torch.nn.Module) -> torch.nn.Module:
    """The network within DataParallel or torch.compile."""
    for _ in range(_LAYERS):
        kind = type(net)
        if not (kind.__module__.startswith("torch.") and kind.__name__ in _WRAPPERS):
            break
        inner = next((m for n, m in net._modules.items() if n in _WRAPPED and m is not None), None)
        if inner is None:
            break
        net = inner
    return net


_WRAPPERS = ("DataParallel", "DistributedDataParallel", "OptimizedModule")


def list_shapes(net: torch.nn.Module) -> list[list[int]] | None:
    """The shapes of its parameters, each once; None where they depend on the first input."""
    parameters = list(torch.nn.Module.parameters(net))
    if any(isinstance(p, torch.nn.UninitializedParameter) for p in parameters):
        return None
    return [list(p.shape) for p in parameters]


def find_maker(net: torch.nn.Module, init: Sequence[object], name: str) -> Maker:
    """What builds a network like this one: its class, where that makes the same of nothing, or
    takes the arguments `init` that the brief gives; else a copy of it, with weights drawn anew.
    """
    net = unwrap(net)
    kind = type(net)
    if not kind.__module__.startswith("torch."):
        try:
            made = kind(*copy.deepcopy(list(init)))
            if init or describe(made) == describe(net):
                return kind
        except Exception:  # it wants other arguments, which only its author knew
            pass
    return lambda *_: _copy(net, name)


def describe(value: object) -> object:
    """By this two networks are told apart: their parts with sizes and settings, and their shapes;
    None for what is none.
    """
    if not isinstance(value, torch.nn.Module):
        return None
    parts = [(type(m), m.extra_repr()) for m in torch.nn.Module.modules(value)]
    return parts, list_shapes(value)


def _copy(net: torch.nn.Module, name: str) -> torch.nn.Module:
    try:
        fresh = copy.deepcopy(net)
    except Exception as error:
        raise Unanswerable(
            f"`{name}` is a finished network, of which no copy can be made "
            f"({type(error).__name__}); write `class {name}(nn.Module):`, or a function `{name}` "
            "that builds and returns it"
        ) from None
    torch.nn.Module.zero_grad(fresh, set_to_none=True)
    for part in torch.nn.Module.modules(fresh):
        draw = getattr(part, "reset_parameters", None)
        if type(part).__module__.startswith("torch.nn.") and callable(draw):
            draw()
    return fresh
