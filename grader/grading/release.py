"""Releasing: the reference is measured, and what students may have of that is packed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment.assignment import Measurements
from grader.assignment.course import Course
from grader.assignment.kit import Kit, dump_measurements
from grader.assignment.loader import (
    MEASURING,
    RULES,
    LoadedAssignment,
    find_blanks,
    functions_asked,
)
from grader.assignment.variants import FILE, files_in_box
from grader.grading import disclosure, judge
from grader.grading import reference as references
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.images import images_in
from grader.grading.judging import read_measurements
from grader.grading.written import list_prompts, read_answers
from grader.ledger.ledger import Ledger
from grader.records import file_names
from grader.records.errors import CourseError, ReferenceFailed, UsageError
from grader.records.execution import Execution, ExecutionRecord, Kind, Missing
from grader.records.result import CheckResult, Outcome
from grader.records.submission import Submission
from grader.records.temporary import TemporaryFolder

LATER: tuple[Outcome, ...] = ("deferred", "open")
"""What becomes of checks that a kit leaves to grading."""
BRIEF = "README.md"
GUIDE = "CHECK.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A kit, and what it does."""

    kit: Kit
    measured: tuple[str, ...]
    """Names of the probes whose measurements are in it."""
    readable: tuple[str, ...]
    """Names of those of them whose measurements are what is asked for."""
    decided: tuple[CheckResult, ...]
    """What it decides about the reference: checks are passed, or deferred."""

    @property
    def deferred(self) -> tuple[CheckResult, ...]:
        """The checks that are decided when graded, by the grader or by a person."""
        return tuple(r for r in self.decided if r.outcome in LATER)


def load_public(course: Course, slug: str) -> LoadedAssignment:
    """The assignment as students may have it: probes.py has what its public checks ask."""
    loaded = course.load(slug, public=True)
    if not loaded.script:
        return loaded
    script = disclosure.trim_script(loaded.script, functions_asked(loaded.probes))
    return replace(loaded, script=script)


def release(
    executor: Executor,
    course: Course,
    student: str | None = None,
    *,
    answers: bool = False,
) -> Release:
    """A kit of the executor's assignment, for everybody or for this student; nothing is written.

    With `answers` it holds those too that are what is asked for. Raises ReferenceFailed where the
    reference does not earn every point of the public checks on this machine.
    """
    loaded = executor.loaded
    numbers = loaded.assignment.numbers(student or "")
    reference = replace(loaded.reference, numbers=numbers)
    records = references.measure(executor, reference, ("student", "reference"))
    require_full(executor, reference, records)
    packed = _strip_record(loaded, records["reference"], answers=answers)
    kit = _make_kit(executor, course, reference, packed, student)
    decided = _try_out(kit, records["student"], reference)
    guide = _write_guide(loaded, decided, student).encode()
    kit = replace(kit, files={**kit.files, GUIDE: guide})
    measured = {n: p for n, p in loaded.probes.items() if not _is_missing(packed, p.key)}
    readable = (n for n, p in measured.items() if disclosure.keep_back(p, answers=False))
    return Release(kit=kit, measured=tuple(measured), readable=tuple(readable), decided=decided)


def plan_files(out: Path, kits: Sequence[Kit]) -> dict[Path, dict[str, bytes]]:
    """By folder the zips to write: `out` itself, or below it one for each student."""
    if kits[0].student is None:
        return {out.parent: {out.name: kits[0].pack()}}
    stems = file_names.file_names(k.student for k in kits if k.student)
    return {out: {f"{stems[k.student]}.zip": k.pack() for k in kits if k.student}}


def _is_missing(record: ExecutionRecord, key: str) -> bool:
    return isinstance(record.answers[key], Missing)


# ---------------------------------------------------------------------- the reference


def require_full(
    executor: Executor, reference: Submission, records: Mapping[Kind, ExecutionRecord]
) -> None:
    """Raise ReferenceFailed where the reference, as if it had been handed in, loses a point."""
    with TemporaryFolder("work") as folder, Ledger(Path(folder.path, "grades.db")) as ledger:
        cohort = Cohort(executor, ledger)
        ledger.record(executor.key(reference, cohort.level), records["reference"])
        loss = references.describe_loss(cohort.judge(reference, records["student"]))
        if loss:
            facts = references.describe_machine(executor, cohort.level, kept=False)
            raise ReferenceFailed(f"nothing is packed, as the reference itself {loss}. {facts}")


# ---------------------------------------------------------------------- packing


