"""How much there is in a measurement, and how much of it can be compared with the reference's."""

from __future__ import annotations

from collections.abc import Mapping

from grader.records.measurements.layers import Layers
from grader.records.measurements.parameters import Parameters
from grader.records.measurements.returned import Returned

_BESIDE = 16
"""So many times as much as there is of the reference's may be compared with that."""
_LEAST: Mapping[type, tuple[int, str]] = {
    Returned: (10_000, "numbers or characters"),
    Layers: (1_000, "layers"),
    Parameters: (1_000, "parameters"),
}
"""By kind what may be compared with however little, and what it is made of. Of others as many
entries are looked at as the reference's have."""


def describe_excess(seen: object, expected: object, subject: str) -> str:
    """Why a measurement is not compared with the reference's: it is far larger than any answer to
    the same question. Empty where it is not; `subject` is what it was measured on.
    """
    if not isinstance(seen, (Returned, Layers, Parameters)) or type(seen) is not type(expected):
        return ""
    least, unit = _LEAST[type(seen)]
    most = max(least, _BESIDE * expected.extent)
    if seen.extent <= most:
        return ""
    return (
        f"`{subject}` has {seen.extent:,} {unit}, and {most:,} are the most that can be compared "
        "with what is asked for"
    )
