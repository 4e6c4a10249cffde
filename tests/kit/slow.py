"""Parameters of tests that take long: `make proofs` tries them, `make test` does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def in_proofs(*rows: object) -> list[Any]:
    """These rows of `parametrize`, a tuple for each where there are several parameters."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.proof)
        for row in rows
    ]


def sample(rows: Iterable[object]) -> list[Any]:
    """These rows of `parametrize`: `make test` tries every third of them, and `make proofs` the
    others.
    """
    return [row if i % 3 == 0 else in_proofs(row)[0] for i, row in enumerate(rows)]
