"""What flows through the grader: frozen records, each of which turns into JSON.

Submission → Execution → measurements → Verdict → CheckResult → Graded
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from grader.records.advice import advice

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

Status = Literal[
    "ok",
    "crashed",
    "time",
    "cpu",
    "memory",
    "disk",
    "output",
    "processes",
    "stopped",
    "tampered",
    "missing",
    "broken",
]
"""How an execution ended; the sentences a reader sees are in `STATUS_WORDS`."""

STATUS_WORDS: Mapping[str, str] = {
    "ok": "ran to its end",
    "crashed": "crashed",
    "time": "ran past the time limit",
    "cpu": "used up the CPU limit",
    "memory": "needed more memory than allowed",
    "disk": "wrote more to disk than allowed",
    "output": "printed more than allowed",
    "processes": "started more processes than allowed",
    "stopped": "ended before it was done",
    "tampered": "contradicted itself: a person should look",
    "missing": "was not handed in",
    "broken": "could not be run through no fault of the student's",
}

ENTRY_SUFFIXES = (".py", ".ipynb")
"""Kinds of files that can be run, the preferred one first."""

Outcome = Literal["passed", "partial", "failed", "skipped", "unmeasured", "broken"]
"""What became of a check (design §4)."""

Trust = Literal["claim", "evidence", "proof"]
"""Whether a measurement was said by the student's process, had to be computed from inputs it
could not foresee, or was recomputed outside from arrays."""

CellStatus = Literal["ok", "error", "time", "died", "skipped"]
"""How a cell of a notebook ended. `time`: interrupted at its limit. `died`: it ended the kernel.
`skipped`: it never ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a submission may use, for loading and all probes together."""

    cpu_seconds: float = 60.0
    """CPU seconds; wall time is limited to `patience` times that."""
    patience: float = 3.0
    """Wall seconds allowed for each CPU second: a busy machine needs more."""
    cell_seconds: float = 30.0
    """CPU or wall seconds of one cell of a notebook; the cells after it are still run."""
    memory_mib: int = 4096
    """Address space of one process and memory of the whole box, in MiB."""
    processes: int = 32
    """Processes and threads at once."""
    disk_mib: int = 64
    """What may be written, in MiB."""
    output_kib: int = 64
    """What is kept of stdout and stderr each, in KiB; a hundred times that ends the run."""

    @property
    def wall_seconds(self) -> float:
        """Wall seconds after which a box is cut off."""
        return self.patience * self.cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one student handed in, as bytes read once."""

    student: str
    """Name as the folder gives it; a label, never a path."""
    files: Mapping[str, bytes] = field(repr=False)
    """Relative POSIX name → content."""
    entry: str | None
    """The file to run, a key of `files`; None where it is missing."""
    digest: str
    """SHA-256 of names and contents, hex."""
    received: str | None = None
    """When it was handed in, ISO 8601, where known."""
    late: bool = False
    """True where the source says so."""
    notes: tuple[str, ...] = ()
    """What a reader should know: a file passed over, a name refused, a near miss."""
    numbers: Mapping[str, Json] | None = None
    """Those drawn for this student (`grader.assignment.variants`), where the assignment does so."""


def _first(text: str) -> str:
    """The first line, and the second where the first announces it."""
    first, second = (*(line.strip() for line in text.strip().split("\n", 2)), "")[:2]
    if first.endswith(":"):
        first = f"{first} {second}" if second and not second.endswith(":") else first[:-1]
    return first


