"""Which operators a network runs, in order, with the weights they receive: read by a dispatch mode.

Modules, functional calls and plain tensors look alike here, because all of them end in the same
operators below autograd.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import FrameType

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.hooks import RemovableHandle

from grader.inside.loading import namespace
from grader.inside.measuring import layout
from grader.inside.measuring.flow import Flow, locate_storage
from grader.inside.measuring.operators import (
    ACTIVATIONS,
    JOINS,
    KINDS,
    SHOWN,
    STRUCTURE,
    find_axis,
    find_dropped,
    find_linear_roles,
    find_roles,
    find_settings,
    is_plain_convolution,
    list_tensors,
    name_mean,
)
from grader.inside.measuring.order import Operator, Weight, order
from grader.inside.schema.questions import Sketch

Arguments = Sequence[object]
Options = Mapping[str, object]
Once = tuple[object, ...]
"""What tells one use of a layer from another: its kind, its weights and what it received."""


def keep_nothing(_: torch.Tensor) -> None:
    """Of results nothing is kept."""


class Trace(TorchDispatchMode):
    """Records operators while it is active; keeps what it saw alive, so that storages stay
    distinct.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        x: torch.Tensor,
        directory: str,
        keep: Callable[[torch.Tensor], Sketch] = keep_nothing,
    ) -> None:
        """`keep` says what of a result is kept, before a later step changes it in place."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: list[Operator] = []
        self.obstacles: list[str] = []
        """Why the weights cannot be set, in sentences."""
        self.leaves: dict[int, torch.Tensor] = {}
        self.before: list[str] = []
        """Activations before the first operator."""
        self.dropped: list[float] = []
        """Shares that dropout takes away of the input itself."""
        self._directory = os.path.join(directory, "")
        self._keep = keep
        self._batch = x.shape[0] if x.dim() else 1
        self._data = {locate_storage(x)}
        self._derived: set[int] = set()
        self._constant: set[int] = set()
        """Storages made of no tensor at all, such as `torch.zeros`."""
        self._sources: dict[int, frozenset[int]] = {}
        """For data: the operators since whose results nothing but small steps was done."""
        self._alive: list[object] = [x]
        self._path: list[str] = []
        self._names: dict[int, str] = {}
        self._touched: set[int] = set()
        self._scales: set[int] = set()
        self._once: dict[Once, int] = {}
        self._flow = Flow()
        self._handles: list[RemovableHandle] = []
        for name, tensor in list_named(module):
            self.leaves.setdefault(locate_storage(tensor), tensor)
            self._names.setdefault(locate_storage(tensor), name)
        self._hook(module)

    def _hook(self, module: torch.nn.Module) -> None:
        """Keep the path of the innermost module that is running."""
        for name, child in torch.nn.Module.named_modules(module):

            def enter(_module: object, _args: object, name: str = name) -> None:
                self._path.append(name)

            def leave(_module: object, _args: object, _output: object) -> None:
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
        for product, operator in enumerate(self.operators):
            operator.pieces = self._cut(product, operator)
        self._alive.clear()
        self.operators = order(self.operators)

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        result: object = func(*args, **(kwargs or {}))
        self._alive.append((args, kwargs, result))
        try:
            self._read(func, args, kwargs or {}, result)
        except (IndexError, TypeError, AttributeError) as error:
            self.obstacles.append(f"an operator could not be read ({type(error).__name__})")
        return result

    # ------------------------------------------------------------------ reading one operator

    def _read(self, func: OpOverload, args: Arguments, kwargs: Options, result: object) -> None:
        name = func.overloadpacket.__name__
        inputs, outputs = list_tensors((args, kwargs)), list_tensors(result)
        plain_name = name.rstrip("_") if not name.startswith("_") else name
        kind = KINDS.get(plain_name)
        is_tainted = any(locate_storage(t) in self._data for t in inputs)
        self._find_leaves(inputs)
        self._touched.update(map(locate_storage, inputs))
        if not is_tainted and kind in ("convolution", "linear"):
            is_tainted = self._rejoin(inputs)
        if not is_tainted:
            self._note_derived(inputs, outputs)
            self._flow.copy_weights(func, name, args, kwargs, self.leaves, outputs)
            return
        self._flow.follow(func, name, args, kwargs, outputs)
        before = self._find_before(inputs)
        for tensor in outputs:
            if locate_storage(tensor) not in self.leaves:
                self._data.add(locate_storage(tensor))
                self._sources[locate_storage(tensor)] = before
        if plain_name == "mean":
            source = self._find_nearest(before)
            picture = self._per_sample(inputs[0]) if source is None else source.shape
            kind = name_mean(outputs[0], picture)
        if plain_name in ("index", "index_select") and self._is_lookup(args):
            kind = "embedding"
        if kind and kind.startswith("adaptive") and inputs[0].shape == outputs[0].shape:
            return  # to the size that it has already: the identity
        if kind == "linear" and not any(self._is_weight(t) for t in inputs):
            kind = None  # attention scores and the like: data times data
        if kind is not None:
            self._note_operator(kind, plain_name, args, kwargs, outputs[0], before)
        elif plain_name in ("add", "sub", "add_") and self._note_bias(inputs, outputs):
            pass
        elif plain_name not in STRUCTURE:
            self._note_step(plain_name, inputs, args)

    def _note_derived(self, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> None:
        """What is made of no data is no data."""
        results = {locate_storage(t) for t in outputs} - self.leaves.keys()
        self._derived |= results
        if {locate_storage(t) for t in inputs} <= self._constant | results:
            self._constant |= results

    def _find_before(self, inputs: list[torch.Tensor]) -> frozenset[int]:
        """The operators whose results these tensors hold, changed by small steps at most."""
        return frozenset[int]().union(
            *(self._sources.get(locate_storage(t), frozenset()) for t in inputs)
        )

    def _find_nearest(self, sources: frozenset[int]) -> Operator | None:
        """The operator that small steps on data from these belong to: the deepest, then the last.

        Which of two branches ran first says nothing.
        """
        if not sources:
            return None
        return self.operators[max(sources, key=lambda i: (self.operators[i].depth, i))]

    def _is_lookup(self, args: Arguments) -> bool:
        """True for `weight[words]`: rows of a weight, chosen by data."""
        weight = args[0]
        is_weight = isinstance(weight, torch.Tensor) and self._is_weight(weight)
        return is_weight and len(list_tensors(args)) == 2

    def _rejoin(self, inputs: list[torch.Tensor]) -> bool:
        """True where data went through numpy or a list, so that only a new tensor is seen."""
        other = [t for t in inputs if locate_storage(t) not in self._names and t.dim() > 1]
        if len(other) != 1 or not any(locate_storage(t) in self._names for t in inputs):
            return False
        if self._batch not in (other[0].shape[0], other[0].shape[-1]):
            return False
        key = locate_storage(other[0])
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
        pieces = (piece for o in self.operators for piece in o.pieces)
        if any(w.leaf is tensor for piece in pieces for w in piece):
            return True
        key = locate_storage(tensor)
        return key in self._scales or (bool(self.obstacles) and key in self._touched)

    def _find_leaves(self, inputs: list[torch.Tensor]) -> None:
        for tensor in inputs:
            key = locate_storage(tensor)
            if key not in self._data and key not in self._derived and key not in self.leaves:
                base = tensor._base if tensor._is_view() and tensor._base is not None else tensor
                self.leaves[key] = base

    def _is_weight(self, tensor: torch.Tensor) -> bool:
        """True for a weight, and for a copy of its numbers."""
        known = locate_storage(tensor) in self.leaves or self._flow.is_copy(tensor)
        return known and tensor.is_floating_point()

    def _note_operator(
        self,
        kind: str,
        name: str,
        args: Arguments,
        kwargs: Options,
        result: torch.Tensor,
        before: frozenset[int],
    ) -> None:
        operator = Operator(
            kind=kind,
            name="",
            shape=self._per_sample(result),
            result=self._keep(result),
            feeds=before,
            place=self._find_place(),
        )
        self._add_weights(operator, name, args, kwargs)
        if kind == "convolution":
            operator.settings = find_settings(args, kwargs)
        operator.name = self._find_name(operator)
        received = next((t for t in list_tensors(args) if self._is_data(t)), None)
        once = (kind, *(id(w.leaf) for w in operator.weights), id(received))
        place = len(self.operators)
        if operator.weights and once in self._once:
            place = self._once[once]  # the same layer on the same input, as in f(x) * (f(x) > 0)
        self._sources[locate_storage(result)] = frozenset({place})
        self._follow_outputs(place, operator, name, args, result)
        if place < len(self.operators):
            return
        self._once[once] = place
        operator.start = None if received is None else self._keep(received)
        last = self._find_nearest(before)
        if last is not None and last.end is None:
            last.end = operator.start
        deepest = max((self.operators[i].depth for i in before), default=0)
        operator.depth = deepest + bool(operator.weights)
        self.operators.append(operator)

    def _add_weights(self, operator: Operator, name: str, args: Arguments, kwargs: Options) -> None:
        kind = operator.kind
        if kind == "linear":
            roles = find_linear_roles(name, args, self._is_data)
        else:
            roles = find_roles(kind, args, kwargs)
        for role, received in roles:
            weight = None if received is None else self._make_weight(kind, role, received)
            if weight is None:
                continue
            if role == "weight" and kind == "linear":
                weight = layout.make_matrix(weight, self._flow, self.leaves)
            elif role == "weight" and kind == "convolution" and is_plain_convolution(args):
                weight = layout.unfold_kernel(weight, self._flow, self.leaves)
            operator.weights.append(weight)

    def _make_weight(self, kind: str, role: str, received: torch.Tensor) -> Weight | None:
        """What was received as a weight; None for what is none, or cannot be followed."""
        flat = role == "bias" and received.dim() > 1 and received.numel() == max(received.shape)
        view = received.reshape(-1) if flat else received
        leaf, places = self.leaves.get(locate_storage(view)), None
        if leaf is None and locate_storage(view) in self._derived:
            places = self._flow.find_places(received, self.leaves)
            owned = None if places is None else self._flow.find_owner(places.reshape(-1)[:1])
            if places is None or owned is None or int(places.min()) < 0:
                self.obstacles.append(
                    f"the {role} of a {kind} is computed from other tensors in each pass"
                )
                return None
            leaf, places = owned[0], places.reshape(view.shape)
        if leaf is None:
            return None
        name = self._names.get(locate_storage(leaf), "")
        return Weight(role=role, view=view, leaf=leaf, name=name, places=places)

    def _cut(self, product: int, operator: Operator) -> list[list[Weight]]:
        """The pieces of an operator's weights."""
        try:
            return layout.cut(operator, self._flow.list_parts(product), self._flow)
        except ValueError as error:
            self.obstacles.append(str(error))
            return []

    def _follow_outputs(
        self, place: int, operator: Operator, name: str, args: Arguments, result: torch.Tensor
    ) -> None:
        """From here on it is seen where the outputs of a product or a convolution go."""
        weight = next((w for w in operator.weights if w.role == "weight"), None)
        if (
            weight is None
            or weight.view.dim() != 2
            or operator.kind not in ("linear", "convolution")
        ):
            return
        axis = find_axis(name, args, result, self._is_data)
        outputs = layout.number_outputs(weight, axis, result.dim())
        self._flow.start(place, result, outputs, weight.view.shape[1])
        classes = layout.classify_outputs(weight, self._flow)
        if classes is not None:
            self._flow.divide(place, classes)
        for index, bias in enumerate(operator.weights):
            if bias.role == "bias" and bias.view.dim() > 1:
                operator.weights[index] = self._spread(bias, place, result, result) or bias

    def _spread(
        self, bias: Weight, place: int, data: torch.Tensor, result: torch.Tensor
    ) -> Weight | None:
        """A bias of several dimensions as one with a number for each output of a product."""
        places = bias.places
        if places is None:
            places = self._flow.find_places(bias.view, self.leaves)
        found = None if places is None else self._flow.find_bias(place, data, result, places)
        if found is None:
            return None
        flat = torch.empty_like(found, dtype=bias.view.dtype)
        return replace(bias, view=flat, places=found)

    def _note_bias(self, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> bool:
        """True where an addition is the bias of an operator, written by hand.

        Of a sum of operators, as in `x @ W + h @ V + b`, one that has no bias yet takes it.
        """
        data = [t for t in inputs if locate_storage(t) in self._data]
        bias = [t for t in inputs if self._is_weight(t)]
        if len(inputs) != 2 or len(data) != 1 or len(bias) != 1:
            return False
        sources = self._find_before(data)
        last = self._find_nearest(sources)
        if last is None or set(last.steps) - {"add"}:
            return False
        candidates = sorted(sources, key=lambda i: (self.operators[i] is last, i), reverse=True)
        place = next((i for i in candidates if self._lacks(self.operators[i], bias[0])), None)
        weight = None if place is None else self._make_weight(last.kind, "bias", bias[0])
        if place is None or weight is None:
            return False
        owner = self.operators[place]
        if weight.view.dim() > 1:
            flat = replace(weight, view=bias[0].reshape(-1))
            weight = self._spread(weight, place, data[0], outputs[0]) or flat
        owner.weights.append(weight)
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
            and bias.numel()
            in (operator.shape[:1] + operator.shape[-1:] + operator.weights[0].view.shape[-1:])
        )

    def _note_step(self, name: str, inputs: list[torch.Tensor], args: Arguments) -> None:
        stray = [t for t in inputs if self._is_weight(t) and t.requires_grad]
        if stray and name in ("_prelu_kernel", "prelu"):
            self._scales.update(map(locate_storage, stray))
        elif stray:
            label = self._names.get(locate_storage(stray[0]), "") or "a parameter"
            self.obstacles.append(f"`{label}` is used in `{name}`, which the grader cannot follow")
        if name in ACTIVATIONS or name in JOINS:
            last = self._find_nearest(self._find_before(inputs))
            share = find_dropped(name, args)
            if share is not None:
                (self.dropped if last is None else last.dropped).append(share)
            (self.before if last is None else last.steps).append(SHOWN.get(name, name))

    # ------------------------------------------------------------------ names, shapes, places

    def _is_data(self, tensor: torch.Tensor) -> bool:
        return locate_storage(tensor) in self._data

    def _per_sample(self, tensor: torch.Tensor) -> tuple[int, ...]:
        shape = tuple(tensor.shape)
        if shape and shape[0] == self._batch:
            return shape[1:]
        if shape and shape[-1] == self._batch:
            return shape[:-1]
        return shape

    def _find_name(self, operator: Operator) -> str:
        for weight in operator.weights:
            if weight.name:
                return weight.name.rsplit(".", 1)[0] if "." in weight.name else weight.name
        return next((p for p in reversed(self._path) if p), "")

    def _find_place(self) -> tuple[str, int] | None:
        frame: FrameType | None = sys._getframe(3)
        while frame is not None:
            if frame.f_code.co_filename in namespace.CELLS:
                return namespace.CELLS[frame.f_code.co_filename], frame.f_lineno
            if frame.f_code.co_filename.startswith(self._directory):
                name = frame.f_code.co_filename[len(self._directory) :]
                return name.replace(os.sep, "/"), frame.f_lineno
            frame = frame.f_back
        return None


def list_named(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers and plain tensors in attributes, by the base class's own path.

    An overridden `parameters()` is not asked.
    """
    base = torch.nn.Module
    named: list[tuple[str, torch.Tensor]] = list(base.named_parameters(module))
    named += list(base.named_buffers(module))
    for path, child in base.named_modules(module):
        held = [(k, v) for k, v in vars(child).items() if isinstance(v, torch.Tensor)]
        named += [(f"{path}.{k}" if path else k, v) for k, v in held]
    return [(n, t) for n, t in named if isinstance(t, torch.Tensor)]
