"""Shared by all tests: a small course, an environment without data sets, one warm process a session."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from grader import data
from grader.assignment.course import Course, LoadedAssignment
from grader.cli import commands
from grader.grading.executor import Executor
from grader.grading.grade import Cohort, Outcome, grade
from grader.ledger.ledger import Ledger
from grader.records.errors import GraderError
from grader.records.records import CheckResult, Graded, Submission
from grader.sandbox import ForkServer
from grader.submissions import collect

ROOT = Path(__file__).resolve().parents[1]
SUBMISSIONS = Path(__file__).resolve().parent / "submissions"
NOWHERE = Path("/nonexistent")
"""A folder of data sets that holds none."""

# The same examples in every run, so that nothing is red by chance; `search` looks for new ones:
# pytest -m hypothesis --hypothesis-profile=search
settings.register_profile("tests", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("proofs", deadline=None, derandomize=True, max_examples=2_000)
settings.register_profile("search", deadline=None, max_examples=10_000, print_blob=True)
settings.load_profile("tests")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)

ASSIGNMENT = '''\
"""Two layers and a function: an assignment that takes no time."""

from grader import Assignment, Limits, Measurements, Verdict, compare, data, probe

assignment = Assignment(
    "Two layers", entry="tiny", limits=Limits(cpu_seconds=2, memory_mib=2048, processes=16)
)
x = data.normal(3, 4)
net = probe.module("Tiny")
layers = net.layers(x)
parameters = net.parameters(x)
outputs = net.outputs(x)
doubled = probe.call("double", [1.0, 2.5])
FULL = 1.0


@assignment.check(points=4)
def shapes(student: Measurements, reference: Measurements) -> Verdict:
    """The layers of `Tiny` have the right shapes."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=2)
def count(student: Measurements, reference: Measurements) -> Verdict:
    """`Tiny` has 37 parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=4, depends_on=[shapes])
def values(student: Measurements, reference: Measurements) -> Verdict:
    """Equal weights give equal answers."""
    return compare.close(student[outputs], reference[outputs])


@assignment.check(points=2)
def doubles(student: Measurements, reference: Measurements) -> Verdict:
    """`double` doubles a list of numbers."""
    right = compare.close(student[doubled], reference[doubled]).fraction == 1
    return Verdict(fraction=FULL if right else 0.0, feedback="" if right else "Not doubled.")
'''

RIGHT = '''\
"""A network of two layers, and a function."""

import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.second = nn.Linear(5, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def double(numbers):
    return [2 * n for n in numbers]
'''
POINTS = 12.0
"""What RIGHT earns."""
WRONG = RIGHT.replace("2 * n", "n")
"""Loses `doubles`, and nothing else."""
TANH = RIGHT.replace("torch.relu", "torch.tanh")
"""Loses `values`, and nothing else."""


@dataclass(frozen=True)
class Tiny:
    """A throw-away course with one assignment, `tiny`, and a class that hands in."""

    root: Path

    @property
    def class_(self) -> Path:
        """Folder of all students' folders."""
        return self.root / "class"

    @property
    def out(self) -> Path:
        """Output folder."""
        return self.root / "out"

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the course."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def rule(self, old: str, new: str) -> None:
        """`assignment.py` says `new` where it said `old`."""
        path = self.root / "assignments/tiny/assignment.py"
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in assignment.py"
        path.write_text(text.replace(old, new))

    def submit(self, student: str, text: str = RIGHT, **more: str) -> Path:
        """What a student hands in: tiny.py, and further files by stem."""
        for name, content in more.items():
            self.write(f"class/{student}/{name}.py", content)
        return self.write(f"class/{student}/tiny.py", text)

    def load(self) -> LoadedAssignment:
        """The assignment as it is written now."""
        return Course(self.root).load("tiny")

    def submissions(self) -> list[Submission]:
        """The class as it lies there now."""
        return collect.submissions(self.class_, entry="tiny", extra_files=())


class Borrower(Executor):
    """An executor that borrows the session's warm process, and says whether it ever did."""

    def __init__(self, lent: ForkServer, loaded: LoadedAssignment, **options: object) -> None:
        source = data.Source(NOWHERE, stand_in=True)
        super().__init__(loaded, source, **{"seed": 1, "jobs": 2, **options})  # type: ignore[arg-type]
        self._lent = lent
        self.started = False

    @property
    def server(self) -> ForkServer:
        self.started = True
        return self._lent


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    """The one warm process of this session."""
    with ForkServer(notebooks=True) as one:
        yield one


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which no data set and no course is named; the home folder is empty."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("GRADER_DATA", "GRADER_COURSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    return home


def found(root: Path) -> Tiny:
    """A new course in an empty folder."""
    tiny = Tiny(root)
    tiny.write("assignments/tiny/assignment.py", ASSIGNMENT)
    tiny.write("reference/tiny/tiny.py", RIGHT)
    return tiny


@pytest.fixture
def course(tmp_path: Path) -> Tiny:
    """A course with the assignment `tiny`, and no submissions yet."""
    return found(tmp_path / "course")


Grading = Callable[..., tuple[Outcome, Borrower]]


@pytest.fixture
def regrade(server: ForkServer) -> Grading:
    """Grade a course's class as it lies there now; the outcome, and the executor that was used."""

    def run(course: Tiny, *, fresh: bool = False, **options: object) -> tuple[Outcome, Borrower]:
        with Borrower(server, course.load(), **options) as executor:
            return grade(executor, course.submissions(), course.out, fresh=fresh), executor

    return run


