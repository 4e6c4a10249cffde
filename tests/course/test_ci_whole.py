"""What instructors copy is run as the systems run it: the action and the workflows step by step, the
autograder for Gradescope as its container does, on a right, a wrong and an endless submission.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kit import ci_systems, github_runner
from kit.github_runner import Machine, Values, read_yaml
from kit.places import ROOT
from kit.tiny import RIGHT, TANH, Tiny, found

WORKFLOWS = ROOT / "docs" / "how-to" / "workflows"
WRONG = RIGHT.replace("4, 5", "4, 6").replace("5, 2", "6, 2").replace("2 * n", "n")
"""Loses more than half by a kit and by the course."""
ENDLESS = RIGHT.replace("return [2 * n for n in numbers]", "while True: pass")
"""Loses what is asked once its limit of CPU time is used up."""
SUBMISSIONS = {"right": (RIGHT, True), "wrong": (WRONG, False)}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
GH = """#!/bin/bash
# Stands for GitHub's program: releases and lists of repositories are files of a folder.
set -eu
case "$1 $2" in
"release download")
    [ -n "$GH_TOKEN" ] || exit 4
    while [ $# -gt 0 ]; do
        case "$1" in --repo) repo=$2 ;; --pattern) file=$2 ;; --dir) dir=$2 ;; esac
        shift
    done
    mkdir -p "$dir" && cp "SERVER/releases/$repo/$file" "$dir/$file" ;;
"repo list") [ -n "$GH_TOKEN" ] && ls "SERVER/$3" | sed 's/[.]git$//' ;;
*) exit 9 ;;
esac
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The private course."""
    made = found(tmp_path_factory.mktemp("private") / "course")
    made.write("assignments/tiny/hidden.py", HIDDEN)
    return made


HIDDEN = '''\
"""A check that students do not see."""

from assignment import assignment, doubled

from grader import Measurements, Verdict, compare


@assignment.check(points=3)
def doubled_secretly(student: Measurements, reference: Measurements) -> Verdict:
    """`double` doubles, once more."""
    return compare.close(student[doubled], reference[doubled])
'''


@pytest.fixture(scope="module")
def server(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where repositories and releases lie: the course's among them, and a kit."""
    home = tmp_path_factory.mktemp("server")
    publish(tiny.root, home / "university" / "course")
    kit = home / "releases" / "university" / "kits" / "tiny-kit.zip"
    kit.parent.mkdir(parents=True)
    run_grader("release", "tiny", "--course", tiny.root, "-o", kit)
    return home


def publish(folder: Path, place: Path) -> None:
    """A repository at that address, with a commit of the folder's files."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-C", str(place), "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(place)], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=work"], check=True)


def run_grader(*words: object) -> None:
    """The grader as its own program."""
    command = [sys.executable, "-P", "-m", "grader", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def machine(tmp_path: Path, server: Path) -> Machine:
    """A machine with what GitHub's has: git, gh, Python; and the cached environment."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gh").write_text(GH.replace("SERVER", str(server)))
    (programs / "gh").chmod(0o755)
    cached = tmp_path / "home" / ".cache" / "torch-grader"
    cached.mkdir(parents=True)
    (cached / "environment").symlink_to(sys.prefix)
    return Machine(
        root=tmp_path,
        server=f"file://{server}",
        programs=programs,
        secrets={"CLASSROOM_TOKEN": "secret-token"},
        actions={
            "actions/setup-python": lambda *_: {"python-version": "3.11.9"},
            "actions/cache": github_runner.do_nothing,
            "actions/upload-artifact": upload,
            "ORGANISATION/torch-grader": lambda machine, given: machine.run_action(
                ROOT, {k: v.replace("ORGANISATION", "university") for k, v in given.items()}
            ),
        },
    )


def upload(machine: Machine, given: Values) -> Values:
    """What is uploaded is there."""
    assert any((machine.workspace / given["path"]).iterdir())
    return {}


def hand_in(machine: Machine, text: str) -> None:
    """The student's repository is checked out."""
    (machine.workspace / "tiny.py").write_text(text)


# ---------------------------------------------------------------------- GitHub


@pytest.mark.proof
@pytest.mark.parametrize(("text", "passed"), SUBMISSIONS.values(), ids=SUBMISSIONS)
@pytest.mark.parametrize(("judge", "most"), [("kit", 10), ("course", 15)])
def test_the_action(machine: Machine, judge: str, most: int, text: str, *, passed: bool) -> None:
    """By a kit from a release, and by a private course, in an environment that was cached."""
    hand_in(machine, text)
    by_kit = {"kit-repository": "university/kits", "kit-release": "v1", "kit-file": "tiny-kit.zip"}
    by_course = {"course-repository": "university/course", "token": "secret-token"}
    given = by_kit if judge == "kit" else by_course
    outputs = machine.run_action(ROOT, {**given, "fail-under": "60"})
    assert machine.failed != passed, machine.log
    points = require_results(machine, outputs, most)
    assert points == most if passed else points < 0.6 * most
    assert "doubled_secretly" not in machine.log, "hidden checks have no names"
    assert "secret-token" not in machine.log
    assert [p.name for p in machine.workspace.iterdir()] == ["tiny.py"], "nothing came to it"
    if judge == "course":
        assert not (machine.temp / "torch-grader" / "course" / ".git").exists()


