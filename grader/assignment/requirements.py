"""What an author may write where a number, a name or a text belongs.

Each function returns the value as plain Python, or raises CourseError with the field and the value.
File and line are added by who reads the file.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields

from grader.records.errors import CourseError
from grader.records.hidden_checks import is_rule
from grader.records.json_values import read_number
from grader.records.limits import Limits

MOST_POINTS = 1_000_000
"""Points of one check."""
HIGHEST_LIMIT = 4_000_000
"""Of any limit, in its own unit: far more is no limit, and not taken by the system."""
LABEL = re.compile(r"(?!\s)[\w ]{1,40}(?<!\s)")
"""What a label of a written answer looks like."""
MEASUREMENTS = ("the student's measurements", "the reference's")
"""What a check is called with."""


def require_limits(limits: object) -> Limits:
    """Limits that can be kept."""
    if not isinstance(limits, Limits):
        raise CourseError(f"limits are given as `limits=Limits(…)`, not as {limits!r:.200}")
    plain = {}
    for field in fields(limits):
        value, whole = getattr(limits, field.name), isinstance(field.default, int)
        number = _read(value, whole=whole)
        if number is None or not 0 < number <= HIGHEST_LIMIT:
            kind = "a whole number" if whole else "a number"
            most = f", up to {HIGHEST_LIMIT:,}" if number is not None and number > 0 else ""
            raise CourseError(f"the limit {field.name} is {value!r:.80}; give {kind} above 0{most}")
        plain[field.name] = number
    return Limits(**plain)  # type: ignore[arg-type]  # whole numbers where the field has them


def require_hidden_shown(rule: object) -> str:
    """When students see hidden checks."""
    if not is_rule(rule):
        raise CourseError(
            f"hidden_shown is {rule!r:.80}; give 'never', 'always' or the day from which on "
            "students see hidden checks, such as '2026-12-01'"
        )
    return str(rule)


def require_points(name: str, points: object) -> float:
    """What the check of that name is worth."""
    number = _read(points, whole=False)
    if number is None or not 0 <= number <= MOST_POINTS:
        raise CourseError(
            f"check `{name}` is worth {points!r:.80} points; give a number from 0 to "
            f"{MOST_POINTS:,}"
        )
    return float(number) or 0.0  # for -0.0


def require_whole(what: str, value: object, *, lowest: int | None = None) -> int:
    """A whole number, from `lowest` on where one is given."""
    number = _read(value, whole=True)
    if not isinstance(number, int) or (lowest is not None and number < lowest):
        raise CourseError(
            f"{what} is {value!r:.80}; give a whole number"
            f"{'' if lowest is None else f' from {lowest} on'}"
        )
    return number


def require_seconds(what: str, value: object) -> float:
    """A time above 0."""
    number = _read(value, whole=False)
    if number is None or not 0 < number <= HIGHEST_LIMIT:
        raise CourseError(f"{what} is {value!r:.80}; give a number of seconds above 0")
    return float(number)


def require_number(what: str, value: object) -> float:
    """A number that is finite."""
    number = _read(value, whole=False)
    if number is None:
        raise CourseError(f"{what} is {value!r:.80}; give a number")
    return float(number)


def _read(value: object, *, whole: bool) -> int | float | None:
    """A number that is finite and, if asked for, whole; None for anything else, True included."""
    number = read_number(value)
    if isinstance(number, bool) or number is None or (whole and not isinstance(number, int)):
        return None
    return number if whole or abs(number) <= sys.float_info.max else None


def require_flag(what: str, value: object) -> bool:
    """True or False."""
    flag = read_number(value)
    if not isinstance(flag, bool):
        raise CourseError(f"{what} is {value!r:.80}; give True or False")
    return flag


def require_text(what: str, value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise CourseError(f"{what} is {value!r:.80}; give text")
    return str(value)


def require_name(what: str, value: object) -> str:
    """A name as Python has them."""
    if not isinstance(value, str) or not value.isidentifier():
        raise CourseError(
            f"{what} is {value!r:.80}; give a name of Python's, letters, digits and underscores"
        )
    return str(value)


def require_file(value: object) -> str:
    """The name of a file below the folder of a submission."""
    parts = value.split("/") if isinstance(value, str) else [""]
    if any(p in ("", ".", "..") or set(p) & set("\\\0\n") for p in parts):
        raise CourseError(
            f"the extra file {value!r:.200} is no file below a submission's folder; give a name "
            "such as 'lenet.pt'"
        )
    return str(value)


def require_list(what: str, value: object, example: str) -> list[object]:
    """A list, a tuple or a set of things: a text would be a list of letters."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise CourseError(f"{what} is {_name(value)}, not a list; write {example}")
    return list(value)


def require_check(function: object) -> None:
    """A function that can be called with the student's measurements and the reference's."""
    name = getattr(function, "__name__", None)
    if not callable(function) or not isinstance(name, str):
        raise CourseError(f"a check is a function; {_name(function)} is none")
    try:
        inspect.signature(function).bind(*MEASUREMENTS)
    except TypeError as error:
        raise CourseError(
            f"check `{name}` cannot be called with {' and '.join(MEASUREMENTS)}: {error}; write "
            f"`def {name}(student, reference):`"
        ) from None
    except ValueError:  # built-in functions tell no signature
        return


def list_names(check: str, functions: Sequence[object]) -> tuple[str, ...]:
    """The names of the checks that another one comes after."""
    names = []
    for one in functions:
        name = getattr(one, "__name__", None)
        if not callable(one) or not isinstance(name, str):
            raise CourseError(
                f"{check} comes after {_name(one)}, which is no check; name the function itself"
            )
        names.append(name)
    return tuple(names)


def require_choice(name: str, value: object, known: Sequence[str]) -> None:
    """CourseError for a value that is none of the known ones, nor left out."""
    if value is not None and value not in known:
        allowed = ", ".join(map(repr, known))
        raise CourseError(f"{name} {value!r:.80} is not known; give one of {allowed}")


def _name(value: object) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return f"the function `{value.__name__}`"
    return f"{value!r:.80}"


def require_label(label: object) -> str:
    """A label under which an answer is written."""
    if not isinstance(label, str) or not LABEL.fullmatch(label):
        raise CourseError(
            f"the label {label!r:.80} of a written answer is not known; give up to 40 letters, "
            "digits and blanks, such as 'Q1'"
        )
    return label