@dataclass(frozen=True)
class Result:
    """What a call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr of a command that was refused."""
        assert self.code == 2, f"exit {self.code}: {self.err or self.out}"
        assert "Traceback" not in self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("grader: "), self.err
        assert lines[0].endswith("."), self.err
        return lines[0]


CommandLine = Callable[..., Result]


@pytest.fixture
def call(bare: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, called in this process, in the bare environment."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            commands.main([str(w) for w in words])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(code=end.value.code, out=said.out, err=said.err)

    return run


def start(*words: object, temporary: Path, **more: str) -> subprocess.Popen[str]:
    """The command line as a process of its own; every process of its boxes names `temporary`."""
    temporary.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *map(str, words)],
        env={**environment, "TMPDIR": str(temporary), "HOME": str(temporary), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def naming(folder: Path) -> list[int]:
    """Processes whose command line names this folder: a grader's boxes name its temporary folder."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
            if bytes(folder) in words:
                pids.append(int(entry.name))
    return pids


def executions(course: Tiny) -> dict[str, tuple[int, str]]:
    """Run and time of each execution that the ledger holds."""
    with closing(sqlite3.connect(course.out / "grades.db")) as database:
        rows = database.execute("SELECT key, run, at FROM executions").fetchall()
    return {key: (run, at) for key, run, at in rows}


def results(course: Tiny) -> list[Graded]:
    """What stands in the ledger now."""
    try:
        with Ledger(course.out / "grades.db", readonly=True) as ledger:
            return ledger.results()
    except GraderError:  # just being made
        return []


def gone(folder: Path, seconds: float = 5.0) -> list[int]:
    """Processes that are still there after a while."""
    deadline = time.monotonic() + seconds
    while (left := naming(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


class Lenet:
    """The assignment lenet5_mnist, graded with the stand-in by one executor."""

    def __init__(self, executor: Borrower, ledger: Ledger) -> None:
        self.executor = executor
        self.group = Cohort(executor, ledger)
        self.group.start_sandbox()

    def folder(self, path: Path) -> Graded:
        """What the specimen in a folder gets."""
        loaded = self.executor.loaded
        entry, extra_files = loaded.assignment.entry, loaded.assignment.extra_files
        return self.grade(
            collect.one(
                [path],
                entry=entry,
                extra_files=extra_files,
                student=path.name,
                names=loaded.names,
                blanks=loaded.blanks,
            )
        )

    def files(self, **files: str | bytes) -> Graded:
        """What a submission of these files gets; `lenet` stands for lenet.py, `lenet_pt` for lenet.pt."""
        made: dict[str, bytes] = {}
        for stem, content in files.items():
            name = f"{stem[:-3]}.pt" if stem.endswith("_pt") else f"{stem}.py"
            made[name] = content.encode() if isinstance(content, str) else content
        entry = "lenet.py" if "lenet.py" in made else None
        digest = collect.digest(made)
        return self.grade(Submission(student="eve", files=made, entry=entry, digest=digest))

    def grade(self, submission: Submission) -> Graded:
        """What a submission gets."""
        return self.group.judge(submission, self.executor.measure(submission))

    @property
    def reference(self) -> Mapping[str, bytes]:
        """The files that earn full marks."""
        return self.executor.loaded.reference.files


@pytest.fixture(scope="session")
def lenet(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lenet]:
    """lenet5_mnist with the stand-in, shared by all tests of a session."""
    path = tmp_path_factory.mktemp("lenet") / "grades.db"
    with Borrower(server, Course(ROOT).load("lenet5_mnist")) as executor, Ledger(path) as ledger:
        yield Lenet(executor, ledger)


@contextmanager
def opened(server: ForkServer, loaded: LoadedAssignment, folder: Path) -> Iterator[Cohort]:
    """A class without students, to be graded on the stand-in."""
    with Borrower(server, loaded) as executor, Ledger(folder / "grades.db") as ledger:
        made = Cohort(executor, ledger)
        made.start_sandbox()
        yield made


@pytest.fixture(scope="module")
def group(
    request: pytest.FixtureRequest, server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cohort]:
    """The assignment that the test's module calls `SLUG`, graded on the stand-in."""
    loaded = Course(ROOT).load(request.module.SLUG)
    with opened(server, loaded, tmp_path_factory.mktemp(loaded.slug)) as made:
        yield made


def graded(group: Cohort, folder: Path, student: str = "") -> Graded:
    """What the files of a folder get, with the student's own numbers where there are any."""
    assignment = group.loaded.assignment
    handed_in = collect.one(
        [folder],
        entry=assignment.entry,
        extra_files=assignment.extra_files,
        student=student or folder.name,
    )
    submission = assignment.given(handed_in)
    return group.judge(submission, group.executor.measure(submission))


@cache
def mistake(slug: str, name: str) -> Submission:
    """A known mistake of an assignment of this repository."""
    loaded = Course(ROOT).load(slug)
    found = {m.name: m.submission for m in Course(ROOT).mistakes(loaded)}
    return loaded.assignment.given(found[name])


def mistaken(group: Cohort, name: str) -> Graded:
    """What a known mistake of the assignment gets."""
    submission = mistake(group.loaded.slug, name)
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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where GRADER_NO_SKIPS is set, as in CI, a skipped test is a failure of the run."""
    if not os.environ.get("GRADER_NO_SKIPS") or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    for report in skipped:
        reporter.write_line(f"skipped, which CI forbids: {report.nodeid}: {report.longrepr}")
    if skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