def _strip_record(
    loaded: LoadedAssignment, record: ExecutionRecord, *, answers: bool
) -> ExecutionRecord:
    """What was measured, without what students must not have; nothing else of the record."""
    kept: dict[str, object] = {}
    single: dict[str, object] = {}
    for probe in loaded.probes.values():
        why = disclosure.keep_back(probe, answers=answers)
        answer = record.answers[probe.key]
        if why or isinstance(answer, Missing):
            kept[probe.key] = Missing(why=why or disclosure.ANSWER, elsewhere=True)
            continue
        strip = disclosure.STRIP[probe.ask]
        kept[probe.key] = strip(answer)  # type: ignore[arg-type]
        other = record.in_float32.get(probe.key, Missing(why=""))
        if not isinstance(other, Missing):
            single[probe.key] = strip(other)  # type: ignore[arg-type]
    for survey in loaded.surveys.values():
        own = record.answers[survey.key]
        if not isinstance(own, Missing):
            kept[survey.key] = disclosure.STRIP[survey.ask](own)  # type: ignore[arg-type]
    return ExecutionRecord(
        kind="reference",
        student="reference",
        digest="",
        execution=Execution(status="ok"),
        answers=kept,
        in_float32=single,
    )


def _make_kit(
    executor: Executor,
    course: Course,
    reference: Submission,
    packed: ExecutionRecord,
    student: str | None,
) -> Kit:
    loaded = executor.loaded
    handout = course.handout(loaded, student or "")
    files = {n if n == BRIEF else f"handout/{n}": content for n, content in handout.items()}
    files[RULES] = (loaded.folder / RULES).read_bytes()
    if loaded.script:
        files[MEASURING] = loaded.script.encode()
    if reference.numbers is not None:
        files[FILE] = files_in_box(reference)[FILE]
    return Kit(
        slug=loaded.slug,
        title=loaded.assignment.title,
        entry=loaded.assignment.entry,
        seed=executor.seed,
        student=student,
        hidden=loaded.withheld,
        level=executor.backend.level,
        versions=executor.keys.versions,
        blanks=tuple(sorted(find_blanks(handout))),
        prompts=list_prompts(loaded, handout),
        files={**files, **dump_measurements(packed)},
        place=loaded.folder.parent,
    )


def _try_out(kit: Kit, own: ExecutionRecord, reference: Submission) -> tuple[CheckResult, ...]:
    """What the kit decides about the reference where no data set is at hand.

    Raises CourseError where it takes something away, UsageError where it decides nothing.
    """
    loaded = kit.load()
    assert loaded.measured is not None
    absent = Missing(why=disclosure.PICTURES, elsewhere=True)
    shown = {p.key for p in loaded.probes.values() if images_in(p)}
    answers = {k: absent if k in shown else a for k, a in own.answers.items()}
    seen = read_measurements(loaded, replace(own, answers=answers, proofs={}))[0]
    ours = read_measurements(loaded, loaded.measured)[0]
    seen |= read_answers(loaded, reference)
    decided = judge.judge(
        loaded.assignment.checks, Measurements(seen), Measurements(ours, reference=True)
    )
    for result in decided:
        if result.outcome not in ("passed", *LATER):
            raise CourseError(
                f"nothing is packed, as the reference loses `{result.name}` by the kit, though not "
                f"by itself: {result.feedback}"
            )
    if all(r.outcome in LATER for r in decided):
        raise UsageError(
            f"a kit of {kit.slug} would decide nothing, because every check needs pictures, a "
            "trained network or the very answers. If students may read the answers, pass --answers"
        )
    return decided


def _write_guide(
    loaded: LoadedAssignment, decided: tuple[CheckResult, ...], student: str | None
) -> str:
    """How a student checks herself, in Markdown."""
    entry = f"{loaded.assignment.entry}.py"
    limits = loaded.assignment.limits
    later = [r for r in decided if r.outcome in LATER]
    lines = [
        f"# How to check yourself: {loaded.assignment.title}",
        "",
        f"Put your `{entry}` (or `{loaded.assignment.entry}.ipynb`) into this folder and run",
        "",
        f"    grader check {entry}",
        "",
        "A kit that lies beside your file is found, unpacked or not; any other is named with",
        "`--kit`. Your file is judged by what was measured on your instructor's solution. Where",
        "the inputs are drawn, they are others when you are graded.",
        "",
        f"Your file may use {limits.cpu_seconds:g} s of CPU time, {limits.wall_seconds:g} s in "
        f"all, and {limits.memory_mib:,} MiB.",
        "",
    ]
    if student is not None:
        lines += [f"The numbers in this kit are those of {student}, and nobody else's.", ""]
    lines += ["These checks are decided when graded:", ""] * bool(later)
    lines += [f"- `{r.name}`, {r.points:g} points: {r.title}" for r in later] + [""] * bool(later)
    if loaded.withheld:
        lines += ["Your instructor has more checks, which are not shown; they come on top.", ""]
    return "\n".join(lines)
