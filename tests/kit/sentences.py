"""Sentences that say of something that it is not there, held against what was handed in.

"`lenet.pt` is missing", "was not handed in", "which is not here … hand it in", "does not define",
"it defines nothing", "declared but never used": each names a file or a name, and what it says can
be seen in the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from grader.records.result import Graded
from grader.submissions import definitions
from kit.graded import said

Files = Mapping[str, bytes]
"""What was handed in, by name."""
_TICKED = re.compile(r"`([^`]+)`")
_CODE = (".py", ".ipynb")


def read_files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder; nothing where what was handed in is an archive."""
    paths = [p for p in folder.rglob("*") if p.is_file()]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def find_untrue(graded: Graded, files: Files) -> list[str]:
    """The sentences of a record that the files contradict."""
    return check_text(said(graded), files)


def check_text(text: str, files: Files) -> list[str]:
    """The same of a text: the words that are not true."""
    hits = [(rule, hit) for pattern, rule in RULES.items() for hit in re.finditer(pattern, text)]
    return [hit[0] for rule, hit in hits if not rule(hit, files)]


# ---------------------------------------------------------------------- the rules


def _no_file(hit: re.Match[str], files: Files) -> bool:
    """No file of that name was handed in, in whichever folder; an empty one is none."""
    return all(_base(n) != name for name in _TICKED.findall(hit[0]) for n, c in files.items() if c)


def _no_module(hit: re.Match[str], files: Files) -> bool:
    """No module or package of these names was handed in; `import` finds no notebook, at home too."""
    names = {name.partition(".")[0] for name in re.findall(r"[`']([\w.]+)[`']", hit[1])}
    there = {part for n in files for part in PurePosixPath(n).parts[:-1]}
    there |= {PurePosixPath(n).stem for n in files if n.endswith(".py")}
    return bool(names) and not names & there


def _not_defined(hit: re.Match[str], files: Files) -> bool:
    """No line at the left margin of a file of that kind defines the name, if it is read at all."""
    kind = PurePosixPath(hit[1]).suffix
    same = [(n, c) for n, c in files.items() if n.lower().endswith(kind)]
    return all(hit[2] not in definitions.find_definitions(n.lower(), c) for n, c in same)


def _defines(hit: re.Match[str], files: Files) -> bool:
    """What is said to be there is: nothing, or all that is listed."""
    text = _join_code(files)
    if hit[1] == "nothing":
        return re.search(r"^(?:class|def) ", text, re.MULTILINE) is None
    words = [name.rpartition(".")[2] for name in _TICKED.findall(hit[1])]
    return all(re.search(rf"\b{name}\b", text) for name in words)


def _unused(hit: re.Match[str], files: Files) -> bool:
    """No line does more with an attribute of that name than bind it."""
    text = _join_code(files)
    names = {name.split(".")[0] for name in _TICKED.findall(hit[1])}
    return not any(re.search(rf"self\.{n}\b(?! *[=:,]|\.\w+ *=)", text) for n in names)


RULES: Mapping[str, Callable[[re.Match[str], Files], bool]] = {
    r"`[^`]+` (?:is missing|was not handed in)(?:, and so is `[^`]+`)*": _no_file,
    r"comes from (`[\w.]+`), which is not here": _no_module,
    r"No module named ('[\w.]+')": _no_module,
    r"Not installed here, so that calls to them do nothing: (.*)\. Where one": _no_module,
    r"(\S+\.(?:py|ipynb)) does not define `(\w+)`(?!:)": _not_defined,
    r"it defines (nothing|`\w+`(?:, `\w+`)*)\. Define": _defines,
    r"((?:`[\w.]+`,? ?)+) (?:is|are) declared but never used": _unused,
}
"""By pattern what has to be true of the files where it occurs."""


def _join_code(files: Files) -> str:
    """What is run of all files, without comments."""
    code: Iterator[str] = (
        definitions.read_code(n.lower(), c) for n, c in files.items() if n.lower().endswith(_CODE)
    )
    return re.sub(r"#.*", "", "\n".join(code))


def _base(name: str) -> str:
    return name.rpartition("/")[2]
