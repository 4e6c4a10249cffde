"""The course's own measuring code: functions of an assignment's `probes.py`, run in the box.

A function takes the student's file and the probe's arguments, and returns numbers, arrays, lists or
dictionaries of them. What it finds unfit it refuses with a sentence for the student. An error in
which no line of the student's takes part is the course's, and costs nobody points.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import torch

from grader.inside.loading import namespace
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import budget, finding, functions, network

FILE = "probes.py"
_LARGEST = 1 << 24
"""Numbers of one array that a student's function may hand over."""


class Student:
    """The student's file as a function of `probes.py` sees it."""

    def __init__(self, names: dict[str, Any], seed: int = 0) -> None:
        self._names, self._seed = names, seed

    def __getitem__(self, name: str) -> Any:
        """What the file binds to that name; refused, with near names, where it binds nothing."""
        return finding.named(self._names, name)

    def refuse(self, why: str) -> NoReturn:
        """Ends the measurement; `why` is a sentence for the student."""
        raise Unanswerable(why)

    def function(self, name: str, *given: object, **options: object) -> Any:
        """The student's function of that name, which takes these arguments; refused otherwise."""
        found = self[name]
        functions.accepts(found, name, given, options)
        return found

    def network(self, name: str, x: Any) -> tuple[torch.nn.Module, torch.Tensor]:
        """A fresh network of that class, or made by that function, and `x` as a tensor.

        In eval mode, float32, with the equal weights of the class's seed. `x`: (N, …), N ≥ 2.
        """
        prepared, output, error = network.prepare(
            functions.maker(self._names, {"module": name}),
            x,
            seed=self._seed,
            directory=finding.directory_of(self._names),
            precisions=("float32",),
        )
        if error is not None:  # perhaps in no line of the student's, who put the layers together
            self.refuse(f"`{name}` cannot be run on {tuple(x.shape)}: {error}")
        where = functions.where_written(self._names, prepared.net)
        network.check_output(output, len(prepared.x), where)
        network.require_settable(prepared.trace)
        pairs = next(network.pairings(prepared.trace.operators))
        network.write(pairs, lambda key, shape: network.drawn(key, shape, self._seed))
        return prepared.net, prepared.x

    def array(self, value: object, what: str, shape: tuple[int, ...] | None = None) -> Any:
        """A float64 copy of what the student's code gave, an array or a tensor of that shape.

        `what` names it in the sentence that refuses anything else.
        """
        try:
            made = functions.returned(value)
        except Unanswerable as error:
            raise Unanswerable(f"{what} cannot be read: {error.why}") from None
        found = made["item"]
        if made["kind"] in ("list", "tuple"):
            try:
                found = np.array([self.array(v, what) for v in value])  # type: ignore[attr-defined]
            except ValueError:
                self.refuse(f"{what} is a {made['kind']} of unequal parts; return one array")
        if isinstance(found, (bool, str)) or found is None or isinstance(found, list):
            self.refuse(f"{what} is a {made['kind']}; return an array of numbers")
        numbers = np.array(found, np.float64)
        if numbers.size > _LARGEST:
            self.refuse(f"{what} holds {numbers.size:,} numbers; {_LARGEST:,} are the most")
        if shape is not None and numbers.shape != shape:
            self.refuse(f"{what} has shape {numbers.shape}, expected is {shape}")
        return numbers

    def within(self, seconds: float, call: Callable[[], object]) -> bool:
        """Calls it for at most that many CPU seconds; False where it had to be stopped."""
        return not budget.run(call, seconds)


def run(names: dict[str, Any], args: dict[str, Any]) -> Any:
    """What the function `args["name"]` of the source `args["script"]` returns."""
    space: dict[str, Any] = {"__name__": "probes", "__file__": FILE}
    directory = finding.directory_of(names)
    try:
        exec(compile(args["script"], FILE, "exec", dont_inherit=True), space)
        result = space[args["name"]](Student(names, args.get("seed", 0)), *args["args"])
    except Unanswerable:
        raise
    except Exception as error:
        if namespace.trouble(error, directory).get("file"):
            raise
        raise Unanswerable(_fault(error), needs_review=True) from None
    try:
        return {"value": functions.returned(result), "changed": []}
    except Unanswerable as error:
        why = f"`{args['name']}` of {FILE} returned what cannot cross: {error.why}"
        raise Unanswerable(why, needs_review=True) from None


def _fault(error: Exception) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    where = f"{FILE}, line {lines[-1]}" if lines else os.path.basename(FILE)
    return f"the course's own measuring code failed ({where}): {type(error).__name__}: {error}"
