"""One assignment, read from its folder: checks, probes, reference, and what students hand in."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import cast

from grader.assignment import specimens
from grader.assignment.assignment import Assignment, reading
from grader.assignment.course_files import execute, find_line, is_there, read_file
from grader.assignment.probe import SCRIPT, TEXT, Probe, survey
from grader.data.descriptions import DataSet, SecretLabels
from grader.data.source import Source
from grader.records import measurements as m
from grader.records.asked_files import AskedFiles
from grader.records.errors import CourseError
from grader.records.execution import ExecutionRecord
from grader.records.measurements import Output
from grader.records.submission import ENTRY_SUFFIXES, Submission

Files = Mapping[str, bytes]
Probes = Mapping[str, Probe[object]]

RULES, HIDDEN, MEASURING = "assignment.py", "hidden.py", "probes.py"
"""The files of an assignment that say what is asked and judged."""

ANSWERS = ("answers.md", "answers.txt")
"""Files with the reference's written answers, where they do not stand in its code."""

_ASKED = re.compile(r"""\bstudent(?:\.build|\.function|\.network)?[(\[]\s*["'](\w+)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAssignment:
    """One assignment with everything that belongs to it."""

    slug: str
    folder: Path
    assignment: Assignment
    probes: Probes
    """What a box is asked: every module-level name of assignment.py and hidden.py that is bound to
    a probe, or to a dictionary of probes, but for written answers.
    """
    labels: tuple[SecretLabels, ...]
    """Those of every data set that such a name is bound to, or a dictionary, list or tuple with it.
    """
    reference: Submission
    """Without files where it is known by `measured` alone."""
    forms: tuple[Submission, ...]
    """Other right solutions, which a student's may be compared with as well."""
    rules: str
    """SHA-256 of assignment.py, hidden.py and the course's own words: changes with every check."""
    hidden: bool
    """Whether hidden.py was loaded."""
    withheld: bool = False
    """Whether there are hidden checks that were not loaded."""
    blanks: frozenset[str] = frozenset()
    """SHA-256 of each file that can be run of the handout, hex."""
    written: Mapping[str, Probe[m.Text]] = field(default_factory=dict)
    """By name in those files the probes of written answers."""
    handout: Files = field(default_factory=dict, repr=False)
    """What students start from, where there are written answers: its lines are nobody's."""
    prompts: frozenset[str] = frozenset()
    """Those lines, where they come from a kit."""
    script: str = ""
    """The text of probes.py, where a probe calls a function of it."""
    measured: ExecutionRecord | None = None
    """What was measured on the reference, where that comes from a kit."""

    def find_output(self, probe: Probe[object]) -> Output:
        """What the network returns that a probe asks: what it says itself, else `scores` for a
        class of which some probe shows class labels, else `raw`.
        """
        declared = probe.args.get("output")
        if declared is not None:
            return cast("Output", declared)
        name = probe.args.get("module")
        shown = {p.args["module"] for p in self.probes.values() if p.shows_classes}
        return "scores" if name in shown else "raw"

    @property
    def names(self) -> tuple[str, ...]:
        """What is asked of a student's file, each name once; of probes.py those written in it."""
        asked = [n for p in self.probes.values() for n in p.names]
        return tuple(dict.fromkeys([*asked, *_ASKED.findall(self.script)]))

    @property
    def texts(self) -> frozenset[str]:
        """Every name that is asked for, and what functions of probes.py are told by name."""
        scripts = [p for p in self.probes.values() if p.ask == SCRIPT]
        given = [a for p in scripts for a in cast("Sequence[object]", p.args["args"])]
        return frozenset([*self.names, *(g for g in given if isinstance(g, str))])

    @property
    def surveys(self) -> Mapping[str, Probe[m.Networks]]:
        """By name of a network that is asked for, the question about what could stand for it."""
        return {name: survey(name, self.probes.values()) for name in self._networks}

    @property
    def _networks(self) -> list[str]:
        every = self.probes.values()
        named = [str(p.args[k]) for p in every for k in ("module", "live") if k in p.args]
        return list(dict.fromkeys(named))

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
    paths = [folder / name for name in (RULES, HIDDEN, MEASURING)]
    names = [p for p in paths if is_there(p) and not (public and p.name == HIDDEN)]
    files = {p.name: read_file(p) for p in names}
    withheld = public and is_there(folder / HIDDEN)
    handout = {p.name: read_file(p) for p in (folder / "handout").glob("*") if p.is_file()}
    return assemble(
        folder,
        files,
        reference=lambda assignment: _read_reference(reference, assignment),
        forms=reference / "forms",
        withheld=withheld,
        handout=handout,
    )


def assemble(
    folder: Path,
    files: Files,
    *,
    reference: Callable[[Assignment], Submission],
    withheld: bool,
    blanks: frozenset[str] = frozenset(),
    prompts: frozenset[str] = frozenset(),
    handout: Files | None = None,
    measured: ExecutionRecord | None = None,
    forms: Path | None = None,
) -> LoadedAssignment:
    """The assignment that these files of its folder make; `reference` finds that of an assignment.

    `forms` is the folder of other right solutions; `blanks` and `prompts` are given where there is
    no `handout`. Raises CourseError with file and line where one of the files is written wrongly.
    """
    slug, names = folder.name, [n for n in (RULES, HIDDEN) if n in files]
    with reading() as made:
        modules = [execute(files[RULES], folder / RULES, f"_grader_{slug}")]
        assignment = _require_assignment(slug, modules[0], made, files[RULES])
        if HIDDEN in files:
            modules.append(_execute_hidden(files[HIDDEN], folder / HIDDEN, modules[0], assignment))
    every = _join_probes(slug, [_find_probes(m) for m in modules])
    probes = {n: p for n, p in every.items() if p.ask != TEXT}
    written = {n: cast("Probe[m.Text]", p) for n, p in every.items() if p.ask == TEXT}
    if not assignment.checks:
        raise CourseError(
            f"{slug}/assignment.py has no checks; decorate functions with @assignment.check"
        )
    if not any(c.points for c in assignment.checks):
        raise CourseError(
            f"{slug}/assignment.py gives no points: every check is worth 0. Give one of them more"
        )
    own = reference(assignment)
    others = [] if forms is None else specimens.read_forms(forms, slug, assignment.entry, own)
    return LoadedAssignment(
        slug=slug,
        folder=folder,
        assignment=assignment,
        probes=probes,
        labels=tuple(labels for m in modules for labels in _find_labels(m)),
        reference=own,
        forms=tuple(assignment.add_numbers(f) for f in others),
        rules=hashlib.sha256(b"".join(files[n] for n in names)).hexdigest(),
        hidden=HIDDEN in files,
        withheld=withheld,
        blanks=find_blanks(handout) if handout else blanks,
        written=written,
        handout=handout if handout and written else {},
        prompts=prompts,
        script=_read_script(slug, files.get(MEASURING), probes),
        measured=measured,
    )


def find_blanks(handout: Files) -> frozenset[str]:
    """SHA-256 of each file of a handout that can be run, hex."""
    entries = [c for n, c in handout.items() if n.endswith(ENTRY_SUFFIXES)]
    return frozenset(hashlib.sha256(c).hexdigest() for c in entries)


def _require_assignment(
    slug: str, module: ModuleType, made: Sequence[Assignment], source: bytes
) -> Assignment:
    """What the module calls `assignment`; `made` is what it made."""
    assignment = getattr(module, "assignment", None)
    if isinstance(assignment, Assignment):
        return assignment
    if made:
        line = find_line(source, rb"\bAssignment\(")
        raise CourseError(
            f"{slug}/{RULES}, line {line}: the `Assignment` that is made here is not called "
            "`assignment` when the file ends; write `assignment = Assignment(…)`"
        )
    raise CourseError(f"{slug}/{RULES} defines no `assignment = Assignment(…)`")


def _execute_hidden(
    source: bytes, path: Path, module: ModuleType, assignment: Assignment
) -> ModuleType:
    """hidden.py, which imports from `assignment`; the checks that it adds are marked as hidden."""
    known = {c.name for c in assignment.checks}
    sys.modules["assignment"] = module
    try:
        hidden = execute(source, path, f"{module.__name__}_hidden")
    finally:
        sys.modules.pop("assignment", None)
    if getattr(hidden, "assignment", module) not in (assignment, module):
        line = find_line(source, rb"^\s*(assignment\s*[:=]|(from|import)\b.*\bassignment\b)")
        raise CourseError(
            f"{path.parent.name}/{HIDDEN}, line {line}: `assignment` is bound to something else "
            "here; take it by `from assignment import assignment`, and leave it as it is"
        )
    assignment.hide({c.name for c in assignment.checks} - known)
    return hidden


def _read_reference(folder: Path, assignment: Assignment) -> Submission:
    entry = specimens.find_entry(folder, assignment.entry)
    absent = [n for n in assignment.extra_files if not is_there(folder / n)]
    if entry is None or absent:
        lacking = f"{assignment.entry}.py" if entry is None else absent[0]
        raise CourseError(
            f"reference/{folder.name} lacks {lacking}; it has to earn full marks itself"
        )
    answers = [n for n in ANSWERS if is_there(folder / n)]
    files = {n: read_file(folder / n) for n in (entry, *assignment.extra_files, *answers)}
    return assignment.add_numbers(Submission(student="reference", files=files, entry=entry))


def functions_asked(probes: Probes) -> set[str]:
    """Names of the functions of probes.py that a probe calls, losses among them."""
    asked = {str(p.args["name"]) for p in probes.values() if p.ask == SCRIPT}
    return asked | {p.loss for p in probes.values() if p.loss}


def _read_script(slug: str, source: bytes | None, probes: Probes) -> str:
    """The text of probes.py, which defines every function that a probe calls."""
    wanted = functions_asked(probes)
    if not wanted:
        return ""
    if source is None:
        raise CourseError(f"{slug} has no probes.py, and a probe calls `{min(wanted)}` of it")
    try:
        text = io.TextIOWrapper(io.BytesIO(source), encoding="utf-8").read()
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise CourseError(f"{slug}/probes.py, line {line}: {error}") from error
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    if wanted - defined:
        raise CourseError(f"{slug}/probes.py does not define `{min(wanted - defined)}`")
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
