"""What a ledger holds of a student: an execution, and a record."""

from __future__ import annotations

import dataclasses
from typing import Any

from grader.records.execution import Execution, ExecutionRecord, StudentError
from grader.records.result import CheckResult, Graded

TROUBLE = StudentError(kind="NameError", message="name 'x' is not defined", file="lenet.py", line=3)


def recorded(student: str = "ada", **answers: Any) -> ExecutionRecord:
    execution = Execution(status="ok", seconds=0.25, stdout="\x1b[31mhi\udcff\0", notes=("cut",))
    return ExecutionRecord(student=student, digest="d" * 64, execution=execution, answers=answers)


def graded(student: str = "ada", earned: float = 7.0, **changes: Any) -> Graded:
    check = CheckResult(name="shapes", title="Shapes.", outcome="partial", points=10, earned=earned)
    whole = Graded(
        student=student,
        assignment="lenet5_mnist",
        title="LeNet-5",
        score=earned,
        max_score=10.0,
        execution=Execution(status="crashed", error=TROUBLE, seconds=1.0),
        checks=(check,),
        provenance={"torch": "2.13.0", "durations": {"measure": 0.5}},
        digest="d" * 64,
        files=("lenet.py",),
    )
    return dataclasses.replace(whole, **changes)
