"""One box as the grader holds it: questions go in, values or reasons come out."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from grader.assignment.variants import files_in_box
from grader.inside import wire
from grader.inside.cell import THREADS, is_notebook
from grader.inside.schema.job import BoxRequest, GroupLimits
from grader.inside.schema.job import Limits as BoxLimits
from grader.inside.schema.limits import BEYOND_BELIEF, ENDS_RUN
from grader.inside.schema.messages import EXTENTS, Extent
from grader.records.errors import SandboxError
from grader.records.execution import Execution, Missing, StudentError
from grader.records.limits import Limits
from grader.sandbox import cells, loops, outcome, remarks
from grader.sandbox.backend import Job
from grader.sandbox.cells import CellRun
from grader.sandbox.channel import Requests
from grader.sandbox.outcome import Facts, Outcome

RESTARTS = 3
"""How often a dead student process is replaced."""
_STACK_MIB = 8
"""Of a thread."""
_OWN_MIB = 128
"""What the kernel keeps for a box, and its processes copy of the fork server's pages, MiB."""


class Box:
    """One submission in its box. Use as a context manager; not from two threads at once.

    Nothing that the student's side does raises: it becomes a StudentError, a Missing or a status.
    Raises SandboxError where the box itself breaks.
    """

    def __init__(
        self,
        opener: Callable[[BoxRequest], Requests],
        job: Job,
        *,
        selftest: bool = False,
        group: GroupLimits | None = None,
    ) -> None:
        """`job.level` is a number here; `group` replaces the limits of the control group."""
        assert job.level is not None
        self._files, self._limits, self._level = files_in_box(job.submission), job.limits, job.level
        self._entry = job.submission.entry
        self._outcome = Outcome()
        self._tried, self._error = False, None  # type: bool, StudentError | None
        self._alive, self._hopeless, self._restarts = False, "", 0
        self._extent: Extent = "all"
        """How much of a module is run; less where all of it had to be stopped."""
        self._remarks: dict[tuple[str, str], None] = {}
        self.cells: tuple[CellRun, ...] = ()
        """How each code cell of a notebook went, once it is loaded."""
        self.notebook: bytes | None = None
        """The notebook as it was executed, JSON. It comes out of the box: treat it as hostile."""
        self.disturbed = False
        """Whether a signal that is not the grader's ended a process of the student's: somebody
        else's, or its own.
        """
        self._passes = 0
        self._closed: Execution | None = None
        self._unread: StudentError | None = None
        """Why not all of a module could be read, though the rest was."""
        request = _request(job, self._files, selftest=selftest)
        if job.level >= 4:
            request["group"] = group or _group(request)
        self._channel = opener(request)
        contents = [np.frombuffer(content, np.uint8) for content in self._files.values()]
        self._channel.send({"do": "files", "names": list(self._files)}, contents)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:  # what is being raised says more than a second failure could
            with contextlib.suppress(SandboxError):
                self.close()

    def load(self) -> StudentError | None:
        """Runs the student's code; None if it loaded, else what went wrong. Runs it only once."""
        if not self._tried:
            self._tried = True
            self._error = self._load()
        return self._error

    def _load(self) -> StudentError | None:
        """What went wrong, if anything did; a module that cannot be run is read."""
        kind, facts, arrays = self._channel.request(
            {"do": "load", "entry": self._entry, "extent": self._extent}
        )
        # Of a module, what is said comes from the student's process: there it would be a lie.
        if is_notebook(self._entry) and "cells" in facts and self.notebook is None:
            self._keep(facts, arrays)
        if kind == "died":
            return self._load_again(facts)
        self._alive = True
        self._remark(facts)
        error = outcome.read_error(facts["error"], self._files) if "error" in facts else None
        is_loaded = facts.get("loaded") is True
        if facts.get("stopped") and not is_notebook(self._entry):
            self._note_stop(facts, error)
            return None if is_loaded else error if self._extent == "nothing" else self._load()
        if error is None:
            return None
        if is_loaded:
            self._unread = self._unread or error
            self._note(outcome.of_part(error, self._limits))
            return None
        self._note(outcome.of_error(error, self._limits, loading=True))
        return error

    def _note_stop(self, facts: Facts, error: StudentError | None) -> None:
        """A module was interrupted; what it defines is there."""
        source = self._read_source()
        end = outcome.of_stop(self._entry or "", facts, error, self._limits, source)
        self._extent = _reduce(self._extent)  # a process that follows is not stopped again
        self._unread = self._unread or StudentError(kind=end.status, message=end.reason)
        self._note(end)

    def _load_again(self, facts: Facts) -> StudentError | None:
        """The process ended while the code was loaded: of a module, its definitions are read."""
        death = self._note_death(facts, loading=True)
        less = _reduce(self._extent)
        is_module = self._entry is not None and not is_notebook(self._entry)
        if is_module and less != "nothing" and self._outcome.status not in BEYOND_BELIEF:
            self._extent, self._hopeless, self._unread = less, "", self._unread or death
            if self._load() is None:
                return None
        self._hopeless = self._hopeless or death.message
        return death

    def _keep(self, facts: Facts, arrays: list[wire.Array]) -> None:
        """How the cells went is known, and their notebook."""
        try:
            run = cells.read(facts, self._entry or "", self._limits)
        except ValueError as error:
            raise SandboxError(f"A box broke: a report without sense ({error!r}).") from None
        self.cells, self._passes = run.cells, run.passes
        for one in cells.list_outcomes(run.cells, self._limits):
            self._note(one)
        self.notebook = cells.read_book(arrays)

    def ask(self, ask: str, args: Mapping[str, Any]) -> Any | Missing:
        """The value that the measuring code in the box gives, or why there is none."""
        error = self.load()
        if error is not None:
            why = self._hopeless or f"Your file did not load: {error.sentence()}"
            return Missing(why=why, error=error, code="run-not-loaded")
        tree, arrays = wire.pack(dict(args))
        while self._alive or self._revive():
            kind, facts, values = self._channel.request(
                {"do": "ask", "ask": ask, "args": tree}, arrays
            )
            if kind != "died":
                return self._value(facts, values)
            death = self._note_death(facts)
            if not facts.get("before"):  # else it had died since the last question: not this one's
                return Missing(why=death.message, error=death, code="run-ended")
        return Missing(why=self._hopeless, code="run-ended")

    def _value(self, answer: Facts, values: list[wire.Array]) -> Any | Missing:
        self._remark(answer)
        if "error" in answer:
            error = outcome.read_error(answer["error"], self._files)
            self._note(outcome.of_error(error, self._limits, loading=False))
            return outcome.missing_by_error(error)
        if "missing" in answer:
            return self._unexplained(outcome.read_missing(answer["missing"]), answer["missing"])
        try:
            return outcome.clean_texts(wire.unpack(answer["value"], values))
        except (ValueError, KeyError, RecursionError):
            self._note(outcome.of_unasked(0))
            return Missing(
                why="The answer that came out of the box was malformed.", needs_review=True
            )

    def _remark(self, facts: Facts) -> None:
        if len(self._remarks) < remarks.CAP:
            self._remarks |= dict.fromkeys(remarks.read(facts.get("remarks")))

    def _unexplained(self, missing: Missing, facts: object) -> Missing:
        """A name that is missing, with the first cell or line that failed: often it is why."""
        first, what = cells.describe_first_error(self.cells), "A cell failed"
        error, code = cells.find_first_error(self.cells), "run-cell-failed"
        if missing.code == "names-missing":
            unfinished = cells.describe_unfinished(
                missing.about, self._entry or "", self._files, self.cells
            )
            missing = replace(missing, why=unfinished or missing.why)
            first = first or (self._outcome.reason if unfinished else "")
        if self._unread is not None:
            unread = outcome.is_unread(self._unread)
            what = "A part could not be read" if unread else "The file stopped before its end"
            first, error, code = self._unread.sentence(), self._unread, "run-not-loaded"
        if not first or not isinstance(facts, dict) or facts.get("undefined") is not True:
            return missing
        why = f"{missing.why.rstrip('.')}. {what}: {first}"
        return replace(missing, why=why, error=error, code=code)

    def _revive(self) -> bool:
        """A new process has loaded the submission again; False where there is no use in that."""
        if self._hopeless:
            return False
        if self._restarts >= RESTARTS:
            times = RESTARTS + 1
            self._hopeless = f"Your code ended its process {times} times; it is not run again."
            return False
        self._restarts += 1
        error = self._load()
        if error is not None:
            self._hopeless = self._hopeless or f"Your file did not load again: {error.message}"
        return error is None

    def _note_death(self, facts: Facts, *, loading: bool = False) -> StudentError:
        """The student's process is gone; why, as an error. Remembers whether to try again."""
        self._alive = False
        death, number = outcome.read_death(facts), facts.get("cell")
        self.disturbed = self.disturbed or outcome.is_from_outside(death)
        if type(number) is int:
            end = cells.of_death(number, death, self._limits)
        else:
            end = outcome.of_death(death, self._limits)
            if loading and self._entry and end.status != "tampered":
                end = outcome.of_end(self._entry, death, self._limits, self._read_source())
        self._note(end)
        if end.status in ENDS_RUN or death["why"] in ENDS_RUN:
            self._hopeless = end.reason
        return outcome.describe_death(death, end)

    def _read_source(self) -> str:
        """The text of a module."""
        return self._files.get(self._entry or "", b"").decode("utf-8", "replace")

    def _list_endless(self) -> Iterator[str]:
        """Names loops that nothing leaves, in code that took too long."""
        if not is_notebook(self._entry):
            texts = {self._entry or "": self._read_source()}
        else:
            late = {c.index for c in self.cells if c.status == "time" or c.death is not None}
            texts = cells.read_sources(self._entry or "", self._files, late)
        for file, text in texts.items():
            if loop := loops.find_endless(text):
                code = outcome.clean(loop.code)
                yield f"{file}, line {loop.line}: nothing leaves the loop `{code}`."

    def _note(self, other: Outcome) -> None:
        self._outcome = self._outcome.worse(other)

    def close(self) -> Execution:
        """The box is gone, and everything in it; how it went."""
        if self._closed is None:
            try:
                kind, facts, texts = self._channel.request({"do": "end"})
                if kind != "ended":
                    raise SandboxError("A box broke: its supervisor sent no report.")
                self._closed = self._execution(facts, texts)
            except (ValueError, IndexError) as error:
                raise SandboxError(f"A box broke: a report without sense ({error!r}).") from None
            finally:
                self._channel.drop()
        return self._closed

    def _execution(self, facts: Facts, texts: list[wire.Array]) -> Execution:
        end = outcome.read_end(facts)
        if end["death"] is not None:
            self.disturbed = self.disturbed or outcome.is_from_outside(end["death"])
            self._note(outcome.of_death(end["death"], self._limits))
        if end["unasked"]:
            self._note(outcome.of_unasked(end["unasked"]))
        notes = [
            *([self._channel.note] if self._channel.note else []),
            *remarks.list_sentences(self._remarks),
            *cells.list_notes(self.cells, self._passes),
        ]
        if self._extent != "all" and end["starts"] > 1 and self._error is None:
            notes.append(
                f"{self._entry} was read again, with definitions only: {outcome.DEFINITIONS}. "
                "They are judged."
            )
        if self._restarts and not self._passes:
            notes.append(f"The student's process was started {end['starts']} times.")
        if self._outcome.status in ("cpu", "time"):
            notes += self._list_endless()
        if end["full"]:
            notes.append(f"The {self._limits.disk_mib} MiB for files were used up.")
        notes += [f"{name!r} could not be placed." for name in end["misplaced"]]
        printed = [t.tobytes().decode("utf-8", "replace") for t in texts]
        return Execution(
            status=self._outcome.status,
            reason=self._outcome.reason,
            seconds=round(end["seconds"], 3),
            cpu_seconds=round(end["cpu_seconds"], 3),
            peak_mib=round(end["peak_mib"], 1),
            stdout=printed[0],
            stderr=printed[1],
            error=self._error or self._unread,
            notes=tuple(notes),
            level=self._level,
        )