def require_results(machine: Machine, outputs: Values, most: int) -> float:
    """Log, summary, both files and the output have the same number: it is returned."""
    folder = Path(outputs["results"])
    content = (folder / "classroom.json").read_bytes()
    assert base64.b64decode(outputs["result"]) == content
    points, reached, _ = ci_systems.report_to_classroom(content)
    assert reached == most
    commands = ci_systems.run_commands(machine.log)
    ci_systems.require_shown(commands)
    notice = next(c["text"] for c in commands if c["kind"] == "notice")
    assert notice == f"Points {points:g}/{most}"
    summary = ci_systems.read_summary(machine.summaries[-1].encode())
    assert summary[0] == f"Two layers: {points:g} of {most} points"
    score = ci_systems.read_junit((folder / "junit.xml").read_bytes())[0]["score"]
    assert float(score) == points
    return points


@pytest.mark.proof
def test_the_action_ends_an_endless_submission(machine: Machine) -> None:
    """At its limit, and the rest of the points stand."""
    hand_in(machine, ENDLESS)
    outputs = machine.run_action(ROOT, {"course-repository": "university/course"})
    assert machine.failed
    classroom = ci_systems.report_to_classroom(
        (Path(outputs["results"]) / "classroom.json").read_bytes()
    )
    assert 0 <= classroom[0] < 15
    errors = [c for c in ci_systems.run_commands(machine.log) if c["kind"] == "error"]
    assert any("CPU" in c["text"] or "time" in c["text"] for c in errors), machine.log


@pytest.mark.proof
def test_the_action_tells_of_a_failure_of_ours(machine: Machine) -> None:
    """A slug that is not there: the step is red, without a notice of points."""
    hand_in(machine, RIGHT)
    outputs = machine.run_action(
        ROOT, {"course-repository": "university/course", "assignment": "gone"}
    )
    assert machine.failed
    kinds = {c["kind"] for c in ci_systems.run_commands(machine.log)}
    assert kinds == {"error"}
    assert "could not be graded" in machine.summaries[-1]
    assert (
        ci_systems.report_to_classroom((Path(outputs["results"]) / "classroom.json").read_bytes())[
            1
        ]
        == 0
    )


