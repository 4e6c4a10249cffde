"""By what a student's own files are judged: a kit or a course, named or in reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment.course import Course
from grader.assignment.kit import Kit, find_kits, read_kit
from grader.assignment.loader import LoadedAssignment
from grader.grading.cache_key import read_versions
from grader.records.errors import UsageError
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions.entry import is_near

CHECK_SEED = 1
"""Seed of a student's own check: the same every time, so that a repair shows."""
_COMPARED = ("torch", "numpy")
"""Versions that a reader is told of where they are not those of the kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The assignment by which somebody checks their own work."""

    loaded: LoadedAssignment
    """With its public checks."""
    kit: Kit | None
    """From which it was read, if it is from one."""
    student: str | None
    """Whose numbers count, where each student has their own."""
    seed: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know of the kit."""
        return _describe_kit(self.kit) if self.kit else ()


def choose_assignment(
    files: Sequence[Path],
    *,
    kit: Path | None = None,
    course: Path | None = None,
    slug: str | None = None,
    student: str | None = None,
    seed: int | None = None,
) -> Chosen:
    """The assignment that these files are for, by the first of: the kit named, the course named, a
    kit beside the files or above, a course above, the bundled course.

    Raises UsageError where there is none, or no saying which, or where the student has to be named.
    """
    if kit is not None:
        found: Kit | None = read_kit(kit)
        if found is not None and slug not in (None, found.slug):
            raise UsageError(f"the kit {kit} is of {found.slug}, not of {slug}. Leave out -a")
    else:
        found = None if course is not None else _choose_kit(files, slug)
    if found is not None:
        loaded = found.load()
        student, seed = _settle(found, student, seed)
    else:
        home = Course.find(course)
        loaded = home.load(slug or _find_slug(home, files[0]), public=True)
    if loaded.assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )
    drawn = CHECK_SEED if seed is None else seed
    return Chosen(loaded=loaded, kit=found, student=student, seed=drawn)


def _find_slug(course: Course, file: Path) -> str:
    """The assignment that asks for a file of this name, or for one that is nearly called so.

    Raises UsageError where there is none or more than one.
    """
    near = [
        slug
        for slug in course.slugs()
        if _is_for(file, course.load(slug, public=True).assignment.entry)
    ]
    return near[0] if len(near) == 1 else course.by_entry(file.stem)


def _is_for(file: Path, entry: str) -> bool:
    return any(is_near(file.name, entry + suffix) for suffix in ENTRY_SUFFIXES)


def _choose_kit(files: Sequence[Path], slug: str | None) -> Kit | None:
    """The nearest kit of that assignment, or for a file that is called so; or, where no course is
    in reach, the only one for a file that is called otherwise.
    """
    others: list[Kit] = []
    for kits in find_kits(files):
        fitting = [k for k in kits if (k.slug == slug if slug else _is_for(files[0], k.entry))]
        if len(fitting) > 1:
            listed = " and ".join(str(k.place) for k in fitting)
            raise UsageError(f"{listed} are kits for that file. Name one of them with --kit")
        if fitting:
            return fitting[0]
        others = others or kits
    alone = len(others) == 1 and slug is None and Course.find().is_fallback
    return others[0] if alone else None


def _settle(kit: Kit, student: str | None, seed: int | None) -> tuple[str | None, int]:
    """The student and the seed of the kit. UsageError where others are asked for."""
    if seed not in (None, kit.seed):
        raise UsageError(
            f"the measurements in the kit {kit.place} belong to the seed {kit.seed}. Leave out "
            "--seed"
        )
    if kit.student is not None and student is not None:
        same = " ".join(student.split()).casefold() == " ".join(kit.student.split()).casefold()
        if not same:
            raise UsageError(
                f"the kit {kit.place} is that of {kit.student}, not of {student}. Use your own, "
                "and leave out --student"
            )
    return kit.student or student, kit.seed


def _describe_kit(kit: Kit) -> tuple[str, ...]:
    """Which kit judged, and in one more line where this machine is not as the one that made it."""
    here = read_versions()
    known = [n for n in _COMPARED if n in kit.versions]
    other = [n for n in known if _cut(kit.versions[n]) != _cut(here[n])]
    whose = f", which is for {kit.student} alone" if kit.student else ""
    line = f"Judged by the kit {kit.place}{whose}."
    if not other:
        return (line,)
    theirs, ours = (" and ".join(f"{n} {_cut(v[n])}" for n in other) for v in (kit.versions, here))
    return (
        line,
        f"It was measured with {theirs}; here is {ours}. That is no fault: results may differ in "
        "their last digits.",
    )


def _cut(version: str) -> str:
    """Without the build: 2.13.0 of 2.13.0+cpu."""
    return version.partition("+")[0]
