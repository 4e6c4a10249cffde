"""What a probe measured, once its answer has been checked outside the sandbox.

Each `from_wire` takes a value that came out of a box: it is checked completely, or refused with
`wire.Malformed`.

Floors, top first:
    extents, kept, readers
    layers, logits, networks, outputs, parameters, steps
    dropouts, named_arrays, returned, text
"""

from grader.inside.schema.questions import Output, Precision
from grader.records.measurements.dropouts import NO_DROPOUT, Dropouts
from grader.records.measurements.extents import describe_excess
from grader.records.measurements.layers import Layer, Layers
from grader.records.measurements.logits import Logits, Trained
from grader.records.measurements.named_arrays import NamedArray, NamedArrays
from grader.records.measurements.networks import NetworkFacts, Networks
from grader.records.measurements.outputs import Outputs, list_arrays
from grader.records.measurements.parameters import Parameter, Parameters
from grader.records.measurements.readers import READERS
from grader.records.measurements.returned import Returned
from grader.records.measurements.steps import Gradients, Steps
from grader.records.measurements.text import Text
from grader.records.untrusted import Array

__all__ = [
    "NO_DROPOUT",
    "READERS",
    "Array",
    "Dropouts",
    "Gradients",
    "Layer",
    "Layers",
    "Logits",
    "NamedArray",
    "NamedArrays",
    "NetworkFacts",
    "Networks",
    "Output",
    "Outputs",
    "Parameter",
    "Parameters",
    "Precision",
    "Returned",
    "Steps",
    "Text",
    "Trained",
    "describe_excess",
    "list_arrays",
]
