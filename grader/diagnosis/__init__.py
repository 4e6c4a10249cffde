"""What a student did, concluded from wrong numbers. Pure: arrays in, sentences out.

Theory. The reference's array is changed as each known mistake would change it; some mistakes need
nothing else (a sign, a factor, a transpose), others need what the reference kept on its way
(`Context`, or a whole `Pass`). Where exactly one of these guesses explains every number of the
student's, its sentence is given. One mistake is tried before two. Arrays in which too many stories
fit (constant, nearly empty) get none, and a context that does not explain the right array is not
used: silence is better than a wrong diagnosis.

`name` looks at one array, `explain` at all arrays of a pass together, so that one mistake that
shows in many gradients is said once. `predictions` and `descents` make suspects for a context: what
mistakes in a forward pass make of its result, and of the weights after a step.

Floors, top first:
    explanation
    forward, naming
    arrays, backprop, layer, loss, update, wording
    arrays_wording, backprop_wording, context, guess, loss_wording, rules
    training_loop, training_step
"""

from __future__ import annotations

from grader.diagnosis.backprop import Pass, softmax
from grader.diagnosis.context import Context
from grader.diagnosis.explanation import Finding, explain
from grader.diagnosis.forward import (
    ACTIVATIONS,
    ENDS,
    RELU,
    SOFTMAX,
    descents,
    predictions,
)
from grader.diagnosis.naming import name
from grader.diagnosis.training_loop import Descent
from grader.diagnosis.wording import Fault

__all__ = [
    "ACTIVATIONS",
    "ENDS",
    "RELU",
    "SOFTMAX",
    "Context",
    "Descent",
    "Fault",
    "Finding",
    "Pass",
    "descents",
    "explain",
    "name",
    "predictions",
    "softmax",
]
