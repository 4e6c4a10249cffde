"""Jobs for boxes, made of files alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.records.records import Limits, Submission
from grader.sandbox.backend import Job


def job(
    files: Mapping[str, bytes], *, entry: str | None, limits: Limits, seed: int = 1, **more: Any
) -> Job:
    """What a box with these files is opened for."""
    submission = Submission(student="eve", files=files, entry=entry, digest="")
    return Job(submission=submission, limits=limits, seed=seed, **more)
