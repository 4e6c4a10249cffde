"""Parameters of tests that take long: `make proofs` tries them, `make test` does not."""

from __future__ import annotations

from typing import Any

import pytest


def in_proofs(*rows: object) -> list[Any]:
    """These rows of `parametrize`, a tuple for each where there are several parameters."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.proof)
        for row in rows
    ]
