"""Where the grader is installed, its package is what boxes do not show: a wheel's course lies in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.inside import libraries

PACKAGE = Path(grader.__file__).resolve().parent
SECRET = "the reference's solution"

TRIED = """
import json, sys
from grader.inside import libraries
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
level, source = int(sys.argv[1]), sys.argv[2]
try:
    server = ForkServer(level=level)
except SandboxError as error:
    print(json.dumps({"refused": str(error)}))
    sys.exit()
with server:
    files = {"a.py": source.encode()}
    one = Submission(student="eve", files=files, entry="a.py")
    limits = Limits(cpu_seconds=20, memory_mib=2048)
    with server.open(Job(submission=one, limits=limits, seed=1)) as box:
        told = box.ask("value", {"name": "told"})
    print(json.dumps({"told": told, "package": libraries.own_package()}, default=str))
"""
ATTEMPTS = """
import os

def tried(path):
    try:
        if os.path.isdir(path):
            return sorted(os.listdir(path))
        with open(path) as file:
            return file.read()
    except OSError as error:
        return type(error).__name__

told = {path: tried(path) for path in PATHS}
"""


def test_the_package_is_the_programs_own_folder() -> None:
    """Whatever room the code stands in that asks."""
    assert Path(libraries.own_package()) == PACKAGE
    assert (PACKAGE / "inside" / "libraries.py").samefile(libraries.__file__)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """site-packages of an environment of its own, with the grader, a course in it, and a neighbour."""
    home = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    shutil.copytree(PACKAGE, site / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    reference = site / "grader" / "_course" / "reference" / "lenet5_mnist"
    reference.mkdir(parents=True)
    (reference / "lenet.py").write_text(SECRET)
    (site / "neighbour").mkdir()
    (site / "neighbour" / "open.txt").write_text("of any package")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return site


def tried(site: Path, level: int, *names: str) -> dict[str, Any]:
    """What student code is told that opens these files and folders of site-packages."""
    paths = [str(site / name) for name in names]
    python = str(site.parents[2] / "bin" / "python")
    source = f"PATHS = {paths!r}\n{ATTEMPTS}"
    done = subprocess.run(
        [python, "-c", TRIED, str(level), source],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")},
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    if "refused" in facts:
        assert "student code could" not in facts["refused"]  # a wall has a hole
        pytest.skip(facts["refused"])
    assert facts["package"] == str((site / "grader").resolve())
    rows = facts["told"]["value"]["item"]
    return {Path(path).relative_to(site).as_posix(): row["item"] for path, row in rows}


@pytest.mark.proof
@pytest.mark.parametrize("level", [3, 2])
def test_a_wheels_course_cannot_be_read(installed: Path, level: int) -> None:
    """Everything else in site-packages can: the test would notice if nothing were shown at all."""
    course = "grader/_course/reference/lenet5_mnist/lenet.py"
    own = "grader/inside/libraries.py"
    told = tried(installed, level, "neighbour/open.txt", course, own, "grader/_course", "grader")
    assert told.pop("neighbour/open.txt") == "of any package"
    assert told.pop("grader") in ("PermissionError", [])  # an empty folder covers it
    assert set(told.values()) <= {"FileNotFoundError", "PermissionError"}, told
