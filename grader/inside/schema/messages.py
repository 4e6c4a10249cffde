"""Requests to a box and replies from it, with the facts that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict, get_args

from grader.inside.schema.questions import ErrorFacts

Why = Literal[
    "end",
    "cell",
    "cpu",
    "time",
    "memory",
    "processes",
    "disk",
    "output",
    "answers",
    "tampered",
]
"""Why a supervisor ended the student's process."""
WHYS: tuple[Why, ...] = get_args(Why)
Extent = Literal["all", "definitions", "bare", "nothing"]
"""How much of a module or a cell is run: of definitions those that need no time, and of bare ones
those that call nothing.
"""
EXTENTS: tuple[Extent, ...] = get_args(Extent)
SharedLimit = Literal["cpu", "time"]
"""A limit of which all cells of a notebook together may use a share."""
SHARED_LIMITS: tuple[SharedLimit, ...] = get_args(SharedLimit)
CellStatus = Literal["ok", "error", "time", "died", "skipped"]
"""How a cell went. `time`: interrupted at its limit. `died`: it ended the kernel. `skipped`: it
never ran.
"""
CELL_STATUSES: tuple[CellStatus, ...] = get_args(CellStatus)
RemarkKey = Literal[
    "drawn",
    "instead",
    "cuda",
    "untrained",
    "colab",
    "absent",
    "alone",
    "program",
    "definitions",
    "blank",
    "twice",
    "renamed",
    "unsure_pairing",
    "compiled",
    "scripted",
    "precision",
    "screen",
    "kept",
    "saved",
    "changed",
    "made",
    "called",
    "instance",
]
"""How the student's code was helped, or what it lacks."""


class FilesRequest(TypedDict):
    """The files of a submission, whose contents are the frame's arrays. Gets no reply."""

    do: Literal["files"]
    names: list[str]


class LoadRequest(TypedDict):
    """The student's code is to be run."""

    do: Literal["load"]
    entry: str | None
    extent: Extent
    """How much of a module is to be run; not all where it ended its process before."""


class AskRequest(TypedDict):
    """A question."""

    do: Literal["ask"]
    ask: str
    args: object
    """As `wire.pack` has left them."""


class EndRequest(TypedDict):
    """The box is to be ended."""

    do: Literal["end"]


Request = FilesRequest | LoadRequest | AskRequest | EndRequest


class PosedLoad(LoadRequest):
    """What the student's process is sent: with a nonce, which its answer has to repeat."""

    nonce: str


class PosedAsk(AskRequest):
    """The same of a question."""

    nonce: str


Posed = PosedLoad | PosedAsk


class MissingFacts(TypedDict):
    """Why a question has no answer."""

    why: str
    needs_review: NotRequired[bool]
    undefined: NotRequired[bool]
    """True where a name is missing."""
    code: NotRequired[str]
    """Of the message that names the reason; empty where none does."""
    about: NotRequired[str]
    """The name or the file that it is about."""


class Answer(TypedDict, total=False):
    """What the student's process sends: the answer to a question, or how loading went."""

    nonce: str
    remarks: list[tuple[RemarkKey, str]]
    """Key and detail."""
    value: object
    """As `wire.pack` has left it."""
    missing: MissingFacts
    error: ErrorFacts
    """In place of a value; beside `loaded`, why not all of a module could be read."""
    loaded: bool
    stopped: SharedLimit | Literal[""]
    """Of a module, by the supervisor: of which limit its top level had used up its part, so that it
    was interrupted.
    """
    crowded: bool
    """The same: whether as many processes and threads were seen then as are allowed."""


class CellFacts(TypedDict):
    """How one code cell of a notebook went."""

    index: int
    """Its number among all cells, from 1."""
    status: CellStatus
    seconds: float
    error: object
    """ErrorFacts, as the kernel's process describes them; None where the cell did not fail."""
    cut: bool
    """True where not all of its output was kept."""
    crowded: NotRequired[bool]
    """True where it ran into its limit while as many processes were seen as are allowed."""
    late: NotRequired[SharedLimit | Literal["", "done"]]
    """The limit of which all cells had used their share; empty where there was enough."""
    ran: NotRequired[bool]
    """False for an empty one."""
    death: NotRequired[Death]
    """How the kernel ended that ran it."""


class NotebookFacts(TypedDict):
    """How a notebook went; its file is the frame's array."""

    cells: list[CellFacts]
    passes: int
    """How often it was run."""


class LoadedNotebook(NotebookFacts):
    """The supervisor's answer once all cells have run."""

    loaded: bool


class Death(TypedDict):
    """How the student's process ended."""

    why: Why | None
    """None where it ended by itself."""
    code: int
    """Its exit code; of a signal the number with a minus."""
    crowded: bool
    """True where as many processes and threads were seen as are allowed."""
    said: str
    """The end of what it wrote to stderr."""
    before: NotRequired[bool]
    """True where it had died before the question came."""


class NotebookDeath(Death, NotebookFacts):
    """How a notebook's kernel ended for good."""

    cell: int
    """The cell that it was running."""


class End(TypedDict):
    """What the supervisor reports of a box; stdout and stderr are the frame's arrays."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    unasked: int
    """Bytes that came for no question."""
    starts: int
    death: Death | None
    misplaced: list[str]
    """Files that could not be placed."""
    full: bool
    """True where the room for files was used up."""


class AnswerReply(TypedDict):
    """An answer, passed on."""

    answer: Mapping[str, object]


class DiedReply(TypedDict):
    """The student's process has ended instead."""

    died: Death | NotebookDeath


class EndedReply(TypedDict):
    """The box has ended."""

    ended: End


class FailedReply(TypedDict):
    """The box broke: our side is to blame."""

    failed: str


Reply = AnswerReply | DiedReply | EndedReply | FailedReply
ReplyKind = Literal["answer", "died", "ended"]
