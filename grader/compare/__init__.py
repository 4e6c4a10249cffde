"""Comparisons: student against reference, each with a verdict that names the first difference.

All of them are pure: measurements in, Verdict out. Sentences address the student.

Floors, top first:
    layers, numbers, recognition
    answers
    divergence
    alignment, explanations, parameters, precision, recurrence, returned_values, texts, training
    differences, joined, layer_faults, named_answers, pieces, predictions
    odd_numbers
"""

from grader.compare.differences import mismatch
from grader.compare.explanations import explained
from grader.compare.joined import attempt, combine
from grader.compare.layers import first_divergence, shapes, values
from grader.compare.named_answers import parts
from grader.compare.numbers import close, equal, stepped
from grader.compare.parameters import count, dropouts
from grader.compare.predictions import accuracy
from grader.compare.recognition import own_accuracy, within
from grader.compare.texts import written
from grader.compare.training import every_class, training_loss

__all__ = [
    "accuracy",
    "attempt",
    "close",
    "combine",
    "count",
    "dropouts",
    "equal",
    "every_class",
    "explained",
    "first_divergence",
    "mismatch",
    "own_accuracy",
    "parts",
    "shapes",
    "stepped",
    "training_loss",
    "values",
    "within",
    "written",
]
