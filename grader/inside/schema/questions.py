"""Everything that a box can be asked: the arguments of each question, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from grader.inside.wire import Array

Precision = Literal["float64", "float32"]
Output = Literal["logits", "probabilities", "raw", "scores"]
"""What a network returns. `logits`: one tensor of class scores, of which only the differences
within a row count. `probabilities` and `raw`: numbers as they are, of one tensor or of several.
`scores`, which nobody declares: scores as in `logits`, perhaps as the first of several tensors.
"""

# ---------------------------------------------------------------------- arguments


class Args(TypedDict, total=False):
    """What every question brings along."""

    seed: int
    precisions: Sequence[Precision]
    """In which a network is tried, one after the other."""
    asked: Sequence[str]
    """Every name that the assignment asks for: none of them is offered, or taken, as another."""
    substitutes: Mapping[str, str]
    """By name asked for, what the grader has decided to take in its place: `Net`, `model.Net`."""


class NetworkArgs(Args):
    """How a network is built."""

    module: str
    """The name of its class."""
    init: NotRequired[Sequence[object]]
    """Arguments of the constructor."""
    without: NotRequired[str]
    """A package whose classes it may not be made of."""


class InputArgs(NetworkArgs):
    """A network that is run on an input: its operators, or its answers under equal weights."""

    x: object
    """An array, or a list of several arguments with arrays in it."""
    precision: NotRequired[Precision]
    """The only one that is tried."""
    output: NotRequired[Output]
    """`raw` where it is left out."""


class ParametersArgs(InputArgs):
    """The parameters of a network."""

    train: NotRequired[int]
    """1 for train mode."""


class LossArgs(InputArgs):
    """A network whose answers have a loss."""

    y: object
    """The target: an array, or for a loss of the course's own a list of several."""
    loss: NotRequired[str]
    """`cross_entropy`, `mse` or a function of the course's `probes.py`. Where it is left out whole
    numbers as targets are classes, for cross-entropy, and others what `mse` compares with.
    """
    script: NotRequired[str]
    """The source of that function."""


class GradientsArgs(LossArgs):
    """Its gradients under equal weights."""


class StepsArgs(LossArgs):
    """Two steps of gradient descent."""

    lr: float
    by: NotRequired[str]
    """The student's function that takes the steps."""


class ImagesArgs(TypedDict):
    """Pictures that a trained network answers to."""

    images: Array


class LogitsArgs(Args):
    """Answers of a trained network: of one built from a class, or of an object.

    Without images the network is built and not run, and the file of weights is read.
    """

    images: NotRequired[Array]
    module: NotRequired[str]
    init: NotRequired[Sequence[object]]
    without: NotRequired[str]
    precision: NotRequired[Precision]
    output: NotRequired[Output]
    live: NotRequired[str]
    """The name of the object."""
    weights: NotRequired[str]
    operands: NotRequired[Sequence[tuple[str, Array]]]
    state: NotRequired[Sequence[tuple[str, Array]]]
    """Its weights: in a file, by key, or by the names that they have in a file."""
    seconds: NotRequired[float]
    """CPU seconds in which a network of the student's own has to answer."""


class NetworksArgs(Args):
    """What could stand for a network that is asked for."""

    module: NotRequired[str]
    init: NotRequired[Sequence[object]]
    live: NotRequired[str]
    """The name of an object, in place of a class."""
    x: NotRequired[object]
    """Where given, what each answers to it is told as well."""
    own: NotRequired[int]
    """1 for the network of that name itself, as of the reference."""
    files: NotRequired[Sequence[str]]
    """Files of weights, of which the shapes are told in place of networks."""


class TrainArgs(NetworkArgs, ImagesArgs):
    """A training under a budget."""

    name: str
    """The student's function."""
    x: Array
    y: Array
    seconds: float
    precision: NotRequired[Precision]
    by_epoch: NotRequired[bool]
    options: NotRequired[Mapping[str, float]]


class CallArgs(Args):
    """A call of a function."""

    name: str
    args: NotRequired[Sequence[object]]
    tensors: NotRequired[bool]
    """Whether arrays arrive as tensors."""


class ValueArgs(Args):
    """What a name is bound to."""

    name: str


class ScriptArgs(Args):
    """A function of the course's own measuring code."""

    name: str
    args: Sequence[object]
    script: str
    """Its source."""


# ---------------------------------------------------------------------- answers


class ErrorFacts(TypedDict):
    """An exception of the student's code, and the student's line that caused it."""

    kind: str
    """The class's name."""
    message: str
    file: NotRequired[str | None]
    line: NotRequired[int | None]
    code: NotRequired[str | None]
    """The line's text."""
    where: NotRequired[str | None]
    """The function's name."""


Sketch = Array | None  # a few values of a tensor, float64
Setting = int | str | list[int]
"""Stride, padding or dilation."""


