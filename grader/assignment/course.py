"""A course: a folder with `assignments/` and `reference/`, found and loaded by path."""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import grader
from grader.assignment import handout, specimens
from grader.assignment.course_files import is_there, read_file
from grader.assignment.loader import LoadedAssignment, load_assignment
from grader.assignment.specimens import Expected, Mistake
from grader.ledger.due import FILE, read_policy
from grader.records import messages
from grader.records.errors import CourseError, UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission

_BUNDLED = Path(grader.__file__).resolve().parent / "_course"
"""Where the wheel holds the demonstration's assignment, and that alone."""
MESSAGES = "messages.toml"
"""In it a course says single messages otherwise, or chooses a language."""
_NOWHERE = "no course was found in this folder or above it, and the one that comes with the program"
_REMEDY = (
    "Run the command in the course's folder, which has `assignments` and `reference` in it, or "
    "name that with --course"
)


@dataclass(frozen=True, slots=True)
class Course:
    """A course on disk."""

    root: Path
    is_fallback: bool = False
    """True where it is the bundled one, as none was named or found."""

    @classmethod
    def find(cls, given: Path | None = None) -> Course:
        """`given`, `$GRADER_COURSE`, the nearest ancestor of the working directory, or the
        bundled course.
        """
        named = given or (
            Path(os.environ["GRADER_COURSE"]) if os.environ.get("GRADER_COURSE") else None
        )
        if named is not None:
            if not (named / "assignments").is_dir():
                raise UsageError(
                    f"{named} is no course: it has no folder `assignments`. Name one with --course"
                )
            return cls(named.resolve())
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "assignments").is_dir() and (folder / "reference").is_dir():
                return cls(folder)
        return cls(cls.bundled().root, is_fallback=True)

    @classmethod
    def bundled(cls) -> Course:
        """The demonstration course: in the wheel, or this repository."""
        return cls(_BUNDLED if (_BUNDLED / "assignments").is_dir() else _BUNDLED.parents[1])

    @property
    def templates(self) -> Path:
        """Where this course may override report templates."""
        return self.root / "reports" / "templates"

    def slugs(self) -> list[str]:
        """Names of the assignments."""
        return sorted(p.parent.name for p in (self.root / "assignments").glob("*/assignment.py"))

    def by_entry(self, stem: str) -> str:
        """The assignment whose entry is called so; UsageError where there is none or more than
        one.
        """
        slugs = [s for s in self.slugs() if self.load(s, public=True).assignment.entry == stem]
        if len(slugs) == 1:
            return slugs[0]
        listed = ", ".join(slugs or self.slugs()) or "none"
        if self.is_fallback and not slugs:
            raise UsageError(
                f"{_NOWHERE} has no assignment that asks for a file called {stem}. {_REMEDY}"
            )
        what = "several assignments ask" if slugs else "no assignment asks"
        raise UsageError(f"{what} for a file called {stem}. Name one with -a: {listed}")

    def folder(self, slug: str) -> Path:
        """Folder of an assignment; UsageError lists those that exist."""
        if slug in self.slugs():
            return self.root / "assignments" / slug
        listed = ", ".join(self.slugs()) or "none"
        if self.is_fallback:
            raise UsageError(f"{_NOWHERE} has no assignment {slug!r}, only {listed}. {_REMEDY}")
        raise UsageError(f"there is no assignment {slug!r} in {self.root}. There are: {listed}")

    def load(self, slug: str, *, public: bool = False) -> LoadedAssignment:
        """Read assignment.py and, unless `public`, hidden.py; from now on the course's own words
        are used.
        """
        folder, own = self.folder(slug), self.root / MESSAGES
        messages.use(messages.read_words(own))
        loaded = load_assignment(folder, self.root / "reference" / slug, public=public)
        if not is_there(own):
            return loaded
        rules = hashlib.sha256(loaded.rules.encode() + read_file(own)).hexdigest()
        return replace(loaded, rules=rules)  # what was judged holds the words of its time

    def references(self, loaded: LoadedAssignment) -> list[Submission]:
        """The reference, as a module and as a notebook where it is both, and the other forms."""
        folder = self.root / "reference" / loaded.slug
        others = {n: c for n, c in loaded.reference.files.items() if n != loaded.reference.entry}
        references: list[Submission] = []
        for suffix in ENTRY_SUFFIXES:
            entry = f"{loaded.assignment.entry}{suffix}"
            if (folder / entry).is_file():
                files = {**others, entry: read_file(folder / entry)}
                name = f"reference/{entry}" if references else "reference"
                references.append(Submission(student=name, files=files, entry=entry))
        return [*references, *loaded.forms]

    def handout(self, loaded: LoadedAssignment, student: str) -> dict[str, bytes]:
        """The files that this student starts from, by name, and the brief."""
        paths = [loaded.folder / "README.md", *sorted((loaded.folder / "handout").glob("*"))]
        files = {p.name: read_file(p) for p in paths if p.is_file()}
        numbers = loaded.assignment.numbers(student)
        return files if numbers is None else handout.fill(files, numbers)

    def handouts(self, loaded: LoadedAssignment) -> list[Submission]:
        """What students start from, in every form, as submissions."""
        every = {n: c for n, c in self.handout(loaded, "handout").items() if n[-3:] != ".md"}
        entries = [n for s in ENTRY_SUFFIXES if (n := f"{loaded.assignment.entry}{s}") in every]
        if not entries:
            raise CourseError(f"the handout of {loaded.slug} has no {loaded.assignment.entry}.py")
        rest = {n: c for n, c in every.items() if n not in entries}
        return [
            Submission(
                student=f"handout/{e}" if i else "handout", files={**rest, e: every[e]}, entry=e
            )
            for i, e in enumerate(entries)
        ]

    def mistakes(self, loaded: LoadedAssignment) -> list[Mistake]:
        """The known-wrong submissions; files that one lacks are the reference's."""
        assignment = loaded.assignment
        folder, checks = loaded.folder / "mistakes", {c.name for c in assignment.checks}
        return specimens.read_mistakes(
            folder, loaded.slug, assignment.entry, loaded.reference, checks
        )

    def write_sample(self, loaded: LoadedAssignment, folder: Path) -> Path:
        """The sample class, written to the folder; files that a student lacks are the reference's,
        but for those that `lacks` in expected.toml names.
        """
        extra_files = {n: loaded.reference.files[n] for n in loaded.assignment.extra_files}
        source, expected = loaded.folder / "sample", self.expected(loaded.slug)
        specimens.write_sample(source, folder, extra_files, expected)
        return folder

    def due(self, slug: str) -> str:
        """The text of an assignment's due.toml; empty where there is none. CourseError where it is
        written wrongly.
        """
        path = self.folder(slug) / FILE
        if not is_there(path):
            return ""
        try:
            text = read_file(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CourseError(f"{slug}/{FILE} is not UTF-8: {error}") from error
        read_policy(text, f"{slug}/{FILE}")
        return text

    def expected(self, slug: str) -> Expected:
        """`sample/expected.toml` of an assignment: a table for each student."""
        path = self.folder(slug) / "sample" / "expected.toml"
        if not is_there(path):
            raise CourseError(f"{slug} has no sample class: {path.name} is missing")
        try:
            expected = tomllib.loads(read_file(path).decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CourseError(f"{path} is not TOML: {error}") from None
        for student, table in expected.items():
            if not isinstance(table, dict):
                raise CourseError(f"{path}: {student} is {table!r}; write a table [{student}]")
        return expected
