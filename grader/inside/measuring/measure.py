"""Answers one question about the student's names. Runs in the student's process.

What it says of shapes and names is a claim; outputs, gradients and steps under numbers that the
student could not foresee are evidence. Every question builds a fresh network.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from grader.inside.loading.namespace import Unanswerable, trouble
from grader.inside.measuring import (
    account,
    functions,
    network,
    scripts,
    stepping,
    trained,
)
from grader.inside.measuring.finding import directory_of
from grader.inside.measuring.functions import maker, where_written


def answer(names: dict[str, Any], ask: str, args: dict[str, Any]) -> Any:
    """The value that the question asks for; what the student's code raises passes through.

    Raises Unanswerable where nothing can be measured, with the reason.
    """
    if ask not in ASKS:
        raise Unanswerable(f"the sandbox knows no question {ask!r}", needs_review=True)
    before = torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]):
            return ASKS[ask](names, args)
    finally:
        torch.set_default_dtype(before)


def _precisions(args: dict[str, Any]) -> list[str]:
    """Those to be tried; an assignment may ask for one, where a network is large."""
    return [args["precision"]] if args.get("precision") else list(args["precisions"])


def _prepared(
    names: dict[str, Any], args: dict[str, Any], *, train: bool = False
) -> network.Prepared:
    """A fresh network that ran once; what its `forward` raised goes on."""
    prepared, output, error = network.prepare(
        maker(names, args),
        args["x"],
        seed=args["seed"],
        directory=directory_of(names),
        precisions=_precisions(args),
        train=train,
    )
    if error is not None:
        raise error
    network.check_output(output, len(prepared.x), where_written(names, prepared.net))
    return prepared


# ---------------------------------------------------------------------- layers


def layers(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """Operators in order with shapes, and sketches of their values under equal weights.

    Where `forward` raises, the operators that ran until then come back with the error.
    """
    directory = directory_of(names)
    prepared, output, error = network.prepare(
        maker(names, args),
        args["x"],
        seed=args["seed"],
        directory=directory,
        precisions=_precisions(args),
    )
    head = {
        "precision": prepared.precision,
        "error": None,
        "unset": "",
        "before": prepared.trace.before,
    }
    if error is not None:
        return {
            **head,
            "error": trouble(error, directory, names),
            "layers": account.operators(prepared.trace, None),
        }
    network.check_output(output, len(prepared.x), where_written(names, prepared.net))
    try:
        network.require_settable(prepared.trace)
        pairs = next(network.pairings(prepared.trace.operators))
        network.write(pairs, lambda key, shape: network.drawn(key, shape, args["seed"]))
        torch.manual_seed(args["seed"])
        output, trace, error = network.run(prepared.net, prepared.x, directory, account.sketch)
        if error is not None:
            raise error
        network.require_set(pairs, trace)
    except Unanswerable as reason:
        return {**head, "unset": str(reason), "layers": account.operators(prepared.trace, None)}
    return {**head, "layers": account.operators(trace, output)}


# ---------------------------------------------------------------------- parameters


def parameters(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """Every parameter once, with its size, whether it is trained, and whether it is used."""
    make = maker(names, args)
    prepared, _, error = network.prepare(
        make,
        args["x"],
        seed=args["seed"],
        directory=directory_of(names),
        precisions=_precisions(args),
        train=bool(args.get("train")),
    )
    if error is not None:  # the count needs no forward pass
        prepared.trace.operators.clear()
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    registered: list[tuple[str, torch.Tensor, str]] = [
        (n, p, "parameter") for n, p in torch.nn.Module.named_parameters(prepared.net)
    ]
    registered += [(n, b, "buffer") for n, b in torch.nn.Module.named_buffers(prepared.net)]
    found = [
        (w.name, w.leaf, "tensor")
        for o in prepared.trace.operators
        for w in o.weights
        if w.leaf.requires_grad
    ]
    for name, tensor, kind in registered + found:
        if id(tensor) in seen or isinstance(tensor, torch.nn.UninitializedParameter):
            continue
        seen.add(id(tensor))
        rows.append(
            {
                "name": name,
                "shape": list(tensor.shape),
                "kind": kind,
                "trainable": bool(tensor.requires_grad),
                "used": None if error is not None else prepared.trace.uses(tensor),
            }
        )
    return {
        "rows": rows,
        "ran": error is None,
        "dropouts": account.dropouts(prepared.trace),
    }


# ---------------------------------------------------------------------- values under equal weights


def _each_pairing(
    names: dict[str, Any],
    args: dict[str, Any],
    measured: Callable[..., Any],
    *,
    train: bool = False,
) -> Any:
    """`measured(prepared, pairs)` for every pairing of weights, each on a fresh network."""
    runs: list[Any] = []
    total = 1
    prepared = None
    while len(runs) < total:
        prepared = _prepared(names, args, train=train)
        network.require_settable(prepared.trace)
        choices = list(network.pairings(prepared.trace.operators))
        total = len(choices) if args.get("alternatives", True) else 1
        pairs = choices[len(runs)]
        network.write(pairs, lambda key, shape: network.drawn(key, shape, args["seed"]))
        torch.manual_seed(args["seed"])
        runs.append(measured(prepared, pairs))
    return {"precision": prepared.precision if prepared else "float64", "runs": runs}


def outputs(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """What the network answers to `x` in eval mode under equal weights: (N, classes)."""

    def measured(prepared: network.Prepared, pairs: Any) -> Any:
        output, trace, error = network.run(prepared.net, prepared.x, directory_of(names))
        if error is not None:
            raise error
        network.require_set(pairs, trace)
        return network.array(
            network.check_output(output, len(prepared.x), where_written(names, prepared.net))
        )

    return _each_pairing(names, args, measured)


def gradients(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """Gradient of the cross-entropy for every weight, in eval mode under equal weights."""

    def measured(prepared: network.Prepared, pairs: Any) -> Any:
        with torch.enable_grad():
            output = prepared.net(prepared.x)
            network.check_output(output, len(prepared.x), where_written(names, prepared.net))
            loss = network.loss_of(output, args["y"])
            kept = [(k, w) for k, w in pairs if w.role in ("weight", "bias")]
            leaves = [w.leaf for _, w in kept if w.leaf.requires_grad]
            found: Sequence[torch.Tensor | None] = [None] * len(leaves)
            if loss.requires_grad and leaves:
                found = torch.autograd.grad(loss, leaves, allow_unused=True)
        by_leaf = {id(leaf): grad for leaf, grad in zip(leaves, found, strict=True)}
        rows = [(k, w, network.gradient(w, by_leaf.get(id(w.leaf)))) for k, w in kept]
        return network.packed(rows, args["seed"])

    return _each_pairing(names, args, measured)


def steps(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """The weights after each of two steps of plain gradient descent, in train mode.

    With `by` the student's function of that name takes them, and the weights before come as well.
    It does so in float32 where it cannot do with float64, as one that says `images.float()` cannot.
    """
    dropouts: dict[str, Any] = {}

    def noting(measured: stepping.Measured) -> stepping.Measured:
        def both(prepared: network.Prepared, pairs: Any) -> list[Any]:
            dropouts.update(account.dropouts(prepared.trace))
            return measured(prepared, pairs)

        return both

    if "by" not in args:
        descent = noting(stepping.descent(args, functools.partial(where_written, names)))
        return {**_each_pairing(names, args, descent, train=True), "dropouts": dropouts}
    measured = noting(stepping.by_function(functions.callable_named(names, args["by"]), args))
    for precision in args["precisions"]:
        try:
            found = _each_pairing(names, {**args, "precisions": [precision]}, measured, train=True)
            break
        except Unanswerable:
            raise
        except Exception:
            if precision == args["precisions"][-1]:
                raise
    runs = found["runs"]
    stepped = {"before": runs[0][0], "runs": [run[1:] for run in runs]}
    return {**found, **stepped, "dropouts": dropouts}


ASKS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "layers": layers,
    "parameters": parameters,
    "outputs": outputs,
    "gradients": gradients,
    "steps": steps,
    "logits": trained.logits,
    "train": trained.train,
    "call": functions.call,
    "value": functions.value,
    "script": scripts.run,
}
