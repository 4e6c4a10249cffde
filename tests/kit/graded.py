"""Submissions graded in the session's fork server, and what their records say."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from grader import data
from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.grade import RunSummary
from grader.ledger.ledger import Ledger
from grader.records.asked_files import AskedFiles
from grader.records.errors import GraderError
from grader.records.result import CheckResult, Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.submissions import collect
from kit.places import NOWHERE, ROOT
from kit.tiny import Tiny


class Borrower(Executor):
    """An executor that borrows the session's fork server, and says whether it ever did."""

    def __init__(self, lent: ForkServer, loaded: LoadedAssignment, **options: object) -> None:
        source = data.Source(NOWHERE, stand_in=True)
        super().__init__(loaded, source, **{"seed": 1, "jobs": 2, **options})  # type: ignore[arg-type]
        self._lent = lent
        self.started = False

    @property
    def backend(self) -> ForkServer:
        self.started = True
        return self._lent


Grading = Callable[..., tuple[RunSummary, Borrower]]


def executions(course: Tiny) -> dict[str, tuple[int, str]]:
    """Run and time of each execution that the ledger holds, by kind and key."""
    with closing(sqlite3.connect(course.out / "grades.db")) as database:
        rows = database.execute("SELECT kind || ' ' || key, run, at FROM executions").fetchall()
    return {key: (run, at) for key, run, at in rows}


def results(course: Tiny) -> list[Graded]:
    """What stands in the ledger now."""
    try:
        with Ledger(course.out / "grades.db", readonly=True) as ledger:
            return list(ledger.results())
    except GraderError:  # just being made
        return []


class Lenet:
    """The assignment lenet5_mnist, graded with the stand-in by one executor."""

    def __init__(self, executor: Borrower, ledger: Ledger) -> None:
        self.executor = executor
        self.group = Cohort(executor, ledger)

    def folder(self, path: Path) -> Graded:
        """What the specimen in a folder gets."""
        return self.grade(collect.read_one([path], self.executor.loaded.asked, student=path.name))

    def files(self, **files: str | bytes) -> Graded:
        """What a submission of these files gets; `lenet` stands for lenet.py, `lenet_pt` for lenet.pt."""
        made: dict[str, bytes] = {}
        for stem, content in files.items():
            name = f"{stem[:-3]}.pt" if stem.endswith("_pt") else f"{stem}.py"
            made[name] = content.encode() if isinstance(content, str) else content
        entry = "lenet.py" if "lenet.py" in made else None
        return self.grade(Submission(student="eve", files=made, entry=entry))

    def grade(self, submission: Submission) -> Graded:
        """What a submission gets."""
        return self.group.judge(submission, self.executor.measure(submission))

    @property
    def reference(self) -> Mapping[str, bytes]:
        """The files that earn full marks."""
        return self.executor.loaded.reference.files


@contextmanager
def opened(server: ForkServer, loaded: LoadedAssignment, folder: Path) -> Iterator[Cohort]:
    """A class without students, to be graded on the stand-in."""
    with Borrower(server, loaded) as executor, Ledger(folder / "grades.db") as ledger:
        made = Cohort(executor, ledger)
        yield made


def graded(group: Cohort, folder: Path, student: str = "") -> Graded:
    """What the files of a folder get, with the student's own numbers where there are any."""
    assignment = group.loaded.assignment
    asked = AskedFiles(entry=assignment.entry, extra_files=assignment.extra_files)
    handed_in = collect.read_one([folder], asked, student=student or folder.name)
    submission = assignment.admit(handed_in)
    return group.judge(submission, group.executor.measure(submission))


def written(group: Cohort, folder: Path, *pairs: tuple[str, str]) -> Graded:
    """What the reference gets with these texts exchanged, beside its weights or those there are."""
    reference = group.loaded.reference
    for name, content in reference.files.items():
        if name == reference.entry:
            text = content.decode()
            for old, new in pairs:
                assert old in text, old
                text = text.replace(old, new)
            (folder / name).write_text(text, encoding="utf-8")
        elif not (folder / name).exists():
            (folder / name).write_bytes(content)
    return graded(group, folder)


def outcomes(graded: Graded) -> dict[str, str]:
    """What became of each check."""
    return {c.name: c.outcome for c in graded.checks}


def said(graded: Graded) -> str:
    """Every sentence of a record that a student reads."""
    texts: list[str] = [graded.execution.reason, *graded.notes, *graded.execution.notes]
    for check in graded.checks:
        texts += [check.feedback, check.hint]
    return "\n".join(texts)


def check(graded: Graded, name: str) -> CheckResult:
    """One line of a record's rubric."""
    return next(c for c in graded.checks if c.name == name)


def by_name(graded: Sequence[Graded]) -> dict[str, Graded]:
    """Records by student."""
    return {g.student: g for g in graded}


@cache
def mistake(slug: str, name: str) -> Submission:
    """A known mistake of an assignment of this repository."""
    loaded = Course(ROOT).load(slug)
    found = {m.name: m.submission for m in Course(ROOT).mistakes(loaded)}
    return loaded.assignment.admit(found[name])


def mistaken(group: Cohort, name: str) -> Graded:
    """What a known mistake of the assignment gets."""
    submission = mistake(group.loaded.slug, name)
    return group.judge(submission, group.executor.measure(submission))
