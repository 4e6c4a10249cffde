"""Two steps of gradient descent on a student's network, by our own code or by the student's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import layout, losses, network, ownership
from grader.inside.measuring.inputs import Inputs
from grader.inside.measuring.pairing import Keyed
from grader.inside.schema.questions import NamedRow, StepsArgs

Steps = Callable[[network.Prepared, list[Keyed]], list[list[NamedRow]]]
"""Takes a prepared network with its keyed weights, and gives the weights at several times."""


Loss = Callable[[network.Prepared, Inputs], torch.Tensor]
"""The loss of a prepared network on these inputs."""


def descend(args: StepsArgs, compute_loss: Loss) -> Steps:
    """Plain gradient descent: the weights after each of two steps."""

    def step(prepared: network.Prepared, pairs: list[Keyed]) -> list[list[NamedRow]]:
        x, after = prepared.x, []
        kept = _list_movable(pairs)
        leaves = _list_leaves(prepared.net, kept)
        for inputs in (x, x.turn()):
            with torch.enable_grad():
                loss = compute_loss(prepared, inputs)
            for leaf in leaves:
                leaf.grad = None
            if loss.requires_grad:
                loss.backward()
            with torch.no_grad():
                for leaf in leaves:
                    if leaf.grad is not None:
                        leaf.sub_(leaf.grad, alpha=args["lr"])
            after.append(_read(kept, args["seed"]))
        return after

    return step


def call(function: Callable[..., object], args: StepsArgs) -> Steps:
    """The weights before, and after each of two calls `function(network, optimizer, x, y)`."""

    def step(prepared: network.Prepared, pairs: list[Keyed]) -> list[list[NamedRow]]:
        kept = _list_movable(pairs)
        leaves = _list_leaves(prepared.net, kept)
        if not leaves:
            raise Unanswerable(
                "`parameters()` of the network lists no trainable weights, so no step changes "
                "anything; keep layers as attributes or in an nn.ModuleList"
            )
        optimizer = torch.optim.SGD(leaves, lr=args["lr"])
        states = [_read(kept, args["seed"])]
        for inputs in (prepared.x, prepared.x.turn()):
            target = losses.read_target(args, network.PRECISIONS[prepared.precision])
            with torch.enable_grad():
                function(prepared.net, optimizer, inputs.copy().as_one(), target)
            states.append(_read(kept, args["seed"]))
        return states

    return step


def _list_movable(pairs: Sequence[Keyed]) -> list[Keyed]:
    """Keys and weights that steps may change."""
    return [(k, w) for k, w in pairs if w.role in ("weight", "bias")]


def _list_leaves(net: torch.nn.Module, kept: Sequence[Keyed]) -> list[torch.Tensor]:
    """The tensors that hold them and that `parameters()` lists, each once."""
    trained = ownership.list_trained(net)
    leaves = {id(w.leaf): w.leaf for _, w in kept if w.leaf.requires_grad}
    return [leaf for identity, leaf in leaves.items() if identity in trained]


def _read(kept: Sequence[Keyed], seed: int) -> list[NamedRow]:
    """What the weights are now."""
    named = [(k, w, layout.read(w.leaf.detach(), w)) for k, w in kept]
    return network.make_rows(named, seed)
