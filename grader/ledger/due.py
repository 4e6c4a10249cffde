"""When work was due, and what late work costs: read from a course's `due.toml`."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, cast
from zoneinfo import ZoneInfo

from grader.records.adjustment import Adjustment
from grader.records.errors import CourseError
from grader.records.result import Graded

FILE = "due.toml"
KEYS = ("due", "zone", "grace_minutes", "percent_per_day", "of", "most_percent", "extensions")
"""What may stand in it."""
_EXAMPLE = "due = 2026-03-01T23:59:00+01:00"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePolicy:
    """When work is due, and what each day begun after that costs."""

    due: datetime
    """With its zone."""
    zone: tzinfo
    """Of times that say none."""
    grace: timedelta = timedelta()
    """For so long after the due date nothing is late."""
    percent_per_day: float = 0.0
    """Taken off for each day begun."""
    of: Literal["maximum", "score"] = "maximum"
    """Of what: of the points that there are, or of those that were earned."""
    most_percent: float = 100.0
    """No more than this is ever taken off."""
    extensions: Mapping[str, datetime] = field(default_factory=dict)
    """A later due date by a student's name, number, address or account, in small letters."""

    def find_due(self, graded: Graded, extension: str = "") -> datetime:
        """When this student's work was due; `extension` is one that was entered by hand. The latest
        of all that there are, also where several hand in together: nobody's date comes nearer.
        """
        known = {graded.student, *(v for p in graded.persons for v in (p.name, p.id))}
        known |= {v for p in graded.persons for v in (p.email, p.login)}
        own = [self.extensions[n] for k in known if (n := k.casefold()) in self.extensions]
        if extension:
            own.append(_aware(datetime.fromisoformat(extension), self.zone))
        return max((self.due, *own))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What a policy says of one hand-in."""

    due: str
    """ISO 8601."""
    late: bool
    adjustment: Adjustment | None = None
    note: str = ""
    """What could not be decided, a sentence."""


def judge_lateness(policy: DuePolicy, graded: Graded, extension: str = "") -> Lateness:
    """Whether it came late, and what that costs; pure."""
    due = policy.find_due(graded, extension)
    said = due.isoformat(timespec="minutes")
    if not graded.files:
        return Lateness(due=said, late=graded.late)
    received = read_time(graded.received or "", policy.zone)
    if received is None:
        note = "Its source calls it late and does not say since when, so nothing was taken off."
        return Lateness(due=said, late=graded.late, note=note if graded.late else "")
    if received <= due or _since(due, received) <= policy.grace:
        return Lateness(due=said, late=False)
    return Lateness(due=said, late=True, adjustment=_take_off(policy, graded, received, due))


def _take_off(
    policy: DuePolicy, graded: Graded, received: datetime, due: datetime
) -> Adjustment | None:
    here = _on_clock(received, policy.zone) - _on_clock(due, policy.zone)
    days = max(1, math.ceil(here / _DAY))
    percent = min(policy.percent_per_day * days, policy.most_percent)
    whole = graded.max_score if policy.of == "maximum" else graded.score
    points = -min(round(whole * percent / 100, 3), max(graded.score, 0.0))
    if not percent or graded.undecided:
        return None
    begun = "1 day" if days == 1 else f"{days} days"
    most = ", which is the most" if policy.percent_per_day * days > policy.most_percent else ""
    what = "all points" if policy.of == "maximum" else "the points earned"
    return Adjustment(
        kind="late",
        points=points or 0.0,
        reason=f"Handed in {_show(_move(received, due.tzinfo))}, due {_show(due)}: {begun} "
        f"begun, {percent:g} % of {what}{most}.",
    )


def _since(due: datetime, received: datetime) -> timedelta:
    """The time that passed, whatever clocks showed meanwhile."""
    return _move(received, UTC) - _move(due, UTC)


def _on_clock(when: datetime, zone: tzinfo) -> datetime:
    """What a clock of this zone shows: days end at one time also where clocks are changed."""
    return _move(when, zone).replace(tzinfo=None)


def _move(when: datetime, zone: tzinfo | None) -> datetime:
    """The same moment in another zone; where the calendar ends, the time as it is written."""
    try:
        return when.astimezone(zone)
    except OverflowError:
        return when.replace(tzinfo=zone)


def _show(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M %z")


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """The time in ISO 8601, in this zone where it says none; None where it is no time."""
    try:
        return _aware(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        return None


def _aware(when: datetime, zone: tzinfo) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=zone)


# ---------------------------------------------------------------------- reading the file


def read_policy(text: str, where: str = FILE) -> DuePolicy:
    """The policy in this text. Raises CourseError, in whose sentence `where` stands."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{where} is not TOML: {error}") from error
    unknown = [k for k in values if k not in KEYS]
    if unknown:
        raise CourseError(f"{where} says {unknown[0]!r}; it may say {', '.join(KEYS)}")
    zone = _read_zone(values.get("zone"), where)
    due = _read_date(values.get("due"), zone, f"{where}: due")
    of = values.get("of", "maximum")
    if of not in ("maximum", "score"):
        raise CourseError(f'{where}: of is {of!r}; write "maximum" or "score"')
    return DuePolicy(
        due=due,
        zone=zone or cast("tzinfo", due.tzinfo),
        grace=timedelta(minutes=_read_share(values, "grace_minutes", 0.0, 1e6, where)),
        percent_per_day=_read_share(values, "percent_per_day", 0.0, 100.0, where),
        of=of,
        most_percent=_read_share(values, "most_percent", 100.0, 100.0, where),
        extensions=_read_extensions(values.get("extensions", {}), zone, where),
    )


def _read_zone(value: object, where: str) -> tzinfo | None:
    if value is None:
        return None
    try:
        return ZoneInfo(str(value))
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise CourseError(
            f'{where}: zone {value!r} is not known here. Write one such as "Europe/Berlin", or '
            "dates with an offset, 2026-03-01T23:59:00+01:00"
        ) from error


def _read_date(value: object, zone: tzinfo | None, what: str) -> datetime:
    if not isinstance(value, datetime):
        raise CourseError(f"{what} is {value!r}; write a date with its time, {_EXAMPLE}")
    if value.tzinfo is None and zone is None:
        raise CourseError(f'{what} says no zone; write {_EXAMPLE}, or zone = "Europe/Berlin"')
    return value if zone is None else _aware(value, zone)


def _read_share(
    values: Mapping[str, object], name: str, default: float, most: float, where: str
) -> float:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise CourseError(f"{where}: {name} is {value!r}; give a number from 0 to {most:g}")
    return float(value)


def _read_extensions(value: object, zone: tzinfo | None, where: str) -> dict[str, datetime]:
    if not isinstance(value, dict):
        raise CourseError(f"{where}: extensions is {value!r}; write a table [extensions]")
    read: dict[str, datetime] = {}
    for name, when in value.items():
        key = name.strip().casefold()
        if key in read:
            raise CourseError(f"{where}: there are two extensions of {name}. Leave one of them out")
        read[key] = _read_date(when, zone, f"{where}: the extension of {name}")
    return read
