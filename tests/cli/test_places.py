"""Where nothing can be written: one sentence, exit 2, and what was graded is kept."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kit.command_line import CommandLine, Result
from kit.graded import results
from kit.tiny import POINTS, RIGHT, Tiny

ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("GRADER_")}


@pytest.fixture
def graded(course: Tiny, call: CommandLine) -> Tiny:
    """A class of one that was graded."""
    course.submit("ada")
    done = call("grade", "tiny", course.class_, "--course", course.root, "-o", course.out)
    assert done.code == 0, done.err
    return course


def run(*words: object, **streams: object) -> Result:
    """The command line as a process of its own, with other streams."""
    taken = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", *map(str, words)], env=ENVIRONMENT, text=True, **taken
    )  # type: ignore[call-overload]
    out, err = process.communicate()
    return Result(code=process.returncode, out=out or "", err=err or "")


PLACES = ["index.html", "ada.html", "ada.json", "grades.csv"]


@pytest.mark.proof
def test_a_folder_where_a_page_belongs(graded: Tiny, call: CommandLine) -> None:
    """It is named, and left alone; the grades are kept, and shown when it is gone. A pipe, which
    would be waited for, and a link are replaced.
    """
    words = ("grade", "tiny", graded.class_, "--course", graded.root, "-o", graded.out)
    for name in PLACES:
        (graded.out / name).unlink()
        (graded.out / name).mkdir()
        (graded.out / name / "mine").touch()
        for sentence in (call(*words).sentence, call("report", graded.out).sentence):
            assert f"{graded.out / name} could not be written (" in sentence
            assert "Move away what stands there, or choose another folder" in sentence
        assert (graded.out / name / "mine").is_file()
        assert not list(graded.out.glob(".*.tmp"))
        shutil.rmtree(graded.out / name)
        os.mkfifo(graded.out / name)
        assert call("report", graded.out).code == 0
        assert (graded.out / name).is_file()
    other = graded.write("mine.txt", "mine")
    (graded.out / "index.html").unlink()
    (graded.out / "index.html").symlink_to(other)
    assert call("report", graded.out).code == 0
    assert other.read_text() == "mine"
    assert [g.score for g in results(graded)] == [POINTS]


@pytest.mark.parametrize(
    "place", ["/dev/full", "/dev/null/x", "/proc/nothing", "class/ada/tiny.py"]
)
def test_a_place_that_takes_no_folder(course: Tiny, call: CommandLine, place: str) -> None:
    """As an output folder it is refused in a sentence that names it."""
    course.submit("ada")
    out = course.root / place
    words = ("grade", "tiny", course.class_, "--course", course.root, "-o", out)
    assert str(out) in call(*words).sentence


def test_a_ledger_that_is_a_link(course: Tiny, call: CommandLine) -> None:
    """Neither it nor its lock is followed; what it leads to stays empty."""
    course.submit("ada")
    course.out.mkdir()
    other = course.write("mine", "")
    words = ("grade", "tiny", course.class_, "--course", course.root, "-o", course.out)
    for name in ("grades.db", "grades.db.lock"):
        (course.out / name).symlink_to(other)
        assert "is a link, where the ledger needs a plain file" in call(*words).sentence
        assert other.read_text() == ""
        (course.out / name).unlink()
    assert list(course.out.iterdir()) == []


@pytest.mark.proof
@pytest.mark.process
def test_nobody_reads_what_is_shown(graded: Tiny) -> None:
    """A full device, a closed pipe: a sentence on stderr, exit 2, and no second complaint."""
    words = ("report", graded.out)
    with Path("/dev/full").open("w") as full:
        done = run(*words, stdout=full)
        assert "could not be written (No space left on device)" in done.sentence
        silent = run(*words, stdout=full, stderr=full)
        assert silent.code == 2
    for more in (("show", "tiny", "--course", graded.root), words):
        reader, writer = os.pipe()
        os.close(reader)
        done = run(*more, stdout=writer)
        os.close(writer)
        assert "could not be written (Broken pipe)" in done.sentence
        assert "What was graded is kept" in done.sentence
    assert [g.score for g in results(graded)] == [POINTS]


@pytest.mark.proof
@pytest.mark.process
def test_no_space_at_any_moment(course: Tiny, call: CommandLine) -> None:
    """Wherever it ends in a run, that is one sentence; what was kept is whole, and the next run goes
    on from there.
    """
    for name in ("ada", "bob", "cy"):
        course.submit(name, f"# {name}\n{RIGHT}")
    words = ("grade", "tiny", course.class_, "--course", course.root, "-o", course.out)
    codes, done = [], 0
    for kib in (0, 4, 16, 32, 48, 64, 80, 96, 112, 128, 256, 512):

        def shrink(size: int = kib << 10) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        tried = run(*words, preexec_fn=shrink)
        codes.append(tried.code)
        if tried.code:
            assert tried.sentence
        kept = results(course)
        assert len(kept) >= done
        assert {g.score for g in kept} <= {POINTS}
        done = len(kept)
    assert 2 in codes
    assert call(*words).code == 0
    assert {g.student: g.score for g in results(course)} == dict.fromkeys(
        ("ada", "bob", "cy"), POINTS
    )
    with closing(sqlite3.connect(course.out / "grades.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
