"""Whole runs of the command line in a place of their own, by whom one likes, and what they leave."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from grader.inside.walls import linux, process_usage
from kit.command_line import start
from kit.ordinary import made_groups
from kit.processes import gone
from kit.tiny import Tiny, found

ORDINARY = 64_321
"""An ordinary user that nobody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A course, an output folder and a temporary folder of one user's."""

    course: Tiny
    temporary: Path
    user: int | None
    """None for who runs the tests."""
    groups: Sequence[str]
    """Control groups of an ordinary user's."""
    before: frozenset[int]
    """Processes below this one when the place was made."""

    def call(self, *words: object) -> subprocess.Popen[str]:
        """The command line, by this user."""
        return start(*words, temporary=self.temporary, user=self.user, groups=self.groups)

    def grade(self, *more: object, out: Path | None = None) -> subprocess.Popen[str]:
        """The class is being graded."""
        course = self.course
        words = ("grade", "tiny", course.class_, "-o", out or course.out, "--course", course.root)
        return self.call(*words, *more)

    def give(self) -> None:
        """All of it belongs to the user."""
        if self.user is not None:
            for path in (self.course.root, *self.course.root.rglob("*"), self.temporary):
                os.chown(path, self.user, self.user)

    def find_left(self) -> dict[str, object]:
        """What a run may leave nothing of."""
        return {
            "processes": gone(self.temporary),
            "orphans": sorted(_list_processes() - self.before),
            "folders": [str(p) for p in self.temporary.glob("grader-*")],
        }


def _list_processes() -> frozenset[int]:
    return frozenset(process_usage.list_descendants(os.getpid()))


@contextmanager
def made_place(user: int | None = None) -> Iterator[Place]:
    """A new one, which others than root may enter. Orphans become children of this process."""
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    root = Path(tempfile.mkdtemp(prefix="whole-run-"))
    root.chmod(0o755)
    try:
        course = found(root / "course")
        (root / "temporary").mkdir()
        (root / "temporary").chmod(0o755)
        temporary, before = root / "temporary", _list_processes()
        with made_groups() if user is not None else nullcontext([]) as groups:
            yield Place(course=course, temporary=temporary, user=user, groups=groups, before=before)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 0)