def _reduce(extent: Extent) -> Extent:
    """The next smaller extent."""
    return EXTENTS[min(EXTENTS.index(extent) + 1, len(EXTENTS) - 1)]


def _group(request: BoxRequest) -> GroupLimits:
    """Limits of the box's control group: those of the student's processes, and room for the rest.

    Files in memory count there too, as far as they write them, and the threads of a notebook's
    kernel.
    """
    limits = request["limits"]
    files = request["submission_mib"] + 2 * limits["disk_mib"] + max(64, limits["disk_mib"])
    return {
        "memory_mib": limits["memory_mib"] + files + _OWN_MIB,
        "tasks": limits["processes"] + THREADS,
    }


def _request(job: Job, files: Mapping[str, bytes], *, selftest: bool) -> BoxRequest:
    """The job as the guard and the supervisor read it: sizes and limits, no content."""
    assert job.level is not None
    submission = sum(map(len, files.values())) + 4096 * len(files)
    return {
        "level": job.level,
        "seed": job.seed,
        "selftest": selftest,
        "run": job.run,
        "datasets": dict(job.datasets),
        "submission_mib": math.ceil(submission / 2**20),
        "submission_files": len(files),
        "limits": _limits(job.limits, _allow_stacks(job)),
    }


def _allow_stacks(job: Job) -> int:
    """MiB that the stacks of all allowed threads may take, of which little is used; none at level
    0, where the kernel does not count them.
    """
    if job.level == 0:
        return 0
    own = THREADS if is_notebook(job.submission.entry) else 0
    return _STACK_MIB * (job.limits.processes + own)


def _limits(limits: Limits, stacks_mib: int) -> BoxLimits:
    """The limits, as the guard and the supervisor read them."""
    return {
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds,
        "memory_mib": limits.memory_mib + stacks_mib,
        "processes": limits.processes,
        "disk_mib": limits.disk_mib,
        "output_kib": limits.output_kib,
        "cell_seconds": limits.cell_seconds,
    }
