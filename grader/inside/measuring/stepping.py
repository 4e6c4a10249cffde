"""Two steps of gradient descent on a student's network, by our own code or by the student's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import network

Measured = Callable[[network.Prepared, Any], list[Any]]
"""Takes a prepared network with its keyed weights, and gives the weights at several times."""


def descent(args: dict[str, Any], where: Callable[[torch.nn.Module], str]) -> Measured:
    """Plain gradient descent: the weights after each of two steps. `where` places `forward`."""

    def measured(prepared: network.Prepared, pairs: Any) -> list[Any]:
        net, x, after = prepared.net, prepared.x, []
        kept = _movable(pairs)
        leaves = _leaves(kept)
        for inputs in (x, x.flip(0)):
            with torch.enable_grad():
                output = network.check_output(net(inputs), len(inputs), where(net))
                loss = network.loss_of(output, args["y"])
            for leaf in leaves:
                leaf.grad = None
            if loss.requires_grad:
                loss.backward()
            with torch.no_grad():
                for leaf in leaves:
                    if leaf.grad is not None:
                        leaf.sub_(leaf.grad, alpha=args["lr"])
            after.append(_now(kept, args["seed"]))
        return after

    return measured


def by_function(function: Callable[..., Any], args: dict[str, Any]) -> Measured:
    """The weights before, and after each of two calls `function(network, optimizer, x, y)`."""

    def measured(prepared: network.Prepared, pairs: Any) -> list[Any]:
        kept = _movable(pairs)
        leaves = _leaves(kept)
        if not leaves:
            raise Unanswerable("the network has no trainable weights, so no step changes anything")
        optimizer = torch.optim.SGD(leaves, lr=args["lr"])
        found = [_now(kept, args["seed"])]
        for inputs in (prepared.x, prepared.x.flip(0)):
            classes = torch.from_numpy(np.array(args["y"], dtype=np.int64))
            with torch.enable_grad():
                function(prepared.net, optimizer, inputs.clone(), classes)
            found.append(_now(kept, args["seed"]))
        return found

    return measured


def _movable(pairs: Any) -> list[Any]:
    """Keys and weights that steps may change."""
    return [(k, w) for k, w in pairs if w.role in ("weight", "bias")]


def _leaves(kept: Sequence[Any]) -> list[torch.Tensor]:
    """The tensors that hold them, each once."""
    return list({id(w.leaf): w.leaf for _, w in kept if w.leaf.requires_grad}.values())


def _now(kept: Sequence[Any], seed: int) -> list[dict[str, Any]]:
    """What the weights are."""
    rows = [(k, w, network.as_received(w.leaf.detach(), w)) for k, w in kept]
    return network.packed(rows, seed)
