"""Which line of the student's code runs."""

from __future__ import annotations

import os
import sys
from types import FrameType

from grader.inside.loading import namespace


def find_place(directory: str) -> tuple[str, int] | None:
    """The student's file and line that runs now; None where none does.

    `directory` is where the files lie, with a separator at its end.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name in namespace.CELLS:
            return namespace.CELLS[name], frame.f_lineno
        if name.startswith(directory):
            return name[len(directory) :].replace(os.sep, "/"), frame.f_lineno
        frame = frame.f_back
    return None
