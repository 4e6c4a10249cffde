"""On which of its parameters the answers of a network depend."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from grader.inside.measuring import network
from grader.inside.measuring.inputs import Inputs, holds_arrays
from grader.inside.measuring.network import Prepared
from grader.inside.measuring.operators import list_tensors
from grader.inside.schema.questions import InputArgs
from grader.inside.wire import Array

SECONDS = 4.0
"""CPU seconds after which no further input is tried."""
FEWEST = 2
"""Inputs that are tried however long it takes."""
Answers = list[torch.Tensor] | None
"""What a network answered, tensor by tensor; None where it raised an exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A fresh network on one input, in one mode."""

    make: Callable[[], object]
    args: InputArgs
    prepared: Prepared
    """The network that ran before, in the precision in which it ran."""
    directory: str
    x: object
    """As it came over the wire."""
    train: bool

    def run(self, changed: Sequence[str] = ()) -> Answers:
        """What it answers when the parameters of these names hold other numbers."""
        before: list[tuple[torch.Tensor, torch.Tensor]] = []

        def make() -> object:
            net = self.make()
            if changed and isinstance(net, torch.nn.Module):
                dtype = network.PRECISIONS[self.prepared.precision]
                network.settle(net, Inputs.read(self.x, dtype))
                named = dict(torch.nn.Module.named_parameters(net))
                before.extend(_change(named[n], n) for n in changed)
            return net

        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - the student's code may draw from it
        _, output, error = network.prepare(
            make,
            self.x,
            seed=self.args["seed"],
            directory=self.directory,
            precisions=[self.prepared.precision],
            train=self.train,
        )
        with torch.no_grad():
            for parameter, numbers in before:  # it may be one for all networks of the file
                parameter.copy_(numbers)
        if error is not None:
            return None
        return [t.detach().clone() for t in list_tensors(output)]

    def find_idle(self, names: Sequence[str], plain: Answers) -> list[str]:
        """Those of the names without which nothing changes; `plain` is what all of them give."""
        if not names or _are_same(self.run(names), plain):
            return list(names)
        if len(names) == 1:
            return []
        half = len(names) // 2
        return self.find_idle(names[:half], plain) + self.find_idle(names[half:], plain)


def find_used(
    make: Callable[[], object], args: InputArgs, prepared: Prepared, directory: str
) -> dict[str, bool | None]:
    """By name whether a parameter is used: the answers depend on it, in some mode on some input.

    What operators were seen to own is used. Of the rest it is tried: other numbers are put in their
    place, however the network reads them. None where nothing could be tried.
    """
    named = list(torch.nn.Module.named_parameters(prepared.net))
    used: dict[str, bool | None] = {n: prepared.trace.uses(p) for n, p in named}
    idle = [n for n, is_used in used.items() if not is_used]
    begun, known = time.process_time(), False
    for number, (x, train) in enumerate(_vary(args["x"])):
        if not idle or (number >= FEWEST and time.process_time() - begun > SECONDS):
            break
        trial = Trial(
            make=make, args=args, prepared=prepared, directory=directory, x=x, train=train
        )
        plain = trial.run()
        if not plain:
            continue
        known = True
        if _are_same(trial.run(), plain):  # else it answers by chance, which shows nothing
            idle = trial.find_idle(idle, plain)
    return {n: (False if known else None) if n in idle else True for n in used}


def _vary(x: object) -> Iterator[tuple[object, bool]]:
    """Inputs and modes, as a part may be used in one of them only."""
    yield from ((x, False), (x, True))
    yield _change_arrays(x, lambda a: -a if a.dtype.kind == "f" else a), False
    yield _change_arrays(x, lambda a: a[:1] if a.ndim else a), False
    yield _change_arrays(x, lambda a: np.concatenate([a, a, a]) if a.ndim else a), True


def _change_arrays(x: object, change: Callable[[Array], Array]) -> object:
    """The input with all its arrays changed."""
    if holds_arrays(x):
        return [_change_arrays(v, change) for v in cast("Sequence[object]", x)]
    return change(np.array(x)) if isinstance(x, (np.ndarray, list, tuple)) else x


def _change(parameter: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Other numbers stand in the parameter; it, and what it held."""
    kept = parameter.detach().clone()
    drawn = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        parameter.copy_(torch.randn(parameter.shape, generator=drawn, dtype=torch.float64))
    return parameter, kept


def _are_same(one: Answers, other: Answers) -> bool:
    if one is None or other is None:
        return one is other
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(
        a.shape == b.shape and torch.equal(torch.nan_to_num(a), torch.nan_to_num(b))
        for a, b in pairs
    )
