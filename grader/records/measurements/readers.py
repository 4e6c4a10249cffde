"""How each question's answer is read: the trusted side's half of `inside.schema.questions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grader.records.measurements.layers import Layers
from grader.records.measurements.logits import Logits, Trained
from grader.records.measurements.networks import Networks
from grader.records.measurements.outputs import Outputs
from grader.records.measurements.parameters import Parameters
from grader.records.measurements.returned import Returned
from grader.records.measurements.steps import Gradients, Steps

READERS: Mapping[str, Callable[[object], object]] = {
    "layers": Layers.from_wire,
    "parameters": Parameters.from_wire,
    "outputs": Outputs.from_wire,
    "gradients": Gradients.from_wire,
    "steps": Steps.from_wire,
    "logits": Logits.from_wire,
    "networks": Networks.from_wire,
    "train": Trained.from_wire,
    "call": Returned.from_wire,
    "value": Returned.from_wire,
    "script": Returned.from_wire,
}
"""By question. Each checks the answer completely or raises `wire.Malformed`."""
