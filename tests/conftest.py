"""Shared by all tests: a small course, an environment without data sets, one fork server a session."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from grader.assignment.course import Course
from grader.cli import main as command_line
from grader.grading.cohort import Cohort
from grader.grading.grade import RunSummary, grade
from grader.ledger.ledger import Ledger
from grader.sandbox import ForkServer
from kit import quick
from kit.command_line import CommandLine, Result
from kit.graded import (
    Borrower,
    Grading,
    Lenet,
    opened,
)
from kit.packages import Packages
from kit.places import ROOT
from kit.tiny import Tiny, found

# The same examples in every run, so that nothing is red by chance; `search` looks for new ones:
# pytest -m hypothesis --hypothesis-profile=search
settings.register_profile("tests", deadline=None, derandomize=True, max_examples=40)
settings.register_profile(quick.PROFILE, deadline=None, derandomize=True, max_examples=10)
settings.register_profile("proofs", deadline=None, derandomize=True, max_examples=2_000)
settings.register_profile("search", deadline=None, max_examples=10_000, print_blob=True)
settings.load_profile("tests")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)


# These import what only Linux has (walls, and the fork server's processes), or Unix (a terminal).
_OF_LINUX = "class_of_500 hostile hostile_outputs levels sandbox".split()
collect_ignore = (
    []
    if sys.platform.startswith("linux") and hasattr(os, "fork")
    else [
        "cli/test_terminal.py",
        "inside/test_wire_properties.py",
        *(f"sandbox/test_{name}.py" for name in _OF_LINUX),
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of these tests."""
    own = parser.getgroup("grader")
    own.addoption("--quick", action="store_true", help="only tests that start no process")
    own.addoption("--update-golden", action="store_true", help="write tests/golden anew")


def pytest_configure(config: pytest.Config) -> None:
    """With --quick there are few examples, and no test can start a process."""
    if config.getoption("--quick"):
        settings.load_profile(quick.PROFILE)
        config.pluginmanager.register(quick.Guard())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test that starts processes is marked as such; with --quick the others are kept."""
    marked = [item for item in items if quick.starts_processes(item)]
    for item in marked:
        item.add_marker("process")
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in set(marked)]


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    """The one fork server of this session."""
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


@pytest.fixture
def course(tmp_path: Path) -> Tiny:
    """A course with the assignment `tiny`, and no submissions yet."""
    return found(tmp_path / "course")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    """A place where packages of other people's are installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.syspath_prepend(folder)
        yield Packages(folder)
    Packages(folder).forget()


@pytest.fixture
def regrade(server: ForkServer) -> Grading:
    """Grade a course's class as it lies there now; the outcome, and the executor that was used."""

    def run(course: Tiny, *, fresh: bool = False, **options: object) -> tuple[RunSummary, Borrower]:
        with Borrower(server, course.load(), **options) as executor:
            return grade(executor, course.submissions(), course.out, fresh=fresh), executor

    return run


@pytest.fixture
def call(bare: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, called in this process, in the bare environment."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            command_line.main([str(w) for w in words])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(code=end.value.code, out=said.out, err=said.err)

    return run


@pytest.fixture(scope="session")
def lenet(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lenet]:
    """lenet5_mnist with the stand-in, shared by all tests of a session."""
    path = tmp_path_factory.mktemp("lenet") / "grades.db"
    with Borrower(server, Course(ROOT).load("lenet5_mnist")) as executor, Ledger(path) as ledger:
        yield Lenet(executor, ledger)


@pytest.fixture(scope="module")
def group(
    request: pytest.FixtureRequest, server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cohort]:
    """The assignment that the test's module calls `SLUG`, graded on the stand-in."""
    loaded = Course(ROOT).load(request.module.SLUG)
    with opened(server, loaded, tmp_path_factory.mktemp(loaded.slug)) as made:
        yield made


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
