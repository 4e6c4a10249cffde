"""Odd surroundings: right, or one sentence that names the limit."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.cli import surroundings
from grader.inside.walls import cgroup
from grader.records.errors import SandboxError
from kit.graded import results
from kit.tiny import POINTS, Tiny, found
from kit.whole_runs import ORDINARY, made_place

MIB = 1 << 20


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "no memory left"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "no memory left"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "no memory"),
        (OSError(errno.EMFILE, "Too many open files"), "`ulimit -n` allows"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "`ulimit -u` allows"),
        (RuntimeError("can't start new thread"), "`ulimit -u` allows"),
        (OSError(errno.EACCES, "Permission denied"), ""),
        (RuntimeError("of ours"), ""),
        (ImportError("No module named 'x'"), ""),
    ],
)
def test_what_ran_short_is_named(error: BaseException, said: str) -> None:
    """Anything else is a fault of ours, and keeps its traceback."""
    sentence = surroundings.explain(error)
    assert said in sentence
    assert bool(sentence) == bool(said)


def test_only_files_and_streams_are_said_to_be_at_fault() -> None:
    """Any other fault of the system's is ours, and keeps its traceback."""
    said = surroundings.describe_fault
    assert "could not be written (Broken pipe)" in said(OSError(errno.EPIPE, "Broken pipe"))
    assert said(OSError(errno.EACCES, "Denied", "a.html")).startswith("a.html: Denied. Check the")
    assert said(OSError(errno.ECONNRESET, "Connection reset by peer")) == ""


def test_enough_of_everything_is_no_matter() -> None:
    """On the machine on which the tests run."""
    surroundings.require(2)


def limited(name: int, soft: int, words: list[str]) -> subprocess.CompletedProcess[str]:
    """A program under a soft and a hard limit."""

    def lower() -> None:
        resource.setrlimit(name, (soft, soft))

    return subprocess.run(words, preexec_fn=lower, capture_output=True, text=True, check=False)


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "soft", "said"),
    [
        (resource.RLIMIT_AS, 900 * MIB, "`ulimit -v` allows 921,600 KiB a process"),
        (resource.RLIMIT_DATA, 100 * MIB, "`ulimit -d` allows 102,400 KiB a process"),
        (resource.RLIMIT_FSIZE, MIB, "`ulimit -f` allows 1,024 KiB a file, and 262,144 are needed"),
        (resource.RLIMIT_CPU, 60, "`ulimit -t` allows 60 seconds of CPU a process, and 600 are"),
        (resource.RLIMIT_NOFILE, 40, "`ulimit -n` allows 40 open files, and"),
    ],
    ids=["addresses", "data", "sizes", "cpu", "files"],
)
def test_a_low_limit_is_said_first(name: int, soft: int, said: str, tmp_path: Path) -> None:
    """In one sentence, exit 2, and nothing was done."""
    course = found(tmp_path / "course")
    course.submit("Ada")
    words = ["-m", "grader", "grade", "tiny", str(course.class_), "-o", str(course.out)]
    run = limited(name, soft, [sys.executable, *words, "--course", str(course.root)])
    assert run.returncode == 2, run.stderr
    (line,) = run.stderr.strip().splitlines()
    assert said in line
    assert not course.out.exists()


@pytest.mark.process
def test_the_soft_limit_of_files_is_raised() -> None:
    """Where the hard one allows it."""
    text = """
import resource
from grader.cli import surroundings
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
surroundings.require(2)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    said = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True).stdout
    assert int(said) > 64


def test_little_memory_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the machine, or of a control group, which is named."""
    monkeypatch.setattr(cgroup, "list_free", lambda: {"/sys/fs/cgroup/small": 100 * MIB})
    with pytest.raises(SandboxError, match="100 MiB are free: the control group /sys/fs/cgroup/sm"):
        surroundings.require(2)


