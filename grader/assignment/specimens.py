"""The course's own submissions: known mistakes, and the sample class.

What one of them lacks is the reference's. A mistake is a folder with other code, or a small file
that says which lines of the reference it changes:

    why = "Tanh where the brief says ReLU."
    loses = ["forward_values", "gradient_values"]
    replace = [{ old = "self.fc1(x).relu()", new = "self.fc1(x).tanh()" }]

so that whoever repairs the reference repairs its mistakes.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import shutil
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.records.errors import CourseError
from grader.records.submission import ENTRY_SUFFIXES, Submission

KEYS = ("why", "loses", "replace")
"""What stands in the file of a mistake."""
PLACE = ("file", "old", "new")
"""What stands in one of its replacements; `file` may be left out."""
LACKS = "lacks"
"""Key of `expected.toml`: files of the reference that a student of the sample class has to lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A known-wrong submission, and what it has to lose."""

    name: str
    submission: Submission
    loses: frozenset[str]


def entry_of(folder: Path, stem: str) -> str | None:
    """The file to run, a module before a notebook."""
    names = (f"{stem}{suffix}" for suffix in ENTRY_SUFFIXES)
    return next((n for n in names if (folder / n).is_file()), None)


def mistakes(
    folder: Path, slug: str, stem: str, reference: Submission, checks: Collection[str]
) -> list[Mistake]:
    """Every mistake in the folder, by name; `stem` is the entry's, `checks` are those there are.

    Raises CourseError with the mistake's name where one is written wrongly.
    """
    folders = {p.name: p for p in folder.glob("*") if p.is_dir()}
    texts = {p.stem: p for p in folder.glob("*.toml") if p.is_file()}
    found = []
    for name in sorted(folders | texts):
        own = _files(folders[name]) if name in folders else {}
        if name in texts:
            made, loses = _changed(texts[name], own, reference)
        else:
            entry = entry_of(folders[name], stem)
            if entry is None:
                raise CourseError(f"mistake {name} of {slug} has no {stem}.py")
            rest = {n: c for n, c in reference.files.items() if n != reference.entry}
            made = Submission(student=name, files={**rest, **own}, entry=entry)
            loses = _told(made)
        unknown = sorted(set(loses) - set(checks))
        if unknown:
            raise CourseError(f"mistake {name} loses `{unknown[0]}`, which is no check of {slug}")
        found.append(Mistake(name=name, submission=made, loses=frozenset(loses)))
    return found


def sample_class(
    source: Path, target: Path, extra_files: Mapping[str, bytes], expected: Mapping[str, Any]
) -> None:
    """The sample class stands in `target`, each student with those of `extra_files` that the
    folder in `source` lacks and is not meant to lack.

    Raises CourseError where `lacks` in `expected` names something else, or a file that is there.
    """
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        lacks = expected.get(folder.name, {}).get(LACKS, [])
        if not isinstance(lacks, list) or not set(lacks) <= extra_files.keys():
            names = ", ".join(extra_files) or "none"
            raise CourseError(
                f"expected.toml says that {folder.name} lacks {lacks!r}. It is a list of files "
                f"that are asked for besides the code: {names}"
            )
        own = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        there = sorted(own.intersection(lacks))
        if there:
            raise CourseError(
                f"expected.toml says that {folder.name} lacks {there[0]}, but it is there; take "
                "away one of the two"
            )
        shutil.copytree(folder, target / folder.name)
        for name in extra_files.keys() - own - set(lacks):
            (target / folder.name / name).write_bytes(extra_files[name])


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*")) if p.is_file()}


def _changed(
    path: Path, own: Mapping[str, bytes], reference: Submission
) -> tuple[Submission, list[str]]:
    """The reference with the lines changed that the file names; and the checks it has to lose."""
    name, entry = path.stem, reference.entry
    assert entry is not None
    try:
        text = path.read_text(encoding="utf-8")
        said = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"mistake {name}: {path.name} is not TOML: {error}") from None
    _known(name, said, KEYS)
    if not str(said.get("why", "")).strip():
        raise CourseError(f'mistake {name} does not say what is wrong: give `why = "…"`')
    loses, replaced = said.get("loses"), said.get("replace", [])
    if not isinstance(loses, list) or not loses or not all(isinstance(n, str) for n in loses):
        raise CourseError(f'mistake {name} names no checks: give `loses = ["check", …]`')
    if not isinstance(replaced, list) or not (replaced or own):
        raise CourseError(
            f"mistake {name} changes nothing: give `replace = [{{old = …, new = …}}]`"
        )
    files = dict(reference.files)
    for one in replaced:
        file, content = _replaced(name, one, files, entry)
        files[file] = content
    both = sorted(own.keys() & {entry})
    if both:
        raise CourseError(
            f"mistake {name} has a folder with {entry} besides {path.name}; keep one of the two"
        )
    return Submission(student=name, files={**files, **own}, entry=entry), loses


def _replaced(name: str, one: object, files: Mapping[str, bytes], entry: str) -> tuple[str, bytes]:
    """The file that one replacement is about, as it is after it."""
    if not isinstance(one, dict):
        raise CourseError(f"mistake {name}: {one!r} is no replacement; write {{old = …, new = …}}")
    _known(name, one, PLACE)
    file, old, new = one.get("file", entry), one.get("old"), one.get("new")
    if not isinstance(old, str) or not old or not isinstance(new, str):
        raise CourseError(
            f"mistake {name}: a replacement has both a text `old` and a text `new`; it has "
            f"{', '.join(sorted(one)) or 'none'}"
        )
    if not isinstance(file, str) or file not in files:
        raise CourseError(
            f"mistake {name} changes {file!r}, which the reference does not have. It has: "
            f"{', '.join(files)}"
        )
    try:
        text = files[file].decode()
    except UnicodeDecodeError:
        raise CourseError(f"mistake {name} changes {file}, which is no text") from None
    times = text.count(old)
    if times != 1:
        where = "does not stand" if not times else f"stands {times} times"
        remedy = "give it as it is written there" if not times else "give more of its lines"
        raise CourseError(
            f"mistake {name}: {old!r} {where} in the reference's {file}; it has to stand there "
            f"once, so {remedy}"
        )
    return file, text.replace(old, new).encode()


def _known(name: str, said: Mapping[str, object], keys: Sequence[str]) -> None:
    """Raise CourseError for a key that is none of `keys`."""
    for key in said:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            remedy = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(keys)}"
            raise CourseError(f"mistake {name} has a key `{key}`, which is not known; {remedy}")


def _told(made: Submission) -> list[str]:
    """What the docstring of a module, or the first cell of a notebook, says that it loses."""
    assert made.entry is not None
    content = made.files[made.entry]
    try:
        if made.entry.endswith(".ipynb"):
            text = "".join(json.loads(content)["cells"][0]["source"])
        else:
            text = ast.get_docstring(ast.parse(content)) or ""
    except (SyntaxError, ValueError, LookupError, TypeError) as error:
        what = "a notebook" if made.entry.endswith(".ipynb") else "Python"
        raise CourseError(f"mistake {made.student} is not {what}: {error}") from error
    found = re.search(r"^Loses: *(.+)$", text, re.MULTILINE)
    if not found:
        raise CourseError(
            f"the docstring of mistake {made.student} has no line `Loses: check, check`"
        )
    return [n.strip(" `.") for n in found[1].split(",")]
