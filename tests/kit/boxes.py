"""Jobs for boxes, made of files alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox.backend import Job


def job(
    files: Mapping[str, bytes], *, entry: str | None, limits: Limits, seed: int = 1, **more: Any
) -> Job:
    """What a box with these files is opened for."""
    submission = Submission(student="eve", files=files, entry=entry)
    return Job(submission=submission, limits=limits, seed=seed, **more)