def test_a_control_group_is_read(tmp_path: Path) -> None:
    """What is cached of files counts as free, in both versions; one without a bound is no matter."""
    rows = "anon 5\ninactive_file 1000\n"
    old = {"memory.limit_in_bytes": "9000", "memory.usage_in_bytes": "4000"}
    cases: list[tuple[Mapping[str, str], int | None]] = [
        ({"memory.max": "9000", "memory.current": "4000", "memory.stat": rows}, 6000),
        ({"memory.max": "max", "memory.current": "4000", "memory.stat": rows}, None),
        ({**old, "memory.stat": f"{rows}total_inactive_file 2000\n"}, 7000),
        ({}, None),
    ]
    for number, (files, free) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        assert cgroup._read_free(str(folder)) == free


@pytest.mark.proof
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has no limit of processes itself")
def test_few_processes_are_said(tmp_path: Path) -> None:
    """To an ordinary user, with how many are taken."""
    with made_place(ORDINARY) as place:
        place.course.submit("Ada")
        place.give()
        before = resource.getrlimit(resource.RLIMIT_NPROC)
        resource.setrlimit(resource.RLIMIT_NPROC, (20, before[1]))
        try:
            with place.grade() as run:
                _, err = run.communicate()
        finally:
            resource.setrlimit(resource.RLIMIT_NPROC, before)
    assert run.returncode == 2, err
    assert "`ulimit -u` allows 20 processes and threads, of which " in err


ODD: Mapping[str, Callable[[Path], Mapping[str, str]]] = {
    "PYTHONOPTIMIZE=1": lambda _: {"PYTHONOPTIMIZE": "1"},
    "PYTHONOPTIMIZE=2": lambda _: {"PYTHONOPTIMIZE": "2"},
    "locale C": lambda _: {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0"},
    "no UTF-8": lambda _: {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": lambda _: {"PYTHONIOENCODING": "ascii:strict"},
    "dev mode": lambda _: {"PYTHONDEVMODE": "1"},
    "warnings": lambda _: {"PYTHONWARNINGS": "default"},
    "no home": lambda _: {"HOME": "/nonexistent"},
    "long TMPDIR": lambda p: {"TMPDIR": _make(p / ("long" * 40))},
    "odd TMPDIR": lambda p: {"TMPDIR": _make(p / "a b'c\"d\\e%s{}ü\n☃")},
    "TMPDIR is a link": lambda p: {"TMPDIR": _link(p)},
}


def _make(folder: Path) -> str:
    folder.mkdir(parents=True)
    return str(folder)


def _link(place: Path) -> str:
    (place / "real").mkdir()
    (place / "link").symlink_to(place / "real")
    return str(place / "link")


def grade_in(course: Tiny, **more: str) -> subprocess.CompletedProcess[str]:
    """The class, graded with these variables."""
    words = ["-m", "grader", "grade", "tiny", str(course.class_), "-o", str(course.out)]
    return subprocess.run(
        [sys.executable, *words, "--course", str(course.root)],
        check=False,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.proof
@pytest.mark.parametrize("name", ODD)
def test_odd_surroundings(name: str, tmp_path: Path) -> None:
    """Nothing that a run finds around it changes a grade."""
    course = found(tmp_path / "course")
    course.submit("Jürgen ☃")
    tmp_path.parent.parent.chmod(0o755)
    for above in (tmp_path, tmp_path.parent):
        above.chmod(0o755)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)
        run = grade_in(course, **ODD[name](place))
    assert run.returncode == 0, run.stderr
    assert [g.score for g in results(course)] == [POINTS]
    assert "Traceback" not in run.stderr


@pytest.mark.proof
def test_odd_paths(tmp_path: Path) -> None:
    """Of the course, the class and the output folder."""
    course = found(tmp_path / "a b'c\"d\\e%s{}$(x)ü☃-" / "--x")
    course.submit("Ada")
    run = grade_in(course)
    assert run.returncode == 0, run.stderr
    assert [g.score for g in results(course)] == [POINTS]


@pytest.mark.process
def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Who stands in a folder that was deleted gets a sentence, or what was asked for."""
    course = found(tmp_path / "course")
    gone = tmp_path / "gone"
    gone.mkdir()
    words = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\nfrom grader.cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", words, "show", "tiny", "--course", str(course.root)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.returncode in (0, 2), run.stderr
    assert "Traceback" not in run.stderr
