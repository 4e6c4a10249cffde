"""Folders in zip archives, one for each student.

What a source called a folder is a label: here it becomes a name that is safe wherever the archive
is unpacked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

MOODLE_PLACE = re.compile(
    r"\A(?P<name>.*)_(?P<number>[0-9]{1,18})_assignsubmission_[a-z]+_?", re.DOTALL
)
"""What Moodle calls the folder of a submission: `Ana López_657737_assignsubmission_file`."""
_FORBIDDEN = '<>:"/\\|?*'
"""What some system takes for no part of a name."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of what makes a name read otherwise than it is."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9])(?:\..*)?", re.IGNORECASE)
_LONGEST = 150
"""Characters of a name."""
WAITS = "needs a person before the report is handed out"
"""Why somebody gets no report yet."""


def clean_name(label: str) -> str:
    """The label as the name of a folder; empty where nothing is left."""
    plain = unicodedata.normalize("NFC", label)
    name = "".join("_" if _is_forbidden(sign) else sign for sign in plain)
    name = name[:_LONGEST].rstrip(" .").lstrip(" .~")
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def _is_forbidden(sign: str) -> bool:
    return sign in _FORBIDDEN or unicodedata.category(sign) in _HIDDEN


def name_folders(labels: Mapping[str, str]) -> dict[str, str]:
    """By key, in order, a folder of its own for each label: equal ones get a number."""
    folders, used = dict[str, str](), set[str]()
    for key in sorted(labels):
        name = base = clean_name(labels[key]) or "student"
        count = 1
        while name.casefold() in used:
            count += 1
            name = f"{base} ({count})"
        used.add(name.casefold())
        folders[key] = name
    return folders
