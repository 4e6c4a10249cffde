"""Times as sources write them, and as the grader keeps them: ISO 8601, with a zone if it is known.

A time without a zone is kept without one: nobody knows it but whoever runs the platform. Where it
has to be compared with another it is read in the zone of the machine that grades.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_LONGEST = 80
"""Characters of a time that are read."""
_DIGITS = re.compile(
    r"(\d{4})\D(\d\d)\D(\d\d)\D(\d\d)(?P<between>\D)(\d\d)(?P=between)(\d\d)(?:\.(\d{1,9}))?"
)
"""`2026-03-01-10-00-00`, with whatever stands between the numbers: between those of the clock twice
the same, as a zone stands behind the minutes of `18:00-05:00`.
"""
_WORDS = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,? )?([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4}),?(?: at)?"
    r" (\d{1,2}):?(\d\d)(?::(\d\d))? ?([AaPp][Mm])?"
)
"""`Sep 24, 2024 926 PM`, `Sunday, March 1, 2026 10:00:00 AM`."""
_ZONE = re.compile(r"(?:Z|UTC|GMT)?([+-])(\d\d):?(\d\d)|(Z|UTC|GMT)|([A-Z]{3,4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"CET": 1, "CEST": 2, "BST": 1, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3, "AEST": 10}
"""Hours east of Greenwich; American names are Python's own."""


def read_time(text: str, *, zone: timezone | None = None) -> str | None:
    """The time in ISO 8601; None where it is none that is known here. `zone` is its zone where the
    text names none.
    """
    text = text.strip()[:_LONGEST]
    try:
        if match := _DIGITS.match(text):
            *numbers, fraction = match.group(1, 2, 3, 4, 6, 7, 8)
            micro = int((fraction or "0").ljust(6, "0")[:6])
            moment = datetime(*map(int, numbers), micro)  # type: ignore[arg-type, call-arg] # noqa: DTZ001
        elif match := _WORDS.match(text):
            moment = _read_words(match)
        else:
            return _read_iso(text, zone)
        rest = text[match.end() :].strip()
        return moment.replace(tzinfo=_read_zone(rest) if rest else zone).isoformat()
    except ValueError:
        return None


def find_moment(text: str) -> datetime:
    """The moment of a time in ISO 8601, in the machine's own zone where it names none.

    Raises ValueError.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def _read_iso(text: str, zone: timezone | None) -> str | None:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or zone).isoformat()


def _read_words(match: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second, half = match.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(hour)
        hours = hours % 12 + 12 * (half.lower() == "pm")
    return datetime(  # noqa: DTZ001
        int(year),
        _MONTHS.index(month[:3].lower()) + 1,
        int(day),
        hours,
        int(minute),
        int(second or 0),
    )


def _read_zone(text: str) -> timezone | None:
    match = _ZONE.match(text)
    if match is None:
        return None
    sign, hours, minutes, utc, name = match.groups()
    if utc:
        return UTC
    if sign:
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-shift if sign == "-" else shift)
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    known = parsedate_tz(f"Mon, 1 Jan 2024 00:00:00 {name}")
    seconds = known[9] if known else None
    return None if not seconds else timezone(timedelta(seconds=seconds))
