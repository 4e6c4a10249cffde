"""Everything that leaves the grader is harmless: text shows what it holds, names are only names.

Students choose their names, file names, messages and output. Here is the one place where such
text becomes fit for a page (`visible`), a heading (`line`), a terminal or a log (`terminal`),
Markdown (`markdown`), an annotation in CI (`annotation`), a spreadsheet (`cell`) or a file
(`file_name`).
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories without a shape of their own: controls, formats, surrogates, separators."""
_JOINERS = "\u200c\u200d"
"""Format characters that Persian and Indic scripts need inside words; they reorder nothing."""
_FORMULA = "=+-@"
"""What makes a spreadsheet take a cell for a formula; full-width and small forms do it too."""
_COMMAND = re.compile(r":(?=:[A-Za-z])|#(?=#\[)|\u200d")
"""Where GitHub's runner could see a command in a log: `::notice …`, and in its old form `##[…]`.
Anywhere, as long lines are broken anywhere. And a joiner at which Rich 15 fails to break lines.
"""
_LONGEST = 80
_RESERVED = frozenset(
    {"index", "grades", "con", "prn", "aux", "nul", "clock"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
"""Stems that the output folder or Windows keeps for itself."""


def visible(text: str) -> str:
    r"""Show every character that could hide, reorder or control text as an escape: `\x1b`.

    Newlines and tabs stay, and `\r\n` counts as a newline. The result has no lone surrogates, so it
    can always be encoded.
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _shown(c) for c in text)


def line(text: str) -> str:
    r"""As `visible`, on one line: newlines and tabs are escaped too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def cell(value: object) -> str:
    """Turn a value into one line of text that no spreadsheet takes for a formula.

    Numbers stay as they are, minus sign included; None and NaN become empty.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:.10g}" if isinstance(value, float) else str(value)
    text = str(value)
    bare = re.sub(rf"^[\s{_JOINERS}]+", "", text)
    first = unicodedata.normalize("NFKC", bare[:1])[:1]
    return ("'" if first and first in _FORMULA else "") + line(text)


def terminal(text: str) -> str:
    """As `visible`, and no part of it is a command to the CI that keeps the log."""
    return _COMMAND.sub(lambda m: _escaped(m[0]), visible(text))


def markdown(text: str, *, table: bool = False) -> str:
    """Turn text into one line of Markdown that shows it as code: no HTML, link, mention or column.

    In a `table` the bars of the text are escaped, which elsewhere would show.
    """
    shown = line(text)
    if not shown:
        return ""
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` "):
        shown = f" {shown} "  # of which Markdown takes one away on each side
    return f"{ticks}{shown.replace('|', chr(92) + '|') if table else shown}{ticks}"


def annotation(kind: Literal["error", "warning", "notice"], text: str, **where: str | int) -> str:
    """Make a line that GitHub's runner shows beside a file: `where` is file, line, title."""
    named = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
    return f"::{kind}{' ' if named else ''}{named}::{_data(visible(text))}"


def file_name(student: str, taken: Collection[str] = ()) -> str:
    """Give a file stem for a student: ASCII letters, digits, - and _, at most 80 of them.

    It differs from every stem in `taken` and from reserved names even where the file system does
    not tell capitals from small letters. A name that is already safe stays; any other carries
    eight digits of its hash, so that it is the same in every run.
    """
    used = {stem.casefold() for stem in taken} | _RESERVED
    plain = _ascii(student)
    if plain == student and plain and plain.casefold() not in used:
        return plain
    base = plain[: _LONGEST - 9].rstrip("-_") or "student"
    again = 0
    while True:
        salt = f"{student}\0{again}" if again else student
        stem = f"{base}-{hashlib.sha256(salt.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        if stem.casefold() not in used:
            return stem
        again += 1


def file_names(students: Iterable[str]) -> dict[str, str]:
    """Give each student of a class a stem of their own, whatever order the names come in."""
    stems: dict[str, str] = {}
    for student in sorted(set(students), key=lambda name: (_ascii(name) != name, name)):
        stems[student] = file_name(student, stems.values())
    return stems


def order(name: str) -> tuple[str, str]:
    """Sort names as people do: É beside E, capitals beside small letters."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold(), name


def write(path: Path, content: bytes) -> bool:
    """Put the whole content at `path` or leave what was there; False where nothing had changed.

    A reader, or a kill in the middle, never meets half a file. A link at `path` is replaced, not
    followed.
    """
    try:
        if not path.is_symlink() and path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return True


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(line(text)).replace(":", "%3A").replace(",", "%2C")


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    return _escaped(character)


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _ascii(name: str) -> str:
    """The readable ASCII rest of a name: accents dropped, runs of anything else made one hyphen."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", bare).strip("-_")[:_LONGEST].rstrip("-_")
