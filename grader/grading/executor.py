"""What is asked of a submission: every probe, one after the other, in a box of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader import data, inside
from grader.assignment import room
from grader.assignment.loader import LoadedAssignment
from grader.assignment.probe import SCRIPT, Probe
from grader.data.training_mount import TrainingMount
from grader.grading.cache_key import CacheKeys, digest_of_measuring_code, read_versions
from grader.grading.finder import Finder
from grader.grading.images import images_in, unshown
from grader.grading.proof import Prover, ReferenceProver
from grader.grading.secret_order import SecretOrder
from grader.grading.substitutes import Substitutes
from grader.inside.schema.limits import BEYOND_BELIEF
from grader.inside.wire import Malformed
from grader.records.answers import keep_declared
from grader.records.errors import DataSetAbsent, SandboxError
from grader.records.execution import (
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    ExecutionRecord,
    Missing,
    Proof,
)
from grader.records.limits import Limits
from grader.records.measurements import Logits, kept
from grader.records.submission import Submission
from grader.sandbox.backend import Backend, Choice, Job, OpenBox

PRECISIONS = ("float64", "float32")
"""In which precisions a student's network is tried."""
PATIENCE_WITH_OURS = 4.0
"""How many times the CPU seconds of a student the reference may take to be measured in both
precisions; without a limit, one that never ends would stop everything.
"""