def _short(text: str, cap: int) -> str:
    return text if len(text) <= cap else f"{text[: cap - 1]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentError:
    """Something that went wrong in the student's own code, at the line that did it."""

    kind: str
    """Name of the exception, or of the signal."""
    message: str
    """Its text, at most 2,000 characters."""
    file: str | None = None
    """The student's file, relative; None where no frame is theirs."""
    line: int | None = None
    """1-based line in that file."""
    code: str | None = None
    """That line's text."""
    where: str | None = None
    """Function and module in which it happened, for people."""

    def sentence(self) -> str:
        """`lenet.py, line 12: NameError: name 'F' is not defined`, the line's text, and what to do.

        One line, without a full stop.
        """
        place = f"{self.file}, line {self.line}: " if self.file and self.line else ""
        code = (
            f" — in `{_short(self.code.strip(), 120)}`" if self.code and self.code.strip() else ""
        )
        if not self.file and self.kind in {*STATUS_WORDS, "exit", "NotebookError"}:
            return self.message  # what is no exception is said in a sentence already
        text = (
            f"{self.kind}: {_short(_first(self.message), 200)}"
            if self.message.strip()
            else self.kind
        )
        next_step = advice(self.kind, self.message, self.code, self.file)
        return f"{place}{text}{code}{'. ' if next_step else ''}{next_step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How running one submission went."""

    status: Status
    reason: str = ""
    """One sentence for the student: what happened, and what to do."""
    seconds: float = 0.0
    """Wall seconds."""
    cpu_seconds: float = 0.0
    """CPU seconds of the student's processes."""
    peak_mib: float = 0.0
    """Largest resident set of one process, MiB."""
    stdout: str = ""
    """What was printed, cut in the middle."""
    stderr: str = ""
    error: StudentError | None = None
    """What stopped the loading, if something did."""
    notes: tuple[str, ...] = ()
    """What a reader should know: outputs cut, GPU calls redirected, a restart."""
    level: int = -1
    """Sandbox level, 0 to 4; -1 where nothing ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Stands where a measurement should be."""

    why: str
    """A sentence that the student can read."""
    error: StudentError | None = None
    """The student's own error, if that was it."""
    needs_review: bool = False
    """True where a person has to look, as the student is not to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedCell:
    """What became of one code cell of a notebook."""

    index: int
    """Its number among all cells of the notebook, from 1."""
    status: CellStatus
    seconds: float
    """Wall seconds."""
    error: str = ""
    """A sentence on what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedNotebook:
    """A notebook after its run."""

    content: bytes = field(repr=False)
    """nbformat 4 JSON with outputs, as it left the box: treat it as hostile."""
    cells: tuple[ExecutedCell, ...] = ()
    """Those that were run or should have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the arrays that a student's process handed over give in the reference's network.

    It is computed in a box without student code.
    """

    logits: object | None = field(repr=False)
    """Class scores, as they crossed the wire; None where there is no such result."""
    why_not: str = ""
    """Why there is none, in a sentence that the student can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """One execution, what was claimed in it and what was proven about it."""

    kind: Literal["student", "reference"] = "student"
    """Whose code was run: only a student's is judged."""
    student: str
    digest: str
    """Of the submission, hex."""
    execution: Execution
    answers: Mapping[str, object] = field(repr=False)
    """Probe key → value as it crossed the wire, or Missing: a claim. Arrays are read-only."""
    in_float32: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The same in single precision; of the reference only, where a student may need it."""
    proofs: Mapping[str, Proof] = field(default_factory=dict, repr=False)
    """Probe key → what was recomputed outside; of students only."""
    notebook: ExecutedNotebook | None = None
    """The notebook as it ran, if it was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check concludes."""

    fraction: float
    """Share of the points, 0 to 1."""
    feedback: str = ""
    """What was seen, what was expected, where."""
    hint: str = ""
    """What to try next."""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    """Facts for the report: tables, curves, matrices."""
    trust: Trust = "evidence"
    needs_review: bool = False
    """True where a person should look before the points count."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fraction) and 0.0 <= self.fraction <= 1.0):
            raise ValueError(f"a verdict's fraction lies between 0 and 1, not {self.fraction!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of a rubric, decided."""

    name: str
    title: str
    """The check's docstring, first paragraph."""
    outcome: Outcome
    points: float
    """What it is worth."""
    earned: float
    feedback: str = ""
    hint: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    trust: Trust = "evidence"
    extra: bool = False
    """A bonus: its points are not part of the maximum."""
    hidden: bool = False
    """True for checks of `hidden.py`."""
    place: str = ""
    """Where the student wrote what the check is about: `line 12`, `cell 7`, or empty."""
    needs_review: bool = False

    @property
    def lost(self) -> bool:
        """True where a check that is worth something, or asks something, was not passed."""
        return self.outcome != "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Everything known about one submission: the row from which reports are rendered."""

    student: str
    assignment: str
    """Slug."""
    title: str
    score: float
    max_score: float
    execution: Execution
    checks: tuple[CheckResult, ...]
    provenance: Mapping[str, Json]
    """versions, level, seed, digests, data set and whether it is a stand-in, durations."""
    digest: str
    files: tuple[str, ...] = ()
    received: str | None = None
    late: bool = False
    notes: tuple[str, ...] = ()

    @property
    def needs_review(self) -> bool:
        """True where a person has to look: something of ours broke, or the box contradicted
        itself.
        """
        return self.execution.status in ("tampered", "broken") or any(
            c.outcome == "broken" or c.needs_review for c in self.checks
        )

    def to_json(self) -> dict[str, Json]:
        """The content of `<student>.json`; `status` stands at the top as well."""
        return {**to_json(self), "status": self.execution.status, "needs_review": self.needs_review}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Graded:
        """The record that `to_json` wrote."""
        own = {f.name for f in dataclasses.fields(cls)}
        fields = {k: v for k, v in value.items() if k in own}
        execution = dict(fields["execution"])
        if execution.get("error"):
            execution["error"] = StudentError(**execution["error"])
        execution["notes"] = tuple(execution.get("notes", ()))
        fields["execution"] = Execution(**execution)
        fields["checks"] = tuple(CheckResult(**c) for c in fields["checks"])
        fields["files"] = tuple(fields.get("files", ()))
        fields["notes"] = tuple(fields.get("notes", ()))
        return cls(**fields)


def to_json(value: Any) -> Any:
    """Records, tuples and mappings as plain JSON values; NaN and infinities as text.

    Raises TypeError for anything else, so that an array never slips into a record by accident.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} does not belong in a record")
