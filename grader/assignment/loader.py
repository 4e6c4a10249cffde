"""One assignment, read from its folder: checks, probes, reference, and what students hand in."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from grader.assignment import specimens
from grader.assignment.assignment import Assignment
from grader.assignment.probe import SCRIPT, Probe
from grader.data.descriptions import DataSet, SecretLabels
from grader.data.source import Source
from grader.records.asked_files import AskedFiles
from grader.records.errors import CourseError, GraderError
from grader.records.submission import ENTRY_SUFFIXES, Submission

Probes = Mapping[str, Probe[object]]

_ASKED = re.compile(r"""\bstudent(?:\.function|\.network)?[(\[]\s*["'](\w+)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAssignment:
    """One assignment with everything that belongs to it."""

    slug: str
    folder: Path
    assignment: Assignment
    probes: Probes
    """Every module-level name of assignment.py and hidden.py that is bound to a probe, or to a
    dictionary of probes.
    """
    labels: tuple[SecretLabels, ...]
    """Those of every data set that such a name is bound to, or a dictionary, list or tuple with it.
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

    def set_source(self, source: Source) -> None:
        """From here on the checks read labels from this source."""
        for labels in self.labels:
            labels.set_source(source)


def load_assignment(folder: Path, reference: Path, *, public: bool) -> LoadedAssignment:
    """What assignment.py says and, unless `public`, hidden.py; `reference` is the folder of that.

    Raises CourseError with file and line where one of them is written wrongly.
    """
    slug, paths = folder.name, [folder / "assignment.py"]
    modules = [_execute(paths[0], f"_grader_{slug}")]
    assignment = getattr(modules[0], "assignment", None)
    if not isinstance(assignment, Assignment):
        raise CourseError(f"{slug}/assignment.py defines no `assignment = Assignment(…)`")
    hidden = not public and (folder / "hidden.py").is_file()
    if hidden:
        paths.append(folder / "hidden.py")
        modules.append(_execute_hidden(paths[1], modules[0], assignment))
    probes = _join_probes(slug, [_find_probes(m) for m in modules])
    if not assignment.checks:
        raise CourseError(
            f"{slug}/assignment.py has no checks; decorate functions with @assignment.check"
        )
    return LoadedAssignment(
        slug=slug,
        folder=folder,
        assignment=assignment,
        probes=probes,
        labels=tuple(labels for m in modules for labels in _find_labels(m)),
        reference=_read_reference(reference, assignment),
        rules=hashlib.sha256(b"".join(p.read_bytes() for p in paths)).hexdigest(),
        hidden=hidden,
        script=_read_script(folder, probes),
    )


def _execute_hidden(path: Path, module: ModuleType, assignment: Assignment) -> ModuleType:
    """hidden.py, which imports from `assignment`; the checks that it adds are marked as hidden."""
    known = {c.name for c in assignment.checks}
    sys.modules["assignment"] = module
    try:
        hidden = _execute(path, f"{module.__name__}_hidden")
    finally:
        sys.modules.pop("assignment", None)
    assignment.hide({c.name for c in assignment.checks} - known)
    return hidden


def _read_reference(folder: Path, assignment: Assignment) -> Submission:
    entry = specimens.find_entry(folder, assignment.entry)
    absent = [n for n in assignment.extra_files if not (folder / n).is_file()]
    if entry is None or absent:
        lacking = f"{assignment.entry}.py" if entry is None else absent[0]
        raise CourseError(
            f"reference/{folder.name} lacks {lacking}; it has to earn full marks itself"
        )
    files = {n: (folder / n).read_bytes() for n in (entry, *assignment.extra_files)}
    return assignment.add_numbers(Submission(student="reference", files=files, entry=entry))


def _read_script(folder: Path, probes: Probes) -> str:
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


def _find_probes(module: ModuleType) -> dict[str, Probe[object]]:
    probes: dict[str, Probe[object]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Probe):
            probes[name] = value
        elif isinstance(value, dict):
            probes.update({f"{name}.{k}": v for k, v in value.items() if isinstance(v, Probe)})
    return probes


def _join_probes(slug: str, parts: Iterable[Probes]) -> Probes:
    """The probes of both files by name. CourseError where one name means two of them."""
    joined: dict[str, Probe[object]] = {}
    for part in parts:
        for name, probe in part.items():
            if joined.setdefault(name, probe) is not probe:
                raise CourseError(
                    f"{slug}/hidden.py calls a probe `{name}`, and so does assignment.py "
                    f"another one; rename it"
                )
    return joined


def _find_labels(module: ModuleType) -> list[SecretLabels]:
    values: list[object] = []
    for value in vars(module).values():
        if isinstance(value, dict):
            values += value.values()
        else:
            values += value if isinstance(value, (list, tuple)) else [value]
    labels = [v.labels if isinstance(v, DataSet) else v for v in values]
    return [v for v in labels if isinstance(v, SecretLabels)]


def _execute(path: Path, name: str) -> ModuleType:
    """A trusted file of the course, executed as a module of its own."""
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        # Not by a loader: bytecode that it keeps hides a change of the same second and size.
        exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    except GraderError as error:
        raise CourseError(f"{_place(error, path)}: {error}") from error
    except (Exception, SystemExit) as error:  # instructors' files may raise anything
        raise CourseError(f"{_place(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _place(error: BaseException, path: Path) -> str:
    """File and line of the course from which an error came."""
    if isinstance(error, SyntaxError) and error.lineno:
        line = error.lineno
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.filename == str(path)]
        line = (lines[-1] if lines else None) or 1
    return f"{path.parent.name}/{path.name}, line {line}"
