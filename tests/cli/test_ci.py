"""`grader ci`: one submission, whole files whatever happens, and an exit code for a CI."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from grader.cli import ci
from grader.export.ci_format import GROUP
from grader.grading import self_check
from grader.records import extensions
from grader.records.asked_files import AskedFiles
from grader.submissions import collect
from kit import ci_systems
from kit.command_line import CommandLine
from kit.ordinary import run_as_ordinary
from kit.processes import gone
from kit.tiny import POINTS, RIGHT, TANH, Tiny, found

NAMES = extensions.names(GROUP)
HANGS = f"{RIGHT}\nwhile True:\n    pass\n"


def words(folder: Path, *names: str) -> list[str]:
    """Each of these formats with a file in the folder."""
    return [w for n in names for w in ("--format", n, "--out", str(folder / n))]


def repository(tmp_path: Path, text: str = RIGHT) -> Path:
    """A student's."""
    folder = tmp_path / "repository"
    folder.mkdir(exist_ok=True)
    (folder / "tiny.py").write_text(text)
    (folder / "README.md").write_text("My homework.\n")
    return folder


def require_failures(folder: Path, why: str) -> None:
    """Every format's file is there, valid, without points, and says why."""
    assert sorted(p.name for p in folder.iterdir()) == sorted(NAMES), "and nothing half"
    texts = {n: (folder / n).read_bytes() for n in NAMES}
    assert ci_systems.read_gradescope(texts["gradescope"])["total"] is None
    assert not ci_systems.read_prairielearn(texts["prairielearn"])["counts"]
    assert ci_systems.report_to_classroom(texts["github-classroom"]) == (0, 0, False)
    assert ci_systems.read_junit(texts["junit"])[1] == {"grading": "error"}
    assert set(ci_systems.read_autolab(texts["autolab"]).values()) <= {None}
    assert "could not be graded" in ci_systems.read_summary(texts["github"])[0]
    assert why in ci_systems.strict(texts["gradescope"])["output"]


# ---------------------------------------------------------------------- wrong use, and our failures


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--format", "junit"), "Missing option '--out'"),
        (("--format", "junit", "--out", "a", "--out", "b"), "there are 1 times --format and 2 times --out"),
        (("--format", "junit", "--out", "a", "--format", "github", "--out", "a"), "two formats have the same file"),
        (("--format", "junit", "--out", "a", "--format", "github", "--out", "./a"), "two formats have the same file"),
        (("--format", "junit", "--out", "lenet.py"), "lenet.py may be what is handed in"),
        (("work.zip", "--format", "junit", "--out", "./work.zip"), "work.zip may be what is handed in"),
        (("--format", "xml", "--out", "a"), "there is no result format 'xml'; there are"),
        (("--format", "junit", "--out", "a", "--fail-under", "101"), "Invalid value for '--fail-under'"),
    ],
)  # fmt: skip
def test_wrong_use(call: CommandLine, given: tuple[str, ...], sentence: str) -> None:
    """One sentence, and nothing is written."""
    assert sentence in call("ci", *given).sentence
    assert not Path("a").exists()


def test_a_path_that_is_not_there(call: CommandLine, course: Tiny, tmp_path: Path) -> None:
    """The files say so as well: the system that called reads nothing else."""
    done = call("ci", tmp_path / "gone", "--course", course.root, *words(tmp_path / "o", *NAMES))
    assert "there is no folder or file" in done.sentence
    require_failures(tmp_path / "o", "There is no folder or file")
    errors = [c for c in ci_systems.run_commands(done.out) if c["kind"] == "error"]
    assert len(errors) == 2, "one of GitHub's, one of Classroom's"


def test_a_file_that_cannot_be_written(call: CommandLine, course: Tiny, tmp_path: Path) -> None:
    """The others are written, and say so."""
    (tmp_path / "plain").write_text("")
    given = ("--format", "junit", "--out", tmp_path / "plain" / "junit")
    own = repository(tmp_path)
    done = call("ci", own, "--course", course.root, *given, *words(tmp_path / "o", *NAMES))
    assert f"{tmp_path / 'plain'} could not be" in done.sentence
    require_failures(tmp_path / "o", "could not be written")


