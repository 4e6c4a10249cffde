"""The weights that operators receive: which tensors own them, and what becomes of their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from grader.inside.measuring import layout
from grader.inside.measuring.flow import Flow, locate_storage
from grader.inside.measuring.operators import (
    find_axis,
    find_linear_roles,
    find_roles,
    is_plain_convolution,
    list_tensors,
)
from grader.inside.measuring.order import Operator, Weight


@dataclass(eq=False)
class Received:
    """What is known of weights while a network runs."""

    is_data: Callable[[torch.Tensor], bool]
    """Whether a tensor was computed from the input."""
    flow: Flow = field(default_factory=Flow)
    leaves: dict[int, torch.Tensor] = field(default_factory=dict)
    """By storage the tensor that owns it."""
    names: dict[int, str] = field(default_factory=dict)
    """By storage what the module calls it."""
    derived: set[int] = field(default_factory=set)
    """Storages of what was computed from weights and constants."""
    obstacles: list[str] = field(default_factory=list)
    """Why the weights cannot be set, in sentences."""
    narrowed: bool = False
    """Whether results of float64 became float32 on the way, as those of a softmax are made to."""

    def follow(
        self,
        func: Callable[..., object],
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        outputs: Sequence[torch.Tensor],
    ) -> None:
        """Note what one operator does to results."""
        given = list_tensors(args[:1])
        if name == "_to_copy" and given and outputs:
            self.narrowed |= (given[0].dtype, outputs[0].dtype) == (torch.float64, torch.float32)
        self.flow.follow(func, name, args, kwargs, outputs)

    def is_weight(self, tensor: torch.Tensor) -> bool:
        """True for a weight, and for a copy of its numbers."""
        known = locate_storage(tensor) in self.leaves or self.flow.is_copy(tensor)
        return known and tensor.is_floating_point()

    def is_lookup(self, args: Sequence[object]) -> bool:
        """True for `weight[words]`: rows of a weight, chosen by data."""
        weight = args[0]
        is_weight = isinstance(weight, torch.Tensor) and self.is_weight(weight)
        return is_weight and len(list_tensors(args)) == 2

    def list_weights(
        self, kind: str, name: str, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> list[Weight]:
        """The weights of an operator of that kind."""
        if kind == "linear":
            roles = find_linear_roles(name, args, self.is_data)
        else:
            roles = find_roles(kind, args, kwargs)
        weights = []
        for role, received in roles:
            weight = None if received is None else self.make_weight(kind, role, received)
            if weight is None:
                continue
            if role == "weight" and kind == "linear":
                weight = layout.make_matrix(weight, self.flow, self.leaves)
            elif role == "weight" and kind == "convolution" and is_plain_convolution(args):
                weight = layout.unfold_kernel(weight, self.flow, self.leaves)
            weights.append(weight)
        return weights

    def make_weight(self, kind: str, role: str, received: torch.Tensor) -> Weight | None:
        """What was received as a weight; None for what is none, or cannot be followed."""
        flat = role == "bias" and received.dim() > 1 and received.numel() == max(received.shape)
        view = received.reshape(-1) if flat else received
        leaf, places = self.leaves.get(locate_storage(view)), None
        if leaf is None and locate_storage(view) in self.derived:
            places = self.flow.find_places(received, self.leaves)
            owned = None if places is None else self.flow.find_owner(places.reshape(-1)[:1])
            if places is None or owned is None or int(places.min()) < 0:
                self.obstacles.append(
                    f"the {role} of a {kind} is computed from other tensors in each pass"
                )
                return None
            leaf, places = owned[0], places.reshape(view.shape)
        if leaf is None:
            return None
        name = self.names.get(locate_storage(leaf), "")
        return Weight(role=role, view=view, leaf=leaf, name=name, places=places)

    def follow_outputs(
        self,
        place: int,
        operator: Operator,
        name: str,
        args: Sequence[object],
        result: torch.Tensor,
    ) -> None:
        """From here on it is seen where the outputs of a product or a convolution go."""
        weight = next((w for w in operator.weights if w.role == "weight"), None)
        if weight is None or weight.view.dim() != 2:
            return
        if operator.kind not in ("linear", "convolution"):
            return
        axis = find_axis(name, args, result, self.is_data)
        outputs = layout.number_outputs(weight, axis, result.dim())
        self.flow.start(place, result, outputs, weight.view.shape[1])
        data = next((t for t in list_tensors(args) if self.is_data(t)), None)
        if data is not None and data.dim() == result.dim():
            self.flow.note_inputs(place, data, axis)
        classes = layout.classify_outputs(weight, self.flow)
        if classes is not None:
            self.flow.divide(place, classes)
        for index, bias in enumerate(operator.weights):
            if bias.role == "bias" and bias.view.dim() > 1:
                operator.weights[index] = self.spread(bias, place, result, result)

    def spread(self, bias: Weight, place: int, data: torch.Tensor, result: torch.Tensor) -> Weight:
        """A bias of several dimensions as one with a number for each output of a product.

        It is flat, in its own order, where it cannot be followed to the outputs.
        """
        places = bias.places
        if places is None:
            places = self.flow.find_places(bias.view, self.leaves)
        found = None if places is None else self.flow.find_bias(place, data, result, places)
        if found is None or places is None:
            return replace(bias, view=bias.view.reshape(-1), places=_flatten(places))
        wide = bias.view.detach().expand(result.shape).reshape(-1)
        numbers = places.expand(result.shape).reshape(-1)
        return replace(bias, view=wide[found], places=numbers[found])

    def cut(self, place: int, operator: Operator) -> list[list[Weight]]:
        """The pieces of an operator's weights; nothing where they cannot be told."""
        try:
            inputs = self.flow.list_inputs(place, operator.feeds)
            return layout.cut(operator, inputs, self.flow.list_parts(place), self.flow)
        except ValueError as error:
            self.obstacles.append(str(error))
            return []


def _flatten(places: torch.Tensor | None) -> torch.Tensor | None:
    return None if places is None else places.reshape(-1)
