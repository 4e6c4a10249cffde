"""What a trained network answers: from a file of weights, left behind alive, or trained here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
import torch

from grader.inside.loading.namespace import Names, Unanswerable
from grader.inside.measuring import (
    budget,
    fitting,
    functions,
    layout,
    network,
    outputs,
    pairing,
    weights,
)
from grader.inside.measuring.finding import find, find_directory
from grader.inside.measuring.functions import describe_forward, find_maker
from grader.inside.measuring.inputs import Inputs
from grader.inside.measuring.pairing import Keyed
from grader.inside.schema.questions import (
    EPOCHS_CAP,
    LogitsAnswer,
    LogitsArgs,
    NetworkArgs,
    TrainAnswer,
    TrainArgs,
)
from grader.inside.wire import Array

LOSSES = 100_000
"""Of one training that are kept."""
BATCH = 500
"""Pictures that a network answers at once."""


def logits(names: Names, args: LogitsArgs) -> LogitsAnswer:
    """What a trained network answers to pictures in eval mode, float32: (N, classes).

    The network is built and filled from the file `weights`, or with `operands` (key → array), or
    with `state` (name in a file → array), or is the object `live` that the student's code left
    behind. Its weights come back in the operators' layout; with `seconds`, the CPU time in which it
    has to answer, they stay here. Without images it is built and not run, and the arrays of the
    file are all that comes back.
    """
    torch.set_default_dtype(torch.float32)
    if "images" not in args:
        network.require_module(
            find_maker(names, cast("NetworkArgs", args))(), find_directory(names)
        )
        return _list_file(find_directory(names), args["weights"])
    images = torch.from_numpy(np.array(args["images"], dtype=np.float32))
    if "live" in args:
        net = _find_network(names, args["live"])
    else:
        make = find_maker(names, cast("NetworkArgs", args))
        first = Inputs((images[:2],))
        net = network.build(make, "float32", first, directory=find_directory(names))
    if "weights" in args:
        weights.load_into(net, find_directory(names), args["weights"])
    if "state" in args:
        arrays = {k: torch.from_numpy(np.array(a)) for k, a in args["state"]}
        fitting.fill_ours(net, arrays)
    several = args.get("output") == "scores"
    if "seconds" in args:
        return _answer_in(args["seconds"], names, net, images, several=several)
    return _answer(names, net, images, args.get("operands"), several=several)


def _answer_in(
    seconds: float, names: Names, net: torch.nn.Module, images: torch.Tensor, *, several: bool
) -> LogitsAnswer:
    """The answers of a network of the student's own, if they take no more CPU time than that."""
    torch.nn.Module.train(net, False)
    scores: list[Array] = []

    def answer() -> None:
        scores.append(_score(names, net, images, several=several))

    if budget.run(answer, seconds) and not scores:
        raise Unanswerable(
            f"{describe_forward(names, net)}your network did not answer to {len(images):,} "
            f"pictures within {seconds:g} s of CPU time; make it smaller"
        )
    return {"logits": scores[0], "operands": [], "unset": ""}


def _list_file(directory: str, name: str) -> LogitsAnswer:
    """The arrays of a file of weights, by the names that they have there."""
    state = weights.read(directory, name)
    arrays = [(k, network.array(v)) for k, v in state.items() if v.is_floating_point()]
    return {"logits": None, "operands": [], "unset": "", "state": arrays}


def _find_network(names: Names, name: str) -> torch.nn.Module:
    """The trained object of that name."""
    value = find(names, name)
    if not isinstance(value, torch.nn.Module):
        raise Unanswerable(
            f"`{name}` is a {type(value).__name__} at the end, not a network (torch.nn.Module)"
        )
    if any(p.dtype != torch.float32 for p in torch.nn.Module.parameters(value)):
        torch.nn.Module.to(value, torch.float32)  # the pictures are
    return value


def _answer(
    names: Names,
    net: torch.nn.Module,
    images: torch.Tensor,
    operands: Sequence[tuple[str, Array]] | None = None,
    *,
    several: bool = False,
) -> LogitsAnswer:
    """The answers and weights; `several` allows scores that come first among several tensors."""
    torch.nn.Module.train(net, False)
    _, trace, error = network.run(net, Inputs((images[:2],)), find_directory(names))
    if error is not None:
        raise error
    pairs = pairing.pair(trace.operators)
    if operands is not None:
        _write_operands(pairs, operands)
    own = [(k, network.array(layout.read(w.leaf.detach(), w))) for k, w in pairs]
    return {
        "logits": _score(names, net, images, several=several),
        "operands": [] if trace.obstacles or operands is not None else own,
        "unset": trace.obstacles[0] if trace.obstacles else "",
    }