class LayerRow(TypedDict):
    """One operator."""

    name: str
    kind: str
    shape: list[int]
    weights: list[tuple[str, str, list[int]]]
    """Role, name and shape."""
    keys: list[str]  # of each part whose outputs go another way
    settings: Mapping[str, Setting]
    steps: list[str]
    file: str | None
    line: int | None
    start: Sketch
    result: Sketch
    end: Sketch
    again: bool
    """Whether every weight of it was used by an earlier row as well."""


class LayersAnswer(TypedDict):
    """The operators of a network."""

    precision: Precision
    error: ErrorFacts | None
    """What stopped `forward`."""
    unset: str
    """Why equal weights could not be set."""
    before: list[str]
    layers: list[LayerRow]


class ParameterRow(TypedDict):
    """One parameter, buffer or tensor."""

    name: str
    shape: list[int]
    kind: str
    trainable: bool
    used: bool | None


class DropoutFacts(TypedDict):
    """Where dropout acts."""

    layers: list[str]
    """Names of the operators with weights."""
    places: list[tuple[int, float]]
    """How many of those are before it, and its share."""


class ParametersAnswer(TypedDict):
    """The parameters of a network."""

    rows: list[ParameterRow]
    dropouts: DropoutFacts


class NamedRow(TypedDict):
    """Numbers that belong to one weight."""

    key: str
    name: str
    shape: list[int]
    values: Array | None
    sampled: bool


class GradientsAnswer(TypedDict):
    """Its gradients."""

    precision: Precision
    runs: list[list[NamedRow]]


class StepsFacts(TypedDict):
    """What may explain why steps end elsewhere."""

    dropouts: DropoutFacts
    unregistered: list[str]
    """Names of weights that `parameters()` of the network leaves out."""


class StepsAnswer(StepsFacts):
    """Its weights after each step."""

    precision: Precision
    runs: list[list[list[NamedRow]]]
    before: NotRequired[list[NamedRow]]
    """Where the student's function stepped."""


class LogitsAnswer(TypedDict):
    """The answers of a trained network, and its weights by key."""

    logits: Array | None
    """None where a file was only read."""
    operands: list[tuple[str, Array]]
    unset: str
    """Why its weights cannot be told."""
    state: NotRequired[Sequence[tuple[str, Array]]]
    """The arrays of a file that was only read, by name."""


class TrainAnswer(LogitsAnswer):
    """The same after a training."""

    losses: Array
    spent: bool
    epochs: NotRequired[Array]


class NetworkRow(TypedDict):
    """A network of the student's."""

    path: str
    """Its name, behind that of a module of the student's where only that holds it."""
    place: str
    """Where it is written: ` (line 5)`, or nothing."""
    shapes: list[list[int]] | None
    """Of its parameters; None where it cannot be built."""
    output: list[int] | None
    """The shape of its answer; None where it gives none, or was not asked."""
    wants: list[str]
    """Arguments that its constructor needs besides; `name=` where one is given by name."""


class NetworksAnswer(TypedDict):
    """What could stand for a network that is asked for."""

    ready: bool
    """True where that name, or `answers`, gives one: then nothing has to be found."""
    bound: NetworkRow | None
    """The class of that name, where it wants more arguments."""
    rows: list[NetworkRow]


class ReturnedItem(TypedDict):
    """A result with its kind."""

    kind: str
    item: object
    """A plain value, an array, a list of ReturnedItem, or one of (key, ReturnedItem)."""


class OutputsAnswer(TypedDict):
    """The answers of a network, once for each pairing of weights."""

    precision: Precision
    runs: list[ReturnedItem]
    place: str
    """Where its `forward` is written, for the start of a sentence."""


class ReturnedAnswer(TypedDict):
    """What a function gave, or a name is bound to."""

    value: ReturnedItem
    changed: list[int]
    """Arguments that were changed in place."""


# ---------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    args: type
    """Its arguments."""
    answer: type
    """Its answer."""


QUESTIONS: Mapping[str, Question] = {
    "layers": Question(InputArgs, LayersAnswer),
    "parameters": Question(ParametersArgs, ParametersAnswer),
    "outputs": Question(InputArgs, OutputsAnswer),
    "gradients": Question(GradientsArgs, GradientsAnswer),
    "steps": Question(StepsArgs, StepsAnswer),
    "logits": Question(LogitsArgs, LogitsAnswer),
    "networks": Question(NetworksArgs, NetworksAnswer),
    "train": Question(TrainArgs, TrainAnswer),
    "call": Question(CallArgs, ReturnedAnswer),
    "value": Question(ValueArgs, ReturnedAnswer),
    "script": Question(ScriptArgs, ReturnedAnswer),
}
"""Everything that can be asked, by name. `measure.ASKS` answers, `records.readers` reads."""
