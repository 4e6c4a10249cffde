"""Which operators a network runs, in order, with the weights they receive: read by a dispatch mode.

Modules, functional calls and plain tensors look alike here, because all of them end in the same
operators below autograd.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from grader.inside.measuring.operators import (
    ACTIVATIONS,
    JOINS,
    KINDS,
    SHOWN,
    STRUCTURE,
    dropped,
    linear_roles,
    pooling_by_mean,
    roles,
    settings,
    tensors,
)
from grader.inside.measuring.order import Operator, Weight, ordered


class Trace(TorchDispatchMode):
    """Records operators while it is active; keeps what it saw alive, so that storages stay
    distinct.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        x: torch.Tensor,
        directory: str,
        keep: Callable[[torch.Tensor], Any] = lambda _: None,
    ) -> None:
        """`keep` says what of a result is kept, before a later step changes it in place."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: list[Operator] = []
        self.trouble: list[str] = []
        """Why the weights cannot be set, in sentences."""
        self.leaves: dict[int, torch.Tensor] = {}
        self.before: list[str] = []
        """Activations before the first operator."""
        self.dropped: list[float] = []
        """Shares that dropout takes away of the input itself."""
        self._directory = directory.rstrip(os.sep) + os.sep
        self._keep = keep
        self._batch = x.shape[0] if x.dim() else 1
        self._data = {_storage(x)}
        self._derived: set[int] = set()
        self._constant: set[int] = set()
        """Storages made of no tensor at all, such as `torch.zeros`."""
        self._sources: dict[int, frozenset[int]] = {}
        """For data: the operators since whose results nothing but small steps was done."""
        self._alive: list[Any] = [x]
        self._path: list[str] = []
        self._names: dict[int, str] = {}
        self._touched: set[int] = set()
        self._scales: set[int] = set()
        self._once: dict[tuple[Any, ...], int] = {}
        self._handles: list[Any] = []
        for name, tensor in named_tensors(module):
            self.leaves.setdefault(_storage(tensor), tensor)
            self._names.setdefault(_storage(tensor), name)
        self._hook(module)

    def _hook(self, module: torch.nn.Module) -> None:
        """Keep the path of the innermost module that is running."""
        for name, child in torch.nn.Module.named_modules(module):

            def enter(_module: Any, _args: Any, name: str = name) -> None:
                self._path.append(name)

            def leave(_module: Any, _args: Any, _output: Any) -> None:
                if self._path:
                    self._path.pop()

            self._handles.append(torch.nn.Module.register_forward_pre_hook(child, enter))
            self._handles.append(
                torch.nn.Module.register_forward_hook(child, leave, always_call=True)
            )

    def close(self) -> None:
        """Take the hooks off again, and put the operators in the order of what feeds what."""
        for handle in self._handles:
            handle.remove()
        self._alive.clear()
        self.operators = ordered(self.operators)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._alive.append((args, kwargs, result))
        try:
            self._see(func.overloadpacket.__name__, args, kwargs or {}, result)
        except (IndexError, TypeError, AttributeError) as error:
            self.trouble.append(f"an operator could not be read ({type(error).__name__})")
        return result

    # ------------------------------------------------------------------ reading one operator

    def _see(self, name: str, args: Any, kwargs: Any, result: Any) -> None:
        inputs = tensors((args, kwargs))
        outputs = tensors(result)
        tainted = any(_storage(t) in self._data for t in inputs)
        plain_name = name.rstrip("_") if not name.startswith("_") else name
        kind = KINDS.get(plain_name)
        self._find_leaves(inputs)
        self._touched.update(map(_storage, inputs))
        if not tainted and kind in ("convolution", "linear"):
            tainted = self._rejoined(inputs)
        if not tainted:
            made = {_storage(t) for t in outputs} - self.leaves.keys()
            self._derived |= made
            if {_storage(t) for t in inputs} <= self._constant | made:
                self._constant |= made
            return
        before = self._before(inputs)
        for tensor in outputs:
            if _storage(tensor) not in self.leaves:
                self._data.add(_storage(tensor))
                self._sources[_storage(tensor)] = before
        if plain_name == "mean":
            source = self._nearest(before)
            picture = self._per_sample(inputs[0]) if source is None else source.shape
            kind = pooling_by_mean(outputs[0], picture)
        if plain_name in ("index", "index_select") and self._looks_up(args):
            kind = "embedding"
        if kind and kind.startswith("adaptive") and inputs[0].shape == outputs[0].shape:
            return  # to the size that it has already: the identity
        if kind == "linear" and not any(self._is_weight(t) for t in inputs):
            kind = None  # attention scores and the like: data times data
        if kind is not None:
            self._operator(kind, plain_name, args, kwargs, outputs, before)
        elif plain_name in ("add", "sub", "add_") and self._bias(inputs, outputs):
            pass
        elif plain_name not in STRUCTURE:
            self._step(plain_name, inputs, args)

    def _before(self, inputs: list[torch.Tensor]) -> frozenset[int]:
        """The operators whose results these tensors hold, changed by small steps at most."""
        return frozenset[int]().union(
            *(self._sources.get(_storage(t), frozenset()) for t in inputs)
        )

    def _nearest(self, sources: frozenset[int]) -> Operator | None:
        """The operator that small steps on data from these belong to: the deepest, then the last.

        Which of two branches ran first says nothing.
        """
        if not sources:
            return None
        return self.operators[max(sources, key=lambda i: (self.operators[i].depth, i))]

    def _looks_up(self, args: Any) -> bool:
        """True for `weight[words]`: rows of a weight, chosen by data."""
        return self._is_weight(args[0]) and len(tensors(args)) == 2

    def _rejoined(self, inputs: list[torch.Tensor]) -> bool:
        """True where data went through numpy or a list, so that only a new tensor is seen."""
        other = [t for t in inputs if _storage(t) not in self._names and t.dim() > 1]
        if len(other) != 1 or not any(_storage(t) in self._names for t in inputs):
            return False
        if self._batch not in (other[0].shape[0], other[0].shape[-1]):
            return False
        key = _storage(other[0])
        self.leaves.pop(key, None)
        self._derived.discard(key)
        self._data.add(key)
        if key not in self._constant and self.operators:  # a first state comes from nowhere
            self._sources[key] = frozenset({len(self.operators) - 1})
        return True

    def uses(self, tensor: torch.Tensor) -> bool:
        """True where an operator of the network owns the tensor, as far as the grader can follow.

        Where it cannot, because weights are computed or used in unknown ways, any use counts. So
        numbers that are only summed up beside the network are idle.
        """
        if any(w.leaf is tensor for o in self.operators for w in o.weights):
            return True
        key = _storage(tensor)
        return key in self._scales or (bool(self.trouble) and key in self._touched)

    def _find_leaves(self, inputs: list[torch.Tensor]) -> None:
        for tensor in inputs:
            key = _storage(tensor)
            if key not in self._data and key not in self._derived and key not in self.leaves:
                base = tensor._base if tensor._is_view() and tensor._base is not None else tensor
                self.leaves[key] = base

    def _is_weight(self, tensor: torch.Tensor) -> bool:
        return _storage(tensor) in self.leaves and tensor.is_floating_point()

    def _operator(
        self,
        kind: str,
        name: str,
        args: Any,
        kwargs: Any,
        outputs: list[torch.Tensor],
        before: frozenset[int],
    ) -> None:
        result = outputs[0]
        operator = Operator(
            kind=kind,
            name="",
            shape=self._per_sample(result),
            result=self._keep(result),
            feeds=before,
            place=self._place(),
        )
        if kind == "linear":
            found = linear_roles(name, args, self._is_data)
        else:
            found = roles(kind, args, kwargs)
        for role, received in found:
            if received is None:
                continue
            flat = role == "bias" and received.dim() > 1 and received.is_contiguous()
            tensor = received.reshape(-1) if flat else received
            key = _storage(tensor)
            if key in self._derived:
                self.trouble.append(
                    f"the {role} of a {kind} is computed from other tensors in each pass"
                )
            elif key in self.leaves:
                leaf = self.leaves[key]
                operator.weights.append(
                    Weight(role=role, view=tensor, leaf=leaf, name=self._names.get(key, ""))
                )
        if kind == "convolution":
            operator.settings = settings(args, kwargs)
        operator.name = self._name_of(operator)
        received = _first_data(args, self._is_data)
        once = (kind, *(id(w.leaf) for w in operator.weights), id(received))
        place = len(self.operators)
        if operator.weights and once in self._once:
            place = self._once[once]  # the same layer on the same input, as in f(x) * (f(x) > 0)
        self._sources[_storage(result)] = frozenset({place})
        if place < len(self.operators):
            return
        self._once[once] = place
        operator.start = None if received is None else self._keep(received)
        last = self._nearest(before)
        if last is not None and last.end is None:
            last.end = operator.start
        deepest = max((self.operators[i].depth for i in before), default=0)
        operator.depth = deepest + bool(operator.weights)
        self.operators.append(operator)

    def _bias(self, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> bool:
        """True where an addition is the bias of an operator, written by hand.

        Of a sum of operators, as in `x @ W + h @ V + b`, one that has no bias yet takes it.
        """
        data = [t for t in inputs if _storage(t) in self._data]
        bias = [t for t in inputs if self._is_weight(t)]
        if len(inputs) != 2 or len(data) != 1 or len(bias) != 1:
            return False
        sources = self._before(data)
        last = self._nearest(sources)
        if last is None or set(last.steps) - {"add"}:
            return False
        found = [last, *(self.operators[i] for i in sorted(sources, reverse=True))]
        owner = next((o for o in found if self._lacks(o, bias[0])), None)
        if owner is None:
            return False
        key = _storage(bias[0])
        owner.weights.append(
            Weight(
                role="bias",
                view=bias[0].reshape(-1),
                leaf=self.leaves[key],
                name=self._names.get(key, ""),
            )
        )
        if len(sources) == 1:
            owner.result = self._keep(outputs[0])
        return True

    @staticmethod
    def _lacks(operator: Operator, bias: torch.Tensor) -> bool:
        """True where the operator could take this bias, and nothing came after but sums."""
        return (
            bool(operator.weights)
            and not set(operator.steps) - {"add"}
            and all(w.role != "bias" for w in operator.weights)
            and bias.numel() in (operator.shape[:1] + operator.shape[-1:])
        )

    def _step(self, name: str, inputs: list[torch.Tensor], args: Any) -> None:
        stray = [t for t in inputs if self._is_weight(t) and t.requires_grad]
        if stray and name in ("_prelu_kernel", "prelu"):
            self._scales.update(map(_storage, stray))
        elif stray:
            label = self._names.get(_storage(stray[0]), "") or "a parameter"
            self.trouble.append(f"`{label}` is used in `{name}`, which the grader cannot follow")
        if name in ACTIVATIONS or name in JOINS:
            last = self._nearest(self._before(inputs))
            share = dropped(name, args)
            if share is not None:
                (self.dropped if last is None else last.dropped).append(share)
            (self.before if last is None else last.steps).append(SHOWN.get(name, name))

    # ------------------------------------------------------------------ names, shapes, places

    def _is_data(self, tensor: torch.Tensor) -> bool:
        return _storage(tensor) in self._data

    def _per_sample(self, tensor: torch.Tensor) -> tuple[int, ...]:
        shape = tuple(tensor.shape)
        if shape and shape[0] == self._batch:
            return shape[1:]
        if shape and shape[-1] == self._batch:
            return shape[:-1]
        return shape

    def _name_of(self, operator: Operator) -> str:
        for weight in operator.weights:
            if weight.name:
                return weight.name.rsplit(".", 1)[0] if "." in weight.name else weight.name
        return next((p for p in reversed(self._path) if p), "")

    def _place(self) -> tuple[str, int] | None:
        frame: Any = sys._getframe(3)
        while frame is not None:
            if frame.f_code.co_filename.startswith(self._directory):
                return frame.f_code.co_filename[len(self._directory) :], frame.f_lineno
            frame = frame.f_back
        return None


def named_tensors(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers and plain tensors in attributes, by the base class's own path.

    An overridden `parameters()` is not asked.
    """
    base = torch.nn.Module
    found: list[tuple[str, torch.Tensor]] = list(base.named_parameters(module))
    found += list(base.named_buffers(module))
    for path, child in base.named_modules(module):
        held = [(k, v) for k, v in vars(child).items() if isinstance(v, torch.Tensor)]
        found += [(f"{path}.{k}" if path else k, v) for k, v in held]
    return [(n, t) for n, t in found if isinstance(t, torch.Tensor)]


def _storage(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):
        return -id(tensor)


def _first_data(args: Any, is_data: Any) -> torch.Tensor | None:
    return next((t for t in tensors(args) if is_data(t)), None)
