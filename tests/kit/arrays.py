"""Right arrays, losses and updates, for tests to spoil."""

from __future__ import annotations

import numpy as np

from kit.backprop import DIGITS, SAMPLES, Array

EPS = 1e-7
G1, G2 = DIGITS.right
D2 = (DIGITS.kept.y_pred - DIGITS.labels) / SAMPLES
MATRIX = np.random.default_rng(1).standard_normal((6, 6))
VECTOR = MATRIX[0] + 3.0


def predictions() -> tuple[Array, Array]:
    """Probabilities, one of which is near 0 for the real class; labels."""
    p, y = DIGITS.kept.y_pred.copy(), DIGITS.labels
    real = int(y[3].argmax())
    p[3] += p[3, real] / 9
    p[3, real] = 1e-9
    return p, y


P, Y = predictions()
LOGS = -np.sum(Y * np.log(P + EPS), axis=1)
W, STEP = DIGITS.params[1], 0.01 * G2
