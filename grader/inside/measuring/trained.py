"""What a trained network answers: from a file of weights, left behind alive, or trained here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import budget, functions, network, weights
from grader.inside.measuring.finding import directory_of, named
from grader.inside.measuring.functions import maker, where_written


def logits(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """What a trained network answers to pictures in eval mode, float32: (N, classes).

    The network is built and filled from the file `weights`, or with `operands` (key → array), or is
    the object `live` that the student's code left behind. Its weights come back in the operators'
    layout.
    """
    torch.set_default_dtype(torch.float32)
    images = torch.from_numpy(np.array(args["images"], dtype=np.float32))
    if "live" in args:
        net = _alive(names, args["live"])
    else:
        make, directory = maker(names, args), directory_of(names)
        net = network.build(make, "float32", images[:2], directory=directory)
    if "weights" in args:
        weights.load_into(net, directory_of(names), args["weights"])
    return _answers(names, net, images, args)


def _alive(names: dict[str, Any], name: str) -> torch.nn.Module:
    """The trained object of that name."""
    found = named(names, name)
    if not isinstance(found, torch.nn.Module):
        raise Unanswerable(
            f"`{name}` is a {type(found).__name__} at the end, not a network (torch.nn.Module)"
        )
    return found


def _answers(
    names: dict[str, Any], net: torch.nn.Module, images: torch.Tensor, args: dict[str, Any]
) -> dict[str, Any]:
    torch.nn.Module.train(net, False)
    _, trace, error = network.run(net, images[:2], directory_of(names))
    if error is not None:
        raise error
    pairs = next(network.pairings(trace.operators))
    if "operands" in args:
        _write_operands(pairs, args["operands"])
    exported = [[k, network.array(network.as_received(w.leaf.detach(), w))] for k, w in pairs]
    return {
        "logits": _scores(names, net, images, args),
        "operands": [] if trace.trouble or "operands" in args else exported,
        "unset": trace.trouble[0] if trace.trouble else "",
    }


def train(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """A fresh network trained by the student's function until it returns or its budget is spent.

    The function gets the network, pictures (N, C, H, W) float32 and classes (N,) int64; it returns
    its losses, or yields them one by one. What was learned until then is measured as in `logits`.
    With `by_epoch` it is asked for classes at each `yield` as well, `budget.EPOCHS` times at most.
    """
    torch.set_default_dtype(torch.float32)
    function, options = named(names, args["name"]), args.get("options", {})
    x = torch.from_numpy(np.array(args["x"], dtype=np.float32))
    y = torch.from_numpy(np.array(args["y"], dtype=np.int64))
    images = torch.from_numpy(np.array(args["images"], dtype=np.float32))
    make, directory = maker(names, args), directory_of(names)
    torch.manual_seed(args["seed"])  # one start for a whole class
    net = network.build(make, "float32", x[:2], directory=directory, train=True)
    functions.accepts(function, args["name"], (net, x, y), options)
    losses: list[float] = []
    guessed: list[np.ndarray[Any, Any]] = []

    def work() -> None:
        result = function(net, x, y, **options)
        looks = args.get("by_epoch") and hasattr(result, "__next__")
        for row in _rows(result):
            if looks and len(guessed) < budget.EPOCHS:
                guessed.append(_guesses(names, net, images, args))
            _collect(row, losses, lenient=bool(looks))

    with torch.enable_grad():
        spent = budget.run(work, args["seconds"])
    measured = {**_answers(names, net, images, args), "losses": np.array(losses[:100_000])}
    if args.get("by_epoch"):
        measured["epochs"] = np.array(guessed, np.int64).reshape(-1, len(images))
    return {**measured, "spent": spent}


def _rows(result: Any) -> Iterator[Any]:
    """What an iterator, such as a generator, gives one by one; else the losses as a whole."""
    if hasattr(result, "__next__"):
        yield from result
    elif hasattr(result, "__iter__") and not isinstance(result, torch.Tensor):
        yield list(result)
    elif result is not None:
        yield result


def _collect(row: Any, losses: list[float], *, lenient: bool) -> None:
    """Losses out of a number, an array, a tensor or a list of those; `lenient` skips all else."""
    if row is None:
        return
    if isinstance(row, (list, tuple)):
        for part in row:
            _collect(part, losses, lenient=lenient)
        return
    numbers = network.array(row) if isinstance(row, torch.Tensor) else np.asarray(row)
    if numbers.dtype.kind not in "biuf":
        if lenient:
            return
        raise Unanswerable("the training function gives something other than losses")
    losses.extend(float(n) for n in numbers.reshape(-1))


def _guesses(
    names: dict[str, Any], net: torch.nn.Module, images: torch.Tensor, args: dict[str, Any]
) -> np.ndarray[Any, Any]:
    """The class of each picture in eval mode, (N,); off the clock, and nothing is changed."""
    modes = [(m, m.training) for m in torch.nn.Module.modules(net)]
    with budget.paused(), torch.random.fork_rng(devices=[]):
        torch.nn.Module.train(net, False)
        found = _scores(names, net, images, args)
        for module, training in modes:
            module.training = training
    flat = np.nan_to_num(found.reshape(len(found), -1), nan=-np.inf)
    guesses: np.ndarray[Any, Any] = np.argmax(flat, axis=1)
    return guesses


def _scores(
    names: dict[str, Any], net: torch.nn.Module, images: torch.Tensor, args: dict[str, Any]
) -> np.ndarray[Any, Any]:
    """The answers to all pictures: (N, classes) float32."""
    where = where_written(names, net)
    with torch.no_grad():
        found = [
            network.array(network.check_output(net(batch), len(batch), where, scores=True))
            for batch in torch.split(images, args.get("batch", 500))
        ]
    scores: np.ndarray[Any, Any] = np.concatenate(found).astype(np.float32)
    return scores


def _write_operands(pairs: Sequence[tuple[str, Any]], operands: Sequence[Sequence[Any]]) -> None:
    given = {str(key): value for key, value in operands}
    wanted = {key for key, _ in pairs}
    if set(given) != wanted:
        raise Unanswerable("the weights do not fit the network of the brief, layer by layer")
    network.write(pairs, lambda key, shape: given[key].reshape(shape))