class Executor:
    """Measures submissions of one assignment; starts a backend when it is first needed."""

    def __init__(
        self,
        loaded: LoadedAssignment,
        source: data.Source,
        *,
        seed: int,
        jobs: int = 1,
        choice: Choice | None = None,
        lenient: bool = False,
    ) -> None:
        """`choice` says which backend runs the code, at which level; None takes the best one.

        `lenient` leaves probes out whose data set is absent, instead of raising DataSetAbsent.
        """
        self.loaded, self.source, self.seed, self.jobs = loaded, source, seed, max(1, jobs)
        self.choice = choice or Choice()
        self._lenient = lenient
        self._backend: Backend | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._mount = TrainingMount(source, unshown(loaded))
        self.prover: Prover = ReferenceProver(self._open_reference)
        """What computes again outside the student's process."""
        self.finder = Finder(loaded, source, seed, self._open_reference)
        """What is taken for what a student called otherwise."""

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
        """Every box and the backend are gone; what waits for one gets a SandboxError."""
        with self._lock:
            self._closed = True
            if self._backend is not None:
                self._backend.close()
                self._backend = None
            self._mount.close()
        self.prover.close()

    @property
    def backend(self) -> Backend:
        """What opens boxes, started on first use (a few seconds)."""
        with self._lock:
            if self._closed:
                raise SandboxError("The sandbox is closed.")
            if self._backend is None:
                self._backend = self._start()
            return self._backend

    def _start(self) -> Backend:
        """While the backend imports torch another thread reads data sets, as slowly. An interrupt
        arrives in this one, where it ends what is being started.
        """
        pool = ThreadPoolExecutor(1)
        try:
            reading = pool.submit(lambda: self.arguments)
            backend = self.choice.start()
            try:
                reading.result()
            except BaseException:
                backend.close()
                raise
        finally:
            pool.shutdown(wait=False)
        return backend

    def recover(self) -> None:
        """Boxes hold. Raises SandboxError where they do not, so that nobody can be measured."""
        self.backend.recover()

    # ------------------------------------------------------------------ what is asked, of what

    @cached_property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """Arguments of every probe as they cross the line, by probe key; drawn and read once for
        a class.
        """
        present = [p for p in self.loaded.probes.values() if p.key not in self.absent]
        return {p.key: p.arguments(self.seed, self.source) for p in present}

    @cached_property
    def absent(self) -> Mapping[str, str]:
        """Why a probe is left out, by probe key: its data set is not here."""
        reasons = {}
        for probe in self.loaded.probes.values():
            for images in images_in(probe):
                try:
                    self.source.stands_in(images.name)
                except DataSetAbsent:
                    if not self._lenient:
                        raise
                    reasons[probe.key] = (
                        f"{images.name} is not on this machine, so this is decided when graded"
                    )
        return reasons

    @property
    def images(self) -> list[data.Images]:
        """The data sets that probes use."""
        return [
            i for p in self.loaded.probes.values() if p.key not in self.absent for i in images_in(p)
        ]

    @cached_property
    def keys(self) -> CacheKeys:
        """Makes the keys under which executions are kept."""
        return CacheKeys(
            loaded=self.loaded,
            seed=self.seed,
            data=tuple(sorted({i.identity(self.source) for i in self.images})),
            measuring=digest_of_measuring_code(Path(inside.__file__).parent),
            versions=read_versions(),
        )

    def key(self, submission: Submission, level: int) -> str:
        """The key of a submission that is measured at this sandbox level."""
        served = [self._mount.identity(name) for name in self._sets_named_in(submission)]
        return self.keys.of(submission, level, served)

    # ------------------------------------------------------------------ measuring

    def measure(self, submission: Submission) -> ExecutionRecord:
        """Execution and answers of one submission. The student's faults are data."""
        if submission.entry is None:
            return self._without_entry(submission)
        if excess := room.describe_excess(submission, self.loaded.assignment.limits.files_kib):
            execution = Execution(status="size", reason=excess)
            return self._unmeasured(submission, execution, Missing(why=excess))
        answers: dict[str, object] = {}
        proofs: dict[str, Proof] = {}
        with self._open(submission, self.loaded.assignment.limits) as box:
            substitutes = self.finder.find(box, submission)
            for probe, answer in self._ask_all(box, substitutes=substitutes):
                answers[probe.key] = kept.drop_weights(answer)
                if not probe.recompute:
                    continue
                proof = self._prove(probe, answer)
                if (proof := self._prove_file(box, probe, proof, substitutes)) is not None:
                    proofs[probe.key] = proof
            execution = box.close()
            execution = replace(execution, notes=(*substitutes.notes, *execution.notes))
            notebook = _executed_notebook(box)
        if box.load() is None and execution.status not in ("ok", *BEYOND_BELIEF):
            proofs |= dict(self._prove_later(submission, proofs))
        return ExecutionRecord(
            student=submission.student,
            digest=submission.digest,
            execution=execution,
            answers=answers,
            proofs=proofs,
            notebook=notebook,
            disturbed=box.disturbed,
        )

    def measure_reference(self, submission: Submission) -> ExecutionRecord:
        """The same on the reference, in float32 as well where a student's code may need it."""
        answers: dict[str, object] = {}
        in_float32: dict[str, object] = {}
        own = self.loaded.assignment.limits.cpu_seconds
        roomy = replace(self._roomy_limits(), cpu_seconds=PATIENCE_WITH_OURS * own)
        with self._open(submission, roomy) as box:
            for probe, answer in self._ask_all(box, PRECISIONS[:1]):
                answers[probe.key] = answer
                if probe.both_precisions:
                    in_float32[probe.key] = self._ask(box, probe, PRECISIONS[1:])
            answers |= self.finder.describe_own(box)
            execution = box.close()
        return ExecutionRecord(
            kind="reference",
            student=submission.student,
            digest=submission.digest,
            execution=execution,
            answers=answers,
            in_float32=in_float32,
            disturbed=box.disturbed,
        )

    def _ask_all(
        self,
        box: OpenBox,
        precisions: Sequence[str] = PRECISIONS,
        substitutes: Substitutes = Substitutes(),  # noqa: B008 - frozen
    ) -> Iterator[tuple[Probe[Any], object]]:
        for probe in self.loaded.probes.values():
            needed = (*probe.names, str(probe.args.get("weights", "")))
            refused = [substitutes.refused[n] for n in needed if n in substitutes.refused]
            answer = refused[0] if refused and probe.key not in self.absent else None
            yield probe, answer or self._ask(box, probe, precisions, substitutes.taken)

    def _ask(
        self,
        box: OpenBox,
        probe: Probe[Any],
        precisions: Sequence[str],
        substitutes: Mapping[str, str] | None = None,
    ) -> object:
        """The answer, or Missing where the code did not load or the data set is not here."""
        error = box.load()
        if error is not None:
            return Missing(why=error.sentence(), error=error, code="run-not-loaded")
        if probe.key in self.absent:
            return Missing(why=self.absent[probe.key], elsewhere=True)
        arguments = self._arguments_of(probe, precisions, substitutes or {})
        order = SecretOrder.draw(self.source.secret, probe.key, arguments)
        return keep_declared(probe.ask, order.restore(box.ask(probe.ask, order.hide(arguments))))

    def _arguments_of(
        self, probe: Probe[Any], precisions: Sequence[str], taken: Mapping[str, str]
    ) -> dict[str, Any]:
        """Its arguments; `taken` are names that stand for those that the brief asks for."""
        script = {"script": self.loaded.script} if probe.ask == SCRIPT or probe.loss else {}
        output = {"output": self.loaded.find_output(probe)} if "module" in probe.args else {}
        given = {**self.arguments[probe.key], **script, **output}
        if given.get("weights") in taken:
            given["weights"] = taken[given["weights"]]
        asked = {"asked": self.finder.asked, "substitutes": dict(taken)}
        return {**given, "precisions": list(precisions), **asked}

    def _prove(self, probe: Probe[Any], answer: object) -> Proof | None:
        """What the student's arrays give outside; None where there are none to try, or nothing to
        try them in.
        """
        if isinstance(answer, Missing) or self.loaded.reference.entry is None:
            return None
        try:
            claimed = Logits.from_wire(answer)
        except Malformed:
            return None  # the cohort names it
        if not (claimed.operands or claimed.state):
            return None
        return self.prover.prove(claimed, self._arguments_of(probe, PRECISIONS, {}))

    def _prove_file(
        self, box: OpenBox, probe: Probe[Any], known: Proof | None, substitutes: Substitutes
    ) -> Proof | None:
        """What a file of weights gives by itself, where the student's network, which can be built,
        did not lead to a proof: it fails, never ends, or cannot be followed. Else what is known.
        """
        file = str(probe.args.get("weights", ""))
        proven = known is not None and known.logits is not None
        if proven or not file or probe.key in self.absent or file in substitutes.refused:
            return known
        arguments = self._arguments_of(probe, PRECISIONS, substitutes.taken)
        answer = box.ask(probe.ask, {k: v for k, v in arguments.items() if k != "images"})
        proof = self._prove(probe, answer)
        return known if known is not None and (proof is None or proof.logits is None) else proof

    def _prove_later(
        self, submission: Submission, proofs: Mapping[str, Proof]
    ) -> Iterator[tuple[str, Proof]]:
        """By probe key what files of weights give whose box ended before it could be asked."""
        probes = [p for p in self.loaded.probes.values() if p.recompute and p.key not in proofs]
        if not any("weights" in p.args for p in probes):
            return
        with self._open(submission, self.loaded.assignment.limits) as box:
            substitutes = self.finder.find(box, submission)
            for probe in probes:
                proof = self._prove_file(box, probe, None, substitutes)
                if proof is not None:
                    yield probe.key, proof

    # ------------------------------------------------------------------ boxes

    def _open(self, submission: Submission, limits: Limits) -> OpenBox:
        mixed = hashlib.sha256(f"{self.seed}:{submission.digest}".encode()).digest()
        folders = {name: self._mount.folder(name) for name in self._sets_named_in(submission)}
        return self.backend.open(
            Job(
                submission=submission,
                limits=limits,
                seed=int.from_bytes(mixed[:4], "little"),
                run=self.loaded.assignment.run,
                datasets=folders,
                course=str(self.loaded.folder.parent.parent),
                slug=self.loaded.slug,
            )
        )

    def _open_reference(self) -> OpenBox:
        return self._open(self.loaded.reference, self._roomy_limits())

    def _sets_named_in(self, submission: Submission) -> list[str]:
        """The data sets that lie in this submission's box."""
        return self._mount.find_named(self.loaded.assignment.provides, submission.files)

    def _roomy_limits(self) -> Limits:
        """Limits for our own code, which serves a whole class."""
        limits = self.loaded.assignment.limits
        return replace(limits, cpu_seconds=1e5, memory_mib=max(limits.memory_mib, 4096))

    def _without_entry(self, submission: Submission) -> ExecutionRecord:
        if submission.unread:
            return self.give_up(submission, submission.unread)
        wanted = f"{self.loaded.assignment.entry}.py"
        why = " ".join(submission.notes) or f"`{wanted}` is missing"
        reason = f"{why[:1].upper()}{why[1:].rstrip('.')}."
        execution = Execution(status="missing", reason=reason)
        return self._unmeasured(submission, execution, Missing(why=why, code="run-no-file"))

    def give_up(self, submission: Submission, why: str) -> ExecutionRecord:
        """The record of one that could not be run, through no fault of the student's."""
        execution = Execution(status="broken", reason=why)
        return self._unmeasured(submission, execution, Missing(why=why, needs_review=True))

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


def _executed_notebook(box: OpenBox) -> ExecutedNotebook | None:
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
