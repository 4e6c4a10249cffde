"""Numbers drawn for each student, so that answers cannot be passed on.

They are no secret: whoever knows the seed can draw them, and still has to find the answers. The
handout states them, and the file `numbers.json` with them lies beside whatever runs for that
student: the submission, and the reference that it is compared with.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from grader.records.errors import CourseError, is_interrupt, read_text
from grader.records.json_values import Json
from grader.records.submission import Submission

FILE = "numbers.json"
"""Beside the submission in its box; a file of this name that was handed in is not used."""
Draw = Callable[[np.random.RandomState], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """How the numbers of one student are drawn."""

    seed: int
    """Changes everybody's numbers: one for each term, for instance."""
    draw: Draw

    def numbers(self, student: str) -> dict[str, Json]:
        """What is drawn for that name, whatever its capitals and spaces, and the name itself.

        NumPy's `RandomState` is frozen: the same numbers on every machine.
        """
        name = unicodedata.normalize("NFC", " ".join(student.split())).casefold()
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        try:
            drawn = self.draw(np.random.RandomState(np.frombuffer(digest, "<u4")))
            numbers: dict[str, Json] = json.loads(json.dumps(drawn, default=_list_array))
        except BaseException as error:  # an instructor's function may raise anything
            if is_interrupt(error):
                raise
            what = read_text(error) or type(error).__name__
            raise CourseError(
                f"`{self.draw.__name__}` draws no numbers for {name!r}: {what}"
            ) from error
        if not isinstance(numbers, dict):
            raise CourseError(
                f"`{self.draw.__name__}` returns a {type(drawn).__name__}; return a dictionary"
            )
        return {"student": name, **numbers}


def files_in_box(submission: Submission) -> Mapping[str, bytes]:
    """The files of a submission as they lie in its box."""
    if submission.numbers is None:
        return submission.files
    return {**submission.files, FILE: json.dumps(submission.numbers).encode()}


def _list_array(value: object) -> object:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be drawn; return numbers, lists and text")
