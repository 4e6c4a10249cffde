"""A course: a folder with `assignments/` and `reference/`, found and loaded by path."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
import tomllib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import grader
from grader.assignment import handout, specimens
from grader.assignment.assignment import Assignment
from grader.assignment.probe import SCRIPT, Probe
from grader.assignment.specimens import Mistake
from grader.records.asked_files import AskedFiles
from grader.records.errors import CourseError, GraderError, UsageError
from grader.records.submission import ENTRY_SUFFIXES, Submission

_BUNDLED = Path(grader.__file__).resolve().parent / "_course"
"""Where the wheel holds the demonstration's assignment, and that alone."""
_FULL = (
    "A full course is a checkout of its repository: run the command in it, or name its folder "
    "with --course"
)
_ASKED = re.compile(r"""\bstudent(?:\.function|\.network)?[(\[]\s*["'](\w+)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAssignment:
    """One assignment with everything that belongs to it."""

    slug: str
    folder: Path
    assignment: Assignment
    probes: Mapping[str, Probe[Any]]
    """Every module-level name of assignment.py and hidden.py that is bound to a probe, or to a
    dictionary of probes.
    """
    reference: Submission
    rules: str
    """SHA-256 of assignment.py and hidden.py: changes with every check."""
    hidden: bool
    """Whether hidden.py was loaded."""
    script: str = ""
    """The text of probes.py, where a probe calls a function of it."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is asked of a student's file, each name once; of probes.py those written in it."""
        asked = [n for p in self.probes.values() for n in p.names]
        return tuple(dict.fromkeys([*asked, *_ASKED.findall(self.script)]))

    @property
    def blanks(self) -> frozenset[str]:
        """SHA-256 of each file that can be run of the handout, hex."""
        files = [p for s in ENTRY_SUFFIXES for p in (self.folder / "handout").glob(f"*{s}")]
        return frozenset(hashlib.sha256(p.read_bytes()).hexdigest() for p in files if p.is_file())

    @property
    def asked(self) -> AskedFiles:
        """What students are to hand in, for whoever looks through their files."""
        return AskedFiles(
            entry=self.assignment.entry,
            extra_files=self.assignment.extra_files,
            names=self.names,
            blanks=self.blanks,
        )


@dataclass(frozen=True, slots=True)
class Course:
    """A course on disk."""

    root: Path

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
        return cls.bundled()

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
        found = [s for s in self.slugs() if self.load(s, public=True).assignment.entry == stem]
        if len(found) == 1:
            return found[0]
        what = "several assignments ask" if found else "no assignment asks"
        listed = ", ".join(found or self.slugs()) or "none"
        remedy = f"Name one with -a: {listed}"
        if self.root == _BUNDLED:
            remedy += f". {_FULL}"
        raise UsageError(f"{what} for a file called {stem}. {remedy}")

    def folder(self, slug: str) -> Path:
        """Folder of an assignment; UsageError lists those that exist."""
        if slug in self.slugs():
            return self.root / "assignments" / slug
        listed = ", ".join(self.slugs()) or "none"
        if self.root == _BUNDLED:
            raise UsageError(
                f"there is no assignment {slug!r} in the course that comes with the program, only "
                f"{listed}. {_FULL}"
            )
        raise UsageError(f"there is no assignment {slug!r} in {self.root}. There are: {listed}")

    def load(self, slug: str, *, public: bool = False) -> LoadedAssignment:
        """Read assignment.py and, unless `public`, hidden.py."""
        folder = self.folder(slug)
        module = _run(folder / "assignment.py", f"_grader_{slug}")
        assignment = getattr(module, "assignment", None)
        if not isinstance(assignment, Assignment):
            raise CourseError(f"{slug}/assignment.py defines no `assignment = Assignment(…)`")
        probes = _probes(module)
        rules = hashlib.sha256((folder / "assignment.py").read_bytes())
        hidden = folder / "hidden.py"
        if hidden.is_file() and not public:
            known = {c.name for c in assignment.checks}
            sys.modules["assignment"] = module
            try:
                more = _probes(_run(hidden, f"_grader_{slug}_hidden"))
            finally:
                sys.modules.pop("assignment", None)
            twice = [n for n in more if more[n] is not probes.get(n, more[n])]
            if twice:
                raise CourseError(
                    f"{slug}/hidden.py calls a probe `{twice[0]}`, and so does assignment.py "
                    f"another one; rename it"
                )
            probes.update(more)
            assignment.hide({c.name for c in assignment.checks} - known)
            rules.update(hidden.read_bytes())
        if not assignment.checks:
            raise CourseError(
                f"{slug}/assignment.py has no checks; decorate functions with @assignment.check"
            )
        return LoadedAssignment(
            slug=slug,
            folder=folder,
            assignment=assignment,
            probes=probes,
            reference=self._reference(slug, assignment),
            rules=rules.hexdigest(),
            hidden=hidden.is_file() and not public,
            script=_script(folder, probes),
        )

    def _reference(self, slug: str, assignment: Assignment) -> Submission:
        folder = self.root / "reference" / slug
        entry = specimens.entry_of(folder, assignment.entry)
        absent = [n for n in assignment.extra_files if not (folder / n).is_file()]
        if entry is None or absent:
            lacking = f"{assignment.entry}.py" if entry is None else absent[0]
            raise CourseError(f"reference/{slug} lacks {lacking}; it has to earn full marks itself")
        files = {n: (folder / n).read_bytes() for n in (entry, *assignment.extra_files)}
        return assignment.given(Submission(student="reference", files=files, entry=entry))

    def references(self, loaded: LoadedAssignment) -> list[Submission]:
        """The reference in every form it is written in: as a module, as a notebook."""
        folder = self.root / "reference" / loaded.slug
        others = {n: c for n, c in loaded.reference.files.items() if n != loaded.reference.entry}
        found: list[Submission] = []
        for suffix in ENTRY_SUFFIXES:
            entry = f"{loaded.assignment.entry}{suffix}"
            if (folder / entry).is_file():
                files = {**others, entry: (folder / entry).read_bytes()}
                name = f"reference/{entry}" if found else "reference"
                found.append(Submission(student=name, files=files, entry=entry))
        return found

    def handout(self, loaded: LoadedAssignment, student: str) -> dict[str, bytes]:
        """The files that this student starts from, by name, and the brief."""
        paths = [loaded.folder / "README.md", *sorted((loaded.folder / "handout").glob("*"))]
        files = {p.name: p.read_bytes() for p in paths if p.is_file()}
        numbers = loaded.assignment.numbers(student)
        return files if numbers is None else handout.filled(files, numbers)

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
        return specimens.mistakes(folder, loaded.slug, assignment.entry, loaded.reference, checks)

    def sample(self, loaded: LoadedAssignment, folder: Path) -> Path:
        """The sample class, written to the folder; files that a student lacks are the reference's,
        but for those that `lacks` in expected.toml names.
        """
        extra_files = {n: loaded.reference.files[n] for n in loaded.assignment.extra_files}
        source, expected = loaded.folder / "sample", self.expected(loaded.slug)
        specimens.sample_class(source, folder, extra_files, expected)
        return folder

    def expected(self, slug: str) -> Mapping[str, Any]:
        """`sample/expected.toml` of an assignment: a table for each student."""
        path = self.folder(slug) / "sample" / "expected.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f"{slug} has no sample class: {path.name} is missing") from None
        except tomllib.TOMLDecodeError as error:
            raise CourseError(f"{path} is not TOML: {error}") from None


def _script(folder: Path, probes: Mapping[str, Probe[Any]]) -> str:
    """The text of probes.py, which defines every function that a probe calls."""
    path = folder / "probes.py"
    wanted = {str(p.args["name"]) for p in probes.values() if p.ask == SCRIPT}
    if not wanted:
        return ""
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except FileNotFoundError:
        raise CourseError(
            f"{folder.name} has no probes.py, and a probe calls `{min(wanted)}` of it"
        ) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise CourseError(f"{folder.name}/probes.py, line {line}: {error}") from error
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    if wanted - defined:
        raise CourseError(f"{folder.name}/probes.py does not define `{min(wanted - defined)}`")
    return text


def _probes(module: ModuleType) -> dict[str, Probe[Any]]:
    found: dict[str, Probe[Any]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Probe):
            found[name] = value
        elif isinstance(value, dict):
            found.update({f"{name}.{k}": v for k, v in value.items() if isinstance(v, Probe)})
    return found


def _run(path: Path, name: str) -> ModuleType:
    """Execute a trusted file of the course as a module of its own."""
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        # Not by a loader: bytecode that it keeps hides a change of the same second and size.
        exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    except GraderError as error:
        raise CourseError(
            f"{path.parent.name}/{path.name}, line {_line(error, path)}: {error}"
        ) from error
    except (Exception, SystemExit) as error:  # instructors' files may raise anything
        text = f"{type(error).__name__}: {error}"
        raise CourseError(
            f"{path.parent.name}/{path.name}, line {_line(error, path)}: {text}"
        ) from error
    return module


def _line(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return (lines[-1] if lines else None) or 1
