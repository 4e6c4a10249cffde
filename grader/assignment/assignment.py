"""An assignment: what is asked of students, and the checks that decide about the answers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from grader.assignment.probe import Probe
from grader.assignment.variants import Draw, Personal
from grader.data.catalogue import known
from grader.records.errors import CourseError, Unmeasured
from grader.records.execution import Missing
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

    def __init__(self, values: Mapping[str, Any], *, reference: bool = False) -> None:
        self._values = dict(values)
        self._reference = reference
        self.read: list[str] = []
        """Names in the student's file that the probes read so far are about."""

    def __getitem__(self, probe: Probe[T]) -> T:
        self.read.append(probe.subject)
        found = self._values.get(probe.key, Missing(why="this was not asked", needs_review=True))
        if not isinstance(found, Missing):
            return found  # type: ignore[no-any-return]
        text = found.why
        if self._reference:
            text = f"the reference could not be measured: {text}"
        raise Unmeasured(text, ours=self._reference or found.needs_review)

    def __contains__(self, probe: Probe[Any]) -> bool:
        return not isinstance(self._values.get(probe.key, Missing(why="")), Missing)

    def each(self, probes: Mapping[str, Probe[T]]) -> dict[str, T | Missing]:
        """By name what was measured, or why it was not.

        Raises Unmeasured where nothing was, or where that is not the student's fault.
        """
        found: dict[str, T | Missing] = {}
        for name, probe in probes.items():
            value = self._values.get(probe.key)
            if not isinstance(value, Missing) or value.needs_review or self._reference:
                value = self[probe]
            found[name] = value
        if found and all(isinstance(v, Missing) for v in found.values()):
            return {n: self[p] for n, p in probes.items()}
        return found


CheckFunction = Callable[[Measurements, Measurements], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the rubric."""

    name: str
    title: str
    """First paragraph of the function's docstring: what the student reads."""
    points: float
    function: CheckFunction
    depends_on: tuple[str, ...]
    """Names of checks that must not have been lost, or this one is skipped."""
    extra: bool
    hidden: bool = False


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
        provides: Sequence[str] = (),
    ) -> None:
        """`entry` is the stem of the file to run (`lenet` for lenet.py); `extra_files` names
        further files; `provides` the data sets whose training pictures students' own code finds.

        `run="definitions"` takes imports, functions, classes and constants of that file and skips
        the rest: training, plots, downloads, prints. Raises CourseError for what is neither.
        """
        if not entry.isidentifier():
            raise CourseError(
                f"entry {entry!r} is not a file stem such as 'lenet'; leave out the suffix"
            )
        if run not in RUNS:
            raise CourseError(f"run {run!r} is not known; give {' or '.join(map(repr, RUNS))}")
        self.title = title
        self.entry = entry
        self.extra_files = tuple(extra_files)
        self.limits = limits or Limits()
        self.run = run
        for name in provides:
            known(name, CourseError)
        self.provides = tuple(provides)
        self._checks: list[Check] = []
        self._personal: Personal | None = None

    def personal(self, *, seed: int) -> Callable[[Draw], Draw]:
        """Register the decorated function as the one that draws each student's own numbers.

        It takes a `numpy.random.RandomState`, which depends on `seed` and the student's name
        alone, and returns a dictionary of numbers, lists and text.
        """

        def register(draw: Draw) -> Draw:
            self._personal = Personal(seed=seed, draw=draw)
            return draw

        return register

    def numbers(self, student: str) -> dict[str, Json] | None:
        """Those of that name; None where the assignment draws none."""
        return self._personal.numbers(student) if self._personal else None

    def given(self, submission: Submission) -> Submission:
        """The submission with the numbers of its student."""
        return replace(submission, numbers=self.numbers(submission.student))

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
        depends_on: Iterable[Callable[..., Any]] = (),
        extra: bool = False,
        after: Iterable[Callable[..., Any]] = (),
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Register the decorated function as a check worth `points`.

        It takes the student's and the reference's measurements and returns a Verdict; its
        docstring is the rubric line. It is skipped where a check that it `depends_on` was failed
        or not measured. (`after` is the earlier word for that, in which courses are still written.)
        """
        needs = tuple(f.__name__ for f in (*depends_on, *after))

        def register(function: CheckFunction) -> CheckFunction:
            name = function.__name__
            text = inspect.getdoc(function)
            if not text:
                raise CourseError(
                    f"check `{name}` has no docstring; it is the line that students read"
                )
            if not (math.isfinite(points) and points >= 0):
                raise CourseError(f"check `{name}` is worth {points} points; give it 0 or more")
            if any(c.name == name for c in self._checks):
                raise CourseError(f"there are two checks called `{name}`; rename one")
            unknown = [n for n in needs if all(c.name != n for c in self._checks)]
            if unknown:
                raise CourseError(
                    f"check `{name}` comes after `{unknown[0]}`, which is no check defined "
                    f"before it"
                )
            title = " ".join(text.split("\n\n")[0].split())
            self._checks.append(
                Check(
                    name=name,
                    title=title,
                    points=float(points),
                    function=function,
                    depends_on=needs,
                    extra=extra,
                )
            )
            return function

        return register

    def hide(self, names: Iterable[str]) -> None:
        """Mark checks as hidden ones: those that `hidden.py` added."""
        hidden = set(names)
        self._checks = [replace(c, hidden=c.hidden or c.name in hidden) for c in self._checks]
