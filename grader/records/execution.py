"""How running one submission went, what it claimed, and what was proven about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias, get_args

from grader.inside.schema.messages import CellStatus
from grader.records.advice import advise
from grader.records.json_values import Fields
from grader.records.messages import Message
from grader.records.place import Place

Status = Literal[
    "ok",
    "crashed",
    "time",
    "cpu",
    "memory",
    "disk",
    "output",
    "processes",
    "size",
    "stopped",
    "tampered",
    "missing",
    "broken",
]
"""How an execution ended; `describe_end` has the words."""

STATUSES: tuple[Status, ...] = get_args(Status)


def describe_end(status: str) -> str:
    """How an execution of this status ended, after "The submission" or "it": `crashed`."""
    return Message(f"run-{status}").text()


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
        if not self.file and self.kind in {*STATUSES, "exit", "NotebookError"}:
            return self.message  # not an exception: the message is a sentence already
        place = f"{self.file}, line {self.line}: " if self.file and self.line else ""
        text = f": {_shorten(_first_line(self.message), 200)}" if self.message.strip() else ""
        code = (self.code or "").strip()
        quoted = f" — in `{_shorten(code, 120)}`" if code else ""
        next_step = advise(self.kind, self.message, self.code, self.file)
        return f"{place}{self.kind}{text}{quoted}{'. ' if next_step else ''}{next_step}"

    @property
    def at(self) -> Place | None:
        """The statement that did it; None where none of theirs did."""
        return Place.of(self.file, self.line)

    def outline(self) -> str:
        """What happened and where, in nothing of the author's own words: for those who must not
        read the code.
        """
        if self.file:
            return f"{self.kind} in {self.file}, line {self.line}"
        kind = "stopped" if self.kind == "exit" else self.kind
        return f"it {describe_end(kind)}" if kind in STATUSES else kind

    @classmethod
    def from_json(cls, value: Fields | None) -> Self | None:
        """The error that `to_json` wrote, if there was one."""
        return cls(**value) if value else None


def _first_line(text: str) -> str:
    """The first line, and the second where the first announces it."""
    first, second = (*(line.strip() for line in text.strip().split("\n", 2)), "")[:2]
    if first.endswith(":"):
        first = f"{first} {second}" if second and not second.endswith(":") else first[:-1]
    return first


def _shorten(text: str, cap: int) -> str:
    return text if len(text) <= cap else f"{text[: cap - 1]}…"


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
    """Most memory that its processes used together, as the limit counts it, MiB; seen 20 times a
    second.
    """
    stdout: str = ""
    """What was printed, cut in the middle."""
    stderr: str = ""
    error: StudentError | None = None
    """What stopped the loading, if something did."""
    notes: tuple[str, ...] = ()
    """What a reader should know: outputs cut, GPU calls redirected, a restart."""
    level: int = -1
    """Sandbox level, 0 to 4; -1 where nothing ran."""

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The execution that `to_json` wrote."""
        error = StudentError.from_json(value.get("error"))
        return cls(**{**value, "error": error, "notes": tuple(value.get("notes", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Stands where a measurement should be."""

    why: str
    """A sentence that the student can read."""
    error: StudentError | None = None
    """The student's own error, if that was it."""
    needs_review: bool = False
    """True where a person has to look, as the student is not to blame."""
    elsewhere: bool = False
    """True where it is measured elsewhere: what it takes is not on this machine."""
    undecided: bool = False
    """True where it may be there, and a person has to say which of several it is."""
    kept: bool = True
    """False where it was measured, and was too much to be kept."""
    code: str = ""
    """Of the message that names the reason, such as `names-missing`; empty where it has none."""
    about: str = ""
    """The name or the file that it is about, where the code says so."""

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """What `to_json` wrote."""
        return cls(**{**value, "error": StudentError.from_json(value.get("error"))})


class Unmeasured(Exception):
    """A check read a measurement that is missing; the judge turns it into an outcome."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.why)
        self.missing = missing
        """Why it is missing."""


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


Kind: TypeAlias = Literal["student", "reference"]
"""Whose code was run: only a student's is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """One execution, what was claimed in it and what was proven about it."""

    kind: Kind = "student"
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

    disturbed: bool = field(default=False, compare=False)
    """Whether a signal that is not the grader's ended it, so that it is to be run again. Nothing
    that is kept.
    """

    @property
    def whole(self) -> bool:
        """False where some of what was measured was too much to be kept."""
        return all(a.kept for a in self.answers.values() if isinstance(a, Missing))
