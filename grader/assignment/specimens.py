"""The course's own submissions: known mistakes, and the sample class.

What one of them lacks is the reference's. A mistake is a folder with other code, or a small file
that says which lines of the reference it changes:

    why = "Tanh where the brief says ReLU."
    code = "layers-activation"
    loses = ["forward_values", "gradient_values"]
    replace = [{ old = "self.fc1(x).relu()", new = "self.fc1(x).tanh()" }]

so that whoever repairs the reference repairs its mistakes. `code` is the message that names the
fault; a folder gives it in a line `Code: layers-activation` beside its `Loses:`. It may be left
out.
"""

from __future__ import annotations

import ast
import difflib
import re
import shutil
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment.course_files import is_there, read_file
from grader.records import messages
from grader.records.errors import CourseError
from grader.records.notebook_file import SUFFIX, read_notebook
from grader.records.submission import ENTRY_SUFFIXES, Submission

KEYS = ("why", "code", "loses", "replace")
"""What stands in the file of a mistake."""
PLACE = ("file", "old", "new")
"""What stands in one of its replacements; `file` may be left out."""
LACKS = "lacks"
"""Key of `expected.toml`: files of the reference that a student of the sample class has to lack."""


Expected = Mapping[str, Mapping[str, object]]
"""What `expected.toml` says, a table for each student of the sample class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A known-wrong submission, and what it has to lose."""

    name: str
    """Of its folder or file."""
    submission: Submission
    loses: frozenset[str]
    """Names of checks."""
    code: str = ""
    """Of the fault that a report has to name first; empty where the author does not say."""


def find_entry(folder: Path, stem: str) -> str | None:
    """The file to run, a module before a notebook."""
    names = (f"{stem}{suffix}" for suffix in ENTRY_SUFFIXES)
    return next((n for n in names if is_there(folder / n)), None)


def read_forms(folder: Path, slug: str, stem: str, reference: Submission) -> list[Submission]:
    """Every other right solution in the folder, by name; what it lacks is the reference's.

    Raises CourseError with the form's name where it has no entry.
    """
    forms = []
    for path in sorted(p for p in folder.glob("*") if p.is_dir()):
        entry = find_entry(path, stem)
        if entry is None:
            raise CourseError(f"the form {path.name} of {slug} has no {stem}.py")
        rest = {n: c for n, c in reference.files.items() if n != reference.entry}
        files = {**rest, **_read_files(path)}
        forms.append(Submission(student=f"forms/{path.name}", files=files, entry=entry))
    return forms


def read_mistakes(
    folder: Path, slug: str, stem: str, reference: Submission, checks: Collection[str]
) -> list[Mistake]:
    """Every mistake in the folder, by name; `stem` is the entry's, `checks` are those there are.

    Raises CourseError with the mistake's name where one is written wrongly.
    """
    folders = {p.name: p for p in folder.glob("*") if p.is_dir()}
    texts = {p.stem: p for p in folder.glob("*.toml") if p.is_file()}
    mistakes = []
    for name in sorted(folders | texts):
        own = _read_files(folders[name]) if name in folders else {}
        if name in texts:
            wrong, loses, code = _change_reference(texts[name], own, reference)
        else:
            entry = find_entry(folders[name], stem)
            if entry is None:
                raise CourseError(f"mistake {name} of {slug} has no {stem}.py")
            rest = {n: c for n, c in reference.files.items() if n != reference.entry}
            wrong = Submission(student=name, files={**rest, **own}, entry=entry)
            loses, code = _read_heading(wrong)
        unknown = sorted(set(loses) - set(checks))
        if unknown:
            raise CourseError(f"mistake {name} loses `{unknown[0]}`, which is no check of {slug}")
        _require_fault(name, code)
        mistake = Mistake(name=name, submission=wrong, loses=frozenset(loses), code=code)
        mistakes.append(mistake)
    return mistakes