def test_a_device_is_not_replaced(call: CommandLine, tmp_path: Path) -> None:
    """Files are replaced whole; what is none stays, even for root."""
    os.mkfifo(tmp_path / "device")
    done = call("ci", tmp_path, "--format", "junit", "--out", tmp_path / "device")
    assert "is no file" in done.sentence
    assert (tmp_path / "device").is_fifo()


def test_a_fault_of_the_course(call: CommandLine, course: Tiny, tmp_path: Path) -> None:
    """Is in the files, with the line that is to be mended."""
    course.rule("points=4)\ndef shapes", "points=-4)\ndef shapes")
    done = call("ci", repository(tmp_path), "--course", course.root, *words(tmp_path / "o", *NAMES))
    assert "assignment.py" in done.sentence
    require_failures(tmp_path / "o", "assignment.py")


def test_a_fault_of_the_grader(
    call: CommandLine, course: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is, it ends with 2 and files that say so."""

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("conv1")

    monkeypatch.setattr(self_check, "grade_alone", fail)
    done = call("ci", repository(tmp_path), "--course", course.root, *words(tmp_path / "o", *NAMES))
    assert "the grader broke (KeyError: 'conv1')" in done.sentence.lower().replace(
        "keyerror", "KeyError"
    )
    require_failures(tmp_path / "o", "The grader broke (KeyError: 'conv1').")
    problems = ("shapes", "count", "values", "doubles")
    seen = ci_systems.score_by_autolab((tmp_path / "o" / "autolab").read_bytes(), *problems)
    assert seen == dict.fromkeys(problems), "no score, in place of zeros"


def test_a_course_of_the_students_is_not_taken(
    call: CommandLine, course: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code would run outside of the box, and give whatever it likes."""
    own = repository(tmp_path)
    (course.root / "assignments").rename(own / "assignments")
    (course.root / "reference").rename(own / "reference")
    monkeypatch.chdir(own)
    done = call("ci", "-a", "tiny", *words(tmp_path / "o", "junit"))
    assert "around or in the submission" in done.sentence
    assert "--course" in done.sentence


def test_what_judges_is_no_part_of_the_submission(course: Tiny, tmp_path: Path) -> None:
    """A course, a kit or an earlier result that lies in the student's folder stays out of the box."""
    own = repository(tmp_path)
    course.root.rename(own / "course")
    for name in ("kit.zip", "junit.xml"):
        (own / name).write_text("x")
    without = [own / "course", own / "kit.zip", own / "junit.xml", tmp_path / "elsewhere"]
    taken = collect.read_one([own], AskedFiles(entry="tiny"), student="you", without=without)
    assert sorted(taken.files) == ["README.md", "tiny.py"]


def test_the_path_of_annotations_is_that_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file was found in a folder and taken for one at the top."""
    own = repository(tmp_path)
    assert ci._find_in_repository(own, "tiny.py") == f"{own}/tiny.py"
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert ci._find_in_repository(own, "tiny.py") == "repository/tiny.py"
        assert ci._find_in_repository(Path("repository"), "tiny.py") == "repository/tiny.py"
    assert ci._find_in_repository(own, "") == "", "no file was run, and a folder has no lines"
    (own / "src").mkdir()
    (own / "tiny.py").rename(own / "src" / "tiny.py")
    assert ci._find_in_repository(own, "tiny.py") == f"{own}/src/tiny.py"
    assert ci._find_in_repository(own / "src" / "tiny.py", "tiny.py") == f"{own}/src/tiny.py"


# ---------------------------------------------------------------------- whole runs


@pytest.mark.proof
@pytest.mark.parametrize(
    ("text", "points", "code"),
    [(RIGHT, 12, 0), (TANH, 8, 0), (RIGHT.replace("2 * n", "n").replace("relu", "tanh"), 6, 1)],
    ids=["all", "two thirds", "half"],
)
def test_one_number_everywhere(
    call: CommandLine, course: Tiny, tmp_path: Path, text: str, points: float, code: int
) -> None:
    """Console, summary, each file, and the gradebook of a class with the same submission."""
    own, out = repository(tmp_path, text), tmp_path / "o"
    done = call("ci", own, "--course", course.root, "--fail-under", "60", *words(out, *NAMES))
    assert done.code == code, done.err
    assert f"{points} of {POINTS:g} points, at sandbox level" in done.out
    texts = {n: (out / n).read_bytes() for n in NAMES}
    assert ci_systems.read_summary(texts["markdown"])[0] == f"Two layers: {points} of 12 points"
    assert texts["github"] == texts["markdown"]
    assert ci_systems.report_to_classroom(texts["github-classroom"]) == (points, 12, code == 0)
    assert ci_systems.read_gradescope(texts["gradescope"])["total"] == points
    learn = ci_systems.read_prairielearn(texts["prairielearn"])
    assert learn["score"] == pytest.approx(points / 12, abs=1e-6)
    assert ci_systems.read_junit(texts["junit"])[0]["score"] == str(points)
    assert sum(ci_systems.read_autolab(texts["autolab"]).values()) == points
    notices = [c["text"] for c in ci_systems.run_commands(done.out) if c["kind"] == "notice"]
    assert notices[0] == f"Points {points}/12"
    course.submit("ada", text)
    assert call("grade", "tiny", course.class_, "-o", course.out, "--course", course.root).code == 0
    with (course.out / "grades.csv").open(newline="") as table:
        (row,) = csv.DictReader(table)
    assert (float(row["score"]), float(row["max_score"])) == (points, 12)


@pytest.mark.proof
def test_without_a_limit_any_lost_check_is_red(
    call: CommandLine, course: Tiny, tmp_path: Path
) -> None:
    """As with `check`; and what goes to stdout stands last, where Autolab looks."""
    done = call(
        "ci",
        repository(tmp_path, TANH),
        "--course",
        course.root,
        "--format",
        "autolab",
        "--out",
        "-",
    )
    assert done.code == 1
    assert ci_systems.read_autolab(done.out.encode()) == {
        "shapes": 4,
        "count": 2,
        "values": 0,
        "doubles": 2,
    }


@pytest.mark.proof
def test_a_reference_that_fails_here_is_no_students_fault(
    call: CommandLine, course: Tiny, tmp_path: Path
) -> None:
    """Nobody is graded, and the files do not say which hidden checks there are."""
    course.rule("return compare.close(student[outputs], reference[outputs])",
                "return Verdict(fraction=0.5, feedback='A SECRET')")  # fmt: skip
    done = call("ci", repository(tmp_path), "--course", course.root, *words(tmp_path / "o", *NAMES))
    assert "the reference itself loses values" in done.sentence
    require_failures(tmp_path / "o", "The reference does not earn every point on this machine")
    assert not any("SECRET" in (tmp_path / "o" / n).read_text() for n in NAMES)


REFUSING = """
import sys
from grader.inside.walls.lockdown import Filter
rules = Filter()
rules.refuse({refused!r})
rules.install()
from grader.cli import main as command_line
command_line.main(["ci", *{words!r}])
"""


@pytest.mark.proof
@pytest.mark.parametrize(
    ("suffix", "refused"), [(".py", "unshare"), (".ipynb", "unshare"), (".py", "mount")]
)
def test_level_2_holds_where_namespaces_are_refused(suffix: str, refused: str) -> None:
    """As on Ubuntu 24.04, where one may be made, and nothing mounted in it; for an ordinary user
    and for root: the points are the same.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # which others may read
        home = Path(folder)
        home.chmod(0o777)
        course, own = found(home / "course"), home / "own"
        own.mkdir()
        text = RIGHT if suffix == ".py" else json.dumps(make_notebook(RIGHT))
        (own / f"tiny{suffix}").write_text(text)
        given = [str(own), "--course", str(course.root)]
        for user in ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",):
            out = home / f"{user}.xml"
            program = REFUSING.format(
                refused=refused, words=[*given, "--format", "junit", "--out", str(out)]
            )
            if user == "root":
                subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
            else:
                run_as_ordinary("-c", program)
            properties = ci_systems.read_junit(out.read_bytes())[0]
            assert (properties["sandbox_level"], properties["score"]) == ("2", "12"), user


def make_notebook(text: str) -> dict[str, Any]:
    """With one cell."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
            "source": text}  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}


@pytest.mark.proof
def test_who_is_killed_leaves_whole_files(course: Tiny, tmp_path: Path) -> None:
    """They say that there is no result."""
    own, out = repository(tmp_path, HANGS), tmp_path / "o"
    temporary = tmp_path / "t"
    temporary.mkdir()
    with subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "grader",
            "ci",
            own,
            "--course",
            course.root,
            *words(out, *NAMES),
        ],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(temporary.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    require_failures(out, "The grader was ended before it had a result")
    assert gone(temporary, seconds=30) == []
