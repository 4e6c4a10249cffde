"""Layouts, exports, result formats, data sets and backends by name: ours, and those that other
packages bring.

A package brings one through an entry point of its `pyproject.toml`:

    [project.entry-points."grader.datasets"]
    fashion = "fashion_grader:FASHION"

Nothing is imported before it is loaded by its name. What a package brings may be broken: then the
sentence names the package, and everything else is found as before.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata

from grader.records.errors import GraderError

KINDS: Mapping[str, str] = {
    "grader.layouts": "layout",
    "grader.exports": "export",
    "grader.results": "result format",
    "grader.datasets": "data set",
    "grader.backends": "backend",
}
"""How one of each group is called in a sentence."""

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "grader.layouts": {
        "plain": "grader.submissions.layouts.plain:PLAIN",
        "canvas": "grader.submissions.layouts.canvas:CANVAS",
        "moodle": "grader.submissions.layouts.moodle:MOODLE",
        "gradescope": "grader.submissions.layouts.gradescope:GRADESCOPE",
        "github": "grader.submissions.layouts.github:GITHUB",
        "nbgrader": "grader.submissions.layouts.nbgrader:NBGRADER",
        "blackboard": "grader.submissions.layouts.blackboard:BLACKBOARD",
        "brightspace": "grader.submissions.layouts.brightspace:BRIGHTSPACE",
    },
    "grader.exports": {
        "csv": "grader.export.csv_table:CSV",
        "excel": "grader.export.excel:EXCEL",
        "leaderboard": "grader.export.leaderboard:LEADERBOARD",
        "canvas": "grader.export.canvas:CANVAS",
        "moodle": "grader.export.moodle:MOODLE",
        "brightspace": "grader.export.brightspace:BRIGHTSPACE",
        "gradescope": "grader.export.gradescope:GRADESCOPE",
        "moodle-feedback": "grader.export.moodle_feedback:MOODLE_FEEDBACK",
        "pages": "grader.export.pages_zip:PAGES",
    },
    "grader.results": {
        "autolab": "grader.export.ci_autolab:AUTOLAB",
        "github": "grader.export.ci_github:GITHUB",
        "github-classroom": "grader.export.ci_classroom:CLASSROOM",
        "gradescope": "grader.export.ci_gradescope:GRADESCOPE",
        "junit": "grader.export.ci_junit:JUNIT",
        "markdown": "grader.export.ci_markdown:MARKDOWN",
        "prairielearn": "grader.export.ci_prairielearn:PRAIRIELEARN",
    },
    "grader.datasets": {
        "mnist": "grader.data.mnist:MNIST",
        "cifar10": "grader.data.cifar10:CIFAR10",
    },
    "grader.backends": {
        "forkserver": "grader.sandbox.forkserver:ForkServer",
        "plain": "grader.sandbox.plain:Plain",
    },
}
"""Ours, as pyproject.toml registers them: an installation whose metadata are older has them too."""

_OURS = "torch-grader"
"""Name of this program's distribution."""


def names(group: str) -> tuple[str, ...]:
    """What the group has: ours first, then by name what packages bring."""
    return tuple(_find(group))


def load(group: str, name: str) -> object:
    """The object of that name. Raises GraderError where there is none or more than one, and where
    it cannot be imported; the sentence names the packages.
    """
    entries = _find(group).get(name)
    if entries is None:
        raise GraderError(f"there is no {KINDS[group]} {name!r}; {suggest(group, name)}")
    if len(entries) > 1:
        first, second, *_ = map(_name_package, entries)
        raise GraderError(
            f"there are two {KINDS[group]}s called {name!r}: one of {first}, one of {second}. "
            "Uninstall one of these packages"
        )
    try:
        return entries[0].load()
    except (Exception, SystemExit) as error:  # other people's code may raise anything
        raise blame(group, name, f"cannot be loaded ({type(error).__name__}: {error})") from error


def suggest(group: str, name: str) -> str:
    """The remedy for a name that the group does not have: the nearest one, or all."""
    near = difflib.get_close_matches(name.lower(), names(group), n=1, cutoff=0.5)
    return (
        f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names(group)) or 'none'}"
    )


def blame(group: str, name: str, why: str) -> GraderError:
    """An error for what was loaded and is not what it should be: `why` says in which way."""
    package = _name_package(_find(group)[name][0])
    return GraderError(
        f"the {KINDS[group]} {name!r} of {package} {why}. Repair or uninstall that package"
    )


@lru_cache(maxsize=len(KINDS))
def _find(group: str) -> Mapping[str, tuple[metadata.EntryPoint, ...]]:
    """Every entry of the group by its name; what an installation lists of ours is passed over."""
    found: dict[str, tuple[metadata.EntryPoint, ...]] = {
        name: (metadata.EntryPoint(name, value, group),) for name, value in BUILT_IN[group].items()
    }
    for entry in sorted(metadata.entry_points(group=group), key=lambda e: (e.name, e.value)):
        if entry.dist is None or entry.dist.name != _OURS:
            found[entry.name] = (*found.get(entry.name, ()), entry)
    return found


def _name_package(entry: metadata.EntryPoint) -> str:
    if entry.dist is None:
        return "the grader itself"
    return f"the package {entry.dist.name} {entry.dist.version}"
