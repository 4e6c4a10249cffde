"""Packages of the extra `course`: what teachers need, and a student's own check does not."""

from __future__ import annotations

from importlib.util import find_spec

from grader.records.errors import GraderError

_MODULES = {
    "google-re2": "re2",
    "markdown-it-py": "markdown_it",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}
"""By package, where the module is called otherwise."""


def require_course(what: str, *packages: str) -> None:
    """Nothing happens where these packages are installed. GraderError says what needs them."""
    missing = [p for p in packages if find_spec(_MODULES.get(p, p)) is None]
    if missing:
        one = len(missing) == 1
        raise GraderError(
            f"{what} needs {' and '.join(missing)}, which {'is' if one else 'are'} not installed. "
            "Run `pip install 'torch-grader[course]'`"
        )
