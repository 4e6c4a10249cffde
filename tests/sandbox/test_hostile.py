"""The hostile corpus: whatever a submission tries, it gains nothing, and leaves nothing behind.

Each specimen is graded, then an honest submission by the same fork server, and what can be seen of
the machine from outside is compared. `make test` does so at level 3 with every third of the modules,
`make proofs` at levels 3 and 2 with all modules and notebooks.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.grading.cohort import Cohort
from grader.ledger.ledger import Ledger
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.result import Graded
from grader.sandbox import Box, ForkServer
from kit import corpus
from kit.boxes import job
from kit.corpus import FORMS, Expected, Specimen
from kit.graded import Borrower, Lenet, said
from kit.host import Host
from kit.places import ROOT
from kit.tiny import POINTS, Tiny, found

SECRET = "s3cret-of-the-grader"
SPECIMENS = corpus.specimens()
FULL = ("forged_frame", "memory_torch", "monkeypatch")
"""After these the reference itself is graded, not only something small."""
SLOW = ("cpu_loop_deaf", "memory_processes", "memory_shared", "sleep", "sleep_stopped")
"""Proofs in every form."""
ORDINARY = [n for n in SPECIMENS if n not in SLOW][::3]
"""Tried by `make test` as modules; the others are proofs."""


@dataclass
class Place:
    """One sandbox level on this machine, with what there is to reach around it."""

    level: int
    lenet: Lenet
    tiny: Cohort
    course: Tiny
    host: Host
    aims: str
    """Source of a module that names what a specimen is to reach for."""
    plain: dict[tuple[str, str], Graded] = field(default_factory=dict)

    def without(self, specimen: Specimen, form: str) -> Graded:
        """The honest form of a specimen, graded once."""
        key = (specimen.network, form)
        if key not in self.plain:
            self.plain[key] = self.graded(specimen, form, honest=True)
            assert self.plain[key].execution.status == "ok", said(self.plain[key])
            assert self.plain[key].score < self.plain[key].max_score
        return self.plain[key]

    def graded(self, specimen: Specimen, form: str, *, honest: bool = False) -> Graded:
        """What the specimen gets, or its honest form."""
        make = specimen.honest_form if honest else specimen.submission
        self.lenet.executor.loaded.assignment.limits = specimen.limits(self.level, form)
        return self.lenet.grade(make(form, self.aims))

    def honest(self, *, full: bool) -> None:
        """An honest submission gets full marks from the same fork server."""
        (submission,) = self.course.submissions()
        graded = self.tiny.judge(submission, self.tiny.executor.measure(submission))
        assert graded.score == POINTS, said(graded)
        if full:
            graded = self.lenet.grade(self.lenet.executor.loaded.reference)
            assert graded.score == graded.max_score, said(graded)


@pytest.fixture(scope="module", params=[3, pytest.param(2, marks=pytest.mark.proof)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fork server with a temporary folder of its own, at one level."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        temporary, canary = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            for prefix in ("grader-tmp-", "canary-")
        )
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-work-")))
        for folder in (temporary, canary, work):
            folder.chmod(0o755)  # what keeps a box out is the box, not the mode
        (canary / "file").write_text(SECRET)
        (canary / "file").chmod(0o666)
        canary.chmod(0o777)
        patch.setenv("TMPDIR", str(temporary))
        patch.setenv("COURSE_TOKEN", SECRET)
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr("grader.sandbox.forkserver.BOXES_PER_PROCESS", 10**6)  # one process for all
        try:
            server = stack.enter_context(ForkServer(level=request.param, notebooks=True))
        except SandboxError as error:
            pytest.skip(str(error))
        host = Host(server, temporary, canary, patch)
        yield _furnished(stack, request.param, server, host, work)


def _furnished(stack: ExitStack, level: int, server: ForkServer, host: Host, work: Path) -> Place:
    course = found(work / "course")
    course.submit("ada")
    loaded = Course(ROOT).load("lenet5_mnist")
    lenet_executor = stack.enter_context(Borrower(server, loaded, jobs=1))
    tiny_executor = stack.enter_context(Borrower(server, course.load(), jobs=1))
    ledger = stack.enter_context(Ledger(work / "grades.db"))
    tiny = Cohort(tiny_executor, stack.enter_context(Ledger(work / "tiny.db")))
    ours = [
        ROOT / "assignments/lenet5_mnist/assignment.py",
        ROOT / "reference/lenet5_mnist/lenet.pt",
        ROOT / "grader/records/records.py",
        course.class_ / "ada/tiny.py",
        work / "grades.db",
        work,
    ]
    aims = {
        "CANARY": str(host.canary / "file"),
        "OURS": [str(p) for p in ours],
        "PIDS": [os.getpid(), server._current().process.pid],
        **_listeners(stack, work),
    }
    made = Place(
        level=level,
        lenet=Lenet(lenet_executor, ledger),
        tiny=tiny,
        course=course,
        host=host,
        aims="".join(f"{name} = {value!r}\n" for name, value in aims.items()),
    )
    made.honest(full=True)  # the boxes that are kept for the class are open from now on
    return made


def _listeners(stack: ExitStack, work: Path) -> dict[str, object]:
    """Sockets that listen outside, of three kinds."""
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    named, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
    name = f"grader-aim-{os.getpid()}"
    named.bind(str(work / "socket"))
    (work / "socket").chmod(0o666)
    abstract.bind("\0" + name)
    for listener in (named, abstract):
        listener.listen()
    return {"PORT": tcp.getsockname()[1], "PATH_SOCKET": str(work / "socket"), "ABSTRACT": name}


def cases() -> list[object]:
    """Every specimen in each of its forms; notebooks are proofs."""
    return [
        pytest.param(
            name, form, marks=[pytest.mark.proof] * (form == "notebook" or name not in ORDINARY)
        )
        for form in FORMS
        for name, specimen in SPECIMENS.items()
        if form in specimen.forms
    ]


@pytest.mark.parametrize(("name", "form"), cases())
def test_gains_nothing_and_leaves_nothing(place: Place, name: str, form: str) -> None:
    """Points, outcome, the next student and the machine are as `expected.toml` and honesty ask."""
    specimen = SPECIMENS[name]
    expected, plain = specimen.expected(place.level, form), place.without(specimen, form)
    before = place.host.state()
    graded = place.graded(specimen, form)
    check_points(graded, plain, expected)
    check_outcome(graded, plain, expected)
    place.honest(full=name in FULL)
    assert not place.host.left(before)


# How often each is run, and what it races for
RACES = {
    "late_cell": (60, "garbage cuts the supervisor off before its last request, one time in 20"),
    "fork_bomb": (4, "the interrupt of its cell is heeded, or lost in a hook of os.fork"),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", RACES)
def test_however_a_race_ends_the_verdict_is_the_same(place: Place, name: str) -> None:
    """What the specimen races for decides nothing."""
    specimen = SPECIMENS[name]
    expected = specimen.expected(place.level, "notebook")
    plain = place.without(specimen, "notebook")
    for _ in range(RACES[name][0]):
        graded = place.graded(specimen, "notebook")
        check_points(graded, plain, expected)
        check_outcome(graded, plain, expected)


def check_points(graded: Graded, plain: Graded, expected: Expected) -> None:
    """No check gives more than without the attempt, but for what is known and has a reason."""
    without = {c.name: c.earned for c in plain.checks}
    gained = [c for c in graded.checks if c.earned > without[c.name]]
    assert all(c.earned - without[c.name] <= expected.gains.get(c.name, 0) for c in gained), gained
    assert not gained or expected.why
    assert graded.needs_review or all(c.trust != "proof" for c in gained), gained


def check_outcome(graded: Graded, plain: Graded, expected: Expected) -> None:
    """Status, sentence, output and the checks that differ are the expected ones."""
    execution = graded.execution
    statuses = (expected.status,) if isinstance(expected.status, str) else expected.status
    assert execution.status in statuses, said(graded)
    assert expected.says in said(graded), said(graded)
    printed = execution.stdout + execution.stderr
    assert expected.prints in printed, printed
    assert graded.needs_review == expected.needs_review, said(graded)
    ends = {c.name: c.outcome for c in plain.checks}
    differs = {c.name for c in graded.checks if c.outcome != ends[c.name]}
    assert expected.differs == "all" or differs <= set(expected.differs), said(graded)
    assert "broken" not in {c.outcome for c in graded.checks}, said(graded)
    opened = {line.removeprefix("OPENED: ") for line in printed.splitlines() if "OPENED" in line}
    assert opened <= set(expected.opens), printed
    record = json.dumps(graded.to_json())
    assert Graded.from_json(json.loads(record)) == graded
    assert SECRET not in record


def test_planted_files_harm_nobody(place: Place) -> None:
    """A right submission beside which they lie gets full marks: they are passed over."""
    reference = place.lenet.executor.loaded.reference
    planted = SPECIMENS["planted_modules"].submission("module", place.aims).files
    files = {**planted, **reference.files}
    graded = place.lenet.grade(replace(reference, files=files))
    assert graded.score == graded.max_score, said(graded)


@pytest.mark.parametrize("name", ["proc_environ", "read_files", "shell", "symlink_out"])
def test_without_a_box_they_succeed(place: Place, name: str) -> None:
    """The same attempts in a plain process do open something: it is the box that refuses."""
    submission = SPECIMENS[name].submission("module", place.aims)
    before = place.host.state()
    how = {"entry": "lenet.py", "limits": Limits(cpu_seconds=20.0), "seed": 1}
    with Box(place.host.server._send, job(submission.files, level=0, **how)) as box:
        box.load()
    assert "OPENED: " in box.close().stdout
    assert not place.host.left(before)


def test_the_comparison_sees_what_is_left(place: Place) -> None:
    """A process, a file and a changed canary are each noticed, and under the right name."""
    host, before = place.host, place.host.settled()
    run = host.server._current().run

    def seen() -> set[str]:
        return set(host.left(before, seconds=0))

    named = [sys.executable, "-c", "import time; time.sleep(60)", run]
    owned = {"args": ["/bin/sleep", "60"], "user": min(host.uids)}
    for left in [{"args": named}, *[owned] * (os.geteuid() == 0)]:
        with subprocess.Popen(**left) as process:
            try:
                assert seen() == {"processes"}
            finally:
                process.kill()
    shared = Path("/dev/shm", f"grader-test-{os.getpid()}")
    files = {host.temporary / "new": "temporary files", Path(run, "new"): "run folder"}
    for path, name in {**files, shared: "files of boxes"}.items():
        path.touch()
        os.chown(path, min(host.uids), -1)
        try:
            assert seen() == {name}
        finally:
            path.unlink()
    os.utime(host.canary / "file")
    assert seen() == {"canary"}