def train(names: Names, args: TrainArgs) -> TrainAnswer:
    """A fresh network trained by the student's function until it returns or its budget is spent.

    The function gets the network, pictures (N, C, H, W) float32 and classes (N,) int64; it returns
    its losses, or yields them one by one. What was learned until then is measured as in `logits`.
    With `by_epoch` it is asked for classes at each `yield` as well, `EPOCHS_CAP` times at most.
    """
    torch.set_default_dtype(torch.float32)
    target, options = find(names, args["name"]), args.get("options", {})
    x = torch.from_numpy(np.array(args["x"], dtype=np.float32))
    y = torch.from_numpy(np.array(args["y"], dtype=np.int64))
    images = torch.from_numpy(np.array(args["images"], dtype=np.float32))
    make, directory = find_maker(names, args), find_directory(names)
    torch.manual_seed(args["seed"])  # one start for a whole class
    net = network.build(make, "float32", Inputs((x[:2],)), directory=directory, train=True)
    function = functions.require_callable(target, args["name"], (net, x, y), options)
    by_epoch = bool(args.get("by_epoch"))
    losses: list[float] = []
    guesses: list[Array] = []

    def look() -> None:
        if len(guesses) < EPOCHS_CAP:
            guesses.append(_guess(names, net, images))

    def work() -> None:
        _follow(function(net, x, y, **options), losses, look if by_epoch else None)

    with torch.enable_grad():
        spent = budget.run(work, args["seconds"])
    answer = _describe(_answer(names, net, images), losses, spent=spent)
    if by_epoch:
        answer["epochs"] = np.array(guesses, np.int64).reshape(-1, len(images))
    return answer


def _describe(own: LogitsAnswer, losses: list[float], *, spent: bool) -> TrainAnswer:
    return {
        "logits": own["logits"],
        "operands": own["operands"],
        "unset": own["unset"],
        "losses": np.array(losses[:LOSSES]),
        "spent": spent,
    }


def _follow(result: object, losses: list[float], look: Callable[[], None] | None) -> None:
    """Losses are kept as they come; where the function yields them, `look` is called each time."""
    looks = hasattr(result, "__next__")
    for row in _list_rows(result):
        if looks and look is not None:
            look()
        _collect(row, losses, lenient=looks and look is not None)


def _list_rows(result: object) -> Iterator[object]:
    """What an iterator, such as a generator, gives one by one; else the losses as a whole."""
    if hasattr(result, "__next__"):
        yield from cast("Iterator[object]", result)
    elif hasattr(result, "__iter__") and not isinstance(result, torch.Tensor):
        yield list(result)
    elif result is not None:
        yield result


def _collect(row: object, losses: list[float], *, lenient: bool) -> None:
    """Losses out of a number, an array, a tensor or a list of those; `lenient` skips all else."""
    if row is None:
        return
    if isinstance(row, (list, tuple)):
        for part in row:
            _collect(part, losses, lenient=lenient)
        return
    if isinstance(row, torch.Tensor) and row.numel() > LOSSES:  # of a few bytes, perhaps
        raise Unanswerable(f"the training function gives {row.numel():,} losses at once")
    numbers = network.array(row) if isinstance(row, torch.Tensor) else np.asarray(row)
    if numbers.dtype.kind not in "biuf":
        if lenient:
            return
        raise Unanswerable("the training function gives something other than losses")
    losses.extend(float(n) for n in numbers.reshape(-1))


def _guess(names: Names, net: torch.nn.Module, images: torch.Tensor) -> Array:
    """The class of each picture in eval mode, (N,); off the clock, and nothing is changed."""
    modes = [(m, m.training) for m in torch.nn.Module.modules(net)]
    with budget.pause(), torch.random.fork_rng(devices=[]):
        torch.nn.Module.train(net, False)
        scores = _score(names, net, images)
        for module, training in modes:
            module.training = training
    flat = np.nan_to_num(scores.reshape(len(scores), -1), nan=-np.inf)
    guesses: Array = np.argmax(flat, axis=1)
    return guesses


def _score(
    names: Names, net: torch.nn.Module, images: torch.Tensor, *, several: bool = False
) -> Array:
    """The answers to all pictures: (N, classes) float32."""
    where, parts = describe_forward(names, net), []
    with torch.no_grad():
        for batch in torch.split(images, BATCH):
            value = net(batch)
            value = outputs.find_first(value, where) if several else value
            scores = outputs.check_scores(value, len(batch), where, rows=True)
            parts.append(network.array(scores))
    joined: Array = np.concatenate(parts).astype(np.float32)
    return joined


def _write_operands(pairs: Sequence[Keyed], operands: Sequence[tuple[str, Array]]) -> None:
    given = dict(operands)
    if set(given) != {key for key, _ in pairs}:
        raise Unanswerable("the weights do not fit the network of the brief, layer by layer")
    pairing.write(pairs, lambda key, shape: given[key].reshape(shape))
