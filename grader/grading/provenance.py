"""Provenance: everything that is needed to grade again and get the same."""

from __future__ import annotations

from grader.grading.executor import Executor
from grader.records.json_values import Json
from grader.records.submission import Submission


def describe_data(executor: Executor) -> str:
    """The data sets that are used, each with its size; empty where there are none."""
    shown = sorted({(i.name, i.split) for i in executor.images})
    return "; ".join(executor.source.describe_use(name, split) for name, split in shown)


def describe_provenance(executor: Executor, submission: Submission, level: int) -> dict[str, Json]:
    """Versions, sandbox level, seed, data sets and digests behind one result."""
    loaded = executor.loaded
    names = sorted({i.name for i in executor.images})
    stand_in = any(executor.source.stands_in(n) for n in names)
    numbers: dict[str, Json] = {}
    if submission.numbers:
        numbers["numbers"] = dict(submission.numbers)
    return {
        "grader": executor.keys.versions["grader"],
        "versions": dict(executor.keys.versions),
        "level": level,
        "seed": executor.seed,
        "data": {"name": ", ".join(names), "stand_in": stand_in, "used": describe_data(executor)},
        "digests": {
            "submission": submission.digest,
            "reference": loaded.reference.digest,
            "checks": loaded.rules,
            "measuring": executor.keys.measuring,
        },
        **numbers,
    }
