"""An assignment: what is asked of students, and the checks that decide about the answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from grader.assignment import requirements, room
from grader.assignment.probe import Probe
from grader.assignment.variants import Draw, Personal
from grader.data import catalogue
from grader.records import measurements
from grader.records.errors import CourseError
from grader.records.execution import Missing, Unmeasured
from grader.records.json_values import Json
from grader.records.limits import Limits
from grader.records.result import Verdict
from grader.records.submission import Submission

T = TypeVar("T")

RUNS = ("all", "definitions")
"""What of a submission is run: everything, or its definitions only."""


class Measurements:
    """What was measured on one submission: `measurements[probe]` is the value.

    Reading one that is missing raises Unmeasured, which the judge turns into an outcome.
    """

    def __init__(self, values: Mapping[str, object], *, reference: bool = False) -> None:
        """`values` are measurements or Missing by probe key.

        What is missing of the `reference` is not the student's fault, and none of its code is told.
        """
        self._values = {k: _excuse(v) if reference else v for k, v in values.items()}

    def __getitem__(self, probe: Probe[T]) -> T:
        value = self._values.get(probe.key, Missing(why="this was not asked", needs_review=True))
        if not isinstance(value, Missing):
            return cast("T", value)
        raise Unmeasured(value)

    def __contains__(self, probe: Probe[object]) -> bool:
        value = self._values.get(probe.key, Missing(why=""))
        if isinstance(value, Missing) and not value.kept:
            raise Unmeasured(replace(value, needs_review=True))
        return not isinstance(value, Missing)

    def each(self, probes: Mapping[str, Probe[T]]) -> dict[str, T | Missing]:
        """By name what was measured, or why it was not.

        Raises Unmeasured where nothing was, or where that is not the student's fault.
        """
        values: dict[str, T | Missing] = {}
        for name, probe in probes.items():
            value = self._values.get(probe.key)
            theirs = isinstance(value, Missing) and not (value.needs_review or value.elsewhere)
            values[name] = cast("Missing", value) if theirs else self[probe]
        if values and all(isinstance(v, Missing) for v in values.values()):
            return {n: self[p] for n, p in probes.items()}
        return values

    def within(self, reference: Measurements, subjects: Mapping[str, str]) -> Measurements:
        """The same, without what is far larger than could be compared with the reference's.

        `subjects` says by probe key what each was measured on.
        """
        values: dict[str, object] = {}
        for key, value in self._values.items():
            subject = subjects.get(key, "")
            excess = measurements.describe_excess(value, reference._values.get(key), subject)
            values[key] = Missing(why=excess) if excess else value
        return Measurements(values)

    def for_check(self, reference: Measurements) -> MeasurementsForCheck:
        """The same measurements for one check, which note what that check reads.

        What is missing here and of the `reference` as well is no fault of the student's.
        """
        return MeasurementsForCheck(
            {key: reference.excuse(key, value) for key, value in self._values.items()}
        )

    def excuse(self, key: str, value: object) -> object:
        """The student's `value`, or why there is none that the student would have to answer for."""
        ours = self._values.get(key)
        missing = isinstance(value, Missing) and not value.elsewhere
        return ours if missing and isinstance(ours, Missing) and not ours.elsewhere else value


class MeasurementsForCheck(Measurements):
    """Measurements that one check reads."""

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self.subjects: list[str] = []
        """Names in the student's file that the probes read so far are about."""

    def __getitem__(self, probe: Probe[T]) -> T:
        self.subjects.append(probe.subject)
        return super().__getitem__(probe)


def _excuse(value: object) -> object:
    """A measurement of the reference; one that is missing in words that a student may read."""
    if not isinstance(value, Missing) or value.elsewhere:
        return value
    seen = value.error.outline() if value.error else value.why.partition(". ")[0].rstrip(".")
    return Missing(why=f"the reference could not be measured: {seen}", needs_review=True)


