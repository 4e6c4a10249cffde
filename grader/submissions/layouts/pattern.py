"""A pattern of the instructor's, for sources that no layout knows.

It is matched by RE2, which takes time in proportion to a name's length, whatever the pattern and
whoever chose the name. A pattern with back-references or looks to the sides is not one of RE2's.
"""

from __future__ import annotations

import re
from functools import partial

from grader.records.errors import UsageError
from grader.records.extras import require_course
from grader.records.person import Person
from grader.submissions.layouts.forms import NamedForm, Part
from grader.submissions.times import read_time

PATTERN = "pattern"
"""How the layout is called."""
_LONGEST = 1_000
"""Characters of a pattern."""
GROUPS = (
    "student", "file", "name", "first_name", "last_name", "id", "email", "login", "section",
    "attempt", "time", "late",
)  # fmt: skip
"""Named groups that are known."""
_EXAMPLE = "'(?P<student>[^/]+)/(?P<file>.+)'"


def read_pattern(text: str) -> NamedForm:
    """The layout of that pattern, which has to match whole names, folders included.

    Raises UsageError where it is no regular expression, lacks `student` and `file`, or has a group
    that nobody knows.
    """
    require_course("--pattern", "google-re2")
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        if len(text) > _LONGEST:
            raise UsageError(f"the pattern has {len(text):,} characters, over {_LONGEST:,}")
        compiled = re2.compile(text, options=options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise UsageError(f"--pattern {text!r} is no regular expression of RE2's: {why}") from None
    groups = set(compiled.groupindex)
    if not {"student", "file"} <= groups:
        raise UsageError(
            f"--pattern {text!r} lacks the groups `student` and `file`. Write it like {_EXAMPLE}"
        )
    if unknown := groups - set(GROUPS):
        raise UsageError(
            f"--pattern names a group {min(unknown)!r}, which is not known. There are:"
            f" {', '.join(GROUPS)}"
        )
    return NamedForm(read=partial(_read, compiled), shape=f"`{text}`", exact=True)


def _read(compiled: re.Pattern[str], name: str) -> Part | None:
    match = compiled.fullmatch(name)
    if match is None or not match["student"]:
        return None
    given = {key: value or "" for key, value in match.groupdict().items()}
    full = f"{given.get('first_name', '')} {given.get('last_name', '')}".strip()
    person = Person(
        name=given.get("name", "") or full,
        **{key: given.get(key, "") for key in ("id", "email", "login", "section")},
    )
    time = given.get("time", "")
    received = read_time(time) if time else None
    return Part(
        who=f"{given['student']}\0{person.id}",
        label=given["student"],
        turn=_make_sortable(given.get("attempt", "")) or received or "",
        file=given["file"].strip("/"),
        person=person,
        received=received,
        late=bool(given.get("late")),
        note=f"The time `{time}` is none that is known." if time and not received else "",
    )


def _make_sortable(attempt: str) -> str:
    return attempt.rjust(12, "0") if attempt.isdecimal() else attempt
