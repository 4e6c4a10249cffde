"""Probes: what the sandbox is asked to do. Pure data; the student can read every argument."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar, cast, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt

from grader.assignment import requirements
from grader.data.descriptions import Images, Targets
from grader.data.drawn import Drawn
from grader.data.secret import Secret
from grader.data.source import Source
from grader.inside.wire import Malformed, pack
from grader.records import measurements as m
from grader.records.errors import CourseError
from grader.records.json_values import read_number

T_co = TypeVar("T_co", covariant=True)

STEP = 0.01
"""Learning rate of the two steps."""
SCRIPT = "script"
"""The question that runs the course's own measuring code."""
TEXT = "text"
"""The one question that no box is asked: what stands in the files, which are read outside."""
OUR_LOSSES = ("cross_entropy", "mse")
"""Losses that need no function of the course's own."""
OUTPUTS: tuple[m.Output, ...] = ("logits", "probabilities", "raw")
"""What an assignment may say of a network's answers."""


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

    def __post_init__(self) -> None:
        """Raises CourseError for a name that no Python file can hold, for no time at all, and for
        what cannot enter a box.
        """
        for key in ("module", "by", "live", "name"):
            if key in self.args:
                requirements.require_name("the name that a probe asks for", self.args[key])
        if "weights" in self.args:
            requirements.require_text("the file of weights", self.args["weights"])
        if "seconds" in self.args:
            requirements.require_seconds("the time for a probe", self.args["seconds"])
        if "lr" in self.args:
            requirements.require_number("the learning rate", self.args["lr"])
        try:
            self.key  # noqa: B018
        except Malformed as error:
            raise CourseError(f"this probe cannot be asked: {error}") from None

    @property
    def subject(self) -> str:
        """The name in the student's file that the question is about."""
        return str(
            next((self.args[k] for k in ("by", "module", "live", "name") if k in self.args), "")
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every name in the student's file that the question needs, as far as it says so."""
        if self.ask in (SCRIPT, TEXT):
            return ()
        return tuple(str(self.args[k]) for k in ("module", "by", "live", "name") if k in self.args)

    @property
    def loss(self) -> str:
        """The function of probes.py by which it is differentiated; empty where there is none."""
        loss = str(self.args.get("loss", ""))
        return "" if loss in OUR_LOSSES else loss

    @property
    def shows_classes(self) -> bool:
        """True where class labels stand beside the input, so that a classifier is asked."""
        if self.ask in ("logits", "train"):
            return "module" in self.args
        if self.ask not in ("gradients", "steps"):
            return False
        return self.args.get("loss", OUR_LOSSES[0]) == OUR_LOSSES[0] and _is_whole(self.args["y"])

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

    def read(self, answer: object, output: m.Output = "raw") -> T_co:
        """The measurement that came out of a box, checked; `wire.Malformed` where it is none.

        `output` is what its network returns where the probe itself does not say.
        """
        value = m.READERS[self.ask](answer)
        if isinstance(value, m.Outputs):
            value = replace(value, output=cast("m.Output", self.args.get("output", output)))
        return cast("T_co", value)


def _replace(value: object, turn: Callable[[Description], object]) -> object:
    """The value with every description in it replaced by what `turn` makes of it."""
    if isinstance(value, Mapping):
        return {k: _replace(v, turn) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace(v, turn) for v in value]
    return turn(value) if isinstance(value, Description) else value


def _is_whole(value: Given) -> bool:
    """True for whole numbers: classes, where they are a target."""
    if isinstance(value, Targets):
        return True
    if isinstance(value, Drawn):
        return value.kind == "integers"
    if isinstance(value, (list, tuple, int, np.ndarray)):
        return np.asarray(value, None).dtype.kind in "iub"
    return False


def _require_argument(value: object) -> Argument:
    """The value, lists for tuples. CourseError for what cannot cross the line: labels, objects."""
    if isinstance(value, (list, tuple)):
        return [_require_argument(v) for v in value]
    if isinstance(value, (Description, np.ndarray, int, float, str)) or value is None:
        return value
    number = read_number(value)
    if number is not None:
        return number
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
    output: m.Output | None = None
    """What it returns; None where the assignment does not say."""

    def _args(self, **more: object) -> dict[str, Given]:
        more |= {"precision": self.precision, "without": self.without, "output": self.output}
        given = {k: _require_argument(v) for k, v in more.items() if v is not None}
        return {"module": self.name, "init": list(self.init), **given}

    @property
    def _both_precisions(self) -> bool:
        return self.precision is None

    def layers(self, x: Argument) -> Probe[m.Layers]:
        """Operators with output shapes and, under equal weights, sketches of their values. `x`:
        (N, …), N ≥ 2, or a tuple of all arguments of `forward`, as `(tokens, mask)`.
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

    def gradients(self, x: Argument, y: Argument, *, loss: str | None = None) -> Probe[m.Gradients]:
        """Gradients of the loss in eval mode under equal weights.

        `loss` is `"cross_entropy"`, `"mse"` or the name of a function of `probes.py`, which is
        called as `loss(output, y)`. Left out, whole numbers `y` (N,) are classes, for the mean
        cross-entropy, and other numbers what the mean square error compares the answer with.
        """
        return Probe(
            ask="gradients",
            args=self._args(x=x, y=y, loss=loss),
            both_precisions=self._both_precisions,
        )

    def steps(
        self,
        x: Argument,
        y: Argument,
        *,
        lr: float = STEP,
        by: str | None = None,
        loss: str | None = None,
    ) -> Probe[m.Steps]:
        """Weights after each of two steps of gradient descent with learning rate `lr`, in train
        mode. The loss is chosen as for `gradients`.

        With `by`, the student's function of that name takes them: it is called twice as
        `by(network, optimizer, x, y)`, with an `torch.optim.SGD` that holds the network's weights.
        """
        args = self._args(x=x, y=y, lr=lr, by=by, loss=loss)
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
    name: str,
    *init: Argument,
    precision: m.Precision | None = None,
    without: str | None = None,
    output: m.Output | None = None,
) -> Module:
    """The class of that name in the student's file, built with these arguments.

    `precision="float32"` halves what a very large network needs of memory and time.
    `without="torchvision.models"` refuses a network of which a part is an instance of a class of
    that package, for an assignment in which it is to be written.
    `output` says what it returns. `"logits"`: one tensor of class scores, in which a number added
    to a whole row changes nothing, so that log-probabilities are right as well. `"probabilities"`,
    `"raw"`: every number counts. Left out, a class of which some probe shows class labels returns
    scores, perhaps as the first of several tensors, and any other is raw.
    """
    given = tuple(_require_argument(a) for a in init)
    requirements.require_choice("output", output, OUTPUTS)
    requirements.require_choice("precision", precision, get_args(m.Precision))
    if without is not None:
        requirements.require_text("the package that a network is made without", without)
    return Module(name=name, init=given, precision=precision, without=without, output=output)


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


def text(label: str) -> Probe[m.Text]:
    """What a student wrote under this label, `Q1`: in a text cell of a notebook, in a comment, or
    in a text file. It is read outside the sandbox.
    """
    return Probe(ask=TEXT, args={"label": requirements.require_label(label)})


def survey(name: str, probes: Iterable[Probe[object]]) -> Probe[m.Networks]:
    """What could stand for the network of that name, which these probes are about."""
    about = [p for p in probes if name in (p.args.get("module"), p.args.get("live"))]
    args = {k: v for k, v in about[0].args.items() if k in ("module", "init", "live")}
    drawn = (p.args["x"] for p in about if "x" in p.args and not _shows_pictures(p.args["x"]))
    x = next(drawn, None)
    return Probe(ask="networks", args=args if x is None else {**args, "x": x})


def _shows_pictures(value: object) -> bool:
    """True where a part of it is of a data set: those are many, and loaded for what needs them."""
    pictures: list[Description] = []
    _replace(value, pictures.append)
    return any(isinstance(d, (Images, Targets)) for d in pictures)
