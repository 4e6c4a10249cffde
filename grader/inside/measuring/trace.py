"""Which operators a network runs, in order, with the weights they receive: read by a dispatch mode.

Modules, functional calls and plain tensors look alike here, because all of them end in the same
operators below autograd.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.hooks import RemovableHandle

from grader.inside.measuring.flow import locate_storage
from grader.inside.measuring.naming import find_maker, find_place
from grader.inside.measuring.operators import (
    ACTIVATIONS,
    CONSTANTS,
    JOINS,
    KINDS,
    SHOWN,
    STRUCTURE,
    find_dropped,
    find_linear_roles,
    find_settings,
    list_tensors,
    name_mean,
)
from grader.inside.measuring.order import Operator, keep_near, order
from grader.inside.measuring.ownership import list_named
from grader.inside.measuring.received import Received
from grader.inside.measuring.recognition import (
    follow_picture,
    is_centred,
    is_one_hot,
    list_allowed,
    recognise_pooling,
)
from grader.inside.schema.questions import Sketch

Arguments = Sequence[object]
Options = Mapping[str, object]
Once = tuple[object, ...]
"""What tells one use of a layer from another: its kind, its weights and what it received."""


def keep_nothing(_: torch.Tensor) -> None:
    """Of results nothing is kept."""


MOST_KEPT = 2 << 30
"""Bytes of results: a network that makes more of a few inputs is taken to run without end."""
MOST_LAYERS = 9_000
"""Layers that run: with more it is as well, and no more than 10,000 may be listed."""


class Trace(TorchDispatchMode):
    """Records operators while it is active; keeps what it saw alive, so storages stay distinct."""

    def __init__(
        self,
        module: torch.nn.Module,
        inputs: Sequence[torch.Tensor],
        directory: str,
        keep: Callable[[torch.Tensor], Sketch] = keep_nothing,
    ) -> None:
        """`keep` says what of a result is kept, before a later step changes it in place."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.operators: list[Operator] = []
        self.received = Received(is_data=self._is_data)
        self.obstacles = self.received.obstacles
        """Why the weights cannot be set, in sentences."""
        self.leaves = self.received.leaves
        self.before: list[str] = []
        """Activations before the first operator."""
        self.dropped: list[float] = []
        """Shares that dropout takes away of the input itself."""
        self._directory = os.path.join(directory, "")
        self._keep = keep
        self._batch = inputs[0].shape[0] if inputs[0].dim() else 1
        self._data = {locate_storage(x) for x in inputs}
        self._constant: set[int] = set()
        """Storages made of no tensor at all, such as `torch.zeros`."""
        self._sources: dict[int, frozenset[int]] = {}
        """For data: the operators since whose results nothing but small steps was done."""
        self._kept: set[int] = set()
        self._bytes = 0
        """Of all results, which are kept."""
        self._alive: list[object] = [*inputs]
        self._path: list[tuple[str, torch.nn.Module]] = []
        self._names = self.received.names
        self._pictures: dict[int, torch.Tensor] = {}
        """For data: the result since which it was only moved, or pooled in parts."""
        self._touched: set[int] = set()
        self._scales: set[int] = set()
        self._once: dict[Once, int] = {}
        self._handles: list[RemovableHandle] = []
        self._pictures.update((locate_storage(x), x) for x in inputs)
        for name, tensor in list_named(module):
            self.leaves.setdefault(locate_storage(tensor), tensor)
            self._names.setdefault(locate_storage(tensor), name)
        self._hook(module)

    def _hook(self, module: torch.nn.Module) -> None:
        """Keep the path of the innermost module that is running, and those that run it."""
        for name, child in torch.nn.Module.named_modules(module):

            def enter(module: torch.nn.Module, _args: object, name: str = name) -> None:
                self._path.append((name, module))

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
            operator.pieces = self.received.cut(product, operator)
        self._alive.clear()
        self._kept.clear()
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
        self._require_end(result)
        try:
            self._read(func, args, kwargs or {}, result)
        except (IndexError, TypeError, AttributeError) as error:
            self.obstacles.append(f"an operator could not be read ({type(error).__name__})")
        return result

    def _require_end(self, result: object) -> None:
        """Raise TimeoutError where so many results are kept that `forward` must be without end."""
        for tensor in list_tensors(result):
            key = locate_storage(tensor)
            if key > 0 and key not in self._kept:
                self._kept.add(key)
                self._bytes += tensor.untyped_storage().nbytes()
        if self._bytes > MOST_KEPT:
            size = self._bytes / 2**30
            raise TimeoutError(f"`forward` has made {size:.1f} GiB of results and not returned")
        if len(self.operators) > MOST_LAYERS:
            raise TimeoutError(f"`forward` has run {MOST_LAYERS:,} layers and not returned")

    # ------------------------------------------------------------------ reading one operator

    def _read(self, func: OpOverload, args: Arguments, kwargs: Options, result: object) -> None:
        name = func.overloadpacket.__name__
        inputs, outputs = list_tensors((args, kwargs)), list_tensors(result)
        plain_name = name.rstrip("_") if not name.startswith("_") else name
        kind = KINDS.get(plain_name)
        if plain_name in CONSTANTS:  # a first state is no data, whatever it took its shape from
            inputs = []
        is_tainted = any(locate_storage(t) in self._data for t in inputs)
        self._find_leaves(inputs)
        self._touched.update(map(locate_storage, inputs))
        if not is_tainted and kind in ("convolution", "linear"):
            is_tainted = self._rejoin(inputs)
        if not is_tainted:
            self._note_derived(inputs, outputs)
            self.received.flow.copy_weights(func, name, args, kwargs, self.leaves, outputs)
            return
        self.received.follow(func, name, args, kwargs, outputs)
        before = self._find_before(inputs)
        for tensor in outputs:
            if locate_storage(tensor) not in self.leaves:
                self._data.add(locate_storage(tensor))
                self._sources[locate_storage(tensor)] = before
        if plain_name == "mean":
            source = self._find_nearest(before)
            picture = self._per_sample(inputs[0]) if source is None else source.shape
            kind = name_mean(outputs[0], picture)
        if plain_name in ("index", "index_select") and self.received.is_lookup(args):
            kind = "embedding"
        kind, args = self._recognise(plain_name, kind, args, inputs, outputs)
        if kind and kind.startswith("adaptive") and inputs[0].shape == outputs[0].shape:
            return  # to the size that it has already: the identity
        if kind == "linear" and not any(self.received.is_weight(t) for t in inputs):
            kind = None  # attention scores and the like: data times data
        if kind is not None:
            self._note_operator(kind, plain_name, args, kwargs, outputs[0], before)
        elif plain_name in ("add", "sub", "add_") and self._note_bias(inputs, outputs):
            pass
        elif plain_name not in STRUCTURE:
            self._note_step(plain_name, inputs, args)

    def _recognise(
        self,
        name: str,
        kind: str | None,
        args: Arguments,
        inputs: list[torch.Tensor],
        outputs: list[torch.Tensor],
    ) -> tuple[str | None, Arguments]:
        """The kind of a step by what it computes, with the arguments that one of that kind has."""
        data = [t for t in inputs if self._is_data(t)]
        weights = [t for t in inputs if self.received.is_weight(t)]
        picture = follow_picture(self._pictures, name, data, outputs)
        pooling = None if picture is None else recognise_pooling(name, picture, outputs[0])
        if picture is not None and pooling is not None:
            self._pictures[locate_storage(outputs[0])] = outputs[0]
            return pooling, [picture]
        if len(data) != 1 or len(weights) != 1 or len(inputs) != 2:
            return kind, args
        if kind == "linear" and is_one_hot(data[0], -1 if inputs[0] is data[0] else -2):
            rows = find_linear_roles(name, args, self._is_data)[0][1]
            if rows is not None and rows.dim() == 2:
                return "embedding", [rows, data[0]]
        last = data[0].shape[-1:]
        if name == "mul" and weights[0].numel() == math.prod(last) and is_centred(data[0]):
            return "layer_norm", [data[0], None, weights[0].reshape(-1)]
        return kind, args

    def _note_derived(self, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> None:
        """What is made of no data is no data."""
        results = {locate_storage(t) for t in outputs} - self.leaves.keys()
        self.received.derived |= results
        if {locate_storage(t) for t in inputs} <= self._constant | results:
            self._constant |= results

    def _find_before(self, inputs: list[torch.Tensor]) -> frozenset[int]:
        """The operators whose results these tensors hold, changed by small steps at most."""
        sources = frozenset[int]().union(
            *(self._sources.get(locate_storage(t), frozenset()) for t in inputs)
        )
        return keep_near(sources, self.operators)

    def _find_nearest(self, sources: frozenset[int]) -> Operator | None:
        """The operator that small steps on data from these belong to: the deepest, then the last.

        Which of two branches ran first says nothing.
        """
        if not sources:
            return None
        return self.operators[max(sources, key=lambda i: (self.operators[i].depth, i))]

    def _rejoin(self, inputs: list[torch.Tensor]) -> bool:
        """True where data went through numpy or a list, so that only a new tensor is seen."""
        other = [t for t in inputs if locate_storage(t) not in self._names and t.dim() > 1]
        if len(other) != 1 or not any(locate_storage(t) in self._names for t in inputs):
            return False
        if self._batch not in (other[0].shape[0], other[0].shape[-1]):
            return False
        key = locate_storage(other[0])
        self.leaves.pop(key, None)
        self.received.derived.discard(key)
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
            if not any(key in known for known in (self._data, self.received.derived, self.leaves)):
                base = tensor._base if tensor._is_view() and tensor._base is not None else tensor
                self.leaves[key] = base

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
            place=find_maker([m for _, m in self._path[-2:]]) or find_place(self._directory),
        )
        operator.weights = self.received.list_weights(kind, name, args, kwargs)
        if kind == "convolution":
            operator.settings = find_settings(args, kwargs)
        operator.name = self._find_name(operator)
        received = next((t for t in list_tensors(args) if self._is_data(t)), None)
        own = ((id(w.leaf), w.view.storage_offset()) for w in operator.weights)
        once = (kind, *own, id(received))
        place = len(self.operators)
        if operator.weights and once in self._once:
            place = self._once[once]  # the same layer on the same input, as in f(x) * (f(x) > 0)
        self._sources[locate_storage(result)] = frozenset({place})
        self.received.follow_outputs(place, operator, name, args, result)
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

    def _note_bias(self, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> bool:
        """True where an addition is the bias of an operator, written by hand.

        Of a sum of operators, as in `x @ W + h @ V + b`, one that has no bias yet takes it.
        """
        data = [t for t in inputs if locate_storage(t) in self._data]
        bias = [t for t in inputs if self.received.is_weight(t)]
        if len(inputs) != 2 or len(data) != 1 or len(bias) != 1:
            return False
        sources = self._find_before(data)
        last = self._find_nearest(sources)
        if last is None or set(last.steps) - list_allowed(last.kind):
            return False
        candidates = sorted(sources, key=lambda i: (self.operators[i] is last, i), reverse=True)
        place = next((i for i in candidates if self._lacks(self.operators[i], bias[0])), None)
        weight = None if place is None else self.received.make_weight(last.kind, "bias", bias[0])
        if place is None or weight is None:
            return False
        owner = self.operators[place]
        if weight.view.dim() > 1:
            weight = self.received.spread(weight, place, data[0], outputs[0])
        owner.weights.append(weight)
        if len(sources) == 1:
            owner.result = self._keep(outputs[0])
        return True

    def _lacks(self, operator: Operator, bias: torch.Tensor) -> bool:
        """True where the operator could take this bias, and nothing came after but sums."""
        return (
            bool(operator.weights)
            and not set(operator.steps) - list_allowed(operator.kind)
            and all(w.role != "bias" for w in operator.weights)
            and bias.numel()
            in (operator.shape[:1] + operator.shape[-1:] + operator.weights[0].view.shape[-1:])
        )

    def _note_step(self, name: str, inputs: list[torch.Tensor], args: Arguments) -> None:
        stray = [t for t in inputs if self.received.is_weight(t) and t.requires_grad]
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
        if len(shape) > 2 and shape[0] == 1:  # a batch of one, as einsum makes it
            shape = shape[1:]
        if len(shape) > 1 and self._batch > 1 and not shape[0] % self._batch:
            return (shape[0] // self._batch, *shape[1:])  # samples and places in one dimension
        return shape

    def _find_name(self, operator: Operator) -> str:
        for weight in operator.weights:
            if weight.name:
                return weight.name.rsplit(".", 1)[0] if "." in weight.name else weight.name
        return next((p for p, _ in reversed(self._path) if p), "")
