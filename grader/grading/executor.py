"""Run submissions in boxes and measure them: the one place where student code is let loose."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grader
from grader import data, inside
from grader.assignment.course import LoadedAssignment
from grader.assignment.probe import SCRIPT, Probe
from grader.assignment.variants import laid_beside
from grader.data.training_mount import Served
from grader.inside.wire import Malformed
from grader.records.errors import DataSetAbsent, SandboxError
from grader.records.execution import (
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    ExecutionRecord,
    Missing,
    Proof,
    StudentError,
)
from grader.records.limits import Limits
from grader.records.measurements import Logits
from grader.records.submission import Submission
from grader.sandbox import Box, ForkServer

PRECISIONS = ("float64", "float32")
"""In which precisions a student's network is tried."""
HOPELESS = 3
"""So many boxes in a row that break twice are no accident."""
BUSY_SHARE = 1 / 3
"""Share of the CPU limit above which a time-out may be the machine's fault and is tried again
alone.
"""


class Executor:
    """Measures submissions of one assignment; starts the warm process when it is first needed."""

    def __init__(
        self,
        loaded: LoadedAssignment,
        source: data.Source,
        *,
        seed: int,
        jobs: int = 1,
        level: int | None = None,
        lowest: int = 0,
        lenient: bool = False,
        notebooks: bool = False,
    ) -> None:
        """`level` None takes the best level that passes its self-test; below `lowest`
        nothing is run.

        `lenient` leaves probes out whose data set is absent, instead of raising DataSetAbsent.
        `notebooks` imports what kernels need from the start, not when the first notebook comes.
        """
        self.loaded, self.source, self.seed, self.jobs = loaded, source, seed, max(1, jobs)
        self._wanted, self._lowest, self._lenient = level, lowest, lenient
        self.notebooks = notebooks
        """Read when the warm process is started."""
        self._warm: ForkServer | None = None
        self._idle: list[Box] = []
        self._boxes: list[Box] = []
        self._lock = threading.Lock()
        self._served = Served(source, unshown(loaded))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Every box and the warm process are gone."""
        with self._lock:
            for box in self._boxes:
                box.close()
            self._boxes.clear()
            self._idle.clear()
            if self._warm is not None:
                self._warm.close()
                self._warm = None
            self._served.close()

    @property
    def server(self) -> ForkServer:
        """The warm process, started on first use (a few seconds)."""
        with self._lock:
            if self._warm is None:
                server = self._started()
                if server.level < self._lowest:
                    server.close()
                    raise SandboxError(
                        f"the best sandbox here is level {server.level}, and a batch asks for "
                        f"level {self._lowest}. "
                        f"Run `grader doctor` for what is missing, or pass --allow-level "
                        f"{server.level}"
                    )
                self._warm = server
            return self._warm

    def _started(self) -> ForkServer:
        """A warm process. While it imports torch this one reads data sets, as slowly."""
        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(ForkServer, level=self._wanted, notebooks=self.notebooks)
            try:
                _ = self.arguments
                return starting.result()
            except BaseException:
                with suppress(SandboxError):
                    starting.result().close()
                raise

    def trusts(self, level: int) -> bool:
        """Whether measurements made at this sandbox level may be used again."""
        return level >= self._lowest and self._wanted in (None, level)

    # ------------------------------------------------------------------ what identifies it

    @cached_property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """Arguments of every probe as they cross the line, by probe key; drawn and read once for
        a class.
        """
        with data.located(self.source):
            present = [p for p in self.loaded.probes.values() if p.key not in self.absent]
            return {p.key: p.arguments(self.seed) for p in present}

    @cached_property
    def absent(self) -> Mapping[str, str]:
        """Why a probe is left out, by probe key: its data set is not here."""
        found = {}
        for probe in self.loaded.probes.values():
            for images in images_in(probe):
                try:
                    self.source.stands_in(images.name)
                except DataSetAbsent:
                    if not self._lenient:
                        raise
                    found[probe.key] = (
                        f"{images.name} is not on this machine, so this is not measured here"
                    )
        return found

    @property
    def images(self) -> list[data.Images]:
        """The data sets that probes use."""
        return [
            i for p in self.loaded.probes.values() if p.key not in self.absent for i in images_in(p)
        ]

    @cached_property
    def versions(self) -> dict[str, str]:
        """Versions of what measures, without importing it."""
        names = ("torch", "torchvision", "numpy")
        return {"grader": grader.__version__, **{n: metadata.version(n) for n in names}}

    @cached_property
    def measuring(self) -> str:
        """SHA-256 of the code that enters the sandbox."""
        digest, root = hashlib.sha256(), Path(inside.__file__).parent
        for path in sorted(Path(inside.__file__).parent.rglob("*.py")):
            name = path.relative_to(root).as_posix()
            digest.update(name.encode() + path.read_bytes())
        return digest.hexdigest()

    @cached_property
    def data_identity(self) -> list[str]:
        """What identifies each data set that the probes use."""
        return sorted({i.identity(self.source) for i in self.images})

    def key(self, submission: Submission, level: int) -> str:
        """SHA-256 over everything that could change what is measured."""
        parts = {
            "submission": submission.digest,
            "entry": submission.entry,
            "numbers": submission.numbers,
            "reference": self.loaded.reference.digest,
            "probes": sorted(p.key for p in self.loaded.probes.values()),
            "script": self.loaded.script,
            "limits": asdict(self.loaded.assignment.limits),
            "run": self.loaded.assignment.run,
            "data": self.data_identity,
            "served": [self._served.identity(n) for n in self._named(submission)],
            "seed": self.seed,
            "level": level,
            "measuring": self.measuring,
            "versions": self.versions,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    # ------------------------------------------------------------------ measuring

    def measure(self, submission: Submission) -> ExecutionRecord:
        """Execution and answers of one submission, by probe key. The student's faults are data."""
        if submission.entry is None:
            return self._not_handed_in(submission)
        limits = self.loaded.assignment.limits
        answers: dict[str, object] = {}
        proofs: dict[str, Proof] = {}
        with self._open(submission, limits) as box:
            error = box.load()
            for probe in self.loaded.probes.values():
                answer = self._ask(box, probe, error, PRECISIONS)
                answers[probe.key] = answer
                if probe.recompute and (proof := self._recompute(probe, answer)) is not None:
                    proofs[probe.key] = proof
            execution = box.close()
        return ExecutionRecord(
            student=submission.student,
            digest=submission.digest,
            execution=execution,
            answers=answers,
            proofs=proofs,
            notebook=_executed_notebook(box),
        )

    def measure_reference(self, submission: Submission) -> ExecutionRecord:
        """The same on the reference, in float32 as well where a student's code may need it."""
        answers: dict[str, object] = {}
        in_float32: dict[str, object] = {}
        with self._open(submission, self._roomy()) as box:
            error = box.load()
            for probe in self.loaded.probes.values():
                answers[probe.key] = self._ask(box, probe, error, ["float64"])
                if probe.both_precisions:
                    in_float32[probe.key] = self._ask(box, probe, error, ["float32"])
            execution = box.close()
        return ExecutionRecord(
            kind="reference",
            student=submission.student,
            digest=submission.digest,
            execution=execution,
            answers=answers,
            in_float32=in_float32,
        )

    def measure_all(
        self, submissions: Sequence[Submission], started: Callable[[Submission], None] | None = None
    ) -> Iterator[tuple[Submission, ExecutionRecord]]:
        """Measure several at a time, in the order in which they finish.

        One that ran out of wall time while it was computing is measured once more, alone, and so is
        one whose box broke. Where that breaks as well, a person is asked; raises SandboxError when
        it happens to several in a row, as the sandbox itself is at fault then.
        """
        again: list[Submission] = []
        for submission, recorded in self._side_by_side(submissions, started):
            if recorded is None or self._was_crowded_out(recorded.execution):
                again.append(submission)
            else:
                yield submission, recorded
        broken = 0
        for submission in again:
            try:
                recorded, broken = self.measure(submission), 0
            except SandboxError as error:
                broken += 1
                if broken == HOPELESS:
                    raise
                execution = Execution(status="broken", reason=str(error))
                missing = Missing(why=str(error), needs_review=True)
                recorded = self._unmeasured(submission, execution, missing)
            yield submission, recorded

    def _was_crowded_out(self, execution: Execution) -> bool:
        limit = self.loaded.assignment.limits.cpu_seconds * BUSY_SHARE
        return self.jobs > 1 and execution.status == "time" and execution.cpu_seconds > limit

    def _side_by_side(
        self, submissions: Iterable[Submission], started: Callable[[Submission], None] | None
    ) -> Iterator[tuple[Submission, ExecutionRecord | None]]:
        """None where the box broke."""

        def work(submission: Submission) -> ExecutionRecord | None:
            if started is not None:
                started(submission)
            try:
                return self.measure(submission)
            except SandboxError:
                return None

        waiting = iter(submissions)
        running: dict[Future[ExecutionRecord | None], Submission] = {}
        pool = ThreadPoolExecutor(self.jobs)
        try:
            while True:
                while len(running) < self.jobs and (one := next(waiting, None)) is not None:
                    running[pool.submit(work, one)] = one
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            if running:  # interrupted: the boxes are cut off, so that nobody waits for a limit
                self.close()
            pool.shutdown(wait=True, cancel_futures=True)

    def _open(self, submission: Submission, limits: Limits) -> Box:
        mixed = hashlib.sha256(f"{self.seed}:{submission.digest}".encode()).digest()
        seed = int.from_bytes(mixed[:4], "little")
        files = laid_beside(submission)
        folders = {n: self._served.folder(n) for n in self._named(submission)}
        return self.server.open(
            files,
            entry=submission.entry,
            limits=limits,
            seed=seed,
            run=self.loaded.assignment.run,
            datasets=folders,
        )

    def _named(self, submission: Submission) -> list[str]:
        """The data sets that lie in this submission's box."""
        return self._served.named(self.loaded.assignment.provides, submission.files)

    def _roomy(self) -> Limits:
        """Limits for our own code, which serves a whole class."""
        limits = self.loaded.assignment.limits
        return replace(limits, cpu_seconds=1e5, memory_mib=max(limits.memory_mib, 4096))

    def _given(self, probe: Probe[Any], precisions: Sequence[str]) -> dict[str, Any]:
        script = {"script": self.loaded.script} if probe.ask == SCRIPT else {}
        return {**self.arguments[probe.key], **script, "precisions": list(precisions)}

    def _ask(
        self, box: Box, probe: Probe[Any], error: StudentError | None, precisions: Sequence[str]
    ) -> object:
        """The answer as it crosses the wire, or why the question is not even asked."""
        if error is not None:
            return Missing(why=error.sentence(), error=error)
        if probe.key in self.absent:
            return Missing(why=self.absent[probe.key])
        return box.ask(probe.ask, self._given(probe, precisions))

    def _recompute(self, probe: Probe[Any], answer: object) -> Proof | None:
        """What the student's arrays give in the reference's network; None where there are none."""
        if isinstance(answer, Missing):
            return None
        try:
            read = Logits.from_wire(answer)
        except Malformed:
            return None  # the judge names it
        if not read.operands:
            return None
        given = self._given(probe, PRECISIONS)
        arguments: dict[str, Any] = {
            k: given[k] for k in ("module", "init", "live", "images") if k in given
        }
        arguments["operands"] = [[k, v] for k, v in read.operands]
        with self._reference_box() as box:
            recomputed = box.ask("logits", arguments)
        if isinstance(recomputed, Missing):
            return Proof(logits=None, why_not=recomputed.why)
        return Proof(logits=recomputed["logits"])

    @contextmanager
    def _reference_box(self) -> Iterator[Box]:
        """A box with the reference and no student code, kept for the class; one for each worker."""
        with self._lock:
            box = self._idle.pop() if self._idle else None
        if box is None:
            box = self._open(self.loaded.reference, self._roomy())
            error = box.load()
            if error is not None:
                raise SandboxError(
                    f"the reference does not load: {error.sentence()}. Run `grader verify`"
                )
            with self._lock:
                self._boxes.append(box)
        try:
            yield box
        except SandboxError:  # the next one takes another box
            with self._lock:
                self._boxes.remove(box)
            raise
        with self._lock:
            self._idle.append(box)

    def _not_handed_in(self, submission: Submission) -> ExecutionRecord:
        wanted = f"{self.loaded.assignment.entry}.py"
        why = " ".join(submission.notes) or f"`{wanted}` was not handed in"
        reason = f"{why[:1].upper()}{why[1:].rstrip('.')}."
        execution = Execution(status="missing", reason=reason)
        return self._unmeasured(submission, execution, Missing(why=why))

    def _unmeasured(
        self, submission: Submission, execution: Execution, missing: Missing
    ) -> ExecutionRecord:
        """A record in which this stands for every measurement."""
        return ExecutionRecord(
            student=submission.student,
            digest=submission.digest,
            execution=execution,
            answers={p.key: missing for p in self.loaded.probes.values()},
        )


def _executed_notebook(box: Box) -> ExecutedNotebook | None:
    """The notebook as it ran, and what became of each code cell; None for a module."""
    if box.notebook is None:
        return None
    cells = tuple(
        ExecutedCell(
            index=run.index,
            status=run.status,
            seconds=run.seconds,
            error=run.error.sentence() if run.error else "",
        )
        for run in box.cells
    )
    return ExecutedNotebook(content=box.notebook, cells=cells)


def images_in(probe: Probe[Any]) -> list[data.Images]:
    """The data sets that a probe shows to student code."""
    return [v for v in probe.args.values() if isinstance(v, data.Images)]


def unshown(loaded: LoadedAssignment) -> list[data.Images]:
    """Pictures of training splits that probes show without their labels: those are for judging."""
    probes = loaded.probes.values()
    shown = {v.images for p in probes for v in p.args.values() if isinstance(v, data.Targets)}
    return [i for i in images_of(loaded) if i.split == "train" and i not in shown]


def images_of(loaded: LoadedAssignment) -> list[data.Images]:
    """The data sets of all probes of an assignment."""
    return [i for p in loaded.probes.values() for i in images_in(p)]
