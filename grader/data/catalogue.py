"""The data sets the grader knows by name: its own, and those that other packages register.

Adding one takes a file with its `PictureSet`, as `mnist.py` is, and a line under
`[project.entry-points."grader.datasets"]`.
"""

from __future__ import annotations

from grader.data.picture_set import PictureSet
from grader.records import extensions
from grader.records.errors import GraderError, UsageError

GROUP = "grader.datasets"


def names() -> tuple[str, ...]:
    """Of every data set, as an assignment writes it: `mnist`, `cifar10`, and so on."""
    return extensions.names(GROUP)


def find(name: str, error: type[GraderError] = UsageError) -> PictureSet:
    """The set of that name; raises `error` with the near one where there is none.

    Raises GraderError where another package brings it and it cannot be loaded.
    """
    if not isinstance(name, str):
        raise error(f"a data set is called by its name, {' or '.join(names())}, not {name!r:.80}")
    if name not in names():
        raise error(f"no data set is called {name!r}; {extensions.suggest(GROUP, name)}")
    entry = extensions.load(GROUP, name)
    if not isinstance(entry, PictureSet):
        raise extensions.blame(GROUP, name, f"is of type {type(entry).__name__}, not a PictureSet")
    return entry
