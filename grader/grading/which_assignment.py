"""By what a student's own files are judged: a kit or a course, named or in reach."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
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
_LOOKED_AT = 2_000
"""Names in a folder that are looked at to find its assignment."""
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
    _require_student(loaded, student)
    drawn = CHECK_SEED if seed is None else seed
    return Chosen(loaded=loaded, kit=found, student=student, seed=drawn)


def _require_student(loaded: LoadedAssignment, student: str | None) -> None:
    if loaded.assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )


def choose_for_repository(
    path: Path,
    *,
    kit: Path | None = None,
    course: Path | None = None,
    slug: str | None = None,
    student: str | None = None,
    seed: int | None = None,
) -> Chosen:
    """The assignment that this folder, archive or file is for, with its hidden checks: by the kit
    or the course that is named.

    What lies around or in the submission may be the student's, and its code would run outside of
    the box: a course that is only found there is refused. Without a seed a new one is drawn.
    """
    if kit is not None:
        return choose_assignment([path], kit=kit, slug=slug, student=student, seed=seed)
    home = Course.find(course)
    if course is None and not home.is_fallback and _are_one(home.root, path):
        raise UsageError(
            f"the course {home.root} was found around or in the submission, where it may be the "
            "student's. Name the one that judges with --course or --kit"
        )
    loaded = home.load(slug or _find_slug_of_folder(home, path))
    _require_student(loaded, student)
    drawn = secrets.randbits(31) if seed is None else seed
    return Chosen(loaded=loaded, kit=None, student=student, seed=drawn)


def _are_one(one: Path, other: Path) -> bool:
    first, second = one.resolve(), other.resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


def _find_slug_of_folder(course: Course, path: Path) -> str:
    """The only assignment, or the one that asks for a file which lies there.

    Raises UsageError where that does not say which.
    """
    slugs = course.slugs()
    if len(slugs) == 1:
        return slugs[0]
    files = [path, *islice(path.rglob("*"), _LOOKED_AT)] if path.is_dir() else [path]
    entries = {s: course.load(s, public=True).assignment.entry for s in slugs}
    fitting = [s for s, entry in entries.items() if any(_is_for(f, entry) for f in files)]
    if len(fitting) != 1:
        listed = ", ".join(fitting or slugs)
        what = "several assignments" if fitting else "no assignment"
        raise UsageError(f"{path} has files for {what}. Name the assignment with -a: {listed}")
    return fitting[0]


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
