"""The order in which a box is shown the pictures that judge: secret, and undone outside.

A table of public labels needs the public order. Answers come back in it, so nothing that is kept,
compared or judged knows that there was another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

SHOWN = "images"
"""The argument of a question that is about trained networks: pictures that they answer to."""
_BY_PICTURE = {"logits": 0, "epochs": 1}
"""Parts of an answer that have a number or a row for each picture, and along which axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretOrder:
    """One order of the pictures of one question."""

    places: npt.NDArray[np.int64]
    """(N,) which picture of the public order is shown at each place; none where none are shown."""

    @classmethod
    def draw(cls, secret: str, key: str, arguments: Mapping[str, Any]) -> Self:
        """The order of the question with that key; the same whenever it is asked."""
        shown = arguments.get(SHOWN)
        digest = hashlib.sha256(f"{secret}: {key}".encode()).digest()
        generator = np.random.Generator(np.random.PCG64(np.frombuffer(digest, "<u4").tolist()))
        count = len(shown) if isinstance(shown, np.ndarray) and shown.ndim else 0
        return cls(places=generator.permutation(count))

    def hide(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with their pictures in this order."""
        shown = {SHOWN: arguments[SHOWN][self.places]} if len(self.places) else {}
        return {**arguments, **shown}

    def restore(self, answer: object) -> object:
        """The answer in the public order. What has no row for each picture stays as it is, for
        whoever reads it refuses that.
        """
        if not isinstance(answer, dict) or not len(self.places):
            return answer
        return {k: self._put_back(v, _BY_PICTURE.get(k)) for k, v in answer.items()}

    def _put_back(self, value: object, axis: int | None) -> object:
        fits = (
            axis is not None
            and isinstance(value, np.ndarray)
            and value.ndim > axis
            and value.shape[axis] == len(self.places)
        )
        if not fits:
            return value
        back = np.empty_like(self.places)
        back[self.places] = np.arange(len(back))
        return np.take(value, back, axis=axis)  # type: ignore[call-overload]