def write_sample(
    source: Path, target: Path, extra_files: Mapping[str, bytes], expected: Expected
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


def _read_files(folder: Path) -> dict[str, bytes]:
    return {p.name: read_file(p) for p in sorted(folder.glob("*")) if p.is_file()}


def _change_reference(
    path: Path, own: Mapping[str, bytes], reference: Submission
) -> tuple[Submission, list[str], str]:
    """The reference with the lines changed that the file names; the checks it has to lose, and the
    code of its fault.
    """
    name, entry = path.stem, reference.entry
    assert entry is not None
    try:
        table = tomllib.loads(read_file(path).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"mistake {name}: {path.name} is not TOML: {error}") from None
    _require_keys(name, table, KEYS)
    if not str(table.get("why", "")).strip():
        raise CourseError(f'mistake {name} does not say what is wrong: give `why = "…"`')
    loses, replacements, code = (table.get(k) for k in ("loses", "replace", "code"))
    replacements, code = replacements or [], "" if code is None else code
    if not isinstance(code, str):
        raise CourseError(f"mistake {name}: `code` is the name of a message, a text")
    if not isinstance(loses, list) or not loses or not all(isinstance(n, str) for n in loses):
        raise CourseError(f'mistake {name} names no checks: give `loses = ["check", …]`')
    if not isinstance(replacements, list) or not (replacements or own):
        raise CourseError(
            f"mistake {name} changes nothing: give `replace = [{{old = …, new = …}}]`"
        )
    files = dict(reference.files)
    for replacement in replacements:
        file, content = _replace_text(name, replacement, files, entry)
        files[file] = content
    both = sorted(own.keys() & {entry})
    if both:
        raise CourseError(
            f"mistake {name} has a folder with {entry} besides {path.name}; keep one of the two"
        )
    return Submission(student=name, files={**files, **own}, entry=entry), loses, code


def _replace_text(
    name: str, replacement: object, files: Mapping[str, bytes], entry: str
) -> tuple[str, bytes]:
    """The file that one replacement is about, as it is after it."""
    if not isinstance(replacement, dict):
        raise CourseError(
            f"mistake {name}: {replacement!r} is no replacement; write {{old = …, new = …}}"
        )
    _require_keys(name, replacement, PLACE)
    file, old, new = replacement.get("file", entry), replacement.get("old"), replacement.get("new")
    if not isinstance(old, str) or not old or not isinstance(new, str):
        raise CourseError(
            f"mistake {name}: a replacement has both a text `old` and a text `new`; it has "
            f"{', '.join(sorted(replacement)) or 'none'}"
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


def _require_keys(name: str, table: Mapping[str, object], keys: Sequence[str]) -> None:
    """Raise CourseError for a key that is none of `keys`."""
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            remedy = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(keys)}"
            raise CourseError(f"mistake {name} has a key `{key}`, which is not known; {remedy}")


def _read_heading(mistake: Submission) -> tuple[list[str], str]:
    """The checks that the docstring of a module, or the first cell of a notebook, names as lost,
    and the code of the fault.
    """
    entry = mistake.entry
    assert entry is not None
    content = mistake.files[entry]
    try:
        if entry.endswith(SUFFIX):
            text = read_notebook(content).sources[0]
        else:
            text = ast.get_docstring(ast.parse(content)) or ""
    except (SyntaxError, ValueError, LookupError) as error:
        what = "a notebook" if entry.endswith(SUFFIX) else "Python"
        raise CourseError(f"mistake {mistake.student} is not {what}: {error}") from error
    line = re.search(r"^Loses: *(.+)$", text, re.MULTILINE)
    if line is None:
        raise CourseError(
            f"the docstring of mistake {mistake.student} has no line `Loses: check, check`"
        )
    code = re.search(r"^Code: *(.+)$", text, re.MULTILINE)
    return [n.strip(" `.") for n in line[1].split(",")], code[1].strip(" `.") if code else ""


def _require_fault(name: str, code: str) -> None:
    """Raise CourseError for the code of a fault that no message names."""
    words = messages.current()
    if not code or (code in words and words[code].title):
        return
    near = difflib.get_close_matches(code, [c for c in words if words[c].title], n=1, cutoff=0.5)
    remedy = f"did you mean `{near[0]}`?" if near else "leave it out if none fits"
    raise CourseError(f"mistake {name} has the code `{code}`, which names no fault; {remedy}")