@pytest.mark.proof
@pytest.mark.parametrize(("text", "passed"), SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_the_workflow_of_a_classroom(
    machine: Machine, tmp_path: Path, text: str, *, passed: bool
) -> None:
    """With the kit's names changed to ours, as an instructor would."""
    student = tmp_path / "student"
    student.mkdir()
    (student / "tiny.py").write_text(text)
    machine.actions = {**machine.actions, "actions/checkout": github_runner.check_out(student)}
    workflow = fill(read_yaml(WORKFLOWS / "classroom.yml"), {"lenet-kit.zip": "tiny-kit.zip"})
    machine.run_job(workflow, "run-autograding-tests")
    assert machine.failed != passed, machine.log
    assert "actions/upload-artifact" in machine.ran
    assert ("::notice title=Autograding complete::Points 10/10\n" in machine.log) == passed


def fill(value: Any, names: Values) -> Any:
    """The same with other words."""
    text = json.dumps(value)
    for old, new in names.items():
        assert old in text
        text = text.replace(old, new)
    return json.loads(text)


@pytest.mark.proof
def test_the_nightly_workflow(machine: Machine, server: Path, tiny: Tiny, tmp_path: Path) -> None:
    """Every clone is a student; one that cannot be cloned is said, and the others are graded."""
    for login, text in {"ada": RIGHT, "bob": TANH, "eve": ENDLESS}.items():
        folder = tmp_path / login
        folder.mkdir()
        (folder / "tiny.py").write_text(text)
        publish(folder, server / "school" / f"tiny-{login}")
    (server / "school" / "tiny-gone").mkdir()
    (server / "school" / "another-repository").mkdir()
    machine.actions = {**machine.actions, "actions/checkout": github_runner.check_out(tiny.root)}
    names = {
        "lenet5_mnist": "tiny",
        "lenet5-": "tiny-",
        '"ORGANISATION": "ORGANISATION"': '"ORGANISATION": "school"',
    }
    machine.run_job(fill(read_yaml(WORKFLOWS / "nightly.yml"), names), "grade")
    assert not machine.failed, machine.log
    rows = [
        r.split(",")[:2]
        for r in (machine.workspace / "grades" / "grades.csv").read_text().splitlines()[1:]
    ]
    scores = {name.strip('"'): float(score) for name, score in rows}
    assert scores.keys() == {"ada", "bob", "eve"}
    assert scores["ada"] == 15
    assert scores["bob"] == 11
    assert scores["eve"] < 15
    assert "::warning::tiny-gone was not cloned" in machine.log
    assert "secret-token" not in machine.log
    assert "ada" in machine.summaries[-1]


@pytest.mark.parametrize(
    "path", [ROOT / "action.yml", *sorted(WORKFLOWS.iterdir())], ids=lambda p: p.stem
)
def test_actions_are_pinned(path: Path) -> None:
    """By a commit, beside which its version stands; the grader's own is to be filled in."""
    uses = re.findall(r"^\s*(?:- )?uses: *(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert uses
    assert [one for one in uses if not PINNED.fullmatch(one)] == []


@pytest.mark.parametrize("path", sorted(WORKFLOWS.iterdir()), ids=lambda p: p.stem)
def test_workflows_have_few_rights_and_an_end(path: Path) -> None:
    """They read, and no text from outside is run as code."""
    workflow = read_yaml(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "github.ref" in workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert 0 < int(job["timeout-minutes"]) <= 90
        assert not [s["run"] for s in job["steps"] if "${{" in s.get("run", "")]
    for step in read_yaml(ROOT / "action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


# ---------------------------------------------------------------------- Gradescope


@pytest.fixture(scope="module")
def autograder(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The zip that an instructor uploads."""
    path = tmp_path_factory.mktemp("zip") / "autograder.zip"
    run_grader("release", "tiny", "--for", "gradescope", "--course", tiny.root, "-o", path)
    return path.read_bytes()


def unpack(autograder: bytes, root: Path) -> Path:
    """The container's folder after its image was made: source, and what setup.sh installs."""
    with zipfile.ZipFile(io.BytesIO(autograder)) as archive:
        archive.extractall(root / "source")
        for info in archive.infolist():
            (root / "source" / info.filename).chmod(info.external_attr >> 16 & 0o777)
    (root / "environment").symlink_to(sys.prefix)
    shutil.copy2(root / "source" / "run_autograder", root / "run_autograder")
    return root


def grade_there(root: Path, text: str | None) -> dict[str, Any]:
    """What Gradescope reads after it has run the autograder."""
    (root / "submission").mkdir()
    if text is not None:
        (root / "submission" / "tiny.py").write_text(text)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root), "AUTOGRADER_ROOT": str(root)}
    done = subprocess.run(
        [root / "run_autograder"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ci_systems.read_gradescope((root / "results" / "results.json").read_bytes())


@pytest.mark.proof
@pytest.mark.parametrize(
    ("text", "least", "most"),
    [(RIGHT, 15, 15), (TANH, 11, 11), (ENDLESS, 0, 14), (None, 0, 0)],
    ids=["right", "wrong", "endless", "nothing"],
)
def test_the_autograder_as_gradescope_runs_it(
    autograder: bytes, tmp_path: Path, text: str | None, least: float, most: float
) -> None:
    """results.json is there and says the points."""
    results = grade_there(unpack(autograder, tmp_path), text)
    assert least <= results["total"] <= most


@pytest.mark.proof
def test_the_autograder_writes_results_whatever_happens(autograder: bytes, tmp_path: Path) -> None:
    """A broken environment, and a course that cannot be read: no points, and a sentence."""
    root = unpack(autograder, tmp_path)
    (root / "source/course/assignments/tiny/assignment.py").write_text("1 / 0\n")
    results = grade_there(root, RIGHT)
    assert results["total"] is None
    assert "assignment.py" in results["output"]
    shutil.rmtree(root / "submission")
    (root / "results/results.json").unlink()
    (root / "environment").unlink()
    results = grade_there(root, RIGHT)
    assert results["total"] is None
    assert "could not be started" in results["by_name"]["grading"]["output"]


@pytest.mark.proof
def test_what_the_autograder_holds(autograder: bytes) -> None:
    """Scripts at the top that can be executed and read by bash, the course, what measured here."""
    with zipfile.ZipFile(io.BytesIO(autograder)) as archive:
        names = archive.namelist()
        for script in ("setup.sh", "run_autograder"):
            assert archive.getinfo(script).external_attr >> 16 & 0o777 == 0o755
            text = archive.read(script)
            assert text.startswith(b"#!/usr/bin/env bash\n")
            assert subprocess.run(["bash", "-n"], input=text, check=False).returncode == 0
        pins = archive.read("requirements.txt").decode().splitlines()
    assert "course/assignments/tiny/hidden.py" in names
    assert "course/reference/tiny/tiny.py" in names
    assert "grader/inside/__main__.py" in names
    assert not [n for n in names if "_course" in n or "__pycache__" in n or n.startswith("/")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins), pins
    assert {"torch", "pandas", "click"} <= {pin.partition("==")[0] for pin in pins}


def test_an_autograder_is_for_everybody(call: Any, course: Tiny) -> None:
    """Students have no part in it."""
    done = call("release", "tiny", "ada", "--for", "gradescope", "--course", course.root)
    assert "the same for everybody" in done.sentence
