"""The errors of which a network was most sure, as pictures that a report can show. Pure."""

from __future__ import annotations

import math

import numpy as np

from grader.data.descriptions import SecretLabels
from grader.data.secret import Secret
from grader.data.thumbnails import encode
from grader.records.json_values import Json
from grader.records.measurements import Array
from grader.records.measurements.kept import measure_confidence

MOST = 20
"""Pictures of one check."""
BYTES = 14_000
"""Of all of them together, as text."""


def show_errors(guesses: Array, answers: Array, labels: Secret[Array]) -> dict[str, Json]:
    """The pictures that were taken for another class, the one of which the network was most sure
    first; nothing where they may not be shown. `guesses` (N,) are the classes that were answered.
    """
    if not isinstance(labels, SecretLabels):
        return {}
    truth = labels.reveal()
    wrong = np.flatnonzero(guesses != truth)
    sure = measure_confidence(answers[wrong])
    chosen = wrong[np.argsort(-sure, kind="stable")[:MOST]]
    pictures = labels.show(chosen.tolist()) if chosen.size else None
    if pictures is None:
        return {}
    shares = dict(zip(wrong.tolist(), sure.tolist(), strict=True))
    rows: list[Json] = []
    size = 0
    for index, picture in zip(chosen.tolist(), pictures, strict=True):
        png = encode(picture)
        size += len(png)
        if png and size <= BYTES:
            rows.append(
                {
                    "index": index,
                    "label": _name(labels, int(truth[index])),
                    "answer": _name(labels, int(guesses[index])),
                    "share": None if math.isnan(shares[index]) else round(shares[index], 4),
                    "png": png,
                }
            )
    return {"errors": {"rows": rows}} if rows else {}


def _name(labels: SecretLabels, which: int) -> str:
    return labels.names[which] if which < len(labels.names) else str(which)
