"""Probes: what the sandbox is asked to do. Pure data; the student can read every argument."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from grader.data.secret import Secret
from grader.data.source import Source
from grader.inside.wire import pack
from grader.records import measurements as m
from grader.records.errors import CourseError

T_co = TypeVar("T_co", covariant=True)

STEP = 0.01
"""Learning rate of the two steps."""
SCRIPT = "script"
"""The question that runs the course's own measuring code."""


@runtime_checkable
class Description(Protocol):
    """Data that is described in an assignment and drawn or read only when a box is asked."""

    def load(self, seed: int, source: Source) -> npt.NDArray[np.generic]:
        """The array itself, where it is one of a data set read from `source`."""

    def describe(self) -> str:
        """A line that names it and everything it depends on but the seed."""


Argument: TypeAlias = (
    "Description | npt.NDArray[np.generic] | float | str | Sequence[Argument] | None"
)
"""What may be passed to a probe: students could read it there."""
Given: TypeAlias = "Argument | Mapping[str, Argument]"
"""One argument of a measuring function: one that was passed, or several by name."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Probe(Generic[T_co]):
    """One question; `T_co` is what its answer is read as. Compared by identity.

    `key` says what it asks.
    """

    ask: str
    """The question's name: `inside.schema.questions` has its arguments and its answer."""
    args: Mapping[str, Given]
    """Its arguments: plain values, arrays and descriptions."""
    both_precisions: bool = False
    """Whether the reference answers in float32 as well."""
    recompute: bool = False
    """Whether the answer's arrays are put into the reference's network outside."""

    @property
    def subject(self) -> str:
        """The name in the student's file that the question is about."""
        return str(
            next((self.args[k] for k in ("by", "module", "live", "name") if k in self.args), "")
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every name in the student's file that the question needs, as far as it says so."""
        if self.ask == SCRIPT:
            return ()
        return tuple(str(self.args[k]) for k in ("module", "by", "live", "name") if k in self.args)

    @property
    def key(self) -> str:
        """Digest of the question without the seed: equal keys ask the same."""
        tree, arrays = pack(
            {"ask": self.ask, "args": _replace(self.args, lambda d: {"described": d.describe()})}
        )
        digest = hashlib.sha256(json.dumps(tree, sort_keys=True).encode())
        for array in arrays:
            digest.update(array.tobytes())
        return digest.hexdigest()[:32]

    @property
    def descriptions(self) -> tuple[Description, ...]:
        """Every description among its arguments, however deep."""
        listed: list[Description] = []
        _replace(self.args, listed.append)
        return tuple(listed)

    def arguments(self, seed: int, source: Source) -> dict[str, object]:
        """The arguments as they cross the line, with every description drawn or read."""
        arguments = {k: _replace(v, lambda d: d.load(seed, source)) for k, v in self.args.items()}
        return {**arguments, "seed": seed}

    def read(self, answer: object) -> T_co:
        """The measurement that came out of a box, checked; `wire.Malformed` where it is none."""
        return cast("T_co", m.READERS[self.ask](answer))


def _replace(value: object, turn: Callable[[Description], object]) -> object:
    """The value with every description in it replaced by what `turn` makes of it."""
    if isinstance(value, Mapping):
        return {k: _replace(v, turn) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace(v, turn) for v in value]
    return turn(value) if isinstance(value, Description) else value


def _require_argument(value: object) -> Argument:
    """The value, lists for tuples. CourseError for what cannot cross the line: labels, objects."""
    if isinstance(value, (list, tuple)):
        return [_require_argument(v) for v in value]
    if isinstance(value, (Description, np.ndarray, int, float, str)) or value is None:
        return value
    kind = Secret if isinstance(value, Secret) else type(value)
    raise CourseError(
        f"a {kind.__name__} cannot be passed to a probe, because students could read "
        f"it there; "
        "pass numbers, text, arrays or data descriptions, and use labels in checks only"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A class whose instances are `torch.nn.Module`s; each probe of it builds a fresh one."""

    name: str
    init: tuple[Argument, ...] = ()
    """Positional arguments of the constructor."""
    precision: m.Precision | None = None
    """Where one is asked for; else float64, and float32 for code that runs in nothing else."""
    without: str | None = None
    """A package whose classes it may not be made of, `torchvision.models`."""

    def _args(self, **more: object) -> dict[str, Given]:
        more |= {"precision": self.precision, "without": self.without}
        given = {k: _require_argument(v) for k, v in more.items() if v is not None}
        return {"module": self.name, "init": list(self.init), **given}

    @property
    def _both_precisions(self) -> bool:
        return self.precision is None

    def layers(self, x: Argument) -> Probe[m.Layers]:
        """Operators with output shapes and, under equal weights, sketches of their values. `x`:
        (N, …), N ≥ 2.
        """
        return Probe(
            ask="layers",
            args=self._args(x=x),
            both_precisions=self._both_precisions,
        )

    def parameters(self, x: Argument, *, train: bool = False) -> Probe[m.Parameters]:
        """Parameters and buffers, each once; `x` is passed through to see which are used.

        In train mode it also shows where dropout stands.
        """
        args = self._args(x=x, train=int(train) or None)
        return Probe(ask="parameters", args=args)

    def outputs(self, x: Argument) -> Probe[m.Outputs]:
        """The answer to `x` in eval mode under equal weights, float64."""
        return Probe(
            ask="outputs",
            args=self._args(x=x),
            both_precisions=self._both_precisions,
        )

    def gradients(self, x: Argument, y: Argument) -> Probe[m.Gradients]:
        """Gradients of the mean cross-entropy for classes `y` (N,) in eval mode under equal
        weights.
        """
        return Probe(
            ask="gradients",
            args=self._args(x=x, y=y),
            both_precisions=self._both_precisions,
        )

    def steps(
        self, x: Argument, y: Argument, *, lr: float = STEP, by: str | None = None
    ) -> Probe[m.Steps]:
        """Weights after each of two steps of gradient descent with learning rate `lr`, in train
        mode.

        With `by`, the student's function of that name takes them: it is called twice as
        `by(network, optimizer, x, y)`, with an `torch.optim.SGD` that holds the network's weights.
        """
        args = self._args(x=x, y=y, lr=lr, by=by)
        return Probe(ask="steps", args=args, both_precisions=self._both_precisions)

    def logits(self, images: Argument, *, weights: str) -> Probe[m.Logits]:
        """The answer to `images` in eval mode, float32, with the trained weights of the given
        file.
        """
        args = self._args(images=images, weights=weights)
        return Probe(ask="logits", args=args, recompute=True)

    def own_logits(self, images: Argument, *, weights: str, seconds: float) -> Probe[m.Logits]:
        """The same of a network of the student's own design, within so many CPU seconds.

        There is no network of the brief to recompute it in, so its weights stay in the box.
        """
        args = self._args(images=images, weights=weights, seconds=seconds)
        return Probe(ask="logits", args=args)

    def train(
        self,
        by: str,
        x: Argument,
        y: Argument,
        *,
        seconds: float,
        images: Argument,
        by_epoch: bool = False,
        **options: float,
    ) -> Probe[m.Trained]:
        """What a fresh network answers to `images` after the student's function `by` trained it.

        The function is called as `by(network, x, y, **options)`, stopped after `seconds` of CPU
        time, and returns or yields its losses. `x`: (N, C, H, W), `y`: (N,), from the training
        split. With `by_epoch` it yields once after each epoch, and the network answers `images`
        there as well, in time that does not count.
        """
        args = self._args(name=by, x=x, y=y, seconds=seconds, images=images)
        if by_epoch or options:  # a probe without them keeps the key it always had
            numbers = {k: _require_argument(v) for k, v in options.items()}
            args |= {"by_epoch": by_epoch, "options": numbers}
        return Probe(ask="train", args=args, recompute=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A trained network that the student's code left behind under this name."""

    name: str

    def logits(self, images: Argument) -> Probe[m.Logits]:
        """The answer to `images` in eval mode, float32."""
        args = {"live": self.name, "images": _require_argument(images)}
        return Probe(ask="logits", args=args, recompute=True)


def live(name: str) -> Live:
    """The object of that name at the end of the notebook or module."""
    return Live(name=name)


def module(
    name: str, *init: Argument, precision: m.Precision | None = None, without: str | None = None
) -> Module:
    """The class of that name in the student's file, built with these arguments.

    `precision="float32"` halves what a very large network needs of memory and time.
    `without="torchvision.models"` refuses a network of which a part is an instance of a class of
    that package, for an assignment in which it is to be written.
    """
    given = tuple(_require_argument(a) for a in init)
    return Module(name=name, init=given, precision=precision, without=without)


def call(name: str, *args: Argument, tensors: bool = False) -> Probe[m.Returned]:
    """The result of a function for fresh copies of `args`; arrays arrive as tensors where asked."""
    inputs = [_require_argument(a) for a in args]
    given: dict[str, Given] = {"name": name, "args": inputs, "tensors": tensors}
    return Probe(ask="call", args=given)


def value(name: str) -> Probe[m.Returned]:
    """What a name in the student's file is bound to."""
    return Probe(ask="value", args={"name": name})


def values(*names: str) -> dict[str, Probe[m.Returned]]:
    """By name what each of several names is bound to, for `compare.parts`."""
    return {name: value(name) for name in names}


def script(name: str, *args: Argument) -> Probe[m.Returned]:
    """What the function of that name in the assignment's `probes.py` returns, run in the sandbox.

    It is called with the student's file (`inside.measuring.scripts.Student`) and fresh copies of
    `args`. Students may read it.
    """
    given = {"name": name, "args": [_require_argument(a) for a in args]}
    return Probe(ask=SCRIPT, args=given)
