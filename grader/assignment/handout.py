"""What students start from: the handout's files, with each student's own numbers filled in.

Where an assignment draws numbers, `{{ side }}` in a handout becomes the number called `side`: in
the source of a notebook's cells, in modules and texts anywhere. `{{ student }}` is the student's
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.records import file_names
from grader.records.errors import CourseError, UsageError
from grader.records.extras import require_course
from grader.records.json_values import Json
from grader.records.notebook_file import SUFFIX, read_notebook

Files = Mapping[str, bytes]
Numbers = Mapping[str, Json]


def fill(files: Files, numbers: Numbers) -> dict[str, bytes]:
    """The files with the numbers in their places. CourseError names the file that cannot be."""
    return {name: _fill(name, content, numbers) for name, content in files.items()}


def read_roster(path: Path) -> list[str]:
    """The names in a text file, one on each line; empty lines are passed over. UsageError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"the roster {path} cannot be read: {error}") from error
    return [name for line in lines if (name := line.strip())]


def plan_folders(
    out: Path, students: Mapping[str, dict[str, bytes]]
) -> dict[Path, dict[str, bytes]]:
    """A folder below `out` for each student, named after them."""
    stems = file_names.file_names(students)
    return {out / stems[student]: files for student, files in students.items()}


def write(folders: Mapping[Path, Files]) -> int:
    """How many files were written. UsageError, before anything is, where one would be overwritten
    that holds something else: it may be somebody's work.
    """
    every = {
        folder / n: content for folder, files in folders.items() for n, content in files.items()
    }
    taken = [p for p, content in every.items() if p.exists() and p.read_bytes() != content]
    if taken:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise UsageError(
            f"{taken[0]}{more} would be overwritten; nothing was written. Name another place"
        )
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return sum(file_names.write(path, content) for path, content in every.items())


def _fill(name: str, content: bytes, numbers: Numbers) -> bytes:
    try:
        if name.endswith((".py", ".md", ".txt")):
            return _render(content.decode(), numbers).encode()
        if not name.endswith(SUFFIX):
            return content
        notebook = read_notebook(content)
        return notebook.with_sources([_render(s, numbers) for s in notebook.sources])
    except (ValueError, LookupError, TypeError) as error:
        raise CourseError(f"the handout's {name} cannot be filled in: {error}") from error


def _render(text: str, numbers: Numbers) -> str:
    """The text with the numbers in their places; ValueError where it is no template."""
    require_course("writing handouts with numbers", "jinja2")
    from jinja2 import Environment, StrictUndefined, TemplateError

    # Plain text, not HTML: nothing is escaped. The templates are the course's own.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    try:
        return environment.from_string(text).render(numbers)
    except TemplateError as error:
        raise ValueError(str(error)) from error
