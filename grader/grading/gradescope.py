"""An autograder for Gradescope: a zip with the course, the grader itself and two scripts.

    setup.sh, run_autograder   what Gradescope runs, once for the image and once a submission
    requirements.txt           what measured here, with its versions
    grader/                    this program, as it is installed here
    course/                    the assignment with its hidden checks, and the reference
    data/                      files of the data sets that are shown, where they are here

Only instructors see the zip; the container is root's, and the box keeps student code out of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import grader
from grader.assignment.course import Course
from grader.assignment.course_files import read_file
from grader.data import catalogue
from grader.grading import reference as references
from grader.grading.executor import Executor
from grader.grading.release import require_full
from grader.ledger.due import FILE as DUE_FILE
from grader.records import zip_file
from grader.records.errors import GraderError, UsageError

SETUP, RUN = "setup.sh", "run_autograder"
LARGEST_MINUTES = 40
"""What Gradescope allows a submission at most."""
BASE_MIB = 1536
"""What the grader takes beside the student's program."""
_LEFT_OUT = ("mistakes", "sample", "__pycache__", DUE_FILE)
"""What of an assignment judges nobody there; extensions have the names of students."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Autograder:
    """What is uploaded, and what has to be chosen where it is."""

    files: Mapping[str, bytes] = field(repr=False)
    memory_gib: float
    """The container's memory, at least."""
    minutes: int
    """The time limit of a submission, at least."""

    def pack(self) -> bytes:
        """The zip: its files, not a folder with them, as Gradescope wants it."""
        return zip_file.pack(self.files, programs=(SETUP, RUN))

    def sentences(self) -> list[str]:
        """What the instructor has to choose, and what to look at."""
        told = [
            f"Choose at least {self.memory_gib:g} GB of memory and a time limit of "
            f"{self.minutes} minutes in the autograder's settings; Gradescope gives less by "
            "itself.",
            "Choose an Ubuntu 22.04 or newer as base image, and test a submission before students "
            "do: the first line of its output says the sandbox level.",
        ]
        if self.minutes > LARGEST_MINUTES:
            told.append(
                f"Gradescope allows {LARGEST_MINUTES} minutes at most: lower the assignment's "
                "limits, or submissions that use them up are cut off."
            )
        return told


def make(executor: Executor, course: Course, *, allow_level: int) -> Autograder:
    """The autograder of the executor's assignment, with hidden checks; nothing is written.

    Raises ReferenceFailed where the reference does not earn every point on this machine, UsageError
    where numbers are drawn for each student.
    """
    loaded = executor.loaded
    if loaded.assignment.numbers("") is not None:
        raise UsageError(
            f"the numbers of {loaded.slug} are drawn for each student, by the name in the handout, "
            "which Gradescope does not know. Grade its download with `grader grade`"
        )
    records = references.measure(executor, loaded.reference, ("student", "reference"))
    require_full(executor, loaded.reference, records)
    own = sum(r.execution.seconds for r in records.values())
    limits = loaded.assignment.limits
    minutes = math.ceil((limits.wall_seconds + 4 * own + 60) / 60)
    data = _list_data(executor)
    words = [f"--allow-level {allow_level}"]
    words += ["--stand-in"] if executor.source.stand_in else []
    words += ['--data "$source/data"'] if data else []
    return Autograder(
        files={
            SETUP: _SETUP.encode(),
            RUN: _write_run(loaded.slug, " ".join(words), 60 * minutes).encode(),
            "requirements.txt": _list_requirements().encode(),
            **_list_grader(),
            **_list_course(course, loaded.slug),
            **data,
        },
        memory_gib=math.ceil((limits.memory_mib + BASE_MIB) / 512) / 2,
        minutes=minutes + 1,
    )


# ---------------------------------------------------------------------- files


def _list_grader() -> dict[str, bytes]:
    """This program's modules, and the words that they say."""
    home = Path(grader.__file__).parent
    every = (*home.rglob("*.py"), *home.glob("report/messages/*/*.toml"))
    paths = (p for p in every if "_course" not in p.relative_to(home).parts)
    return {f"grader/{p.relative_to(home).as_posix()}": p.read_bytes() for p in paths}


def _list_course(course: Course, slug: str) -> dict[str, bytes]:
    """The folders of the assignment and of its reference."""
    folders = (course.root / "assignments" / slug, course.root / "reference" / slug)
    return {
        f"course/{path.relative_to(course.root).as_posix()}": read_file(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(path.relative_to(folder).parts) & {*_LEFT_OUT}
    }


def _list_data(executor: Executor) -> dict[str, bytes]:
    """The files of data sets that are shown or provided and are on this machine."""
    source = executor.source
    shown = {i.name for i in executor.images} | {*executor.loaded.assignment.provides}
    sets = {name: catalogue.find(name) for name in shown if source.has(name)}
    return {
        f"data/{one.folder}/{file}": read_file(source.folder / one.folder / file)
        for one in sets.values()
        for file in one.files
    }


def _list_requirements() -> str:
    """What the grader needs with its pages and data sets, in the versions that are here."""
    try:
        wanted = metadata.requires("torch-grader") or []
    except metadata.PackageNotFoundError as error:
        raise GraderError(
            "the grader is not installed as a package here, so what it needs is not known. Install "
            "it with pip"
        ) from error
    of_course = re.compile(r"""extra == ["']course["']""")
    names = [_NAME.match(w) for w in wanted if "extra ==" not in w or of_course.search(w)]
    return "".join(f"{n[0]}=={_find_version(n[0])}\n" for n in names if n)


def _find_version(name: str) -> str:
    """Without the build: an index has its own for the machine there."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError as error:
        raise GraderError(
            f"{name} is not installed here, and the autograder would lack it. Install the grader "
            "with `pip install 'torch-grader[course]'`"
        ) from error


_SETUP = """\
#!/usr/bin/env bash
# Run by Gradescope once, as root, when the autograder's image is made.
set -euo pipefail
source=/autograder/source
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
for version in 3.12 3.11 3.13; do
    if apt-get install -y -q --no-install-recommends "python$version" "python$version-venv"; then
        "python$version" -m venv /autograder/environment
        break
    fi
done
python=/autograder/environment/bin/python
"$python" -m pip install --quiet --upgrade "pip>=25.1"
"$python" -m pip install --quiet --requirement "$source/requirements.txt" \\
    --extra-index-url https://download.pytorch.org/whl/cpu
chmod -R o= "$source"/course
[ ! -d "$source"/data ] || chmod -R o= "$source"/data
"""

_RUN = """\
#!/usr/bin/env bash
# Run by Gradescope for each submission, as root. results.json is written whatever happens.
root=${AUTOGRADER_ROOT:-/autograder}
source=$root/source
results=$root/results/results.json
mkdir -p "$root/results"
chmod o= "$root/results"
cd "$root"
PYTHONPATH="$source" timeout --kill-after=15 SECONDS \\
    "$root/environment/bin/python" -P -m grader ci "$root/submission" --course "$source/course" \\
    --assignment SLUG --format gradescope --out "$results" WORDS
if [ ! -s "$results" ]; then
    why="The grader could not be started. That is no fault of yours; your instructor has to look."
    printf '{"tests": [{"name": "grading", "output": "%s"}]}\\n' "$why" > "$results"
fi
exit 0
"""


def _write_run(slug: str, words: str, seconds: int) -> str:
    text = _RUN.replace("SECONDS", str(seconds)).replace("SLUG", slug)
    return text.replace("WORDS", words)
