"""Names that students chose: checked, passed over, or shown; never opened as they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from grader.records.submission import ENTRY_SUFFIXES

_LISTED = 8
"""Names that a sentence lists."""
IGNORED = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
"""Folders and files that systems leave behind; everything that begins with a dot joins them."""
PART_CAP = 255
"""Longest part of a name, UTF-8 bytes: what file systems take."""
NAME_CAP = 1024
"""Longest whole name, UTF-8 bytes."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
"""Archives that are read."""
OTHER_ARCHIVES = (
    ".rar .7z .gz .bz2 .xz .tbz .tbz2 .txz .zst .z .lz .lzma .zipx .cab .lzh .001 .z01"
).split()
"""Archives that are recognised in order to ask for another kind."""

DAMAGED = "is damaged or not an archive; pack it again as a zip"
"""Said of an archive, continuing its name."""
_DISGUISE = re.compile(r"(?<=\.py|ynb)\.(?:txt|json)$", re.IGNORECASE)
_LEFTOVER = re.compile(
    r"\.(_.*|~lock\..*|git.*|github|ipynb_checkpoints|DS_Store|v?env|vscode|idea|(.*_)?cache"
    r"|Trash.*|Spotlight-.*|fseventsd|TemporaryItems)|[^.].*",
    re.DOTALL,
)
_DRIVE = re.compile(r"[A-Za-z]:")
_LEAD = re.compile(r"([A-Za-z]:[/\\])?(\.{0,2}[/\\])*")
"""A drive, slashes and steps up with which a name begins."""
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
"""How `show_bytes` writes a byte; clean names have no other backslashes."""


class Refused(ValueError):
    """Something that is not taken in; the text says why and continues a name: "is encrypted"."""


class Damaged(Refused):
    """Something that was cut or changed after it had been packed."""


class Unreadable(Refused):
    """Something that is there and could not be read: the machine is at fault, not the student."""


def clean(raw: str) -> str:
    """The relative POSIX name, `a/b.py`, that lies inside whatever folder it is put in.

    Backslashes separate, as old Windows programs write them into archives. Raises Refused for a
    name that leads out, is absolute, names a drive, holds NUL or is too long.
    """
    if "\0" in raw:
        raise Refused("has a NUL character in its name")
    name = show_bytes(raw.replace("\\", "/"))
    if name.startswith("/"):
        raise Refused("has an absolute name")
    if _DRIVE.match(name):
        raise Refused("has a name that begins with a drive letter")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused("has a name that leads out of its folder")
    name = "/".join(parts)
    if not name:
        raise Refused("has an empty name")
    if len(name.encode()) > NAME_CAP or any(len(part.encode()) > PART_CAP for part in parts):
        raise Refused("has a name that is too long")
    return name


def is_leftover(part: str) -> bool:
    """True where a hidden name is known as that of a system's or a program's own."""
    return _LEFTOVER.fullmatch(part) is not None


def undisguise(name: str) -> str:
    """The name without what browsers and editors append to that of code: `lenet.ipynb.txt`."""
    return _DISGUISE.sub("", name)


def cut_lead(raw: str) -> str:
    """What is relative of a name that is absolute or begins with steps up, as unzip takes it."""
    return _LEAD.sub("", raw, count=1)


def is_ignored(name: str) -> bool:
    """True where a part of the name is a system's leftover or begins with a dot."""
    parts = name.replace("\\", "/").split("/")
    return any(p in IGNORED or (p.startswith(".") and p not in (".", "..")) for p in parts)


def escape_bytes(raw: bytes) -> str:
    """A name as text; bytes that are no UTF-8 as surrogate escapes.

    A backslash behind such a byte is one of them: in East Asian code pages it ends a character.
    """
    text = raw.decode("utf-8", "surrogateescape")
    return re.sub(r"(?<=[\udc80-\udcff])\\", "\udc5c", text)


def show_bytes(text: str) -> str:
    r"""Bytes that were no UTF-8 (surrogate escapes) as visible text: `\xff`, `\udc00`."""
    escapes = re.sub(r"[\udc80-\udcff\udc5c]", lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}", text)
    return escapes.encode("utf-8", "backslashreplace").decode("utf-8")


def find_bytes(name: str) -> bytes | None:
    """The bytes of a clean name of which some were no UTF-8; None where all were."""
    if not _ESCAPE.search(name):
        return None
    pieces = _ESCAPE.split(name)  # text, hex, text, hex, …
    return b"".join(
        bytes([int(piece, 16)]) if odd else piece.encode("utf-8", "replace")
        for piece, odd in zip(pieces, itertools.cycle((False, True)), strict=False)
    )


def show_name(text: str, length: int = 80) -> str:
    """A name for a sentence: no control or direction characters, no odd blanks, no backquote, not
    too long.
    """
    short = text if len(text) <= length else f"{text[: length // 2]}…{text[-length // 2 + 1 :]}"
    return "".join(_show(c) for c in show_bytes(short))


def list_names(texts: Iterable[str], mark: str = "") -> str:
    """The first of them for a sentence, each between marks, and how many more there are."""
    every = list(texts)
    more = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    return ", ".join(f"{mark}{show_name(one)}{mark}" for one in every[:_LISTED]) + more


def _show(character: str) -> str:
    if character == "`":
        return "'"
    if character != " " and not character.isprintable():
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character


def stem(name: str) -> str:
    """The name without its suffix; `.tar.gz` is one suffix."""
    for suffix in ARCHIVES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    base, dot, _ = name.rpartition(".")
    return base if dot and base else name


def can_be_handed_in(name: str) -> bool:
    """True where the name says code, or an archive of any kind."""
    return name.lower().endswith(ENTRY_SUFFIXES) or is_archive(name) or is_other_archive(name)


def is_archive(name: str) -> bool:
    """True where the name says zip, tar or tar.gz."""
    return name.lower().endswith(ARCHIVES)


def is_other_archive(name: str) -> bool:
    """True where the name says an archive of a kind that is not read."""
    return name.lower().endswith(tuple(OTHER_ARCHIVES)) and not is_archive(name)
