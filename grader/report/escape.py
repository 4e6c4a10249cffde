"""Everything that leaves the grader is harmless: text shows what it holds, names are only names.

Students choose their names, file names, messages and output. Here is the one place where such
text becomes fit for a page (`block`), a heading (`line`), a terminal (`terminal`), a log (`log`),
Markdown (`markdown`, `prose`), an annotation in CI (`annotation`), a spreadsheet (`cell`) or a file
(`file_name`).
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Literal

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories without a shape of their own: controls, formats, surrogates, separators."""
_JOINERS = "\u200c\u200d"
"""Format characters that Persian and Indic scripts need inside words; they reorder nothing."""
_FORMULA = "=+-@"
"""What makes a spreadsheet take a cell for a formula; full-width and small forms do it too."""
_COMMAND = re.compile(r":(?=:[A-Za-z])|#(?=#[A-Za-z]*\[)")
"""Where GitHub's runner could see a command in a log: `::notice …`, and in its old form `##[…]`,
which others have as `##vso[…]`. Anywhere, as long lines are broken anywhere.
"""

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|&~!:$]|^[-+=]|(?<=\d)[.)](?=\s|$)")
"""What could begin something in Markdown; at the start of a line also lists and rules."""
_AT = "@<!-- -->"
"""An at sign that mentions nobody."""


def block(text: str) -> str:
    r"""Show every character that could hide, reorder or control text as an escape: `\x1b`.

    Newlines and tabs stay, and `\r\n` counts as a newline. The result has no lone surrogates, so it
    can always be encoded.
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _show(c) for c in text)


def line(text: str) -> str:
    r"""As `block`, on one line: newlines and tabs are escaped too."""
    return block(text).replace("\n", "\\n").replace("\t", "\\t")


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


def log(text: str) -> str:
    """As `block`, and no part of it is a command to the CI that keeps the log."""
    return _COMMAND.sub(lambda m: _escape(m[0]), block(text))


def terminal(text: str) -> str:
    """As `log`, without the joiner at which Rich 15 fails to break lines."""
    return log(text).replace("\u200d", _escape("\u200d"))


def markdown(text: str, *, table: bool = False) -> str:
    """Turn text into one line of Markdown that shows it as code: no HTML, link, mention or column.

    In a `table` the bars of the text are escaped, which elsewhere would show.
    """
    shown = line(log(text))
    if not shown:
        return ""
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` "):
        shown = f" {shown} "  # of which Markdown takes one away on each side
    return f"{ticks}{shown.replace('|', chr(92) + '|') if table else shown}{ticks}"


def prose(text: str, *, table: bool = False) -> str:
    """As `log`, as Markdown that reads like the text: no HTML, link, mention or column, and what
    stands between backticks on one line is code. Line breaks stay.

    In a `table` it is one line.
    """
    lines = (_mark_code(line.strip(), table=table) for line in block(text).strip().split("\n"))
    return ("<br>" if table else "<br>\n").join(lines)


def _mark_code(text: str, *, table: bool) -> str:
    parts = re.split(r"`([^`]+)`", text)
    return "".join(
        markdown(part, table=table) if n % 2 else _SPECIAL.sub(r"\\\g<0>", part).replace("@", _AT)
        for n, part in enumerate(parts)
    )


def annotation(kind: Literal["error", "warning", "notice"], text: str, **where: str | int) -> str:
    """Make a line that GitHub's runner shows beside a file: `where` is file, line, title."""
    named = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
    return f"::{kind}{' ' if named else ''}{named}::{_data(block(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(line(text)).replace(":", "%3A").replace(",", "%2C")


def _show(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    return _escape(character)


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
