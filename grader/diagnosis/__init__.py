"""What a student did, concluded from wrong numbers. Pure: arrays in, a `Diagnosis` out.

Theory. The reference's array is changed as each known mistake would change it; some mistakes need
nothing else (a sign, a factor, a transpose), others need what the reference kept on its way
(`Context`, or a whole `Pass`). What comes out are candidates. Where exactly one of them explains
every number of the student's, its sentence is given. One mistake is tried before two. Arrays in
which too many stories fit (constant, nearly empty) get none, and a context that does not explain
the right array is not used: silence is better than a wrong diagnosis.

So there are three parts: `candidates` computes what mistakes would give, `matching` tests and
chooses, `wording` knows which message says it. `name` looks at one array, `explain` at all arrays
of a pass together, so that one mistake that shows in many gradients is said once. `predictions` and
`descents` make candidates for a context: what mistakes in a forward pass make of its result, and of
the weights after a step. An assignment adds its own with `Candidate` and `Wording`.

Whole trainings are looked at otherwise, for what they do is read off the weights: `training_step`,
and `Descent` in `training_loop`. `network` concludes from the answers of a network.

Every conclusion is a `Diagnosis`: a code, by which its sentence is found, and the facts in it.

Floors, top first:
    matching
    candidates, network, training_loop, training_step
    context, wording
    records
    numerics, tolerance
"""

from __future__ import annotations

from grader.diagnosis.candidates.backward import Pass
from grader.diagnosis.candidates.forward import ACTIVATIONS, ENDS, descents, predictions
from grader.diagnosis.context import Context
from grader.diagnosis.matching.explanation import explain
from grader.diagnosis.matching.naming import name
from grader.diagnosis.numerics import softmax
from grader.diagnosis.records import Candidate, Diagnosis, Wording
from grader.diagnosis.training_loop import Descent, Settings

__all__ = [
    "ACTIVATIONS",
    "ENDS",
    "Candidate",
    "Context",
    "Descent",
    "Diagnosis",
    "Pass",
    "Settings",
    "Wording",
    "descents",
    "explain",
    "name",
    "predictions",
    "softmax",
]
