"""The course's own measuring code: functions of an assignment's `probes.py`, run in the box.

A function takes the student's file and the probe's arguments, and returns numbers, arrays, lists or
dictionaries of them. What it finds unfit it refuses with a sentence for the student. An error in
which no line of the student's takes part is the course's, and costs nobody points.
"""

from __future__ import annotations

import math
import os
import traceback
from collections.abc import Callable, Iterable
from typing import NoReturn

import numpy as np
import torch

from grader.inside import remarks
from grader.inside.loading import namespace
from grader.inside.loading.namespace import Names, Unanswerable
from grader.inside.measuring import budget, finding, functions, losses, network, outputs, pairing
from grader.inside.measuring.functions import Function
from grader.inside.measuring.losses import FILE
from grader.inside.schema.questions import ReturnedAnswer, ScriptArgs
from grader.inside.wire import Array

_LARGEST = 1 << 24
"""Numbers of one array that a student's function may hand over."""


class Student:
    """The student's file as a function of `probes.py` sees it."""

    def __init__(self, names: Names, seed: int = 0) -> None:
        self._names, self._seed = names, seed

    def __getitem__(self, name: str) -> object:
        """What the file binds to that name; refused, with near names, where it binds nothing."""
        return finding.find(self._names, name)

    def refuse(self, why: str) -> NoReturn:
        """Ends the measurement; `why` is a sentence for the student."""
        raise Unanswerable(why)

    def function(self, name: str, *given: object, **options: object) -> Function:
        """The student's function of that name, which takes these arguments; refused otherwise."""
        return functions.require_callable(self[name], name, given, options)

    def build(self, name: str, *given: object) -> object:
        """What the class or function of that name makes of these arguments; where the name is
        bound to a finished object, what its class makes.
        """
        target = self[name]
        if isinstance(target, torch.nn.Module):
            return functions.find_maker(self._names, {"module": name, "init": list(given)})()
        if not callable(target) and finding.is_own(type(target), self._names):
            remarks.add("instance", f"`{name}` is a {type(target).__name__}")
            target = type(target)
        return functions.require_callable(target, name, given)(*given)

    def network(self, name: str, x: Array) -> tuple[torch.nn.Module, torch.Tensor]:
        """A fresh network of that class, or made by that function, and `x` as a tensor.

        In eval mode, float32, with the equal weights of the class's seed. `x`: (N, …), N ≥ 2.
        """
        prepared, output, error = network.prepare(
            functions.find_maker(self._names, {"module": name}),
            x,
            seed=self._seed,
            directory=finding.find_directory(self._names),
            precisions=("float32",),
        )
        if error is not None:  # perhaps in no line of the student's, who put the layers together
            self.refuse(f"`{name}` cannot be run on {tuple(x.shape)}: {error}")
        where = functions.describe_forward(self._names, prepared.net)
        outputs.check_scores(output, len(prepared.x), where)
        pairing.require_settable(prepared.trace)
        pairs = pairing.pair(prepared.trace.operators)
        pairing.write(pairs, lambda key, shape: pairing.draw(key, shape, self._seed))
        return prepared.net, prepared.x.first

    def array(self, value: object, what: str, shape: tuple[int, ...] | None = None) -> Array:
        """A float64 copy of what the student's code gave, an array or a tensor of that shape.

        `what` names it in the sentence that refuses anything else.
        """
        try:
            returned = functions.describe(value, most=outputs.LARGEST, longest=math.inf)
        except Unanswerable as error:
            raise Unanswerable(f"{what} cannot be read: {error.why}") from None
        kind, item = returned["kind"], returned["item"]
        if isinstance(value, (list, tuple)):
            try:
                item = np.array([self.array(v, what) for v in value])
            except ValueError:
                self.refuse(f"{what} is a {kind} of unequal parts; return one array")
        if isinstance(item, bool) or not isinstance(item, (int, float, np.ndarray)):
            self.refuse(f"{what} is a {kind}; return an array of numbers")
        if isinstance(item, np.ndarray) and np.iscomplexobj(item):
            self.refuse(f"{what} holds complex numbers, and real ones are asked for")
        try:
            numbers = np.array(item, np.float64)
        except OverflowError:
            self.refuse(f"{what} is a whole number that is too large for an array of numbers")
        if numbers.size > _LARGEST:
            self.refuse(f"{what} holds {numbers.size:,} numbers; {_LARGEST:,} are the most")
        if shape is not None and numbers.shape != shape:
            self.refuse(f"{what} has shape {numbers.shape}, expected is {shape}")
        return numbers

    def each(self, calls: Iterable[Callable[[], object]]) -> list[object]:
        """What each call gives; `{"failed": why}` where the student's code raises or is refused.

        So one that fails takes nothing from the others. Where all fail, the first failure goes on.
        """
        given: list[object] = []
        failures: list[Exception] = []
        for call in calls:
            try:
                given.append(call())
            except Exception as error:
                given.append({"failed": self._explain(error)})
                failures.append(error)
        if failures and len(failures) == len(given):
            raise failures[0]
        return given

    def _explain(self, error: Exception) -> str:
        """Why a call failed. Raises the error where no line of the student's takes part in it."""
        if isinstance(error, Unanswerable):
            return error.why
        facts = namespace.describe_error(error, finding.find_directory(self._names), self._names)
        if not facts.get("file"):
            raise error
        return f"{facts['file']}, line {facts.get('line')}: {facts['kind']}: {facts['message']}"

    def within(self, seconds: float, call: Callable[[], object]) -> bool:
        """Calls it for at most that many CPU seconds; False where it had to be stopped."""
        return not budget.run(call, seconds)


def run(names: Names, args: ScriptArgs) -> ReturnedAnswer:
    """What the function `args["name"]` of the source `args["script"]` returns."""
    directory = finding.find_directory(names)
    try:
        function = losses.load_function(args["script"], args["name"])
        given = [functions.copy_argument(a) for a in args["args"]]
        result = function(Student(names, args.get("seed", 0)), *given)
    except Unanswerable:
        raise
    except Exception as error:
        if namespace.describe_error(error, directory, names).get("file"):
            raise
        raise Unanswerable(_describe_fault(error), needs_review=True) from None
    try:
        return {"value": functions.describe(result, most=outputs.LARGEST), "changed": []}
    except Unanswerable as error:
        why = f"`{args['name']}` of {FILE} returned what cannot cross: {error.why}"
        raise Unanswerable(why, needs_review=True) from None


def _describe_fault(error: Exception) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    where = f"{FILE}, line {lines[-1]}" if lines else os.path.basename(FILE)
    return f"the course's own measuring code failed ({where}): {type(error).__name__}: {error}"
