"""What belongs to a network: what it has registered, and tensors that it keeps otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import torch

DEPTH = 4
"""Lists within lists that are looked into."""
_MOST = 10_000
"""Entries of all lists together."""
_OWN = frozenset(vars(torch.nn.Module()))
"""Attributes in which every module keeps what it has registered."""


def list_named(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers, plain tensors in attributes, and what is trained in plain lists, by the
    base class's own path.

    An overridden `parameters()` is not asked.
    """
    base = torch.nn.Module
    named: list[tuple[str, torch.Tensor]] = list(base.named_parameters(module))
    named += list(base.named_buffers(module))
    for path, child in base.named_modules(module):
        held = [(k, v) for k, v in vars(child).items() if isinstance(v, torch.Tensor)]
        named += [(f"{path}.{k}" if path else k, v) for k, v in held]
    named += _list_held(module)
    return [(n, t) for n, t in named if isinstance(t, torch.Tensor)]


def _list_held(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters in lists, tuples and dictionaries, which torch does not look into: `w[0]`."""
    base = torch.nn.Module
    found: list[tuple[str, torch.Tensor]] = []
    seen: set[int] = set()
    waiting: list[tuple[str, object, int]] = [("", module, 0)]
    while waiting and len(seen) < _MOST:
        name, item, depth = waiting.pop()
        if id(item) in seen or depth > DEPTH:
            continue
        seen.add(id(item))
        if isinstance(item, torch.Tensor):
            if item.requires_grad and item.is_leaf:  # else it is a result that was kept
                found.append((name, item))
        elif isinstance(item, torch.nn.Module):
            if name:
                found += [(f"{name}.{k}", p) for k, p in base.named_parameters(item)]
            for path, child in base.named_modules(item):
                where = ".".join(filter(None, (name, path)))
                own = ((k, v) for k, v in vars(child).items() if k not in _OWN)
                kept = ((k, v) for k, v in own if isinstance(v, (list, tuple, dict)))
                waiting += [(f"{where}.{k}" if where else k, v, depth + 1) for k, v in kept]
        else:
            room = max(0, _MOST - len(seen) - len(waiting))
            entries = itertools.islice(_list_entries(item), room)
            waiting += [(f"{name}[{k}]", v, depth + 1) for k, v in entries]
    return found


def _list_entries(item: object) -> Iterator[tuple[str, object]]:
    """Place and value of what a container holds."""
    if isinstance(item, (list, tuple)):
        yield from ((str(i), v) for i, v in enumerate(item))
    elif isinstance(item, dict):
        yield from ((repr(k)[:40], v) for k, v in item.items())


def list_trained(module: torch.nn.Module) -> set[int]:
    """Identities of what an optimiser trains that is given `module.parameters()`.

    What the network has registered; and what its own `parameters()` adds, where it has one.
    """
    trained = {id(p) for p in torch.nn.Module.parameters(module)}
    if type(module).parameters is not torch.nn.Module.parameters:
        try:
            more: Iterable[object] = module.parameters()
            trained |= {id(p) for p, _ in zip(more, range(_MOST), strict=False)}
        except Exception:  # it is the student's, and this is no place to say what is wrong with it
            return trained
    return trained