CheckFunction = Callable[[Measurements, Measurements], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the rubric."""

    name: str
    title: str
    """First paragraph of the function's docstring: what the student reads."""
    rubric: str = ""
    """Its other paragraphs: what the person who marks reads."""
    points: float
    function: CheckFunction
    depends_on: tuple[str, ...]
    """Names of checks that must not have been lost, or this one is skipped."""
    extra: bool
    hidden: bool = False
    person: bool = False
    """Whether a person gives the points, and not the function."""


_MADE: ContextVar[list[Assignment] | None] = ContextVar("made", default=None)
"""Assignments made until now by the files that are being read; None while none is."""


@contextmanager
def reading() -> Iterator[list[Assignment]]:
    """Meanwhile the files of one assignment are read; gives the list of what they make. Making a
    second one raises CourseError.
    """
    made: list[Assignment] = []
    before = _MADE.set(made)
    try:
        yield made
    finally:
        _MADE.reset(before)


def _register(assignment: Assignment) -> None:
    made = _MADE.get()
    if made:
        raise CourseError(
            "this is a second `Assignment`, and only one of them is graded. Keep one; hidden.py "
            "takes it by `from assignment import assignment`"
        )
    if made is not None:
        made.append(assignment)


class Assignment:
    """Title, files, limits and checks of one assignment; it owns its checks, nothing is global."""

    def __init__(
        self,
        title: str,
        *,
        entry: str,
        extra_files: Sequence[str] = (),
        limits: Limits | None = None,
        run: str = "all",
        provides: Sequence[str] = ("cifar10", "mnist"),
        hidden_shown: str = "never",
    ) -> None:
        """`entry` is the stem of the file to run (`lenet` for lenet.py); `extra_files` names
        further files; `provides` the data sets whose training pictures students' own code finds.

        `run="definitions"` takes imports, functions, classes and constants of that file and skips
        the rest: training, plots, downloads, prints. `hidden_shown` says when students see hidden
        checks: `"never"`, `"always"`, or from a day on, `"2026-12-01"`. Raises CourseError for what
        is none of these.
        """
        _register(self)
        if not isinstance(entry, str) or not entry.isidentifier():
            raise CourseError(
                f"entry {entry!r} is not a file stem such as 'lenet'; leave out the suffix"
            )
        if run not in RUNS:
            raise CourseError(f"run {run!r} is not known; give {' or '.join(map(repr, RUNS))}")
        self.title = requirements.require_text("the title", title)
        self.entry = entry
        files = requirements.require_list("extra_files", extra_files, "extra_files=['lenet.pt']")
        self.extra_files = tuple(dict.fromkeys(map(requirements.require_file, files)))
        self.limits = requirements.require_limits(Limits() if limits is None else limits)
        self.run = run
        sets = requirements.require_list("provides", provides, "provides=['mnist']")
        self.provides = tuple(requirements.require_text("a data set", name) for name in sets)
        for name in self.provides:
            catalogue.find(name, CourseError)
        self.hidden_shown = requirements.require_hidden_shown(hidden_shown)
        self._checks: list[Check] = []
        self._personal: Personal | None = None

    def personal(self, *, seed: int) -> Callable[[Draw], Draw]:
        """Register the decorated function as the one that draws each student's own numbers.

        It takes a `numpy.random.RandomState`, which depends on `seed` and the student's name
        alone, and returns a dictionary of numbers, lists and text.
        """
        whole = requirements.require_whole("the seed of personal numbers", seed)

        def register(draw: Draw) -> Draw:
            if self._personal is not None:
                raise CourseError("personal numbers are drawn by one function; this is a second")
            self._personal = Personal(seed=whole, draw=draw)
            return draw

        return register

    def numbers(self, student: str) -> dict[str, Json] | None:
        """Those of that name; None where the assignment draws none."""
        return self._personal.numbers(student) if self._personal else None

    def add_numbers(self, submission: Submission) -> Submission:
        """The submission with the numbers of its student."""
        return replace(submission, numbers=self.numbers(submission.student))

    def admit(self, submission: Submission) -> Submission:
        """The submission with the numbers of its student, without files for which is no room."""
        fitting = room.fit(submission, self.extra_files, self.limits.files_kib)
        return self.add_numbers(fitting)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks in the order of their definition."""
        return tuple(self._checks)

    @property
    def max_score(self) -> float:
        """Points of all checks that are no bonus."""
        return sum(c.points for c in self._checks if not c.extra)

    def check(
        self,
        *,
        points: float,
        depends_on: Iterable[CheckFunction] = (),
        extra: bool = False,
        person: bool = False,
        after: Iterable[CheckFunction] = (),
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Register the decorated function as a check worth `points`.

        It takes the student's and the reference's measurements and returns a Verdict; its
        docstring is the rubric line. It is skipped where a check that it `depends_on` was failed
        or not measured. With `person` it is open until a person has marked it: the verdict says
        what that person is shown. (`after` is the earlier word for `depends_on`, in which courses
        are still written.)
        """
        example = "depends_on=[earlier_check]"
        bonus = requirements.require_flag("extra", extra)
        before = [
            *requirements.require_list("depends_on", depends_on, example),
            *requirements.require_list("after", after, example),
        ]

        def register(function: CheckFunction) -> CheckFunction:
            requirements.require_check(function)
            name, (title, rubric) = function.__name__, _read_title(function)
            worth = requirements.require_points(name, points)
            needs = requirements.list_names(f"check `{name}`", before)
            self._require_place(name, needs)
            check = Check(
                name=name,
                title=title,
                rubric=rubric,
                points=worth,
                function=function,
                depends_on=needs,
                extra=bonus,
                person=person,
            )
            self._checks.append(check)
            return function

        return register

    def _require_place(self, name: str, needs: Sequence[str]) -> None:
        """Raise CourseError where the check of that name does not fit beside those there are."""
        names = [c.name for c in self._checks]
        if name in names:
            raise CourseError(f"there are two checks called `{name}`; rename one")
        unknown = [n for n in needs if n not in names]
        if unknown:
            raise CourseError(
                f"check `{name}` comes after `{unknown[0]}`, which is no check defined before it"
            )

    def hide(self, names: Iterable[str]) -> None:
        """Mark checks as hidden ones: those that `hidden.py` added."""
        hidden = set(names)
        self._checks = [replace(c, hidden=c.hidden or c.name in hidden) for c in self._checks]


def _read_title(function: CheckFunction) -> tuple[str, str]:
    """The first paragraph of a check's docstring, on one line, and the rest, whose paragraphs and
    items of lists are on one line each.
    """
    text = inspect.getdoc(function)
    if not text:
        name = function.__name__
        raise CourseError(f"check `{name}` has no docstring; it is the line that students read")
    title, _, rest = text.partition("\n\n")
    return " ".join(title.split()), re.sub(r"(?<!\n)\n(?![-*\s\d])", " ", rest.strip())
